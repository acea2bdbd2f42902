import assert from 'node:assert/strict'
import test, { after, afterEach, before } from 'node:test'
import { makeApp, type TestApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import { signedIn, type SignedIn } from '../support/signed-in.ts'

const origin = 'http://localhost:8080'
let made: TestApp
let gus: SignedIn

before(async () => {
  made = await makeApp({ config: { mode: 'development', publicOrigin: origin, listeners: [{ origin, host: '127.0.0.1', port: 8080 }] } })
  gus = await signedIn(made, await addPerson(made.app, made.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] }))
})
after(() => made.close())

const call = (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) =>
  made.server.inject({ method, url, headers: { host: 'localhost:8080', accept: 'application/json' }, ...(payload === undefined ? {} : { payload }) })
const order = async (...orders: object[]) => {
  const answer = await call('POST', '/dev/faults', orders)
  assert.equal(answer.statusCode, 201, answer.body)
}
afterEach(async () => assert.equal((await call('DELETE', '/dev/faults')).statusCode, 204))

test('the next calls of Graph fail as ordered, in Graph’s own voice, and the one after them works', async () => {
  await order({ on: 'graph', times: 2, status: 429, retryAfter: 3 })
  for (const _ of [1, 2]) {
    const refused = await gus.get('/v1.0/me')
    assert.equal(refused.statusCode, 429)
    assert.equal(refused.headers['retry-after'], '3')
    assert.equal(refused.json<{ error: { code: string } }>().error.code, 'TooManyRequests')
  }
  assert.equal((await gus.get('/v1.0/me')).statusCode, 200)
})

test('a fault waits for the calls it was ordered for', async () => {
  await order({ on: 'graph', method: 'get', path: '/v1.0/users', status: 503 })
  assert.equal((await gus.get('/v1.0/me')).statusCode, 200)
  assert.equal((await gus.get('/V1.0/Users')).statusCode, 503)
  assert.equal((await gus.get('/v1.0/users')).statusCode, 200)
})

test('what was just made is not seen for a while, by its id or in a list', async () => {
  await order({ on: 'graph', consistency: 'PT10M' })
  const added = await gus.post('/v1.0/users', {
    displayName: 'Late', userPrincipalName: 'late@contoso.example', mailNickname: 'late', accountEnabled: true, passwordProfile: { password: 'Fjord-Maple-77-Lantern' },
  })
  assert.equal(added.statusCode, 201)
  const { id } = added.json<{ id: string }>()
  const seen = async () => {
    const listed = (await gus.get('/v1.0/users?$top=999')).json<{ value: { id: string }[] }>().value.some(user => user.id === id)
    return [(await gus.get(`/v1.0/users/${id}`)).statusCode, listed]
  }
  assert.deepEqual(await seen(), [404, false])
  await call('DELETE', '/dev/faults')
  assert.deepEqual(await seen(), [200, true])
})

test('the list shows what waits, and the page as well', async () => {
  await order({ on: 'token', times: 2, aadsts: 7000222, delay: 'PT2S' }, { on: 'graph', status: 503, path: '/v1.0/groups' })
  const { faults } = (await call('GET', '/dev/faults.json')).json<{ faults: object[] }>()
  assert.deepEqual(faults, [{ on: 'token', times: 2, aadsts: 7000222, delay: 'PT2S' }, { on: 'graph', times: 1, path: '/v1.0/groups', status: 503 }])
  const browser = made.browser()
  await browser.get('/dev/faults')
  assert.match(browser.page, /7000222/)
  await browser.post('/dev/faults/clear', {})
  assert.match(browser.page, /No fault waits/)
})

const wrong: readonly [string, object, string][] = [
  ['nothing to do', { on: 'graph' }, 'aadsts, status, consistency, delay'],
  ['two things at once', { on: 'token', aadsts: 7000222, status: 503 }, 'aadsts, status, consistency, delay'],
  ['a code nobody knows', { on: 'token', aadsts: 1 }, 'aadsts'],
  ['a token’s code for Graph', { on: 'graph', aadsts: 7000222 }, 'aadsts'],
  ['a wait that is too long', { on: 'graph', delay: 'PT61S' }, 'delay'],
  ['a wait that is none', { on: 'graph', delay: '2 seconds' }, 'delay'],
  ['Retry-After beside nothing that has one', { on: 'graph', status: 500, retryAfter: 3 }, 'retryAfter'],
]
for (const [name, body, field] of wrong) {
  test(`an order of ${name} is refused by name, and none of those with it is taken`, async () => {
    const answer = await call('POST', '/dev/faults', [{ on: 'graph', status: 503 }, body])
    assert.equal(answer.statusCode, 400)
    assert.equal(answer.json<{ field: string }>().field, field)
    assert.equal((await gus.get('/v1.0/me')).statusCode, 200)
  })
}

test('the token endpoint answers the code that was ordered, for the application that asked', async () => {
  await order({ on: 'token', aadsts: 7000222 })
  const ask = () => made.server.inject({
    method: 'POST', url: `/${made.tenantId}/oauth2/v2.0/token`, headers: { host: 'localhost:8080', 'content-type': 'application/x-www-form-urlencoded' },
    payload: 'grant_type=client_credentials&client_id=6f9d0f5e-9a3b-4a0b-8d5e-0c2f4d3b2a11&client_secret=x&scope=https://graph.microsoft.com/.default',
  })
  const refused = await ask()
  assert.equal(refused.statusCode, 401)
  assert.match(refused.json<{ error_description: string }>().error_description, /^AADSTS7000222: .*6f9d0f5e/)
  assert.match((await ask()).json<{ error_description: string }>().error_description, /^AADSTS700016:/)
})
