import type { App, Db } from '../app.ts'
import { accountKeyOf } from '../credentials/account-key.ts'
import { recoveryKey } from '../credentials/proof-budget.ts'
import { providersOf } from '../notify/senders.ts'
import { Refusal } from '../refusal.ts'
import { applicationRoles } from '../rules/app-reach.ts'
import type { SubjectFacts, TenantFacts } from '../rules/facts.ts'
import { holdsRole } from '../rules/roles.ts'
import { enablement } from '../rules/tenant-settings.ts'
import { reason } from '../rules/verdict.ts'
import { gatherFacts, gatherSubject, gatherTenantFacts } from '../store/facts.ts'
import { countEnding } from '../store/application-credentials.ts'
import { listOwnedApplications } from '../store/application-owners.ts'
import { findApplications } from '../store/applications.ts'
import { findGroup } from '../store/groups.ts'
import { readLockout } from '../store/lockouts.ts'
import { listNodes } from '../store/nodes.ts'
import { countUsage } from '../store/activity.ts'
import { everySubject } from '../store/subjects.ts'
import { findUser, resolveName } from '../store/users.ts'
import { findAttempt, lastAttempt } from './find-attempt.ts'
import type { Question } from './question.ts'
import { countPerson, nobody } from './readiness.ts'
import type { Attempt, Gap, PeopleSeen, Prompts, ScopeGroup, Snapshot } from './snapshot.ts'

export interface Asked {
  tenantId: string
  callerId: string
  /** An id or a name, as it was typed. */
  target?: string | undefined
  supportCode?: string | undefined
  /** Told of everybody who lacks something, in the order of names, where the question is about everybody. */
  noteGap?: (gap: Gap, subject: SubjectFacts) => void
  /** Thousands of queries are made only for those who may see what comes of them (T-24). */
  seesEveryone: boolean
}

const days30 = 30 * 24 * 60 * 60_000
const aboutEveryone = new Set(['D-03', 'D-13', 'D-14'])

/** Collects what the question looks at. Reads only, and changes nothing. */
export async function gatherSnapshot(app: App, question: Question, asked: Asked): Promise<Snapshot> {
  const { db } = app
  const { tenantId } = asked
  const now = app.now()
  const tenant = await gatherTenantFacts(db, tenantId)
  const caller = await gatherSubject(db, tenant, asked.callerId, now)
  if (!caller) throw new Refusal(404, [reason('LK_NOT_FOUND')], { field: 'caller' })
  const attempt = asked.supportCode === undefined ? null : await findAttempt(db, tenantId, asked.supportCode)
  const targetId = question.target === 'none' ? undefined : await idOf(db, tenantId, asked.target, attempt)
  const providers = providersOf(app.config)
  const target = targetId === undefined ? null : await gatherSubject(db, tenant, targetId, now)
  const reset = target && (await gatherFacts(db, {
    tenantId, userId: target.id, now, providers, throttleKey: recoveryKey(accountKeyOf(app, tenantId, target.userPrincipalName)),
  }))
  const everyone = asked.seesEveryone && aboutEveryone.has(question.id) && target === null
  return {
    now, tenant, providers, caller, target, targetName: asked.target ?? null, reset,
    signInLockedUntil: target ? await lockedUntil(app, tenantId, target) : null,
    attempt: attempt ?? (question.id === 'D-05' && target ? await lastAttempt(db, tenantId, target.id) : null),
    people: everyone ? await countPeople(db, { tenant, providers, now }, asked.noteGap) : nobody(),
    prompts: question.id === 'D-14' ? await countPrompts(db, tenantId, now) : noPrompts, scopeGroup: await findScopeGroup(db, tenant),
    nodes: await listNodes(db, now), applications: await countApplications(db, tenantId, caller, now),
  }
}

/** The person asked about, by id or by name; else the one behind the support code. */
async function idOf(db: Db, tenantId: string, typed: string | undefined, attempt: (Attempt & { userId: string | null }) | null): Promise<string | undefined> {
  if (typed === undefined) return attempt?.userId ?? undefined
  const found = (await findUser(db, tenantId, typed)) ?? (await resolveName(db, tenantId, typed))?.user
  return found?.id
}

/** Everybody, counted; each gap on the way is told. */
async function countPeople(db: Db, circumstances: Pick<Snapshot, 'tenant' | 'providers' | 'now'>, noteGap: Asked['noteGap']): Promise<PeopleSeen> {
  const seen = nobody()
  for await (const { subject } of everySubject(db, circumstances.tenant, circumstances.now)) {
    const gap = countPerson(seen, circumstances, subject)
    if (gap && gap.missing > 0) noteGap?.(gap, subject)
  }
  return seen
}

/** The longer of the two locks that a name can have. */
async function lockedUntil(app: App, tenantId: string, target: SubjectFacts): Promise<number | null> {
  const accountKey = accountKeyOf(app, tenantId, target.userPrincipalName)
  const states = await Promise.all((['familiar', 'unfamiliar'] as const).map(place => readLockout(app.db, { tenantId, accountKey, place })))
  const ends = states.flatMap(state => (state.lockedUntil === null ? [] : [state.lockedUntil]))
  return ends.length === 0 ? null : Math.max(...ends)
}

const noPrompts: Prompts = { prompted: 0, completed: 0, skipped: 0 }

async function countPrompts(db: Db, tenantId: string, now: number): Promise<Prompts> {
  const counts = (await countUsage(db, { tenantId, from: now - days30, to: now + 1 })).filter(one => one.feature === 'prompt')
  const of = (...statuses: string[]) => counts.filter(one => statuses.includes(one.status)).reduce((sum, one) => sum + one.count, 0)
  return { prompted: of('started', 'success', 'skipped', 'failure'), completed: of('success'), skipped: of('skipped') }
}

async function findScopeGroup(db: Db, tenant: TenantFacts): Promise<ScopeGroup | null> {
  const { enablementType, passwordResetEnabledGroupIds: ids } = tenant.passwordResetPolicy
  if (enablementType !== enablement.selected || ids[0] === undefined) return enablementType === enablement.selected ? { exists: false, members: 0 } : null
  const group = await findGroup(db, tenant.id, ids[0])
  if (!group) return { exists: false, members: 0 }
  const row = await db.selectFrom('groupMembers').select(eb => eb.fn.countAll<number>().as('count'))
    .where('tenantId', '=', tenant.id).where('groupId', '=', group.id).executeTakeFirstOrThrow()
  return { exists: true, members: Number(row.count) }
}

async function countApplications(db: Db, tenantId: string, caller: SubjectFacts, now: number): Promise<Snapshot['applications']> {
  const mine = (await listOwnedApplications(db, { tenantId, ownerId: caller.id, top: 999 })).map(one => one.ownedId)
  const owned = mine.length > 0
  if (owned && !holdsRole(caller.roles, ...applicationRoles)) {
    return { total: (await findApplications(db, tenantId, mine)).length, expiring: await countEnding(db, tenantId, { from: now, to: now + days30, ownerIds: mine }), owned }
  }
  const all = await db.selectFrom('applications').select(eb => eb.fn.countAll<number>().as('count')).where('tenantId', '=', tenantId)
    .where('deletedDateTime', 'is', null).executeTakeFirstOrThrow()
  return { total: Number(all.count), expiring: await countEnding(db, tenantId, { from: now, to: now + days30 }), owned }
}
