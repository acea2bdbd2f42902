import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { maskEmail, maskPhone } from '../../src/rules/masks.ts'

test('a phone shows country code and the last two digits', () => {
  assert.equal(maskPhone('+45 33123467'), '+45 XXXXXX67')
  assert.equal(maskPhone('+371 67123456x12'), '+371 XXXXXX56')
  assert.equal(maskPhone('33123467'), 'XXXXXX67')
})

test('an address shows two characters, the last, and the domain; a short one its first only', () => {
  assert.equal(maskEmail('anders.n@example.org'), 'an******n@example.org')
  assert.equal(maskEmail('ann@example.org'), 'a******@example.org')
  assert.equal(maskEmail('a@example.org'), 'a******@example.org')
  assert.equal(maskEmail('no address'), '******')
})

test('addresses of one look whatever is hidden: length is not told', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('x', 'y', 'z'), minLength: 1, maxLength: 30 }), middle => {
    assert.equal(maskEmail(`an${middle}n@example.org`), 'an******n@example.org')
  }))
})

test('no digit of a number but the last two is shown', () => {
  fc.assert(fc.property(fc.stringMatching(/^[1-9]{6,14}$/), digits => {
    assert.equal(maskPhone(`+45 ${digits}`), `+45 ${'X'.repeat(digits.length - 2)}${digits.slice(-2)}`)
  }))
})
