/** What holds for every route of the house, asked of the inventory, so that a new route cannot be forgotten (T-83). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'

const own = 'https://reset.contoso.example'
const concrete = (url: string) => url.replace(/:kind/g, 'email').replace(/:[^/]+/g, 'x').replace(/\*/g, 'x')
const unsafe = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

describe('every route', () => {
  let t: TestApp
  let gus: SignedIn
  before(async () => {
    t = await makeApp()
    gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] }))
    await gus.browser.get('/account')
  })
  after(() => t.close())

  /** Everything that somebody could have changed: the rows of the audit, of sessions, of resets and of what is to be sent. */
  const state = async () => {
    const count = (table: 'audit' | 'sessions' | 'resets' | 'outbox' | 'signIns' | 'users') => t.app.db.selectFrom(table).select(eb => eb.fn.countAll().as('n')).executeTakeFirstOrThrow()
    return JSON.stringify(await Promise.all((['audit', 'sessions', 'resets', 'outbox', 'signIns', 'users'] as const).map(count)))
  }
  const ask = (method: string, url: string, headers: Record<string, string>, payload?: string) => {
    const cookie = [...gus.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return t.server.inject({ method: method as 'GET', url, authority: 'reset.contoso.example', headers: { cookie, ...headers }, ...(payload === undefined ? {} : { payload }) })
  }

  test('answers with the headers that keep a browser safe, and names no product (T-10, T-32, T-35, T-38, T-72)', async () => {
    assert.ok(t.routes.length > 100, `${t.routes.length} routes`)
    for (const route of t.routes) {
      const name = `${route.method} ${route.url}`
      const { headers } = await t.server.inject({ method: route.method as 'GET', url: concrete(route.url), authority: 'reset.contoso.example' })
      assert.match(String(headers['content-security-policy']), /^default-src 'none'.*frame-ancestors 'none'/, name)
      assert.doesNotMatch(String(headers['content-security-policy']), /unsafe|https?:|\*/, name)
      assert.equal(headers['x-frame-options'], 'DENY', name)
      assert.equal(headers['x-content-type-options'], 'nosniff', name)
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin', name)
      assert.equal(headers['cross-origin-resource-policy'], 'same-origin', name)
      assert.equal(headers['referrer-policy'], 'no-referrer', name)
      if (!route.url.startsWith('/assets/')) assert.equal(headers['cache-control'], 'no-store', name)
      for (const tell of ['server', 'x-powered-by', 'via']) assert.equal(headers[tell], undefined, name)
    }
  })

  test('lets no other origin read its answer (T-36)', async () => {
    for (const route of t.routes)
      for (const method of [route.method, 'OPTIONS']) {
        const reply = await ask(method, concrete(route.url), { origin: 'https://evil.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-latchkey' })
        const name = `${method} ${route.url}`
        // What clients read before they know anything is for everybody's scripts, and holds nothing of anybody.
        const isForAll = /^(GET|HEAD) \/:tenant\/((v2\.0\/)?\.well-known\/openid-configuration|discovery\/(v2\.0\/)?keys|discovery\/instance|userrealm\/:name)$/.test(name)
        for (const [header, value] of Object.entries(reply.headers).filter(([one]) => one.startsWith('access-control-')))
          assert.ok(isForAll && header === 'access-control-allow-origin' && value === '*', `${name}: ${header}`)
      }
  })

  test('changes nothing for a request that another site sent with our cookies (T-31)', async () => {
    const token = gus.browser.formToken()
    assert.ok(token)
    const before = await state()
    let asked = 0
    for (const route of t.routes.filter(one => unsafe.has(one.method) && one.access !== 'development')) {
      asked++
      const [url, name] = [concrete(route.url), `${route.method} ${route.url}`]
      const isPage = route.surface === 'page'
      const body = isPage ? `_csrf=${encodeURIComponent(token)}` : '{}'
      const type = isPage ? 'application/x-www-form-urlencoded' : 'application/json'
      const refused = (status: number) => status === 403 || status === 415
      const attempts: [string, Record<string, string>, string][] = [
        ['another origin', { 'content-type': type, origin: 'https://evil.example', 'x-latchkey': '1' }, body],
        ['a sandboxed frame', { 'content-type': type, origin: 'null', 'x-latchkey': '1' }, body],
        ['another site', { 'content-type': type, 'sec-fetch-site': 'cross-site', 'x-latchkey': '1' }, body],
        ['a sibling', { 'content-type': type, 'sec-fetch-site': 'same-site', origin: 'https://evil.contoso.example', 'x-latchkey': '1' }, body],
        ['a simple request', { 'content-type': 'text/plain', origin: own }, '{}'],
        [isPage ? 'no token' : 'no header of ours', { 'content-type': type, origin: own }, isPage ? 'x=1' : '{}'],
      ]
      for (const [what, headers, payload] of attempts) {
        const reply = await ask(route.method, url, headers, payload)
        assert.ok(refused(reply.statusCode), `${name} from ${what}: ${reply.statusCode}`)
      }
    }
    assert.ok(asked > 40, `${asked} routes`)
    assert.equal(await state(), before)
  })

  test('takes no other method than the one it is asked with (T-31)', async () => {
    const before = await state()
    for (const [url, headers] of [
      ['/signout?_method=POST', {}], ['/sessions/end-all?_method=POST', { 'x-http-method-override': 'POST' }], ['/api/signout', { 'x-http-method': 'POST', 'x-method-override': 'POST' }],
    ] as [string, Record<string, string>][]) await ask('GET', url, headers)
    assert.equal(await state(), before)
  })

  test('that is public or asks for HTTP Basic is one that the list below knows (T-83)', () => {
    const open = t.routes.filter(one => one.method !== 'HEAD' && (one.access === 'public' || one.access === 'basic')).map(one => `${one.method} ${one.url}`)
    const expected = [
      /^GET \/(assets\/:file|favicon\.ico|robots\.txt)?$/, /^GET \/(livez|readyz)$/, /^GET \/api\/openapi\.json$/, /^GET \/help/, /^(GET|POST) \/signin(\/pass)?$/, /^(GET|POST) \/signout$/,
      /^POST \/api\/sign(in|out)$/, /^GET \/auth\/basic$/, /^GET \/(sspr|passwordreset|ssprsetup|mfasetup|\.well-known\/change-password)/i, /^GET \/api\/help/,
      // The token service: what it wants proved is in the body (test/oauth), and its limits count clients and addresses.
      /^GET \/:tenant\/((v2\.0\/)?\.well-known\/openid-configuration|discovery\/(v2\.0\/)?keys|discovery\/instance|userrealm\/:name)$/, /^(GET|POST) \/:tenant\/oauth2\/(v2\.0\/)?token$/, /^GET \/error$/,
      // Its pages for people: whatever opens something asks for a session (test/oauth/people-*.test.ts).
      /^(GET|POST) \/:tenant\/oauth2\/(v2\.0\/)?authorize$/, /^GET \/:tenant\/(v2\.0\/)?adminconsent$/, /^POST \/:tenant\/oauth2\/(v2\.0\/)?devicecode$/,
      /^(GET|POST) \/:tenant\/oauth2\/(v2\.0\/)?logout$/,
    ]
    const unknown = open.filter(name => !expected.some(pattern => pattern.test(name)))
    assert.deepEqual(unknown, [], 'a new door to the street: it needs its limits, its place in T-01 and T-02, and a line here')
  })
})
