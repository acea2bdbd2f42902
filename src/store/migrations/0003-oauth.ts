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
  {
    name: 'programSignIns',
    columns: {
      tenantId: 'text', id: 'text', at: 'bigint', servicePrincipalId: 'text?', appId: 'text?', displayName: 'text', resourceId: 'text?', method: 'text',
      credentialKeyId: 'text?', tokenId: 'text?', errorCode: 'bigint?', ipAddress: 'text', userAgent: 'text?', correlationId: 'text',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    // Ids begin with the time, so every row goes to the end of its key and of its program's part of the index.
    indexes: [['tenantId', 'servicePrincipalId', 'id']],
  },
  {
    name: 'authorizationRequests',
    columns: { tenantId: 'text', idHash: 'text', parameters: 'text', createdAt: 'bigint', expiresAt: 'bigint', answers: 'text' },
    key: ['tenantId', 'idHash'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    unique: [['idHash']],
    indexes: [['expiresAt']],
  },
  {
    name: 'authorizationCodes',
    columns: {
      tenantId: 'text', codeHash: 'text', appId: 'text', userId: 'text', binding: 'text', credentialEpoch: 'bigint', deploymentEpoch: 'bigint',
      familyId: 'text', createdAt: 'bigint', expiresAt: 'bigint', redeemedAt: 'bigint?',
    },
    key: ['tenantId', 'codeHash'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
    indexes: [['expiresAt'], ['tenantId', 'userId']],
  },
  {
    name: 'tokenFamilies',
    columns: {
      tenantId: 'text', id: 'text', appId: 'text', userId: 'text', clientKind: 'text', scope: 'text', proofs: 'text', credentialEpoch: 'bigint',
      deploymentEpoch: 'bigint', ipAddress: 'text?', userAgent: 'text?', createdAt: 'bigint', lastUsedAt: 'bigint', expiresAt: 'bigint',
      endedAt: 'bigint?', endReason: 'text?',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
    indexes: [['expiresAt'], ['tenantId', 'userId']],
  },
  {
    name: 'refreshTokens',
    columns: { tenantId: 'text', tokenHash: 'text', familyId: 'text', createdAt: 'bigint', firstUsedAt: 'bigint?', expiresAt: 'bigint' },
    key: ['tenantId', 'tokenHash'],
    parents: [{ to: 'tokenFamilies', columns: ['tenantId', 'familyId'] }],
    indexes: [['expiresAt'], ['tenantId', 'familyId']],
  },
  {
    name: 'deviceCodes',
    columns: {
      tenantId: 'text', deviceCodeHash: 'text', userCodeMac: 'text', appId: 'text', scope: 'text', ipAddress: 'text?', userAgent: 'text?',
      status: 'text', userId: 'text?', proofs: 'text?', credentialEpoch: 'bigint?', deploymentEpoch: 'bigint?', createdAt: 'bigint', expiresAt: 'bigint',
    },
    key: ['tenantId', 'deviceCodeHash'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    unique: [['tenantId', 'userCodeMac']],
    indexes: [['expiresAt'], ['tenantId', 'userId']],
  },
]

export function oauthTables(engine: 'sqlite' | 'postgres'): Migration {
  return {
    up: async (db: Kysely<unknown>): Promise<void> => {
      for (const table of tables) await createTable(db, engine, table)
    },
  }
}
