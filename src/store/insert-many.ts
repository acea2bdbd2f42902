import type { CompiledQuery, Insertable, RootOperationNode } from 'kysely'
import type { Db } from '../app.ts'
import { isPostgres } from './engine.ts'
import type { Database } from './tables.ts'

/** Rows that one statement inserts: each number of rows has a statement of its own, so there must not be too many of them. */
const usually = 20

/**
 * Inserts rows that all have these columns, in statements of up to twenty rows (or as many as said) that are built once. More rows than
 * that are several statements: give a transaction.
 */
export function insertMany<Table extends keyof Database>(
  table: Table, columns: readonly (keyof Insertable<Database[Table]> & string)[], atOnce = usually,
): (db: Db, rows: readonly Insertable<Database[Table]>[]) => Promise<void> {
  const compiled = { sqlite: new Map<number, CompiledQuery>(), postgres: new Map<number, CompiledQuery>() }
  const statementFor = (db: Db, count: number): CompiledQuery => {
    const known = compiled[isPostgres(db) ? 'postgres' : 'sqlite']
    let statement = known.get(count)
    if (statement === undefined) {
      // Only the places count: values take them row by row, in the order of the columns.
      const places = Array.from({ length: count }, () => Object.fromEntries(columns.map(column => [column, ''])))
      const { query, ...text } = db.insertInto(table).values(places as never).compile()
      // The tree it was made from is a thousand times larger, and nobody looks at more of it than its kind.
      known.set(count, (statement = { ...text, query: { kind: query.kind } as RootOperationNode, parameters: [] }))
    }
    return statement
  }
  return async (db, rows) => {
    for (let from = 0; from < rows.length; from += atOnce) {
      const some = rows.slice(from, from + atOnce) as readonly Record<string, unknown>[]
      const parameters: unknown[] = []
      for (const row of some) for (const column of columns) parameters.push(row[column] ?? null)
      await db.executeQuery({ ...statementFor(db, some.length), parameters })
    }
  }
}
