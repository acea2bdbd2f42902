/** System query options of a collection or an object, read once and refused by name when they are not offered (graph §2.4). */
import type { FastifyRequest } from 'fastify'
import { badQuery, isAdvanced, parseFilter } from './odata-filter.ts'
import type { Filter, Filterable } from './odata-filter.ts'
import { parseExpand } from './odata-expand.ts'
import type { Expand, Expandable } from './odata-expand.ts'
import { parseSearch } from './odata-search.ts'

export interface Query {
  select: string[] | undefined
  /** $filter and $search together. */
  filter: Filter | undefined
  /** The filter and the search as written: what a paging token is bound to. */
  filterText: string
  top: number
  /** True when the caller said how many. */
  topGiven: boolean
  orderBy: { property: string; descending: boolean } | undefined
  count: boolean
  skipToken: string | undefined
  expand: Expand | undefined
}

export interface Offer {
  /** Every property that may be asked for. */
  selectable: readonly string[]
  filterable?: Filterable
  /** Properties that $search looks into; each must be filterable with `startswith`. */
  searchable?: readonly string[]
  orderable?: readonly string[]
  countable?: boolean
  expandable?: Expandable
  defaultTop?: number
  /** Largest page; 999 for directory objects. */
  largestTop?: number
  /** Options the collection does not know, `$top` for instance, are refused. */
  pageable?: boolean
  /** The collection is there as a table, too: `$format=csv`, also written `format=csv`. */
  csv?: boolean
  /** Options that the route reads itself: `$deltatoken`. */
  also?: readonly string[]
}

const known = ['$select', '$filter', '$search', '$top', '$orderby', '$count', '$skiptoken', '$expand', '$format']

/**
 * What the request asks of this resource.
 * @throws Refusal 400 naming the option that is unknown, not offered or out of range
 */
export function readQuery(request: FastifyRequest, offer: Offer): Query {
  const given = readOptions(request, offer)
  const format = given.get('$format') ?? 'json'
  if (format !== 'json' && format !== 'application/json' && !(offer.csv && format === 'csv')) throw notOffered('$format', offer.csv ? ['json', 'csv'] : ['json'])
  const filter = given.has('$filter') ? parseFilter(given.get('$filter')!, offer.filterable ?? {}) : undefined
  const search = given.has('$search') ? parseSearch(given.get('$search')!, offer.searchable ?? []) : undefined
  const orderBy = readOrder(given.get('$orderby'), offer)
  const count = readCount(given.get('$count'), offer)
  const expand = given.has('$expand') ? parseExpand(given.get('$expand')!, offer.expandable ?? {}) : undefined
  const advanced = count || search !== undefined || (filter !== undefined && (isAdvanced(filter) || orderBy !== undefined))
  if (advanced && offer.countable) requireConsistency(request)
  if (advanced && expand !== undefined) throw notOffered('$expand', ['$select', '$filter', '$top'])
  return {
    select: readSelect(given.get('$select'), offer), filter: together(filter, search), filterText: [given.get('$filter') ?? '', ...(search ? [given.get('$search')!] : [])].join('\n'),
    orderBy, count, expand, top: readTop(given.get('$top'), offer), topGiven: given.has('$top'), skipToken: readSkipToken(given.get('$skiptoken'), offer),
  }
}

/** Lenient answers would hide from people that their script fails against the original (LD-59). */
export function requireConsistency(request: FastifyRequest): void {
  if (String(request.headers['consistencylevel']).toLowerCase() !== 'eventual') throw badQuery('ConsistencyLevel', 'Request_UnsupportedQuery', 'LK_QUERY_ADVANCED')
}

export const notOffered = (field: string, offered: readonly string[], graphCode: 'BadRequest' | 'Request_UnsupportedQuery' | 'Request_BadRequest' = 'BadRequest') =>
  badQuery(field.slice(0, 60), graphCode, 'LK_QUERY_OPTION', { offered: offered.join(', ') || '–' })

function readOptions(request: FastifyRequest, offer: Offer): Map<string, string> {
  const given = new Map<string, string>()
  const mine = [...known, ...(offer.also ?? [])]
  for (const [name, value] of Object.entries(request.query as Record<string, unknown>)) {
    const option = offer.csv && name.toLowerCase() === 'format' ? '$format' : name.toLowerCase()
    if (option === 'mkt' || option === 'lng') continue // the language of messages, on every route
    if (!option.startsWith('$') || !mine.includes(option) || given.has(option) || typeof value !== 'string') throw notOffered(name, mine)
    given.set(option, value)
  }
  return given
}

const together = (filter: Filter | undefined, search: Filter | undefined): Filter | undefined =>
  filter && search ? { kind: 'and', left: filter, right: search } : (filter ?? search)

function readSelect(text: string | undefined, offer: Offer): string[] | undefined {
  if (text === undefined) return undefined
  const asked = text.split(',').map(one => one.trim())
  if (asked.length > 100) throw badQuery('$select')
  if (asked.length === 1 && asked[0] === '*') return undefined
  return [...new Set(asked.map(name => {
    const property = offer.selectable.find(one => one.toLowerCase() === name.toLowerCase())
    if (property === undefined) throw notOffered(`$select=${name}`, offer.selectable)
    return property
  }))]
}

function readTop(text: string | undefined, offer: Offer): number {
  if (text === undefined) return offer.defaultTop ?? 100
  const top = /^\d{1,6}$/.test(text) ? Number(text) : 0
  const most = offer.largestTop ?? 999
  if (offer.pageable === false || top < 1 || top > most) throw notOffered('$top', offer.pageable === false ? ['$select'] : [`1–${most}`], 'Request_BadRequest')
  return top
}

function readOrder(text: string | undefined, offer: Offer): Query['orderBy'] {
  if (text === undefined) return undefined
  const [name, direction = 'asc', ...rest] = text.trim().split(/ +/)
  const property = offer.orderable?.find(one => one.toLowerCase() === name?.toLowerCase())
  if (property === undefined || rest.length > 0 || !['asc', 'desc'].includes(direction)) throw notOffered('$orderby', offer.orderable ?? [], 'Request_UnsupportedQuery')
  return { property, descending: direction === 'desc' }
}

function readCount(text: string | undefined, offer: Offer): boolean {
  if (text === undefined || text === 'false') return false
  if (text !== 'true' || !offer.countable) throw notOffered('$count', offer.countable ? ['true', 'false'] : [], 'Request_BadRequest')
  return true
}

function readSkipToken(text: string | undefined, offer: Offer): string | undefined {
  if (text !== undefined && offer.pageable === false) throw badQuery('$skiptoken')
  return text
}
