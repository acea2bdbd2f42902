import { sql } from 'kysely'
import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { prepared } from './prepared.ts'
import type { SessionTable } from './tables.ts'

const minute = 60_000
const hour = 60 * minute
/** Sign-in sessions (LD-19): idle and absolute, people and administrators; and a sign-in that is not complete yet. */
export const sessionLimits = {
  user: { idle: 30 * minute, absolute: 24 * hour },
  administrator: { idle: 15 * minute, absolute: 8 * hour },
  firstFactor: { idle: 15 * minute, absolute: 15 * minute },
} as const

export interface Proof {
  method: string
  at: number
}

export type SessionRow = Omit<Selectable<SessionTable>, 'proofs'> & { proofs: Proof[] }

export type NewSession = Omit<
  Insertable<SessionTable>,
  'proofs' | 'deploymentEpoch' | 'wrongReauthentications' | 'lastSeenAt' | 'expiresAt' | 'createdAt'
> & {
  proofs: readonly Proof[]
  /** The user's epoch as it was when the proof was given: a reset in between leaves this session dead. */
  credentialEpoch: number
  /** It ends then at the latest: with the temporary access pass that opened it (sspr §4.7). */
  endsAt?: number
}

/** Which limits a session has. */
function limitsOf({ level, isAdministrator }: { level: string; isAdministrator: boolean }) {
  if (level === 'firstFactor') return sessionLimits.firstFactor
  return isAdministrator ? sessionLimits.administrator : sessionLimits.user
}

/**
 * What ends many sessions at once: a restore (T-74) bumps the installation's epoch, an administrator the tenant's. Both only
 * grow, so their sum is equal only when neither has changed.
 */
const epochNow = sql<number>`
  coalesce((select cast(value as bigint) from installation where key = 'deploymentEpoch'), 0)
  + (select session_epoch from tenants where tenants.id = ${sql.ref('tenantOfSession.id')})`

/** What sessions and codes of the tenant made now are marked with. Throws when there is no such tenant. */
export async function deploymentEpochOf(db: Db, tenantId: string): Promise<number> {
  return (await epochOf.only(db, { tenantId })).epoch
}

const epochOf = prepared<{ tenantId: string }>()((db, value) =>
  db.selectFrom('tenants as tenantOfSession').select(epochNow.as('epoch')).where('id', '=', value('tenantId')))

/** The epoch is looked up as the row is written: one statement, and none that could have passed in between. */
const inserting = prepared<Omit<Selectable<SessionTable>, 'deploymentEpoch'>>()((db, value) => {
  const deploymentEpoch = db.selectFrom('tenants as tenantOfSession').select(epochNow.as('epoch')).where('id', '=', value('tenantId'))
  return db.insertInto('sessions').values(Object.fromEntries(columns.sessions.map(column => [column, column === 'deploymentEpoch' ? deploymentEpoch : value(column)])) as never)
})

/** Writes a session, valid from now. Throws when the user or the tenant does not exist. */
export async function insertSession(db: Db, { proofs, endsAt = Infinity, ...session }: NewSession, now: number): Promise<void> {
  await inserting.run(db, {
    ...session,
    locale: session.locale ?? null,
    continueTo: session.continueTo ?? null,
    ipAddress: session.ipAddress ?? null,
    userAgent: session.userAgent ?? null,
    proofs: JSON.stringify(proofs),
    wrongReauthentications: 0,
    createdAt: now,
    lastSeenAt: now,
    expiresAt: Math.min(now + limitsOf(session).absolute, endsAt),
  })
}

const qualified = columns.sessions.map(column => `sessions.${column}` as const)

/** Sessions that hold: not run out, idle too long or older than the epochs; the user there and enabled, the tenant not suspended. */
function holding(db: Db, { now, userSince, administratorSince, firstFactorSince }: Moments) {
  return db
    .selectFrom('sessions')
    .innerJoin('users', join => join.onRef('users.tenantId', '=', 'sessions.tenantId').onRef('users.id', '=', 'sessions.userId'))
    .innerJoin('tenants as tenantOfSession', 'tenantOfSession.id', 'sessions.tenantId')
    .select(qualified)
    .where('sessions.expiresAt', '>', now)
    .where(eb =>
      eb.or([
        eb.and([eb('sessions.level', '=', 'firstFactor'), eb('sessions.lastSeenAt', '>', firstFactorSince)]),
        eb.and([
          eb('sessions.level', '!=', 'firstFactor'),
          eb('sessions.isAdministrator', '=', true),
          eb('sessions.lastSeenAt', '>', administratorSince),
        ]),
        eb.and([
          eb('sessions.level', '!=', 'firstFactor'),
          eb('sessions.isAdministrator', '=', false),
          eb('sessions.lastSeenAt', '>', userSince),
        ]),
      ]),
    )
    .whereRef('sessions.credentialEpoch', '=', 'users.credentialEpoch')
    .where('users.accountEnabled', '=', true)
    .where('users.deletedDateTime', 'is', null)
    .where('tenantOfSession.suspendedAt', 'is', null)
    .where(eb => eb('sessions.deploymentEpoch', '=', epochNow))
}

