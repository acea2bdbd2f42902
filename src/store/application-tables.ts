/** Applications, service principals and what they may do. */
import type { Instant, Once } from './tables.ts'

export interface ApplicationTable {
  tenantId: Once<string>
  id: Once<string>
  appId: string
  displayName: string
  displayNameLower: string
  servicePrincipalId: string
  createdDateTime: Instant
  disabledAt: Instant | null
}

export interface ApplicationPasswordTable {
  tenantId: Once<string>
  keyId: Once<string>
  applicationId: string
  displayName: string | null
  hint: string
  secretHash: string
  startDateTime: Instant
  endDateTime: Instant
}

export interface ApplicationPermissionTable {
  tenantId: Once<string>
  servicePrincipalId: string
  permission: string // 'Directory.ReadWrite.All'
  grantedAt: Instant
}

export interface ApplicationTables {
  applications: ApplicationTable
  applicationPasswords: ApplicationPasswordTable
  applicationPermissions: ApplicationPermissionTable
}
