import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { App, Db } from '../../src/app.ts'
import { addProgramSignIn, listProgramSignIns } from '../../src/store/program-sign-ins.ts'
import type { ProgramSignIn } from '../../src/store/program-sign-ins.ts'
import { dropOldRecords } from '../../src/store/old-rows.ts'
import { timedId, earliestId } from '../../src/store/timed-id.ts'
import { makeApp } from '../support/make-app.ts'

const signIn = (tenantId: string, tokenId: string, at: number): Omit<ProgramSignIn, 'id'> => ({
  tenantId, at, servicePrincipalId: 's', appId: 'a', displayName: 'Payroll', resourceId: null, method: 'clientSecret', credentialKeyId: null, tokenId, errorCode: null, ipAddress: '127.0.0.1',
  userAgent: null, correlationId: 'c',
})
const pause = (turns: number) => new Promise(resolve => (turns === 0 ? resolve(undefined) : setTimeout(resolve, turns - 1)))

test('lines in any order and number are all written, each once, before whoever waits goes on', async () => {
  const t = await makeApp()
  try {
    let names = 0
    const line = fc.record({ before: fc.integer({ min: 0, max: 3 }), signing: fc.integer({ min: 0, max: 3 }) })
    await fc.assert(fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 200 }), async lines => {
      const written = await Promise.all(lines.map(async ({ before, signing }) => {
        await pause(before)
        const tokenId = `t${names++}`
        const begun = addProgramSignIn(t.app, signIn(t.tenantId, tokenId, t.app.now()))
        await pause(signing)
        await begun.written()
        const row = await t.app.db.selectFrom('programSignIns').select('tokenId').where('tokenId', '=', tokenId).execute()
        assert.equal(row.length, 1)
        return tokenId
      }))
      assert.equal(new Set(written).size, lines.length)
    }), { numRuns: 20 })
  } finally {
    await t.close()
  }
})

test('what the database does not take is told to whoever waits for it, and the next is taken again', async () => {
  const t = await makeApp()
  try {
    let broken = true
    const db = new Proxy(t.app.db, {
      get: (target, name) => {
        if (name === 'executeQuery' && broken) return () => Promise.reject(new Error('away'))
        const value = Reflect.get(target, name) as unknown
        return typeof value === 'function' ? (value as (...all: unknown[]) => unknown).bind(target) : value
      },
    }) as Db
    const app: App = { ...t.app, db }
    const lines = Array.from({ length: 100 }, (_, n) => addProgramSignIn(app, signIn(t.tenantId, `lost ${n}`, t.app.now())))
    for (const outcome of await Promise.allSettled(lines.map(one => one.written()))) assert.equal(outcome.status, 'rejected')
    broken = false
    await addProgramSignIn(app, signIn(t.tenantId, 'kept', t.app.now())).written()
    assert.deepEqual((await listProgramSignIns(t.app.db, { tenantId: t.tenantId })).map(row => row.tokenId), ['kept'])
  } finally {
    await t.close()
  }
})

test('pages go by time, one program at a time when wanted; after a month a line goes', async () => {
  const t = await makeApp()
  const day = 86_400_000
  try {
    const now = t.app.now()
    for (const [tokenId, age] of [['old', 31], ['older', 40], ['new', 29], ['newest', 0]] as const) await addProgramSignIn(t.app, signIn(t.tenantId, tokenId, now - age * day)).written()
    const tokens = async (page: object) => (await listProgramSignIns(t.app.db, { tenantId: t.tenantId, ...page })).map(row => row.tokenId)
    assert.deepEqual(await tokens({}), ['newest', 'new', 'old', 'older'])
    assert.deepEqual(await tokens({ from: now - 31 * day, to: now }), ['new', 'old'])
    const [first] = await listProgramSignIns(t.app.db, { tenantId: t.tenantId, top: 1 })
    assert.deepEqual(await tokens({ after: first!.id, top: 2 }), ['new', 'old'])
    assert.deepEqual(await tokens({ servicePrincipalId: 'another' }), [])
    await dropOldRecords(t.app.db, t.tenantId, now)
    assert.deepEqual(await tokens({}), ['newest', 'new'])
  } finally {
    await t.close()
  }
})

test('an id begins with its time, is a GUID, and is never made twice', () => {
  const times = fc.integer({ min: 0, max: 281_474_976_710_655 })
  fc.assert(fc.property(times, times, (one, other) => {
    const [a, b] = [timedId(one), timedId(other)]
    assert.match(a, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    if (one < other) assert.ok(a < b && earliestId(other) > a && earliestId(one) <= a)
  }))
  assert.equal(new Set(Array.from({ length: 5000 }, () => timedId(1))).size, 5000)
})
