import assert from 'node:assert/strict'
import { test } from 'node:test'
import { updateTenant } from '../../src/store/tenants.ts'
import { translate } from '../../src/text.ts'
import type { Locale } from '../../src/text.ts'
import { makeApp } from '../support/make-app.ts'

test('A-25: the address decides the language before the browser, an unknown one is passed over, and without either it is the organisation’s own', async () => {
  const t = await makeApp()
  try {
    await updateTenant(t.app.db, t.tenantId, { defaultLocale: 'nb' })
    const page = async (url: string, acceptLanguage?: string) => {
      const { payload, headers } = await t.server.inject({ url, authority: 'reset.contoso.example', headers: acceptLanguage === undefined ? {} : { 'accept-language': acceptLanguage } })
      assert.equal(/<html lang="(\w+)"/.exec(payload)?.[1], headers['content-language'])
      return { language: headers['content-language'], title: /<h1>([^<]*)/.exec(payload)?.[1] }
    }
    const inLanguage = (language: Locale) => ({ language, title: translate(language, 'reset.start.title') })
    assert.deepEqual(await page('/reset?mkt=lv-LV', 'da'), inLanguage('lv'))
    assert.deepEqual(await page('/reset?mkt=xx', 'da'), inLanguage('da'))
    assert.deepEqual(await page('/reset'), inLanguage('nb'))
    assert.deepEqual(await page('/reset', 'de, fr;q=0.8'), inLanguage('nb'))
  } finally {
    await t.close()
  }
})
