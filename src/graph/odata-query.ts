/** System query options of a collection or an object, read once and refused by name when they are not offered (graph §2.4). */
import type { FastifyRequest } from 'fastify'
import { badQuery, isAdvanced, parseFilter } from './odata-filter.ts'
import type { Filter, Filterable } from './odata-filter.ts'

export interface Query {
  select: string[] | undefined
  filter: Filter | undefined
  /** The filter as written: what a paging token is bound to. */
  filterText: string
  top: number
  /** True when the caller said how many. */
  topGiven: boolean
  orderBy: { property: string; descending: boolean } | undefined
  count: boolean
  skipToken: string | undefined
}

export interface Offer {
  /** Every property that may be asked for. */
  selectable: readonly string[]
  filterable?: Filterable
  orderable?: readonly string[]
  countable?: boolean
  defaultTop?: number
  /** Largest page; 999 for directory objects. */
  largestTop?: number
  /** Options the collection does not know, `$top` for instance, are refused. */
  pageable?: boolean
  /** The collection is there as a table, too: `$format=csv`, also written `format=csv`. */
  csv?: boolean
}

const known = ['$select', '$filter', '$top', '$orderby', '$count', '$skiptoken', '$format']

/**
 * What the request asks of this resource.
 * @throws Refusal 400 naming the option that is unknown, not offered or out of range
 */
export function readQuery(request: FastifyRequest, offer: Offer): Query {
  const given = new Map<string, string>()
  for (const [name, value] of Object.entries(request.query as Record<string, unknown>)) {
    const option = offer.csv && name.toLowerCase() === 'format' ? '$format' : name.toLowerCase()
    if (option === 'mkt' || option === 'lng') continue // the language of messages, on every route
    if (!option.startsWith('$') || !known.includes(option) || given.has(option) || typeof value !== 'string') throw badQuery(name.slice(0, 60))
    given.set(option, value)
  }
  const format = given.get('$format') ?? 'json'
  if (format !== 'json' && !(offer.csv && format === 'csv')) throw badQuery('$format')
  const filterText = given.get('$filter') ?? ''
  const filter = filterText === '' ? undefined : parseFilter(filterText, offer.filterable ?? {})
  const orderBy = readOrder(given.get('$orderby'), offer)
  const count = readCount(given.get('$count'), offer)
  const advanced = count || (filter !== undefined && (isAdvanced(filter) || orderBy !== undefined))
  // Lenient answers would hide from people that their script fails against the original (LD-59).
  if (advanced && offer.countable && String(request.headers['consistencylevel']).toLowerCase() !== 'eventual') throw badQuery('ConsistencyLevel', 'Request_UnsupportedQuery')
  return {
    select: readSelect(given.get('$select'), offer), filter, filterText, orderBy, count,
    top: readTop(given.get('$top'), offer), topGiven: given.has('$top'), skipToken: readSkipToken(given.get('$skiptoken'), offer),
  }
}

function readSelect(text: string | undefined, offer: Offer): string[] | undefined {
  if (text === undefined) return undefined
  const asked = text.split(',').map(one => one.trim())
  if (asked.length > 100) throw badQuery('$select')
  return [...new Set(asked.map(name => {
    const property = offer.selectable.find(one => one.toLowerCase() === name.toLowerCase())
    if (property === undefined) throw badQuery('$select')
    return property
  }))]
}

function readTop(text: string | undefined, offer: Offer): number {
  if (text === undefined) return offer.defaultTop ?? 100
  const top = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (offer.pageable === false || top < 1 || top > (offer.largestTop ?? 999)) throw badQuery('$top', 'Request_BadRequest')
  return top
}

function readOrder(text: string | undefined, offer: Offer): Query['orderBy'] {
  if (text === undefined) return undefined
  const [name, direction = 'asc', ...rest] = text.trim().split(' ')
  const property = offer.orderable?.find(one => one.toLowerCase() === name?.toLowerCase())
  if (property === undefined || rest.length > 0 || !['asc', 'desc'].includes(direction)) throw badQuery('$orderby', 'Request_UnsupportedQuery')
  return { property, descending: direction === 'desc' }
}

function readCount(text: string | undefined, offer: Offer): boolean {
  if (text === undefined || text === 'false') return false
  if (text !== 'true' || !offer.countable) throw badQuery('$count', 'Request_BadRequest')
  return true
}

function readSkipToken(text: string | undefined, offer: Offer): string | undefined {
  if (text !== undefined && offer.pageable === false) throw badQuery('$skiptoken')
  return text
}
