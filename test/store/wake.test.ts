import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runOther } from '../support/processes.ts'
import { bothEngines, openTestStore } from '../support/store.ts'

bothEngines('whoever waits is woken with the id when the transaction has committed, not before', async store => {
  const woken = store.wake.waitFor('letters', 10_000)
  let heardEarly = false
  void woken.then(() => (heardEarly = true))
  await store.db.transaction().execute(async trx => {
    await store.wake.wake(trx, 'letters', 'a')
    await trx.insertInto('installation').values({ key: 'letter', value: 'a' }).execute()
    await new Promise(resolve => setTimeout(resolve, 50))
    assert.equal(heardEarly, false)
  })
  assert.equal(await woken, 'a')
})

bothEngines('no commit, no wake-up', async store => {
  const woken = store.wake.waitFor('letters', 300)
  const undone = store.db.transaction().execute(async trx => {
    await store.wake.wake(trx, 'letters', 'a')
    throw new Error('undo')
  })
  await assert.rejects(undone, /undo/)
  await store.db.transaction().execute(trx => trx.insertInto('installation').values({ key: 'other', value: '' }).execute())
  assert.equal(await woken, undefined)
})

bothEngines('outside a transaction the word goes at once, and only to those on the channel', async store => {
  const letters = store.wake.waitFor('letters', 10_000)
  const parcels = store.wake.waitFor('parcels', 300)
  await store.wake.wake(store.db, 'letters', 'b')
  assert.equal(await letters, 'b')
  assert.equal(await parcels, undefined)
})

bothEngines('a signal ends the waiting, also one that was given before', async store => {
  const ending = new AbortController()
  const waiting = store.wake.waitFor('letters', 60_000, ending.signal)
  ending.abort()
  assert.equal(await waiting, undefined)
  assert.equal(await store.wake.waitFor('letters', 60_000, ending.signal), undefined)
})

test('on PostgreSQL a word said in another process is heard in this one', async () => {
  const store = await openTestStore('postgres')
  const other = runOther('test/store/racer.ts', 'wake', JSON.stringify(store.options))
  assert.equal(await other.line(), 'ready')
  const woken = store.wake.waitFor('letters', 30_000)
  other.say('go')
  assert.equal(await woken, 'from-the-other')
  await other.rest()
  await store.close()
})
