/**
 * Columns are camelCase in the code and snake_case in the database. Names are turned when a query becomes text and, on SQLite, when a
 * statement is prepared: Kysely's own plugin copies every query's tree and every row for it, a third of what a statement cost.
 */
import { CamelCasePlugin, PostgresQueryCompiler, SqliteQueryCompiler, ValueNode } from 'kysely'
import type { LimitNode, PluginTransformQueryArgs, PluginTransformResultArgs, QueryResult, RootOperationNode, UnknownRow } from 'kysely'

class Naming extends CamelCasePlugin {
  readonly #inDatabase = new Map<string, string>()
  readonly #inCode = new Map<string, string>()

  /** Names come from the code, never from a request, so they are few. */
  inDatabase(name: string): string {
    let found = this.#inDatabase.get(name)
    if (found === undefined) this.#inDatabase.set(name, (found = this.snakeCase(name)))
    return found
  }

  inCode(name: string): string {
    let found = this.#inCode.get(name)
    if (found === undefined) this.#inCode.set(name, (found = this.camelCase(name)))
    return found
  }

  /** The compilers below do it. */
  override transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    return node
  }

  override async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    const [first] = result.rows
    if (!first) return result
    const names = Object.keys(first)
    if (!names.some(name => name.includes('_'))) return result
    const renamed = names.map(name => this.inCode(name))
    const rows = result.rows.map(row => {
      const made: UnknownRow = {}
      for (let column = 0; column < names.length; column++) made[renamed[column]!] = row[names[column]!]
      return made
    })
    return { ...result, rows }
  }
}

/** The names of both worlds, and Kysely's plugin for PostgreSQL, whose driver hands rows over as the database names them. */
export const naming = new Naming()

export class SqliteCompiler extends SqliteQueryCompiler {
  /** As a number in the text: SQLite plans by a bound limit's value, and so plans the statement anew every time one is bound. */
  protected override visitLimit(node: LimitNode): void {
    const { limit } = node
    if (ValueNode.is(limit) && Number.isSafeInteger(limit.value)) this.append(`limit ${String(limit.value)}`)
    else super.visitLimit(node)
  }

  protected override sanitizeIdentifier(identifier: string): string {
    return super.sanitizeIdentifier(naming.inDatabase(identifier))
  }
}

export class PostgresCompiler extends PostgresQueryCompiler {
  protected override sanitizeIdentifier(identifier: string): string {
    return super.sanitizeIdentifier(naming.inDatabase(identifier))
  }
}
