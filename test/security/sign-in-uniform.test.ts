/** T-01, T-02 and LD-32 at sign-in: before the right password every account looks like one that nobody has, at every door. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { locales } from '../../src/text.ts'
import type { Reply } from '../support/browse.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, foundTenant, roleIds } from '../support/people.ts'

const hour = 3_600_000

describe('T-01: a sign-in that fails', () => {
  let t: TestApp
  const names = ['able', 'disa', 'dele', 'nopw', 'sync', 'must', 'admi', 'temp', 'gues', 'appp', 'none'].map(name => `${name}@contoso.example`)
  before(async () => {
    t = await makeApp()
    await changePolicy(t.app, t.tenantId, 'tenantSettings', { allowAppPasswords: true })
    await changePolicy(t.app, t.tenantId, 'passwordProtection', { lockoutThreshold: 5 })
    const add = (name: string, options: object = {}) => addPerson(t.app, t.tenantId, { name, ...options })
    await add('able', { email: 'x@home.example' })
    await add('disa', { disabled: true })
    const dele = await add('dele')
    await t.app.db.updateTable('users').set({ deletedDateTime: t.clock.now() }).where('id', '=', dele.id).execute()
    await t.app.db.deleteFrom('userAliases').where('userId', '=', dele.id).execute()
    await add('nopw', { password: null })
    await add('sync', { synced: true, password: null })
    await add('must', { mustChange: true })
    await add('admi', { roles: [roleIds.globalAdministrator] })
    const temp = await add('temp')
    await t.app.db.updateTable('passwords').set({ temporaryUntil: t.clock.now() - hour }).where('userId', '=', temp.id).execute()
    const gues = await add('gues')
    await t.app.db.updateTable('users').set({ userType: 'Guest', externalKind: 'partnerTenant' }).where('id', '=', gues.id).execute()
    await add('appp', { perUserMfaState: 'enforced', totp: 'JBSWY3DPEHPK3PXP' })
    await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
  })
  after(() => t.close())

  const mask = (text: string, name: string) =>
    text
      .replaceAll(name, '<name>').replaceAll(encodeURIComponent(name), '<name>').replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
      .replaceAll(/k1\.[\w-]{43}/g, '<token>').replaceAll(/(__Host-latchkey-\w+)=[\w-]{43}/g, '$1=<secret>')
  const seen = (reply: Reply, name: string) => [
    reply.statusCode, reply.headers['content-length'],
    ...reply.raw.res.getHeaderNames().filter(one => one !== 'date' && one !== 'content-length').map(one => `${one}: ${mask(String(reply.headers[one]), name)}`), mask(reply.payload, name),
  ].join('\n')

  async function walk(name: string, language: string): Promise<Record<string, string>> {
    const browser = t.browser({ language, address: '203.0.113.40' })
    const all: Record<string, string> = {}
    const note = async (step: string, reply: Promise<Reply>) => {
      all[step] = seen(await reply, name)
    }
    await browser.get('/signin')
    await note('page', browser.send('/signin', { userName: name, password: `wrong of ${name}` }))
    await note('empty password', browser.send('/signin', { userName: name, password: '' }))
    await note('very long password', browser.send('/signin', { userName: name, password: 'x'.repeat(2_000) + name }))
    await note('json', browser.json('POST', '/api/signin', { userName: name, password: `json of ${name}` }))
    await browser.get('/signin/pass')
    await note('pass page', browser.send('/signin/pass', { userName: name, temporaryAccessPass: 'ABCDEFGH' }))
    await note('pass json', browser.json('POST', '/api/signin', { userName: name, temporaryAccessPass: 'ABCDEFGH' }))
    const basic = (method: 'GET' | 'HEAD') => browser.request({ method, url: '/auth/basic', headers: { authorization: `Basic ${Buffer.from(`${name}:abcdefghijklmnop`).toString('base64')}` } })
    await note('basic', basic('GET'))
    for (let guess = 0; guess < 3; guess++) await browser.json('POST', '/api/signin', { userName: name, password: `guess ${guess} of ${name}` })
    await note('locked page', browser.send('/signin', { userName: name, password: 'one more' }))
    await note('locked json', browser.json('POST', '/api/signin', { userName: name, password: 'one more' }))
    await note('locked basic', basic('HEAD'))
    return all
  }

  for (const language of locales) {
    test(`has the same bytes for eleven states of an account in ${language}, locked or not`, async () => {
      const walks = new Map<string, Record<string, string>>()
      for (const name of names) {
        await t.clock.advance(25 * hour)
        walks.set(name, await walk(name, language))
      }
      const nobody = walks.get('none@contoso.example')!
      assert.equal(Object.keys(nobody).length, 10)
      assert.notEqual(nobody['page'], nobody['locked page'], 'the lock shows, for everybody')
      for (const [name, steps] of walks) for (const [step, bytes] of Object.entries(steps)) assert.equal(bytes, nobody[step], `${name}: ${step}`)
    })
  }

  test('the states are really different: the right password tells them apart', async () => {
    await t.clock.advance(25 * hour)
    const told = new Map<string, string>()
    for (const name of names) {
      const reply = await t.browser({ address: '203.0.113.41' }).json('POST', '/api/signin', { userName: name, password: `Gr8-${name.slice(0, 4)}-Kelp#71` })
      told.set(name.slice(0, 4), `${reply.statusCode} ${reply.json().next ?? reply.json().reasons[0].code}`)
    }
    assert.ok(new Set(told.values()).size >= 5, JSON.stringify([...told]))
  })
})
