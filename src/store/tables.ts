/**
 * Every table and column, as the queries see them. Column names are Microsoft Graph's where Graph has one (a plugin turns
 * `userPrincipalName` into `user_principal_name`). Both engines share one representation:
 * ids are text, times are epoch milliseconds, flags are booleans, documents are JSON in text (parsed in the file that owns the
 * table), key columns in small letters stand beside the spelling people see, and the tenant is part of every key.
 *
 * Columns that end in `Sealed` hold an envelope (see src/keyring.ts), those in `Hash`, `Mac` or `Index` a one-way value.
 */
import type { ColumnType } from 'kysely'
import type { ApplicationTables } from './application-tables.ts'
import type { DirectoryTables } from './directory-tables.ts'
import type { OAuthTables } from './oauth-tables.ts'

/** Epoch milliseconds. */
export type Instant = number
/** A JSON document. */
export type Json = string
/** Written once, never changed. */
export type Once<T> = ColumnType<T, T, never>

/** One row for the whole installation: settings that no tenant owns. */
export interface InstallationTable {
  key: string // 'deploymentEpoch' | 'clockOffset' | 'setupToken' | 'defaultTenant' | …
  value: string
}

export interface TenantTable {
  id: Once<string>
  displayName: string
  createdAt: Instant
  defaultLocale: string
  /** Bumped by whatever ends every session of the tenant at once. */
  sessionEpoch: number
  suspendedAt: Instant | null
}

/** Settings and policies of a tenant, one row for each kind, each a JSON document that rules/tenant-settings.ts describes. */
export interface PolicyTable {
  tenantId: Once<string>
  name: string // 'tenantSettings' | 'passwordResetPolicy' | 'authenticationMethodsPolicy' | 'authorizationPolicy' | 'passwordProtection' | 'onPremisesIntegration' | 'branding'
  value: Json
  version: number
  updatedAt: Instant
  updatedBy: string | null
}

export interface DomainTable {
  tenantId: Once<string>
  id: string // the name, in small letters; one tenant in the installation has it
  isInitial: boolean
  isDefault: boolean
  isVerified: boolean
  authenticationType: string // 'Managed' | 'Federated'
  signInModel: string | null // 'phs' | 'pta' | null, for synchronised users
  capturedCopy: boolean
  passwordValidityPeriodInDays: number | null
  passwordNotificationWindowInDays: number | null
  createdAt: Instant
}

export interface UserTable {
  tenantId: Once<string>
  id: Once<string>
  userPrincipalName: string
  upnLower: string
  displayName: string
  displayNameLower: string
  givenName: string | null
  surname: string | null
  mail: string | null
  mailLower: string | null
  proxyAddresses: Json // string[]
  preferredLanguage: string | null
  usageLocation: string | null
  accountEnabled: boolean
  userType: string // 'Member' | 'Guest'
  externalKind: string | null // 'partnerTenant' | 'selfServiceSignUp' | 'b2bInvited' | 'personalAccount'
  department: string | null
  jobTitle: string | null
  officeLocation: string | null
  onPremisesSyncEnabled: boolean
  onPremisesImmutableId: string | null
  onPremisesDomain: string | null
  onPremisesSamAccountName: string | null
  onPremisesDistinguishedName: string | null
  onPremisesAccount: Json | null // what the agent last saw: { enabled, lockedOut, mustChange, cannotChangePassword, adminCount }
  passwordPolicies: string | null
  perUserMfaState: string // 'disabled' | 'enabled' | 'enforced'
  /** Sessions, refresh tokens and remembered devices older than this number are dead. */
  credentialEpoch: number
  signInSessionsValidFromDateTime: Instant
  registrationCompletedAt: Instant | null
  lastConfirmedAt: Instant | null
  createdDateTime: Instant
  deletedDateTime: Instant | null
  version: number
}

/** Addresses and names by which someone may be found: one namespace in a tenant (T-23). */
export interface UserAliasTable {
  tenantId: Once<string>
  aliasLower: string
  userId: string
  kind: string // 'userPrincipalName' | 'mail' | 'proxyAddress' | 'alternateLogin'
}

/** Contact data that may prove who someone is (LD-24): sealed, with its origin. */
export interface UserContactTable {
  tenantId: Once<string>
  id: Once<string>
  userId: string
  kind: string // 'mobilePhone' | 'businessPhone' | 'otherMail'
  position: number
  valueSealed: string
  valueIndex: string
  wellFormed: boolean
  origin: string // 'administrator' | 'import' | 'application' | 'sync' | 'self'
  updatedAt: Instant
}

