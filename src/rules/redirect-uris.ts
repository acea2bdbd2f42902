// Where an answer of `/authorize` may go: addresses that were registered, compared letter by letter (oauth §10, T-34).

export interface RegisteredRedirects {
  webRedirectUris: readonly string[]
  spaRedirectUris: readonly string[]
  publicClientRedirectUris: readonly string[]
}

/** How the program behind a redirect URI proves itself when it redeems the code. */
export type RedirectKind = 'confidential' | 'spa' | 'public'

export interface FoundRedirect {
  /** As asked for, port included. */
  uri: string
  kind: RedirectKind
}

/** Schemes in which a browser would run or show what the address holds: never an address to go to, whoever registered it. */
const poisonous = /^(javascript|data|vbscript|blob|file|about|view-source|filesystem):/i

/**
 * True for an address of http or https whose host is nothing but a name or a number. The policy of the page that posts to the program
 * names that host, where `;`, `,` and `*` would say something of their own.
 */
export function isPlainWebAddress(uri: string): boolean {
  const url = URL.parse(uri)
  return url !== null && /^https?:$/.test(url.protocol) && /^(?:[\w.-]+|\[[\da-f:.]+\])$/i.test(url.hostname)
}

/**
 * The registered address that was asked for. Programs on somebody's own computer listen on any port, so a loopback address matches
 * without its port; everything else must be equal, letter by letter.
 */
export function findRedirect(asked: string, { webRedirectUris, spaRedirectUris, publicClientRedirectUris }: RegisteredRedirects): FoundRedirect | undefined {
  // A fragment of its own would hide the answer, or be hidden by it (RFC 6749 §3.1.2).
  if (poisonous.test(asked) || /[^\x21-\x7e]|[\\#]/.test(asked)) return undefined
  const matches = (registered: string) => registered === asked || sameButPort(registered, asked)
  if (spaRedirectUris.some(matches)) return { uri: asked, kind: 'spa' }
  if (webRedirectUris.some(matches)) return { uri: asked, kind: 'confidential' }
  return publicClientRedirectUris.some(matches) ? { uri: asked, kind: 'public' } : undefined
}

/** The one to use when none was asked for: only where there is no choice. */
export function onlyRedirect(registered: RegisteredRedirects): FoundRedirect | undefined {
  const all = [...registered.webRedirectUris, ...registered.spaRedirectUris, ...registered.publicClientRedirectUris]
  return all.length === 1 ? findRedirect(all[0]!, registered) : undefined
}

const loopback = /^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\]))(?::(\d{1,5}))?(?=[/?]|$)/

function sameButPort(registered: string, asked: string): boolean {
  const [one, other] = [loopback.exec(registered), loopback.exec(asked)]
  if (!one || !other || one[1] !== other[1] || Number(other[2] ?? 0) > 65_535) return false
  const rest = (text: string, match: RegExpExecArray) => text.slice(match[0].length) || '/'
  return rest(registered, one) === rest(asked, other)
}
