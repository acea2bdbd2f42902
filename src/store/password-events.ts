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

/** The newest as the rules read it. */
export async function lastPasswordEvent(db: Db, tenantId: string, userId: string): Promise<PasswordEventFacts | null> {
  const [newest] = await listPasswordEvents(db, { tenantId, userId, top: 1 })
  if (!newest) return null
  const { at, channel, writeback, code } = newest
  return { at, channel: channel as PasswordEventFacts['channel'], writeback: writeback as PasswordEventFacts['writeback'], code }
}
