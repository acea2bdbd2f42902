/** More resets are begun than can be worked off (T-29). */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import { Refusal } from '../../src/refusal.ts'
import { requireRoom } from '../../src/reset/room.ts'
import { overrun } from '../../src/store/row-caps.ts'
import { signedIn } from '../security-info/signed-in.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, foundTenant } from '../support/people.ts'
import { engines, minute, openReset, Visitor } from './stage.ts'

async function withApp(engine: (typeof engines)[number], body: (t: TestApp) => Promise<void>): Promise<void> {
  const t = await makeApp({ engine })
  try {
    await openReset(t)
    await body(t)
  } finally {
    await t.close()
  }
}

async function addJobs(t: TestApp, count: number): Promise<void> {
  const now = t.app.now()
  for (let from = 0; from < count; from += 500) {
    const ids = Array.from({ length: Math.min(500, count - from) }, () => randomUUID())
    const rest = { tenantId: t.tenantId, kind: 'batch', payloadSealed: '', recipientIndex: null, createdAt: now, availableAt: now, expiresAt: now + minute, leaseUntil: null, attempts: 0, lastError: null }
    await t.app.db.insertInto('outbox').values(ids.map(id => ({ ...rest, id, dedupeId: id }))).execute()
  }
}

const isBusy = (error: unknown) => error instanceof Refusal && error.status === 503 && error.code === 'LK_BUSY' && error.retryAfter === 30

for (const engine of engines) {
  describe(`no room for more resets, on ${engine}`, () => {
    test('T-29: strangers are asked to come back, in words and with a time, whatever the name; a browser somebody has signed in with goes on, a few times', () =>
      withApp(engine, async t => {
        const ann = await addPerson(t.app, t.tenantId, { name: 'ann', email: 'ann@home.example' })
        const known = await signedIn(t, ann, { address: '10.50.1.1' })
        await addJobs(t, overrun.waitingJobs + 1)
        const told: string[] = []
        for (const name of [ann.userPrincipalName, 'nobody@contoso.example']) {
          const stranger = new Visitor(t)
          const reply = await stranger.start(name)
          assert.equal(reply.statusCode, 503)
          assert.equal(reply.headers['retry-after'], '30')
          assert.deepEqual(stranger.codes, ['LK_BUSY'])
          told.push(stranger.browser.page.replace(/[0-9a-f-]{36}/g, 'ID'))
          const json = await t.browser({ address: '10.50.2.2' }).json('POST', '/api/resets', { username: name })
          assert.deepEqual([json.statusCode, json.headers['retry-after'], json.json().reasons[0].code], [503, '30', 'LK_BUSY'])
        }
        assert.equal(told[0], told[1])
        const statuses: number[] = []
        for (let n = 0; n < 6; n++) statuses.push((await known.json('POST', '/api/resets', { username: ann.userPrincipalName })).statusCode)
        assert.deepEqual(statuses, [201, 201, 201, 201, 201, 503])
        const rows = await t.app.db.selectFrom('resets').select('id').execute()
        assert.equal(rows.length, 5, 'whoever waits leaves nothing')
        await t.app.db.deleteFrom('outbox').execute()
        await t.clock.advance(3_000)
        assert.equal((await new Visitor(t).start(ann.userPrincipalName)).statusCode, 200, 'and everybody is served when it is over')
      }))

    test('so many starts an hour are enough; another tenant has its own', () =>
      withApp(engine, async t => {
        const other = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
        const caps = { ...overrun, startsAnHour: 3 }
        const room = async (tenantId = t.tenantId) => {
          await t.clock.advance(31_000)
          return requireRoom(t.app, tenantId, undefined, caps)
        }
        for (let n = 0; n < 3; n++) await new Visitor(t).start(`p${n}@contoso.example`)
        await room()
        await new Visitor(t).start('p3@contoso.example')
        await assert.rejects(room(), isBusy)
        await room(other)
        await t.clock.advance(61 * minute)
        await room()
      }))
  })
}
