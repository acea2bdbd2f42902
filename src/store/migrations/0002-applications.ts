import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { createTable } from './create-table.ts'
import type { TableSketch } from './create-table.ts'

const ofTenant = [{ to: 'tenants', columns: ['tenantId'] }]

const tables: readonly TableSketch[] = [
  {
    name: 'applications',
    columns: {
      tenantId: 'text', id: 'text', appId: 'text', displayName: 'text', displayNameLower: 'text', uniqueName: 'text?', isDisabled: 'boolean',
      document: 'text', createdDateTime: 'bigint', createdByAppId: 'text?', deletedDateTime: 'bigint?', version: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: ofTenant,
    unique: [['appId'], ['tenantId', 'uniqueName']],
    indexes: [['tenantId', 'displayNameLower', 'id']],
  },
  {
    name: 'applicationUris',
    columns: { tenantId: 'text', uriLower: 'text', uri: 'text', applicationId: 'text' },
    key: ['tenantId', 'uriLower'],
    parents: [{ to: 'applications', columns: ['tenantId', 'applicationId'] }],
    indexes: [['tenantId', 'applicationId']],
  },
  {
    name: 'servicePrincipals',
    columns: {
      tenantId: 'text', id: 'text', appId: 'text', displayName: 'text', displayNameLower: 'text', accountEnabled: 'boolean', document: 'text',
      createdDateTime: 'bigint', createdByAppId: 'text?', deletedDateTime: 'bigint?', version: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: ofTenant,
    indexes: [['tenantId', 'displayNameLower', 'id']],
  },
  {
    name: 'applicationCredentials',
    columns: {
      tenantId: 'text', keyId: 'text', ownerId: 'text', ownerType: 'text', kind: 'text', displayName: 'text?', startDateTime: 'bigint',
      endDateTime: 'bigint', createdDateTime: 'bigint', hint: 'text?', secretHash: 'text?', keyType: 'text?', keyUsage: 'text?',
      customKeyIdentifier: 'text?', sha1Thumbprint: 'text?', sha256Thumbprint: 'text?', certificate: 'text?',
    },
    key: ['tenantId', 'ownerId', 'keyId', 'kind'],
    parents: ofTenant,
    indexes: [['tenantId', 'endDateTime']],
  },
  {
    name: 'credentialUses',
    columns: { tenantId: 'text', ownerId: 'text', keyId: 'text', firstUsedAt: 'bigint', lastUsedAt: 'bigint', useCount: 'bigint', lastIpAddress: 'text?' },
    key: ['tenantId', 'ownerId', 'keyId'],
    parents: ofTenant,
  },
  {
    name: 'applicationOwners',
    columns: { tenantId: 'text', ownedId: 'text', ownedType: 'text', ownerId: 'text', ownerType: 'text' },
    key: ['tenantId', 'ownedId', 'ownerId'],
    parents: ofTenant,
    indexes: [['tenantId', 'ownerId', 'ownedId']],
  },
  {
    name: 'federatedCredentials',
    columns: {
      tenantId: 'text', id: 'text', applicationId: 'text', name: 'text', issuer: 'text', subject: 'text', audiences: 'text', description: 'text?',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'applications', columns: ['tenantId', 'applicationId'] }],
    unique: [['tenantId', 'applicationId', 'name'], ['tenantId', 'applicationId', 'issuer', 'subject']],
  },
  {
    name: 'appRoleAssignments',
    columns: {
      tenantId: 'text', id: 'text', appRoleId: 'text', principalId: 'text', principalType: 'text', resourceId: 'text', createdDateTime: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'servicePrincipals', columns: ['tenantId', 'resourceId'] }],
    unique: [['tenantId', 'principalId', 'resourceId', 'appRoleId']],
    indexes: [['tenantId', 'resourceId', 'id']],
  },
  {
    name: 'permissionGrants',
    columns: {
      tenantId: 'text', id: 'text', clientId: 'text', resourceId: 'text', consentType: 'text', principalId: 'text', scope: 'text', createdDateTime: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'servicePrincipals', columns: ['tenantId', 'clientId'] }],
    unique: [['tenantId', 'clientId', 'resourceId', 'principalId']],
    indexes: [['tenantId', 'principalId'], ['tenantId', 'resourceId']],
  },
  {
    name: 'appManagementPolicies',
    columns: { tenantId: 'text', id: 'text', displayName: 'text', description: 'text?', isEnabled: 'boolean', restrictions: 'text' },
    key: ['tenantId', 'id'],
    parents: ofTenant,
  },
  {
    name: 'appManagementPolicyLinks',
    columns: { tenantId: 'text', policyId: 'text', objectId: 'text', objectType: 'text' },
    key: ['tenantId', 'objectId'],
    parents: [{ to: 'appManagementPolicies', columns: ['tenantId', 'policyId'] }],
    indexes: [['tenantId', 'policyId']],
  },
]

export function applicationTables(engine: 'sqlite' | 'postgres'): Migration {
  return {
    up: async (db: Kysely<unknown>): Promise<void> => {
      for (const table of tables) await createTable(db, engine, table)
      // A deleted one keeps its appId to be restored with, and does not keep a new one from being made.
      await sql`create unique index service_principals_app_id on service_principals (tenant_id, app_id) where deleted_date_time is null`.execute(db)
      await sql`create index service_principals_deleted on service_principals (tenant_id, display_name_lower, id) where deleted_date_time is not null`.execute(db)
      await sql`create index applications_deleted on applications (tenant_id, display_name_lower, id) where deleted_date_time is not null`.execute(db)
    },
  }
}
