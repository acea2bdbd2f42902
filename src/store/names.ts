/**
 * The form in which names are compared and ordered: compatibility forms made one, letters in small, so that two spellings that
 * look alike to a reader are one key (T-23, T-68). Full case folding, as far as JavaScript's own mappings give it.
 */
export function nameKey(text: string): string {
  return text.normalize('NFKC').toUpperCase().toLowerCase().replaceAll('ς', 'σ').normalize('NFKC')
}

/** Sorts after every text that begins with the prefix: `>= prefix` and `< endOfPrefix(prefix)` is a range an index knows. */
export function endOfPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`
}

/**
 * A name as it is kept for showing: without control characters and without marks that turn the direction of what follows, by
 * which one name can be made to look like another (T-68). Joiners stay: some scripts need them.
 */
export function shownName(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, '').trim()
}
