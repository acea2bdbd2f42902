/** What the token service needs to know of a client, in three queries at most. */
import type { Db } from '../app.ts'
import type { OptionalClaims, RequiredResourceAccess } from '../rules/application-document.ts'
import { firstParty } from '../rules/first-party.ts'
import { findApplicationByAppId } from './applications.ts'
import { listCredentials } from './application-credentials.ts'
import type { CredentialRow } from './application-credentials.ts'
import { listFederatedCredentials } from './federated-credentials.ts'
import type { FederatedCredential } from './federated-credentials.ts'
import { findServicePrincipalByAppId } from './service-principals.ts'

export interface ClientPassword {
  keyId: string
  ownerId: string
  owner: 'application' | 'servicePrincipal'
  hint: string
  /** SHA-256 as base64url. */
  secretHash: string
  startDateTime: number
  endDateTime: number
}

export interface ClientKey {
  keyId: string
  ownerId: string
  owner: 'application' | 'servicePrincipal'
  /** base64url, no padding. */
  sha1Thumbprint: string
  sha256Thumbprint: string
  /** The certificate, DER in base64; `new X509Certificate(Buffer.from(certificate, 'base64')).publicKey` is its key. */
  certificate: string
  startDateTime: number
  endDateTime: number
}

export interface Client {
  tenantId: string
  appId: string
  /** Null for the built-in ones. */
  applicationId: string | null
  servicePrincipalId: string
  displayName: string
  /** The application or its service principal is switched off. */
  disabled: boolean
  isFallbackPublicClient: boolean
  publicClientRedirectUris: readonly string[]
  webRedirectUris: readonly string[]
  spaRedirectUris: readonly string[]
  logoutUrl: string | null
  implicitIdToken: boolean
  implicitAccessToken: boolean
  requestedAccessTokenVersion: number | null
  appRoleAssignmentRequired: boolean
  groupMembershipClaims: string | null
  requiredResourceAccess: readonly RequiredResourceAccess[]
  optionalClaims: OptionalClaims | null
  passwords: readonly ClientPassword[]
  keys: readonly ClientKey[]
  federated: readonly FederatedCredential[]
  version: number
}

/** The client with that appId in the tenant; undefined when it is unknown, deleted, or has no service principal there. */
export async function findClient(db: Db, tenantId: string, appId: string): Promise<Client | undefined> {
  const principal = await findServicePrincipalByAppId(db, tenantId, appId.toLowerCase())
  if (!principal) return undefined
  const builtIn = firstParty(principal.appId)
  const application = builtIn ? undefined : await findApplicationByAppId(db, tenantId, principal.appId)
  if (!builtIn && !application) return undefined
  const owners = application ? [application.id, principal.id] : [principal.id]
  const credentials = await listCredentials(db, tenantId, owners)
  const document = application?.document
  return {
    tenantId, appId: principal.appId, applicationId: application?.id ?? null, servicePrincipalId: principal.id, displayName: principal.displayName,
    disabled: !principal.accountEnabled || application?.isDisabled === true, isFallbackPublicClient: builtIn?.isPublicClient ?? document?.isFallbackPublicClient ?? false,
    publicClientRedirectUris: builtIn?.publicClientRedirectUris ?? document!.publicClient.redirectUris, webRedirectUris: document?.web.redirectUris ?? [],
    spaRedirectUris: document?.spa.redirectUris ?? [], logoutUrl: document?.web.logoutUrl ?? null,
    implicitIdToken: document?.web.implicitGrantSettings.enableIdTokenIssuance ?? false,
    implicitAccessToken: document?.web.implicitGrantSettings.enableAccessTokenIssuance ?? false,
    requestedAccessTokenVersion: document?.api.requestedAccessTokenVersion ?? null, appRoleAssignmentRequired: principal.document.appRoleAssignmentRequired,
    groupMembershipClaims: document?.groupMembershipClaims ?? null, requiredResourceAccess: document?.requiredResourceAccess ?? [],
    optionalClaims: document?.optionalClaims ?? null,
    passwords: credentials.filter(one => one.kind === 'password').map(passwordOf), keys: credentials.filter(one => one.kind === 'certificate').map(keyOf),
    federated: application ? await listFederatedCredentials(db, tenantId, application.id) : [],
    version: principal.version + (application?.version ?? 0),
  }
}

/** Cheap enough to ask often: the version findClient would give, undefined when it would find none. */
export async function clientVersion(db: Db, tenantId: string, appId: string): Promise<number | undefined> {
  const row = await db.selectFrom('servicePrincipals as p')
    .leftJoin('applications as a', join => join.onRef('a.tenantId', '=', 'p.tenantId').onRef('a.appId', '=', 'p.appId').on('a.deletedDateTime', 'is', null))
    .select(['p.version as mine', 'a.version as its'])
    .where('p.tenantId', '=', tenantId).where('p.appId', '=', appId.toLowerCase()).where('p.deletedDateTime', 'is', null).executeTakeFirst()
  if (!row || (row.its === null && firstParty(appId.toLowerCase()) === undefined)) return undefined
  return row.mine + (row.its ?? 0)
}

const passwordOf = (row: CredentialRow): ClientPassword => ({
  keyId: row.keyId, ownerId: row.ownerId, owner: row.ownerType, hint: row.hint!, secretHash: row.secretHash!, startDateTime: row.startDateTime, endDateTime: row.endDateTime,
})

const keyOf = (row: CredentialRow): ClientKey => ({
  keyId: row.keyId, ownerId: row.ownerId, owner: row.ownerType, sha1Thumbprint: row.sha1Thumbprint!, sha256Thumbprint: row.sha256Thumbprint!,
  certificate: row.certificate!, startDateTime: row.startDateTime, endDateTime: row.endDateTime,
})
