/**
 * The first tables, in what both engines have: text (compared byte by byte), boolean, bigint; keys that begin with the tenant;
 * an index for each way of looking. Rows that belong to something go with it (on delete cascade).
 */
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import { auditGuards } from './audit-guards.ts'
import { createTable } from './create-table.ts'
import type { TableSketch } from './create-table.ts'

// Parents first.
const tables: readonly TableSketch[] = [
  {
    name: 'installation',
    columns: {
      key: 'text', value: 'text',
    },
    key: ['key'],
  },
  {
    name: 'tenants',
    columns: {
      id: 'text', displayName: 'text', createdAt: 'bigint', defaultLocale: 'text', sessionEpoch: 'bigint', suspendedAt: 'bigint?',
    },
    key: ['id'],
  },
  {
    name: 'policies',
    columns: {
      tenantId: 'text', name: 'text', value: 'text', version: 'bigint', updatedAt: 'bigint', updatedBy: 'text?',
    },
    key: ['tenantId', 'name'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
  },
  {
    name: 'domains',
    columns: {
      tenantId: 'text', id: 'text', isInitial: 'boolean', isDefault: 'boolean', isVerified: 'boolean', authenticationType: 'text',
      signInModel: 'text?', capturedCopy: 'boolean', passwordValidityPeriodInDays: 'bigint?', passwordNotificationWindowInDays: 'bigint?',
      createdAt: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    unique: [['id']],
  },
  {
    name: 'users',
    columns: {
      tenantId: 'text', id: 'text', userPrincipalName: 'text', upnLower: 'text', displayName: 'text', displayNameLower: 'text',
      givenName: 'text?', surname: 'text?', mail: 'text?', mailLower: 'text?', proxyAddresses: 'text', preferredLanguage: 'text?',
      usageLocation: 'text?', accountEnabled: 'boolean', userType: 'text', externalKind: 'text?', department: 'text?', jobTitle: 'text?',
      officeLocation: 'text?', onPremisesSyncEnabled: 'boolean', onPremisesImmutableId: 'text?', onPremisesDomain: 'text?',
      onPremisesSamAccountName: 'text?', onPremisesDistinguishedName: 'text?', onPremisesAccount: 'text?', passwordPolicies: 'text?',
      perUserMfaState: 'text', credentialEpoch: 'bigint', signInSessionsValidFromDateTime: 'bigint', registrationCompletedAt: 'bigint?',
      lastConfirmedAt: 'bigint?', createdDateTime: 'bigint', deletedDateTime: 'bigint?', version: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [
      ['tenantId', 'displayNameLower', 'id'],
      ['tenantId', 'mailLower'],
      ['tenantId', 'onPremisesImmutableId'],
    ],
  },
  {
    name: 'userAliases',
    columns: {
      tenantId: 'text', aliasLower: 'text', userId: 'text', kind: 'text',
    },
    key: ['tenantId', 'aliasLower'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
    indexes: [['tenantId', 'userId']],
  },
  {
    name: 'userContacts',
    columns: {
      tenantId: 'text', id: 'text', userId: 'text', kind: 'text', position: 'bigint', valueSealed: 'text', valueIndex: 'text',
      wellFormed: 'boolean', origin: 'text', updatedAt: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
    indexes: [['tenantId', 'userId', 'kind', 'position'], ['tenantId', 'valueIndex']],
  },
  {
    name: 'passwords',
    columns: {
      tenantId: 'text', userId: 'text', hash: 'text?', changedAt: 'bigint', forceChangePasswordNextSignIn: 'boolean',
      forceChangePasswordNextSignInWithMfa: 'boolean', temporaryUntil: 'bigint?', temporaryUsedAt: 'bigint?', channel: 'text',
      lengthAtLeast15: 'boolean',
    },
    key: ['tenantId', 'userId'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
  },
  {
    name: 'groups',
    columns: {
      tenantId: 'text', id: 'text', displayName: 'text', displayNameLower: 'text', description: 'text?', mailNickname: 'text',
      securityEnabled: 'boolean', isAssignableToRole: 'boolean', onPremisesSyncEnabled: 'boolean', onPremisesImmutableId: 'text?',
      createdDateTime: 'bigint', deletedDateTime: 'bigint?', version: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['tenantId', 'displayNameLower', 'id'], ['tenantId', 'onPremisesImmutableId']],
  },
  {
    name: 'groupMembers',
    columns: {
      tenantId: 'text', groupId: 'text', memberId: 'text', memberType: 'text',
    },
    key: ['tenantId', 'groupId', 'memberId'],
    parents: [{ to: 'groups', columns: ['tenantId', 'groupId'] }],
    indexes: [['tenantId', 'memberId', 'groupId']],
  },
  {
    name: 'groupOwners',
    columns: {
      tenantId: 'text', groupId: 'text', ownerId: 'text',
    },
    key: ['tenantId', 'groupId', 'ownerId'],
    parents: [{ to: 'groups', columns: ['tenantId', 'groupId'] }],
    indexes: [['tenantId', 'ownerId', 'groupId']],
  },
  {
    name: 'administrativeUnits',
    columns: {
      tenantId: 'text', id: 'text', displayName: 'text', isMemberManagementRestricted: 'boolean',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
  },
  {
    name: 'administrativeUnitMembers',
    columns: {
      tenantId: 'text', unitId: 'text', memberId: 'text',
    },
    key: ['tenantId', 'unitId', 'memberId'],
    parents: [{ to: 'administrativeUnits', columns: ['tenantId', 'unitId'] }],
    indexes: [['tenantId', 'memberId', 'unitId']],
  },
  {
    name: 'roleAssignments',
    columns: {
      tenantId: 'text', id: 'text', roleDefinitionId: 'text', principalId: 'text', principalType: 'text', directoryScopeId: 'text',
      state: 'text', createdAt: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    unique: [['tenantId', 'principalId', 'roleDefinitionId', 'directoryScopeId', 'state']],
    indexes: [['tenantId', 'roleDefinitionId', 'id']],
  },
  {
    name: 'subscribedSkus',
    columns: {
      tenantId: 'text', skuId: 'text', skuPartNumber: 'text', enabledUnits: 'bigint', capabilityStatus: 'text', isTrial: 'boolean',
    },
    key: ['tenantId', 'skuId'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
  },
  {
    name: 'licenseAssignments',
    columns: {
      tenantId: 'text', skuId: 'text', principalId: 'text', principalType: 'text', disabledPlans: 'text',
    },
    key: ['tenantId', 'skuId', 'principalId'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['tenantId', 'principalId']],
  },
  {
    name: 'authenticationMethods',
    columns: {
      tenantId: 'text', id: 'text', userId: 'text', kind: 'text', displayName: 'text?', valueSealed: 'text', valueIndex: 'text?',
      oathStepSeconds: 'bigint?', lastStep: 'bigint?', origin: 'text', verifiedAt: 'bigint?', heldUntil: 'bigint?', isDefault: 'boolean',
      createdDateTime: 'bigint', lastUsedAt: 'bigint?',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
    indexes: [['tenantId', 'userId', 'kind'], ['tenantId', 'valueIndex']],
  },
  {
    name: 'securityAnswers',
    columns: {
      tenantId: 'text', userId: 'text', questionId: 'text', questionText: 'text?', answerHash: 'text', createdDateTime: 'bigint',
    },
    key: ['tenantId', 'userId', 'questionId'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
  },
  {
    name: 'questionDraws',
    columns: {
      tenantId: 'text', userId: 'text', questionIds: 'text', drawnAt: 'bigint',
    },
    key: ['tenantId', 'userId'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
  },
  {
    name: 'appPasswords',
    columns: {
      tenantId: 'text', id: 'text', userId: 'text', displayName: 'text', displayNameLower: 'text', lookupMac: 'text', hash: 'text',
      createdDateTime: 'bigint', lastUsedAt: 'bigint?',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
    indexes: [['tenantId', 'userId'], ['tenantId', 'lookupMac']],
  },
  {
    name: 'temporaryAccessPasses',
    columns: {
      tenantId: 'text', id: 'text', userId: 'text', hash: 'text', startDateTime: 'bigint', lifetimeInMinutes: 'bigint',
      isUsableOnce: 'boolean', triesLeft: 'bigint', usedAt: 'bigint?', createdDateTime: 'bigint', createdBy: 'text?',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
    indexes: [['tenantId', 'userId']],
  },
  {
    name: 'sessions',
    columns: {
      idHash: 'text', tenantId: 'text', publicId: 'text', userId: 'text', level: 'text', isAdministrator: 'boolean',
      credentialEpoch: 'bigint', deploymentEpoch: 'bigint', proofs: 'text', locale: 'text?', continueTo: 'text?',
      ipAddress: 'text?', userAgent: 'text?', wrongReauthentications: 'bigint', createdAt: 'bigint', lastSeenAt: 'bigint',
      expiresAt: 'bigint',
    },
    key: ['tenantId', 'idHash'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
    unique: [['idHash'], ['tenantId', 'publicId']],
    indexes: [['tenantId', 'userId', 'lastSeenAt'], ['expiresAt']],
  },
  {
    name: 'familiarPlaces',
    columns: {
      tenantId: 'text', accountKey: 'text', kind: 'text', placeMac: 'text', lastSuccessAt: 'bigint',
    },
    key: ['tenantId', 'accountKey', 'kind', 'placeMac'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['lastSuccessAt']],
  },
  {
    name: 'signInLockouts',
    columns: {
      tenantId: 'text', accountKey: 'text', place: 'text', failures: 'bigint', lockCount: 'bigint', lockedUntil: 'bigint?',
      lastBad: 'text', lastFailureAt: 'bigint?', expiresAt: 'bigint',
    },
    key: ['tenantId', 'accountKey', 'place'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['expiresAt']],
  },
  {
    name: 'limits',
    columns: {
      tenantId: 'text', key: 'text', points: 'text', lockedUntil: 'bigint?', expiresAt: 'bigint', version: 'bigint',
    },
    key: ['tenantId', 'key'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['expiresAt']],
  },
  {
    name: 'resets',
    columns: {
      tenantId: 'text', id: 'text', cookieHash: 'text', userId: 'text?', typedNameSealed: 'text', accountKey: 'text',
      state: 'text', intent: 'text?', disclosure: 'text', refusal: 'text?', supportCode: 'text', gatesRequired: 'bigint?', locale: 'text',
      clientType: 'text', ipAddress: 'text?', version: 'bigint', startedAt: 'bigint', expiresAt: 'bigint', finishedAt: 'bigint?',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    unique: [['cookieHash']],
    indexes: [['tenantId', 'supportCode'], ['tenantId', 'accountKey', 'startedAt'], ['tenantId', 'userId', 'startedAt'], ['expiresAt']],
  },
  {
    name: 'resetGates',
    columns: {
      tenantId: 'text', resetId: 'text', gate: 'bigint', method: 'text', methodId: 'text', destinationIndex: 'text', challengeId: 'text?',
      passedAt: 'bigint',
    },
    key: ['tenantId', 'resetId', 'gate'],
    parents: [{ to: 'resets', columns: ['tenantId', 'resetId'] }],
  },
  {
    name: 'challenges',
    columns: {
      tenantId: 'text', id: 'text', purpose: 'text', transactionId: 'text', userId: 'text?', method: 'text', methodId: 'text?',
      destinationSealed: 'text?', destinationIndex: 'text?', codeMac: 'text', triesLeft: 'bigint', createdAt: 'bigint',
      expiresAt: 'bigint', supersededAt: 'bigint?', consumedAt: 'bigint?',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['tenantId', 'transactionId', 'method', 'createdAt'], ['expiresAt']],
  },
  {
    name: 'outbox',
    columns: {
      tenantId: 'text', id: 'text', kind: 'text', payloadSealed: 'text', recipientIndex: 'text?', dedupeId: 'text', createdAt: 'bigint',
      availableAt: 'bigint', expiresAt: 'bigint', leaseUntil: 'bigint?', attempts: 'bigint', lastError: 'text?',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    unique: [['tenantId', 'dedupeId']],
    indexes: [['availableAt', 'createdAt', 'id'], ['expiresAt']],
  },
  {
    name: 'deliveries',
    columns: {
      tenantId: 'text', id: 'text', kind: 'text', messageName: 'text', recipientIndex: 'text?', supportCode: 'text?', outcome: 'text',
      detail: 'text?', at: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['tenantId', 'at', 'id'], ['tenantId', 'supportCode'], ['tenantId', 'recipientIndex', 'at']],
  },
  {
    name: 'audit',
    columns: {
      tenantId: 'text', sequence: 'bigint', id: 'text', activityDateTime: 'bigint', service: 'text', category: 'text', activity: 'text',
      result: 'text', resultReason: 'text?', correlationId: 'text', initiatorId: 'text?', targetId: 'text?', initiatedBy: 'text',
      targets: 'text', additionalDetails: 'text', previousHash: 'text', hash: 'text',
    },
    key: ['tenantId', 'sequence'],
    unique: [['tenantId', 'id']],
    indexes: [
      ['tenantId', 'activityDateTime', 'sequence'],
      ['tenantId', 'targetId', 'sequence'],
      ['tenantId', 'initiatorId', 'sequence'],
      ['tenantId', 'correlationId', 'sequence'],
      ['tenantId', 'activity', 'sequence'],
    ],
  },
  {
    name: 'auditHeads',
    columns: {
      tenantId: 'text', sequence: 'bigint', hash: 'text',
    },
    key: ['tenantId'],
  },
  {
    name: 'auditCheckpoints',
    columns: {
      tenantId: 'text', sequence: 'bigint', hash: 'text', at: 'bigint', signature: 'text',
    },
    key: ['tenantId', 'sequence'],
  },
  {
    name: 'signIns',
    columns: {
      tenantId: 'text', id: 'text', at: 'bigint', userId: 'text?', accountKey: 'text', accountHint: 'text', kind: 'text', result: 'text',
      reasonCode: 'text?', proofs: 'text', ipAddress: 'text?', userAgent: 'text?', correlationId: 'text', appId: 'text?', resourceId: 'text?',
      credentialKeyId: 'text?', tokenId: 'text?', errorCode: 'bigint?',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['tenantId', 'at', 'id'], ['tenantId', 'userId', 'at'], ['tenantId', 'accountKey', 'at'], ['tenantId', 'correlationId']],
  },
  {
    name: 'usageEvents',
    columns: {
      tenantId: 'text', id: 'text', at: 'bigint', userId: 'text?', feature: 'text', method: 'text?', status: 'text',
      failureReason: 'text?',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['tenantId', 'at', 'id'], ['tenantId', 'userId', 'at']],
  },
  {
    name: 'passwordEvents',
    columns: {
      tenantId: 'text', id: 'text', userId: 'text', at: 'bigint', channel: 'text', writeback: 'text', code: 'text?', actorId: 'text?',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['tenantId', 'userId', 'at'], ['tenantId', 'at', 'id']],
  },
  {
    name: 'operations',
    columns: {
      tenantId: 'text', id: 'text', userId: 'text', kind: 'text', status: 'text', statusDetail: 'text?', createdDateTime: 'bigint',
      lastActionDateTime: 'bigint', expiresAt: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'users', columns: ['tenantId', 'userId'] }],
    indexes: [['tenantId', 'userId'], ['expiresAt']],
  },
  {
    name: 'onceOnly',
    columns: {
      tenantId: 'text', key: 'text', outcome: 'text?', expiresAt: 'bigint',
    },
    key: ['tenantId', 'key'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
    indexes: [['expiresAt']],
  },
  {
    name: 'dataKeys',
    columns: {
      tenantId: 'text', id: 'text', wrappedKey: 'text', keyEncryptionKeyId: 'text', createdAt: 'bigint',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
  },
  {
    name: 'agents',
    columns: {
      tenantId: 'text', id: 'text', displayName: 'text', domain: 'text', version: 'text?', status: 'text', configurationError: 'text?',
      lastHeartbeatAt: 'bigint?', lastSyncAt: 'bigint?', lastSyncResult: 'text?', domainRules: 'text?', enrolledAt: 'bigint',
      revokedAt: 'bigint?',
    },
    key: ['tenantId', 'id'],
    parents: [{ to: 'tenants', columns: ['tenantId'] }],
  },
  {
    name: 'nodes',
    columns: {
      id: 'text', startedAt: 'bigint', lastSeenAt: 'bigint', version: 'text',
    },
    key: ['id'],
    indexes: [['lastSeenAt']],
  },
]

export function firstTables(engine: 'sqlite' | 'postgres'): Migration {
  return {
    up: async (db: Kysely<unknown>): Promise<void> => {
      for (const table of tables) await createTable(db, engine, table)
      // A deleted user keeps the name to be restored with, and does not keep it from others.
      await sql`create unique index users_upn_lower on users (tenant_id, upn_lower) where deleted_date_time is null`.execute(db)
      await sql`create index users_deleted on users (tenant_id, display_name_lower, id) where deleted_date_time is not null`.execute(db)
      for (const statement of auditGuards[engine]) await sql.raw(statement).execute(db)
    },
  }
}
