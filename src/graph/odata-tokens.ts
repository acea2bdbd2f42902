/** The words of a $filter, one pass, one character class at a time: no pattern that could run away on hostile text (T-66). */

export interface Token {
  kind: 'word' | 'string' | 'punctuation'
  text: string
}

/** @param unreadable makes what is thrown for text that is no filter, from the place near which reading ended */
export function readTokens(text: string, unreadable: (near: string) => Error): Token[] {
  const found: Token[] = []
  let at = 0
  while (at < text.length) {
    const character = text[at]!
    if (character === ' ' || character === '\t') at++
    else if (character === "'") {
      const end = endOfLiteral(text, at, unreadable)
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
    } else throw unreadable(text.slice(at, at + 20))
  }
  return found
}

const isWordCharacter = (character: string): boolean => /[A-Za-z0-9_./@+$-]/.test(character)

/** Index of the quote that ends the literal; two quotes in a row stand for one. */
function endOfLiteral(text: string, start: number, unreadable: (near: string) => Error): number {
  let at = start + 1
  for (;;) {
    at = text.indexOf("'", at)
    if (at < 0) throw unreadable(text.slice(start, start + 20))
    if (text[at + 1] !== "'") return at
    at += 2
  }
}
