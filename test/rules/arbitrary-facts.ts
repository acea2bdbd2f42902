// Facts of every kind, for properties: mostly in order, with each thing that can be wrong wrong some of the time.
import fc from 'fast-check'
import type { AdminResetFacts, MethodFacts, MethodKind, ResetFacts, RoleFacts, SubjectFacts, TenantFacts } from '../../src/rules/facts.ts'
import { roles } from '../../src/rules/roles.ts'
import { agent, day, domain, method, now, person, resetFacts, role, sku, tenant } from './build-facts.ts'

const mostly = <T>(usual: T, ...others: T[]) => fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) })

const kinds: MethodKind[] = ['email', 'mobile', 'alternateMobile', 'office', 'appNotification', 'appCode', 'oath', 'hardwareOath', 'securityQuestions']

export const anyMethod: fc.Arbitrary<MethodFacts> = fc.record({
  kind: fc.constantFrom(...kinds), source: mostly<'private' | 'public'>('private', 'public'),
  writtenBy: fc.constantFrom('self' as const, 'administrator' as const, 'sync' as const),
  wellFormed: mostly(true, false), verified: mostly(true, false), heldUntil: mostly<number | null>(null, now - 1, now + 1),
  destinationKey: fc.constantFrom('a', 'b', 'c', 'd'), answeredQuestions: fc.constantFrom(0, 3, 5), id: fc.uuid(),
}).map(parts => method(parts.kind, parts))

const anyRoles = fc.array(fc.record({
  id: fc.constantFrom(...Object.values(roles), 'custom'), eligible: fc.boolean(), unit: mostly('/', '/administrativeUnits/u'), privileged: fc.boolean(),
}), { maxLength: 2 }).map(list => list.map(one => role(one.id, { eligible: one.eligible, directoryScopeId: one.unit, privileged: one.privileged })))

export const anySubject: fc.Arbitrary<SubjectFacts> = fc.record({
  id: fc.constantFrom('ann', 'bo'), deleted: mostly(false, true), accountEnabled: mostly(true, false), userType: mostly<'member' | 'guest'>('member', 'guest'),
  externalKind: mostly<SubjectFacts['externalKind']>('none', 'partnerTenant', 'selfServiceSignUp', 'b2bInvited', 'personalAccount'),
  onPremisesSyncEnabled: fc.boolean(), authenticationType: mostly<'Managed' | 'Federated'>('Managed', 'Federated'),
  signInModel: fc.constantFrom('phs' as const, 'pta' as const, null),
  roles: fc.oneof({ weight: 2, arbitrary: fc.constant<RoleFacts[]>([]) }, { weight: 1, arbitrary: anyRoles }),
  memberOf: fc.subarray(['pilot', 'other']), roleAssignableGroupMember: mostly(false, true), roleAssignableGroupOwner: mostly(false, true),
  administrativeUnits: fc.subarray([{ id: 'u', restricted: false }, { id: 'r', restricted: true }]),
  methods: fc.array(anyMethod, { maxLength: 5 }), protectedInDomain: mostly(false, true),
  lastConfirmedAt: fc.constantFrom(null, now - 10 * day, now - 181 * day), perUserMfaState: mostly<SubjectFacts['perUserMfaState']>('disabled', 'enforced'),
  forced: mostly(false, true), changedAt: fc.constantFrom(null, now - 10 * day, now - 100 * day), days: fc.constantFrom(null, 90, 2_147_483_647),
}).map(({ authenticationType, signInModel, protectedInDomain, forced, changedAt, days, ...more }) => person({
  ...more,
  domain: domain({ authenticationType, signInModel, passwordValidityPeriodInDays: days }),
  onPremises: more.onPremisesSyncEnabled ? { enabled: true, lockedUntil: null, protected: protectedInDomain, cannotChangePassword: false, neverExpires: false } : null,
  forceChangePasswordNextSignIn: forced, passwordChangedAt: changedAt,
}))

export const anyTenant: fc.Arbitrary<TenantFacts> = fc.record({
  enablementType: mostly<0 | 1 | 2>(2, 0, 1), required: mostly(1, 2, 0), email: mostly(true, false), mobile: mostly(true, false),
  questions: fc.boolean(), office: fc.boolean(), appCode: fc.boolean(), appPush: fc.boolean(),
  state: fc.constantFrom('preMigration' as const, 'migrationInProgress' as const, 'migrationComplete' as const),
  licensing: mostly<'off' | 'organisation' | 'user'>('off', 'organisation', 'user'),
  owned: fc.subarray([sku('ENTERPRISEPACK'), sku('EMS', { consumedUnits: 0 }), sku('AAD_PREMIUM'), sku('FLOW_FREE')]),
  writeback: mostly(true, false), unlock: fc.boolean(), sspr: mostly(true, false), stepUp: fc.boolean(), exceptions: fc.boolean(), mailSignIn: fc.boolean(),
  agents: mostly([agent()], [], [agent({ lastHeartbeatAt: now - day })], [agent({ configurationError: 'x' })], [agent({ version: '0.1.0' })]),
  reconfirm: fc.constantFrom(0, 180), disclosure: fc.constantFrom('private' as const, 'standard' as const), federated: fc.boolean(),
}).map(parts => {
  const base = tenant({
    settings: {
      licensing: parts.licensing, stepUpRecovery: parts.stepUp, administratorOneGateExceptions: parts.exceptions,
      alternateSignInWithMail: parts.mailSignIn, disclosure: parts.disclosure, allowAdminResetForFederated: parts.federated,
    },
    passwordResetPolicy: {
      enablementType: parts.enablementType, passwordResetEnabledGroupIds: ['pilot'], numberOfAuthenticationMethodsRequired: parts.required,
      emailOptionEnabled: parts.email, mobilePhoneOptionEnabled: parts.mobile, officePhoneOptionEnabled: parts.office,
      securityQuestionsOptionEnabled: parts.questions, mobileAppCodeEnabled: parts.appCode, mobileAppNotificationEnabled: parts.appPush,
      registrationReconfirmIntevalInDays: parts.reconfirm,
    },
    onPremisesIntegration: { onboarded: true, passwordWritebackEnabled: parts.writeback, allowUnlockWithoutReset: parts.unlock },
    authorizationPolicy: { allowedToUseSSPR: parts.sspr },
    subscribedSkus: parts.owned,
    agents: parts.agents,
  })
  return { ...base, authenticationMethodsPolicy: { ...base.authenticationMethodsPolicy, policyMigrationState: parts.state } }
})

export const anyResetFacts: fc.Arbitrary<ResetFacts> = fc.record({
  tenant: anyTenant, subject: fc.option(anySubject, { freq: 12 }), resolvedBy: mostly<'userPrincipalName' | 'mail'>('userPrincipalName', 'mail'),
  lockedUntil: mostly<number | null>(null, now, now + 1),
  providers: fc.record({ mail: mostly(true, false), sms: mostly(true, false), voice: fc.boolean(), push: fc.boolean() }),
}).map(({ lockedUntil, ...more }) => resetFacts({ ...more, throttle: { events: {}, lockedUntil, lockedBy: null } }))

export const anyAdminResetFacts: fc.Arbitrary<AdminResetFacts> = fc.record({
  tenant: anyTenant, caller: anySubject, target: fc.option(anySubject, { freq: 12 }), now: fc.constant(now),
})
