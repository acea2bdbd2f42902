/** T-08 and T-10: what is sent where, whatever a request says; and addresses that do nothing by being opened. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { openLog } from '../../src/log.ts'
import { addPerson, openReset, Visitor } from './stage.ts'

const strange: unknown[] = [
  [], {}, null, 0, true, ['ann@contoso.example'], ['ann@contoso.example', 'eve@evil.example'], { $ne: '' }, { toString: 'x' }, 'ann@contoso.example,eve@evil.example',
  'ann@contoso.example;eve@evil.example', 'ann@contoso.example\neve@evil.example', 'ann@contoso.example\r\nBcc: eve@evil.example', 'ann@contoso.example\u0000eve@evil.example',
  'ann+eve@contoso.example', 'ann@contoso.example eve@evil.example', '"ann@contoso.example"@evil.example', 'ann@contoso.example@evil.example', ' '.repeat(900), 'x'.repeat(990),
  '\uD800', '__proto__', '../../etc/passwd', '${7*7}', "' or 1=1 --",
]

describe('T-08: a request never says where a code goes', () => {
  let t: TestApp
  const lines: string[] = []
  before(async () => {
    t = await makeApp({ log: openLog('info', { write: (line: string) => void lines.push(line) }) })
    await openReset(t)
    await addPerson(t.app, t.tenantId, { name: 'ann', email: 'Ann.Private@Home.example', mobile: '+45 60606060' })
    await addPerson(t.app, t.tenantId, { name: 'kilian', email: 'kilian@home.example' })
  })
  after(() => t.close())

  test('whatever stands in the fields, only stored addresses get mail, byte as stored', async () => {
    for (const value of strange) {
      const visitor = new Visitor(t)
      const api = await visitor.browser.json('POST', '/api/resets', { username: value })
      assert.ok(api.statusCode < 500, `${JSON.stringify(value)}: ${api.statusCode} ${api.payload}`)
      if (typeof value === 'string') {
        const page = await visitor.start(value)
        assert.ok(page.statusCode < 500, `${JSON.stringify(value)}: ${page.statusCode}`)
        await visitor.choose('email')
      }
      await visitor.start('ann@contoso.example')
      const { id } = (await visitor.browser.json('POST', '/api/resets', { username: 'ann@contoso.example' })).json()
      for (const body of [{ method: value }, { method: 'email', number: value }, { method: 'mobileSms', number: value }, { method: 'email', to: value }, { method: 'email', destination: value, email: value }])
        assert.ok((await visitor.browser.json('POST', `/api/resets/${id}/challenges`, body)).statusCode < 500)
      for (const body of [{ method: 'email', code: value }, { method: 'email', code: '1', answers: value }, { method: value, code: value }])
        assert.ok((await visitor.browser.json('POST', `/api/resets/${id}/answers`, body)).statusCode < 500)
      for (const body of [{ newPassword: value }, { newPassword: 'Brand-new Kelp 42', userId: value }])
        assert.ok((await visitor.browser.json('POST', `/api/resets/${id}/password`, body)).statusCode < 500)
      await t.work()
      await t.app.db.deleteFrom('limits').where('tenantId', '=', t.tenantId).execute()
    }
    assert.ok(t.mail.length > 0)
    assert.deepEqual([...new Set(t.mail.map(mail => mail.to))], ['Ann.Private@Home.example'])
    assert.deepEqual(t.texts, [])
  })

  test('a field given twice is refused, in forms, queries and JSON', async () => {
    const { browser } = new Visitor(t)
    await browser.get('/reset')
    const token = browser.formToken()
    const twice = await browser.request({
      method: 'POST', url: '/reset', payload: `_csrf=${token}&username=ann%40contoso.example&username=eve%40evil.example`,
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://reset.contoso.example' },
    })
    assert.equal(twice.statusCode, 400)
    const json = await browser.request({
      method: 'POST', url: '/api/resets', payload: '{"username":"ann@contoso.example","username":"eve@evil.example"}',
      headers: { 'content-type': 'application/json', 'x-latchkey': '1', origin: 'https://reset.contoso.example' },
    })
    assert.equal(json.statusCode, 400)
  })

  test('letters that look alike lead to the stored address of whoever really has the name, or to nobody', async () => {
    await t.app.db.deleteFrom('limits').where('tenantId', '=', t.tenantId).execute()
    t.mail.length = 0
    for (const name of ['\u212Ailian@contoso.example', 'K\u0130l\u0131an@contoso.example', 'ki\u017Fian@contoso.example', '\uFF4Bilian@contoso.example']) {
      const visitor = new Visitor(t)
      await visitor.start(name)
      await visitor.choose('email')
      await t.clock.advance(31_000)
    }
    assert.ok(t.mail.every(mail => mail.to === 'kilian@home.example'))
  })

  test('T-10: opening an address changes nothing, and no log line holds a name, a code or a handle', async () => {
    await t.app.db.deleteFrom('limits').where('tenantId', '=', t.tenantId).execute()
    const visitor = new Visitor(t)
    await visitor.start('ann@contoso.example')
    await visitor.choose('email')
    const code = visitor.mailed('Ann.Private@Home.example')
    const cookie = visitor.browser.cookies.get('__Host-latchkey-reset')!
    const rows = async () => JSON.stringify([await t.app.db.selectFrom('resets').select(['id', 'state', 'version']).execute(), await t.app.db.selectFrom('challenges').select(['id', 'triesLeft', 'consumedAt']).execute()])
    const before = await rows()
    for (const url of ['/reset', '/reset/step', '/reset/prove?method=email', `/reset/prove?method=email&code=${code}`, `/reset/code?code=${code}`, '/reset/password', '/reset/cancel', '/reset/contact', '/reset/asked'])
      for (const method of ['GET', 'HEAD', 'GET'] as const) {
        const scanner = t.browser({ address: '198.51.100.7' })
        await scanner.request({ method, url })
        await visitor.browser.request({ method, url })
      }
    assert.equal(await rows(), before)
    const log = lines.join('\n')
    for (const secret of [code, `${code.slice(0, 4)} ${code.slice(4)}`, cookie, 'ann@contoso.example', 'Ann.Private']) assert.ok(!log.includes(secret), `the log holds ${secret}`)
    assert.ok(lines.length > 50)
  })

  test('T-78: a password typed into the name field stands nowhere in clear', async () => {
    const visitor = new Visitor(t)
    await visitor.start('Typed-by-mistake 4711')
    await visitor.choose('email')
    await visitor.enter('email', '12345678')
    const everything = JSON.stringify([
      await t.app.db.selectFrom('resets').selectAll().execute(), await t.app.db.selectFrom('audit').selectAll().execute(), await t.app.db.selectFrom('outbox').selectAll().execute(),
      await t.app.db.selectFrom('limits').selectAll().execute(), await t.app.db.selectFrom('usageEvents').selectAll().execute(),
    ])
    assert.ok(!everything.includes('Typed-by-mistake') && !lines.join('').includes('Typed-by-mistake'))
  })
})
