import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate, createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { readCertificate } from '../../src/credentials/app-certificate.ts'
import { Refusal } from '../../src/refusal.ts'
import { bodyOf, certificate, ec, rsa } from '../support/app-certificates.ts'

const refusal = (key: string): string => {
  try {
    readCertificate(key)
  } catch (error) {
    assert.ok(error instanceof Refusal)
    assert.equal(error.status, 400)
    return error.code
  }
  return 'taken'
}
const shop = certificate()
const wrapped = (text: string, length: number) => text.match(new RegExp(`.{1,${length}}`, 'g'))!.join('\n')

describe('a certificate', () => {
  test('is read however its text is laid out', () => {
    const der = new X509Certificate(shop.certificate).raw
    const base64 = der.toString('base64')
    const expected = { sha1: createHash('sha1').update(der).digest('base64url'), sha256: createHash('sha256').update(der).digest('base64url') }
    const spellings = {
      'base64 of DER': base64, 'with line breaks': wrapped(base64, 64), 'with CR LF': wrapped(base64, 64).replaceAll('\n', '\r\n'), PEM: shop.certificate,
      'PEM without headers': shop.certificate.replace(/-----[A-Z ]+-----/g, ''), 'base64 of PEM': Buffer.from(shop.certificate).toString('base64'),
      'PEM with \\n spelled out': shop.certificate.replaceAll('\n', '\\n'), base64url: der.toString('base64url'), 'PEM after other text': `Bag Attributes\n${shop.certificate}`,
    }
    for (const [name, text] of Object.entries(spellings)) {
      const read = readCertificate(text)
      assert.deepEqual([read.sha1Thumbprint, read.sha256Thumbprint, read.commonName], [expected.sha1, expected.sha256, 'Shop'], name)
      assert.equal(Math.round((read.endDateTime - read.startDateTime) / 86_400_000), 365)
    }
  })

  test('as Azure CLI makes it, version 1 and signed with SHA-1, is taken: only its key and dates matter', () => {
    const made = certificate({ likeAz: true, name: 'CLI-Login' })
    assert.equal(readCertificate(made.certificate).commonName, 'CLI-Login')
  })

  test('with a strong key of either kind is taken, with a weak one refused (T-53)', () => {
    assert.equal(refusal(certificate({ key: ec('P-256') }).certificate), 'taken')
    assert.equal(refusal(certificate({ key: ec('P-384') }).certificate), 'taken')
    for (const key of [rsa(1024), ec('secp224r1'), ec('secp256k1'), ['-algorithm', 'ED25519'], [...rsa(2048), '-pkeyopt', 'rsa_keygen_pubexp:3']]) {
      assert.equal(refusal(certificate({ key, likeAz: key[1] !== 'ED25519' }).certificate), 'LK_CERTIFICATE_WEAK', key.join(' '))
    }
  })

  test('with a private key beside or inside it is refused, and so is the key alone (T-53)', () => {
    const pkcs8 = shop.privateKey.export({ format: 'der', type: 'pkcs8' })
    const pfx = execFileSync('openssl', ['pkcs12', '-export', '-passout', 'pass:x'], { input: shop.privateKeyPem + shop.certificate })
    const encrypted = execFileSync('openssl', ['pkcs8', '-topk8', '-passout', 'pass:x', '-outform', 'DER'], { input: shop.privateKeyPem })
    for (const [name, text] of Object.entries({
      'PEM of both': shop.privateKeyPem + shop.certificate, 'PEM of both, certificate first': shop.certificate + shop.privateKeyPem, 'the key alone': shop.privateKeyPem,
      'base64 of both': Buffer.from(shop.privateKeyPem + shop.certificate).toString('base64'), 'PKCS#8': pkcs8.toString('base64'), 'body of PEM': bodyOf(shop.privateKeyPem),
      'PKCS#1': shop.privateKey.export({ format: 'der', type: 'pkcs1' }).toString('base64'), 'PKCS#12': pfx.toString('base64'), 'encrypted PKCS#8': encrypted.toString('base64'),
      'EC key': certificate({ key: ec('P-256') }).privateKey.export({ format: 'der', type: 'sec1' }).toString('base64'),
    })) assert.equal(refusal(text), 'LK_PRIVATE_KEY', name)
  })

  test('that is none is refused, whatever it is', () => {
    for (const text of ['', ' ', 'x', '{}', '=', 'AAAA', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----', bodyOf(shop.certificate).slice(0, 200), 'a'.repeat(20_001)]) {
      assert.equal(refusal(text), 'LK_CERTIFICATE_INVALID', text.slice(0, 30))
    }
    fc.assert(fc.property(fc.oneof(fc.string(), fc.base64String(), fc.uint8Array().map(bytes => Buffer.from(bytes).toString('base64'))), text => {
      assert.ok(['LK_CERTIFICATE_INVALID', 'LK_PRIVATE_KEY'].includes(refusal(text)))
    }), { numRuns: 300 })
  })
})
