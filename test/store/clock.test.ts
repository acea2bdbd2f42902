import assert from 'node:assert/strict'
import { test } from 'node:test'
import { machineTime } from '../../src/store/clock.ts'
import { runOther } from '../support/processes.ts'
import { bothEngines } from '../support/store.ts'
import { day, hour, minute, start } from './rows.ts'

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

/** A machine whose clocks we turn: the wall's, the one that stands still in sleep, and the one that does not. */
function machine() {
  const clocks = { wall: start, monotonic: 5_000, uptime: 90_000 }
  const time = machineTime(() => clocks.wall, () => clocks.monotonic, () => clocks.uptime)
  const pass = (milliseconds: number) => {
    for (const name of ['wall', 'monotonic', 'uptime'] as const) clocks[name] += milliseconds
  }
  return { clocks, pass, now: () => clocks.monotonic + time.ahead() }
}

test('R-12: on SQLite a step of five minutes is caught up so slowly that a code of ten minutes lives half a minute more or less', () => {
  for (const step of [5 * minute, -5 * minute]) {
    const { clocks, pass, now } = machine()
    clocks.wall += step
    const before = now()
    for (let round = 0; round < 60; round++) {
      pass(10_000)
      now()
    }
    const lived = now() - before
    assert.ok(Math.abs(lived - 10 * minute) <= 30_000, `${lived}`)
    for (let round = 0; round < 600; round++) {
      pass(10_000)
      now()
    }
    assert.ok(Math.abs(now() - clocks.wall) <= 1_000, 'in the end it shows what the machine shows')
  }
})

test('R-12: what the machine slept has gone by; a clock that was plainly wrong is followed at once; so is a small correction', () => {
  const slept = machine()
  slept.clocks.wall += hour / 12
  slept.clocks.uptime += hour / 12
  assert.equal(slept.now(), start + hour / 12)
  const wrong = machine()
  wrong.clocks.wall += 1000 * day
  assert.equal(wrong.now(), start + 1000 * day)
  const small = machine()
  small.clocks.wall -= 400
  assert.equal(small.now(), start - 400)
})

bothEngines('a step forward is never undone by a look at the database that began before it', async store => {
  for (let step = 0; step < 40; step++) {
    const before = store.clock.now()
    const looks = [store.clock.refresh(), store.clock.refresh()]
    await store.clock.advance(60_000)
    await Promise.all(looks)
    assert.ok(store.clock.now() >= before + 59_000, `step ${step} went back`)
  }
})
