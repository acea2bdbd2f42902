import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { TestApp } from './support/make-app.ts'
import { makeApp } from './support/make-app.ts'

let house: TestApp
let routes: TestApp['routes']

before(async () => {
  house = await makeApp()
  routes = house.routes
})
after(() => house.close())

/** A path that matches the route's pattern. */
const concrete = (url: string) => url.replace(/:[^/]+/g, 'x').replace(/\*/g, 'x')
const ask = (method: string, url: string, headers: Record<string, string> = {}, payload?: string) =>
  house.server.inject({ method: method as 'GET', url, authority: 'reset.contoso.example', headers, ...(payload === undefined ? {} : { payload }) })

test('every route says who may call it and in whose voice it answers (T-83)', () => {
  assert.ok(routes.length > 50, `only ${routes.length} routes`)
  for (const route of routes) {
    assert.ok(route.access, `${route.method} ${route.url}`)
    assert.ok(['page', 'api', 'graph', 'oauth', 'plain'].includes(route.surface), `${route.method} ${route.url}`)
  }
})

test('whoever is not signed in gets past no route that asks for it (T-15, T-83)', async () => {
  for (const route of routes) {
    if (typeof route.access === 'string' && ['public', 'recovery', 'basic', 'development'].includes(route.access)) continue
    const reply = await ask(route.method, concrete(route.url), { 'x-latchkey': '1' })
    const expected = route.surface === 'page' ? [303] : [401]
    assert.ok(expected.includes(reply.statusCode), `${route.method} ${route.url} answered ${reply.statusCode}`)
    if (route.surface === 'page') assert.match(String(reply.headers.location), /^\/signin\?continue=/)
  }
})

test('every answer carries the headers that keep a browser safe, errors included (T-32, T-35, T-38)', async () => {
  for (const url of ['/signin', '/reset', '/help', '/nowhere', '/v1.0/me', '/api/nowhere', '/livez', '/security-info']) {
    const { headers } = await ask('GET', url)
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'.*require-trusted-types-for 'script'/, url)
    assert.equal(headers['x-frame-options'], 'DENY', url)
    assert.equal(headers['x-content-type-options'], 'nosniff', url)
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin', url)
    assert.equal(headers['referrer-policy'], 'no-referrer', url)
    assert.equal(headers['cache-control'], 'no-store', url)
    assert.match(String(headers['strict-transport-security']), /max-age=31536000/, url)
    for (const tell of ['server', 'x-powered-by']) assert.equal(headers[tell], undefined, `${url} names ${tell} (T-72)`)
  }
})

test('a Host that is not ours is answered 421, whatever else the request says (T-09)', async () => {
  for (const authority of ['evil.example', 'reset.contoso.example:8443', 'reset.contoso.example.evil.example', 'localhost'])
    assert.equal((await house.server.inject({ method: 'GET', url: '/signin', authority })).statusCode, 421, authority)
  const forwarded = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', forwarded: 'host=evil.example' }
  const reply = await ask('GET', '/signin', forwarded)
  assert.equal(reply.statusCode, 200)
  assert.doesNotMatch(reply.payload, /evil\.example/)
})

test('no answer allows another origin to read it (T-36)', async () => {
  for (const url of ['/signin', '/v1.0/me', '/api/openapi.json']) {
    const reply = await ask('GET', url, { origin: 'https://evil.example' })
    for (const name of Object.keys(reply.headers)) assert.doesNotMatch(name, /^access-control-/, url)
    assert.notEqual((await ask('OPTIONS', url, { origin: 'https://evil.example', 'access-control-request-method': 'POST' })).statusCode, 204)
  }
})

test('a form from elsewhere changes nothing: other origin, opaque origin, other site, no token, a token of another browser (T-31)', async () => {
  const victim = house.browser()
  await victim.get('/signin')
  const token = victim.formToken()
  const other = house.browser()
  await other.get('/signin')
  const form = (csrf: string) => new URLSearchParams({ _csrf: csrf, userName: 'a@contoso.example', password: 'x' }).toString()
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const own = 'https://reset.contoso.example'
  const attempts: [string, Record<string, string>, string][] = [
    ['another origin', { ...type, origin: 'https://evil.example' }, form(token)],
    ['an opaque origin', { ...type, origin: 'null' }, form(token)],
    ['another site', { ...type, 'sec-fetch-site': 'cross-site' }, form(token)],
    ['a sibling', { ...type, 'sec-fetch-site': 'same-site' }, form(token)],
    ['no token', { ...type, origin: own }, 'userPrincipalName=a%40contoso.example&password=x'],
    ['an empty token', { ...type, origin: own }, form('')],
    ['a token of another browser', { ...type, origin: own }, form(other.formToken())],
  ]
  for (const [what, headers, payload] of attempts) assert.equal((await victim.request({ method: 'POST', url: '/signin', headers, payload })).statusCode, 403, what)
})

