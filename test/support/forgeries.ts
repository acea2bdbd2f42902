/** Tokens that are almost good (T-47): each is what somebody has fooled some library with. Made from one good token and what is public of its key. */
import { X509Certificate, constants, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { encoded, partsOf, signed } from './oauth.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** @param certificate of the key that made the good token, DER: all of it is public */
export function forgeries(good: string, certificate: Buffer): [what: string, token: string][] {
  const { header, claims, signature } = partsOf(good)
  const [goodHeader, goodClaims] = good.split('.') as [string, string]
  const publicKey = new X509Certificate(certificate).publicKey
  const made: [string, string][] = []
  const add = (what: string, token: string) => made.push([what, token])
  const withHeader = (changes: object) => ({ ...header, ...changes })
  const text = (value: object) => JSON.stringify(value)

  for (const alg of ['none', 'None', 'NONE', 'nOnE', '', null, undefined]) {
    add(`alg ${String(alg)}, no signature`, `${encoded(withHeader({ alg }))}.${goodClaims}.`)
    add(`alg ${String(alg)}, the old signature`, `${encoded(withHeader({ alg }))}.${goodClaims}.${signature}`)
  }
  const publicForms: [string, string | Buffer][] = [
    ['PEM', publicKey.export({ type: 'spki', format: 'pem' }) as string], ['PEM without its last line break', (publicKey.export({ type: 'spki', format: 'pem' }) as string).trim()],
    ['DER', publicKey.export({ type: 'spki', format: 'der' })], ['the certificate', certificate], ['the certificate in base64', certificate.toString('base64')],
    ['the key as JWK', text(publicKey.export({ format: 'jwk' }))], ['nothing', Buffer.alloc(1)],
  ]
  for (const [form, key] of publicForms) {
    for (const [alg, hash] of [['HS256', 'sha256'], ['HS512', 'sha512']] as const) {
      const input = `${encoded(withHeader({ alg }))}.${goodClaims}`
      add(`${alg} keyed with the public key: ${form}`, `${input}.${createHmac(hash, key).update(input).digest('base64url')}`)
    }
  }
  for (const alg of ['PS256', 'RS384', 'RS512', 'ES256', 'ES384', 'EdDSA', 'rs256', 'RS256 ', 'HS256', 'dir']) {
    if (alg !== header['alg']) add(`the good signature under alg ${alg}`, `${encoded(withHeader({ alg }))}.${goodClaims}.${signature}`)
  }
  add('alg as a list', `${encoded(withHeader({ alg: [header['alg']] }))}.${goodClaims}.${signature}`)
  const zero = Buffer.alloc(64).toString('base64url')
  add('ECDSA of nothing', `${encoded(withHeader({ alg: 'ES256' }))}.${goodClaims}.${zero}`)
  add('an RSA signature of nothing', `${goodHeader}.${goodClaims}.${Buffer.alloc(256).toString('base64url')}`)
  add('an RSA signature that is one', `${goodHeader}.${goodClaims}.${Buffer.concat([Buffer.alloc(255), Buffer.from([1])]).toString('base64url')}`)

  const foreign = (changes: object, key: KeyObject = rsa.privateKey, algorithm: 'RS256' | 'PS256' | 'ES256' = 'RS256') => signed(withHeader({ alg: algorithm, ...changes }), claims, key, algorithm)
  add('signed by a stranger', foreign({}))
  add('signed by a stranger with PS256', foreign({}, rsa.privateKey, 'PS256'))
  add('signed by a stranger with an elliptic key', foreign({}, elliptic.privateKey, 'ES256'))
  add('a stranger’s key in jwk', foreign({ jwk: rsa.publicKey.export({ format: 'jwk' }) }))
  add('a stranger’s elliptic key in jwk', foreign({ jwk: elliptic.publicKey.export({ format: 'jwk' }) }, elliptic.privateKey, 'ES256'))
  add('a stranger’s key behind jku', foreign({ jku: 'http://127.0.0.1:9/keys' }))
  add('a stranger’s certificate behind x5u', foreign({ x5u: 'http://127.0.0.1:9/cert' }))
  add('a stranger’s certificate in x5c', foreign({ x5c: [rsa.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')] }))
  for (const kid of ['../../../../dev/null', "' or '1'='1", "x'; drop table signing_keys; --", 'https://evil.example/key', '', 'x'.repeat(5000), '__proto__', 'constructor', '\u0000', 0, null, ['a'], { a: 1 }]) {
    add(`kid ${text([kid]).slice(0, 40)}`, foreign({ kid, x5t: undefined, 'x5t#S256': undefined }))
  }
  for (const crit of [[], ['exp'], ['b64'], 'exp', {}]) add(`crit ${text([crit])}`, `${encoded(withHeader({ crit, exp: 1, b64: false }))}.${goodClaims}.${signature}`)
  add('b64 false', `${encoded(withHeader({ b64: false }))}.${goodClaims}.${signature}`)

  for (const [what, changed] of [
    ['empty', ''], ['cut', signature.slice(0, -4)], ['longer', `${signature}AAAA`], ['padded', `${signature}==`], ['with a blank', `${signature} `], ['with a line break', `${signature}\n`],
    ['in base64', Buffer.from(signature, 'base64url').toString('base64').replace(/^./, '+')], ['twice', signature + signature],
    ['with bits that mean nothing', signature.slice(0, -1) + String.fromCodePoint(signature.codePointAt(signature.length - 1)! + 1)],
  ] as const) add(`the signature ${what}`, `${goodHeader}.${goodClaims}.${changed}`)

  const json = text(claims)
  const resign = (payload: string) => `${goodHeader}.${encoded(payload)}.${signature}`
  for (const [what, payload] of [
    ['a claim added', text({ ...claims, roles: ['Directory.ReadWrite.All'], admin: true })], ['a longer life', text({ ...claims, exp: 4_000_000_000 })],
    ['another subject', text({ ...claims, sub: '11111111-1111-1111-1111-111111111111', oid: '11111111-1111-1111-1111-111111111111' })],
    ['a claim twice', json.replace('{', `{"aud":"https://evil.example",`)], ['a claim twice, once in disguise', json.replace('{', String.raw`{"\u0061ud":"https://evil.example",`)],
    ['__proto__', json.replace('{', '{"__proto__":{"x":1},')], ['a list', '[]'], ['null', 'null'], ['a number', '1'], ['a text', '"x"'], ['nothing', ' '], ['half', json.slice(0, 20)],
    ['something after it', `${json}{}`], ['a comment', `${json}//`], ['a byte order mark', `\uFEFF${json}`], ['too deep', `${'{"a":'.repeat(50)}1${'}'.repeat(50)}`], ['a token in a token', good], ['too large', text({ ...claims, x: 'x'.repeat(20_000) })],
  ] as const) add(`the payload: ${what}`, resign(payload))
  add('the payload: no UTF-8', `${goodHeader}.${Buffer.from([0x7b, 0xff, 0x7d]).toString('base64url')}.${signature}`)
  add('the header: a name twice', `${encoded(text(header).replace('{', '{"alg":"none",'))}.${goodClaims}.${signature}`)
  add('the header: a list', `${encoded('[]')}.${goodClaims}.${signature}`)
  add('the header: nothing', `.${goodClaims}.${signature}`)

  for (const [what, token] of [
    ['nothing', '..'], ['two parts', `${goodHeader}.${goodClaims}`], ['four parts', `${good}.x`], ['five, as an encrypted one', `${good}.x.x`], ['blanks inside', good.replace('.', ' .')],
    ['the JSON form', text({ protected: goodHeader, payload: goodClaims, signature })], ['two in one', `${good},${good}`],
  ] as const) add(`its form: ${what}`, token)
  const input = `${goodHeader}.${goodClaims}`
  add('PKCS #1 over another hash', `${input}.${sign('sha1', Buffer.from(input), rsa.privateKey).toString('base64url')}`)
  add('PSS with another salt', `${input}.${sign('sha256', Buffer.from(input), { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 0 }).toString('base64url')}`)
  return made
}
