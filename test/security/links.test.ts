/** T-09: whatever a request says about its host, every address in every message begins with the configured origin. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { listen } from '../../src/listen.ts'
import type { Listening } from '../../src/listen.ts'
import { openReset } from '../reset/stage.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'

const publicOrigin = 'https://reset.contoso.example'
const lies: Record<string, string>[] = [
  { 'x-forwarded-host': 'evil.example' }, { 'x-forwarded-proto': 'http' }, { 'x-forwarded-port': '8443' }, { forwarded: 'host=evil.example;proto=http' },
  { 'x-original-host': 'evil.example' }, { 'x-host': 'evil.example' }, { 'x-original-url': '/evil' }, { 'x-rewrite-url': 'https://evil.example/' }, { 'x-forwarded-server': 'evil.example' },
]

describe('T-09: links', () => {
  let t: TestApp
  let socket: Listening
  let origin: string
  let ann: Person
  before(async () => {
    const probe = createServer()
    await new Promise<void>(done => probe.listen(0, '127.0.0.1', done))
    const { port } = probe.address() as AddressInfo
    await new Promise(done => probe.close(done))
    origin = `http://localhost:${port}`
    const listener = { origin, host: '127.0.0.1', port }
    t = await makeApp({ config: { publicOrigin, listeners: [listener] } })
    socket = await listen(t.server, listener)
    await openReset(t)
    await changePolicy(t.app, t.tenantId, 'tenantSettings', { allowAppPasswords: true })
    ann = await addPerson(t.app, t.tenantId, { name: 'ann', email: 'ann@home.example', perUserMfaState: 'enabled' })
    await addPerson(t.app, t.tenantId, { name: 'hal', mail: 'hal@contoso.example', roles: [roleIds.helpdeskAdministrator] })
  })
  after(async () => {
    await socket.close()
    await t.close()
  })

  const addresses = (text: string) => [...text.matchAll(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>)]+/gi)].map(match => match[0])

  test('in every message that a lying request causes begin with the configured origin, by whichever door it came', async () => {
    let sent = 0
    for (const lie of lies) {
      await t.app.db.deleteFrom('limits').execute()
      await t.app.db.deleteFrom('signInLockouts').execute()
      const from = t.mail.length
      const browser = t.browser({ address: `10.9.${sent}.1` })
      const lying = (method: 'GET' | 'POST', url: string, fields?: Record<string, string>) => browser.request({
        method, url, headers: { ...lie, ...(fields ? { 'content-type': 'application/x-www-form-urlencoded', origin } : {}) },
        ...(fields ? { payload: new URLSearchParams({ _csrf: browser.formToken(), ...fields }).toString() } : {}),
      })
      const open = async (url: string) => {
        browser.page = (await lying('GET', url)).payload
      }
      // A code, a call for help, a lock by guessing, and the same by JSON.
      await open('/reset')
      const begun = await lying('POST', '/reset', { username: ann.userPrincipalName })
      assert.ok(!String(begun.headers.location).includes('evil') && begun.statusCode === 303, begun.payload)
      await open('/reset/step')
      await lying('POST', '/reset/method', { method: 'email' })
      await lying('POST', '/reset/contact', {})
      await open('/signin')
      for (let guess = 0; guess < 11; guess++) await lying('POST', '/signin', { userName: ann.userPrincipalName, password: `guess ${guess}` })
      const json = { 'content-type': 'application/json', 'x-latchkey': '1', ...lie }
      const other = t.browser({ address: `10.8.${sent}.1` })
      const started = await other.request({ method: 'POST', url: '/api/resets', headers: json, payload: JSON.stringify({ username: ann.userPrincipalName }) })
      await other.request({ method: 'POST', url: `/api/resets/${started.json().id}/challenges`, headers: json, payload: '{"method":"email"}' })
      await t.work()
      const news = t.mail.slice(from)
      assert.ok(news.length >= 2, `${JSON.stringify(lie)}: ${news.map(one => one.name).join()}`)
      sent += news.length
      for (const mail of news) {
        for (const address of addresses(`${mail.subject}\n${mail.text}\n${mail.html}`)) assert.ok(address.startsWith(`${publicOrigin}/`) || address === publicOrigin || address.startsWith('http://www.w3.org/'), `${mail.name}: ${address}`)
        assert.doesNotMatch(`${mail.subject}${mail.text}${mail.html}`, /evil/)
      }
      await t.clock.advance(25 * 3_600_000)
    }
    assert.ok(t.mail.some(mail => addresses(mail.text).length > 0), 'some message has a link, or this could not fail')
  })

  test('are not written at all for a request by another name: absolute form, two hosts, another host are 421 and cause nothing', async () => {
    await t.work()
    const before = [t.mail.length, (await t.app.db.selectFrom('resets').select('id').execute()).length]
    const body = JSON.stringify({ username: ann.userPrincipalName })
    const host = new URL(origin).host
    const rest = `content-type: application/json\r\nx-latchkey: 1\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`
    for (const head of [
      `POST http://evil.example/api/resets HTTP/1.1\r\nhost: ${host}\r\n`, `POST /api/resets HTTP/1.1\r\nhost: evil.example\r\n`, `POST /api/resets HTTP/1.1\r\nhost: ${host}\r\nhost: evil.example\r\n`,
      `POST /api/resets HTTP/1.1\r\nhost: ${host}.evil.example\r\n`, `POST /api/resets HTTP/1.1\r\nhost: evil.example@${host}\r\n`, `POST /api/resets HTTP/1.0\r\n`,
    ]) assert.match(await raw(new URL(origin).port, head + rest), /^HTTP\/1\.1 4(21|00)/, head)
    await t.work()
    assert.deepEqual([t.mail.length, (await t.app.db.selectFrom('resets').select('id').execute()).length], before)
  })
})

/** One request as it is written here, and all of the answer. */
function raw(port: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text))
    socket.on('data', data => (answer += String(data)))
    socket.on('end', () => resolve(answer))
    socket.on('error', reject)
  })
}
