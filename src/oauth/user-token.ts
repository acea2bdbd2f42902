/** What a person's sign-in to a program comes to: access token, id token, refresh token (oauth §10). */
import type { Db } from '../app.ts'
import { graphAppId } from '../rules/first-party.ts'
import type { SignInScope } from '../rules/scopes.ts'
import { appRoleValuesOfUser, isAssignedTo } from '../store/app-roles.ts'
import type { ClientKind } from '../store/authorization-codes.ts'
import type { Client } from '../store/clients.ts'
import { insertFamily } from '../store/refresh-tokens.ts'
import { rolesOf } from '../store/roles.ts'
import type { Epochs } from '../store/standing.ts'
import type { UserRow } from '../store/users.ts'
import { issueAccessToken } from './access-token.ts'
import { aadsts } from './errors.ts'
import { requestedCapabilities } from './grants.ts'
import type { GrantContext, TokenAnswer } from './grants.ts'
import { groupClaims } from './group-claims.ts'
import { issueIdToken } from './id-token.ts'
import { newOpaqueToken } from './opaque-token.ts'
import { amrOf, pairwiseSubject, provedAt } from './person.ts'
import type { GivenProof } from './person.ts'
import { missingConsent, readConsent, readWanted } from './wanted-scopes.ts'
import type { ConsentedResource } from './wanted-scopes.ts'

/** A sign-in that holds, of a person to a program. */
export interface PersonSignIn extends Epochs {
  user: UserRow
  proofs: readonly GivenProof[]
  sessionId: string | null
}

export interface GrantedScopes {
  signIn: readonly SignInScope[]
  /** The one resource of this token. */
  target: ConsentedResource
}

/**
 * What of the scopes this person's token may have.
 * @param which a request may name several resources: a token is for the first, or for the only one with `single`
 * @throws TokenRefusal 65001 not agreed to, 50105 not assigned, 700022 several resources, and what `readWanted` throws
 */
export async function grantScopes({ app, client, place }: Pick<GrantContext, 'app' | 'client' | 'place'>, userId: string, scope: string, which: 'first' | 'single' = 'single'): Promise<GrantedScopes> {
  await requireAssigned(app.db, client, userId)
  const wanted = await readWanted(app, client, scope, place.origins)
  if (which === 'single' && wanted.resources.length > 1) throw aadsts(700022, { scope })
  const consent = await readConsent(app, app.db, client, userId, { ...wanted, resources: wanted.resources.slice(0, 1) })
  if (missingConsent(consent).length > 0) throw aadsts(65001, { app: client.appId })
  const target = consent.resources[0]!
  const nothing = target.granted.length === 0 && target.asked !== null && target.resource.appId !== client.appId
  if (nothing) throw aadsts(650057, { resource: target.asked!, app: client.appId })
  return { signIn: consent.signIn.granted, target }
}

/** @throws TokenRefusal 50105 */
export async function requireAssigned(db: Db, client: Client, userId: string): Promise<void> {
  if (client.appRoleAssignmentRequired && !(await isAssignedTo(db, client.tenantId, userId, client.servicePrincipalId))) throw aadsts(50105, { app: client.appId })
}

