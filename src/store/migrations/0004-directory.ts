/** What the directory over REST needs: the memory of changes, counters, the rest of people's profiles, managers. */
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { createTable } from './create-table.ts'
import type { TableSketch } from './create-table.ts'

const tables: readonly TableSketch[] = [
  {
    name: 'changes',
    columns: {
      tenantId: 'text', kind: 'text', objectId: 'text', changed: 'bigint', at: 'bigint', removed: 'text?',
    },
    key: ['tenantId', 'kind', 'objectId'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['tenantId', 'kind', 'changed', 'objectId'], ['at']],
  },
  {
    name: 'changeHorizons',
    columns: {
      tenantId: 'text', kind: 'text', forgottenBefore: 'bigint',
    },
    key: ['tenantId', 'kind'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
  },
  {
    name: 'directoryCounts',
    columns: {
      tenantId: 'text', kind: 'text', count: 'bigint',
    },
    key: ['tenantId', 'kind'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
  },
  {
    name: 'userDetails',
    columns: {
      tenantId: 'text', userId: 'text', mailNickname: 'text?', employeeId: 'text?', employeeType: 'text?', employeeHireDate: 'bigint?',
      employeeLeaveDateTime: 'bigint?', companyName: 'text?', streetAddress: 'text?', postalCode: 'text?', city: 'text?', state: 'text?',
      country: 'text?', faxNumber: 'text?', ageGroup: 'text?', consentProvidedForMinor: 'text?', preferredDataLocation: 'text?',
      showInAddressList: 'boolean?', onPremisesUserPrincipalName: 'text?', onPremisesSecurityIdentifier: 'text?',
      onPremisesLastSyncDateTime: 'bigint?', onPremisesExtensionAttributes: 'text?',
    },
    key: ['tenantId', 'userId'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
    indexes: [['tenantId', 'employeeId']],
  },
  {
    name: 'managers',
    columns: {
      tenantId: 'text', userId: 'text', managerId: 'text',
    },
    key: ['tenantId', 'userId'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
    indexes: [['tenantId', 'managerId', 'userId']],
  },
  {
    name: 'roleDefinitions',
    columns: {
      tenantId: 'text', id: 'text', displayName: 'text', displayNameLower: 'text', description: 'text?', isEnabled: 'boolean', isPrivileged: 'boolean',
      rolePermissions: 'text', version: 'text?', createdDateTime: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    unique: [['tenantId', 'displayNameLower']],
  },
  {
    name: 'directoryRoles',
    columns: { tenantId: 'text', roleTemplateId: 'text', activatedAt: 'bigint' },
    key: ['tenantId', 'roleTemplateId'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
  },
]

const groupColumns = ['visibility', 'classification', 'theme', 'preferredLanguage', 'preferredDataLocation', 'uniqueName'] as const

export function directoryTables(engine: 'sqlite' | 'postgres'): Migration {
  return {
    up: async (db: Kysely<unknown>): Promise<void> => {
      for (const table of tables) await createTable(db, engine, table)
      const text = engine === 'postgres' ? sql`text collate "C"` : 'text' as const
      for (const column of groupColumns) await db.schema.alterTable('groups').addColumn(column, text).execute()
      await sql`create unique index groups_unique_name on groups (tenant_id, unique_name) where unique_name is not null`.execute(db)
      await sql`create index groups_deleted on groups (tenant_id, id) where deleted_date_time is not null`.execute(db)
      await sql`insert into directory_counts (tenant_id, kind, count)
        select tenant_id, 'user', count(*) from users where deleted_date_time is null group by tenant_id`.execute(db)
      await sql`insert into directory_counts (tenant_id, kind, count)
        select tenant_id, 'group', count(*) from groups where deleted_date_time is null group by tenant_id`.execute(db)
    },
  }
}
