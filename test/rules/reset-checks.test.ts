import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { ResetFacts, SubjectFacts } from '../../src/rules/facts.ts'
import { diagnoseReset, evaluateReset, resetChecks } from '../../src/rules/reset-checks.ts'
import { roles } from '../../src/rules/roles.ts'
import { agent, day, domain, hour, method, minute, now, person, resetFacts, role, sku, synced, tenant } from './build-facts.ts'
import { anyResetFacts } from './arbitrary-facts.ts'

const codeOf = (facts: ResetFacts) => {
  const verdict = evaluateReset(facts)
  return verdict.allowed ? 'allowed' : verdict.reasons[0]!.code
}
const admin = (more: Partial<SubjectFacts> = {}) => person({ roles: [role(roles.globalAdministrator)], methods: [method('email'), method('mobile')], ...more })
const licensed = (...owned: ReturnType<typeof sku>[]) => ({ settings: { licensing: 'organisation' as const }, subscribedSkus: owned })

test('a user with data in an enabled tenant may reset', () => {
  assert.equal(codeOf(resetFacts()), 'allowed')
})

test('A-01 with scope None an end user is refused with SSPR_0009, and a Global Administrator with two methods goes on', () => {
  const off = tenant({ passwordResetPolicy: { enablementType: 0 } })
  assert.equal(codeOf(resetFacts({ tenant: off })), 'SSPR_0009')
  assert.equal(codeOf(resetFacts({ tenant: off, subject: admin() })), 'allowed')
})

test('A-02 with scope Selected a member, nested groups included, passes and everybody else is refused with SSPR_0013', () => {
  const selected = tenant({ passwordResetPolicy: { enablementType: 1, passwordResetEnabledGroupIds: ['pilot'] } })
  assert.equal(codeOf(resetFacts({ tenant: selected, subject: person({ memberOf: ['inner', 'pilot'] }) })), 'allowed')
  assert.equal(codeOf(resetFacts({ tenant: selected })), 'SSPR_0013')
})

test('A-03 two methods required and one usable is SSPR_0014; an administrator\'s entry of a second makes it pass unregistered', () => {
  const two = tenant({ passwordResetPolicy: { numberOfAuthenticationMethodsRequired: 2 } })
  const mobile = method('mobile', { source: 'public', writtenBy: 'sync', verified: false })
  assert.equal(codeOf(resetFacts({ tenant: two, subject: person({ methods: [mobile] }) })), 'SSPR_0014')
  const filledIn = method('email', { source: 'public', writtenBy: 'administrator', verified: false })
  assert.equal(codeOf(resetFacts({ tenant: two, subject: person({ methods: [mobile, filledIn] }) })), 'allowed')
})

test('A-06 a cloud user needs any paid licence in the organisation, a synced one needs Premium', () => {
  const office = licensed(sku('ENTERPRISEPACK'))
  assert.equal(codeOf(resetFacts({ tenant: tenant(office) })), 'allowed')
  assert.equal(codeOf(resetFacts({ tenant: tenant(office), subject: synced() })), 'SSPR_0012')
  assert.equal(codeOf(resetFacts({ tenant: tenant(licensed(sku('ENTERPRISEPACK'), sku('EMS'))), subject: synced() })), 'allowed')
})

test('A-07 a licence that is owned and not assigned opens nothing; with licensing off everything passes', () => {
  assert.equal(codeOf(resetFacts({ tenant: tenant(licensed(sku('AAD_PREMIUM_P2', { consumedUnits: 0 }))) })), 'SSPR_0012')
  assert.equal(codeOf(resetFacts({ tenant: tenant({ subscribedSkus: [] }) })), 'allowed')
})

test('A-08 a synced user is refused with SSPR_0010 while writeback is off and SSPR_0030 while no agent has polled for 90 seconds', () => {
  const off = tenant({ onPremisesIntegration: { onboarded: true, passwordWritebackEnabled: false, allowUnlockWithoutReset: false } })
  assert.equal(codeOf(resetFacts({ tenant: off, subject: synced() })), 'SSPR_0010')
  const heard = (ago: number) => tenant({ agents: [agent({ lastHeartbeatAt: now - ago })] })
  assert.equal(codeOf(resetFacts({ tenant: heard(90_000), subject: synced() })), 'allowed')
  assert.equal(codeOf(resetFacts({ tenant: heard(90_001), subject: synced() })), 'SSPR_0030')
})

