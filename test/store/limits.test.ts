import assert from 'node:assert/strict'
import { clear, peek, readThrottle, reserve, reserveAll, takeBack } from '../../src/store/limits.ts'
import { bothEngines } from '../support/store.ts'
import { runOther } from '../support/processes.ts'
import { addTenant, day, hour, start } from './rows.ts'

const proof = { tenantId: 't1', key: 'proof:ann', kind: 'proof', now: start } as const

bothEngines('T-04: of 200 wrong guesses at once from two processes exactly five are looked at', async store => {
  await addTenant(store.db)
  const other = runOther('test/store/racer.ts', 'reserve', JSON.stringify(store.options), '100')
  assert.equal(await other.line(), 'ready')
  other.say('go')
  const ours = await Promise.all(Array.from({ length: 100 }, () => reserve(store.db, proof)))
  const theirs = Number((await other.rest()).at(-1))
  assert.equal(ours.filter(one => one.served).length + theirs, 5)
})

bothEngines('a plain counter serves its limit, refuses the next and says when it lets go', async store => {
  await addTenant(store.db)
  const sends = { tenantId: 't1', key: 'send:hour:x', kind: { limit: 2, windowMs: hour } }
  assert.deepEqual(await reserve(store.db, { ...sends, now: start }), { served: true })
  assert.deepEqual(await reserve(store.db, { ...sends, now: start + 1000 }), { served: true })
  assert.deepEqual(await reserve(store.db, { ...sends, now: start + 2000 }), { served: false, until: start + hour })
  assert.deepEqual(await reserve(store.db, { ...sends, now: start + hour }), { served: true })
})

bothEngines('a plain counter with a lock stays shut for the whole of it, however often it is tried', async store => {
  await addTenant(store.db)
  const kind = { limit: 2, windowMs: hour, lockMs: day }
  const at = (now: number) => reserve(store.db, { tenantId: 't1', key: 'x:1', kind, now })
  await at(start)
  await at(start + 1)
  for (const later of [2, hour, day]) assert.deepEqual(await at(start + later), { served: false, until: start + 1 + day })
  assert.deepEqual(await at(start + 1 + day), { served: true })
})

bothEngines('a lock of recovery refuses events of every kind and is read back whole', async store => {
  await addTenant(store.db)
  for (let i = 0; i < 5; i++) await reserve(store.db, { ...proof, now: start + i })
  assert.deepEqual(await reserve(store.db, { ...proof, kind: 'email', now: start + 10 }), { served: false, until: start + 4 + day })
  const { lockedBy, lockedUntil, events } = await readThrottle(store.db, 't1', proof.key)
  assert.deepEqual({ lockedBy, lockedUntil, proofs: events.proof?.length }, { lockedBy: 'proof', lockedUntil: start + 4 + day, proofs: 5 })
})

bothEngines('a try that turned out right is taken back, in the transaction that found it', async store => {
  await addTenant(store.db)
  for (let i = 0; i < 5; i++) await reserve(store.db, { ...proof, now: start + i })
  await store.db.transaction().execute(trx => takeBack(trx, { ...proof, at: start + 4, now: start + 5 }))
  assert.deepEqual(await reserve(store.db, { ...proof, now: start + 6 }), { served: true })
  assert.equal((await reserve(store.db, { ...proof, now: start + 7 })).served, false)
})

bothEngines('looking reserves nothing', async store => {
  await addTenant(store.db)
  for (let i = 0; i < 20; i++) assert.deepEqual(await peek(store.db, proof), { served: true })
  assert.deepEqual(await reserve(store.db, proof), { served: true })
})

bothEngines('a reservation goes with the transaction it was made in', async store => {
  await addTenant(store.db)
  const kind = { limit: 1, windowMs: hour }
  const undone = store.db.transaction().execute(async trx => {
    await reserve(trx, { ...proof, kind })
    throw new Error('undo')
  })
  await assert.rejects(undone, /undo/)
  assert.deepEqual(await reserve(store.db, { ...proof, kind }), { served: true })
})

bothEngines('clearing forgets the counters under a prefix of this tenant and no others', async store => {
  await addTenant(store.db)
  await addTenant(store.db, 't2')
  const kind = { limit: 1, windowMs: hour }
  for (const tenantId of ['t1', 't2']) for (const key of ['send:a', 'send:b', 'sent:a']) await reserve(store.db, { tenantId, key, kind, now: start })
  await clear(store.db, 't1', 'send:')
  const left = await store.db.selectFrom('limits').select(['tenantId', 'key']).orderBy('tenantId').orderBy('key').execute()
  assert.deepEqual(left.map(row => `${row.tenantId} ${row.key}`), ['t1 sent:a', 't2 send:a', 't2 send:b', 't2 sent:a'])
  await assert.rejects(clear(store.db, 't1', ''), /empty prefix/)
})

bothEngines('several tries of one moment are counted each by itself, and a look counts nothing', async store => {
  await addTenant(store.db)
  const once = { limit: 1, windowMs: hour }
  const tries = [{ key: 'b:1', kind: once }, { key: 'a:1', kind: { limit: 2, windowMs: hour } }, { key: 'seen:1', kind: once, look: true }, { key: 'proof:ann', kind: 'proof' }] as const
  const at = (now: number) => reserveAll(store.db, { tenantId: 't1', now, tries })
  assert.deepEqual(await at(start), Array(4).fill({ served: true }))
  assert.deepEqual(await at(start + 1), [{ served: false, until: start + hour }, { served: true }, { served: true }, { served: true }])
  assert.deepEqual(await reserve(store.db, { tenantId: 't1', key: 'a:1', kind: { limit: 2, windowMs: hour }, now: start + 2 }), { served: false, until: start + hour })
  assert.deepEqual(await reserve(store.db, { tenantId: 't1', key: 'seen:1', kind: once, now: start + 2 }), { served: true })
  assert.equal((await readThrottle(store.db, 't1', 'proof:ann')).events.proof?.length, 2)
})

bothEngines('of tries up to the first refusal those behind it are not counted', async store => {
  await addTenant(store.db)
  const kind = { limit: 1, windowMs: hour }
  const count = (now: number, ...keys: string[]) => reserveAll(store.db, { tenantId: 't1', now, tries: keys.map(key => ({ key, kind })), untilRefused: true })
  assert.deepEqual(await count(start, 'a', 'b'), [{ served: true }, { served: true }])
  assert.deepEqual(await count(start + 1, 'c', 'a', 'd'), [{ served: true }, { served: false, until: start + hour }])
  const kept = await store.db.selectFrom('limits').select('key').where('points', '!=', '[]').orderBy('key').execute()
  assert.deepEqual(kept.map(row => row.key), ['a', 'b', 'c'])
})

bothEngines('two who count the same counters in opposite order do not wait for each other for ever', async store => {
  await addTenant(store.db)
  const kind = { limit: 1_000, windowMs: hour }
  const keys = ['a', 'b', 'c', 'd']
  const both = Array.from({ length: 20 }, (_, n) => reserveAll(store.db, { tenantId: 't1', now: start, tries: (n % 2 ? keys : keys.toReversed()).map(key => ({ key, kind })) }))
  assert.ok((await Promise.all(both)).flat().every(one => one.served))
})
