// The recovery transaction as a machine (sspr §5.2, T-07): every state, every event, and the whole table of what leads where.
// It knows no database and no clock. The reset room asks `transition` before each conditional update; what is not in the
// table is 'impossible', answered 409 and written to the audit. src/reset/reset.mmd draws the same table, and a test keeps
// the two in step.
import type { PassedGate } from './gates.ts'
import { differentProofs } from './usable-methods.ts'

export const resetStates = [
  'IDENTIFY', 'INTENT', 'GATE1', 'GATE2', 'CHOOSE', 'UNLOCK', 'COMMIT', 'DONE', 'DONE_PENDING_CLOUD', 'REFUSED', 'BLOCKED', 'EXPIRED',
] as const
export type ResetState = (typeof resetStates)[number]

/** Nothing leads out of these: whoever is here and wants more starts again. */
export const finalStates = ['DONE', 'DONE_PENDING_CLOUD', 'REFUSED', 'BLOCKED', 'EXPIRED'] as const satisfies readonly ResetState[]

export const resetEvents = [
  /** The name was taken (and, where strangers are told, judged). */
  'identify',
  /** "I forgot it" or "only unlock me" was answered. */
  'chooseIntent',
  /** A code was asked for, or a method looked at. */
  'send',
  /** A proof was given and was not right. */
  'failGate',
  /** A proof was right; `passed` already holds it. */
  'passGate',
  /** A new password our own rules refuse. */
  'rejectPassword',
  /** A new password, or the wish to be unlocked, goes to the domain; an answer may take a while. */
  'submit',
  /** It is done, here and in the domain. */
  'commit',
  /** Done in the domain; our own store follows. */
  'commitWithoutCloud',
  /** The domain refuses this password: another may do. */
  'domainRejects',
  /** The domain cannot, or did not answer. */
  'domainFails',
  /** The checks say no now (T-87), whatever they said before. */
  'refuse',
  /** A limit was reached (sspr §5.7). */
  'block',
  /** Fifteen minutes are over, or the person gave up (LD-19). */
  'expire',
  /** A message to the administrators; moves nothing (sspr §5.9). */
  'contactAdministrator',
] as const
export type ResetEvent = (typeof resetEvents)[number]

export interface ResetMachineFacts {
  /** What the checks say; 'unseen' where nobody has looked, which is all a request of a stranger may know (LD-63). */
  verdict: 'allowed' | 'refused' | 'unseen'
  /** A limit of §5.7 holds for the name as typed. */
  blocked: boolean
  gatesRequired: number
  passed: readonly PassedGate[]
  /** Both a reset and an unlock without one are open to this person (sspr §5.3). */
  mayOnlyUnlock: boolean
  intent: 'reset' | 'unlock' | null
}

/**
 * True when the gates passed are as many as are asked for, no two of them by one method and no two to one destination
 * (T-07: mobile and the same mobile by voice are one). The one test by which a password is ever released.
 */
export function gatesSuffice(passed: readonly PassedGate[], required: number): boolean {
  // No policy asks for nothing: a number that got lost must not open the door.
  return required >= 1 && differentProofs(passed) >= required
}

/** True when this method and this destination may still open a gate. */
export function opensAnotherGate(passed: readonly PassedGate[], gate: PassedGate): boolean {
  return passed.every(other => differentProofs([gate, other]) === 2)
}

interface Row {
  from: ResetState
  event: ResetEvent
  /** Shown in the drawing beside the event. */
  label?: string
  when?(facts: ResetMachineFacts): boolean
  to: ResetState
}

const enough = (facts: ResetMachineFacts) => gatesSuffice(facts.passed, facts.gatesRequired)
const asked = (facts: ResetMachineFacts) => facts.mayOnlyUnlock && facts.intent === null
const unlock = (facts: ResetMachineFacts) => facts.mayOnlyUnlock && facts.intent === 'unlock'
const refused = (facts: ResetMachineFacts) => facts.verdict === 'refused'
const open = ['INTENT', 'GATE1', 'GATE2', 'CHOOSE', 'UNLOCK'] as const

