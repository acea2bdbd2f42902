// The plain objects that rules read. store/facts.ts is the only place that fills them, and it reads nothing but the database.
// All times are epoch milliseconds. Nothing here holds a secret: no code, no number, no address, no hash of a password in use.
import type {
  AuthenticationMethodsPolicy, AuthorizationPolicy, OnPremisesIntegration, PasswordProtection, PasswordResetPolicy, TenantSettings,
} from './tenant-settings.ts'

export interface DomainFacts {
  /** The domain name, lower case. */
  id: string
  isInitial: boolean
  isDefault: boolean
  isVerified: boolean
  authenticationType: 'Managed' | 'Federated'
  /** How synced users of the domain prove their password; null = synced without it, the password lives on-premises only. */
  signInModel: 'phs' | 'pta' | null
  /** Days; null = 90 (sspr §2.2); `neverExpires` (password-expiry.ts) = never. */
  passwordValidityPeriodInDays: number | null
  /** Days; null = 14. */
  passwordNotificationWindowInDays: number | null
}

export interface RoleFacts {
  roleTemplateId: string
  /** `/` for the tenant, `/administrativeUnits/{id}` for a unit. */
  directoryScopeId: string
  /** True for an assignment that is eligible or scheduled and not active now. Counts for targets, never for callers (LD-08). */
  eligible: boolean
  /** The role-assignable group through which it is held. */
  viaGroupId?: string
  /** The unit of the scope has restricted management (sspr §8.3). */
  restrictedScope?: boolean
  /** A custom role with a privileged permission (sspr §6.2); built-in roles are looked up in roles.ts. */
  privileged?: boolean
}

export type MethodKind =
  | 'email' | 'mobile' | 'alternateMobile' | 'office' | 'appNotification' | 'appCode' | 'oath' | 'hardwareOath' | 'securityQuestions'

export interface MethodFacts {
  id: string
  kind: MethodKind
  /** `private`: registered authentication data. `public`: directory contact data (sspr §2.5). */
  source: 'private' | 'public'
  /** Who wrote it. What people write about themselves counts only once verified (LD-24). */
  writtenBy: 'self' | 'administrator' | 'application' | 'import' | 'sync'
  /** Has the form its kind needs (`isWellFormedPhone` in usable-methods.ts). A malformed value never counts. */
  wellFormed: boolean
  /** A code went there and came back, or the app or token proved itself. */
  verified: boolean
  /** Waits until then before it counts for reset (T-13); null = does not wait. */
  heldUntil: number | null
  /** Equal for methods that reach the same place: the same number, mailbox or app registration. Opaque. */
  destinationKey: string
  /** Security questions: how many are answered. */
  answeredQuestions?: number
}

export interface LicenceFacts {
  skuPartNumber: string
  skuId: string
  /** Ids of service plans switched off in this assignment. */
  disabledPlans: string[]
}

export interface UnitFacts {
  id: string
  restricted: boolean
}

/** How a password change or reset came in (sspr §8.5). */
export type Channel =
  | 'sspr-portal' | 'change-portal' | 'signin-expired' | 'device-signin' | 'admin-portal' | 'graph-reset' | 'graph-patch-passwordProfile'
  | 'm365-admin' | 'm365-mobile' | 'powershell-v1' | 'powershell-v2' | 'graph-self' | 'admin-self'

export interface PasswordEventFacts {
  at: number
  channel: Channel
  /** `notNeeded`: a cloud user. `notSupported`: the channel cannot. `unknown`: sent, no answer. */
  writeback: 'ok' | 'failed' | 'notNeeded' | 'notSupported' | 'unknown'
  /** The reason code of a failure. */
  code: string | null
}

/** Sign-in lock-out of one account in one kind of place; lockout.ts moves it (sspr §7.5). */
export interface LockoutState {
  /** Counted failures since the last success, lock or quiet day. */
  failures: number
  /** Locks in a row; the next one lasts longer. */
  lockCount: number
  lockedUntil: number | null
  lastFailureAt: number | null
  /** Keyed hashes of the last three wrong passwords: the same one again is not counted. */
  lastBad: string[]
}

export type ThrottleKey = 'proof' | 'phone' | 'text' | 'call' | 'app' | 'questions' | 'email' | 'reset'

/** Recovery tries of one account; throttle.ts moves it (sspr §5.7). Plain JSON. */
export interface ThrottleState {
  /** Times of counted events, oldest first, only those that can still matter. */
  events: Partial<Record<ThrottleKey, number[]>>
  lockedUntil: number | null
  /** The counter that reached its limit. */
  lockedBy: ThrottleKey | null
}

