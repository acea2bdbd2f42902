/** What a client asks for: one resource, and what of it (oauth §7). Pure text; whether there is such a resource is asked later. */
import { aadsts } from './errors.ts'

const graph = 'https://graph.microsoft.com'
/** About the person and the tokens, not about a resource. */
export const openIdScopes: ReadonlySet<string> = new Set(['openid', 'profile', 'email', 'offline_access'])

export interface AskedResource {
  /** The resource as it was written, a last slash included: v1 tokens carry it so. */
  identifier: string
  /** Named permissions without the resource; `.default` stands for all that were granted. */
  names: string[]
}

export const wordsIn = (scope: string): string[] => scope.split(' ').filter(one => one !== '')

/**
 * Splits `https://host/User.Read` into resource and name; a name alone is Graph's. `https://host//.default` is `.default` of the
 * resource `https://host/`: Azure CLI puts `/.default` behind whatever it was given.
 */
export function splitScope(scope: string): { identifier: string; name: string } {
  if (scope.endsWith('/.default')) return { identifier: scope.slice(0, -'/.default'.length), name: '.default' }
  const at = scope.lastIndexOf('/')
  return at > 0 ? { identifier: scope.slice(0, at), name: scope.slice(at + 1) } : { identifier: graph, name: scope }
}

/**
 * What one token request asks: scopes of one resource, OpenID's left out.
 * @returns undefined when only OpenID's scopes are asked for
 * @throws TokenRefusal 70011 for what is no scope, 700022 for two resources
 */
export function askedResource(scope: string): AskedResource | undefined {
  const words = wordsIn(scope).filter(one => !openIdScopes.has(one.toLowerCase()))
  if (words.some(one => one.length > 300 || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(one))) throw aadsts(70011, { scope, hint: 'Scopes are separated by blanks.' })
  const asked = words.map(splitScope)
  if (asked.length === 0) return undefined
  const [first] = asked as [{ identifier: string; name: string }]
  if (asked.some(one => key(one.identifier) !== key(first.identifier))) throw aadsts(700022, { scope })
  return { identifier: first.identifier, names: [...new Set(asked.map(one => one.name))] }
}

const key = (identifier: string): string => identifier.replace(/\/$/, '').toLowerCase()

/**
 * The resource of a client's own token: exactly one, with `/.default` (oauth §7).
 * @throws TokenRefusal 1002012 for a permission by name, 70011 for a mixture
 */
export function defaultResource(scope: string): string {
  const asked = askedResource(scope)
  if (asked === undefined || !asked.names.includes('.default')) throw aadsts(1002012, { scope })
  if (asked.names.length > 1) throw aadsts(70011, { scope, hint: '/.default cannot be combined with permissions by name.' })
  return asked.identifier
}
