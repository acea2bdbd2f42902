// Requests that a browser makes on behalf of another page (T-31).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { signedIn } from './support/signed-in.ts'
import { makeApp } from './support/make-app.ts'
import type { TestApp } from './support/make-app.ts'
import { addPerson } from './support/people.ts'

let t: TestApp
before(async () => {
  t = await makeApp()
})
after(() => t.close())

test('T-31: Basic credentials that a browser adds by itself excuse no cross-site request that a cookie decides', async () => {
  const ann = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'ann', password: null }))
  const elsewhere = { authorization: 'Basic YTpi', origin: 'https://intranet.contoso.example', 'sec-fetch-site': 'same-site' }
  const changing = t.routes.filter(route => route.surface === 'api' && route.method === 'POST' && !route.url.includes(':') && !route.url.startsWith('/dev'))
  assert.ok(changing.length > 10)
  for (const { url } of changing) {
    const reply = await ann.browser.request({ method: 'POST', url, headers: elsewhere })
    assert.equal(reply.statusCode, 403, url)
    assert.equal(reply.json().reasons[0].code, 'LK_CSRF', url)
  }
  assert.equal((await ann.get('/api/sessions')).statusCode, 200)
})

test('T-31: a form is no JSON, however its content type is spelled', async () => {
  for (const type of ['application/x-www-form-urlencoded', 'Application/X-WWW-Form-Urlencoded', ' application/x-www-form-urlencoded; charset=utf-8']) {
    const reply = await t.browser().request({ method: 'POST', url: '/api/signin', payload: 'userName=ann&password=b', headers: { 'content-type': type } })
    assert.equal(reply.statusCode, 415, type)
  }
})
