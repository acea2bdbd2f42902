import type { ProviderFacts, ResetFacts, SubjectFacts, TenantFacts } from '../rules/facts.ts'
import type { Reason } from '../rules/verdict.ts'

/** How far the people of a tenant are (sspr §11.5). */
export interface Readiness {
  users: number
  enabled: number
  registered: number
  capable: number
  /** More people than were looked at: the figures are of the first ones by name. */
  more: boolean
}

/** What happened to prompts at sign-in in the last thirty days (D-14). */
export interface Prompts {
  prompted: number
  completed: number
  skipped: number
}

/** An attempt that was refused: the one behind a support code, or the person's last (D-05). */
export interface Attempt {
  supportCode: string
  at: number
  state: string
  /** The true reasons, whatever the person was told (LD-01). */
  reasons: Reason[]
}

/** One of the server's processes; policies are read at each request, so one that was seen since has them (M-33). */
export interface NodeFacts {
  id: string
  lastSeenAt: number
}

export interface ApplicationCounts {
  total: number
  /** Credentials that end within thirty days. */
  expiring: number
}

/** The group that the policy names, when it names one. */
export interface ScopeGroup {
  exists: boolean
  members: number
}

/**
 * Everything a question may look at, as it was at one moment. Questions are pure functions of this, so each can be tested
 * without a database; gather-snapshot.ts fills it and reads nothing the caller may not read.
 */
export interface Snapshot {
  now: number
  tenant: TenantFacts
  providers: ProviderFacts
  caller: SubjectFacts
  /** Null when none was asked about; `targetName` then is null too, or the name nobody has. */
  target: SubjectFacts | null
  targetName: string | null
  /** The facts of a dry run for the target. */
  reset: ResetFacts | null
  /** Sign-in is locked until then. */
  signInLockedUntil: number | null
  attempt: Attempt | null
  /** Every person looked at, for the questions about many; empty for the others. */
  people: readonly SubjectFacts[]
  morePeople: boolean
  prompts: Prompts
  scopeGroup: ScopeGroup | null
  nodes: readonly NodeFacts[]
  applications: ApplicationCounts
}

/** A snapshot whose question is about a person, and the person is there. */
export type TargetSnapshot = Snapshot & { target: SubjectFacts; reset: ResetFacts }

export function hasTarget(snapshot: Snapshot): snapshot is TargetSnapshot {
  return snapshot.target !== null && snapshot.reset !== null
}
