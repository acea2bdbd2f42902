/**
 * Pages of a directory of a million objects. A filter that an index answers is asked of the index; any other walks through the objects
 * in windows of two thousand, a bounded number of them a page: a page may then hold fewer objects than asked for, or none, and the
 * cursor goes on where it stopped (T-65: no question of one caller takes the server from the others).
 */
import { setImmediate as turn } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Selectable } from 'kysely'
import type { Db } from '../app.ts'
import { conditionOf } from './conditions.ts'
import type { Condition, Filter, Properties, Property } from './conditions.ts'
import { pageLimit } from './engine.ts'
import { endOfPrefix, nameKey } from './names.ts'
import type { Database } from './tables.ts'

type Table = 'users' | 'groups' | 'applications' | 'servicePrincipals'

/** Objects of one kind, in a table with `tenantId`, `id` and `deletedDateTime`. */
export interface Resource<T extends Table> {
  table: T
  columns: readonly (keyof Selectable<Database[T]> & string)[]
  properties: Properties
  /** The column by which deleted ones are indexed; their id when left out. */
  deletedBy?: string
}

/** Where the next page begins; opaque to whoever carries it. */
export type Cursor = readonly string[]

export interface Asked {
  tenantId: string
  filter?: Filter | undefined
  orderBy?: { column: string; descending: boolean } | undefined
  after?: Cursor | undefined
  top: number
  /** The deleted items instead. */
  deleted?: boolean
}

/** Rows a window spans, and windows a page looks through. */
export interface Windows {
  size: number
  most: number
}
const usual: Windows = { size: 2000, most: 25 }

/** A way through the objects: by id, or by an indexed column and then the id, forwards or backwards, all or a range. */
interface Walk {
  column: string | undefined
  descending: boolean
  range?: { from: string; to: string }
  condition: Condition | undefined
  /** No more than the index answers: no windows needed. */
  exact: boolean
  /** Few rows: the database finds them by an index and puts them in order. */
  few: boolean
}

export async function pageOf<T extends Table>(db: Db, resource: Resource<T>, asked: Asked, windows: Windows = usual): Promise<{ rows: Selectable<Database[T]>[]; next: Cursor | undefined }> {
  const walks = walksOf(resource, asked)
  const top = Math.min(Math.max(asked.top, 1), pageLimit)
  const rows: Selectable<Database[T]>[] = []
  let [at, place] = opened(asked.after)
  for (let passed = 0; at < walks.length; ) {
    const walk = walks[at]!
    if (walk.exact) {
      const found = await select(db, resource, asked, walk, place, undefined, top - rows.length)
      rows.push(...found)
      if (rows.length === top) return { rows, next: cursorAfter(at, walk, found.at(-1)!) }
      ;[at, place] = [at + 1, undefined]
      continue
    }
    const end = await endOfWindow(db, resource, asked, walk, place, windows.size)
    const found = await select(db, resource, asked, walk, place, end, top - rows.length)
    rows.push(...found)
    if (rows.length === top) return { rows, next: cursorAfter(at, walk, found.at(-1)!) }
    ;[at, place] = end === undefined ? [at + 1, undefined] : [at, end]
    if (++passed >= windows.most && at < walks.length) return { rows, next: [String(at), ...(place ?? [])] }
    await turn() // SQLite answers without waiting: others must get their turn
  }
  return { rows, next: undefined }
}

/** How many objects fit the filter. Without a filter ask the counter instead. */
export async function countOf<T extends Table>(db: Db, resource: Resource<T>, asked: Omit<Asked, 'top' | 'after' | 'orderBy'>, windows: Windows = usual): Promise<number> {
  let count = 0
  for (const walk of walksOf(resource, asked)) {
    for (let place: Place | undefined; ; ) {
      const end = walk.few ? undefined : await endOfWindow(db, resource, asked, walk, place, windows.size)
      count += (await between(db, resource, asked, walk, place, end).select(sql<number>`count(*)`.as('count')).executeTakeFirstOrThrow()).count
      if (end === undefined) break
      place = end
      await turn()
    }
  }
  return count
}

type Place = readonly string[]

/** The walk's number and the key to go on after. */
function opened(cursor: Cursor | undefined): [number, Place | undefined] {
  if (cursor === undefined) return [0, undefined]
  const [at, ...place] = cursor
  return [Number(at), place.length === 0 ? undefined : place]
}

function cursorAfter(at: number, walk: Walk, row: object): Cursor {
  const { id } = row as { id: string }
  return [String(at), ...(walk.column === undefined ? [] : [String((row as Record<string, unknown>)[walk.column])]), id]
}

/** One walk, or one for each alternative of an `or` whose every part an index answers. */
function walksOf<T extends Table>({ properties, deletedBy }: Resource<T>, { filter, orderBy, deleted }: Omit<Asked, 'top'>): Walk[] {
  const order = { column: orderBy?.column ?? (deleted ? deletedBy : undefined), descending: orderBy?.descending ?? false }
  if (filter === undefined) return [{ ...order, condition: undefined, exact: true, few: false }]
  const condition = conditionOf(filter, properties)
  const through: Walk = { ...order, condition, exact: false, few: false }
  if (deleted) return [through]
  const parts = alternatives(filter).map(part => ({ part, driver: driverOf(part, properties) }))
  if (orderBy !== undefined || parts.some(one => one.driver === undefined)) {
    if (parts.length > 1 || parts[0]!.driver === undefined) return [through]
    const [driver, same] = [parts[0]!.driver, parts[0]!.driver.column === order.column]
    return driver.few ? [{ ...through, exact: true, few: true }] : [same ? { ...through, range: driver.range } : through]
  }
  return parts.map(({ part, driver }, at) => {
    // What an earlier alternative has told already is not told again.
    const told = parts.slice(0, at).map(before => sql<boolean>`not ${conditionOf(before.part, properties)}`)
    const mine = sql<boolean>`(${sql.join([conditionOf(part, properties), ...told], sql` and `)})`
    if (driver!.few) return { column: undefined, descending: false, condition: mine, exact: true, few: true }
    return { column: driver!.column, descending: false, range: driver!.range, condition: mine, exact: told.length === 0 && part.kind === 'startswith', few: false }
  })
}

