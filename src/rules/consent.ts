// Who may agree to what (oauth §10, §13.2): people to what harms nobody but themselves, administrators of applications to most,
// and to what Graph lets a program do by itself only those who could give it any role (T-42).
import type { RoleFacts } from './facts.ts'
import { holdsRole, roles } from './roles.ts'
import type { AuthorizationPolicy } from './tenant-settings.ts'

export interface WantedScope {
  value: string
  /** 'User': anybody may agree to it for themself. Anything else: an administrator. */
  type: string | null
}

export interface ConsentRights {
  /** For everybody of the organisation, to scopes. */
  forEverybody: boolean
  /** To roles of a program itself, on resources other than Graph … */
  appRoles: boolean
  /** … and on Graph. */
  graphAppRoles: boolean
}

/** What the roles somebody holds now let them agree to for others. */
export function consentRights(held: readonly RoleFacts[]): ConsentRights {
  const everything = holdsRole(held, roles.globalAdministrator, roles.privilegedRoleAdministrator)
  const applications = everything || holdsRole(held, roles.applicationAdministrator, roles.cloudApplicationAdministrator)
  return { forEverybody: applications, appRoles: applications, graphAppRoles: everything }
}

/** Whether the organisation lets its people agree to anything in their own name; it does when nothing is said. */
export function usersMayConsent({ defaultUserRolePermissions }: AuthorizationPolicy): boolean {
  return defaultUserRolePermissions?.permissionGrantPoliciesAssigned?.some(one => /^ManagePermissionGrantsForSelf\./i.test(one)) ?? true
}

/** Whether the person may agree to all of these in their own name. `userConsent`: the organisation lets its people agree to anything at all. */
export function mayConsentForSelf(wanted: readonly WantedScope[], { userConsent, rights }: { userConsent: boolean; rights: ConsentRights }): boolean {
  if (rights.forEverybody) return true
  return userConsent && wanted.every(scope => scope.type === 'User')
}
