// Every reason has its words. When docs/reasons.md is behind, run: node bin/write-reasons.mjs
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
// @ts-expect-error: plain JavaScript, run by hand and by this test
import { reasonsPage } from '../bin/write-reasons.mjs'
import { reasons, remedies, statusOf } from '../src/rules/reason.ts'
import type { ReasonCode } from '../src/rules/reason.ts'
import { predefinedQuestions } from '../src/rules/security-questions.ts'

const root = new URL('..', import.meta.url)
const words = (locale: string, name: string): Record<string, string> => JSON.parse(readFileSync(new URL(`locales/${locale}/${name}.json`, root), 'utf8'))
const codes = Object.keys(reasons) as ReasonCode[]

for (const locale of ['en', 'da', 'nb', 'lv']) {
  test(`${locale}: every reason, remedy and security question has its sentence, and none is left over`, () => {
    assert.deepEqual(Object.keys(words(locale, 'reason')).toSorted(), codes.map(code => `reason.${code}`).toSorted())
    assert.deepEqual(Object.keys(words(locale, 'remedy')).toSorted(), remedies.map(code => `remedy.${code}`).toSorted())
    assert.deepEqual(Object.keys(words(locale, 'questions')).toSorted(), predefinedQuestions.map(id => `questions.${id}`).toSorted())
  })

  test(`${locale}: sentences end like sentences and hold no markup, no soft hyphen and no path`, () => {
    for (const name of ['reason', 'remedy', 'questions']) {
      for (const [key, text] of Object.entries(words(locale, name))) {
        assert.match(text, /[.?}]$/, key)
        assert.doesNotMatch(text, /[<>\u00ad]|  /, key)
      }
    }
  })
}

test('a sentence in one language is not simply the English one', () => {
  const english = words('en', 'reason')
  for (const locale of ['da', 'nb', 'lv']) {
    const same = Object.entries(words(locale, 'reason')).filter(([key, text]) => english[key] === text)
    assert.deepEqual(same, [], locale)
  }
})

test('the original\'s numbers are those it documents, and no others', () => {
  assert.deepEqual(codes.filter(code => /^SSPR_\d/.test(code)),
    ['SSPR_0009', 'SSPR_0010', 'SSPR_0011', 'SSPR_0012', 'SSPR_0013', 'SSPR_0014', 'SSPR_0029', 'SSPR_0030'])
})

test('every status is one an answer can have', () => {
  for (const code of codes) assert.ok([200, 202, ...range(400, 417), 421, 422, 424, 429, ...range(500, 504)].includes(statusOf(code)), code)
})

test('docs/reasons.md is what the codes and sentences make of it', () => {
  assert.equal(readFileSync(new URL('docs/reasons.md', root), 'utf8'), reasonsPage(), 'run: node bin/write-reasons.mjs')
})

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
