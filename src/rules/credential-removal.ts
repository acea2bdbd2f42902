// Is a program's secret or certificate safe to remove (M-02)? One list of checks with two readers, like resets: the verdict stops at
// the first that blocks, the explanation runs them all.
import { diagnose, evaluate } from './reset-checks.ts'
import type { Check } from './reset-checks.ts'
import type { Finding, Outcome, Verdict } from './verdict.ts'

export interface CredentialFacts {
  keyId: string
  startDateTime: number
  endDateTime: number
  createdDateTime: number
  firstUsedAt: number | null
  lastUsedAt: number | null
  useCount: number
  lastIpAddress: string | null
}

export interface RemovalFacts {
  now: number
  credential: CredentialFacts
  /** The other credentials by which the same program can sign in, those of its service principal too. */
  others: readonly CredentialFacts[]
  /** The program is switched off or deleted: nobody can sign in as it. */
  disabled: boolean
}

const hour = 3_600_000
const day = 24 * hour
/** Used within it: somebody uses it. */
const inUseFor = day
/** A program that ran within it is expected to run again: a quarter and some days. */
const expectedFor = 100 * day
/** Most jobs that run rarely run once a month. */
const rarelyFor = 35 * day
/** It takes some days to bring a new secret to where it is used. */
const settlingFor = 7 * day

const isLive = (one: CredentialFacts, now: number): boolean => one.startDateTime <= now && now < one.endDateTime
/** Nobody can sign in with it as it is. */
const isDead = ({ credential, now, disabled }: RemovalFacts): boolean => disabled || now >= credential.endDateTime
const within = (at: number | null, span: number, now: number): boolean => at !== null && now - at < span

function check(name: string, code: Check<RemovalFacts>['code'], test: (facts: RemovalFacts) => Outcome, more: Pick<Check<RemovalFacts>, 'evidence' | 'values'> = {}): Check<RemovalFacts> {
  return { check: name, code, test: facts => (isDead(facts) ? 'notApplicable' : test(facts)), ...more }
}

const use = ({ credential }: RemovalFacts) => ({ lastUsedAt: credential.lastUsedAt, useCount: credential.useCount, lastIpAddress: credential.lastIpAddress })

const removalChecks: readonly Check<RemovalFacts>[] = [
  check('notInUse', 'CREDENTIAL_IN_USE', ({ credential, now }) => (within(credential.lastUsedAt, inUseFor, now) ? 'blocks' : 'ok'), { evidence: use }),
  check('anotherIsThere', 'CREDENTIAL_LAST', facts => {
    const { credential, now } = facts
    if (facts.others.some(one => isLive(one, now))) return 'ok'
    return within(credential.lastUsedAt ?? credential.createdDateTime, expectedFor, now) ? 'blocks' : 'warns'
  }, { evidence: ({ others, now }) => ({ others: others.length, othersValidNow: others.filter(one => isLive(one, now)).length }) }),
  check('anotherIsUsed', 'CREDENTIAL_REPLACEMENT_UNUSED', ({ credential, others, now }) => {
    if (!within(credential.lastUsedAt, expectedFor, now)) return 'notApplicable'
    return others.some(one => isLive(one, now) && (one.lastUsedAt ?? 0) > credential.lastUsedAt!) ? 'ok' : 'blocks'
  }, { evidence: ({ others }) => ({ othersLastUsedAt: Math.max(0, ...others.map(one => one.lastUsedAt ?? 0)) || null }) }),
  check('notUsedRarely', 'CREDENTIAL_USED_RARELY', ({ credential, now }) =>
    (!within(credential.lastUsedAt, inUseFor, now) && within(credential.lastUsedAt, rarelyFor, now) ? 'warns' : 'ok'), { evidence: use }),
  check('notJustAdded', 'CREDENTIAL_JUST_ADDED', ({ credential, now }) =>
    (credential.lastUsedAt === null && within(Math.max(credential.createdDateTime, credential.startDateTime), settlingFor, now) ? 'warns' : 'ok'),
  { evidence: ({ credential }) => ({ createdDateTime: credential.createdDateTime, startDateTime: credential.startDateTime }) }),
]

/** Safe, or the first reason why not. */
export function evaluateCredentialRemoval(facts: RemovalFacts): Verdict {
  return evaluate(removalChecks, facts)
}

/** Every check with what it saw. */
export function diagnoseCredentialRemoval(facts: RemovalFacts): Finding[] {
  return diagnose(removalChecks, facts)
}

export type CredentialState = 'scheduled' | 'active' | 'expiring' | 'expired'

/** How a credential stands; `expiring` in its last thirty days. */
export function credentialState({ startDateTime, endDateTime }: Pick<CredentialFacts, 'startDateTime' | 'endDateTime'>, now: number): CredentialState {
  if (now >= endDateTime) return 'expired'
  if (now < startDateTime) return 'scheduled'
  return endDateTime - now < 30 * day ? 'expiring' : 'active'
}

/** Days before the end on which owners are told, the farthest first (M-02). */
export const noticeDays = [90, 60, 30, 14, 7, 1] as const

/**
 * The notice that is due now: the nearest of the days that have come, undefined while the end is farther off or past. Of a day before
 * the credential was made no notice is due: whoever makes a short one knows.
 */
export function noticeDue({ endDateTime, createdDateTime }: Pick<CredentialFacts, 'endDateTime' | 'createdDateTime'>, now: number): number | undefined {
  if (now >= endDateTime) return undefined
  return noticeDays.findLast(days => now >= endDateTime - days * day && endDateTime - days * day > createdDateTime)
}
