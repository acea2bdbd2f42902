/** Using a refresh token (LD-33, oauth §11): each brings the next, for any resource the person has agreed to. */
import { findFamily, judgeRefreshToken, useRefreshToken } from '../store/refresh-tokens.ts'
import type { ShownToken, TokenFamily, TokenUse } from '../store/refresh-tokens.ts'
import { readStanding } from '../store/standing.ts'
import { requireItsClient } from './client-kind.ts'
import { TokenRefusal, aadsts } from './errors.ts'
import { auditReuse, revoked } from './family-end.ts'
import type { Grant, GrantContext } from './grants.ts'
import { newOpaqueToken, readOpaqueToken } from './opaque-token.ts'
import { scopeAsked } from './person-scope.ts'
import { grantScopes, personAnswer } from './user-token.ts'
import type { GrantedScopes } from './user-token.ts'

export const refreshToken: Grant = {
  run: async context => {
    const { app, tenant, client, form } = context
    if (!form['refresh_token']) throw aadsts(900144, { name: 'refresh_token' })
    const token = readOpaqueToken('refresh', form['refresh_token'])
    if (!token || token.tenantId !== tenant.tenantId) throw aadsts(70000)
    // Before the token is used: whoever cannot prove to be its program uses nothing up.
    const known = await findFamily(app.db, tenant.tenantId, token.familyId)
    if (!known || known.appId !== client.appId) throw aadsts(70000)
    requireItsClient(context, known.clientKind)
    const standing = await readStanding(app.db, tenant.tenantId, known.userId, known)
    if (known.endedAt === null && !standing.holds) throw revoked(standing, known.createdAt)
    // Judged before the token is used up: whoever asks for too much goes on with the one they have.
    const living = known.endedAt === null && standing.holds
    const shown = { tenantId: tenant.tenantId, familyId: token.familyId, appId: client.appId, tokenHash: token.hash, now: app.now() }
    const scopes = living ? await scopesOrReuse(context, known, shown) : undefined
    const next = newOpaqueToken('refresh', tenant.tenantId, token.familyId)
    // What a use finds out (a second use, above all) stays, whatever is answered: the transaction is over before anything is thrown.
    const use = await app.db.transaction().execute(async trx => {
      const found = await useRefreshToken(trx, { ...shown, successorHash: next.hash })
      if (found.outcome === 'reused') await auditReuse(trx, context, 'refresh token', found.family.userId)
      return found
    })
    const family = requireUsed(use)
    if (!scopes || !standing.holds) throw aadsts(70000)
    const signIn = { user: standing.user, proofs: family.proofs, sessionId: null, credentialEpoch: family.credentialEpoch, deploymentEpoch: family.deploymentEpoch }
    return personAnswer(context, signIn, scopes, { nonce: null, refreshToken: next.text })
  },
}

/** A refusal of the scopes tells nothing to whoever shows a token that was used before: as with any other such token its family ends. */
async function scopesOrReuse(context: GrantContext, known: TokenFamily, shown: ShownToken): Promise<GrantedScopes> {
  try {
    return await grantScopes(context, known.userId, scopeAsked(context, known.scope), context.form['scope'] === undefined ? 'first' : 'single')
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error
    const judged = await context.app.db.transaction().execute(async trx => {
      const found = await judgeRefreshToken(trx, shown)
      if (found.outcome === 'reused') await auditReuse(trx, context, 'refresh token', found.family.userId)
      return found
    })
    if (judged.outcome !== 'good') requireUsed(judged)
    throw error
  }
}

function requireUsed(use: TokenUse): TokenFamily {
  switch (use.outcome) {
    case 'used': return use.family
    case 'unknown':
    case 'reused':
    case 'ended': throw aadsts(70000)
    case 'expired': throw aadsts(use.family.clientKind === 'spa' ? 700084 : 700082)
  }
}
