/**
 * $filter, parsed by hand and bounded before anything is looked at (T-65): length, nodes, depth, size of `in` lists. What may be
 * compared is a closed list for each resource, so no secret column can be made to answer yes or no.
 */
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'

export type Literal = string | number | boolean | null
export type Comparison = 'eq' | 'ne' | 'ge' | 'le' | 'gt' | 'lt'
export type Filter =
  | { kind: 'compare'; property: string; operator: Comparison; value: Literal }
  | { kind: 'in'; property: string; values: Literal[] }
  | { kind: 'startswith'; property: string; value: string }
  | { kind: 'any'; property: string; operator: Comparison; value: Literal }
  | { kind: 'not'; operand: Filter }
  | { kind: 'and' | 'or'; left: Filter; right: Filter }

export type FilterOperator = Comparison | 'in' | 'startswith' | 'any'
/** property → operators a resource answers; nested properties are written with `/`. */
export type Filterable = Readonly<Record<string, readonly FilterOperator[]>>

export const filterLimits = { length: 2048, nodes: 30, depth: 8, inValues: 20 } as const

/** 400 in Graph's words: `BadRequest` for what cannot be read, `Request_UnsupportedQuery` for what is not offered. */
export function badQuery(field: string, graphCode: 'BadRequest' | 'Request_UnsupportedQuery' | 'Request_BadRequest' = 'BadRequest'): Refusal {
  return new Refusal(400, [reason('LK_FIELD_INVALID', { field, graphCode })], { field })
}

interface Token {
  kind: 'word' | 'string' | 'punctuation'
  text: string
}

/** One pass, one character class at a time: no pattern that could run away on hostile text (T-66). */
function tokens(text: string): Token[] {
  const found: Token[] = []
  let at = 0
  while (at < text.length) {
    const character = text[at]!
    if (character === ' ' || character === '\t') at++
    else if (character === "'") {
      const end = endOfLiteral(text, at)
      found.push({ kind: 'string', text: text.slice(at + 1, end).replaceAll("''", "'") })
      at = end + 1
    } else if ('(),:'.includes(character)) {
      found.push({ kind: 'punctuation', text: character })
      at++
    } else if (isWordCharacter(character)) {
      let end = at
      while (end < text.length && isWordCharacter(text[end]!)) end++
      found.push({ kind: 'word', text: text.slice(at, end) })
      // `2026-01-01T00:00:00Z` is one word, though a colon elsewhere separates.
      while (/^\d{4}-\d\d-\d\dT\d\d$|^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(found.at(-1)!.text) && text[end] === ':') {
        let more = end + 1
        while (more < text.length && isWordCharacter(text[more]!)) more++
        found.at(-1)!.text += text.slice(end, more)
        end = more
      }
      at = end
    } else throw badQuery('$filter')
  }
  return found
}

const isWordCharacter = (character: string): boolean => /[A-Za-z0-9_./@+$-]/.test(character)

/** Index of the quote that ends the literal; two quotes in a row stand for one. */
function endOfLiteral(text: string, start: number): number {
  let at = start + 1
  for (;;) {
    at = text.indexOf("'", at)
    if (at < 0) throw badQuery('$filter')
    if (text[at + 1] !== "'") return at
    at += 2
  }
}

/**
 * The filter as a tree.
 * @throws Refusal 400 when it cannot be read, is too large, or asks for what `filterable` does not offer
 */
