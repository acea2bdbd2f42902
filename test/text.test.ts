import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { chooseLocale, formatDateTime, isMessageKey, locales, matchLocale, reasonText, translate } from '../src/text.ts'

describe('the language of a page (A-25)', () => {
  it('is what the address asks for, before what the browser understands', () => {
    assert.equal(chooseLocale({ query: 'lv-LV', acceptLanguage: 'da' }), 'lv')
  })

  it('passes over a value nobody knows', () => {
    assert.equal(chooseLocale({ query: 'xx', acceptLanguage: 'da' }), 'da')
    assert.equal(chooseLocale({ query: '', cookie: '../../etc', acceptLanguage: 'xx, yy', tenantDefault: 'nb' }), 'nb')
  })

  it('is the tenant’s own where nothing is asked for, and English where the tenant has none', () => {
    assert.equal(chooseLocale({ tenantDefault: 'lv' }), 'lv')
    assert.equal(chooseLocale({}), 'en')
  })

  it('is remembered before it is guessed', () => {
    assert.equal(chooseLocale({ cookie: 'nb', acceptLanguage: 'da' }), 'nb')
    assert.equal(chooseLocale({ query: 'da', cookie: 'nb' }), 'da')
  })

  it('drops the region and knows every name of Norwegian', () => {
    for (const [tag, locale] of [['da-DK', 'da'], ['LV_lv', 'lv'], ['en-US', 'en'], ['no', 'nb'], ['nn-NO', 'nb'], ['NB', 'nb'], ['dan', undefined]] as const) {
      assert.equal(matchLocale(tag), locale, tag)
    }
  })

  it('takes the best of what the browser names', () => {
    assert.equal(chooseLocale({ acceptLanguage: 'de, lv;q=0.5, da;q=0.9, en;q=0.8' }), 'da')
    assert.equal(chooseLocale({ acceptLanguage: 'fr-FR,fr;q=0.9,nn;q=0.7' }), 'nb')
    assert.equal(chooseLocale({ acceptLanguage: 'da;q=0, lv;q=0.1' }), 'lv')
    assert.equal(chooseLocale({ acceptLanguage: 'lv, da' }), 'lv')
  })

  it('is always one of ours, whatever a stranger sends', () => {
    const text = fc.option(fc.string({ unit: 'binary', maxLength: 300 }), { nil: undefined })
    fc.assert(fc.property(text, text, text, text, (query, cookie, acceptLanguage, tenantDefault) => {
      assert.ok(locales.includes(chooseLocale({ query, cookie, acceptLanguage, tenantDefault })))
    }))
  })
})

describe('sentences', () => {
  it('fill in values as they are: no tag, no second message inside', () => {
    const text = translate('en', 'field.required', { field: '<b>{count}</b> ’quoted’' })
    assert.equal(text, 'Fill in “<b>{count}</b> ’quoted’”.')
  })

  it('have the three plural forms of Latvian', () => {
    const things = (count: number) => translate('lv', 'page.errors', { count })
    assert.equal(things(1), '1 lietai jāpievērš uzmanība')
    assert.equal(things(21), '21 lietai jāpievērš uzmanība')
    assert.equal(things(2), '2 lietām jāpievērš uzmanība')
    const most = (max: number) => translate('lv', 'field.tooLong', { field: 'X', max })
    assert.match(most(1), / 1 rakstzīme\./)
    assert.match(most(2), / 2 rakstzīmes\./)
    assert.match(most(11), / 11 rakstzīmes\./)
    assert.match(most(101), / 101 rakstzīme\./)
  })

  it('throw when a value is missing, for that is our own mistake', () => {
    assert.throws(() => translate('en', 'field.required'))
  })

  it('of a reason never throw: an unknown code shows itself, a missing value an ellipsis', () => {
    assert.equal(reasonText('da', { code: 'NOT_A_REASON' }), 'NOT_A_REASON')
    for (const locale of locales) {
      assert.match(reasonText(locale, { code: 'LK_PASSWORD_TOO_SHORT' }), /…/)
      assert.doesNotMatch(reasonText(locale, { code: 'LK_PASSWORD_TOO_SHORT' }), /\d|NaN|NS/)
    }
    assert.doesNotThrow(() => reasonText('lv', { code: '__proto__' }))
  })

  it('are known by their key only', () => {
    assert.equal(isMessageKey('page.skip'), true)
    assert.equal(isMessageKey('toString'), false)
  })

  it('write a moment as the language does', () => {
    assert.equal(formatDateTime('en', Date.UTC(2026, 10, 21, 3, 43)), '21 Nov 2026, 03:43 UTC')
    assert.match(formatDateTime('lv', Date.UTC(2026, 10, 21, 3, 43)), /2026\. gada 21\. nov/)
  })
})
