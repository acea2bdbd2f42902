/**
 * Every table's columns by name, complete by construction: queries select lists, never `*`, for a statement that is kept
 * prepared breaks when another version of the server has added a column.
 */
import type {
  AppManagementPolicyLinkTable,
  AppManagementPolicyTable,
  AppRoleAssignmentTable,
  ApplicationCredentialTable,
  ApplicationOwnerTable,
  ApplicationTable,
  ApplicationUriTable,
  CredentialUseTable,
  FederatedCredentialTable,
  PermissionGrantTable,
  ServicePrincipalTable,
} from './application-tables.ts'
import type { AuthorizationCodeTable, AuthorizationRequestTable, DeviceCodeTable, RefreshTokenTable, ProgramSignInTable, SigningKeyTable, TokenFamilyTable } from './oauth-tables.ts'
import type { ChangeHorizonTable, ChangeTable, DirectoryCountTable, DirectoryRoleTable, ManagerTable, RoleDefinitionTable, UserDetailTable } from './directory-tables.ts'
import type {
  AdministrativeUnitMemberTable,
  AdministrativeUnitTable,
  AgentTable,
  AppPasswordTable,
  AuditCheckpointTable,
  AuditHeadTable,
  AuditTable,
  AuthenticationMethodTable,
  ChallengeTable,
  DataKeyTable,
  DeliveryTable,
  DomainTable,
  FamiliarPlaceTable,
  GroupMemberTable,
  GroupOwnerTable,
  GroupTable,
  InstallationTable,
  LicenseAssignmentTable,
  LimitTable,
  NodeTable,
  OnceOnlyTable,
  OperationTable,
  OutboxTable,
  PasswordEventTable,
  PasswordTable,
  PolicyTable,
  QuestionDrawTable,
  ResetGateTable,
  ResetTable,
  RoleAssignmentTable,
  SecurityAnswerTable,
  SessionTable,
  SignInLockoutTable,
  SignInTable,
  SubscribedSkuTable,
  TemporaryAccessPassTable,
  TenantTable,
  UsageEventTable,
  UserAliasTable,
  UserContactTable,
  UserTable,
} from './tables.ts'
import type { Database } from './tables.ts'

/** Compiles only when no column is missing. */
const every =
  <Row>() =>
  <const Columns extends readonly (keyof Row & string)[]>(...columns: keyof Row extends Columns[number] ? Columns : never): Columns =>
    columns

