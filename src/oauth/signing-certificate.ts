/**
 * A self-signed certificate around a public key: JWKS carries it as `x5c`, and its SHA-1 is the key's `kid` (oauth §3). Nobody builds
 * trust on it, so it says only whose key it is and from when; the few bytes of DER are written here, for the usual library costs a
 * tenth of a second and several megabytes of a server that does this four times a year.
 */
import { type KeyObject, createHash, sign } from 'node:crypto'
import { promisify } from 'node:util'

const signAsync = promisify(sign)

export type SigningAlgorithm = 'RS256' | 'ES256'

const sequence = 0x30
const set = 0x31
const integer = 0x02
const objectId = 0x06
const utf8String = 0x0c
const utcTime = 0x17 // for the years before 2050 (RFC 5280 §4.1.2.5)
const bitString = 0x03
const nothing = Buffer.from([0x05, 0x00])

function der(tag: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  const length = body.length < 128 ? Buffer.from([body.length]) : Buffer.from([0x82, body.length >> 8, body.length & 255])
  return Buffer.concat([Buffer.from([tag]), length, body])
}

/** Object ids as X.690 writes them: sha256WithRSAEncryption, ecdsa-with-SHA256, commonName. */
const oids = { RS256: '2a864886f70d01010b', ES256: '2a8648ce3d040302', commonName: '550403' } as const
const oid = (name: keyof typeof oids): Buffer => der(objectId, Buffer.from(oids[name], 'hex'))

const algorithmOf = (algorithm: SigningAlgorithm): Buffer => (algorithm === 'RS256' ? der(sequence, oid('RS256'), nothing) : der(sequence, oid('ES256')))
const nameOf = (commonName: string): Buffer => der(sequence, der(set, der(sequence, oid('commonName'), der(utf8String, Buffer.from(commonName)))))
const timeOf = (at: number): Buffer => der(utcTime, Buffer.from(`${new Date(at).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`))

/** Version 3, DER. @param serial at most 19 bytes, for the number must be positive */
export async function selfSigned(options: {
  commonName: string
  algorithm: SigningAlgorithm
  publicKey: KeyObject
  privateKey: KeyObject
  serial: Buffer
  /** Epoch milliseconds. */
  from: number
  until: number
}): Promise<Buffer> {
  const { commonName, algorithm, publicKey, privateKey, serial, from, until } = options
  const body = der(
    sequence,
    der(0xa0, der(integer, Buffer.from([2]))),
    der(integer, Buffer.from([1]), serial),
    algorithmOf(algorithm),
    nameOf(commonName),
    der(sequence, timeOf(from), timeOf(until)),
    nameOf(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
  )
  const signature = await signAsync('sha256', body, privateKey)
  return der(sequence, body, algorithmOf(algorithm), der(bitString, Buffer.from([0]), signature))
}

/** As `x5t` and `kid` have it: base64url of SHA-1 of the whole certificate. */
export const thumbprint = (certificate: Uint8Array): string => createHash('sha1').update(certificate).digest('base64url')
