import { readScopes } from '../rules/scopes.ts'
import { aadsts } from './errors.ts'
import type { GrantContext } from './grants.ts'

/**
 * What a person's grant asks for. v1 names the resource apart and means everything agreed to; a request that names nothing means
 * what the sign-in was for.
 * @throws TokenRefusal 901002 for `resource` on v2
 */
export function scopeAsked({ form, version }: Pick<GrantContext, 'form' | 'version'>, fallback: string | undefined): string {
  if (version === 2 && form['resource'] !== undefined) throw aadsts(901002)
  if (form['resource'] !== undefined) return `${form['resource']}/.default openid profile offline_access`
  const scope = form['scope']?.trim() || fallback
  if (!scope) throw aadsts(900144, { name: version === 1 ? 'resource' : 'scope' })
  return scope
}

/** The part of a list that is about signing in. */
export function signInScopesOf(scope: string): string {
  const wish = readScopes(scope)
  return wish.wellFormed ? wish.signIn.join(' ') : ''
}
