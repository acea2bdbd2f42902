/** What the directory over REST needs beside people and groups: what changed since when, how many there are, the rest of a profile. */
import type { Instant, Json, Once } from './tables.ts'

/** The last change of an object. One row an object, moved forward with each change. */
export interface ChangeTable {
  tenantId: Once<string>
  kind: Once<string> // 'user' | 'group' | 'member' | 'application' | 'servicePrincipal'
  /** For 'member': the group's id, a slash, the member's. */
  objectId: Once<string>
  /** Grows with every change of the kind; on PostgreSQL the number of the transaction that made it. */
  changed: number
  at: Instant
  removed: string | null // 'changed': in the deleted items; 'deleted': for good
}

/** Where the memory of changes begins: what was asked before that has to begin anew. */
export interface ChangeHorizonTable {
  tenantId: Once<string>
  kind: Once<string>
  forgottenBefore: number
}

/** How many live objects of a kind there are, so that `$count` does not count. */
export interface DirectoryCountTable {
  tenantId: Once<string>
  kind: Once<string>
  count: number
}

/** Properties of people that no sign-in and no reset reads. Without a row all of them are empty. */
export interface UserDetailTable {
  tenantId: Once<string>
  userId: Once<string>
  mailNickname: string | null
  employeeId: string | null
  employeeType: string | null
  employeeHireDate: Instant | null
  employeeLeaveDateTime: Instant | null
  companyName: string | null
  streetAddress: string | null
  postalCode: string | null
  city: string | null
  state: string | null
  country: string | null
  faxNumber: string | null
  ageGroup: string | null
  consentProvidedForMinor: string | null
  preferredDataLocation: string | null
  showInAddressList: boolean | null
  onPremisesUserPrincipalName: string | null
  onPremisesSecurityIdentifier: string | null
  onPremisesLastSyncDateTime: Instant | null
  onPremisesExtensionAttributes: Json | null
}

export interface ManagerTable {
  tenantId: Once<string>
  userId: Once<string>
  managerId: string
}

/** A role of the tenant's own making. */
export interface RoleDefinitionTable {
  tenantId: Once<string>
  id: Once<string>
  displayName: string
  displayNameLower: string
  description: string | null
  isEnabled: boolean
  /** One of its actions reaches what keeps accounts safe: its holders count as administrators. */
  isPrivileged: boolean
  rolePermissions: Json
  version: string | null
  createdDateTime: Instant
}

/** Built-in roles that were put to use: only these are listed as directory roles. */
export interface DirectoryRoleTable {
  tenantId: Once<string>
  roleTemplateId: Once<string>
  activatedAt: Instant
}

export interface DirectoryTables {
  roleDefinitions: RoleDefinitionTable
  directoryRoles: DirectoryRoleTable
  changes: ChangeTable
  changeHorizons: ChangeHorizonTable
  directoryCounts: DirectoryCountTable
  userDetails: UserDetailTable
  managers: ManagerTable
}
