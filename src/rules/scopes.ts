// The `scope` parameter of people's flows (oauth §7, §10): names of OpenID Connect, and permissions of one resource or of several.

/** Scopes that are about signing in and not about a resource; Graph offers them for consent. */
export const signInScopes = ['openid', 'profile', 'email', 'offline_access'] as const
export type SignInScope = (typeof signInScopes)[number]

export interface ResourceWish {
  /** As asked for; null stands for Graph, which scopes without a resource mean. */
  identifier: string | null
  /** Names of permissions; empty with `isDefault`. */
  names: string[]
  /** `.default`: whatever has been agreed to. */
  isDefault: boolean
}

export type ScopeWish = { wellFormed: true; signIn: SignInScope[]; resources: ResourceWish[] } | { wellFormed: false; why: string }

const most = 100
/** RFC 6749 §3.3. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]{1,300}$/

/** Reads a list separated by blanks. What is given twice counts once. */
export function readScopes(text: string): ScopeWish {
  const tokens = text.split(' ').filter(one => one !== '')
  if (tokens.length > most) return bad(`it names more than ${most} scopes`)
  const signIn = new Set<SignInScope>()
  const resources = new Map<string | null, ResourceWish>()
  for (const token of tokens) {
    if (!scopeToken.test(token)) return bad('it has a character that scopes cannot have')
    const own = signInScopes.find(one => one === token.toLowerCase())
    if (own) signIn.add(own)
    else {
      const { identifier, name } = split(token)
      if (identifier === '' || name === '') return bad(`'${token}' names no permission`)
      const wish = resources.get(identifier) ?? { identifier, names: [], isDefault: false }
      if (name === '.default') wish.isDefault = true
      else if (!wish.names.includes(name)) wish.names.push(name)
      if (wish.isDefault && wish.names.length > 0) return bad('.default cannot stand beside single permissions')
      resources.set(identifier, wish)
    }
  }
  return { wellFormed: true, signIn: signInScopes.filter(one => signIn.has(one)), resources: [...resources.values()] }
}

/** Everything before the last slash is the resource, further slashes included (oauth §7, rule 4). */
function split(token: string): { identifier: string | null; name: string } {
  const at = token.lastIndexOf('/')
  return at < 0 ? { identifier: null, name: token } : { identifier: token.slice(0, at), name: token.slice(at + 1) }
}

const bad = (why: string): ScopeWish => ({ wellFormed: false, why })
