/** The proof that addKey and removeKey ask for: a short token signed with a key the application has already (graph §3.6). */
import { constants, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { Refusal } from '../refusal.ts'
import { legacyDirectoryAppId } from '../rules/first-party.ts'
import { reason } from '../rules/verdict.ts'
import type { CredentialRow } from '../store/application-credentials.ts'
import { publicKeyOf } from './app-certificate.ts'

export interface ProofFacts {
  /** Credentials of the object whose keys are rolled. */
  credentials: readonly CredentialRow[]
  /** Who may stand as the issuer: the object itself; and the calling program's two ids, when it rolls its own. */
  issuers: readonly string[]
  now: number
}

const leeway = 60_000
const longestLife = 600_000
const longest = 16_384

const malformed = (detail: string) => new Refusal(401, [reason('LK_PROOF_INVALID', { graphCode: 'Authentication_MissingOrMalformed' })], { field: 'proof', detail })

/** @throws Refusal 401 `Authentication_MissingOrMalformed` or `Authentication_ExpiredToken` */
export function requireProof(proof: string, { credentials, issuers, now }: ProofFacts): void {
  const [header, claims, signature, ...more] = proof.length > longest ? [] : proof.split('.')
  // Padding is not base64url: the original refuses it too.
  if (!header || !claims || !signature || more.length > 0 || ![header, claims, signature].every(part => /^[\w-]+$/.test(part))) throw malformed('form')
  const { alg, ...hints } = decode(header)
  const candidates = credentials.filter(one => one.kind === 'certificate' && one.startDateTime <= now && now < one.endDateTime && isMeant(one, hints))
  const signed = Buffer.from(`${header}.${claims}`)
  const bytes = Buffer.from(signature, 'base64url')
  if (!candidates.some(one => isSignedBy(publicKeyOf(one.certificate!), alg, signed, bytes))) throw malformed('no key of the object made this signature')
  requireClaims(decode(claims), issuers, now)
}

function decode(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch { /* refused below */ }
  throw malformed('not JSON')
}

/** A thumbprint or key id in the header says which; without any, all are tried. Only ever a hint: the signature decides (T-53). */
function isMeant(one: CredentialRow, hints: Record<string, unknown>): boolean {
  const sha256 = hints['x5t#S256']
  if (typeof sha256 === 'string') return one.sha256Thumbprint === sha256
  const hint = hints['x5t'] ?? hints['kid']
  if (typeof hint !== 'string') return true
  const hex = Buffer.from(one.sha1Thumbprint!, 'base64url').toString('hex')
  return hint === one.sha1Thumbprint || hint.toLowerCase() === hex || hint.toLowerCase() === one.keyId || hint === one.sha256Thumbprint
}

const ecHash: Readonly<Record<string, { hash: string; curve: string }>> = {
  ES256: { hash: 'sha256', curve: 'prime256v1' }, ES384: { hash: 'sha384', curve: 'secp384r1' }, ES512: { hash: 'sha512', curve: 'secp521r1' },
}

function isSignedBy(key: KeyObject, alg: unknown, signed: Buffer, signature: Buffer): boolean {
  if (key.asymmetricKeyType === 'rsa') {
    if (alg === 'RS256') return verify('sha256', signed, key, signature)
    return alg === 'PS256' && verify('sha256', signed, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }, signature)
  }
  const curve = typeof alg === 'string' && Object.hasOwn(ecHash, alg) ? ecHash[alg] : undefined
  return curve !== undefined && key.asymmetricKeyDetails?.namedCurve === curve.curve && verify(curve.hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

function requireClaims({ aud, iss, nbf, exp }: Record<string, unknown>, issuers: readonly string[], now: number): void {
  const audience = Array.isArray(aud) && aud.length === 1 ? (aud[0] as unknown) : aud
  if (audience !== legacyDirectoryAppId) throw malformed('audience')
  if (typeof iss !== 'string' || !issuers.includes(iss.toLowerCase())) throw malformed('issuer')
  if (typeof nbf !== 'number' || typeof exp !== 'number' || !Number.isFinite(nbf) || !Number.isFinite(exp)) throw malformed('times')
  if (exp <= nbf || (exp - nbf) * 1000 > longestLife) throw malformed('lives too long')
  if (nbf * 1000 > now + leeway || exp * 1000 <= now - leeway) throw new Refusal(401, [reason('LK_PROOF_EXPIRED', { graphCode: 'Authentication_ExpiredToken' })], { field: 'proof' })
}
