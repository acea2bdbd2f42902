import assert from 'node:assert/strict'
import * as outbox from '../../src/store/outbox.ts'
import { bothEngines } from '../support/store.ts'
import type { TestStore } from '../support/store.ts'
import { addTenant, hour, minute, start } from './rows.ts'

const put = (store: TestStore, id: string, more: Partial<outbox.NewOutboxRow> = {}) =>
  outbox.enqueue(store.db, { tenantId: 't1', id, kind: 'mail', payloadSealed: `sealed ${id}`, now: start, expiresAt: start + hour, ...more })
const take = (store: TestStore, now = start, max = 10) => outbox.takeDue(store.db, { now, leaseMs: minute, max })
const ids = (rows: { id: string }[]): string[] => rows.map(row => row.id)

bothEngines('rows are taken in the order in which they came due, each with its content', async store => {
  await addTenant(store.db)
  await put(store, 'b', { availableAt: start + 2 })
  await put(store, 'a', { availableAt: start + 3 })
  await put(store, 'c', { availableAt: start + 1 })
  await put(store, 'later', { availableAt: start + hour / 2 })
  const taken = await take(store, start + 5)
  assert.deepEqual(ids(taken), ['c', 'b', 'a'])
  assert.deepEqual([taken[0]!.payloadSealed, taken[0]!.attempts, taken[0]!.leaseUntil], ['sealed c', 1, start + 5 + minute])
})

bothEngines('R-05: each row is taken by one of many workers', async store => {
  await addTenant(store.db)
  for (let n = 0; n < 40; n++) await put(store, `m${n}`)
  const hands = await Promise.all(Array.from({ length: 12 }, () => take(store, start, 7)))
  const all = hands.flat().map(row => row.id)
  assert.equal(new Set(all).size, all.length, 'none twice')
  assert.ok(all.length > 0)
  assert.equal(all.length + (await take(store, start, 100)).length, 40)
})

bothEngines('R-05: the rows of a worker that died come back when its lease has run out, and it cannot finish them any more', async store => {
  await addTenant(store.db)
  await put(store, 'a')
  const [dead] = await take(store)
  assert.deepEqual(await take(store, start + minute - 1), [])
  const [again] = await take(store, start + minute)
  assert.equal(again?.attempts, 2)
  assert.equal(await outbox.finish(store.db, dead!), false)
  assert.equal(await outbox.retryLater(store.db, dead!, start + hour, 'late'), false)
  assert.equal(await outbox.finish(store.db, again!), true)
  assert.deepEqual(await store.db.selectFrom('outbox').select('id').execute(), [])
})

bothEngines('a row that could not be sent waits for its next time and remembers why', async store => {
  await addTenant(store.db)
  await put(store, 'a')
  const [row] = await take(store)
  await outbox.retryLater(store.db, row!, start + 5 * minute, 'x'.repeat(1000))
  assert.deepEqual(await take(store, start + 5 * minute - 1), [])
  const [again] = await take(store, start + 5 * minute)
  assert.deepEqual([again?.id, again?.lastError?.length], ['a', 300])
})

bothEngines('what has expired is never taken, and is dropped with what the delivery log needs', async store => {
  await addTenant(store.db)
  await put(store, 'a', { expiresAt: start + minute, recipientIndex: 'r' })
  await put(store, 'b')
  assert.deepEqual(ids(await take(store, start + minute)), ['b'])
  assert.deepEqual(await outbox.dropExpired(store.db, start + minute), [
    { tenantId: 't1', id: 'a', kind: 'mail', recipientIndex: 'r', payloadSealed: 'sealed a', lastError: null },
  ])
  assert.deepEqual(await outbox.dropExpired(store.db, start + minute), [])
})

bothEngines('a second row with the same dedupe id is not written, in another tenant it is', async store => {
  await addTenant(store.db)
  await addTenant(store.db, 't2')
  assert.equal(await put(store, 'a', { dedupeId: 'same' }), 'a')
  assert.equal(await put(store, 'b', { dedupeId: 'same' }), undefined)
  assert.equal(await put(store, 'c', { dedupeId: 'same', tenantId: 't2' }), 'c')
  assert.equal(await put(store, 'd'), 'd')
})

bothEngines('a row exists only if its cause was committed', async store => {
  await addTenant(store.db)
  const undone = store.db.transaction().execute(async trx => {
    await outbox.enqueue(trx, { tenantId: 't1', kind: 'sms', payloadSealed: '', now: start, expiresAt: start + hour })
    throw new Error('undo')
  })
  await assert.rejects(undone, /undo/)
  assert.deepEqual(await take(store), [])
})

bothEngines('the dispatcher can ask for some kinds only, and how much waits', async store => {
  await addTenant(store.db)
  await put(store, 'a', { availableAt: start + 5 })
  await put(store, 'b', { kind: 'job', availableAt: start + 9 })
  assert.deepEqual(ids(await outbox.takeDue(store.db, { now: start + 9, leaseMs: minute, max: 5, kinds: ['job'] })), ['b'])
  await take(store, start + 9)
  assert.deepEqual(await outbox.outboxBacklog(store.db, start + 9), { count: 2, oldestDueAt: start + 5 })
})
