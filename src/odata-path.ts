/**
 * Graph addresses as OData writes them, brought into segments that the router knows: `users('ann@contoso.example')/memberOf`
 * becomes `users/('ann@contoso.example')/memberOf`, and whoever answers reads the key with `parseKey`. One pass over the path, no
 * pattern that could run away on it (T-66); the query stays as it came.
 */

/** Where Graph lives; nobody else's parentheses are touched. */
const graph = /^\/(v1\.0|beta)\//i

const encoded: Readonly<Record<string, string>> = { '%27': "'", '%28': '(', '%29': ')' }

/** The address with each key or argument list as a segment of its own. Rewriting twice changes nothing more. */
export function rewriteODataPath(url: string): string {
  if (!graph.test(url)) return url
  const question = url.indexOf('?')
  const path = question < 0 ? url : url.slice(0, question)
  const query = question < 0 ? '' : url.slice(question)
  const separated = separateKeys(path)
  // An opening without its end is no key: the router then says that there is no such thing.
  return separated === undefined ? url : withoutNamespace(separated) + query
}

function separateKeys(path: string): string | undefined {
  let written = ''
  let inside = false
  let quoted = false
  let called = false
  let begins = 0 // where the list's content stands
  for (let at = 0; at < path.length; ) {
    const whole = encoded[path.slice(at, at + 3)]
    const raw = whole === undefined ? path[at]! : path.slice(at, at + 3)
    const character = whole ?? raw
    at += raw.length
    if (!inside) {
      // Quotes count inside parentheses only: a name such as O'Brien is no beginning of one.
      inside = character === '('
      called = inside && !written.endsWith('/')
      written += inside ? (called ? '/(' : '(') : raw
      begins = written.length
      continue
    }
    if (character === "'") quoted = !quoted // one that is doubled closes and opens again
    // A slash in a name must not end its segment.
    written += quoted && character === '/' ? '%2F' : character
    inside = quoted || character !== ')'
    // A function without arguments is called by its name alone.
    if (!inside && called && written.length === begins + 1) written = written.slice(0, -3)
  }
  return inside ? undefined : written
}

/** `/microsoft.graph.delta` is `/delta`. Names of people have an `@` and stay whole, whatever they begin with. */
function withoutNamespace(path: string): string {
  return path
    .split('/')
    .map(segment => (/^microsoft\.graph\.[A-Za-z][A-Za-z0-9]*$/i.test(segment) ? segment.slice('microsoft.graph.'.length) : segment))
    .join('/')
}

/**
 * What stands in a key or argument list, by name, '' for a key without one: `('x')`, `(appId='x')`, `(period='d7')`. Undefined for
 * what is no list, or has a name twice.
 */
export function parseKey(segment: string): ReadonlyMap<string, string> | undefined {
  if (!segment.startsWith('(') || !segment.endsWith(')')) return undefined
  const found = new Map<string, string>()
  const text = segment.slice(1, -1)
  for (let at = 0; at <= text.length; ) {
    const name = /^\s*([A-Za-z]\w{0,63})\s*=\s*/.exec(text.slice(at, at + 100))
    at += name?.[0].length ?? 0
    const value = readValue(text, at)
    if (value === undefined || found.has(name?.[1] ?? '')) return undefined
    found.set(name?.[1] ?? '', value.text)
    at = value.end + 1
    if (value.end === text.length) return found
  }
  return undefined // ends with a comma
}

/** A text in quotes, two of which stand for one, or a bare word; it ends at a comma or with the list. */
function readValue(text: string, from: number): { text: string; end: number } | undefined {
  if (text[from] !== "'") {
    const comma = text.indexOf(',', from)
    const end = comma < 0 ? text.length : comma
    const word = text.slice(from, end).trim()
    return /^[\w.-]+$/.test(word) ? { text: word, end } : undefined
  }
  let value = ''
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] !== "'") value += text[at]
    else if (text[at + 1] === "'") {
      value += "'"
      at++
    } else {
      const end = at + 1
      return end === text.length || text[end] === ',' ? { text: value, end } : undefined
    }
  }
  return undefined
}
