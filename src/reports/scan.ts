/**
 * Filters over logs: what the log is indexed for is asked of the database, the rest is looked at row by row, so many rows a page at
 * most (T-65). A filter that few rows fit is answered in pages that may be empty, each with a link to the next.
 */
import { badQuery, fits } from '../graph/odata-filter.ts'
import type { Filter, Literal } from '../graph/odata-filter.ts'

/** Rows looked at for one page at most. */
export const scannedRows = 5_000
const chunk = 500

/** The comparisons that are all true in whatever fits, and the filter itself. */
export function conjuncts(filter: Filter | undefined): Filter[] {
  if (filter === undefined) return []
  return filter.kind === 'and' ? [...conjuncts(filter.left), ...conjuncts(filter.right)] : [filter]
}

/** The comparisons joined again; undefined for none. */
export function together(parts: readonly Filter[]): Filter | undefined {
  const [first, ...rest] = parts
  return first && rest.reduce<Filter>((left, right) => ({ kind: 'and', left, right }), first)
}

/** The filter with every moment in the form rows have, so that moments compare as texts. */
export function inOneForm(filter: Filter): Filter {
  if (filter.kind === 'and' || filter.kind === 'or') return { ...filter, left: inOneForm(filter.left), right: inOneForm(filter.right) }
  if (filter.kind === 'not') return { ...filter, operand: inOneForm(filter.operand) }
  if (filter.kind !== 'compare' || !filter.property.endsWith('DateTime') || typeof filter.value !== 'string') return filter
  const at = Date.parse(filter.value)
  if (!Number.isFinite(at)) throw badQuery('$filter')
  return { ...filter, value: new Date(at).toISOString() }
}

export interface Scanned<Row> {
  rows: Row[]
  /** The last row that was looked at; undefined when the log came to its end. */
  last: Row | undefined
}

/**
 * @param read a page of rows after one, in the log's own order
 * @param value a property of a row as the filter names it
 */
export async function scan<Row>(
  { filter, top }: { filter: Filter | undefined; top: number }, read: (after: Row | undefined, most: number) => Promise<Row[]>,
  value: (row: Row, property: string) => Literal | readonly Literal[] | undefined,
): Promise<Scanned<Row>> {
  const rows: Row[] = []
  let last: Row | undefined
  const most = filter === undefined ? top : chunk
  for (let looked = 0; looked < scannedRows; ) {
    const page = await read(last, most)
    for (const row of page) {
      last = row
      looked++
      if (filter === undefined || fits(filter, property => value(row, property))) rows.push(row)
      if (rows.length === top) return { rows, last }
    }
    if (page.length < most) return { rows, last: undefined }
  }
  return { rows, last }
}
