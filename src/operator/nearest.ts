/** The known name that shares most with the mistaken one, for "did you mean". */
export function nearest(name: string, known: readonly string[]): string {
  const pairs = (text: string) => new Set(Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.toLowerCase().slice(i, i + 2)))
  const mine = pairs(name)
  const score = (other: string) => {
    const theirs = pairs(other)
    return (2 * [...mine].filter(pair => theirs.has(pair)).length) / (mine.size + theirs.size || 1)
  }
  return known.reduce((best, one) => (score(one) > score(best) ? one : best), known[0] ?? '')
}
