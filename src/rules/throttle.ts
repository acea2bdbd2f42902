// How often recovery may be tried for one account (sspr §5.7, LD-03, LD-20). Pure steps: the caller keeps the state and must
// apply a step under a lock or a conditional update, before it compares anything (T-04). A lock here never touches sign-in.
import type { ThrottleKey, ThrottleState } from './facts.ts'

export type { ThrottleKey, ThrottleState } from './facts.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

export interface Limit {
  /** So many events within the window are served … */
  limit: number
  /** … milliseconds; */
  windowMs: number
  /** the next is refused for this long after the last one that counted. 0 = only until the window lets go. */
  lockMs: number
  /**
   * `reached`: recovery pauses with the event that reaches the limit: nothing is left to do after a fifth wrong proof.
   * `exceeded`: with the next one, so that the code of the last message served can still be typed.
   */
  locks: 'reached' | 'exceeded'
}

const locking = (limit: number, windowMs: number, locks: Limit['locks'] = 'exceeded'): Limit => ({ limit, windowMs, lockMs: day, locks })
const slowing = (limit: number, windowMs: number): Limit => ({ limit, windowMs, lockMs: 0, locks: 'exceeded' })

export const throttleLimits: Readonly<Record<ThrottleKey, Limit>> = {
  proof: locking(5, day, 'reached'),
  phone: locking(5, hour),
  text: locking(5, hour),
  call: locking(5, hour),
  app: locking(5, hour),
  questions: locking(5, hour),
  email: locking(10, 10 * minute),
  reset: locking(5, hour),
}

/** Limits that are not one account's recovery (sspr §5.7, §5.9, N-SEND, LD-54). They slow down and never lock. */
export const otherLimits = {
  identifyPerAddress: slowing(30, 10 * minute),
  proofOfWorkPerAddress: slowing(30, 10 * minute),
  sendPerDestinationBurst: slowing(1, 30_000),
  sendPerDestinationHour: slowing(5, hour),
  sendPerDestinationDay: slowing(10, day),
  contactPerAccountHour: slowing(1, hour),
  contactPerAccountDay: slowing(3, day),
  contactPerTenantDay: slowing(50, day),
  /** Looking a password up against the rules, by whichever door: as often as someone types, not as a program asks (T-88). */
  passwordLookups: slowing(60, 10 * minute),
} as const satisfies Record<string, Limit>

/** The events of one counter. */
export interface Counter {
  /** Times of counted events, oldest first. */
  points: readonly number[]
  lockedUntil: number | null
}

/** Keep `counter` whichever way it went: a refusal may have locked it. */
export type Counted = { served: true; counter: Counter } | { served: false; until: number; counter: Counter }

export const emptyCounter: Counter = { points: [], lockedUntil: null }

/**
 * Counts one event against one limit. The event that reaches the limit is still served, the next one is refused; a refused
 * event is not counted, and the lock runs from the last one that was, so trying again does not lengthen it. The
 * window slides and does not include its own far edge.
 */
export function countPoint(counter: Counter, { limit, windowMs, lockMs, locks }: Limit, now: number): Counted {
  if (counter.lockedUntil !== null && counter.lockedUntil > now) return { served: false, until: counter.lockedUntil, counter }
  // A lock that has run out takes its events with it, or the first try after it would lock again.
  const recent = counter.lockedUntil === null ? counter.points.filter(at => now - at < windowMs) : []
  if (recent.length >= limit) {
    const until = lockMs > 0 ? recent.at(-1)! + lockMs : recent[0]! + windowMs
    return { served: false, until, counter: { points: recent, lockedUntil: lockMs > 0 ? until : null } }
  }
  const points = [...recent, now]
  const lock = locks === 'reached' && lockMs > 0 && points.length >= limit
  return { served: true, counter: { points, lockedUntil: lock ? now + lockMs : null } }
}

/** Takes back one event, as when the reserved try turned out to be right; a lock that it had caused goes with it. */
export function takeBackPoint(counter: Counter, { limit }: Limit, at: number): Counter {
  const index = counter.points.indexOf(at)
  if (index < 0) return counter
  const points = counter.points.toSpliced(index, 1)
  return { points, lockedUntil: points.length >= limit ? counter.lockedUntil : null }
}

export const emptyThrottle: ThrottleState = { events: {}, lockedUntil: null, lockedBy: null }

/** True while recovery is paused for the account. Free again exactly when the lock's time has come. */
export function isBlocked(state: ThrottleState, now: number): boolean {
  return state.lockedUntil !== null && state.lockedUntil > now
}

export type ThrottleStep = { served: boolean; state: ThrottleState }

/** Counts an event of one kind for the account: any lock refuses events of every kind. Keep `state` whichever way it went. */
export function countEvent(state: ThrottleState, event: ThrottleKey, now: number): ThrottleStep {
  if (isBlocked(state, now)) return { served: false, state }
  const fresh = state.lockedUntil === null ? state : emptyThrottle
  const { served, counter } = countPoint({ points: fresh.events[event] ?? [], lockedUntil: null }, throttleLimits[event], now)
  const events = { ...fresh.events, [event]: [...counter.points] }
  return { served, state: { events, lockedUntil: counter.lockedUntil, lockedBy: counter.lockedUntil === null ? null : event } }
}

/** Takes back an event counted at that moment: the reserved try was right and is no failed proof. */
export function takeBackEvent(state: ThrottleState, event: ThrottleKey, at: number): ThrottleState {
  const counter = takeBackPoint({ points: state.events[event] ?? [], lockedUntil: state.lockedUntil }, throttleLimits[event], at)
  const events = { ...state.events, [event]: [...counter.points] }
  return state.lockedBy === event && counter.lockedUntil === null ? { events, lockedUntil: null, lockedBy: null } : { ...state, events }
}
