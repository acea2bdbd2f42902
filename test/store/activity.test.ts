import assert from 'node:assert/strict'
import type { Db } from '../../src/app.ts'
import { countSignIns, countUsage, everyUsageEvent, sliceSize } from '../../src/store/activity.ts'
import { bothEngines } from '../support/store.ts'
import { addTenant, day, start } from './rows.ts'

const midnight = Math.floor(start / day) * day
let row = 0
const id = (): string => String(++row).padStart(9, '0')

const signIn = (at: number, proofs: string[], more = {}) => ({
  tenantId: 't1', id: id(), at, userId: 'ann', accountKey: 'k', accountHint: 'ann', kind: 'interactive', result: 'success', reasonCode: null,
  proofs: JSON.stringify(proofs), ipAddress: null, userAgent: null, correlationId: 'c', ...more,
})
const usage = (at: number, feature: string, method: string | null, status = 'success', failureReason: string | null = null) =>
  ({ tenantId: 't1', id: id(), at, userId: 'ann', feature, method, status, failureReason })

async function add(db: Db, table: 'signIns' | 'usageEvents', rows: readonly object[]): Promise<void> {
  for (let from = 0; from < rows.length; from += 500) await db.insertInto(table).values(rows.slice(from, from + 500) as never).execute()
}

bothEngines('sign-ins are counted by day and by what was proved; refused ones and those of programs are not', async store => {
  await addTenant(store.db)
  await addTenant(store.db, 't2')
  await add(store.db, 'signIns', [
    signIn(midnight, ['password']), signIn(midnight + day - 1, ['password']), signIn(midnight + day, ['password']), signIn(midnight + day, ['password', 'totp']),
    signIn(midnight + 1, [], { result: 'failure' }), signIn(midnight + 1, ['appPassword'], { kind: 'appPassword' }), signIn(midnight + 1, ['password'], { tenantId: 't2' }),
    signIn(midnight + 2 * day, ['password']),
  ])
  assert.deepEqual(await countSignIns(store.db, { tenantId: 't1', from: midnight, to: midnight + 2 * day }), [
    { day: midnight, proofs: ['password'], count: 2 },
    { day: midnight + day, proofs: ['password', 'totp'], count: 1 },
    { day: midnight + day, proofs: ['password'], count: 1 },
  ])
})

bothEngines('usage is counted by day, feature, method, outcome and reason', async store => {
  await addTenant(store.db)
  await add(store.db, 'usageEvents', [
    usage(midnight, 'reset', 'email'), usage(midnight + 5, 'reset', 'email'), usage(midnight + 6, 'reset', 'email', 'failure', 'LK_CODE_WRONG'),
    usage(midnight + 7, 'reset', null), usage(midnight + day, 'registration', 'appCode'), usage(midnight + 2 * day, 'reset', 'email'),
  ])
  const counts = await countUsage(store.db, { tenantId: 't1', from: midnight, to: midnight + 2 * day })
  assert.deepEqual(counts.map(one => [one.day - midnight, one.feature, one.method, one.status, one.failureReason, one.count]), [
    [0, 'reset', null, 'success', null, 1],
    [0, 'reset', 'email', 'failure', 'LK_CODE_WRONG', 1],
    [0, 'reset', 'email', 'success', null, 2],
    [day, 'registration', 'appCode', 'success', null, 1],
  ])
})

bothEngines('a stretch of more rows than one statement counts loses none and counts none twice, however many bear one moment', async store => {
  await addTenant(store.db)
  // One moment with more rows than a slice, rows before and after it.
  const moments = [...Array.from({ length: 40 }, (_, n) => n), ...Array<number>(sliceSize + 3).fill(1000), ...Array.from({ length: 60 }, (_, n) => 2000 + n)]
  await add(store.db, 'usageEvents', moments.map((at, n) => usage(midnight + at, n % 2 === 0 ? 'reset' : 'prompt', null)))
  const stretch = { tenantId: 't1', from: midnight, to: midnight + day }
  const counts = await countUsage(store.db, stretch)
  assert.equal(counts.reduce((sum, one) => sum + one.count, 0), moments.length)
  let seen = 0
  let last = 0
  for await (const event of everyUsageEvent(store.db, stretch, ['reset'])) {
    assert.equal(event.feature, 'reset')
    assert.ok(event.at >= last, 'oldest first')
    last = event.at
    seen++
  }
  assert.equal(seen, Math.ceil(moments.length / 2))
})
