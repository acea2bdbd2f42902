/**
 * A certificate as a program's owner sends it: DER or PEM, in base64 or not, with lines broken anywhere (graph §3.4). Only what a public
 * certificate is gets past here; a private key is refused before anything is kept, and is in no log (T-53).
 */
import { X509Certificate, createHash, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { Refusal } from '../refusal.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'

export interface AppCertificate {
  /** DER in base64. */
  certificate: string
  /** base64url without padding. */
  sha1Thumbprint: string
  sha256Thumbprint: string
  /** The subject's common name; null when it has none. */
  commonName: string | null
  startDateTime: number
  endDateTime: number
}

/** Far more than a certificate needs: those with many names have some thousands. */
const longest = 20_000
const curves = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

/**
 * @param key what was sent as `key`
 * @throws Refusal 400 LK_CERTIFICATE_INVALID, LK_CERTIFICATE_WEAK, or LK_PRIVATE_KEY
 */
export function readCertificate(key: string, field = 'keyCredential.key'): AppCertificate {
  const no = (code: ReasonCode) => new Refusal(400, [reason(code)], { field })
  if (key.length > longest) throw no('LK_CERTIFICATE_INVALID')
  const der = derOf(key)
  if (der === 'private' || (der !== undefined && holdsPrivateKey(der))) throw no('LK_PRIVATE_KEY')
  const parsed = der && parse(der)
  if (!parsed) throw no('LK_CERTIFICATE_INVALID')
  if (!isStrong(parsed.publicKey)) throw no('LK_CERTIFICATE_WEAK')
  const { raw } = parsed.x509
  const thumbprint = (algorithm: string) => createHash(algorithm).update(raw).digest('base64url')
  return {
    certificate: raw.toString('base64'), sha1Thumbprint: thumbprint('sha1'), sha256Thumbprint: thumbprint('sha256'), commonName: commonNameOf(parsed.x509.subject),
    startDateTime: Date.parse(parsed.x509.validFrom), endDateTime: Date.parse(parsed.x509.validTo),
  }
}

/** The bytes inside, whatever stands around them; `private` when a private key is named. */
function derOf(text: string): Buffer | 'private' | undefined {
  if (/PRIVATE KEY/.test(text)) return 'private'
  const bare = bodyOf(text)
  if (bare === '' || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(bare)) return undefined
  const bytes = Buffer.from(bare, 'base64')
  // base64 of a PEM file, as some tools send it.
  const inner = bytes.toString('latin1')
  if (/PRIVATE KEY/.test(inner)) return 'private'
  return inner.includes('-----BEGIN') ? Buffer.from(bodyOf(inner), 'base64') : bytes
}

/** Of PEM the first certificate's body; lines may be broken in spelled-out `\n` too. */
function bodyOf(text: string): string {
  const from = text.indexOf('-----BEGIN CERTIFICATE-----')
  const to = text.indexOf('-----END CERTIFICATE-----')
  const body = from >= 0 && to > from ? text.slice(from + '-----BEGIN CERTIFICATE-----'.length, to) : text
  return body.replaceAll('\\n', '').replace(/\s+/g, '')
}

function parse(der: Buffer): { x509: X509Certificate; publicKey: KeyObject } | undefined {
  try {
    const x509 = new X509Certificate(der)
    return { x509, publicKey: x509.publicKey }
  } catch {
    return undefined
  }
}

function holdsPrivateKey(der: Buffer): boolean {
  for (const type of ['pkcs8', 'pkcs1', 'sec1'] as const) {
    try {
      createPrivateKey({ key: der, format: 'der', type })
      return true
    } catch { /* not of this kind */ }
  }
  return isEncryptedKeyOrBundle(der)
}

/** PKCS#12 begins with a sequence whose first member is version 3; an encrypted PKCS#8 key names PBES2. */
function isEncryptedKeyOrBundle(der: Buffer): boolean {
  const start = der[0] === 0x30 ? 2 + ((der[1] ?? 0) & 0x80 ? (der[1]! & 0x7f) : 0) : -1
  const pkcs12 = start > 0 && der.subarray(start, start + 3).equals(Buffer.from([0x02, 0x01, 0x03]))
  const pbes2 = der.subarray(0, 40).includes(Buffer.from([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d]))
  return pkcs12 || pbes2
}

function isStrong(key: KeyObject): boolean {
  const details = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') {
    const { modulusLength = 0, publicExponent = 0n } = details
    return modulusLength >= 2048 && modulusLength <= 16_384 && publicExponent >= 65_537n
  }
  return key.asymmetricKeyType === 'ec' && curves.has(details.namedCurve ?? '')
}

const commonNameOf = (subject: string | undefined): string | null => /^CN=(.*)$/m.exec(subject ?? '')?.[1]?.slice(0, 120) ?? null

/** The public key of a stored certificate. */
export const publicKeyOf = (certificate: string): KeyObject => new X509Certificate(Buffer.from(certificate, 'base64')).publicKey
