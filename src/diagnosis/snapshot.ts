import type { ProviderFacts, ResetFacts, SubjectFacts, TenantFacts } from '../rules/facts.ts'
import type { Reason } from '../rules/verdict.ts'

/** How far the people of a tenant are (sspr §11.5). */
export interface Readiness {
  users: number
  enabled: number
  registered: number
  capable: number
}

/** What stands between a person and a reset, by kind (D-13). */
export interface Gap {
  userId: string
  userPrincipalName: string
  displayName: string
  usable: number
  required: number
  missing: number
  /** Stored values without the right form. */
  malformed: number
  /** Well-formed values of a kind that no policy allows this person. */
  switchedOff: number
}

/** The people a reset is switched on for, and how many of them lack what. */
export interface GapCounts {
  inScope: number
  lacking: number
  /** Of those who lack something: with values of the wrong form, with values of a method that is off, with neither. */
  malformed: number
  switchedOff: number
  missing: number
}

/** What is kept of everybody: figures, however many there are. */
export interface PeopleSeen {
  readiness: Readiness
  gaps: GapCounts
  /** Administrators in the users' scope while administrators may not reset (D-14). */
  strandedAdministrators: number
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
  /** What became of the messages that bear its support code, the newest first; absent for those who may not know. */
  deliveries?: Delivery[]
}

/** A message of an attempt: never its content, never where it went. */
export interface Delivery {
  at: number
  kind: string
  message: string
  outcome: 'sent' | 'failed' | 'expired' | 'suppressed'
  /** Which limit kept it in, when one did. */
  limit: string | null
}

/** One of the server's processes; policies are read at each request, so one that was seen since has them (M-33). */
export interface NodeFacts {
  id: string
  lastSeenAt: number
}

export interface ApplicationCounts {
  /** Those the caller looks after: all with a role for it, else the ones they own. */
  total: number
  /** Their credentials that end within thirty days. */
  expiring: number
  /** The caller owns one, or a service principal. */
  owned: boolean
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
  /** Everybody, for the questions about many; nobody for the others. */
  people: PeopleSeen
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