const afterProof = (from: 'GATE1' | 'GATE2'): Row[] => [
  { from, event: 'passGate', label: 'but the checks say no', when: refused, to: 'REFUSED' },
  { from, event: 'passGate', label: 'more asked for', when: facts => !enough(facts), to: 'GATE2' },
  { from, event: 'passGate', label: 'enough, both paths open', when: asked, to: 'INTENT' },
  { from, event: 'passGate', label: 'enough, unlock', when: unlock, to: 'UNLOCK' },
  { from, event: 'passGate', label: 'enough, reset', to: 'CHOOSE' },
]

/** The whole table. Of the rows for a state and an event the first whose condition holds counts. */
export const resetTransitions: readonly Row[] = [
  { from: 'IDENTIFY', event: 'identify', label: 'limit reached', when: facts => facts.blocked, to: 'BLOCKED' },
  { from: 'IDENTIFY', event: 'identify', label: 'standard, checks say no', when: refused, to: 'REFUSED' },
  { from: 'IDENTIFY', event: 'identify', label: 'standard, both paths open', when: facts => facts.verdict === 'allowed' && asked(facts), to: 'INTENT' },
  { from: 'IDENTIFY', event: 'identify', to: 'GATE1' },

  // Asked before the gates under `standard`; under `private` only afterwards, for who may unlock is not a stranger's business.
  { from: 'INTENT', event: 'chooseIntent', label: 'gates passed, unlock', when: facts => enough(facts) && unlock(facts), to: 'UNLOCK' },
  { from: 'INTENT', event: 'chooseIntent', label: 'gates passed, reset', when: enough, to: 'CHOOSE' },
  { from: 'INTENT', event: 'chooseIntent', label: 'gates before it', when: facts => facts.passed.length === 0, to: 'GATE1' },

  { from: 'GATE1', event: 'send', to: 'GATE1' },
  { from: 'GATE1', event: 'failGate', to: 'GATE1' },
  ...afterProof('GATE1'),
  { from: 'GATE2', event: 'send', to: 'GATE2' },
  { from: 'GATE2', event: 'failGate', to: 'GATE2' },
  ...afterProof('GATE2'),

  { from: 'CHOOSE', event: 'rejectPassword', to: 'CHOOSE' },
  { from: 'CHOOSE', event: 'submit', label: 'gates suffice', when: enough, to: 'COMMIT' },
  { from: 'CHOOSE', event: 'commit', label: 'gates suffice', when: enough, to: 'DONE' },
  { from: 'UNLOCK', event: 'submit', label: 'gates suffice', when: enough, to: 'COMMIT' },
  { from: 'COMMIT', event: 'commit', label: 'gates suffice', when: enough, to: 'DONE' },
  { from: 'COMMIT', event: 'commitWithoutCloud', label: 'gates suffice', when: enough, to: 'DONE_PENDING_CLOUD' },
  { from: 'COMMIT', event: 'domainRejects', label: 'reset', when: facts => !unlock(facts), to: 'CHOOSE' },
  { from: 'COMMIT', event: 'domainFails', label: 'unlock', when: unlock, to: 'UNLOCK' },
  { from: 'COMMIT', event: 'domainFails', to: 'CHOOSE' },
  { from: 'COMMIT', event: 'refuse', to: 'REFUSED' },

  ...open.flatMap((from): Row[] => [
    { from, event: 'refuse', to: 'REFUSED' },
    { from, event: 'block', to: 'BLOCKED' },
    { from, event: 'expire', to: 'EXPIRED' },
  ]),
  // A domain that never answered leaves nobody stranded; what came of it is in the audit.
  { from: 'COMMIT', event: 'expire', to: 'EXPIRED' },

  ...([...open, 'REFUSED', 'BLOCKED', 'EXPIRED'] as const).map((state): Row => ({ from: state, event: 'contactAdministrator', to: state })),
]

/** Where an event leads; 'impossible' for everything the table does not name. */
export function transition(state: ResetState, event: ResetEvent, facts: ResetMachineFacts): ResetState | 'impossible' {
  return resetTransitions.find(row => row.from === state && row.event === event && (row.when?.(facts) ?? true))?.to ?? 'impossible'
}

export function isFinal(state: ResetState): boolean {
  return (finalStates as readonly ResetState[]).includes(state)
}
