/** $expand of one relationship, at most twenty objects of it, without a next page (graph §2.4): `manager($select=id,displayName)`. */
import { badQuery } from './odata-filter.ts'

/** relationship → the properties of what it leads to */
export type Expandable = Readonly<Record<string, readonly string[]>>

export interface Expand {
  relationship: string
  select: string[] | undefined
}

/** How many objects of a relationship come along. */
export const expandedAtMost = 20

/** @throws Refusal 400 for a second relationship, one that is not offered, or options inside that are more than a $select */
export function parseExpand(text: string, expandable: Expandable): Expand {
  const bad = () => badQuery('$expand', 'BadRequest', 'LK_QUERY_OPTION', { offered: Object.keys(expandable).join(', ') || '–' })
  const found = text.length > 1024 ? null : /^\s*([A-Za-z]\w{0,60})\s*(?:\(([^()]*)\))?\s*$/.exec(text)
  if (!found) throw bad()
  const relationship = Object.keys(expandable).find(one => one.toLowerCase() === found[1]!.toLowerCase())
  if (relationship === undefined) throw bad()
  if (found[2] === undefined) return { relationship, select: undefined }
  const inner = /^\s*\$select\s*=([\w\s,]+)$/i.exec(found[2])
  if (!inner) throw bad()
  const select = inner[1]!.split(',').map(name => expandable[relationship]!.find(one => one.toLowerCase() === name.trim().toLowerCase()))
  if (select.includes(undefined)) throw bad()
  return { relationship, select: select as string[] }
}
