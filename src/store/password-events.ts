import { randomUUID } from 'node:crypto'
import type { Insertable, Selectable } from 'kysely'
import type { Db } from '../app.ts'
import type { PasswordEventFacts } from '../rules/facts.ts'
import { columns } from './columns.ts'
import { pageSize } from './engine.ts'
import type { PasswordEventTable } from './tables.ts'

export type PasswordEventRow = Selectable<PasswordEventTable>
export interface NewPasswordEvent extends Omit<Insertable<PasswordEventTable>, 'id' | 'channel' | 'writeback'> {
  channel: PasswordEventFacts['channel'] | 'import'
  writeback: PasswordEventFacts['writeback']
}

/** Notes how a password came to be set, or was refused (LD-29); D-11 asks for the newest first. */
export async function addPasswordEvent(trx: Db, event: NewPasswordEvent): Promise<void> {
  await trx.insertInto('passwordEvents').values({ ...event, id: randomUUID() }).execute()
}

/** A person's password events, the newest first. */
export function listPasswordEvents(
  db: Db,
  { tenantId, userId, top }: { tenantId: string; userId: string; top?: number },
): Promise<PasswordEventRow[]> {
  return db
    .selectFrom('passwordEvents')
    .select(columns.passwordEvents)
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(pageSize(top))
    .execute()
}

/** The newest, for `eventFacts`. */
export function selectLastEvent(db: Db, tenantId: string, userId: string) {
  return db
    .selectFrom('passwordEvents')
    .select(['at', 'channel', 'writeback', 'code'])
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
}

/** The newest as the rules read it. */
export async function lastPasswordEvent(db: Db, tenantId: string, userId: string): Promise<PasswordEventFacts | null> {
  const newest = await selectLastEvent(db, tenantId, userId).executeTakeFirst()
  return newest ? eventFacts(newest) : null
}

/** The same for many people: those who have one. One query. */
export async function lastPasswordEvents(db: Db, tenantId: string, userIds: readonly string[]): Promise<Map<string, PasswordEventFacts>> {
  const rows = await db
    .selectFrom('users as u')
    .innerJoin('passwordEvents as e', join =>
      join.onRef('e.tenantId', '=', 'u.tenantId').on(eb =>
        eb('e.id', '=', eb
          .selectFrom('passwordEvents as n')
          .select('n.id')
          .whereRef('n.tenantId', '=', 'u.tenantId')
          .whereRef('n.userId', '=', 'u.id')
          .orderBy('n.at', 'desc')
          .orderBy('n.id', 'desc')
          .limit(1)),
      ),
    )
    .select(['u.id as userId', 'e.at', 'e.channel', 'e.writeback', 'e.code'])
    .where('u.tenantId', '=', tenantId)
    .where('u.id', 'in', userIds)
    .execute()
  return new Map(rows.map(row => [row.userId, eventFacts(row)]))
}

export function eventFacts({ at, channel, writeback, code }: Pick<PasswordEventRow, 'at' | 'channel' | 'writeback' | 'code'>): PasswordEventFacts {
  return { at, channel: channel as PasswordEventFacts['channel'], writeback: writeback as PasswordEventFacts['writeback'], code }
}
