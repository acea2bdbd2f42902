import { BlockList, isIP } from 'node:net'

/** The proxies whose word about the caller's address is believed; built once from the configuration. */
export function trustedProxies(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

/**
 * The address of whoever asks (T-28): the peer's, unless the peer is a configured proxy; then the right-most entry of
 * X-Forwarded-For that is not one. An entry that cannot be read ends the search, and the peer counts.
 */
export function clientAddress(peer: string | undefined, forwardedFor: string | string[] | undefined, proxies: BlockList): string {
  const from = plain(peer ?? '') ?? '0.0.0.0'
  if (forwardedFor === undefined || !trusted(from, proxies)) return from
  const hops = (Array.isArray(forwardedFor) ? forwardedFor.join(',') : forwardedFor).split(',').slice(-20)
  for (const hop of hops.reverse()) {
    const address = plain(hop.trim())
    if (address === undefined) return from
    if (!trusted(address, proxies)) return address
  }
  return from
}

/** What counts as one place: the /24 of an IPv4 address, the /48 of an IPv6 one (T-22); limits use the /64 of the latter. */
export function networkOf(address: string, purpose: 'place' | 'limit' = 'place'): string {
  if (isIP(address) !== 6) return purpose === 'limit' ? address : `${address.split('.').slice(0, 3).join('.')}.0/24`
  const groups = expand(address)
  return purpose === 'limit' ? `${groups.slice(0, 4).join(':')}::/64` : `${groups.slice(0, 3).join(':')}::/48`
}

const trusted = (address: string, proxies: BlockList) => proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** An address in its plainest form, v4-mapped ones as v4; undefined for anything else. */
function plain(text: string): string | undefined {
  const address = text.toLowerCase().startsWith('::ffff:') && isIP(text.slice(7)) === 4 ? text.slice(7) : text.replace(/%.*$/, '')
  return isIP(address) === 0 ? undefined : address.toLowerCase()
}

function expand(address: string): string[] {
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === undefined || tail === '' ? [] : tail.split(':')
  const middle = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => '0')
  return [...left, ...middle, ...right].map(group => group.replace(/^0+(?=.)/, ''))
}
