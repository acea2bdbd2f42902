/**
 * $filter, parsed by hand and bounded before anything is looked at (T-65): length, nodes, depth, size of `in` lists. What may be
 * compared is a closed list for each resource, so no secret column can be made to answer yes or no.
 */
import { Refusal } from '../refusal.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import type { Comparison, Filter, FilterOperator, Literal, Property } from '../store/conditions.ts'
import { readTokens } from './odata-tokens.ts'
import type { Token } from './odata-tokens.ts'

export type { Comparison, Filter, FilterOperator, Literal } from '../store/conditions.ts'

/** property → operators a resource answers, or the property as the store knows it; nested properties are written with `/`. */
export type Filterable = Readonly<Record<string, readonly FilterOperator[] | Pick<Property, 'operators' | 'kind'>>>

export const filterLimits = { length: 2048, nodes: 30, depth: 8, inValues: 20 } as const

export type QueryErrorCode = 'BadRequest' | 'Request_UnsupportedQuery' | 'Request_BadRequest'

/** 400 in Graph's words: `BadRequest` for what cannot be read, `Request_UnsupportedQuery` for what is not offered. */
export function badQuery(field: string, graphCode: QueryErrorCode = 'BadRequest', code: ReasonCode = 'LK_FIELD_INVALID', values: Record<string, string | number> = {}): Refusal {
  return new Refusal(400, [reason(code, { field, graphCode, ...values })], { field })
}

const unreadable = (near: string): Refusal => badQuery('$filter', 'BadRequest', 'LK_FILTER_UNREADABLE', { near: near.slice(0, 40) })
const tooLarge = (): Refusal => badQuery('$filter', 'BadRequest', 'LK_FILTER_TOO_LARGE', filterLimits)

/**
 * The filter as a tree.
 * @throws Refusal 400 when it cannot be read, is too large, or asks for what `filterable` does not offer
 */
export function parseFilter(text: string, filterable: Filterable): Filter {
  if (text.length > filterLimits.length) throw tooLarge()
  const parser = new Parser(readTokens(text, unreadable), filterable)
  const filter = parser.either(0)
  parser.end()
  return filter
}

class Parser {
  #at = 0
  #nodes = 0
  readonly #tokens: readonly Token[]
  readonly #filterable: Filterable

  constructor(all: readonly Token[], filterable: Filterable) {
    this.#tokens = all
    this.#filterable = filterable
  }