type Driver = { few: true; column?: undefined } | { few: false; column: string; range: { from: string; to: string } }

const alternatives = (filter: Filter): Filter[] => (filter.kind === 'or' ? [...alternatives(filter.left), ...alternatives(filter.right)] : [filter])
const conjuncts = (filter: Filter): Filter[] => (filter.kind === 'and' ? [...conjuncts(filter.left), ...conjuncts(filter.right)] : [filter])

/** The index that answers the filter, or leaves little to look at; undefined when none does. */
function driverOf(filter: Filter, properties: Properties): Driver | undefined {
  let range: Driver | undefined
  for (const one of conjuncts(filter)) {
    if (!('property' in one)) continue
    const property: Property = properties[one.property]!
    if (property.index === undefined) continue
    if (one.kind === 'in' || ((one.kind === 'compare' || one.kind === 'any') && one.operator === 'eq' && one.value !== null)) return { few: true }
    if (one.kind === 'startswith' && property.column !== undefined && one.value !== '') {
      range ??= { few: false, column: property.column, range: { from: nameKey(one.value), to: endOfPrefix(nameKey(one.value)) } }
    }
  }
  return range
}

/** Objects of the tenant after one place and up to another, as far as the walk's condition lets them. */
function between<T extends Table>(db: Db, { table }: Resource<T>, { tenantId, deleted }: Pick<Asked, 'tenantId' | 'deleted'>, walk: Walk, after: Place | undefined, upTo: Place | undefined) {
  // One of four tables that have these columns alike; the types of all four at once would be too many for the compiler.
  let query = db.selectFrom(table as 'users').where('tenantId', '=', tenantId).where('deletedDateTime', deleted ? 'is not' : 'is', null)
  query = query.where(placed(walk, after, upTo))
  return walk.condition === undefined ? query : query.where(walk.condition)
}

function placed({ column, descending, range }: Walk, after: Place | undefined, upTo: Place | undefined): Condition {
  const key = column === undefined ? sql`id` : sql`(${sql.ref(column)}, id)`
  const value = (place: Place) => (column === undefined ? sql`${place[0]}` : sql`(${place[0]}, ${place[1]})`)
  const parts: Condition[] = [sql<boolean>`1 = 1`]
  if (after) parts.push(descending ? sql`${key} < ${value(after)}` : sql`${key} > ${value(after)}`)
  if (upTo) parts.push(descending ? sql`${key} >= ${value(upTo)}` : sql`${key} <= ${value(upTo)}`)
  // The place itself bounds the one side: given both, SQLite begins at the range's own end and walks to the place, page after page.
  if (range && column !== undefined && (descending || !after)) parts.push(sql`${sql.ref(column)} >= ${range.from}`)
  if (range && column !== undefined && (!descending || !after)) parts.push(sql`${sql.ref(column)} < ${range.to}`)
  return sql<boolean>`${sql.join(parts, sql` and `)}`
}

async function select<T extends Table>(
  db: Db, resource: Resource<T>, asked: Asked, walk: Walk, after: Place | undefined, upTo: Place | undefined, limit: number,
): Promise<Selectable<Database[T]>[]> {
  const direction = walk.descending ? 'desc' : 'asc'
  let query = between(db, resource, asked, walk, after, upTo).select(resource.columns as readonly ('id' | 'displayName')[])
  // Few rows are put in order afterwards: an index that has the order would be walked from its beginning.
  const key = (column: string) => (walk.few ? sql`${sql.ref(column)} || ''` : sql`${sql.ref(column)}`)
  if (walk.column !== undefined) query = query.orderBy(key(walk.column), direction)
  return (await query.orderBy(key('id'), direction).limit(limit).execute()) as unknown as Selectable<Database[T]>[]
}

/** The last key of the next window; undefined when what is left fits into one. Read from the index alone. */
async function endOfWindow<T extends Table>(db: Db, { table }: Resource<T>, { tenantId }: Pick<Asked, 'tenantId'>, walk: Walk, after: Place | undefined, size: number): Promise<Place | undefined> {
  const direction = walk.descending ? 'desc' : 'asc'
  let query = db.selectFrom(table as 'users').select('id').where('tenantId', '=', tenantId).where(placed(walk, after, undefined))
  if (walk.column !== undefined) query = query.select(sql.ref<string>(walk.column).as('key')).orderBy(sql.ref(walk.column), direction)
  const row = (await query.orderBy('id', direction).limit(1).offset(size - 1).executeTakeFirst()) as { id: string; key?: string } | undefined
  if (row === undefined) return undefined
  return walk.column === undefined ? [row.id] : [row.key!, row.id]
}
