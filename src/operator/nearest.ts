/** The known name that needs the fewest letters changed, for "did you mean". */
export function nearest(name: string, known: readonly string[]): string {
  const [first = '', ...rest] = known
  const mistaken = name.toLowerCase().slice(0, 100)
  let best = { one: first, distance: editDistance(mistaken, first.toLowerCase()) }
  for (const one of rest) {
    const distance = editDistance(mistaken, one.toLowerCase())
    if (distance < best.distance) best = { one, distance }
  }
  return best.one
}

/** Letters to insert, remove or replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
    }
    row = next
  }
  return row[b.length]!
}