  either(depth: number): Filter {
    let left = this.both(depth)
    while (this.#takeWord('or')) left = this.#node({ kind: 'or', left, right: this.both(depth) })
    return left
  }

  both(depth: number): Filter {
    let left = this.one(depth)
    while (this.#takeWord('and')) left = this.#node({ kind: 'and', left, right: this.one(depth) })
    return left
  }

  one(depth: number): Filter {
    if (depth >= filterLimits.depth) throw tooLarge()
    if (this.#takeWord('not')) return this.#node({ kind: 'not', operand: this.one(depth + 1) })
    if (this.#takePunctuation('(')) {
      const inner = this.either(depth + 1)
      this.#needPunctuation(')')
      return inner
    }
    const name = this.#next('word').text
    const call = name.toLowerCase()
    if ((call === 'startswith' || call === 'endswith') && this.#takePunctuation('(')) return this.#ending(call)
    if (name.endsWith('/any') && this.#takePunctuation('(')) return this.#any(name.slice(0, -'/any'.length))
    return this.#comparison(name)
  }

  end(): void {
    if (this.#at !== this.#tokens.length) throw this.#unreadable()
  }

  #ending(kind: 'startswith' | 'endswith'): Filter {
    const property = this.#property(this.#next('word').text, kind)
    this.#needPunctuation(',')
    const value = this.#next('string').text
    this.#needPunctuation(')')
    return this.#node({ kind, property, value })
  }

  /** `x:x eq 'a'`, `x:x/skuId eq …`, `x:startswith(x,'a')`. */
  #any(collection: string): Filter {
    const variable = this.#next('word').text
    this.#needPunctuation(':')
    const call = this.#tokens[this.#at]?.text.toLowerCase()
    if ((call === 'startswith' || call === 'endswith') && this.#tokens[this.#at + 1]?.text === '(') {
      this.#at += 2
      const property = this.#member(collection, variable)
      this.#needPunctuation(',')
      const value = this.#next('string').text
      this.#needPunctuation(')')
      this.#needPunctuation(')')
      return this.#node({ kind: 'any', property, operator: call, value })
    }
    const property = this.#member(collection, variable)
    const operator = this.#operator()
    const value = this.#literal()
    this.#needPunctuation(')')
    return this.#node({ kind: 'any', property, operator, value })
  }

  /** The collection, or what is asked of its members: `targetResources/id`. */
  #member(collection: string, variable: string): string {
    const compared = this.#next('word').text
    if (compared !== variable && !compared.startsWith(`${variable}/`)) throw this.#unreadable()
    const below = compared.slice(variable.length)
    const whole = below === '' ? undefined : this.#known(`${collection}${below}`)
    if (whole !== undefined) return this.#property(whole, 'any')
    return `${this.#property(collection, 'any')}${below}`
  }

  #comparison(name: string): Filter {
    if (this.#takeWord('in')) {
      const property = this.#property(name, 'in')
      this.#needPunctuation('(')
      const values = [this.#value(property)]
      while (this.#takePunctuation(',')) values.push(this.#value(property))
      this.#needPunctuation(')')
      if (values.length > filterLimits.inValues) throw tooLarge()
      return this.#node({ kind: 'in', property, values })
    }
    const operator = this.#operator()
    const property = this.#property(name, operator)
    const value = this.#value(property)
    // Nothing is before or after null.
    if (value === null && operator !== 'eq' && operator !== 'ne') throw badQuery('$filter', 'BadRequest', 'LK_FILTER_UNREADABLE', { near: `${property} ${operator} null` })
    return this.#node({ kind: 'compare', property, operator, value })
  }

  #operator(): Comparison {
    const word = this.#next('word').text
    if (!['eq', 'ne', 'ge', 'le', 'gt', 'lt'].includes(word)) throw unreadable(word)
    return word as Comparison
  }

  #known(name: string): string | undefined {
    return Object.keys(this.#filterable).find(one => one.toLowerCase() === name.toLowerCase())
  }

  #property(name: string, operator: FilterOperator): string {
    const known = this.#known(name)
    const operators = known === undefined ? [] : operatorsOf(this.#filterable[known]!)
    if (known !== undefined && operators.includes(operator)) return known
    throw badQuery('$filter', 'Request_UnsupportedQuery', 'LK_FILTER_UNSUPPORTED', {
      property: (known ?? name).slice(0, 60), operator, offered: (known === undefined ? Object.keys(this.#filterable) : operators).join(', ') || '–',
    })
  }

  /** A literal of the kind the property has. */
  #value(property: string): Literal {
    const value = this.#literal()
    const known = this.#filterable[property]!
    if ('kind' in known && !fitsKind(value, known.kind)) throw badQuery('$filter', 'BadRequest', 'LK_FILTER_UNREADABLE', { near: `${property} … ${String(value).slice(0, 30)}` })
    return value
  }

  #literal(): Literal {
    const token = this.#tokens[this.#at++]
    if (token?.kind === 'string') return token.text
    if (token?.kind !== 'word') throw this.#unreadable()
    const { text } = token
    if (text === 'null') return null
    if (text === 'true' || text === 'false') return text === 'true'
    if (/^-?\d{1,15}$/.test(text)) return Number(text)
    if (/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(text) || isInstant(text)) return text
    throw unreadable(text)
  }

  #node(filter: Filter): Filter {
    if (++this.#nodes > filterLimits.nodes) throw tooLarge()
    return filter
  }

  #takeWord(text: string): boolean {
    const token = this.#tokens[this.#at]
    if (token?.kind !== 'word' || token.text !== text) return false
    this.#at++
    return true
  }

  #takePunctuation(text: string): boolean {
    const token = this.#tokens[this.#at]
    if (token?.kind !== 'punctuation' || token.text !== text) return false
    this.#at++
    return true
  }

  #needPunctuation(text: string): void {
    if (!this.#takePunctuation(text)) throw this.#unreadable()
  }

  #next(kind: Token['kind']): Token {
    const token = this.#tokens[this.#at++]
    if (token?.kind !== kind) throw this.#unreadable()
    return token
  }

