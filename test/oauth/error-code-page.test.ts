import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { tokenErrors } from '../../src/oauth/errors.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { ask, authority } from '../support/oauth.ts'

describe('the page that says what a code means', () => {
  let t: TestApp
  before(async () => {
    t = await makeApp()
  })
  after(() => t.close())
  const page = (url: string, language = 'en') => t.server.inject({ url, authority, headers: { 'accept-language': language } })

  test('is where an error says it is', async () => {
    const { body } = await ask(t, { appId: '11111111-2222-3333-4444-555555555555', secret: 'x' })
    const { pathname, search } = new URL(body['error_uri'] as string)
    const reply = await page(pathname + search)
    assert.equal(reply.statusCode, 200)
    assert.match(reply.body, /What AADSTS700016 means.*unauthorized_client \(400\).*The application with identifier/s)
  })

  test('knows every code, in four languages, and shows no places where values were', async () => {
    for (const code of Object.keys(tokenErrors)) {
      const { statusCode, body } = await page(`/error?code=${code}`)
      assert.equal(statusCode, 200, code)
      assert.ok(body.includes(`AADSTS${code}`), code)
      assert.doesNotMatch(body.replace(/<script[^]*?<\/script>/g, ''), /\{[a-z]+\}/i, code)
    }
    for (const [language, words] of [['da', 'betyder'], ['nb', 'betyr'], ['lv', 'nozīmē']] as const) assert.ok((await page('/error?code=70011', language)).body.includes(words), language)
  })

  test('shows nothing of an address but a code there is', async () => {
    for (const code of ['1', '', 'toString', '__proto__', '<b>x</b>']) {
      const { statusCode, body } = await page(`/error?code=${encodeURIComponent(code)}`)
      assert.equal(statusCode, 200, code)
      assert.match(body, /gives no answer of that number/)
      assert.doesNotMatch(body, /<b>|<h1[^>]*>[^<]*(toString|__proto__)/, code)
    }
    assert.equal((await page(`/error?code=${'9'.repeat(11)}`)).statusCode, 400)
  })
})