export interface PasswordTable {
  tenantId: Once<string>
  userId: string
  /** Argon2id, then keyed with the pepper; names the scheme and the pepper's key. null: no password is kept here. */
  hash: string | null
  changedAt: Instant
  forceChangePasswordNextSignIn: boolean
  forceChangePasswordNextSignInWithMfa: boolean
  /** Set for temporary passwords: dead after this moment or after the first use (LD-27). */
  temporaryUntil: Instant | null
  temporaryUsedAt: Instant | null
  channel: string // how it came here: 'sspr-portal', 'admin-portal', 'import' …
  lengthAtLeast15: boolean
}

export interface GroupTable {
  tenantId: Once<string>
  id: Once<string>
  displayName: string
  displayNameLower: string
  description: string | null
  mailNickname: string
  securityEnabled: boolean
  isAssignableToRole: boolean
  onPremisesSyncEnabled: boolean
  onPremisesImmutableId: string | null
  createdDateTime: Instant
  deletedDateTime: Instant | null
  version: number
  visibility: string | null // 'Public' | 'Private' | 'HiddenMembership'
  classification: string | null
  theme: string | null
  preferredLanguage: string | null
  preferredDataLocation: string | null
  /** Given once, for tools that make groups again and again (`uniqueName`); nobody else's in the tenant. */
  uniqueName: string | null
}

export interface GroupMemberTable {
  tenantId: Once<string>
  groupId: string
  memberId: string
  memberType: string // 'user' | 'group' | 'servicePrincipal'
}

export interface GroupOwnerTable {
  tenantId: Once<string>
  groupId: string
  ownerId: string
}

export interface AdministrativeUnitTable {
  tenantId: Once<string>
  id: Once<string>
  displayName: string
  isMemberManagementRestricted: boolean
}

export interface AdministrativeUnitMemberTable {
  tenantId: Once<string>
  unitId: string
  memberId: string
}

export interface RoleAssignmentTable {
  tenantId: Once<string>
  id: Once<string>
  roleDefinitionId: string
  principalId: string
  principalType: string // 'user' | 'group' | 'servicePrincipal'
  directoryScopeId: string // '/' or '/administrativeUnits/{id}'
  state: string // 'active' | 'eligible'
  createdAt: Instant
}

export interface SubscribedSkuTable {
  tenantId: Once<string>
  skuId: string
  skuPartNumber: string
  enabledUnits: number
  capabilityStatus: string
  isTrial: boolean
}

export interface LicenseAssignmentTable {
  tenantId: Once<string>
  skuId: string
  principalId: string
  principalType: string // 'user' | 'group'
  disabledPlans: Json
}

/** What someone has registered to prove who they are. App passwords, passes and answers have tables of their own. */
export interface AuthenticationMethodTable {
  tenantId: Once<string>
  id: Once<string>
  userId: string
  kind: string // 'email' | 'mobile' | 'alternateMobile' | 'office' | 'microsoftAuthenticator' | 'softwareOath' | 'hardwareOath'
  displayName: string | null
  valueSealed: string // the address, the number, or the seed
  valueIndex: string | null // recognises the same destination again; null for seeds
  oathStepSeconds: number | null
  /** The newest TOTP step accepted: a step counts once (T-05). */
  lastStep: number | null
  origin: string // 'self' | 'administrator' | 'import' | 'sync'
  verifiedAt: Instant | null
  /** Not usable for recovery before this moment (T-13's cool-down). */
  heldUntil: Instant | null
  isDefault: boolean
  createdDateTime: Instant
  lastUsedAt: Instant | null
}

export interface SecurityAnswerTable {
  tenantId: Once<string>
  userId: string
  questionId: string // 'sq.city.first_partner' … or 'custom.<n>'
  questionText: string | null
  answerHash: string
  createdDateTime: Instant
}

/** The questions drawn for an account, pinned for 24 hours (T-12). */
export interface QuestionDrawTable {
  tenantId: Once<string>
  userId: string
  questionIds: Json
  drawnAt: Instant
}

export interface AppPasswordTable {
  tenantId: Once<string>
  id: Once<string>
  userId: string
  displayName: string
  displayNameLower: string
  lookupMac: string // keyed, so that one check costs one hash (T-73)
  hash: string
  createdDateTime: Instant
  lastUsedAt: Instant | null
}

export interface TemporaryAccessPassTable {
  tenantId: Once<string>
  id: Once<string>
  userId: string
  hash: string
  startDateTime: Instant
  lifetimeInMinutes: number
  isUsableOnce: boolean
  triesLeft: number
  usedAt: Instant | null
  createdDateTime: Instant
  createdBy: string | null
}

