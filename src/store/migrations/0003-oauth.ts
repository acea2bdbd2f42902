/** What the token service keeps. */
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { createTable } from './create-table.ts'
import type { TableSketch } from './create-table.ts'

const tables: readonly TableSketch[] = [
  {
    name: 'signingKeys',
    columns: {
      tenantId: 'text', kid: 'text', purpose: 'text', algorithm: 'text', privateKeySealed: 'text', certificate: 'text', createdAt: 'bigint',
      activeFrom: 'bigint', retireAt: 'bigint?',
    },
    key: ['tenantId', 'kid'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['retireAt']],
  },
]

export function oauthTables(engine: 'sqlite' | 'postgres'): Migration {
  return {
    up: async (db: Kysely<unknown>): Promise<void> => {
      for (const table of tables) await createTable(db, engine, table)
    },
  }
}