test('an agent that reports a fault of its own gives SSPR_0029, unless another one is well', () => {
  const ill = agent({ id: 'ill', configurationError: 'no right to reset passwords' })
  assert.equal(codeOf(resetFacts({ tenant: tenant({ agents: [ill] }), subject: synced() })), 'SSPR_0029')
  assert.equal(codeOf(resetFacts({ tenant: tenant({ agents: [ill, agent()] }), subject: synced() })), 'allowed')
})

test('A-15 with allowedToUseSSPR off administrators are refused and end users are not', () => {
  const off = tenant({ authorizationPolicy: { allowedToUseSSPR: false } })
  assert.equal(codeOf(resetFacts({ tenant: off, subject: admin() })), 'LK_ADMIN_SSPR_OFF')
  assert.equal(codeOf(resetFacts({ tenant: off })), 'allowed')
})

test('an administrator of a tenant without licences passes for a cloud account and not for a synced one', () => {
  const none = tenant(licensed())
  assert.equal(codeOf(resetFacts({ tenant: none, subject: admin() })), 'allowed')
  assert.equal(codeOf(resetFacts({ tenant: none, subject: admin({ ...synced(), roles: admin().roles, methods: admin().methods }) })), 'SSPR_0012')
})

test('a policy that allows no method at all is SSPR_0011', () => {
  const nothing = tenant({
    passwordResetPolicy: { emailOptionEnabled: false, mobilePhoneOptionEnabled: false },
    authenticationMethodsPolicy: { policyMigrationState: 'preMigration', authenticationMethodConfigurations: [] },
  })
  assert.equal(codeOf(resetFacts({ tenant: nothing })), 'SSPR_0011')
})

test('accounts that cannot be served each give their own reason, for administrators only', () => {
  const cases: [Partial<ResetFacts>, string][] = [
    [{ subject: null }, 'LK_ACCOUNT_UNKNOWN'],
    [{ subject: person({ deleted: true }) }, 'LK_ACCOUNT_DELETED'],
    [{ subject: person({ accountEnabled: false }) }, 'LK_ACCOUNT_DISABLED'],
    [{ resolvedBy: 'mail' }, 'LK_EMAIL_ID_NOT_UPN'],
  ]
  for (const [more, code] of cases) {
    const verdict = evaluateReset(resetFacts(more))
    assert.ok(!verdict.allowed)
    assert.deepEqual(verdict.reasons.map(one => [one.code, one.audience]), [[code, 'admin']])
  }
})

test('guests: their own organisation or consumer account manages some, and the others are served here', () => {
  const guest = (externalKind: SubjectFacts['externalKind']) => resetFacts({ subject: person({ userType: 'guest', externalKind }) })
  assert.equal(codeOf(guest('partnerTenant')), 'LK_EXTERNAL')
  assert.equal(codeOf(guest('personalAccount')), 'LK_EXTERNAL')
  assert.equal(codeOf(guest('selfServiceSignUp')), 'allowed')
  assert.equal(codeOf(guest('b2bInvited')), 'allowed')
})

test('the checks come in the order of the specification: mend the first that fails and the next one speaks', () => {
  const broken = resetFacts({
    throttle: { events: {}, lockedUntil: now + hour, lockedBy: 'proof' },
    resolvedBy: 'mail',
    tenant: tenant({
      ...licensed(), agents: [],
      passwordResetPolicy: { enablementType: 0, numberOfAuthenticationMethodsRequired: 0 },
      onPremisesIntegration: { onboarded: true, passwordWritebackEnabled: false, allowUnlockWithoutReset: false },
    }),
    subject: null,
  })
  const steps: [code: string, mend: (facts: ResetFacts) => ResetFacts][] = [
    ['LK_BLOCKED', facts => ({ ...facts, throttle: resetFacts().throttle })],
    ['LK_ACCOUNT_UNKNOWN', facts => ({ ...facts, subject: synced({ deleted: true, accountEnabled: false, userType: 'guest', externalKind: 'partnerTenant', methods: [] }) })],
    ['LK_ACCOUNT_DELETED', facts => ({ ...facts, subject: { ...facts.subject!, deleted: false } })],
    ['LK_ACCOUNT_DISABLED', facts => ({ ...facts, subject: { ...facts.subject!, accountEnabled: true } })],
    ['LK_EXTERNAL', facts => ({ ...facts, subject: { ...facts.subject!, userType: 'member', externalKind: 'none' } })],
    ['LK_EMAIL_ID_NOT_UPN', facts => ({ ...facts, resolvedBy: 'userPrincipalName' })],
    ['SSPR_0009', facts => withPolicy(facts, { enablementType: 1 })],
    ['SSPR_0011', facts => withPolicy(facts, { numberOfAuthenticationMethodsRequired: 1 })],
    ['SSPR_0012', facts => ({ ...facts, tenant: { ...facts.tenant, subscribedSkus: [sku('EMS')] } })],
    ['SSPR_0013', facts => withPolicy(facts, { enablementType: 2 })],
    ['SSPR_0014', facts => ({ ...facts, subject: { ...facts.subject!, methods: [method('email')] } })],
    ['SSPR_0010', facts => ({ ...facts, tenant: { ...facts.tenant, onPremisesIntegration: tenant().onPremisesIntegration } })],
    ['SSPR_0030', facts => ({ ...facts, tenant: { ...facts.tenant, agents: [agent({ configurationError: 'x' })] } })],
    ['SSPR_0029', facts => ({ ...facts, tenant: { ...facts.tenant, agents: [agent()] } })],
  ]
  let facts = broken
  for (const [code, mend] of steps) {
    assert.equal(codeOf(facts), code)
    facts = mend(facts)
  }
  assert.equal(codeOf(facts), 'allowed')
})