/** Signed-in browsers, and those between password and second factor (`level`). The id itself is never stored. */
export interface SessionTable {
  idHash: Once<string>
  tenantId: Once<string>
  publicId: string // what the sessions page shows and ends
  userId: string
  level: string // 'firstFactor' | 'complete'
  isAdministrator: boolean
  credentialEpoch: number
  deploymentEpoch: number
  proofs: Json // [{ method: 'password' | 'totp' | 'sms' | 'tap' …, at }]
  locale: string | null
  continueTo: string | null
  ipAddress: string | null
  userAgent: string | null
  wrongReauthentications: number
  createdAt: Instant
  lastSeenAt: Instant
  expiresAt: Instant
}

/** Places from which someone has signed in before (T-22). */
export interface FamiliarPlaceTable {
  tenantId: Once<string>
  accountKey: string
  kind: string // 'network' | 'device'
  placeMac: string
  lastSuccessAt: Instant
}

/** Smart lockout at sign-in, familiar and unfamiliar places apart; also for names nobody has (LD-32). */
export interface SignInLockoutTable {
  tenantId: Once<string>
  accountKey: string // keyed hash of the name as typed, in small letters
  place: string // 'familiar' | 'unfamiliar'
  failures: number
  lockCount: number
  lockedUntil: Instant | null
  lastBad: Json // keyed hashes of the last three wrong passwords
  lastFailureAt: Instant | null
  expiresAt: Instant
}

/** Every other counter: a sliding window of moments under a key. Reserved before anything is compared (T-04). */
export interface LimitTable {
  tenantId: Once<string>
  key: string // '<kind>:<keyed hash or id>'
  points: Json // epoch milliseconds, oldest first
  lockedUntil: Instant | null
  expiresAt: Instant
  version: number
}

/** A recovery transaction (T-07): one row, moved forward only by rules/reset-machine.ts. */
export interface ResetTable {
  tenantId: Once<string>
  id: Once<string>
  cookieHash: string
  /** null until a worker has looked, and for names nobody has. */
  userId: string | null
  typedNameSealed: string
  accountKey: string
  state: string
  intent: string | null // 'reset' | 'unlock'
  disclosure: string
  refusal: Json | null // Reason[]: kept under the support code
  supportCode: string
  gatesRequired: number | null
  locale: string
  clientType: string
  ipAddress: string | null
  version: number
  startedAt: Instant
  expiresAt: Instant
  finishedAt: Instant | null
}

/** A gate that was passed: which method, to where, by which challenge. The last step counts these rows and nothing else. */
export interface ResetGateTable {
  tenantId: Once<string>
  resetId: string
  gate: number
  method: string // 'email' | 'mobilePhone' | 'officePhone' | 'authenticatorApp' | 'securityQuestions'
  methodId: string
  destinationIndex: string
  challengeId: string | null
  passedAt: Instant
}

/** One code, for one purpose, one account, one transaction, one destination (T-06). */
export interface ChallengeTable {
  tenantId: Once<string>
  id: Once<string>
  purpose: string // 'reset' | 'registration' | 'signIn' | 'callerVerification'
  transactionId: string
  userId: string | null
  method: string
  methodId: string | null
  destinationSealed: string | null
  destinationIndex: string | null
  codeMac: string
  triesLeft: number
  createdAt: Instant
  expiresAt: Instant
  supersededAt: Instant | null
  consumedAt: Instant | null
}

/** What is to be sent or looked up by the worker: written in the transaction of its cause, taken under a lease. */
export interface OutboxTable {
  tenantId: Once<string>
  id: Once<string>
  kind: string // 'mail' | 'sms' | 'job' | 'batch'
  payloadSealed: string
  recipientIndex: string | null
  dedupeId: string
  createdAt: Instant
  availableAt: Instant
  /** Never sent after this moment. */
  expiresAt: Instant
  leaseUntil: Instant | null
  attempts: number
  lastError: string | null
}

/** What became of a message: no content. */
export interface DeliveryTable {
  tenantId: Once<string>
  id: Once<string>
  kind: string
  messageName: string
  recipientIndex: string | null
  supportCode: string | null
  outcome: string // 'sent' | 'failed' | 'expired' | 'suppressed'
  detail: string | null
  at: Instant
}

/** Append-only, one chain for each tenant (T-77). */
export interface AuditTable {
  tenantId: Once<string>
  sequence: Once<number>
  id: Once<string>
  activityDateTime: Once<Instant>
  service: Once<string>
  category: Once<string>
  activity: Once<string>
  result: Once<string>
  resultReason: Once<string | null>
  correlationId: Once<string>
  initiatorId: Once<string | null>
  targetId: Once<string | null>
  initiatedBy: Once<Json>
  targets: Once<Json>
  additionalDetails: Once<Json>
  previousHash: Once<string>
  hash: Once<string>
}

