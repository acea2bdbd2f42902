import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isWellFormedPhone } from '../../src/rules/contact-data.ts'
import { exampleNumber, readPhoneNumber } from '../../src/security-info/phone-number.ts'

const rules = { country: 'DK', allowedCountryCodes: [], use: 'text' } as const
const codeOf = (typed: string, changed: Partial<Parameters<typeof readPhoneNumber>[1]> = {}) => {
  const reading = readPhoneNumber(typed, { ...rules, ...changed })
  return reading.ok ? undefined : reading.code
}

describe('a phone number to register', () => {
  for (const [typed, value] of [
    ['+45 20 12 34 56', '+45 20123456'],
    ['20123456', '+45 20123456'],
    ['0045 20123456', '+45 20123456'],
    ['+４５ ２０１２３４５６', '+45 20123456'],
    ['+47 406 12 345', '+47 40612345'],
    ['+371 2612 3456', '+371 26123456'],
    ['(+45) 20-12-34-56', '+45 20123456'],
  ] as const) {
    test(`${typed} is stored as ${value}`, () => {
      const reading = readPhoneNumber(typed, rules)
      assert.ok(reading.ok)
      assert.equal(reading.number.value, value)
      assert.ok(isWellFormedPhone(value))
    })
  }

  test('needs its country code where no country is known', () => {
    assert.equal(codeOf('20123456', { country: null }), 'LK_METHOD_MALFORMED')
  })

  for (const typed of ['', 'my phone', '+45', '+45 1', '+999 12345678', '+45 20 12 34 56 78 90', '+45 20123456, +45 20123457', '9'.repeat(50_000)]) {
    test(`is refused when it is not a number: ${JSON.stringify(typed.slice(0, 40))}`, () => assert.equal(codeOf(typed), 'LK_METHOD_MALFORMED'))
  }

  test('T-20: a country that the tenant does not list is refused', () => {
    assert.equal(codeOf('+371 26123456', { allowedCountryCodes: ['45', '46', '47'] }), 'LK_METHOD_COUNTRY')
    assert.equal(codeOf('+47 40612345', { allowedCountryCodes: ['45', '46', '47'] }), undefined)
  })

  test('T-20: premium, shared-cost and satellite numbers are refused, for texts and for calls', () => {
    for (const typed of ['+45 90123456', '+44 9012 345 678', '+44 843 123 4567', '+881 612 345 678', '+882 16 12345678', '+800 1234 5678']) {
      assert.notEqual(codeOf(typed), undefined, typed)
      assert.notEqual(codeOf(typed, { use: 'call' }), undefined, typed)
    }
    assert.equal(codeOf('+45 90123456'), 'LK_METHOD_NUMBER_TYPE')
  })

  test('T-20: a text does not go to a fixed line, a call does', () => {
    assert.equal(codeOf('+44 121 234 5678'), 'LK_METHOD_NUMBER_TYPE')
    assert.equal(codeOf('+44 121 234 5678', { use: 'call' }), undefined)
  })

  test('an extension belongs to an office phone only', () => {
    assert.equal(codeOf('+45 20123456 ext. 12'), 'LK_METHOD_MALFORMED')
    const reading = readPhoneNumber('+44 121 234 5678 ext. 12', { ...rules, use: 'call' })
    assert.ok(reading.ok)
    assert.equal(reading.number.value, '+44 1212345678x12')
  })

  test('is imitated by a number of the same country', () => {
    assert.match(exampleNumber('LV', 'en'), /^\+371 /)
    assert.match(exampleNumber(null, 'nb'), /^\+47 /)
    assert.match(exampleNumber('ZZ', 'da'), /^\+45 /)
  })
})
