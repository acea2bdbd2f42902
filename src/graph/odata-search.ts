/**
 * $search: `"displayName:ann" OR "mail:ann"`, parts in double quotes, joined by AND (before OR) or by nothing, which means AND. A part
 * is found at the beginning of the property, as in `startswith`: that is what an index answers.
 */
import type { Filter } from '../store/conditions.ts'
import { badQuery } from './odata-filter.ts'

const limits = { length: 1024, parts: 10 } as const

/** @throws Refusal 400 when it cannot be read or names a property that is not among them */
export function parseSearch(text: string, searchable: readonly string[]): Filter {
  const bad = () => badQuery('$search', 'BadRequest', 'LK_SEARCH_UNREADABLE', { offered: searchable.join(', ') || '–' })
  if (text.length > limits.length) throw bad()
  const alternatives: Filter[] = []
  let all: Filter | undefined
  let parts = 0
  let at = 0
  const space = () => {
    while (text[at] === ' ') at++
  }
  for (space(); ; space()) {
    const part = readPart(text, at)
    if (part === undefined || ++parts > limits.parts) throw bad()
    const one = condition(part.text, searchable)
    if (one === undefined) throw bad()
    all = all === undefined ? one : { kind: 'and', left: all, right: one }
    at = part.end
    space()
    if (at >= text.length) break
    if (text.startsWith('OR ', at)) {
      alternatives.push(all)
      all = undefined
      at += 3
    } else if (text.startsWith('AND ', at)) at += 4
    else if (text[at] !== '"') throw bad()
  }
  return alternatives.reduceRight<Filter>((right, left) => ({ kind: 'or', left, right }), all!)
}

function readPart(text: string, from: number): { text: string; end: number } | undefined {
  if (text[from] !== '"') return undefined
  let value = ''
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === '"') return { text: value, end: at + 1 }
    if (text[at] === '\\' && at + 1 < text.length) at++
    value += text[at]
  }
  return undefined
}

function condition(part: string, searchable: readonly string[]): Filter | undefined {
  const colon = part.indexOf(':')
  const name = part.slice(0, Math.max(colon, 0))
  const property = searchable.find(one => one.toLowerCase() === name.toLowerCase())
  const value = part.slice(colon + 1).trim()
  return property === undefined || value === '' ? undefined : { kind: 'startswith', property, value }
}
