/**
 * Applications, service principals, their credentials and what they may do. An application is what its owner describes; the
 * service principal is the one that acts and is granted things, by the same `appId`. Built-in ones (rules/first-party.ts) have a
 * service principal only.
 */
import type { Instant, Json, Once } from './tables.ts'

export interface ApplicationTable {
  tenantId: Once<string>
  id: Once<string>
  /** The id that programs know; one application of the installation has it. */
  appId: Once<string>
  displayName: string
  displayNameLower: string
  /** A name of the owner's own choosing, for `applications(uniqueName='…')`. */
  uniqueName: string | null
  isDisabled: boolean
  /** Everything else Graph calls a property of it: rules/application-document.ts. */
  document: Json
  createdDateTime: Instant
  createdByAppId: string | null
  deletedDateTime: Instant | null
  /** Counts every change of what the token service needs to know. */
  version: number
}

/** Each identifier belongs to one application of the tenant, a deleted one's too until it is gone for good. */
export interface ApplicationUriTable {
  tenantId: Once<string>
  uriLower: Once<string>
  uri: string
  applicationId: string
}

export interface ServicePrincipalTable {
  tenantId: Once<string>
  id: Once<string>
  appId: Once<string>
  displayName: string
  displayNameLower: string
  accountEnabled: boolean
  document: Json
  createdDateTime: Instant
  createdByAppId: string | null
  deletedDateTime: Instant | null
  version: number
}

/** A secret (by its hash) or a certificate of an application or of a service principal. */
export interface ApplicationCredentialTable {
  tenantId: Once<string>
  keyId: Once<string>
  ownerId: Once<string> // object id
  ownerType: Once<string> // 'application' | 'servicePrincipal'
  kind: Once<string> // 'password' | 'certificate'
  displayName: string | null
  startDateTime: Instant
  endDateTime: Instant
  createdDateTime: Instant
  /** Passwords: the first three characters, and SHA-256 of the whole as base64url. */
  hint: string | null
  secretHash: string | null
  /** Certificates. Thumbprints are base64url without padding; `certificate` is DER in base64. */
  keyType: string | null
  keyUsage: string | null
  customKeyIdentifier: string | null
  sha1Thumbprint: string | null
  sha256Thumbprint: string | null
  certificate: string | null
}

/** When a credential was used, written in batches (credentials/credential-use.ts). */
export interface CredentialUseTable {
  tenantId: Once<string>
  ownerId: Once<string>
  keyId: Once<string>
  firstUsedAt: Instant
  lastUsedAt: Instant
  useCount: number
  lastIpAddress: string | null
}

export interface ApplicationOwnerTable {
  tenantId: Once<string>
  ownedId: Once<string>
  ownedType: Once<string> // 'application' | 'servicePrincipal'
  ownerId: Once<string>
  ownerType: Once<string> // 'user' | 'servicePrincipal'
}

export interface FederatedCredentialTable {
  tenantId: Once<string>
  id: Once<string>
  applicationId: Once<string>
  name: string
  issuer: string
  subject: string
  audiences: Json
  description: string | null
}

export interface AppRoleAssignmentTable {
  tenantId: Once<string>
  id: Once<string> // 22 letters, as Graph has them
  appRoleId: Once<string>
  principalId: Once<string>
  principalType: Once<string> // 'User' | 'Group' | 'ServicePrincipal'
  resourceId: Once<string>
  createdDateTime: Instant
}

/** What people, or an administrator for all of them, let a client do in their name. */
export interface PermissionGrantTable {
  tenantId: Once<string>
  id: Once<string>
  clientId: Once<string> // service principal
  resourceId: Once<string> // service principal
  consentType: Once<string> // 'AllPrincipals' | 'Principal'
  principalId: Once<string> // '' for AllPrincipals, so that the key holds
  scope: string // separated by blanks
  createdDateTime: Instant
}

export interface AppManagementPolicyTable {
  tenantId: Once<string>
  id: Once<string> // the tenant's default has the id of noughts
  displayName: string
  description: string | null
  isEnabled: boolean
  restrictions: Json
}

export interface AppManagementPolicyLinkTable {
  tenantId: Once<string>
  policyId: Once<string>
  objectId: Once<string> // application or service principal; one policy for each
  objectType: Once<string>
}

export interface ApplicationTables {
  applications: ApplicationTable
  applicationUris: ApplicationUriTable
  servicePrincipals: ServicePrincipalTable
  applicationCredentials: ApplicationCredentialTable
  credentialUses: CredentialUseTable
  applicationOwners: ApplicationOwnerTable
  federatedCredentials: FederatedCredentialTable
  appRoleAssignments: AppRoleAssignmentTable
  permissionGrants: PermissionGrantTable
  appManagementPolicies: AppManagementPolicyTable
  appManagementPolicyLinks: AppManagementPolicyLinkTable
}
