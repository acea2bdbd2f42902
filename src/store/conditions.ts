/**
 * A filter over the directory as SQL. What may be compared is a closed list of properties for each kind of object, so no secret
 * column can be made to answer yes or no (T-65). Nothing here is ever unknown: what has no value is unlike every value, as OData says.
 */
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'
import { endOfPrefix, nameKey } from './names.ts'

export type Literal = string | number | boolean | null
export type Comparison = 'eq' | 'ne' | 'ge' | 'le' | 'gt' | 'lt'
export type Filter =
  | { kind: 'compare'; property: string; operator: Comparison; value: Literal }
  | { kind: 'in'; property: string; values: Literal[] }
  | { kind: 'startswith'; property: string; value: string }
  | { kind: 'endswith'; property: string; value: string }
  | { kind: 'any'; property: string; operator: Comparison | 'startswith' | 'endswith'; value: Literal }
  | { kind: 'not'; operand: Filter }
  | { kind: 'and' | 'or'; left: Filter; right: Filter }

export type FilterOperator = Comparison | 'in' | 'startswith' | 'endswith' | 'any'

type Expression = RawBuilder<unknown>
export type Condition = RawBuilder<boolean>

/** A property that can be filtered by, and how its values stand in the tables. */
export interface Property {
  operators: readonly FilterOperator[]
  /**
   * - `name`: beside what people see stands the form that is compared (`nameKey`)
   * - `text`: compared without regard to case, as far as the database knows case
   * - `id`: in small letters
   * - `flag`: true, or false and nothing alike
   * - `instant`: epoch milliseconds
   * - `number`
   * - `set`: asked with `any`; `has` finds one member
   */
  kind: 'name' | 'text' | 'id' | 'flag' | 'instant' | 'number' | 'set'
  value?: Expression
  has?: (operator: 'eq' | 'startswith', value: string) => Condition
  /** For a `text` that no column holds as it is. */
  equals?: (value: string) => Condition
  /** The column has an index that begins with the tenant and it: equality finds few rows, and pages can come in its order. */
  index?: 'unique' | 'ordered'
  /** The column of that index, for pages in its order. */
  column?: string
}

export type Properties = Readonly<Record<string, Property>>

/** For a filter that the parser let through; another is a bug. */
export function conditionOf(filter: Filter, properties: Properties): Condition {
  switch (filter.kind) {
    case 'and': return sql<boolean>`(${conditionOf(filter.left, properties)} and ${conditionOf(filter.right, properties)})`
    case 'or': return sql<boolean>`(${conditionOf(filter.left, properties)} or ${conditionOf(filter.right, properties)})`
    case 'not': return sql<boolean>`(not ${conditionOf(filter.operand, properties)})`
    case 'any': return ofSet(properties[filter.property]!, filter.operator, String(filter.value))
    case 'in': return sql<boolean>`(${sql.join(filter.values.map(value => compared(properties[filter.property]!, 'eq', value)), sql` or `)})`
    case 'startswith': return starts(properties[filter.property]!, filter.value)
    case 'endswith': return ends(properties[filter.property]!, filter.value)
    case 'compare': return compared(properties[filter.property]!, filter.operator, filter.value)
  }
}

const signs = { eq: sql`=`, ne: sql`<>`, ge: sql`>=`, le: sql`<=`, gt: sql`>`, lt: sql`<` } as const

/** Never unknown, so that `not` is the opposite: what has no value is unlike every value (OData's null). */
function compared({ kind, value = sql`null`, equals }: Property, operator: Comparison, given: Literal): Condition {
  if (equals) return operator === 'eq' ? equals(String(given)) : sql<boolean>`(not ${equals(String(given))})`
  if (kind === 'flag') {
    const isTrue = given === true
    return (operator === 'eq') === isTrue ? sql<boolean>`${value}` : sql<boolean>`(not ${value})`
  }
  if (given === null) return operator === 'eq' ? sql<boolean>`(${value} is null)` : sql<boolean>`(${value} is not null)`
  const [left, right] = sides(kind, value, given)
  return operator === 'ne' ? sql<boolean>`(${value} is null or ${left} <> ${right})` : sql<boolean>`(${value} is not null and ${left} ${signs[operator]} ${right})`
}

function sides(kind: Property['kind'], value: Expression, given: string | number | boolean): [Expression, Expression] {
  if (kind === 'instant') return [value, sql`${Date.parse(String(given))}`]
  if (kind === 'number') return [value, sql`${given}`]
  if (kind === 'name') return [value, sql`${nameKey(String(given))}`]
  if (kind === 'id') return [value, sql`${String(given).toLowerCase()}`]
  return [sql`lower(${value})`, sql`lower(${String(given)})`]
}

function starts({ kind, value = sql`null` }: Property, prefix: string): Condition {
  if (kind === 'name') return sql<boolean>`(${value} is not null and ${value} >= ${nameKey(prefix)} and ${value} < ${endOfPrefix(nameKey(prefix))})`
  return sql<boolean>`(${value} is not null and lower(${value}) >= lower(${prefix}) and lower(${value}) < lower(${endOfPrefix(prefix)}))`
}

function ends({ kind, value = sql`null` }: Property, suffix: string): Condition {
  const text = kind === 'name' ? nameKey(suffix) : suffix.toLowerCase()
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}`
  return sql<boolean>`(${value} is not null and ${kind === 'name' ? value : sql`lower(${value})`} like ${pattern} escape ${'\\'})`
}

function ofSet({ has }: Property, operator: Comparison | 'startswith' | 'endswith', value: string): Condition {
  if (has === undefined) return sql<boolean>`(1 = 0)`
  return has(operator === 'startswith' ? 'startswith' : 'eq', value)
}
