import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ThrottleKey, ThrottleState } from '../../src/rules/facts.ts'
import { countEvent, countPoint, emptyCounter, emptyThrottle, isBlocked, otherLimits, takeBackEvent, takeBackPoint, throttleLimits } from '../../src/rules/throttle.ts'
import { day, hour, minute, now } from './build-facts.ts'

/** The state after events at these times, and how many were served. */
function after(event: ThrottleKey, times: readonly number[], start: ThrottleState = emptyThrottle) {
  let state = start
  const served = times.map(at => {
    const step = countEvent(state, event, at)
    state = step.state
    return step.served
  })
  return { state, served: served.filter(Boolean).length }
}
const every = (gap: number, count: number) => Array.from({ length: count }, (_, i) => now + i * gap)

test('A-09 the sixth wrong answer set in an hour is refused, for 24 hours from the last one that counted', () => {
  const { state, served } = after('questions', every(minute, 6))
  assert.equal(served, 5)
  const last = now + 4 * minute
  assert.equal(isBlocked(state, last + day - minute), true)
  assert.equal(isBlocked(state, last + day), false)
  assert.equal(countEvent(state, 'questions', last + day).served, true)
})

test('A-10 the eleventh mail in ten minutes is refused, and ten spread over an hour are not', () => {
  const burst = after('email', every(30_000, 11))
  assert.equal(burst.served, 10)
  assert.equal(isBlocked(burst.state, now + 6 * minute), true)
  const spread = after('email', every(6 * minute, 11))
  assert.equal(spread.served, 11)
  assert.equal(isBlocked(spread.state, now + hour), false)
})

test('the message that reaches the limit is served and its code can still be typed', () => {
  const { state } = after('text', every(minute, 5))
  assert.equal(isBlocked(state, now + 5 * minute), false)
  assert.equal(countEvent(state, 'proof', now + 5 * minute).served, true)
})

test('LD-20 five failed proofs pause recovery at once, for every kind of event', () => {
  const { state } = after('proof', every(2 * hour, 5))
  assert.equal(isBlocked(state, now + 8 * hour), true)
  assert.equal(state.lockedBy, 'proof')
  for (const event of Object.keys(throttleLimits) as ThrottleKey[]) assert.equal(countEvent(state, event, now + 9 * hour).served, false, event)
})

for (const [event, { limit, windowMs }] of Object.entries(throttleLimits) as [ThrottleKey, (typeof throttleLimits)[ThrottleKey]][]) {
  test(`sspr §5.7 ${event}: ${limit} within ${windowMs / minute} minutes are served, and as many again once the window has passed`, () => {
    assert.equal(after(event, every(1, limit + 1)).served, limit)
    const first = after(event, every(1, limit - 1))
    assert.equal(after(event, [now + windowMs + limit], first.state).served, 1)
    assert.equal(countEvent(first.state, event, now + windowMs + limit).state.events[event]!.length, 1)
  })
}

test('trying again while locked does not lengthen the lock', () => {
  const { state } = after('proof', every(1, 5))
  const tried = after('proof', every(hour, 20), state)
  assert.equal(tried.served, 0)
  assert.equal(tried.state.lockedUntil, state.lockedUntil)
  const burst = after('text', every(1, 5)).state
  const refused = countEvent(burst, 'text', now + minute).state
  assert.equal(countEvent(refused, 'text', now + hour).state.lockedUntil, refused.lockedUntil)
})

test('a reserved try that turned out right is taken back, with the lock it had caused', () => {
  const four = after('proof', every(minute, 4)).state
  const at = now + hour
  const reserved = countEvent(four, 'proof', at).state
  assert.equal(isBlocked(reserved, at + 1), true)
  const forgiven = takeBackEvent(reserved, 'proof', at)
  assert.equal(isBlocked(forgiven, at + 1), false)
  assert.deepEqual(forgiven.events, four.events)
})

test('never more than the limit are served within any window, whatever the times', () => {
  const keys = Object.keys(throttleLimits) as ThrottleKey[]
  fc.assert(fc.property(fc.constantFrom(...keys), fc.array(fc.nat(20 * minute), { maxLength: 60 }), (event, gaps) => {
    const { limit, windowMs } = throttleLimits[event]
    let at = now
    let state = emptyThrottle
    const served: number[] = []
    for (const gap of gaps) {
      at += gap
      const step = countEvent(state, event, at)
      state = step.state
      if (step.served) served.push(at)
    }
    for (const end of served) assert.ok(served.filter(time => time <= end && end - time < windowMs).length <= limit)
  }), { numRuns: 500 })
})

test('a limit that only slows down lets go as its window moves on, and never locks', () => {
  let counter: Parameters<typeof countPoint>[0] = emptyCounter
  for (const at of every(minute, 5)) {
    const step = countPoint(counter, otherLimits.sendPerDestinationHour, at)
    assert.equal(step.served, true)
    counter = step.counter
  }
  const refused = countPoint(counter, otherLimits.sendPerDestinationHour, now + 10 * minute)
  assert.deepEqual([refused.served, !refused.served && refused.until, refused.counter.lockedUntil], [false, now + hour, null])
  assert.equal(countPoint(counter, otherLimits.sendPerDestinationHour, now + hour).served, true)
})

test('taking back a point that is not there changes nothing', () => {
  const counter = { points: [now], lockedUntil: null }
  assert.equal(takeBackPoint(counter, throttleLimits.proof, now + 1), counter)
})