const withPolicy = (facts: ResetFacts, change: Partial<ResetFacts['tenant']['passwordResetPolicy']>): ResetFacts =>
  ({ ...facts, tenant: { ...facts.tenant, passwordResetPolicy: { ...facts.tenant.passwordResetPolicy, ...change } } })

test('a reset is refused exactly when the diagnosis has a blocking finding, and for the same reason', () => {
  fc.assert(fc.property(anyResetFacts, facts => {
    const verdict = evaluateReset(facts)
    const first = diagnoseReset(facts).find(found => found.outcome === 'blocks')
    assert.equal(verdict.allowed, first === undefined)
    if (!verdict.allowed) assert.equal(verdict.reasons[0]!.code, first!.code)
  }), { numRuns: 2000 })
})

test('generated facts reach every check, so that the property above says something about each', () => {
  const seen = new Set<string>()
  fc.assert(fc.property(anyResetFacts, facts => {
    const verdict = evaluateReset(facts)
    if (!verdict.allowed) seen.add(verdict.reasons[0]!.code)
    else seen.add('allowed')
  }), { numRuns: 20_000, seed: 7 })
  const blocking = resetChecks.map(check => check.code).filter(code => !['AD_PROTECTED_ACCOUNT', 'ONPREM_ACCOUNT_DISABLED', 'AGENT_OUTDATED', 'CHANNEL_WITHOUT_WRITEBACK'].includes(code))
  assert.deepEqual(blocking.filter(code => !seen.has(code)), [])
  assert.ok(seen.has('allowed'))
})

test('the diagnosis names what it saw, and says nothing of checks that do not apply', () => {
  const found = diagnoseReset(resetFacts({ subject: person({ methods: [method('mobile', { wellFormed: false })] }) }))
  const methods = found.find(one => one.check === 'enoughMethods')!
  assert.deepEqual([methods.outcome, methods.evidence['usable'], methods.evidence['required'], methods.evidence['malformed']], ['blocks', 0, 1, 1])
  assert.deepEqual(found.find(one => one.check === 'agentConnected'), {
    code: 'SSPR_0030', check: 'agentConnected', outcome: 'notApplicable', evidence: {}, remedy: 'startAgent',
  })
})

test('warnings never refuse: an old agent, a protected account, a password that was never written back', () => {
  const subject = synced({
    domain: domain({ signInModel: 'phs' }),
    onPremises: { enabled: false, lockedUntil: null, protected: true, cannotChangePassword: false, neverExpires: false },
    lastPasswordEvent: { at: now - day, channel: 'm365-admin', writeback: 'notSupported', code: null },
  })
  const facts = resetFacts({ subject, tenant: tenant({ agents: [agent({ version: '0.9.0', lastHeartbeatAt: now - minute })] }) })
  assert.deepEqual(diagnoseReset(facts).filter(found => found.outcome === 'warns').map(found => found.code),
    ['AD_PROTECTED_ACCOUNT', 'ONPREM_ACCOUNT_DISABLED', 'AGENT_OUTDATED', 'CHANNEL_WITHOUT_WRITEBACK'])
  assert.equal(codeOf(facts), 'allowed')
})
