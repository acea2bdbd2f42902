/**
 * T-01: under `private` a stranger gets the same bytes whatever the account is. Ten states of an account, every public step of
 * the pages and of /api, four languages; header names and order included. Only random values are masked.
 */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import type { Reply } from '../support/browse.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, roleIds } from '../support/people.ts'
import { locales } from '../../src/text.ts'
import { addPerson, changePolicy, minute, openReset, Visitor } from './stage.ts'

const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

describe('T-01: nothing that a stranger sees depends on the account', () => {
  let t: TestApp
  /** Names of one length, each in another state. */
  let names: Record<string, string>
  before(async () => {
    t = await makeApp()
    await openReset(t, { gates: 2 })
    const group = await addGroup(t.app, t.tenantId, 'in scope')
    await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 1, passwordResetEnabledGroupIds: [group] })
    const common = { groups: [group] }
    const all = { email: 'x@home.example', mobile: '+45 20202020', totp: seed }
    const add = async (name: string, options: object) => addPerson(t.app, t.tenantId, { name, ...common, ...all, ...options })
    await add('able', {})
    await add('bare', { email: undefined, mobile: undefined, totp: undefined })
    await add('fewm', { mobile: undefined, totp: undefined })
    await add('disa', { disabled: true })
    const dele = await add('dele', {})
    await t.app.db.updateTable('users').set({ deletedDateTime: t.clock.now() }).where('id', '=', dele.id).execute()
    await t.app.db.deleteFrom('userAliases').where('userId', '=', dele.id).execute()
    await add('outs', { groups: [] })
    await add('sync', { synced: true })
    await add('admi', { roles: [roleIds.globalAdministrator] })
    const gues = await add('gues', {})
    await t.app.db.updateTable('users').set({ userType: 'Guest', externalKind: 'partnerTenant' }).where('id', '=', gues.id).execute()
    const lock = await add('lock', {})
    await t.app.db.insertInto('signInLockouts').values({
      tenantId: t.tenantId, accountKey: 'x', place: 'unfamiliar', failures: 10, lockCount: 1, lockedUntil: t.clock.now() + 1e9, lastBad: '[]', lastFailureAt: 0, expiresAt: 1e15,
    }).execute()
    assert.ok(lock.id)
    names = Object.fromEntries(['able', 'bare', 'fewm', 'disa', 'dele', 'outs', 'sync', 'admi', 'gues', 'lock', 'none'].map(name => [name, `${name}@contoso.example`]))
  })
  after(() => t.close())

  /** Everything of an answer that a program could tell two accounts apart by, random values taken out. */
  const seen = (reply: Reply, name: string): string => {
    const headers = reply.raw.res.getHeaderNames().filter(one => one !== 'date' && one !== 'content-length')
    const values = headers.map(one => `${one}: ${mask(String(reply.headers[one]), name)}`)
    return [reply.statusCode, reply.headers['content-length'], ...values, mask(reply.payload, name)].join('\n')
  }
  const mask = (text: string, name: string): string =>
    text
      .replaceAll(name, '<name>').replaceAll(encodeURIComponent(name), '<name>')
      .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<id>')
      .replaceAll(/k1\.[\w-]{43}/g, '<token>')
      .replaceAll(/(__Host-latchkey-(?:reset|form))=[\w-]{43}/g, '$1=<secret>')
      .replaceAll(/"(expiresDateTime|blockedUntilDateTime)":"[^"]+"/g, '"$1":"<time>"')
      .replaceAll(/20\d\d[^<"]{5,30}UTC|\d{1,2}\.? \p{L}+\.? 20\d\d[^<"]{0,30}UTC/gu, '<time>')
      .replaceAll(/Max-Age=\d+|data-wait="\d+"/g, '<seconds>')

  /** A stranger who tries everything there is to try before the first gate. */
  async function walk(name: string, language: string): Promise<Record<string, string>> {
    const visitor = new Visitor(t, { language })
    const { browser } = visitor
    const all: Record<string, string> = {}
    const note = async (step: string, reply: Promise<Reply>) => {
      all[step] = seen(await reply, name)
    }
    await note('start page', browser.get(`/reset?username=${encodeURIComponent(name)}`))
    await note('start', browser.send('/reset', { username: name }))
    await note('choice', browser.get('/reset/step'))
    await note('nothing chosen', browser.send('/reset/method', {}))
    await note('a way that is not offered', browser.send('/reset/method', { method: 'securityQuestions' }))
    await note('mail', browser.send('/reset/method', { method: 'email' }))
    await t.work()
    await note('code page of mail', browser.get('/reset/prove?method=email'))
    await note('another mail too soon', browser.send('/reset/resend', { method: 'email' }))
    await note('wrong code of mail', browser.send('/reset/code', { method: 'email', code: '12345678' }))
    await note('no code', browser.send('/reset/code', { method: 'email', code: '' }))
    await note('number page', browser.get('/reset/prove?method=mobileSms&at=number'))
    await note('not a number', browser.send('/reset/number', { method: 'mobileSms', number: 'call me' }))
    await note('somebody’s number', browser.send('/reset/number', { method: 'mobileSms', number: '+45 20 20 20 20' }))
    await t.work()
    await note('code page of the text', browser.get('/reset/prove?method=mobileSms'))
    await note('wrong code of the text', browser.send('/reset/code', { method: 'mobileSms', code: '12345678' }))
    await note('page of the app', browser.get('/reset/prove?method=code'))
    await t.clock.advance(2100)
    await note('wrong code of the app', browser.send('/reset/code', { method: 'code', code: '123456' }))
    await note('a password at once', browser.send('/reset/password', { newPassword: 'Brand-new Kelp 42', confirmPassword: 'Brand-new Kelp 42' }))
    await note('an unlock at once', browser.send('/reset/unlock'))
    await note('an intent', browser.send('/reset/intent', { intent: 'unlock' }))
    await note('asking the administrators', browser.send('/reset/contact'))
    await t.work()
    await note('asked', browser.get('/reset/asked'))
    await t.clock.advance(31_000)
    await note('another mail', browser.send('/reset/resend', { method: 'email' }))
    await t.work()
    await t.clock.advance(10 * minute)
    await note('late code', browser.send('/reset/code', { method: 'email', code: '12345678' }))
    await browser.get('/reset/step')
    await note('giving up', browser.send('/reset/cancel'))
    await note('given up', browser.get('/reset/step'))
    await viaApi(name, visitor, note)
    return all
  }

  async function viaApi(name: string, { browser }: Visitor, note: (step: string, reply: Promise<Reply>) => Promise<void>): Promise<void> {
    const begun = browser.json('POST', '/api/resets', { username: name })
    await note('api start', begun)
    const { id } = (await begun).json()
    await note('api view', browser.json('GET', `/api/resets/${id}`))
    await note('api mail', browser.json('POST', `/api/resets/${id}/challenges`, { method: 'email' }))
    await t.work()
    await note('api text', browser.json('POST', `/api/resets/${id}/challenges`, { method: 'mobileSms', number: '+4520202020' }))
    await t.work()
    await note('api wrong code', browser.json('POST', `/api/resets/${id}/answers`, { method: 'email', code: '87654321' }))
    await note('api password', browser.json('POST', `/api/resets/${id}/password`, { newPassword: 'Brand-new Kelp 42' }))
    await note('api contact', browser.json('POST', `/api/resets/${id}/contact`))
    // The last of the day: the fifth wrong proof and the pause after it.
    await note('api fifth', browser.json('POST', `/api/resets/${id}/answers`, { method: 'email', code: '87654321' }))
    await note('api paused', browser.json('POST', `/api/resets/${id}/answers`, { method: 'email', code: '87654321' }))
    await note('api paused view', browser.json('GET', `/api/resets/${id}`))
    await note('start while paused', browser.json('POST', '/api/resets', { username: name }))
  }

  for (const language of locales) {
    test(`the same bytes for eleven states of an account in ${language}`, async () => {
      // A day later, so that the pauses of the language before are over.
      await t.clock.advance(25 * 60 * minute)
      const walks: Record<string, Record<string, string>> = {}
      for (const [state, name] of Object.entries(names)) walks[state] = await walk(name, language)
      const expected = walks['none']!
      assert.ok(Object.keys(expected).length >= 35)
      for (const [state, steps] of Object.entries(walks))
        for (const [step, bytes] of Object.entries(steps)) assert.equal(bytes, expected[step], `${state}: ${step}`)
      assert.match(expected['wrong code of mail']!, /LK_CODE_WRONG/)
      assert.match(expected['start while paused']!, /BLOCKED/)
    })
  }

  test('the states are really different: the truth is kept under the support codes', async () => {
    await t.clock.advance(25 * 60 * minute)
    const kept: Record<string, string> = {}
    for (const [state, name] of Object.entries(names)) {
      const visitor = new Visitor(t)
      await visitor.start(name)
      await t.work()
      kept[state] = (await visitor.kept()).join()
    }
    assert.deepEqual(kept, {
      able: '', bare: 'SSPR_0014', fewm: 'SSPR_0014', disa: 'LK_ACCOUNT_DISABLED', dele: 'LK_ACCOUNT_UNKNOWN', outs: 'SSPR_0013', sync: 'SSPR_0010',
      admi: '', gues: 'LK_EXTERNAL', lock: '', none: 'LK_ACCOUNT_UNKNOWN',
    })
  })

  test('the comparison has eyes: under standard it tells the states apart', async () => {
    await changePolicy(t.app, t.tenantId, 'tenantSettings', { disclosure: 'standard' })
    const first = async (name: string) => {
      const visitor = new Visitor(t)
      await visitor.start(name)
      return seen(await visitor.browser.get('/reset/step'), name)
    }
    const pages = new Set(await Promise.all(Object.values(names).map(first)))
    await changePolicy(t.app, t.tenantId, 'tenantSettings', { disclosure: 'private' })
    assert.ok(pages.size >= 5, `${pages.size} different pages`)
  })
})

