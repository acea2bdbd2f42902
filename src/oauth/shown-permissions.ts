/**
 * What stood on the page when somebody agreed. Whoever owns a program may rewrite what it asks for at any moment, also while an
 * administrator reads the page: the form brings back which permissions it showed, and a yes to others is no yes (T-42).
 */
import { createHash } from 'node:crypto'

export interface ShownPermission {
  /** Null for what is about signing in. */
  resource: { servicePrincipalId: string } | null
  /** Of the scope or the role. */
  id: string
}

/** The same for the same permissions, in whatever order. */
export function markOf(permissions: readonly ShownPermission[]): string {
  const names = permissions.map(({ resource, id }) => `${resource?.servicePrincipalId ?? ''} ${id}`)
  return createHash('sha256').update([...new Set(names)].sort().join('\n')).digest('base64url')
}

/** Of scopes that are still to be agreed to. */
export const markOfScopes = (missing: readonly { resource: ShownPermission['resource']; scope: { id: string } }[]): string =>
  markOf(missing.map(({ resource, scope }) => ({ resource, id: scope.id })))
