/** Client assertions: JWTs that a client signs with the key of a certificate it has registered (oauth §6.2, LD-10, LD-34, T-47, T-49 to T-53). */
import { type KeyObject, X509Certificate, createHash } from 'node:crypto'
import type { App } from '../app.ts'
import { readPolicies } from '../store/policies.ts'
import { claimOnce } from '../store/once-only.ts'
import type { Client, ClientKey } from '../store/clients.ts'
import { TokenRefusal, aadsts } from './errors.ts'
import { type Jwt, type JwtAlgorithm, JwtInvalid, dateClaim, leeway, readJwt, signatureFits, timeFault } from './jwt.ts'
import { resolveTenant } from './tenant-segment.ts'

export interface AssertionPlace {
  tenantId: string
  /** Every origin of ours. */
  origins: readonly string[]
}

/** Seconds ahead that `exp` may be. */
const longest = 600

/**
 * Verifies the assertion for this client. Nothing it says is acted on before the signature fits a registered key.
 * @returns whose key it was
 * @throws TokenRefusal
 */
export async function verifyAssertion(app: App, client: Client | undefined, text: string, place: AssertionPlace): Promise<{ ownerId: string; keyId: string }> {
  try {
    const jwt = readJwt(text)
    const key = signingKey(jwt, client?.keys ?? [], app.now())
    await checkClaims(app, jwt, client!, place)
    return key
  } catch (error) {
    if (error instanceof JwtInvalid) throw aadsts(50027, { reason: error.message })
    throw error
  }
}

/** What a key of a kind may sign with; a header cannot choose beyond it (T-47). */
const algorithmsOf: Record<string, readonly string[]> = { rsa: ['RS256', 'PS256'], ec: ['ES256'] }

function signingKey(jwt: Jwt, keys: readonly ClientKey[], now: number): ClientKey {
  const { alg, typ } = jwt.header
  if (alg !== 'RS256' && alg !== 'PS256' && alg !== 'ES256') throw new JwtInvalid("'alg' must be PS256, RS256 or ES256")
  if (typ !== undefined && !['jwt', 'client-authentication+jwt'].includes(String(typ).toLowerCase())) throw new JwtInvalid("'typ' is not that of a client assertion")
  const { named, shown } = hintOf(jwt.header)
  const candidates = keys.filter(named)
  if (candidates.length === 0) throw aadsts(700027, { reason: 'The key was not found', thumbprint: `, thumbprint of key used by client: '${shown}'` })
  // A SHA-1 thumbprint only points; two certificates may be made to share one (T-53).
  const signed = candidates.find(key => fits(jwt, key, alg))
  if (!signed) throw aadsts(700027, { reason: 'The key was found, but use of the key to verify the signature failed', thumbprint: `, thumbprint of key used by client: '${shown}'` })
  if (now < signed.startDateTime || now >= signed.endDateTime) {
    const [start, end] = [signed.startDateTime, signed.endDateTime].map(at => new Date(at).toISOString())
    throw aadsts(700027, { reason: 'The key used is not within its time', thumbprint: `, thumbprint of key used by client: '${shown}', Start=${start}, End=${end}` })
  }
  return signed
}

/** Which registered keys the header points at, and what to call it in an error: the thumbprint in hexadecimal, as people know it. */
function hintOf(header: Jwt['header']): { named: (key: ClientKey) => boolean; shown: string } {
  const hint = (name: string) => (typeof header[name] === 'string' ? header[name].replace(/=+$/, '') : undefined) // MSAL for Python pads
  const [sha256, sha1, kid] = [hint('x5t#S256'), hint('x5t'), hint('kid')]
  const hex = (text: string) => Buffer.from(text, 'base64url').toString('hex').toUpperCase()
  if (sha256 !== undefined) return { named: key => key.sha256Thumbprint === sha256, shown: hex(sha256) }
  if (sha1 !== undefined) return { named: key => key.sha1Thumbprint === sha1, shown: hex(sha1) }
  if (kid === undefined) throw new JwtInvalid("the header names no key: 'x5t#S256', 'x5t' or 'kid'")
  const named = (key: ClientKey) => [key.sha256Thumbprint, key.sha1Thumbprint, key.keyId].includes(kid) || [hex(key.sha1Thumbprint), hex(key.sha256Thumbprint)].includes(kid.toUpperCase())
  return { named, shown: kid }
}

