/**
 * What changed since when, for delta queries (graph §12). Each object has one row with the number of its last change, so the memory
 * is never larger than the directory, and a reader who comes late sees the newest state once.
 *
 * Numbers must not be handed out before what they stand for can be seen: a reader would pass over a change that commits later. On
 * SQLite there is one writer, so the next number is one more than the last. On PostgreSQL it is the number of the transaction, and
 * readers stop before the oldest transaction that still runs; no writer waits for another.
 */
import { sql } from 'kysely'
import type { Db } from '../app.ts'
import { isPostgres } from './engine.ts'

/** `member`: somebody's place in a group, by `memberChangeId`. */
export type ChangeKind = 'user' | 'group' | 'member' | 'application' | 'servicePrincipal'
/** `changed`: in the deleted items; `deleted`: for good. As Graph's `@removed` says it. */
export type Removal = 'changed' | 'deleted'

/** Changes older than this are forgotten; who asks from before begins anew. */
export const changesKeptFor = 30 * 24 * 60 * 60_000

export const memberChangeId = (groupId: string, memberId: string): string => `${groupId}/${memberId}`

/**
 * To be called in the transaction that changes the object.
 * @param removed when it was taken away, and how; left out for what is there
 */
export async function noteChange(trx: Db, tenantId: string, kind: ChangeKind, objectId: string, { removed = null, at }: { removed?: Removal | null; at?: number } = {}): Promise<void> {
  const postgres = isPostgres(trx)
  const changed = postgres
    ? sql<number>`pg_current_xact_id()::text::bigint`
    : sql<number>`(select coalesce(max(changed), 0) + 1 from changes where tenant_id = ${tenantId} and kind = ${countedWith(kind)})`
  const noted = at === undefined ? databaseNow(postgres) : sql<number>`${at}`
  await trx
    .insertInto('changes')
    .values({ tenantId, kind, objectId, removed, changed, at: noted })
    .onConflict(clash => clash.columns(['tenantId', 'kind', 'objectId']).doUpdateSet(eb => ({ changed: eb.ref('excluded.changed'), at: eb.ref('excluded.at'), removed: eb.ref('excluded.removed') })))
    .execute()
}

/** Places in groups are told with their group, so they are numbered with groups. */
const countedWith = (kind: ChangeKind): ChangeKind => (kind === 'member' ? 'group' : kind)

/** Only retention looks at it, so the database's plain clock will do. */
const databaseNow = (postgres: boolean) =>
  postgres ? sql<number>`(extract(epoch from now()) * 1000)::bigint` : sql<number>`cast(unixepoch('subsec') * 1000 as integer)`

/** After so many changes at once that telling each would cost more than reading all again: delta readers of the kind begin anew. */
export async function forgetChanges(trx: Db, tenantId: string, kind: ChangeKind): Promise<void> {
  if (isPostgres(trx)) {
    const { rows } = await sql<{ own: number }>`select pg_current_xact_id()::text::bigint as own`.execute(trx)
    return raiseHorizon(trx, tenantId, kind, rows[0]!.own + 1)
  }
  const upTo = (await nextChange(trx, tenantId, kind)) + 1
  await raiseHorizon(trx, tenantId, kind, upTo)
  await keepCounting(trx, tenantId, kind, upTo)
}

/**
 * The number at which a reader who has seen everything goes on: all below it is committed and seen, nothing from it on is missing.
 */
export async function nextChange(db: Db, tenantId: string, kind: ChangeKind): Promise<number> {
  if (isPostgres(db)) {
    const { rows } = await sql<{ next: number }>`select pg_snapshot_xmin(pg_current_snapshot())::text::bigint as next`.execute(db)
    return rows[0]!.next
  }
  const row = await db.selectFrom('changes').select(eb => eb.fn.max('changed').as('last')).where('tenantId', '=', tenantId).where('kind', '=', kind).executeTakeFirst()
  return (row?.last ?? 0) + 1
}

const lineage = 'lineage'

/** After a backup was brought back numbers begin anew from an older day: nothing that was told before counts (T-74). */
export async function beginLineage(trx: Db, now: number): Promise<void> {
  for (const { id: tenantId } of await trx.selectFrom('tenants').select('id').execute()) {
    await trx.insertInto('changeHorizons').values({ tenantId, kind: lineage, forgottenBefore: now })
      .onConflict(clash => clash.columns(['tenantId', 'kind']).doUpdateSet({ forgottenBefore: now })).execute()
  }
}

/** Which line of numbers a tenant is in: a number from another one means nothing. */
export async function lineageOf(db: Db, tenantId: string): Promise<number> {
  const row = await db.selectFrom('changeHorizons').select('forgottenBefore').where('tenantId', '=', tenantId).where('kind', '=', lineage).executeTakeFirst()
  return row?.forgottenBefore ?? 0
}

