import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readEmailAddress } from '../../src/security-info/email-address.ts'

const own = ['contoso.example', 'contoso.onlatchkey.example']
const codeOf = (typed: string) => {
  const reading = readEmailAddress(typed, own)
  return reading.ok ? undefined : reading.code
}

describe('an e-mail address to register', () => {
  test('is kept as typed, with the domain in small letters', () => {
    assert.deepEqual(readEmailAddress('  Ann.Berg+reset@Mail.Example ', own), { ok: true, value: 'Ann.Berg+reset@mail.example' })
  })

  for (const typed of ['ann@contoso.example', 'ann@CONTOSO.example', 'ann@sub.contoso.example', 'ann@contoso.onlatchkey.example', 'ann@ｃontoso.example']) {
    test(`is refused in the tenant's own domain: ${typed}`, () => assert.equal(codeOf(typed), 'LK_METHOD_OWN_DOMAIN'))
  }

  test('may be in a domain that only ends in the same letters', () => {
    assert.equal(codeOf('ann@notcontoso.example'), undefined)
  })

  for (const typed of [
    '', 'ann', '@mail.example', 'ann@', 'ann@mail', 'a@b@mail.example', 'ann@mail.example,bob@evil.example', 'ann@mail.example bob@evil.example',
    'ann@mail.example\r\nBcc: bob@evil.example', '<ann@mail.example>', 'ann@mail..example', 'ann\u200b@mail.example', 'ann\u202e@mail.example',
    `${'a'.repeat(65)}@mail.example`, `ann@${'a'.repeat(260)}.example`, 'ann@mail.example;bob@evil.example',
  ]) {
    test(`is refused when it is not one plain address: ${JSON.stringify(typed.slice(0, 50))}`, () => assert.equal(codeOf(typed), 'LK_METHOD_MALFORMED'))
  }

  test('costs no more time for hostile text than its length: the bound comes first (T-66)', () => {
    for (const hostile of ['a@'.repeat(25_000), `${'a.'.repeat(25_000)}@`, `a@${'a-'.repeat(25_000)}`, ' '.repeat(50_000)]) assert.equal(codeOf(hostile), 'LK_METHOD_MALFORMED')
  })
})