const opened = new WeakMap<ClientKey, KeyObject>()

function publicKeyOf(key: ClientKey): KeyObject {
  let found = opened.get(key)
  if (found === undefined) opened.set(key, (found = new X509Certificate(Buffer.from(key.certificate, 'base64')).publicKey))
  return found
}

function fits(jwt: Jwt, key: ClientKey, alg: JwtAlgorithm): boolean {
  const publicKey = publicKeyOf(key)
  const { modulusLength, namedCurve } = publicKey.asymmetricKeyDetails ?? {}
  const strong = publicKey.asymmetricKeyType === 'rsa' ? (modulusLength ?? 0) >= 2048 : namedCurve === 'prime256v1'
  return strong && (algorithmsOf[publicKey.asymmetricKeyType ?? ''] ?? []).includes(alg) && signatureFits(jwt, publicKey, alg)
}

async function checkClaims(app: App, jwt: Jwt, client: Client, place: AssertionPlace): Promise<void> {
  const { claims } = jwt
  const now = app.now()
  const same = (value: unknown) => typeof value === 'string' && value.toLowerCase() === client.appId
  if (!same(claims['iss']) || !same(claims['sub'])) throw aadsts(700021, { app: client.appId })
  const until = dateClaim(claims, 'exp')
  if (timeFault(claims, now) || until! > now / 1000 + longest + leeway) throw outOfTime(claims, now)
  const strict = (await readPolicies(app.db, place.tenantId)).tenantSettings.strictAssertions
  const issuerOnly = strict || String(jwt.header['typ']).toLowerCase() === 'client-authentication+jwt'
  if (!(await isForUs(app, claims['aud'], issuerOnly, place))) throw aadsts(700023, { expected: `${place.origins[0]}/${place.tenantId}/v2.0` })
  const jti = claims['jti']
  if (typeof jti !== 'string' || jti.length < 1 || jti.length > 256) throw new JwtInvalid("'jti' must be a text of 1 to 256 characters")
  if (strict) await useOnce(app, { tenantId: place.tenantId, appId: client.appId, jti, until: until! })
}

function outOfTime(claims: Jwt['claims'], now: number): Error {
  const at = (seconds: number | undefined) => new Date((seconds ?? 0) * 1000).toISOString()
  return aadsts(700024, { now: new Date(now).toISOString(), from: at(dateClaim(claims, 'nbf')), until: at(dateClaim(claims, 'exp')) })
}

/** One audience: the issuer, or (unless it must be the issuer) a token endpoint of this very tenant by whatever name (LD-10, LD-34, T-50). */
async function isForUs(app: App, audience: unknown, issuerOnly: boolean, { tenantId, origins }: AssertionPlace): Promise<boolean> {
  const aud = Array.isArray(audience) && audience.length === 1 ? (audience[0] as unknown) : audience
  if (typeof aud !== 'string') return false
  const origin = origins.find(one => aud.startsWith(`${one}/`))
  if (origin === undefined) return false
  const path = aud.slice(origin.length)
  if (path === `/${tenantId}/v2.0`) return true
  const segment = /^\/([^/?#]+)\/oauth2\/(?:v2\.0\/)?token$/.exec(path)?.[1]
  if (issuerOnly || segment === undefined) return false
  try {
    return (await resolveTenant(app, segment)).tenantId === tenantId
  } catch (error) {
    if (error instanceof TokenRefusal) return false
    throw error
  }
}

/** T-49: in the database, kept until nobody would take it any more; of several at once one gets through, in whatever process. */
async function useOnce(app: App, { tenantId, appId, jti, until }: { tenantId: string; appId: string; jti: string; until: number }): Promise<void> {
  const key = `jti1:${appId}:${createHash('sha256').update(jti).digest('base64url')}`
  if (!(await claimOnce(app.db, { tenantId, key, expiresAt: (until + leeway) * 1000, now: app.now() }))) throw new JwtInvalid('it was used before, and this tenant takes each once')
}
