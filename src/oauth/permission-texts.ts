import type { PageContext } from '../page/context.ts'
import type { AppRole, PermissionScope } from '../rules/application-document.ts'
import { firstParty, graphAppId } from '../rules/first-party.ts'
import type { Resource } from '../store/resources.ts'
import { isMessageKey } from '../text.ts'
import type { PermissionText } from './pages.tsx'

type OfResource = Pick<Resource, 'appId' | 'displayName'> | null

/**
 * A permission as a person reads it: in their language where it is one of the usual ones, else in its owner's own words.
 * @param resource null for what is about signing in
 */
export function scopeText({ t }: PageContext, resource: OfResource, scope: PermissionScope, forEverybody = false): PermissionText {
  const key = `oauth.scope.${scope.value}`
  const isOurs = resource === null || firstParty(resource.appId) !== undefined
  if (isOurs && isMessageKey(key)) return { name: t(key), ...(resource === null ? {} : { detail: scope.value ?? undefined }) }
  const [name, detail] = forEverybody || !scope.userConsentDisplayName
    ? [scope.adminConsentDisplayName, scope.adminConsentDescription]
    : [scope.userConsentDisplayName, scope.userConsentDescription]
  return named(name || scope.value || scope.id, detail, resource)
}

/** A role of a program itself: Graph's are called as the scopes that allow the same. */
export function roleText({ t }: PageContext, resource: NonNullable<OfResource>, role: AppRole): PermissionText {
  const key = `oauth.scope.${role.value}`
  if (firstParty(resource.appId) !== undefined && isMessageKey(key)) return { name: t(key), detail: role.value ?? undefined }
  return named(role.displayName || role.value || role.id, role.description, resource)
}

/** Graph's own permissions say what they are; others say whose they are. */
function named(name: string, detail: string | null, resource: OfResource): PermissionText {
  const told = detail && detail !== name ? detail : undefined
  if (resource === null || resource.appId === graphAppId) return { name, detail: told }
  return { name: `${resource.displayName}: ${name}`, detail: told }
}
