import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { asPartOf } from '../../src/inner-request.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, foundTenant, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
let ann: Person
const origin = 'https://reset.contoso.example'

before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
  ann = await addPerson(t.app, t.tenantId, { name: 'ann', password: null })
})
after(() => t.close())

interface Answer {
  id: string
  status: number
  headers: Record<string, string>
  body?: Record<string, unknown> & { error?: { code: string; innerError: { code: string } } }
}

async function batch(requests: unknown[], who: SignedIn = gus): Promise<Map<string, Answer>> {
  const reply = await who.post('/v1.0/$batch', { requests })
  assert.equal(reply.statusCode, 200, reply.payload)
  return new Map((reply.json().responses as Answer[]).map(one => [one.id, one]))
}

test('each part is answered by itself, with its own status, headers and body', async () => {
  const answers = await batch([
    { id: '1', method: 'GET', url: `/users/${ann.id}?$select=id` },
    { id: '2', method: 'get', url: 'users/nobody@contoso.example' },
    { id: '3', method: 'PATCH', url: `/users/${ann.id}`, headers: { 'Content-Type': 'application/json' }, body: { jobTitle: 'Batched' } },
    { id: '4', method: 'GET', url: '/users/$count', headers: { ConsistencyLevel: 'eventual' } },
    { id: '5', method: 'GET', url: '/users/$count' },
    { id: '6', method: 'GET', url: '/sites/root' },
  ])
  assert.deepEqual([...answers.values()].map(one => [one.id, one.status]), [['1', 200], ['2', 404], ['3', 204], ['4', 200], ['5', 400], ['6', 501]])
  assert.equal(answers.get('1')!.body!['@odata.context'], `${origin}/v1.0/$metadata#users(id)/$entity`)
  assert.equal(answers.get('2')!.body!.error!.code, 'Request_ResourceNotFound')
  assert.equal(answers.get('3')!.body, undefined)
  assert.equal(Buffer.from(String(answers.get('4')!.body), 'base64').toString(), '2', 'what is no JSON comes in base64')
  assert.equal((await gus.get(`/v1.0/users/${ann.id}?$select=jobTitle`)).json().jobTitle, 'Batched')
})

