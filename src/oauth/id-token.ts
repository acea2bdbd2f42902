/** Id tokens (oauth §15): who signed in, for the program itself. */
import { createHash, randomBytes } from 'node:crypto'
import type { App } from '../app.ts'
import type { Client } from '../store/clients.ts'
import type { UserRow } from '../store/users.ts'
import { issuerOf } from './access-token.ts'
import { groupClaims } from './group-claims.ts'
import type { KnownTenant } from './known-clients.ts'
import { amrOf, pairwiseSubject, provedAt } from './person.ts'
import type { GivenProof } from './person.ts'
import { signJwt } from './signing-keys.ts'

export interface IdTokenOf {
  origin: string
  tenant: KnownTenant
  client: Client
  /** As the program spelt its own id: it compares letter by letter. */
  clientId: string
  user: UserRow
  version: 1 | 2
  /** What was granted of `openid profile email`. */
  signIn: readonly string[]
  proofs: readonly GivenProof[]
  nonce: string | null
  /** The sign-in session's public id. */
  sessionId: string | null
  /** App roles the person has on the program. */
  roles: readonly string[]
  ipAddress: string | null
  /** Given at the front together with it: bound by their hashes. */
  code?: string
}

const lifetime = 3600

export async function issueIdToken(app: App, of: IdTokenOf): Promise<string> {
  const { client, user, version, signIn } = of
  const { tenantId } = client
  const now = Math.floor(app.now() / 1000)
  const profile = signIn.includes('profile')
  const claims = {
    aud: of.clientId,
    iss: issuerOf(of.origin, tenantId, version),
    iat: now, nbf: now, exp: now + lifetime,
    aio: randomBytes(16).toString('base64url'),
    auth_time: Math.floor(provedAt(of.proofs) / 1000),
    ...(version === 1 ? { amr: amrOf(of.proofs), upn: user.userPrincipalName, unique_name: user.userPrincipalName } : { preferred_username: user.userPrincipalName }),
    ...(of.code === undefined ? {} : { c_hash: halfHash(of.code) }),
    ...(signIn.includes('email') && user.mail ? { email: user.mail } : {}),
    name: user.displayName,
    ...(profile && user.givenName ? { given_name: user.givenName } : {}),
    ...(profile && user.surname ? { family_name: user.surname } : {}),
    ...(of.nonce === null ? {} : { nonce: of.nonce }),
    oid: user.id,
    rh: `0.${randomBytes(16).toString('base64url')}.`,
    ...(of.roles.length > 0 ? { roles: of.roles } : {}),
    ...(await groupClaims(app, { tenantId, userId: user.id, wanted: client.groupMembershipClaims, origin: of.origin })),
    ...optionalClaims(of),
    ...(of.sessionId === null ? {} : { sid: of.sessionId }),
    sub: pairwiseSubject(client, user.id),
    tid: tenantId,
    uti: randomBytes(16).toString('base64url'),
    ver: version === 1 ? '1.0' : '2.0',
  }
  return signJwt(app, tenantId, 'id', claims, { settingsVersion: of.tenant.settingsVersion })
}

/** What the application asks for beyond the usual, where we have it. */
function optionalClaims({ client, user, ipAddress }: IdTokenOf): Record<string, string> {
  const known: Readonly<Record<string, string | null>> = {
    email: user.mail, upn: user.userPrincipalName, given_name: user.givenName, family_name: user.surname, ipaddr: ipAddress, preferred_username: user.userPrincipalName,
  }
  const wanted = client.optionalClaims?.idToken.map(one => one.name) ?? []
  return Object.fromEntries(wanted.flatMap(name => (known[name] ? [[name, known[name]]] : [])))
}

/** OpenID Connect Core §3.3.2.11, for algorithms over SHA-256. */
const halfHash = (text: string): string => createHash('sha256').update(text, 'ascii').digest().subarray(0, 16).toString('base64url')
