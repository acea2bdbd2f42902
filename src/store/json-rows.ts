/**
 * Rows of other tables inside one row, so that what belongs to somebody is read by one query. Each such column is a text: a JSON
 * array for every row, its values in the order of the names, which both engines write alike but for flags (1 and 0 on SQLite).
 */
import { sql } from 'kysely'
import type { AliasedRawBuilder, Expression, RawBuilder } from 'kysely'
import type { Db } from '../app.ts'
import { isPostgres } from './engine.ts'

export interface JsonRows<Row> {
  /** The rows of the query, as a column. They keep the query's order. */
  select<Alias extends string>(db: Db, rows: Expression<unknown>, alias: Alias): AliasedRawBuilder<string, Alias>
  /** The rows again, out of what that column held. */
  read(text: string): Row[]
}

type Names<Row> = readonly (keyof Row & string)[]

/** `names` are the columns of the query that count, `flags` those of them that are booleans and never null. */
export function jsonRows<Row extends object>(names: Names<Row>, flags: Names<Row> = []): JsonRows<Row> {
  const isFlag = names.map(name => flags.includes(name))
  const rowOf = (values: readonly unknown[]): Row => {
    const row: Record<string, unknown> = {}
    for (let at = 0; at < names.length; at++) row[names[at]!] = isFlag[at] ? Boolean(values[at]) : values[at]
    return row as Row
  }
  return {
    select: (db, rows, alias) => {
      const values = sql.join(names.map(name => sql.ref(`part.${name}`)))
      const gathered = isPostgres(db) ? sql`json_agg(json_build_array(${values}))` : sql`json_group_array(json_array(${values}))`
      const text: RawBuilder<string> = sql`(select coalesce(cast(${gathered} as text), '[]') from ${rows} as part)`
      return text.as(alias)
    },
    read: text => (text === '[]' ? [] : (JSON.parse(text) as unknown[][]).map(rowOf)),
  }
}
