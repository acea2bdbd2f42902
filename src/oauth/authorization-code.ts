/** Redeeming a code (oauth §10): once, by the program it was made for, with the verifier its challenge was made from. */
import { matchesChallenge } from '../credentials/code-challenge.ts'
import { findAuthorizationCode, redeemCode } from '../store/authorization-codes.ts'
import type { AuthorizationCode, CodeBinding } from '../store/authorization-codes.ts'
import { endFamily } from '../store/refresh-tokens.ts'
import { readStanding } from '../store/standing.ts'
import { aadsts } from './errors.ts'
import { auditReuse, revoked } from './family-end.ts'
import type { Grant, GrantContext, TokenAnswer } from './grants.ts'
import { readOpaqueToken } from './opaque-token.ts'
import { requireItsClient } from './client-kind.ts'
import { scopeAsked, signInScopesOf } from './person-scope.ts'
import { beginFamily, grantScopes, personAnswer } from './user-token.ts'
import type { PersonSignIn } from './user-token.ts'

export const authorizationCode: Grant = {
  run: async context => {
    const code = await findCode(context)
    requireItsClient(context, code.binding.clientKind)
    requireVerifier(context, code.binding)
    if (code.binding.redirectUri !== required(context, 'redirect_uri')) throw aadsts(50011, { redirectUri: context.form['redirect_uri']!, app: context.client.appId })
    return redeem(context, code)
  },
}

function required({ form }: GrantContext, name: string): string {
  const value = form[name]
  if (!value) throw aadsts(900144, { name })
  return value
}

async function findCode(context: GrantContext): Promise<AuthorizationCode> {
  const { app, tenant, client } = context
  const read = readOpaqueToken('code', required(context, 'code'))
  if (!read) throw aadsts(70000)
  if (read.tenantId !== tenant.tenantId) throw aadsts(700005)
  const code = await findAuthorizationCode(app.db, tenant.tenantId, read.hash)
  // One that belongs to another program is as good as none: nothing is told of it, and nothing ends.
  if (!code || code.appId !== client.appId) throw aadsts(70000)
  return code
}

/** @throws TokenRefusal 501481 */
function requireVerifier({ form }: GrantContext, { challenge, challengeMethod }: CodeBinding): void {
  const verifier = form['code_verifier']
  if (challenge === null) {
    // A verifier for a code without a challenge: the code was asked for by somebody else (RFC 9700 §2.1.1).
    if (verifier !== undefined) throw aadsts(501481)
    return
  }
  if (verifier === undefined || !matchesChallenge({ challenge, challengeMethod }, verifier)) throw aadsts(501481)
}

async function redeem(context: GrantContext, code: AuthorizationCode): Promise<TokenAnswer> {
  const { app, tenant } = context
  const { binding, familyId, userId, credentialEpoch, deploymentEpoch } = code
  const now = app.now()
  if (code.redeemedAt !== null) return usedTwice(context, code)
  if (code.expiresAt <= now) throw aadsts(70008)
  const standing = await readStanding(app.db, tenant.tenantId, userId, code)
  if (!standing.holds) throw revoked(standing, code.createdAt)
  // Judged before the code is used up: whoever asks for too much may ask again.
  const scope = scopeAsked(context, binding.scope)
  const scopes = await grantScopes(context, userId, scope, scope === binding.scope ? 'first' : 'single')
  const signIn: PersonSignIn = { user: standing.user, proofs: binding.proofs, sessionId: binding.sessionId, credentialEpoch, deploymentEpoch }
  const redeemed = await app.db.transaction().execute(async trx => {
    if (!(await redeemCode(trx, tenant.tenantId, code.codeHash, now))) return { first: false } as const
    if (!scopes.signIn.includes('offline_access')) return { first: true, token: undefined } as const
    const family = { familyId, clientKind: binding.clientKind, scope: `${scope} ${signInScopesOf(binding.scope)}`.trim() }
    return { first: true, token: await beginFamily(trx, context, signIn, family) } as const
  })
  if (!redeemed.first) return usedTwice(context, code)
  return personAnswer(context, signIn, scopes, { nonce: binding.nonce, refreshToken: redeemed.token })
}

/** Somebody has the code who should not: whatever came of it ends (RFC 6749 §4.1.2). */
async function usedTwice(context: GrantContext, { tenantId, familyId, userId }: AuthorizationCode): Promise<never> {
  const { app } = context
  await app.db.transaction().execute(async trx => {
    if (await endFamily(trx, tenantId, familyId, 'codeReused', app.now())) await auditReuse(trx, context, 'code', userId)
  })
  throw aadsts(54005)
}
