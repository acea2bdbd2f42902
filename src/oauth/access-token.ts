/** Access tokens: which version, which claims (oauth §14). */
import type { App } from '../app.ts'
import type { Client } from '../store/clients.ts'
import type { Resource } from '../store/resources.ts'
import type { Epochs } from '../store/standing.ts'
import type { KnownTenant } from './known-clients.ts'
import { randomText } from './random-text.ts'
import { signJwt } from './signing-keys.ts'

/** How the client proved who it is, as `appidacr` and `azpacr` say it. */
export type ClientMethod = 'none' | 'secret' | 'certificate'
const acrOf: Record<ClientMethod, string> = { none: '0', secret: '1', certificate: '2' }

/** The person in whose name the client acts. */
export interface TokenUser {
  /** Object id. */
  id: string
  /** Pairwise: for this client alone. */
  subject: string
  userPrincipalName: string
  displayName: string
  givenName?: string | null
  familyName?: string | null
  /** Role template ids. */
  wids?: readonly string[]
  /** `groups`, or where to ask for them. */
  groups?: Readonly<Record<string, unknown>>
  ipAddress?: string | null
  /** Methods, as `amr` names them: 'pwd', 'mfa', 'otp' … */
  amr: readonly string[]
  /** Epoch milliseconds of the proof that counts. */
  authTime: number
  /** What ends the token before its time (T-54). */
  epochs: Epochs
}

export interface AccessTokenOf {
  tenantId: string
  tenant: KnownTenant
  client: Client
  method: ClientMethod
  resource: Resource
  /** The resource's name as the client asked for it: v1 tokens carry it as it was written. */
  audience: string
  /** Our origin that was asked: the issuer (LD-42). */
  origin: string
  user?: TokenUser
  /** Without the resource's prefix; for people. */
  scopes?: readonly string[]
  /** App roles: the client's own, or the person's. */
  roles?: readonly string[]
  /** Capabilities the client said it has, where the resource wants to know: 'CP1'. */
  capabilities?: readonly string[]
  /** Its `uti`, where it is in a log already. */
  id?: string
}

/** For `uti`: 128 random bits. */
export const newTokenId = (): string => randomText(16)

export interface AccessToken {
  token: string
  /** Seconds. */
  expiresIn: number
  /** Seconds since 1970. */
  notBefore: number
  expiresOn: number
  /** `uti`: the token's own id, in the sign-in log too. */
  id: string
}

/** Which issuer a token of this version names. */
export const issuerOf = (origin: string, tenantId: string, version: 1 | 2): string => (version === 1 ? `${origin}/${tenantId}/` : `${origin}/${tenantId}/v2.0`)

/** The version is the resource's choice, whichever endpoint was asked; Graph's is 1. */
export const tokenVersion = (resource: Pick<Resource, 'requestedAccessTokenVersion'>): 1 | 2 => (resource.requestedAccessTokenVersion === 2 ? 2 : 1)

/** Signs an access token. One signature in the thread pool is nearly all it costs. */
export async function issueAccessToken(app: App, of: AccessTokenOf): Promise<AccessToken> {
  const { tenantId, tenant, resource } = of
  const version = tokenVersion(resource)
  const lifetime = tenant.settings.accessTokenLifetimeInSeconds
  const now = Math.floor(app.now() / 1000)
  const id = of.id ?? newTokenId()
  const claims = {
    aud: version === 1 ? of.audience : resource.appId,
    iss: issuerOf(of.origin, tenantId, version),
    iat: now,
    nbf: now,
    exp: now + lifetime,
    aio: randomText(16),
    ...(version === 1 ? clientOfV1(of) : clientOfV2(of)),
    ...(of.user ? userClaims(of.user, of, version) : appClaims(of)),
    rh: `0.${randomText(15)}.`,
    ...(of.roles && of.roles.length > 0 ? { roles: of.roles } : {}),
    tid: tenantId,
    uti: id,
    ver: version === 1 ? '1.0' : '2.0',
    ...(of.capabilities && of.capabilities.length > 0 ? { xms_cc: of.capabilities } : {}),
  }
  const token = await signJwt(app, tenantId, 'access', claims, { x5t: version === 1, settingsVersion: tenant.settingsVersion })
  return { token, expiresIn: lifetime - 1, notBefore: now, expiresOn: now + lifetime, id }
}

const clientOfV1 = ({ client, method, origin, tenantId }: AccessTokenOf) => ({
  app_displayname: client.displayName, appid: client.appId, appidacr: acrOf[method], idp: issuerOf(origin, tenantId, 1),
})

const clientOfV2 = ({ client, method }: AccessTokenOf) => ({ azp: client.appId, azpacr: acrOf[method] })

const appClaims = ({ client }: AccessTokenOf) => ({ idtyp: 'app', oid: client.servicePrincipalId, sub: client.servicePrincipalId })

function userClaims(user: TokenUser, { scopes = [] }: AccessTokenOf, version: 1 | 2) {
  const name = version === 1
    ? { upn: user.userPrincipalName, unique_name: user.userPrincipalName, acr: '1', amr: user.amr }
    : { preferred_username: user.userPrincipalName }
  return {
    ...name,
    idtyp: 'user',
    oid: user.id,
    sub: user.subject,
    name: user.displayName,
    ...(user.givenName ? { given_name: user.givenName } : {}),
    ...(user.familyName ? { family_name: user.familyName } : {}),
    ...(user.ipAddress ? { ipaddr: user.ipAddress } : {}),
    ...(user.wids && user.wids.length > 0 ? { wids: user.wids } : {}),
    ...user.groups,
    scp: scopes.join(' '),
    auth_time: Math.floor(user.authTime / 1000),
    // Ours alone: what a changed password, "sign out everywhere" or a restore counts up.
    lk_epochs: [user.epochs.credentialEpoch, user.epochs.deploymentEpoch],
  }
}
