// The banned-password check, exactly as sspr §7.3 prescribes it (vectors B-01 to B-28). Names are absolute, a slip of one
// character is seen only in the whole password, and everything else is a count of pieces.

const folded: Readonly<Record<string, string>> = { 0: 'o', 1: 'l', $: 's', '@': 'a' }

/** Fewer pieces than this is too easy. */
export const pointsNeeded = 5
/** A name must be this long to be looked for. */
export const shortestName = 4

/** Small letters, then the four usual replacements undone. Terms and names are normalised the same way. */
export function normalisePassword(text: string): string {
  return text.toLowerCase().replace(/[01$@]/g, character => folded[character]!)
}

export interface BannedFacts {
  /** Banned terms in any spelling. */
  terms: readonly string[]
  /** Names of the person and the organisation; those shorter than four characters are not looked for. */
  names: readonly string[]
}

export type BannedResult =
  | { banned: false; points: number }
  | { banned: true; why: 'name' | 'fuzzy' | 'score'; points: number }

/** Decides one password. `points` is given either way, for explanations and tests. */
export function checkBanned(password: string, { terms, names }: BannedFacts): BannedResult {
  const text = normalisePassword(password)
  const dictionary = new Set(terms.map(normalisePassword).filter(term => term !== ''))
  const points = scorePassword(text, dictionary)
  if (names.map(normalisePassword).some(name => [...name].length >= shortestName && text.includes(name))) return { banned: true, why: 'name', points }
  if ([...dictionary].some(term => isWithinOneEdit(text, term))) return { banned: true, why: 'fuzzy', points }
  return points < pointsNeeded ? { banned: true, why: 'score', points } : { banned: false, points }
}

/**
 * The fewest pieces a normalised password falls into, each a banned term or one character. One pass over the positions, at each
 * as many look-ups as terms have different lengths.
 */
export function scorePassword(normalised: string, terms: ReadonlySet<string>): number {
  const characters = [...normalised]
  const lengths = [...new Set([...terms].map(term => [...term].length))]
  const fewest = [0]
  for (let end = 1; end <= characters.length; end++) {
    fewest[end] = fewest[end - 1]! + 1
    for (const length of lengths) {
      if (length <= end && terms.has(characters.slice(end - length, end).join(''))) {
        fewest[end] = Math.min(fewest[end]!, fewest[end - length]! + 1)
      }
    }
  }
  return fewest[characters.length]!
}

/** Levenshtein distance at most one: the common start and the common end leave at most one character on either side. */
export function isWithinOneEdit(a: string, b: string): boolean {
  const [short, long] = [[...a], [...b]].toSorted((one, other) => one.length - other.length) as [string[], string[]]
  if (long.length - short.length > 1) return false
  let start = 0
  while (start < short.length && short[start] === long[start]) start++
  const rest = long.slice(start + 1)
  return long.length === short.length ? short.slice(start + 1).join('') === rest.join('') : short.slice(start).join('') === rest.join('')
}