export const columns = {
  installation: every<InstallationTable>()(
    'key', 'value',
  ),
  tenants: every<TenantTable>()(
    'id', 'displayName', 'createdAt', 'defaultLocale', 'sessionEpoch', 'suspendedAt',
  ),
  policies: every<PolicyTable>()(
    'tenantId', 'name', 'value', 'version', 'updatedAt', 'updatedBy',
  ),
  domains: every<DomainTable>()(
    'tenantId', 'id', 'isInitial', 'isDefault', 'isVerified', 'authenticationType', 'signInModel', 'capturedCopy',
    'passwordValidityPeriodInDays', 'passwordNotificationWindowInDays', 'createdAt',
  ),
  users: every<UserTable>()(
    'tenantId', 'id', 'userPrincipalName', 'upnLower', 'displayName', 'displayNameLower', 'givenName', 'surname', 'mail', 'mailLower',
    'proxyAddresses', 'preferredLanguage', 'usageLocation', 'accountEnabled', 'userType', 'externalKind', 'department', 'jobTitle',
    'officeLocation', 'onPremisesSyncEnabled', 'onPremisesImmutableId', 'onPremisesDomain', 'onPremisesSamAccountName',
    'onPremisesDistinguishedName', 'onPremisesAccount', 'passwordPolicies', 'perUserMfaState', 'credentialEpoch',
    'signInSessionsValidFromDateTime', 'registrationCompletedAt', 'lastConfirmedAt', 'createdDateTime', 'deletedDateTime', 'version',
  ),
  userAliases: every<UserAliasTable>()(
    'tenantId', 'aliasLower', 'userId', 'kind',
  ),
  userContacts: every<UserContactTable>()(
    'tenantId', 'id', 'userId', 'kind', 'position', 'valueSealed', 'valueIndex', 'wellFormed', 'origin', 'updatedAt',
  ),
  passwords: every<PasswordTable>()(
    'tenantId', 'userId', 'hash', 'changedAt', 'forceChangePasswordNextSignIn', 'forceChangePasswordNextSignInWithMfa',
    'temporaryUntil', 'temporaryUsedAt', 'channel', 'lengthAtLeast15',
  ),
  groups: every<GroupTable>()(
    'tenantId', 'id', 'displayName', 'displayNameLower', 'description', 'mailNickname', 'securityEnabled', 'isAssignableToRole',
    'onPremisesSyncEnabled', 'onPremisesImmutableId', 'createdDateTime', 'deletedDateTime', 'version', 'visibility', 'classification',
    'theme', 'preferredLanguage', 'preferredDataLocation', 'uniqueName',
  ),
  groupMembers: every<GroupMemberTable>()(
    'tenantId', 'groupId', 'memberId', 'memberType',
  ),
  groupOwners: every<GroupOwnerTable>()(
    'tenantId', 'groupId', 'ownerId',
  ),
  administrativeUnits: every<AdministrativeUnitTable>()(
    'tenantId', 'id', 'displayName', 'isMemberManagementRestricted',
  ),
  administrativeUnitMembers: every<AdministrativeUnitMemberTable>()(
    'tenantId', 'unitId', 'memberId',
  ),
  roleAssignments: every<RoleAssignmentTable>()(
    'tenantId', 'id', 'roleDefinitionId', 'principalId', 'principalType', 'directoryScopeId', 'state', 'createdAt',
  ),
  subscribedSkus: every<SubscribedSkuTable>()(
    'tenantId', 'skuId', 'skuPartNumber', 'enabledUnits', 'capabilityStatus', 'isTrial',
  ),
  licenseAssignments: every<LicenseAssignmentTable>()(
    'tenantId', 'skuId', 'principalId', 'principalType', 'disabledPlans',
  ),
  authenticationMethods: every<AuthenticationMethodTable>()(
    'tenantId', 'id', 'userId', 'kind', 'displayName', 'valueSealed', 'valueIndex', 'oathStepSeconds', 'lastStep', 'origin',
    'verifiedAt', 'heldUntil', 'isDefault', 'createdDateTime', 'lastUsedAt',
  ),
  securityAnswers: every<SecurityAnswerTable>()(
    'tenantId', 'userId', 'questionId', 'questionText', 'answerHash', 'createdDateTime',
  ),
  questionDraws: every<QuestionDrawTable>()(
    'tenantId', 'userId', 'questionIds', 'drawnAt',
  ),
  appPasswords: every<AppPasswordTable>()(
    'tenantId', 'id', 'userId', 'displayName', 'displayNameLower', 'lookupMac', 'hash', 'createdDateTime', 'lastUsedAt',
  ),
  temporaryAccessPasses: every<TemporaryAccessPassTable>()(
    'tenantId', 'id', 'userId', 'hash', 'startDateTime', 'lifetimeInMinutes', 'isUsableOnce', 'triesLeft', 'usedAt', 'createdDateTime',
    'createdBy',
  ),
  sessions: every<SessionTable>()(
    'idHash', 'tenantId', 'publicId', 'userId', 'level', 'isAdministrator', 'credentialEpoch', 'deploymentEpoch', 'proofs',
    'locale', 'continueTo', 'ipAddress', 'userAgent', 'wrongReauthentications', 'createdAt', 'lastSeenAt', 'expiresAt',
  ),
  familiarPlaces: every<FamiliarPlaceTable>()(
    'tenantId', 'accountKey', 'kind', 'placeMac', 'lastSuccessAt',
  ),
  signInLockouts: every<SignInLockoutTable>()(
    'tenantId', 'accountKey', 'place', 'failures', 'lockCount', 'lockedUntil', 'lastBad', 'lastFailureAt', 'expiresAt',
  ),
  limits: every<LimitTable>()(
    'tenantId', 'key', 'points', 'lockedUntil', 'expiresAt', 'version',
  ),
  resets: every<ResetTable>()(
    'tenantId', 'id', 'cookieHash', 'userId', 'typedNameSealed', 'accountKey', 'state', 'intent', 'disclosure', 'refusal',
    'supportCode', 'gatesRequired', 'locale', 'clientType', 'ipAddress', 'version', 'startedAt', 'expiresAt', 'finishedAt',
  ),
  resetGates: every<ResetGateTable>()(
    'tenantId', 'resetId', 'gate', 'method', 'methodId', 'destinationIndex', 'challengeId', 'passedAt',
  ),
  challenges: every<ChallengeTable>()(
    'tenantId', 'id', 'purpose', 'transactionId', 'userId', 'method', 'methodId', 'destinationSealed', 'destinationIndex', 'codeMac',
    'triesLeft', 'createdAt', 'expiresAt', 'supersededAt', 'consumedAt',
  ),
  outbox: every<OutboxTable>()(
    'tenantId', 'id', 'kind', 'payloadSealed', 'recipientIndex', 'dedupeId', 'createdAt', 'availableAt', 'expiresAt', 'leaseUntil',
    'attempts', 'lastError',
  ),
  deliveries: every<DeliveryTable>()(
    'tenantId', 'id', 'kind', 'messageName', 'recipientIndex', 'supportCode', 'outcome', 'detail', 'at',
  ),
  audit: every<AuditTable>()(
    'tenantId', 'sequence', 'id', 'activityDateTime', 'service', 'category', 'activity', 'result', 'resultReason', 'correlationId',
    'initiatorId', 'targetId', 'initiatedBy', 'targets', 'additionalDetails', 'previousHash', 'hash',
  ),
  auditHeads: every<AuditHeadTable>()(
    'tenantId', 'sequence', 'hash',
  ),
  auditCheckpoints: every<AuditCheckpointTable>()(
    'tenantId', 'sequence', 'hash', 'at', 'signature',
  ),
  signIns: every<SignInTable>()(
    'tenantId', 'id', 'at', 'userId', 'accountKey', 'accountHint', 'kind', 'result', 'reasonCode', 'proofs', 'ipAddress', 'userAgent',
    'correlationId', 'appId', 'resourceId', 'credentialKeyId', 'tokenId', 'errorCode',
  ),
  usageEvents: every<UsageEventTable>()(
    'tenantId', 'id', 'at', 'userId', 'feature', 'method', 'status', 'failureReason',
  ),
  passwordEvents: every<PasswordEventTable>()(
    'tenantId', 'id', 'userId', 'at', 'channel', 'writeback', 'code', 'actorId',
  ),
  operations: every<OperationTable>()(
    'tenantId', 'id', 'userId', 'kind', 'status', 'statusDetail', 'createdDateTime', 'lastActionDateTime', 'expiresAt',
  ),
  onceOnly: every<OnceOnlyTable>()(
    'tenantId', 'key', 'outcome', 'expiresAt',
  ),
  dataKeys: every<DataKeyTable>()(
    'tenantId', 'id', 'wrappedKey', 'keyEncryptionKeyId', 'createdAt',
  ),
  agents: every<AgentTable>()(
    'tenantId', 'id', 'displayName', 'domain', 'version', 'status', 'configurationError', 'lastHeartbeatAt', 'lastSyncAt',
    'lastSyncResult', 'domainRules', 'enrolledAt', 'revokedAt',
  ),
  applications: every<ApplicationTable>()(
    'tenantId', 'id', 'appId', 'displayName', 'displayNameLower', 'uniqueName', 'isDisabled', 'document', 'createdDateTime', 'createdByAppId',
    'deletedDateTime', 'version',
  ),
  applicationUris: every<ApplicationUriTable>()(
    'tenantId', 'uriLower', 'uri', 'applicationId',
  ),
  servicePrincipals: every<ServicePrincipalTable>()(
    'tenantId', 'id', 'appId', 'displayName', 'displayNameLower', 'accountEnabled', 'document', 'createdDateTime', 'createdByAppId',
    'deletedDateTime', 'version',
  ),
  applicationCredentials: every<ApplicationCredentialTable>()(
    'tenantId', 'keyId', 'ownerId', 'ownerType', 'kind', 'displayName', 'startDateTime', 'endDateTime', 'createdDateTime', 'hint', 'secretHash',
    'keyType', 'keyUsage', 'customKeyIdentifier', 'sha1Thumbprint', 'sha256Thumbprint', 'certificate',
  ),
  credentialUses: every<CredentialUseTable>()(
    'tenantId', 'ownerId', 'keyId', 'firstUsedAt', 'lastUsedAt', 'useCount', 'lastIpAddress',
  ),
  applicationOwners: every<ApplicationOwnerTable>()(
    'tenantId', 'ownedId', 'ownedType', 'ownerId', 'ownerType',
  ),
  federatedCredentials: every<FederatedCredentialTable>()(
    'tenantId', 'id', 'applicationId', 'name', 'issuer', 'subject', 'audiences', 'description',
  ),
  appRoleAssignments: every<AppRoleAssignmentTable>()(
    'tenantId', 'id', 'appRoleId', 'principalId', 'principalType', 'resourceId', 'createdDateTime',
  ),
  permissionGrants: every<PermissionGrantTable>()(
    'tenantId', 'id', 'clientId', 'resourceId', 'consentType', 'principalId', 'scope', 'createdDateTime',
  ),
  appManagementPolicies: every<AppManagementPolicyTable>()(
    'tenantId', 'id', 'displayName', 'description', 'isEnabled', 'restrictions',
  ),
  appManagementPolicyLinks: every<AppManagementPolicyLinkTable>()(
    'tenantId', 'policyId', 'objectId', 'objectType',
  ),
  nodes: every<NodeTable>()(
    'id', 'startedAt', 'lastSeenAt', 'version',
  ),
  signingKeys: every<SigningKeyTable>()(
    'tenantId', 'kid', 'purpose', 'algorithm', 'privateKeySealed', 'certificate', 'createdAt', 'activeFrom', 'retireAt',
  ),
  programSignIns: every<ProgramSignInTable>()(
    'tenantId', 'id', 'at', 'servicePrincipalId', 'appId', 'displayName', 'resourceId', 'method', 'credentialKeyId', 'tokenId', 'errorCode',
    'ipAddress', 'userAgent', 'correlationId',
  ),
  changes: every<ChangeTable>()(
    'tenantId', 'kind', 'objectId', 'changed', 'at', 'removed',
  ),
  changeHorizons: every<ChangeHorizonTable>()(
    'tenantId', 'kind', 'forgottenBefore',
  ),
  directoryCounts: every<DirectoryCountTable>()(
    'tenantId', 'kind', 'count',
  ),
  userDetails: every<UserDetailTable>()(
    'tenantId', 'userId', 'mailNickname', 'employeeId', 'employeeType', 'employeeHireDate', 'employeeLeaveDateTime', 'companyName',
    'streetAddress', 'postalCode', 'city', 'state', 'country', 'faxNumber', 'ageGroup', 'consentProvidedForMinor', 'preferredDataLocation',
    'showInAddressList', 'onPremisesUserPrincipalName', 'onPremisesSecurityIdentifier', 'onPremisesLastSyncDateTime',
    'onPremisesExtensionAttributes',
  ),
  managers: every<ManagerTable>()(
    'tenantId', 'userId', 'managerId',
  ),
  roleDefinitions: every<RoleDefinitionTable>()(
    'tenantId', 'id', 'displayName', 'displayNameLower', 'description', 'isEnabled', 'isPrivileged', 'rolePermissions', 'version', 'createdDateTime',
  ),
  directoryRoles: every<DirectoryRoleTable>()(
    'tenantId', 'roleTemplateId', 'activatedAt',
  ),
  authorizationRequests: every<AuthorizationRequestTable>()(
    'tenantId', 'idHash', 'parameters', 'createdAt', 'expiresAt', 'answers',
  ),
  authorizationCodes: every<AuthorizationCodeTable>()(
    'tenantId', 'codeHash', 'appId', 'userId', 'binding', 'credentialEpoch', 'deploymentEpoch', 'familyId', 'createdAt', 'expiresAt', 'redeemedAt',
  ),
  tokenFamilies: every<TokenFamilyTable>()(
    'tenantId', 'id', 'appId', 'userId', 'clientKind', 'scope', 'proofs', 'credentialEpoch', 'deploymentEpoch', 'ipAddress', 'userAgent',
    'createdAt', 'lastUsedAt', 'expiresAt', 'endedAt', 'endReason',
  ),
  refreshTokens: every<RefreshTokenTable>()(
    'tenantId', 'tokenHash', 'familyId', 'createdAt', 'firstUsedAt', 'expiresAt',
  ),
  deviceCodes: every<DeviceCodeTable>()(
    'tenantId', 'deviceCodeHash', 'userCodeMac', 'appId', 'scope', 'ipAddress', 'userAgent', 'status', 'userId', 'proofs', 'credentialEpoch',
    'deploymentEpoch', 'createdAt', 'expiresAt',
  ),
} satisfies Record<keyof Database, readonly string[]>