/** Signs the tokens and puts the answer together; the refresh token is the caller's, for it belongs into its transaction. */
export async function personAnswer(
  context: GrantContext, signIn: PersonSignIn, scopes: GrantedScopes, more: { nonce: string | null; refreshToken: string | undefined },
): Promise<TokenAnswer> {
  const { app, client, method, known, place, form } = context
  const { user, proofs } = signIn
  const { resource, asked, granted } = scopes.target
  const isGraph = resource.appId === graphAppId
  const [roles, own, wids, groups] = await Promise.all([
    appRoleValuesOfUser(app.db, client.tenantId, user.id, resource.servicePrincipalId),
    scopes.signIn.includes('openid') ? appRoleValuesOfUser(app.db, client.tenantId, user.id, client.servicePrincipalId) : [],
    rolesHeld(app.db, client.tenantId, user.id),
    groupClaims(app, { tenantId: client.tenantId, userId: user.id, wanted: resource.groupMembershipClaims, origin: place.origin }),
  ])
  // Signing in is a matter of Graph's, as far as anybody asks a resource about it.
  const scp = [...new Set([...granted, ...(isGraph ? scopes.signIn : [])])].filter(one => one !== 'offline_access')
  const accessToken = await issueAccessToken(app, {
    tenantId: client.tenantId, tenant: known, client, method, resource, audience: asked ?? graphName, origin: place.origin, scopes: scp, roles,
    capabilities: requestedCapabilities(form, resource),
    user: {
      id: user.id, subject: pairwiseSubject(client, user.id), userPrincipalName: user.userPrincipalName, displayName: user.displayName, givenName: user.givenName,
      familyName: user.surname, wids, groups, ipAddress: place.ipAddress, amr: amrOf(proofs), authTime: provedAt(proofs),
      epochs: { credentialEpoch: signIn.credentialEpoch, deploymentEpoch: signIn.deploymentEpoch },
    },
  })
  const idToken = scopes.signIn.includes('openid')
    ? await issueIdToken(app, {
      origin: place.origin, tenant: known, client, clientId: form['client_id'] ?? client.appId, user, version: context.version, signIn: scopes.signIn, proofs, nonce: more.nonce,
      sessionId: signIn.sessionId, roles: own, ipAddress: place.ipAddress,
    })
    : undefined
  return {
    accessToken, scope: echo(scopes), ...(asked === null ? {} : { resource: asked }),
    ...(more.refreshToken === undefined ? {} : { refreshToken: more.refreshToken }), ...(idToken === undefined ? {} : { idToken }),
    ...(form['client_info'] === '1' ? { clientInfo: clientInfo(user, client.tenantId) } : {}),
  }
}

/** What Graph is called by those who do not name it. */
const graphName = 'https://graph.microsoft.com'

/** Whose account it is, as MSAL wants to know (oauth §10). */
export const clientInfo = (user: Pick<UserRow, 'id'>, tenantId: string): string =>
  Buffer.from(JSON.stringify({ uid: user.id, utid: tenantId })).toString('base64url')

/** What was granted, spelt as it was asked for: MSAL keeps the token under these names, `.default` included. */
function echo({ signIn, target: { asked, granted, isDefault } }: GrantedScopes): string {
  const prefix = asked === null ? '' : `${asked}/`
  return [...(isDefault ? [`${prefix}.default`] : []), ...granted.map(name => prefix + name), ...signIn].join(' ')
}

/** Template ids of the directory roles in force, for `wids`. */
async function rolesHeld(db: Db, tenantId: string, userId: string): Promise<string[]> {
  const held = await rolesOf(db, tenantId, userId)
  return [...new Set(held.filter(role => !role.eligible && role.directoryScopeId === '/').map(role => role.roleTemplateId))]
}

/** Begins a family of refresh tokens; undefined when none was asked for. @returns its first token */
export async function beginFamily(
  trx: Db, { app, client, place }: Pick<GrantContext, 'app' | 'client' | 'place'>, signIn: PersonSignIn,
  { familyId, clientKind, scope }: { familyId: string; clientKind: ClientKind; scope: string },
): Promise<string> {
  const { text, hash } = newOpaqueToken('refresh', client.tenantId, familyId)
  await insertFamily(trx, {
    tenantId: client.tenantId, id: familyId, appId: client.appId, userId: signIn.user.id, clientKind, scope, proofs: signIn.proofs,
    credentialEpoch: signIn.credentialEpoch, deploymentEpoch: signIn.deploymentEpoch, ipAddress: place.ipAddress, userAgent: place.userAgent,
  }, hash, app.now())
  return text
}