/** True when changes from this number on are all remembered. */
export async function remembersSince(db: Db, tenantId: string, kind: ChangeKind, from: number): Promise<boolean> {
  const row = await db.selectFrom('changeHorizons').select('forgottenBefore').where('tenantId', '=', tenantId).where('kind', '=', kind).executeTakeFirst()
  return from >= (row?.forgottenBefore ?? 0)
}

export interface Change {
  objectId: string
  changed: number
  removed: Removal | null
}

/** Changes with `from <= number < before`, oldest first, each object once. `after` goes on where the last page ended. */
export function changesBetween(
  db: Db, tenantId: string, kind: ChangeKind, { from, before, after, limit }: { from: number; before: number; after?: { changed: number; objectId: string } | undefined; limit: number },
): Promise<Change[]> {
  let query = db
    .selectFrom('changes')
    .select(['objectId', 'changed', 'removed'])
    .where('tenantId', '=', tenantId)
    .where('kind', '=', kind)
    .where('objectId', '<>', '')
    .where('changed', '>=', from)
    .where('changed', '<', before)
  if (after) query = query.where(eb => eb(eb.refTuple('changed', 'objectId'), '>', eb.tuple(after.changed, after.objectId)))
  return query.orderBy('changed').orderBy('objectId').limit(limit).execute() as Promise<Change[]>
}

/** The places in these groups that changed with `from <= number < before`. */
export async function memberChanges(
  db: Db, tenantId: string, groupId: string, { from, before, limit }: { from: number; before: number; limit: number },
): Promise<{ memberId: string; removed: boolean }[]> {
  const rows = await db
    .selectFrom('changes')
    .select(['objectId', 'removed'])
    .where('tenantId', '=', tenantId)
    .where('kind', '=', 'member')
    .where('objectId', '>', memberChangeId(groupId, ''))
    .where('objectId', '<', `${groupId}0`) // the character after the slash
    .where('changed', '>=', from)
    .where('changed', '<', before)
    .orderBy('objectId')
    .limit(limit)
    .execute()
  return rows.map(row => ({ memberId: row.objectId.slice(groupId.length + 1), removed: row.removed !== null }))
}

/** Forgets what changed before the moment, a bounded number of rows a call. @returns how many */
export async function forgetOldChanges(db: Db, before: number, most = 500): Promise<number> {
  const rows = await db.selectFrom('changes').select(['tenantId', 'kind', 'objectId', 'changed']).where('at', '<', before).where('objectId', '<>', '').orderBy('at').limit(most).execute()
  if (rows.length === 0) return 0
  await db.transaction().execute(async trx => {
    const horizons = new Map<string, { tenantId: string; kind: ChangeKind; upTo: number }>()
    for (const { tenantId, kind, objectId, changed } of rows) {
      const gone = await trx.deleteFrom('changes').where('tenantId', '=', tenantId).where('kind', '=', kind).where('objectId', '=', objectId)
        .where('changed', '=', changed).returning('objectId').executeTakeFirst()
      const told = countedWith(kind as ChangeKind)
      const known = horizons.get(`${tenantId} ${told}`)?.upTo ?? 0
      if (gone) horizons.set(`${tenantId} ${told}`, { tenantId, kind: told, upTo: Math.max(known, changed + 1) })
    }
    for (const { tenantId, kind, upTo } of horizons.values()) {
      await raiseHorizon(trx, tenantId, kind, upTo)
      if (!isPostgres(trx)) await keepCounting(trx, tenantId, kind, upTo)
    }
  })
  return rows.length
}

async function raiseHorizon(trx: Db, tenantId: string, kind: ChangeKind, forgottenBefore: number): Promise<void> {
  await trx.insertInto('changeHorizons').values({ tenantId, kind, forgottenBefore })
    .onConflict(clash => clash.columns(['tenantId', 'kind']).doUpdateSet({ forgottenBefore }).where('changeHorizons.forgottenBefore', '<', forgottenBefore)).execute()
}

/** SQLite's next number is one more than the largest row: it must not fall when rows go. Nobody is told of this one, for no object has its id. */
async function keepCounting(trx: Db, tenantId: string, kind: ChangeKind, changed: number): Promise<void> {
  await trx.insertInto('changes').values({ tenantId, kind, objectId: '', removed: null, changed, at: databaseNow(false) })
    .onConflict(clash => clash.columns(['tenantId', 'kind', 'objectId']).doUpdateSet({ changed }).where('changes.changed', '<', changed)).execute()
}
