import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { adminResetChecks, diagnoseAdminReset, diagnoseResetPage, evaluateAdminReset, resetButton } from '../../src/rules/admin-reset-checks.ts'
import type { AdminResetFacts } from '../../src/rules/facts.ts'
import { roles } from '../../src/rules/roles.ts'
import { adminFacts, agent, domain, now, person, role, sku, synced, tenant } from './build-facts.ts'
import { anyAdminResetFacts } from './arbitrary-facts.ts'

const gus = person({ id: 'gus', roles: [role(roles.globalAdministrator)] })
const codeOf = (facts: AdminResetFacts) => {
  const verdict = evaluateAdminReset(facts)
  return verdict.allowed ? 'allowed' : verdict.reasons[0]!.code
}

test('D-06 each thing that can stand in the way gives its own verdict', () => {
  const off = { onboarded: true, passwordWritebackEnabled: false, allowUnlockWithoutReset: false }
  const cases: [string, Partial<AdminResetFacts>][] = [
    ['allowed', { caller: gus }],
    ['allowed', { caller: gus, target: synced() }],
    ['NO_RESET_ROLE', { caller: person({ id: 'bo' }) }],
    ['TARGET_NOT_FOUND', { caller: gus, target: null }],
    ['TARGET_NOT_FOUND', { caller: gus, target: person({ deleted: true }) }],
    ['ROLE_TOO_LOW', { caller: person({ id: 'bo', roles: [role(roles.passwordAdministrator)] }), target: person({ roles: [role(roles.reportsReader)] }) }],
    ['EXTERNAL_USER', { caller: gus, target: person({ userType: 'guest', externalKind: 'partnerTenant' }) }],
    ['FEDERATED_DOMAIN', { caller: gus, target: synced({ domain: domain({ authenticationType: 'Federated' }) }) }],
    ['WRITEBACK_OFF', { caller: gus, target: synced(), tenant: tenant({ onPremisesIntegration: off }) }],
    ['WRITEBACK_DOWN', { caller: gus, target: synced(), tenant: tenant({ agents: [agent({ lastHeartbeatAt: now - 100_000 })] }) }],
    ['NO_WRITEBACK_LICENCE', { caller: gus, target: synced(), tenant: tenant({ settings: { licensing: 'organisation' }, subscribedSkus: [sku('ENTERPRISEPACK')] }) }],
    ['AD_PROTECTED_ACCOUNT', { caller: gus, target: synced({ onPremises: { ...synced().onPremises!, protected: true } }) }],
    ['SELF', { caller: gus, target: gus }],
  ]
  for (const [code, more] of cases) assert.equal(codeOf(adminFacts(more)), code, code)
})

test('C-16 a federated user may be reset where the tenant says so', () => {
  const target = synced({ domain: domain({ authenticationType: 'Federated' }) })
  assert.equal(codeOf(adminFacts({ caller: gus, target, tenant: tenant({ settings: { allowAdminResetForFederated: true } }) })), 'allowed')
})

test('M-15 the button is hidden from those without any reset role, disabled with its reason for others, else enabled', () => {
  assert.equal(resetButton(adminFacts({ caller: person({ id: 'bo' }) })).state, 'hidden')
  const helper = person({ id: 'bo', roles: [role(roles.helpdeskAdministrator)] })
  const grey = resetButton(adminFacts({ caller: helper, target: gus }))
  assert.equal(grey.state, 'disabled')
  assert.deepEqual(grey.state === 'disabled' && grey.reasons[0]!.values, {
    callerRoles: 'Helpdesk Administrator', targetRoles: 'Global Administrator',
    rolesThatSuffice: 'Privileged Authentication Administrator, Global Administrator',
  })
  assert.equal(resetButton(adminFacts({ caller: helper })).state, 'enabled')
})

test('D-07 the shield of a group or unit is named instead of the bare role', () => {
  const helper = person({ id: 'bo', roles: [role(roles.helpdeskAdministrator)] })
  assert.equal(codeOf(adminFacts({ caller: helper, target: person({ roleAssignableGroupOwner: true }) })), 'TARGET_IN_ROLE_ASSIGNABLE_GROUP')
  assert.equal(codeOf(adminFacts({ caller: helper, target: person({ administrativeUnits: [{ id: 'u', restricted: true }] }) })), 'TARGET_IN_RESTRICTED_UNIT')
})

test('D-08 the page is missing for want of a role first, of a licence second', () => {
  const unlicensed = tenant({ settings: { licensing: 'organisation' } })
  const first = (facts: AdminResetFacts) => diagnoseResetPage(facts).find(found => found.outcome === 'blocks')?.code
  assert.equal(first(adminFacts({ tenant: unlicensed, caller: person({ id: 'bo' }) })), 'NO_RESET_ROLE')
  assert.equal(first(adminFacts({ tenant: unlicensed, caller: gus })), 'ORG_UNLICENSED')
  assert.equal(first(adminFacts({ caller: gus })), undefined)
})

test('an administrator reset is refused exactly when the diagnosis has a blocking finding, and for the same reason', () => {
  const seen = new Set<string>()
  fc.assert(fc.property(anyAdminResetFacts, facts => {
    const verdict = evaluateAdminReset(facts)
    const first = diagnoseAdminReset(facts).find(found => found.outcome === 'blocks')
    assert.equal(verdict.allowed, first === undefined)
    assert.equal(verdict.allowed ? undefined : verdict.reasons[0]!.code, first?.code)
    seen.add(first?.code ?? 'allowed')
  }), { numRuns: 20_000, seed: 11 })
  assert.deepEqual(adminResetChecks.map(check => check.code).filter(code => !seen.has(code)), [])
})