  #unreadable(): Refusal {
    return unreadable(this.#tokens[Math.min(this.#at, this.#tokens.length) - 1]?.text ?? '')
  }
}

const operatorsOf = (known: Filterable[string]): readonly FilterOperator[] => ('kind' in known ? known.operators : known)

const isInstant = (text: string): boolean => /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/.test(text) && !Number.isNaN(Date.parse(text))

function fitsKind(value: Literal, kind: Property['kind']): boolean {
  if (kind === 'flag') return typeof value === 'boolean' || value === null
  if (kind === 'number') return typeof value === 'number'
  if (kind === 'instant') return value === null || (typeof value === 'string' && isInstant(value))
  return value === null || typeof value === 'string'
}

/** Properties the filter reads, each once. */
export function propertiesOf(filter: Filter): string[] {
  if (filter.kind === 'not') return propertiesOf(filter.operand)
  if ('left' in filter) return [...new Set([...propertiesOf(filter.left), ...propertiesOf(filter.right)])]
  return [filter.property]
}

/** True when the filter needs `ConsistencyLevel: eventual` (graph §2.4, LD-59): `ne`, `not`, `endswith`, and how many there are. */
export function isAdvanced(filter: Filter): boolean {
  if (filter.kind === 'not' || filter.kind === 'endswith') return true
  if ('left' in filter) return isAdvanced(filter.left) || isAdvanced(filter.right)
  if (filter.property.endsWith('/$count')) return true
  return (filter.kind === 'compare' || filter.kind === 'any') && (filter.operator === 'ne' || filter.operator === 'endswith')
}

/** Whether an object in memory fits; `read` gives the property's value, a list for `any`. For small collections and reports. */
export function fits(filter: Filter, read: (property: string) => Literal | readonly Literal[] | undefined): boolean {
  switch (filter.kind) {
    case 'and': return fits(filter.left, read) && fits(filter.right, read)
    case 'or': return fits(filter.left, read) || fits(filter.right, read)
    case 'not': return !fits(filter.operand, read)
    case 'in': return filter.values.some(value => same(read(filter.property), value))
    case 'startswith': case 'endswith': return ending(read(filter.property), filter.kind, filter.value)
    case 'any': {
      const { operator, value } = filter
      const values = read(filter.property)
      return Array.isArray(values) && values.some((one: Literal) => (operator === 'startswith' || operator === 'endswith' ? ending(one, operator, value) : compares(one, operator, value)))
    }
    case 'compare': return compares(read(filter.property) as Literal | undefined, filter.operator, filter.value)
  }
}

const folded = (value: Literal): Literal => (typeof value === 'string' ? value.toLowerCase() : value)
const same = (a: unknown, b: Literal): boolean => folded((a ?? null) as Literal) === folded(b)

function ending(text: unknown, kind: 'startswith' | 'endswith', part: Literal): boolean {
  const [whole, piece] = [String(text ?? '').toLowerCase(), String(part).toLowerCase()]
  return kind === 'startswith' ? whole.startsWith(piece) : whole.endsWith(piece)
}

function compares(a: Literal | undefined, operator: Comparison, b: Literal): boolean {
  if (operator === 'eq') return same(a, b)
  if (operator === 'ne') return !same(a, b)
  if (a === null || a === undefined || b === null || typeof a !== typeof b) return false
  return operator === 'ge' ? a >= b : operator === 'le' ? a <= b : operator === 'gt' ? a > b : a < b
}
