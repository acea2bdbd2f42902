import { sql } from 'kysely'
import type { ColumnDataType, Kysely, RawBuilder } from 'kysely'

/** `?`: may be null. */
export type ColumnKind = 'text' | 'text?' | 'bigint' | 'bigint?' | 'boolean' | 'boolean?'

export interface TableSketch {
  name: string
  columns: Record<string, ColumnKind>
  key: readonly string[]
  /** Whose rows these belong to, and go with. `keys`: the parent's columns, when they are not its own key. */
  parents?: readonly { to: string; columns: readonly string[]; keys?: readonly string[] }[]
  unique?: readonly (readonly string[])[]
  indexes?: readonly (readonly string[])[]
}

/** Creates a table with its keys and indexes. Names are given as the queries spell them. */
export async function createTable(db: Kysely<unknown>, engine: 'sqlite' | 'postgres', sketch: TableSketch): Promise<void> {
  let table = db.schema.createTable(sketch.name)
  for (const [name, kind] of Object.entries(sketch.columns)) {
    table = table.addColumn(name, typeOf(kind, engine), column => (kind.endsWith('?') ? column : column.notNull()))
  }
  table = table.addPrimaryKeyConstraint(`${sketch.name}Key`, [...sketch.key] as never)
  for (const { to, columns, keys } of sketch.parents ?? []) {
    const theirs = keys ?? (columns.length === 1 ? ['id'] : ['tenantId', 'id'])
    table = table.addForeignKeyConstraint(`${sketch.name}Of${to}`, [...columns] as never, to, [...theirs], key => key.onDelete('cascade'))
  }
  for (const columns of sketch.unique ?? []) table = table.addUniqueConstraint(nameFor(sketch, columns, 'Once'), [...columns] as never)
  await table.execute()
  for (const columns of sketch.indexes ?? []) {
    await db.schema.createIndex(nameFor(sketch, columns, 'By')).on(sketch.name).columns([...columns]).execute()
  }
}

/** PostgreSQL would compare text by the language of the cluster: byte order is what SQLite has, and what paging needs. */
function typeOf(kind: ColumnKind, engine: 'sqlite' | 'postgres'): ColumnDataType | RawBuilder<unknown> {
  const plain = kind.replace('?', '') as 'text' | 'bigint' | 'boolean'
  return plain === 'text' && engine === 'postgres' ? sql`text collate "C"` : plain
}

/** PostgreSQL cuts names after 63 characters; the tenant is in nearly all of them and says nothing. */
function nameFor({ name }: TableSketch, columns: readonly string[], word: string): string {
  const rest = columns.filter(column => column !== 'tenantId' || columns.length === 1)
  return `${name}_${word}_${rest.join('_')}`.slice(0, 55)
}
