/**
 * The password grant (oauth §8, LD-31): off unless the tenant allows it. A password is compared where every other one is, with the
 * same budgets and locks, and what else is wrong with an account is told only after the right one (LD-32).
 */
import { accountKeyOf } from '../credentials/account-key.ts'
import { verifyPassword } from '../credentials/verify-password.ts'
import type { PasswordVerdict } from '../credentials/verify-password.ts'
import { tellsSignInUnavailable } from '../rules/disclosure.ts'
import { Secret } from '../secret.ts'
import { deploymentEpochOf } from '../store/sessions.ts'
import { addSignIn } from '../store/sign-ins.ts'
import { aadsts } from './errors.ts'
import type { TokenRefusal } from './errors.ts'
import { isPublicClient, requireClientProof } from './grants.ts'
import type { Grant, GrantContext } from './grants.ts'
import { newFamilyId } from './opaque-token.ts'
import { dueAtSignIn, factsOf } from './person.ts'
import { scopeAsked } from './person-scope.ts'
import { beginFamily, grantScopes, personAnswer } from './user-token.ts'

export const passwordGrant: Grant = {
  run: async context => {
    const { app, tenant, known, client, form, place } = context
    if (!known.settings.passwordGrant) throw aadsts(700002, { grant: 'password', what: 'organisation' })
    if (tenant.kind === 'common') throw aadsts(9001023, { segment: tenant.segment })
    requireClientProof(context)
    const typedName = (form['username'] ?? '').trim()
    const password = new Secret(form['password'] ?? '')
    if (!typedName) throw aadsts(900144, { name: 'username' })
    if (password.isEmpty) throw aadsts(900144, { name: 'password' })
    const scope = scopeAsked(context, undefined)
    const { tenantId } = tenant
    const deploymentEpoch = await deploymentEpochOf(app.db, tenantId)
    // A temporary password opens nothing here and must not be used up by the try: it is for the page where a new one is chosen.
    const verdict = await verifyPassword(app, { tenantId, typedName, password, place: { address: place.ipAddress }, purpose: 'reauthenticate' })
    const refusal = verdict.outcome === 'right' ? await dueFirst(context, verdict.userId) : refusalOf(context, verdict)
    await note(context, typedName, verdict, refusal)
    if (refusal) throw refusal
    if (verdict.outcome !== 'right') throw aadsts(50126)
    const { user } = verdict
    const scopes = await grantScopes(context, user.id, scope, 'first')
    const proofs = [{ method: 'password', at: app.now() }]
    const signIn = { user, proofs, sessionId: null, credentialEpoch: user.credentialEpoch, deploymentEpoch }
    const family = { familyId: newFamilyId(), clientKind: isPublicClient(client) ? 'public' : 'confidential', scope } as const
    const refreshToken = scopes.signIn.includes('offline_access') ? await app.db.transaction().execute(trx => beginFamily(trx, context, signIn, family)) : undefined
    return personAnswer(context, signIn, scopes, { nonce: null, refreshToken })
  },
}

/** What a page would ask for and a program cannot give (50055, 50076, 50079). v1 calls the latter two by another class. */
async function dueFirst({ app, tenant, version, form }: GrantContext, userId: string): Promise<TokenRefusal | undefined> {
  const facts = await factsOf(app, tenant.tenantId, userId)
  const due = facts ? dueAtSignIn(facts, [{ method: 'password', at: app.now() }]) : undefined
  if (!facts) return aadsts(50126)
  if (due === undefined) return undefined
  if (due === 'newPassword') return aadsts(50055)
  const claims = JSON.stringify({ access_token: { capolids: { essential: true, values: ['00000000-0000-0000-0000-000000000000'] } } })
  const options = version === 1 ? { error: 'interaction_required', claims } : { claims }
  return aadsts(due === 'secondFactor' ? 50076 : 50079, { resource: form['resource'] ?? form['scope'] ?? '' }, options)
}

function refusalOf({ known }: GrantContext, verdict: Exclude<PasswordVerdict, { outcome: 'right' }>): TokenRefusal {
  switch (verdict.outcome) {
    case 'wrong': return aadsts(50126)
    case 'locked': return aadsts(50053)
    case 'refused': return aadsts(verdict.code === 'LK_SIGNIN_DISABLED' ? 50057 : 50055)
    case 'unavailable': return aadsts(tellsSignInUnavailable(known.settings) ? 90033 : 50126)
  }
}

/** One row of the sign-in log, whatever came of it. */
function note({ app, tenant, client, place }: GrantContext, typedName: string, verdict: PasswordVerdict, refusal: TokenRefusal | undefined): Promise<void> {
  const userId = verdict.outcome === 'right' || verdict.outcome === 'refused' ? verdict.userId : null
  return addSignIn(app, {
    tenantId: tenant.tenantId, at: app.now(), userId, accountKey: accountKeyOf(app, tenant.tenantId, typedName),
    // Somebody may have typed the password where the name belongs (T-78).
    accountHint: userId === null ? typedName.slice(0, 1) : typedName,
    kind: 'interactive', result: refusal ? 'failure' : 'success', reasonCode: null, proofs: refusal ? [] : ['password'], ipAddress: place.ipAddress, userAgent: place.userAgent,
    correlationId: place.correlationId, appId: client.appId, resourceId: null, credentialKeyId: null, tokenId: null, errorCode: refusal?.code ?? null,
  })
}