export interface SubjectFacts {
  id: string
  userPrincipalName: string
  displayName: string
  givenName: string | null
  surname: string | null
  /** Primary address, for notices; never a method (sspr §4.5). */
  mail: string | null
  userType: 'member' | 'guest'
  externalKind: 'none' | 'partnerTenant' | 'selfServiceSignUp' | 'b2bInvited' | 'personalAccount'
  accountEnabled: boolean
  deleted: boolean
  onPremisesSyncEnabled: boolean
  domain: DomainFacts
  /** Held directly or by group, active and eligible; group-conferred ones carry `viaGroupId`. */
  roles: RoleFacts[]
  /** Ids of the groups the person is in, nested ones included. */
  memberOf: string[]
  roleAssignableGroupMember: boolean
  roleAssignableGroupOwner: boolean
  administrativeUnits: UnitFacts[]
  /** Direct and by group. */
  licences: LicenceFacts[]
  methods: MethodFacts[]
  /** Comma-separated values of `passwordPolicies`, as a list. */
  passwordPolicies: ('DisablePasswordExpiration' | 'DisableStrongPassword')[]
  passwordChangedAt: number | null
  forceChangePasswordNextSignIn: boolean
  forceChangePasswordNextSignInWithMfa: boolean
  /** When an unused temporary password dies (LD-27); null = it is not temporary, or lives for ever. */
  temporaryPasswordExpiresAt: number | null
  /** When the person last confirmed the security info; null = never registered. */
  lastConfirmedAt: number | null
  lastSignInAt: number | null
  perUserMfaState: 'disabled' | 'enabled' | 'enforced'
  lastPasswordEvent: PasswordEventFacts | null
  /** A later sync set the password anew (D-11). */
  syncOverwroteAt: number | null
  /** From the domain, as the last sync saw it; null for cloud users. */
  onPremises: OnPremisesUserFacts | null
}

export interface OnPremisesUserFacts {
  enabled: boolean
  lockedUntil: number | null
  /** AdminCount = 1 or a member of a protected group. */
  protected: boolean
  cannotChangePassword: boolean
  neverExpires: boolean
}

export interface SubscribedSkuFacts {
  skuId: string
  skuPartNumber: string
  enabledUnits: number
  consumedUnits: number
  capabilityStatus: 'Enabled' | 'Warning' | 'Suspended' | 'Deleted' | 'LockedOut'
  isTrial: boolean
  /** Set by the operator for SKUs the shipped table does not know. */
  class?: 'FREE' | 'CLOUD' | 'PREMIUM'
}

export interface AgentFacts {
  id: string
  name: string
  /** Last time it polled; null = never. */
  lastHeartbeatAt: number | null
  version: string
  /** `pending`: enrolled, waiting for a second look. */
  status: 'active' | 'pending' | 'removed'
  /** What the agent says is wrong with its own set-up or rights; null = nothing. */
  configurationError: string | null
}

export interface HybridFacts {
  /** Some user has been synced at some time. */
  everSynced: boolean
  syncEnabled: boolean
  lastSyncAt: number | null
  lastSyncResult: 'ok' | 'failed' | null
}

export interface TenantFacts {
  id: string
  displayName: string
  createdAt: number
  domains: DomainFacts[]
  settings: TenantSettings
  passwordResetPolicy: PasswordResetPolicy
  authenticationMethodsPolicy: AuthenticationMethodsPolicy
  authorizationPolicy: AuthorizationPolicy
  passwordProtection: PasswordProtection
  onPremisesIntegration: OnPremisesIntegration
  /** When any of the policies above was last saved. */
  policyChangedAt: number | null
  subscribedSkus: SubscribedSkuFacts[]
  hybrid: HybridFacts
  agents: AgentFacts[]
  /** The lowest agent version this server supports fully. */
  currentAgentVersion: string
}

/** Which ways to reach people have a provider configured (C-18, LD-17). */
export interface ProviderFacts {
  mail: boolean
  sms: boolean
  voice: boolean
  push: boolean
}

/** Everything a reset decision reads. `subject` is null when the name led to nobody in this tenant. */
export interface ResetFacts {
  tenant: TenantFacts
  subject: SubjectFacts | null
  /** By what the typed name was found: a mail address counts only where the tenant allows it (sspr §5.4 check 2). */
  resolvedBy: 'userPrincipalName' | 'mail'
  throttle: ThrottleState
  providers: ProviderFacts
  now: number
}

/** Everything a decision about resetting another person reads. */
export interface AdminResetFacts {
  tenant: TenantFacts
  caller: SubjectFacts
  target: SubjectFacts | null
  now: number
}
