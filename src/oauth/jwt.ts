/**
 * Tokens as text: read strictly, judged by nobody yet (T-47). A name given twice, anything but plain base64url, a header that asks
 * for an extension: refused before a key is looked at. What the header says about keys (`jwk`, `jku`, `x5u`, `x5c`) is never used.
 */
import { type KeyObject, constants, verify } from 'node:crypto'
import { parseJson } from '../bodies.ts'

export class JwtInvalid extends Error {
  constructor(reason: string) {
    super(reason)
    this.name = 'JwtInvalid'
  }
}

export interface Jwt {
  header: Readonly<Record<string, unknown>>
  claims: Readonly<Record<string, unknown>>
  /** What was signed. */
  input: string
  signature: Buffer
}

export type JwtAlgorithm = 'RS256' | 'PS256' | 'ES256'

const largest = 16 * 1024
const part = /^[A-Za-z0-9_-]+$/

/** @throws JwtInvalid */
export function readJwt(text: string): Jwt {
  if (text.length > largest) throw new JwtInvalid('too large')
  const [header, claims, signature, ...more] = text.split('.')
  if (header === undefined || claims === undefined || !signature || more.length > 0) throw new JwtInvalid('not three parts')
  const read: Jwt = { header: objectOf(header), claims: objectOf(claims), input: `${header}.${claims}`, signature: bytesOf(signature) }
  if (read.header['crit'] !== undefined || read.header['b64'] !== undefined) throw new JwtInvalid('an extension that is not understood')
  return read
}

/** Without padding and without bits that mean nothing, so that no two texts are one token. */
function bytesOf(encoded: string): Buffer {
  const bytes = Buffer.from(encoded, 'base64url')
  if (!part.test(encoded) || bytes.toString('base64url') !== encoded) throw new JwtInvalid('not base64url')
  return bytes
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function objectOf(encoded: string): Record<string, unknown> {
  let value: unknown
  try {
    value = parseJson(decoder.decode(bytesOf(encoded)))
  } catch {
    throw new JwtInvalid('not JSON, or a name is there twice')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new JwtInvalid('not an object')
  return value as Record<string, unknown>
}

/** Whether this very key made the signature, in this very way; the caller has chosen both (T-47). */
export function signatureFits({ input, signature }: Jwt, key: KeyObject, algorithm: JwtAlgorithm): boolean {
  const data = Buffer.from(input)
  if (algorithm === 'ES256') return signature.length === 64 && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature)
  if (algorithm === 'RS256') return verify('sha256', data, { key, padding: constants.RSA_PKCS1_PADDING }, signature)
  return verify('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }, signature)
}

/** N-JWT-LEEWAY (LD-34), seconds. */
export const leeway = 60

/** The largest moment that is a date: anything beyond is a number made up to confuse. */
const lastMoment = 253_402_300_799

/** A NumericDate, whole or with a fraction (MSAL for Python sends those); undefined when the claim is not there. @throws JwtInvalid */
export function dateClaim(claims: Jwt['claims'], name: 'exp' | 'nbf' | 'iat' | 'auth_time'): number | undefined {
  const value = claims[name]
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !(value >= 0 && value <= lastMoment)) throw new JwtInvalid(`'${name}' is not a date`)
  return value
}

export type TimeFault = 'expired' | 'notYet' | undefined

/** Is it its time? `now` in epoch milliseconds; `exp` must be there. @throws JwtInvalid */
export function timeFault(claims: Jwt['claims'], now: number): TimeFault {
  const seconds = now / 1000
  const until = dateClaim(claims, 'exp')
  const from = dateClaim(claims, 'nbf')
  const made = dateClaim(claims, 'iat')
  if (until === undefined) throw new JwtInvalid("'exp' is missing")
  if (seconds >= until + leeway) return 'expired'
  if ((from !== undefined && seconds < from - leeway) || (made !== undefined && seconds < made - leeway)) return 'notYet'
  return undefined
}