/** The newest link of each tenant's chain; its row is the lock that keeps the chain in one line. */
export interface AuditHeadTable {
  tenantId: Once<string>
  sequence: number
  hash: string
}

export interface AuditCheckpointTable {
  tenantId: Once<string>
  sequence: number
  hash: string
  at: Instant
  signature: string
}

export interface SignInTable {
  tenantId: Once<string>
  id: Once<string>
  at: Instant
  userId: string | null
  accountKey: string
  accountHint: string // first character, unless the account exists (T-78)
  kind: string // 'interactive' | 'appPassword' | …
  result: string
  reasonCode: string | null
  proofs: Json
  ipAddress: string | null
  userAgent: string | null
  correlationId: string
  /** Through which program, to which resource (appIds), by which credential of it, for which token (`uti`). Programs' own sign-ins: programSignIns. */
  appId: string | null
  resourceId: string | null
  credentialKeyId: string | null
  tokenId: string | null
  /** The AADSTS code of a failure the token service told. */
  errorCode: number | null
}

/** Registrations and resets as the reports show them (sspr §11.5). */
export interface UsageEventTable {
  tenantId: Once<string>
  id: Once<string>
  at: Instant
  userId: string | null
  feature: string // 'registration' | 'reset' | 'unlock' | 'change' | 'adminReset' | 'prompt'
  method: string | null
  status: string // 'success' | 'failure' | 'skipped' | 'started'
  failureReason: string | null
}

/** The newest password event of each person: what D-11 asks first. */
export interface PasswordEventTable {
  tenantId: Once<string>
  id: Once<string>
  userId: string
  at: Instant
  channel: string
  writeback: string // 'notNeeded' | 'ok' | 'failed' | 'notSupported' | 'unknown'
  code: string | null
  actorId: string | null
}

/** Long-running operations of the Graph surface (resetPassword). */
export interface OperationTable {
  tenantId: Once<string>
  id: Once<string>
  userId: string
  kind: string
  status: string // 'notStarted' | 'running' | 'succeeded' | 'failed'
  statusDetail: string | null
  createdDateTime: Instant
  lastActionDateTime: Instant
  expiresAt: Instant
}

/** Ids that count once: proof-of-work solutions, assertions, idempotency keys. */
export interface OnceOnlyTable {
  tenantId: Once<string>
  key: string
  outcome: string | null
  expiresAt: Instant
}

export interface DataKeyTable {
  tenantId: Once<string>
  id: string
  wrappedKey: string
  keyEncryptionKeyId: string
  createdAt: Instant
}

export interface AgentTable {
  tenantId: Once<string>
  id: Once<string>
  displayName: string
  domain: string
  version: string | null
  status: string
  configurationError: string | null
  lastHeartbeatAt: Instant | null
  lastSyncAt: Instant | null
  lastSyncResult: string | null
  domainRules: Json | null
  enrolledAt: Instant
  revokedAt: Instant | null
}

/** The server's worker processes, so that two of them do not do the same rounds, and POLICY_NOT_EVERYWHERE can be answered. */
export interface NodeTable {
  id: Once<string>
  startedAt: Instant
  lastSeenAt: Instant
  version: string
}

export interface Database extends ApplicationTables, OAuthTables, DirectoryTables {
  installation: InstallationTable
  tenants: TenantTable
  policies: PolicyTable
  domains: DomainTable
  users: UserTable
  userAliases: UserAliasTable
  userContacts: UserContactTable
  passwords: PasswordTable
  groups: GroupTable
  groupMembers: GroupMemberTable
  groupOwners: GroupOwnerTable
  administrativeUnits: AdministrativeUnitTable
  administrativeUnitMembers: AdministrativeUnitMemberTable
  roleAssignments: RoleAssignmentTable
  subscribedSkus: SubscribedSkuTable
  licenseAssignments: LicenseAssignmentTable
  authenticationMethods: AuthenticationMethodTable
  securityAnswers: SecurityAnswerTable
  questionDraws: QuestionDrawTable
  appPasswords: AppPasswordTable
  temporaryAccessPasses: TemporaryAccessPassTable
  sessions: SessionTable
  familiarPlaces: FamiliarPlaceTable
  signInLockouts: SignInLockoutTable
  limits: LimitTable
  resets: ResetTable
  resetGates: ResetGateTable
  challenges: ChallengeTable
  outbox: OutboxTable
  deliveries: DeliveryTable
  audit: AuditTable
  auditHeads: AuditHeadTable
  auditCheckpoints: AuditCheckpointTable
  signIns: SignInTable
  usageEvents: UsageEventTable
  passwordEvents: PasswordEventTable
  operations: OperationTable
  onceOnly: OnceOnlyTable
  dataKeys: DataKeyTable
  agents: AgentTable
  nodes: NodeTable
}