interface Moments {
  now: number
  /** Who was last seen before that has been idle too long. */
  userSince: number
  administratorSince: number
  firstFactorSince: number
}

const momentsOf = (now: number): Moments => {
  const { user, administrator, firstFactor } = sessionLimits
  return { now, userSince: now - user.idle, administratorSince: now - administrator.idle, firstFactorSince: now - firstFactor.idle }
}

const sessionById = prepared<Moments & { idHash: string }>()((db, value) =>
  holding(db, {
    now: value('now'), userSince: value('userSince'), administratorSince: value('administratorSince'), firstFactorSince: value('firstFactorSince'),
  }).where('sessions.idHash', '=', value('idHash')))

/** The session with this id, if it still holds. One query, asked at every request: what ended it counts at once (T-19). */
export async function findSession(db: Db, idHash: string, now: number): Promise<SessionRow | undefined> {
  const row = await sessionById.first(db, { ...momentsOf(now), idHash })
  return row && open(row)
}

/** Notes that the session was used, at most once a minute. */
export async function touchSession(db: Db, session: Pick<SessionRow, 'tenantId' | 'idHash' | 'lastSeenAt'>, now: number): Promise<void> {
  if (now - session.lastSeenAt < minute) return
  await db
    .updateTable('sessions')
    .set({ lastSeenAt: now })
    .where('tenantId', '=', session.tenantId)
    .where('idHash', '=', session.idHash)
    .where('lastSeenAt', '<', now)
    .execute()
}

export type SessionChanges = Partial<Pick<SessionRow, 'locale' | 'continueTo' | 'isAdministrator' | 'wrongReauthentications' | 'proofs'>>

/** Changes what may change while a session lives; a new level needs a new session (T-30). False when it is gone. */
export async function updateSession(db: Db, tenantId: string, idHash: string, { proofs, ...changes }: SessionChanges): Promise<boolean> {
  const row = await db
    .updateTable('sessions')
    .set({ ...changes, ...(proofs === undefined ? {} : { proofs: JSON.stringify(proofs) }) })
    .where('tenantId', '=', tenantId)
    .where('idHash', '=', idHash)
    .returning('idHash')
    .executeTakeFirst()
  return row !== undefined
}

/** Counts a wrong password at stepping up, and says how many there are now; undefined when the session is gone. */
export async function countWrongReauthentication(db: Db, tenantId: string, idHash: string): Promise<number | undefined> {
  const row = await db
    .updateTable('sessions')
    .set(eb => ({ wrongReauthentications: eb('wrongReauthentications', '+', 1) }))
    .where('tenantId', '=', tenantId)
    .where('idHash', '=', idHash)
    .returning('wrongReauthentications')
    .executeTakeFirst()
  return row?.wrongReauthentications
}

/** Ends one session, by its id or by the id its page shows; false when it was not there, or another person's. */
export async function endSession(
  db: Db,
  session: { tenantId: string; idHash: string } | { tenantId: string; userId: string; publicId: string },
): Promise<boolean> {
  let gone = db.deleteFrom('sessions').where('tenantId', '=', session.tenantId)
  if ('idHash' in session) gone = gone.where('idHash', '=', session.idHash)
  else gone = gone.where('userId', '=', session.userId).where('publicId', '=', session.publicId)
  const row = await gone.returning('idHash').executeTakeFirst()
  return row !== undefined
}

/** Ends a user's sessions, all or all but one, and says how many. */
export async function endOtherSessions(db: Db, { tenantId, userId, except }: { tenantId: string; userId: string; except?: string }): Promise<number> {
  let gone = db.deleteFrom('sessions').where('tenantId', '=', tenantId).where('userId', '=', userId)
  if (except !== undefined) gone = gone.where('idHash', '!=', except)
  const { numDeletedRows } = await gone.executeTakeFirst()
  return Number(numDeletedRows)
}

/**
 * Carries one session over a change of its user's credentials: after `bumpCredentialEpoch`, in the same transaction, the session
 * someone changed the password in goes on (`keepSession`), with no other.
 */
export async function carrySessionOver(trx: Db, { tenantId, userId, idHash }: { tenantId: string; userId: string; idHash: string }): Promise<void> {
  await trx
    .updateTable('sessions')
    .set(eb => ({
      credentialEpoch: eb
        .selectFrom('users')
        .select('users.credentialEpoch')
        .where('users.tenantId', '=', tenantId)
        .where('users.id', '=', userId)
        .$asScalar()
        .$notNull(),
    }))
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .where('idHash', '=', idHash)
    .execute()
}

/** A user's sessions that hold, the one used last first. */
export async function listSessions(db: Db, { tenantId, userId, now }: { tenantId: string; userId: string; now: number }): Promise<SessionRow[]> {
  const rows = await holding(db, momentsOf(now))
    .where('sessions.tenantId', '=', tenantId)
    .where('sessions.userId', '=', userId)
    .where('sessions.level', '=', 'complete')
    .orderBy('sessions.lastSeenAt', 'desc')
    .orderBy('sessions.publicId')
    .limit(200)
    .execute()
  return rows.map(open)
}

const open = (row: Selectable<SessionTable>): SessionRow => ({ ...row, proofs: JSON.parse(row.proofs) as Proof[] })
