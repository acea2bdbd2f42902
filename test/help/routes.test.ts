import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { changePolicy } from '../support/people.ts'

let t: TestApp
before(async () => {
  t = await makeApp()
})
after(() => t.close())

test('M-30: help is there for everybody, without signing in, in the reader’s language', async () => {
  for (const [language, word] of [['en', 'Something went wrong'], ['da', 'Noget gik galt'], ['nb', 'Noe gikk galt'], ['lv', 'Kaut kas neizdevās']] as const) {
    const reply = await t.browser({ language }).get('/help')
    assert.equal(reply.statusCode, 200)
    assert.match(reply.payload, new RegExp(word))
    assert.match(reply.payload, new RegExp(`<html lang="${language}"`))
  }
})

test('M-09: a refusal leads to the paragraph of its code, and the code has a page of its own', async () => {
  const browser = t.browser()
  assert.match((await browser.get('/help')).payload, /id="SSPR_0014"/)
  const page = await browser.get('/help/sspr_0014')
  assert.equal(page.statusCode, 200)
  assert.match(page.payload, /SSPR_0014/)
  assert.match(page.payload, /\/security-info/)
})

test('codes meant for administrators and addresses nobody made are 404', async () => {
  for (const id of ['ROLE_TOO_LOW', 'LK_ACCOUNT_UNKNOWN', 'nothing', '__proto__', 'constructor']) assert.equal((await t.browser().get(`/help/${id}`)).statusCode, 404, id)
})

test('searching is a plain GET', async () => {
  const found = await t.browser({ language: 'en' }).get('/help?q=code+arrives')
  assert.match(found.payload, /The code never arrives/)
  assert.match((await t.browser().get('/help?q=zebra')).payload, /zebra/)
})

test('M-28: ideas go where the tenant says, and only to a web address', async () => {
  await changePolicy(t.app, t.tenantId, 'tenantSettings', { feedbackUrl: 'https://ideas.contoso.example/' })
  assert.match((await t.browser().get('/help')).payload, /href="https:\/\/ideas\.contoso\.example\/"/)
  await changePolicy(t.app, t.tenantId, 'tenantSettings', { feedbackUrl: 'javascript:alert(1)' })
  assert.doesNotMatch((await t.browser().get('/help')).payload, /javascript:/)
})
