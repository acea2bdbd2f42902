import { isReasonCode } from '../rules/reason.ts'
import type { Locale } from '../text.ts'
import { reasonText, translate } from '../text.ts'
import type { HelpPage } from './help-pages.ts'
import { helpPages } from './help-pages.ts'
import { codesOf, problemOf } from './problems.ts'
import type { Problem } from './problems.ts'

interface Searchable {
  page: HelpPage
  title: string
  text: string
}

/** Words compared without case and accents, so that "laese" is not asked of anyone but "läse" and "LASE" find the same. */
const plain = (text: string): string => text.normalize('NFKD').replace(/\p{Mn}/gu, '').toLowerCase()

const collections = new Map<Locale, Searchable[]>()

function collection(locale: Locale): Searchable[] {
  const made = collections.get(locale) ?? helpPages.map(page => {
    const codes = page.kind === 'problem' ? codesOf(page.id as Problem).map(code => `${code} ${reasonText(locale, { code })}`) : page.rows
    return { page, title: plain(translate(locale, page.titleKey)), text: plain([translate(locale, page.textKey), ...codes].join(' ')) }
  })
  collections.set(locale, made)
  return made
}

/** Longer questions are cut: nobody types more, and each word costs a look at every page. */
const longestQuery = 200
const mostWords = 8

/**
 * Pages that hold every word of the query, those with a word in the title first; a reason code leads straight to its problem.
 */
export function searchHelp(locale: Locale, query: string): HelpPage[] {
  const asked = query.trim().slice(0, longestQuery)
  const code = asked.toUpperCase()
  if (isReasonCode(code)) return helpPages.filter(page => page.id === problemOf(code))
  const words = plain(asked).split(/\s+/).filter(word => word !== '').slice(0, mostWords)
  if (words.length === 0) return []
  const weight = (one: Searchable): number => words.filter(word => one.title.includes(word)).length
  return collection(locale)
    .filter(one => words.every(word => one.title.includes(word) || one.text.includes(word)))
    .sort((a, b) => weight(b) - weight(a))
    .map(one => one.page)
}
