// Smart lock-out at sign-in (sspr §7.5, LD-36), as pure steps over one account's state for one kind of place. The caller
// applies a step under a lock before it compares the password, and `forgive` when the password was right.
import type { LockoutState } from './facts.ts'
import type { PasswordProtection } from './tenant-settings.ts'

const hour = 3_600_000
const quietAfter = 24 * hour
const remembered = 3

export const noLockout: LockoutState = { failures: 0, lockCount: 0, lockedUntil: null, lastFailureAt: null, lastBad: [] }

export type LockoutValues = Pick<PasswordProtection, 'lockoutThreshold' | 'lockoutDurationInSeconds'>

export function isLockedOut(state: LockoutState, now: number): boolean {
  return state.lockedUntil !== null && state.lockedUntil > now
}

/** Milliseconds of the nth lock in a row: doubling, at most an hour or the configured duration, whichever is larger. */
export function lockDuration(lockCount: number, values: LockoutValues): number {
  const base = values.lockoutDurationInSeconds * 1000
  // The exponent is bounded so that a patient attacker cannot reach infinity.
  return Math.min(base * 2 ** Math.min(lockCount - 1, 30), Math.max(hour, base))
}

/**
 * One wrong password. `badHash` is a keyed hash of it: one of the last three again is not counted, since that is a person or a
 * program with an old password, not someone guessing. After a first lock every further failure locks again, for longer. While
 * locked nothing changes: the try must be refused without looking.
 */
export function recordFailure(state: LockoutState, badHash: string, values: LockoutValues, now: number): LockoutState {
  if (isLockedOut(state, now)) return state
  const current = state.lastFailureAt !== null && now - state.lastFailureAt >= quietAfter ? noLockout : state
  if (current.lastBad.includes(badHash)) return current
  const failures = current.failures + 1
  const lastBad = [badHash, ...current.lastBad].slice(0, remembered)
  const locks = current.lockCount > 0 || failures >= values.lockoutThreshold
  if (!locks) return { ...current, failures, lastBad, lastFailureAt: now, lockedUntil: null }
  const lockCount = current.lockCount + 1
  return { failures: 0, lockCount, lastBad, lastFailureAt: now, lockedUntil: now + lockDuration(lockCount, values) }
}

/** A right password, a completed reset or an administrator's unlock: the lock ends at once and its growth is forgotten. */
export function forgive(): LockoutState {
  return noLockout
}

/** The configured values that would let the domain lock out first, or unlock too early (sspr §7.5, advice for PTA). */
export function lockoutAdvice(cloud: LockoutValues, domain: { threshold: number; durationInSeconds: number }): ('threshold' | 'duration')[] {
  const advice: ('threshold' | 'duration')[] = []
  if (domain.threshold > 0 && cloud.lockoutThreshold >= domain.threshold) advice.push('threshold')
  if (cloud.lockoutDurationInSeconds <= domain.durationInSeconds) advice.push('duration')
  return advice
}