test('JSON sent with a cookie needs the header that no form can set (T-31)', async () => {
  const victim = house.browser()
  await victim.get('/signin')
  const body = '{"userName":"a@contoso.example","password":"x"}'
  const bare = await victim.request({ method: 'POST', url: '/api/signin', headers: { 'content-type': 'application/json' }, payload: body })
  assert.equal(bare.statusCode, 403)
  const simple = await victim.request({ method: 'POST', url: '/api/signin', headers: { 'content-type': 'text/plain' }, payload: body })
  assert.equal(simple.statusCode, 415)
})

test('one byte beyond a limit is refused with the status that says which limit (T-63)', async () => {
  const json = { 'content-type': 'application/json', 'x-latchkey': '1' }
  const big = await ask('POST', '/api/signin', json, JSON.stringify({ userName: 'a'.repeat(17_000), password: 'x' }))
  assert.equal(big.statusCode, 413)
  const zipped = await ask('POST', '/api/signin', { ...json, 'content-encoding': 'gzip' }, '{}')
  assert.equal(zipped.statusCode, 415)
  const deep = await ask('POST', '/api/signin', json, '['.repeat(21) + ']'.repeat(21))
  assert.equal(deep.statusCode, 400)
  const twice = await ask('POST', '/api/signin', json, '{"userName":"a@x","userName":"b@y","password":"x"}')
  assert.equal(twice.statusCode, 400)
  assert.equal(twice.json().field, 'userName')
})

test('what matches no route is a refusal in the voice of its surface, with a correlation id', async () => {
  const page = await ask('GET', '/nowhere', { 'accept-language': 'lv' })
  assert.equal(page.statusCode, 404)
  assert.match(page.payload, /<html lang="lv">/)
  assert.ok(page.payload.includes(String(page.headers['x-correlation-id'])))
  assert.equal((await ask('GET', '/api/nowhere')).json().reasons[0].code, 'LK_NOT_FOUND')
  assert.equal((await ask('GET', '/v1.0/nowhere')).json().error.innerError.code, 'LK_SEGMENT_UNKNOWN')
  for (const broken of ['/%zz', '/signin/%E0%A4%A', '/v1.0/users/%']) {
    const reply = await ask('GET', broken)
    assert.ok(reply.statusCode >= 400 && reply.statusCode < 500, `${broken} answered ${reply.statusCode}`)
  }
})

test('an address of the token service or beside Graph that takes other methods says which, as JSON', async () => {
  const at = `/${house.tenantId}`
  for (const [method, url, allow] of [
    ['PUT', `${at}/oauth2/v2.0/token`, 'POST, GET, HEAD'], ['OPTIONS', `${at}/oauth2/token?x=1`, 'POST, GET, HEAD'], ['GET', `${at}/oauth2/v2.0/devicecode`, 'POST'],
    ['DELETE', `${at}/discovery/v2.0/keys`, 'GET, HEAD'], ['PUT', `${at}/.WELL-KNOWN/openid-configuration`, 'GET, HEAD'], ['PATCH', '/common/userrealm/ann@contoso.example', 'GET, HEAD'],
  ] as const) {
    const reply = await ask(method, url)
    assert.deepEqual([reply.statusCode, reply.headers.allow, reply.json().error_codes], [405, allow, [900561]], `${method} ${url}`)
    assert.ok(reply.json().error_description.includes(`only accepts ${allow} requests. Received a ${method} request.`), reply.payload)
  }
  for (const [method, url, allow] of [['DELETE', '/oidc/userinfo', 'GET, HEAD, POST'], ['PUT', '/arm/tenants', 'GET, HEAD']] as const) {
    const reply = await ask(method, url)
    assert.deepEqual([reply.statusCode, reply.headers.allow, reply.json().error.code], [405, allow, 'Request_BadRequest'], `${method} ${url}`)
  }
  assert.equal((await ask('POST', `${at}/oauth2/v2.0/tokens`)).json().error_codes[0], 9002313)
  assert.equal((await ask('GET', '/oidc/nothing')).json().error.code, 'Request_ResourceNotFound')
})

test('the OpenAPI document holds every route for programs, and who may call it', async () => {
  const document = (await ask('GET', '/api/openapi.json')).json() as { paths: Record<string, Record<string, { 'x-access'?: unknown }>> }
  for (const route of routes.filter(one => (one.surface === 'api' || one.surface === 'graph') && one.method !== 'HEAD' && !one.url.endsWith('openapi.json'))) {
    const path = route.url.replace(/:([^/()]+)/g, '{$1}')
    const operation = document.paths[path]?.[route.method.toLowerCase()]
    assert.ok(operation, `${route.method} ${path} is not in the document`)
    assert.deepEqual(operation['x-access'], route.access)
  }
})
