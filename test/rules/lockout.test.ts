import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { forgive, isLockedOut, lockDuration, lockoutAdvice, noLockout, recordFailure } from '../../src/rules/lockout.ts'
import { day, hour, minute, now } from './build-facts.ts'

const values = { lockoutThreshold: 10, lockoutDurationInSeconds: 60 }
const fail = (count: number, from = noLockout, at = now) =>
  Array.from({ length: count }, (_, i) => i).reduce((state, i) => recordFailure(state, `bad-${at}-${i}`, values, at), from)

test('ten different wrong passwords lock for a minute, nine do not', () => {
  assert.equal(isLockedOut(fail(9), now), false)
  const locked = fail(10)
  assert.equal(locked.lockedUntil, now + minute)
  assert.equal(isLockedOut(locked, now + minute - 1), true)
  assert.equal(isLockedOut(locked, now + minute), false)
})

test('one of the last three wrong passwords again is not counted', () => {
  let state = fail(9)
  const again = state.lastBad[2]!
  state = recordFailure(state, again, values, now)
  assert.equal(state.failures, 9)
  assert.equal(recordFailure(state, 'bad-of-long-ago', values, now).lockCount, 1)
})

test('after a first lock every further failure locks again, each time for longer', () => {
  let state = fail(10)
  const lengths: number[] = []
  for (let i = 0; i < 8; i++) {
    const at = state.lockedUntil!
    state = recordFailure(state, `later-${i}`, values, at)
    lengths.push(state.lockedUntil! - at)
  }
  assert.deepEqual(lengths.map(length => length / minute), [2, 4, 8, 16, 32, 60, 60, 60])
})

test('LD-36 growth stops at an hour, or at the configured duration where that is longer', () => {
  assert.equal(lockDuration(30, values), hour)
  assert.equal(lockDuration(1, { lockoutDurationInSeconds: 18_000, lockoutThreshold: 1 }), 5 * hour)
  assert.equal(lockDuration(5, { lockoutDurationInSeconds: 18_000, lockoutThreshold: 1 }), 5 * hour)
  assert.equal(lockDuration(100_000, values), hour)
})

test('a success and a quiet day both forget failures and growth', () => {
  assert.deepEqual(forgive(), noLockout)
  const locked = fail(10)
  const later = recordFailure(locked, 'after a day', values, now + day)
  assert.deepEqual([later.failures, later.lockCount, later.lockedUntil], [1, 0, null])
})

test('a try during the lock changes nothing', () => {
  const locked = fail(10)
  assert.equal(recordFailure(locked, 'another', values, now + 1), locked)
})

test('however fast somebody guesses, at most threshold and one guess each lock are looked at', () => {
  fc.assert(fc.property(fc.array(fc.nat(10 * minute), { minLength: 1, maxLength: 200 }), gaps => {
    let state = noLockout
    let at = now
    let looked = 0
    for (const [i, gap] of gaps.entries()) {
      at += gap
      if (!isLockedOut(state, at)) looked++
      state = recordFailure(state, `guess-${i}`, values, at)
    }
    assert.ok(looked <= values.lockoutThreshold + state.lockCount)
  }))
})

test('the page advises when the domain would lock out first or for longer', () => {
  assert.deepEqual(lockoutAdvice(values, { threshold: 20, durationInSeconds: 30 }), [])
  assert.deepEqual(lockoutAdvice(values, { threshold: 10, durationInSeconds: 60 }), ['threshold', 'duration'])
  assert.deepEqual(lockoutAdvice(values, { threshold: 0, durationInSeconds: 30 }), [], 'a domain without lock-out locks nobody out first')
})