export function parseFilter(text: string, filterable: Filterable): Filter {
  if (text.length > filterLimits.length) throw badQuery('$filter')
  const parser = new Parser(tokens(text), filterable)
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
    if (depth >= filterLimits.depth) throw badQuery('$filter')
    if (this.#takeWord('not')) return this.#node({ kind: 'not', operand: this.one(depth + 1) })
    if (this.#takePunctuation('(')) {
      const inner = this.either(depth + 1)
      this.#needPunctuation(')')
      return inner
    }
    const name = this.#next('word').text
    if (name.toLowerCase() === 'startswith' && this.#takePunctuation('(')) return this.#startsWith()
    if (name.endsWith('/any') && this.#takePunctuation('(')) return this.#any(name.slice(0, -'/any'.length))
    return this.#comparison(name)
  }

  end(): void {
    if (this.#at !== this.#tokens.length) throw badQuery('$filter')
  }

  #startsWith(): Filter {
    const property = this.#property(this.#next('word').text, 'startswith')
    this.#needPunctuation(',')
    const value = this.#next('string').text
    this.#needPunctuation(')')
    return this.#node({ kind: 'startswith', property, value })
  }

  #any(collection: string): Filter {
    const property = this.#property(collection, 'any')
    const variable = this.#next('word').text
    this.#needPunctuation(':')
    const compared = this.#next('word').text
    if (compared !== variable && !compared.startsWith(`${variable}/`)) throw badQuery('$filter')
    const operator = this.#operator()
    const value = this.#literal()
    this.#needPunctuation(')')
    return this.#node({ kind: 'any', property: compared === variable ? property : `${property}${compared.slice(variable.length)}`, operator, value })
  }

  #comparison(name: string): Filter {
    if (this.#takeWord('in')) {
      const property = this.#property(name, 'in')
      this.#needPunctuation('(')
      const values = [this.#literal()]
      while (this.#takePunctuation(',')) values.push(this.#literal())
      this.#needPunctuation(')')
      if (values.length > filterLimits.inValues) throw badQuery('$filter')
      return this.#node({ kind: 'in', property, values })
    }
    const operator = this.#operator()
    return this.#node({ kind: 'compare', property: this.#property(name, operator), operator, value: this.#literal() })
  }

  #operator(): Comparison {
    const word = this.#next('word').text
    if (!['eq', 'ne', 'ge', 'le', 'gt', 'lt'].includes(word)) throw badQuery('$filter', 'Request_UnsupportedQuery')
    return word as Comparison
  }

  #property(name: string, operator: FilterOperator): string {
    const known = Object.keys(this.#filterable).find(one => one.toLowerCase() === name.toLowerCase())
    if (known === undefined || !this.#filterable[known]!.includes(operator)) throw badQuery('$filter', 'Request_UnsupportedQuery')
    return known
  }

  #literal(): Literal {
    const token = this.#tokens[this.#at++]
    if (token?.kind === 'string') return token.text
    if (token?.kind !== 'word') throw badQuery('$filter')
    const { text } = token
    if (text === 'null') return null
    if (text === 'true' || text === 'false') return text === 'true'
    if (/^-?\d{1,15}$/.test(text)) return Number(text)
    if (/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(text) || /^\d{4}-\d\d-\d\d(T[\d:.]+Z)?$/.test(text)) return text
    throw badQuery('$filter')
  }

  #node(filter: Filter): Filter {
    if (++this.#nodes > filterLimits.nodes) throw badQuery('$filter')
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
    if (!this.#takePunctuation(text)) throw badQuery('$filter')
  }

  #next(kind: Token['kind']): Token {
    const token = this.#tokens[this.#at++]
    if (token?.kind !== kind) throw badQuery('$filter')
    return token
  }
}

/** Properties the filter reads, each once. */
export function propertiesOf(filter: Filter): string[] {
  if (filter.kind === 'not') return propertiesOf(filter.operand)
  if ('left' in filter) return [...new Set([...propertiesOf(filter.left), ...propertiesOf(filter.right)])]
  return [filter.property]
}

/** True when the filter needs `ConsistencyLevel: eventual` (LD-59): `ne` and `not`. */
export function isAdvanced(filter: Filter): boolean {
  if (filter.kind === 'not') return true
  if (filter.kind === 'and' || filter.kind === 'or') return isAdvanced(filter.left) || isAdvanced(filter.right)
  return (filter.kind === 'compare' || filter.kind === 'any') && filter.operator === 'ne'
}

/** Whether an object in memory fits; `read` gives the property's value, a list for `any`. For small collections and reports. */
export function fits(filter: Filter, read: (property: string) => Literal | readonly Literal[] | undefined): boolean {
  switch (filter.kind) {
    case 'and': return fits(filter.left, read) && fits(filter.right, read)
    case 'or': return fits(filter.left, read) || fits(filter.right, read)
    case 'not': return !fits(filter.operand, read)
    case 'in': return filter.values.some(value => same(read(filter.property), value))
    case 'startswith': return String(read(filter.property) ?? '').toLowerCase().startsWith(filter.value.toLowerCase())
    case 'any': {
      const values = read(filter.property)
      return Array.isArray(values) && values.some(value => compares(value as Literal, filter.operator, filter.value))
    }
    case 'compare': return compares(read(filter.property) as Literal | undefined, filter.operator, filter.value)
  }
}

const folded = (value: Literal): Literal => (typeof value === 'string' ? value.toLowerCase() : value)
const same = (a: unknown, b: Literal): boolean => folded((a ?? null) as Literal) === folded(b)

function compares(a: Literal | undefined, operator: Comparison, b: Literal): boolean {
  if (operator === 'eq') return same(a, b)
  if (operator === 'ne') return !same(a, b)
  if (a === null || a === undefined || b === null || typeof a !== typeof b) return false
  return operator === 'ge' ? a >= b : operator === 'le' ? a <= b : operator === 'gt' ? a > b : a < b
}