/** Every statement that goes to the database, those inside transactions included. */
let statements = 0
const query = pg.Client.prototype.query
pg.Client.prototype.query = function (this: unknown, ...given: unknown[]) {
  statements++
  return (query as (...all: unknown[]) => unknown).apply(this, given)
} as typeof query

describe('T-02: as much is done for nobody as for somebody', () => {
  test('what a public step leaves for the worker is not announced, so that no answer waits beside work that depends on the account', async () => {
    const t = await makeApp()
    await openReset(t)
    const visitor = new Visitor(t)
    const woken = t.app.wake.waitFor('outbox', 500)
    await visitor.start('nobody@contoso.example')
    await visitor.browser.send('/reset/method', { method: 'email' })
    await visitor.browser.send('/reset/code', { method: 'email', code: '12345678' })
    await visitor.browser.send('/reset/contact')
    assert.equal(await woken, undefined)
    assert.ok((await t.work()) >= 3, 'the work is there')
    await t.close()
  })

  test('a request before the first gate makes the same number of statements for both', async () => {
    const t = await makeApp({ engine: 'postgres' })
    await openReset(t, { gates: 2 })
    await addPerson(t.app, t.tenantId, { name: 'able', email: 'x@home.example', mobile: '+45 20202020', totp: seed })
    const counted: Record<string, number[]> = {}
    /** The step is announced to every process, this one too, which then reads the clock: not a statement of any request. */
    const advance = async (milliseconds: number) => {
      await t.clock.advance(milliseconds)
      await new Promise(resolve => setTimeout(resolve, 300))
    }
    // Twice each, and the smaller figure counts: looks and clock are read again now and then, whoever asks just then.
    for (const name of ['warm', 'able', 'none', 'able', 'none']) {
      const visitor = new Visitor(t)
      const counts: number[] = []
      const count = async (act: () => Promise<unknown>) => {
        const before = statements
        await act()
        counts.push(statements - before)
      }
      await visitor.browser.get('/reset')
      await count(() => visitor.browser.send('/reset', { username: `${name}@contoso.example` }))
      await visitor.browser.get('/reset/step')
      await count(() => visitor.browser.send('/reset/method', { method: 'email' }))
      await t.work()
      await count(() => visitor.browser.send('/reset/number', { method: 'mobileSms', number: '+45 20 20 20 20' }))
      await t.work()
      await count(() => visitor.browser.send('/reset/code', { method: 'email', code: '12345678' }))
      await advance(2100)
      await count(() => visitor.browser.send('/reset/code', { method: 'code', code: '123456' }))
      await count(() => visitor.browser.send('/reset/contact'))
      counted[name] = counts.map((count, step) => Math.min(count, counted[name]?.[step] ?? count))
      await advance(60_000)
    }
    await t.close()
    assert.deepEqual(counted['able'], counted['none'])
    assert.ok(counted['able']!.every(count => count >= 5), counted['able']!.join(' '))
  })
})
