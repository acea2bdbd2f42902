/**
 * What SQLite's planner believes about the tables. Without statistics it takes a tenant for a few rows and reads all its groups or
 * licences for one person; with measured ones its plans would depend on when somebody measured. So it is told what is true wherever
 * size matters: a tenant is a large part of a large table, and the column behind the tenant narrows it to a few.
 */
import { sql } from 'kysely'
import type { Db } from '../app.ts'
import { inTransaction } from './engine.ts'

/** Some rows for each tenant, however many people it has. */
const small = new Set(['tenants', 'domains', 'policies', 'agents', 'installation', 'subscribed_skus', 'nodes', 'audit_heads', 'data_keys', 'signing_keys'])
const rowsOf = (table: string): number => (small.has(table) ? 50 : 200_000)
const tenants = 10
/** Rows that share the first column behind the tenant's. */
const few = 20

/** Connections read it when they open. The audit log is left out: its pages are walked by time, whatever they are filtered by. */
export function writeStatistics(db: Db): Promise<void> {
  return inTransaction(db, async trx => {
    await sql`analyze tenants`.execute(trx) // makes the table of statistics
    await sql`delete from sqlite_stat1`.execute(trx)
    const { rows } = await sql<{ tbl: string; idx: string; isUnique: number; columns: string }>`
      select t.name as tbl, i.name as idx, i."unique" as is_unique, group_concat(c.name) as columns
      from sqlite_schema as t, pragma_index_list(t.name) as i, pragma_index_info(i.name) as c
      where t.type = 'table' and t.name not like 'sqlite_%' and t.name <> 'audit' group by t.name, i.name`.execute(trx)
    for (const { tbl, idx, isUnique, columns } of rows) {
      const stat = [rowsOf(tbl), ...sharing(columns.split(','), rowsOf(tbl), isUnique === 1)].join(' ')
      await sql`insert into sqlite_stat1 (tbl, idx, stat) values (${tbl}, ${idx}, ${stat})`.execute(trx)
    }
    await sql`analyze sqlite_schema`.execute(trx) // this connection reads it now
  })
}

/** For each column of an index, how many rows are alike up to it. */
function sharing(columns: readonly string[], rows: number, unique: boolean): number[] {
  let alike = rows
  return columns.map((column, at) => {
    if (unique && at === columns.length - 1) alike = 1
    else if (column === 'tenant_id') alike = rows / tenants
    else alike = alike > few ? Math.min(few, Math.ceil(alike / 2)) : Math.max(1, Math.ceil(alike / 2))
    return alike
  })
}
