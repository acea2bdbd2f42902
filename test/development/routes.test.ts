import assert from 'node:assert/strict'
import test, { after, before } from 'node:test'
import { openMailbox } from '../../src/notify/folder.ts'
import { makeApp, type TestApp } from '../support/make-app.ts'

const origin = 'http://localhost:8080'
let made: TestApp

before(async () => {
  made = await makeApp({ config: { mode: 'development', publicOrigin: origin, listeners: [{ origin, host: '127.0.0.1', port: 8080 }] } })
  const { mail, sms } = openMailbox(made.app.config.dataDir)
  const common = { name: 'code' as never, locale: 'en' as const, from: { name: 'Contoso', address: 'no-reply@contoso.example' } }
  await mail.send({ ...common, dedupeId: 'm1', at: made.app.now(), to: 'Ann@mail.example', subject: 'First <b>', text: 'Code 111111', html: '<p>111111</p>' })
  await mail.send({ ...common, dedupeId: 'm2', at: made.app.now(), to: 'bo@mail.example', subject: 'For Bo', text: 'Good day, 12 letters', html: '' })
  await mail.send({ ...common, dedupeId: 'm3', at: made.app.now(), to: 'ann@mail.example', subject: 'Second', text: 'Code\n\n3333 4444\n', html: '' })
  await sms.send({ dedupeId: 's1', at: made.app.now(), name: 'code' as never, locale: 'en', to: '+4520123456', text: 'Code 444444' })
})
after(() => made.close())

const get = (url: string, headers: Record<string, string> = {}) => made.server.inject({ url, headers: { host: 'localhost:8080', ...headers } })
const list = async (url: string) => (await get(url)).json<{ to: string; subject?: string; text: string; code: string | null }[]>()

test('mail is listed newest first, for one address when asked, whatever its capitals', async () => {
  assert.deepEqual((await list('/dev/mailbox.json')).map(one => one.subject), ['Second', 'For Bo', 'First <b>'])
  assert.deepEqual((await list('/dev/mailbox.json?to=ANN@mail.example')).map(one => one.text), ['Code\n\n3333 4444\n', 'Code 111111'])
  assert.deepEqual(await list('/dev/mailbox.json?to=nobody@mail.example'), [])
  assert.deepEqual((await list('/dev/mailbox.json')).map(one => one.code), ['33334444', null, '111111'])
})

test('texts are found by their number however it is written, also with the blank that + becomes in an address', async () => {
  for (const to of ['%2B4520123456', '+4520123456', '%2B45%2020123456', '4520123456']) {
    assert.deepEqual((await list(`/dev/phone.json?to=${to}`)).map(one => one.text), ['Code 444444'], to)
  }
  assert.deepEqual(await list('/dev/phone.json?to=%2B4520123457'), [])
})

test('the pages show the same, and what a message holds is text, never markup', async () => {
  const page = (await get('/dev/mailbox')).body
  assert.match(page, /First &lt;b/)
  assert.doesNotMatch(page, /First <b>/)
  assert.match((await get('/dev/phone')).body, /444444/)
})

test('callers from another machine get nothing, whatever they claim', async () => {
  for (const url of ['/dev', '/dev/mailbox', '/dev/mailbox.json', '/dev/phone.json', '/dev/clock', '/dev/clock.json']) {
    const answer = await made.server.inject({ url, remoteAddress: '10.0.0.9', headers: { host: 'localhost:8080', 'x-forwarded-for': '127.0.0.1' } })
    assert.equal(answer.statusCode, 404, url)
  }
  const clock = await made.server.inject({ method: 'POST', url: '/dev/clock', remoteAddress: '10.0.0.9', headers: { host: 'localhost:8080' }, payload: { advance: 'PT1H' } })
  assert.equal(clock.statusCode, 404)
})

test("the clock's form moves it, says what it cannot read, and takes it back", async () => {
  const browser = made.browser()
  const before = made.app.now()
  await browser.get('/dev/clock')
  await browser.post('/dev/clock/move', { by: 'PT2H' })
  assert.ok(made.app.now() - before >= 2 * 3_600_000)
  assert.match(browser.page, /\+0 d 2 h 0 min/)
  const wrong = await browser.post('/dev/clock/move', { by: 'two hours' })
  assert.equal(wrong.statusCode, 422)
  assert.match(wrong.payload, /value="two hours"/)
  await browser.post('/dev/clock/move')
  assert.equal(made.store.clock.offset(), 0)
})

test('in production none of it exists', async () => {
  const production = await makeApp()
  try {
    for (const url of ['/dev', '/dev/mailbox.json', '/dev/clock.json']) {
      assert.equal((await production.server.inject({ url, headers: { host: 'reset.contoso.example' } })).statusCode, 404)
    }
  } finally {
    await production.close()
  }
})
