/**
 * One person's facts out of their rows. Whoever asks for one person (facts.ts) and whoever counts everybody (subjects.ts) builds
 * them here, so that a report can never say another thing than the reset does.
 */
import type { Db } from '../app.ts'
import type { DomainFacts, LicenceFacts, MethodFacts, PasswordEventFacts, RoleFacts, SubjectFacts } from '../rules/facts.ts'
import { nameKey } from './names.ts'

/** The columns of people that facts are made of, with their passwords' beside them. */
export function selectPeople(db: Db, tenantId: string) {
  return db
    .selectFrom('users as u')
    .leftJoin('passwords as p', join => join.onRef('p.tenantId', '=', 'u.tenantId').onRef('p.userId', '=', 'u.id'))
    .select([
      'u.id', 'u.userPrincipalName', 'u.displayName', 'u.givenName', 'u.surname', 'u.mail', 'u.userType', 'u.externalKind', 'u.accountEnabled',
      'u.deletedDateTime', 'u.onPremisesSyncEnabled', 'u.onPremisesAccount', 'u.passwordPolicies', 'u.perUserMfaState', 'u.lastConfirmedAt',
      'p.changedAt', 'p.forceChangePasswordNextSignIn', 'p.forceChangePasswordNextSignInWithMfa', 'p.temporaryUntil',
    ])
    .where('u.tenantId', '=', tenantId)
}

export type PersonRow = Awaited<ReturnType<ReturnType<typeof selectPeople>['executeTakeFirstOrThrow']>>

/** What other tables say of the person. */
export interface SubjectParts {
  groups: readonly { id: string; isAssignableToRole: boolean }[]
  roles: RoleFacts[]
  ownsRoleGroup: boolean
  administrativeUnits: { id: string; restricted: boolean }[]
  licences: LicenceFacts[]
  methods: MethodFacts[]
  lastPasswordEvent: PasswordEventFacts | null
  lastSignInAt: number | null
}

export function subjectFacts(domains: readonly DomainFacts[], user: PersonRow, parts: SubjectParts, now: number): SubjectFacts {
  return {
    id: user.id,
    userPrincipalName: user.userPrincipalName,
    displayName: user.displayName,
    givenName: user.givenName,
    surname: user.surname,
    mail: user.mail,
    userType: user.userType === 'Guest' ? 'guest' : 'member',
    externalKind: (user.externalKind ?? 'none') as SubjectFacts['externalKind'],
    accountEnabled: user.accountEnabled,
    deleted: user.deletedDateTime !== null,
    onPremisesSyncEnabled: user.onPremisesSyncEnabled,
    domain: domainOf(user.userPrincipalName, domains),
    roles: parts.roles,
    memberOf: parts.groups.map(group => group.id),
    roleAssignableGroupMember: parts.groups.some(group => group.isAssignableToRole),
    roleAssignableGroupOwner: parts.ownsRoleGroup,
    administrativeUnits: parts.administrativeUnits,
    licences: parts.licences,
    methods: parts.methods,
    passwordPolicies: passwordPoliciesOf(user.passwordPolicies),
    passwordChangedAt: user.changedAt,
    forceChangePasswordNextSignIn: user.forceChangePasswordNextSignIn ?? false,
    forceChangePasswordNextSignInWithMfa: user.forceChangePasswordNextSignInWithMfa ?? false,
    temporaryPasswordExpiresAt: user.temporaryUntil,
    lastConfirmedAt: user.lastConfirmedAt,
    lastSignInAt: parts.lastSignInAt,
    perUserMfaState: user.perUserMfaState as SubjectFacts['perUserMfaState'],
    lastPasswordEvent: parts.lastPasswordEvent,
    syncOverwroteAt: null, // told by sync intake, which sets no password without an event of its own
    onPremises: onPremisesOf(user.onPremisesAccount, now),
  }
}

/** The domain of a user principal name; a name whose domain the tenant does not have (any more) goes by an ordinary one. */
function domainOf(userPrincipalName: string, domains: readonly DomainFacts[]): DomainFacts {
  const id = nameKey(userPrincipalName.slice(userPrincipalName.lastIndexOf('@') + 1))
  const ordinary: DomainFacts = {
    id, isInitial: false, isDefault: false, isVerified: false, authenticationType: 'Managed', signInModel: null,
    passwordValidityPeriodInDays: null, passwordNotificationWindowInDays: null,
  }
  return domains.find(domain => domain.id === id) ?? ordinary
}

const knownPasswordPolicies = ['DisablePasswordExpiration', 'DisableStrongPassword'] as const

function passwordPoliciesOf(text: string | null): SubjectFacts['passwordPolicies'] {
  const named = (text ?? '').split(',').map(one => one.trim().toLowerCase())
  return knownPasswordPolicies.filter(policy => named.includes(policy.toLowerCase()))
}

/** A lock seen without its end is taken for as long as directories lock by default. */
const usualLock = 30 * 60_000

interface SeenAccount {
  enabled?: boolean
  lockedOut?: boolean
  lockedUntil?: number | null
  cannotChangePassword?: boolean
  neverExpires?: boolean
  adminCount?: number | boolean
  protected?: boolean
}

function onPremisesOf(text: string | null, now: number): SubjectFacts['onPremises'] {
  if (text === null) return null
  const seen = JSON.parse(text) as SeenAccount
  return {
    enabled: seen.enabled ?? true,
    lockedUntil: seen.lockedUntil ?? (seen.lockedOut ? now + usualLock : null),
    protected: seen.protected ?? Number(seen.adminCount ?? 0) > 0,
    cannotChangePassword: seen.cannotChangePassword ?? false,
    neverExpires: seen.neverExpires ?? false,
  }
}
