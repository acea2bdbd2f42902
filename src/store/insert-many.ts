import type { Insertable } from 'kysely'
import type { Db } from '../app.ts'
import { prepared } from './prepared.ts'
import type { Prepared } from './prepared.ts'
import type { Database } from './tables.ts'

/** Rows that one statement inserts: each number of rows has a statement of its own, so there must not be too many of them. */
const usually = 20

/**
 * Inserts rows that all have these columns, in statements of up to twenty rows (or as many as said) that are built once. More rows than that are several
 * statements: give a transaction.
 */
export function insertMany<Table extends keyof Database>(
  table: Table, columns: readonly (keyof Insertable<Database[Table]> & string)[], atOnce = usually,
): (db: Db, rows: readonly Insertable<Database[Table]>[]) => Promise<void> {
  const statements = new Map<number, Prepared<Record<string, unknown>, unknown>>()
  const statementFor = (count: number) => {
    const kept = statements.get(count) ?? prepared<Record<string, unknown>>()((db, value) =>
      db.insertInto(table).values(Array.from({ length: count }, (_, n) => Object.fromEntries(columns.map(column => [column, value(`${column}${n}`)]))) as never))
    statements.set(count, kept)
    return kept
  }
  return async (db, rows) => {
    for (let from = 0; from < rows.length; from += atOnce) {
      const some = rows.slice(from, from + atOnce)
      const values: Record<string, unknown> = {}
      for (const [n, row] of some.entries()) for (const column of columns) values[`${column}${n}`] = (row as Record<string, unknown>)[column] ?? null
      await statementFor(some.length).run(db, values)
    }
  }
}
