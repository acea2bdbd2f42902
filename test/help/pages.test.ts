import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PageContext } from '../../src/page/context.ts'
import { renderPage } from '../../src/page/send-page.ts'
import { helpPage, helpPages } from '../../src/help/help-pages.ts'
import { helpAnswer, helpCode, helpIndex, helpList, helpResults } from '../../src/help/pages.tsx'
import { codesOf, endUserCodes, problemOf, problems } from '../../src/help/problems.ts'
import type { Problem } from '../../src/help/problems.ts'
import { searchHelp } from '../../src/help/search-help.ts'
import { isMessageKey, locales, translate } from '../../src/text.ts'
import type { Locale } from '../../src/text.ts'

const context = (locale: Locale, path = '/help'): PageContext => ({
  locale, t: (key, values) => translate(locale, key, values), formToken: 'token', path, query: '', branding: { displayName: 'Contoso' },
  correlationId: 'c',
})
const largest = 20_000

test('M-09 and M-30: every code a person may be shown has exactly one anchor on the help page', () => {
  for (const locale of locales) {
    const html = renderPage(helpIndex(context(locale), null))
    for (const code of endUserCodes) assert.equal(html.split(`id="${code}"`).length - 1, 1, `${code} in ${locale}`)
  }
})

test('every code belongs to one problem, and every problem explains some code', () => {
  for (const problem of Object.keys(problems) as Problem[]) assert.ok(codesOf(problem).length > 0, problem)
  assert.equal((Object.keys(problems) as Problem[]).flatMap(codesOf).length, endUserCodes.length)
  assert.equal(problemOf('SSPR_0014'), 'notRegistered')
  assert.equal(problemOf('LK_TAP_USED'), 'pass')
})

test('every help page is under 20 kB in every language', () => {
  for (const locale of locales) {
    const pages: [string, string][] = [
      ['index', renderPage(helpIndex(context(locale), 'https://feedback.example/'))],
      ['questions', renderPage(helpList(context(locale), 'question'))],
      ['administrators', renderPage(helpList(context(locale), 'administrator'))],
      ['results', renderPage(helpResults(context(locale), 'a', helpPages))],
      ...helpPages.map((one): [string, string] => [one.id, renderPage(helpAnswer(context(locale), one))]),
      ...endUserCodes.map((code): [string, string] => [code, renderPage(helpCode(context(locale), code))]),
    ]
    for (const [name, html] of pages) assert.ok(Buffer.byteLength(html) < largest, `${name} in ${locale}: ${Buffer.byteLength(html)} bytes`)
  }
})

test('A-28: every M-row and F-row has a help page of its own address, and every page has words in every language', () => {
  const rows = [
    ...Array.from({ length: 40 }, (_, index) => `M-${String(index + 1).padStart(2, '0')}`),
    ...Array.from({ length: 21 }, (_, index) => `F-${String(index + 1).padStart(2, '0')}`),
  ]
  for (const row of rows) assert.ok(helpPage(row), row)
  for (const page of helpPages) {
    assert.ok(isMessageKey(page.titleKey) && isMessageKey(page.textKey), page.id)
    const titles = new Set(locales.map(locale => translate(locale, page.titleKey)))
    assert.ok(titles.size >= 3, `${page.id} is not translated: ${[...titles].join(' / ')}`)
  }
})

test('M-03 … M-08: the how-tos lead to the pages where the thing is done', () => {
  for (const [row, target] of [['M-06', '/reset'], ['M-26', '/security-info'], ['M-07', '/changepassword'], ['M-08', '/app-passwords'], ['M-04', '/security-info']] as const) {
    assert.match(renderPage(helpAnswer(context('en'), helpPage(row)!)), new RegExp(`href="${target}"`), row)
  }
})

test('M-16, M-17 and M-23: administrators are led from the answer to the live verdict', () => {
  for (const [row, question] of [['M-16', 'D-08'], ['M-17', 'D-09'], ['M-18', 'D-09'], ['M-23', 'D-11'], ['M-21', 'D-10']] as const) {
    assert.match(renderPage(helpAnswer(context('en'), helpPage(row)!)), new RegExp(question), row)
  }
})

test('searching finds by word, by several words, by code and without regard to case or accents', () => {
  const ids = (locale: Locale, query: string) => searchHelp(locale, query).map(one => one.id)
  assert.deepEqual(ids('en', 'sspr_0014'), ['notRegistered'])
  assert.ok(ids('en', 'LOCKED').includes('locked'))
  assert.equal(ids('en', 'code arrives')[0], 'delivery')
  assert.ok(ids('da', 'last').includes('locked'), 'låst without its ring')
  assert.ok(ids('lv', 'blokets').includes('locked'), 'bloķēts without its marks')
  assert.deepEqual(ids('en', 'zebra'), [])
  assert.deepEqual(ids('en', '   '), [])
  assert.ok(ids('en', 'a '.repeat(25_000)).length > 0, 'a very long question is cut, not refused')
})

test('what was searched for is shown as text, never as markup', () => {
  const html = renderPage(helpResults(context('en'), '<script>alert(1)</script>', []))
  assert.doesNotMatch(html, /<script>alert/)
  assert.match(html, /&lt;script>/)
})