test('a part that is refused says so in Graph’s own form, in English unless it asks for another language, whatever the tenant speaks', async () => {
  const latvian = await makeApp()
  // Before the first request: what a tenant's pages look like is kept for a while.
  await latvian.app.db.updateTable('tenants').set({ defaultLocale: 'lv' }).where('id', '=', latvian.tenantId).execute()
  const { browser } = await signedIn(latvian, await addPerson(latvian.app, latvian.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
  const parts = [
    { id: 'path', method: 'GET', url: '/userz' }, { id: 'missing', method: 'GET', url: '/users/nobody' }, { id: 'method', method: 'PUT', url: '/users' },
    { id: 'ours', method: 'GET', url: '/drives' }, { id: 'query', method: 'GET', url: '/users?$top=0' }, { id: 'after', method: 'GET', url: '/me', dependsOn: ['missing'] },
    { id: 'address', method: 'GET', url: 'https://elsewhere.example/me' }, { id: 'body', method: 'PATCH', url: '/me', body: {} }, { id: 'danish', method: 'GET', url: '/drives', headers: { 'Accept-Language': 'da' } },
  ]
  const whole = (language: string) => latvian.server.inject({
    method: 'POST', url: '/v1.0/$batch', authority: 'reset.contoso.example', payload: { requests: parts },
    headers: { 'x-latchkey': '1', 'accept-language': language, cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
  })
  const told = (await whole('*')).json().responses as (Answer & { body: { error: { message: string; innerError: Record<string, string> } } })[]
  const by = new Map(told.map(one => [one.id, one]))
  assert.match((await latvian.server.inject({ url: '/signin', authority: 'reset.contoso.example' })).payload, /<html lang="lv">/, 'where no language is asked for, pages speak the tenant’s')
  assert.deepEqual(told.map(one => [one.id, one.status, one.body.error.code]), [
    ['path', 400, 'BadRequest'], ['missing', 404, 'Request_ResourceNotFound'], ['method', 405, 'Request_BadRequest'], ['ours', 501, 'NotImplemented'], ['query', 400, 'Request_BadRequest'],
    ['after', 424, 'FailedDependency'], ['address', 400, 'BadRequest'], ['body', 400, 'BadRequest'], ['danish', 501, 'NotImplemented'],
  ])
  for (const { id, headers, body } of told) {
    assert.match(headers['content-type']!, /^application\/json/, id)
    assert.match(body.error.innerError['request-id']!, /^[0-9a-f-]{36}$/, id)
    assert.doesNotMatch(body.error.message, /[āčēģīķļņšūž]/i, id)
  }
  assert.equal(by.get('missing')!.body.error.message, "Resource 'nobody' does not exist or one of its queried reference-property objects are not present.")
  assert.equal(by.get('method')!.headers['allow'], 'GET, HEAD, POST')
  assert.notEqual(by.get('danish')!.body.error.message, by.get('ours')!.body.error.message)
  await latvian.close()
})

test('what depends on a part that failed is not carried out: 424, and whatever depends on that', async () => {
  const patch = (id: string, dependsOn: string[]) => ({ id, method: 'PATCH', url: `/users/${ann.id}`, headers: { 'content-type': 'application/json' }, body: { jobTitle: id }, dependsOn })
  const answers = await batch([{ id: 'a', method: 'GET', url: '/users/nobody' }, patch('b', ['A']), patch('c', ['b']), { id: 'd', method: 'GET', url: '/me' }])
  assert.deepEqual([...answers.values()].map(one => one.status), [404, 424, 424, 200])
  assert.equal(answers.get('b')!.body!.error!.code, 'FailedDependency')
  assert.notEqual((await gus.get(`/v1.0/users/${ann.id}?$select=jobTitle`)).json().jobTitle, 'b')
  const inOrder = await batch([patch('first', []), patch('second', ['first'])])
  assert.deepEqual([...inOrder.values()].map(one => one.status), [204, 204])
  assert.equal((await gus.get(`/v1.0/users/${ann.id}?$select=jobTitle`)).json().jobTitle, 'second')
})

test('a part has the rights of the whole and no others: no header in it says who is calling', async () => {
  const plain = await signedIn(t, ann)
  const cookie = [...gus.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const answers = await batch([
    { id: '1', method: 'DELETE', url: `/users/${gus.person.id}`, headers: { cookie, authorization: 'Bearer x' } },
    { id: '2', method: 'GET', url: '/me?$select=id', headers: { cookie, host: 'elsewhere.example', 'x-forwarded-for': '10.0.0.1' } },
  ], plain)
  assert.equal(answers.get('1')!.status, 403)
  assert.equal(answers.get('2')!.body!['id'], ann.id)
  const stranger = await t.browser().json('POST', '/v1.0/$batch', { requests: [{ id: '1', method: 'GET', url: '/me' }] })
  assert.equal(stranger.statusCode, 401)
})

test('no address leads out of Graph, to another host, or into a batch again', async () => {
  const urls = ['../api/users', '/../../dev/mailbox', '/%2e%2e/api/diagnose', 'https://elsewhere.example/v1.0/me', '//elsewhere.example/me', '/$batch', '/%24batch', '/v1.0/me', '/beta/me']
  const answers = await batch(urls.map((url, at) => ({ id: String(at), method: 'GET', url })))
  for (const [at, url] of urls.entries()) assert.equal(answers.get(String(at))!.status, 400, url)
})

test('T-63: a batch in a batch is refused in whatever spelling the router would take', async () => {
  const whole = { requests: [{ id: 'a', method: 'PATCH', url: `/users/${ann.id}`, headers: { 'content-type': 'application/json' }, body: { jobTitle: 'Nested' } }] }
  const urls = ['/$b%61tch', '/%24%62atch', '/%24b%61tc%68', '/$batch?x=1', '/x/../$b%61tch']
  const answers = await batch(urls.map((url, at) => ({ id: String(at), method: 'POST', url, headers: { 'content-type': 'application/json' }, body: whole })))
  for (const [at, url] of urls.entries()) assert.equal(answers.get(String(at))!.status, 400, url)
  assert.notEqual((await gus.get(`/v1.0/users/${ann.id}?$select=jobTitle`)).json().jobTitle, 'Nested')
})

test('T-63: more than twenty, ids that come twice, a dependency on nothing, a body without its type, a wrong verb: 400', async () => {
  const get = (id: string, more: object = {}) => ({ id, method: 'GET', url: '/me', ...more })
  for (const [requests, target] of [
    [Array.from({ length: 21 }, (_, at) => get(String(at))), 'requests'], [[], 'requests'], [[get('a'), get('A')], 'id'], [[get('a', { dependsOn: ['b'] })], 'dependsOn'],
    [[get('a', { dependsOn: ['b'] }), get('b')], 'dependsOn'], [[get('a', { dependsOn: ['a'] })], 'dependsOn'], [[get('a', { method: 'TRACE' })], 'requests.0.method'],
    [[{ id: 'a', method: 'GET' }], 'requests.0.url'], [[get('a', { more: 1 })], 'requests.0.more'],
  ] as const) {
    const reply = await gus.post('/v1.0/$batch', { requests })
    assert.equal(reply.statusCode, 400, JSON.stringify(requests).slice(0, 100))
    assert.equal(reply.json().error.details[0].target, target)
  }
  const answers = await batch([{ id: '1', method: 'PATCH', url: `/users/${ann.id}`, body: { jobTitle: 'x' } }])
  assert.equal(answers.get('1')!.status, 400)
})

test('T-43: a part with another tenant’s id is answered like one with an id that nobody has', async () => {
  const other = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
  const stranger = await addPerson(t.app, other, { name: 'ann', domain: 'fabrikam.example', password: null })
  const answers = await batch([{ id: '1', method: 'GET', url: `/users/${stranger.id}` }, { id: '2', method: 'DELETE', url: `/users/${stranger.id}` }])
  assert.deepEqual([...answers.values()].map(one => one.status), [404, 404])
})

test('addresses nobody answers: 405 with what is allowed, 501 for what Latchkey does not have, 400 for what is no part of Graph', async () => {
  const put = await gus.browser.json('PUT', '/v1.0/users', {})
  assert.deepEqual([put.statusCode, put.json().error.code, put.headers['allow']], [405, 'Request_BadRequest', 'GET, HEAD, POST'])
  for (const url of ['/v1.0/sites/root', `/v1.0/users/${ann.id}/messages`, '/beta/deviceManagement', '/v1.0/$metadata', "/v1.0/drives('x')/root"]) {
    const reply = await gus.get(url)
    assert.deepEqual([reply.statusCode, reply.json().error.code], [501, 'NotImplemented'], url)
  }
  for (const url of ['/v1.0/nothing', '/beta/userz', '/v1.0']) assert.deepEqual([(await gus.get(url)).statusCode, (await gus.get(url)).json().error.code], [400, 'BadRequest'], url)
})

test('parts belong to the address at which the whole was asked, whatever the first listener is (LD-42)', async () => {
  const listener = { origin, host: '127.0.0.1', port: 0 }
  const second = 'https://login.contoso.example:8443'
  const two = await makeApp({ config: { listeners: [listener, { ...listener, origin: second }] } })
  try {
    const una = await signedIn(two, await addPerson(two.app, two.tenantId, { name: 'una', password: null }))
    const cookie = [...una.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const ask = (host: string) => two.server.inject({ method: 'GET', url: '/v1.0/me?$select=id', headers: { host, cookie } })
    const reply = await asPartOf({ origin: second }, () => ask('login.contoso.example:8443'))
    assert.ok(reply.json()['@odata.context'].startsWith(`${second}/v1.0/`), reply.payload)
    assert.equal((await ask('login.contoso.example:8443')).statusCode, 421, 'a request of its own came in at the first')
  } finally {
    await two.close()
  }
})
