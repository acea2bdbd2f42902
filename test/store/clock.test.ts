import assert from 'node:assert/strict'
import { runOther } from '../support/processes.ts'
import { bothEngines } from '../support/store.ts'
import { day, hour, start } from './rows.ts'

bothEngines('LD-39: without an offset the clock shows the time of the database', async store => {
  const before = Date.now()
  const shown = store.clock.now()
  assert.ok(Number.isInteger(shown) && Math.abs(shown - before) < 5_000, `${shown} against ${before}`)
  assert.equal(store.clock.offset(), 0)
})

bothEngines('LD-39: the clock does not follow a step of this machine’s clock', async (store, t) => {
  const before = store.clock.now()
  t.mock.method(Date, 'now', () => start + 1000 * day)
  const after = store.clock.now()
  assert.ok(after >= before && after - before < 60_000, `${after - before} ms went by`)
})

bothEngines('LD-39: development moves the clock for every process that shares the database', async store => {
  const other = runOther('test/store/racer.ts', 'clock', JSON.stringify(store.options))
  assert.equal(await other.line(), 'ready')
  await store.clock.advance(hour)
  await store.clock.advance(day)
  assert.equal(store.clock.offset(), day + hour)
  other.say('refresh')
  assert.equal(Number(await other.line()), day + hour)
  other.process.stdin!.end()
  await other.rest()
})

bothEngines('moves made at once add up', async store => {
  await Promise.all(Array.from({ length: 10 }, () => store.clock.advance(hour)))
  await store.clock.refresh()
  assert.equal(store.clock.offset(), 10 * hour)
})

bothEngines('the clock can be set to a moment', async store => {
  await store.clock.set(start)
  const shown = store.clock.now()
  assert.ok(shown >= start && shown - start < 60_000)
})
