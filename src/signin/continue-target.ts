/** Longer than any address of ours with its query; a stranger's must not fill sessions. */
const longest = 2000

/**
 * The path to go on to after signing in, from what the query or a hidden field says; undefined for anything that might lead
 * elsewhere (T-34). The text must already be what a browser would make of it: what only becomes a path by being mended
 * (backslashes, tabs, two slashes, an encoded slash at the front) is refused, not mended.
 */
export function continueTarget(origin: string, text: string | undefined): string | undefined {
  if (text === undefined || text.length > longest || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text) || text.includes('\\')) return undefined
  if (/^[^?#]*%(2f|5c|0[0-9a-f]|1[0-9a-f]|7f)/i.test(text) || /^[^?#]*(\/\/|\/\.)/.test(text)) return undefined
  const url = URL.parse(text, origin)
  if (!url || url.origin !== new URL(origin).origin || url.username !== '' || url.password !== '') return undefined
  const target = url.pathname + url.search
  // Signing in leads out of here; back to here it would turn in circles, or sign out again.
  return /^\/(signin|signout|api|assets|dev)(\/|$)/i.test(url.pathname) && !/^\/signin\/again$/i.test(url.pathname) ? undefined : target
}
