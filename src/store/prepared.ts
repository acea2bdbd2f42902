/**
 * Queries that are built once. Building one and turning it into text costs five times what SQLite needs to answer it, so what every
 * sign-in and every reset asks is built with named places, once for each engine, and run with values from then on.
 */
import type { Compilable, CompiledQuery } from 'kysely'
import type { Db } from '../app.ts'
import { isPostgres } from './engine.ts'
import { naming } from './naming.ts'

/** Stands where a value will stand. Its type fits every column; the values' own types are those of `prepared<Values>`. */
type Place<Values> = (name: keyof Values & string) => never

export interface Prepared<Values, Row> {
  all(db: Db, values: Values): Promise<Row[]>
  first(db: Db, values: Values): Promise<Row | undefined>
  /** For what is there by its nature, as after an insert with `returning`. */
  only(db: Db, values: Values): Promise<Row>
  /** @returns how many rows were written */
  run(db: Db, values: Values): Promise<number>
}

const isWatched = (db: Db): boolean => db.getExecutor().plugins.some(plugin => plugin !== naming)

class Named {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/**
 * `const findUser = prepared<{ id: string }>()((db, value) => db.selectFrom('users').select('upn').where('id', '=', value('id')))`,
 * then `await findUser.first(trx, { id })`. The shape of the query must not depend on a value: make two for that.
 */
export function prepared<Values extends object>(): <Row>(build: (db: Db, value: Place<Values>) => Compilable<Row>) => Prepared<Values, Row> {
  return build => make(build)
}

function make<Values extends object, Row>(build: (db: Db, value: Place<Values>) => Compilable<Row>): Prepared<Values, Row> {
  const place: Place<Values> = name => new Named(name) as never
  let onSqlite: CompiledQuery<Row> | undefined
  let onPostgres: CompiledQuery<Row> | undefined
  const compiled = (db: Db): CompiledQuery<Row> =>
    isPostgres(db) ? (onPostgres ??= build(db, place).compile()) : (onSqlite ??= build(db, place).compile())
  const execute = (db: Db, values: Values) => {
    // Whoever watches statements with a plugin gets to see these too, as they are built.
    if (isWatched(db)) return db.executeQuery(build(db, (name => values[name]) as Place<Values>).compile())
    const query = compiled(db)
    const parameters = query.parameters.map(one => (one instanceof Named ? values[one.name as keyof Values] : one))
    return db.executeQuery<Row>({ ...query, parameters })
  }
  return {
    all: async (db, values) => (await execute(db, values)).rows,
    first: async (db, values) => (await execute(db, values)).rows[0],
    only: async (db, values) => {
      const [row] = (await execute(db, values)).rows
      if (row === undefined) throw new Error('A row was expected and none came')
      return row
    },
    run: async (db, values) => Number((await execute(db, values)).numAffectedRows ?? 0n),
  }
}
