import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { administratorGates } from '../../src/rules/admin-policy.ts'
import type { MethodFacts } from '../../src/rules/facts.ts'
import { gatesRequired, nextGate } from '../../src/rules/gates.ts'
import type { PassedGate } from '../../src/rules/gates.ts'
import { roles } from '../../src/rules/roles.ts'
import { differentProofs, familyOf, usableMethods } from '../../src/rules/usable-methods.ts'
import { day, domain, known, method, now, person, role, sku, tenant } from './build-facts.ts'
import { anyResetFacts } from './arbitrary-facts.ts'

const ways = (facts: Parameters<typeof nextGate>[0], passed: PassedGate[] = []) => {
  const gate = nextGate(facts, passed)
  return gate.done ? 'done' : gate.choices.map(choice => choice.way)
}
const withMethods = (...methods: MethodFacts[]) => person({ methods })

test('A-14 an administrator needs two gates, and one without custom domain and sync where the tenant allows exceptions', () => {
  const initial = domain({ id: 'contoso.onlatch.example', isInitial: true })
  const small = { domains: [initial], hybrid: { everSynced: false, syncEnabled: false, lastSyncAt: null, lastSyncResult: null } }
  const on = { settings: { administratorOneGateExceptions: true } }
  assert.equal(administratorGates(tenant({ ...small }), now), 2)
  assert.equal(administratorGates(tenant({ ...small, ...on }), now), 1)
  assert.equal(administratorGates(tenant({ ...small, ...on, domains: [initial, domain()] }), now), 2)
  assert.equal(administratorGates(tenant({ ...small, ...on, hybrid: { ...small.hybrid, syncEnabled: true } }), now), 2)
})

test('sspr §6.3 a tenant on trial has one gate for 30 days, even with a custom domain, where exceptions are allowed', () => {
  const trial = (createdAt: number, ...owned: ReturnType<typeof sku>[]) =>
    tenant({ settings: { administratorOneGateExceptions: true }, createdAt, subscribedSkus: owned })
  assert.equal(administratorGates(trial(now - 29 * day, sku('EMS', { isTrial: true })), now), 1)
  assert.equal(administratorGates(trial(now - 30 * day, sku('EMS', { isTrial: true })), now), 2)
  assert.equal(administratorGates(trial(now - 29 * day, sku('EMS', { isTrial: true }), sku('ENTERPRISEPACK')), now), 2)
})

test('A-14 an administrator is never offered security questions, though the users\' policy has them', () => {
  const asking = tenant({ passwordResetPolicy: { securityQuestionsOptionEnabled: true } })
  const methods = [method('email'), method('mobile'), method('securityQuestions')]
  const gus = person({ roles: [role(roles.globalAdministrator)], methods })
  assert.deepEqual(usableMethods(known({ tenant: asking, subject: gus })).map(one => one.way), ['email', 'mobileSms', 'mobileCall'])
  assert.ok(usableMethods(known({ tenant: asking, subject: person({ methods }) })).some(one => one.way === 'securityQuestions'))
})

test('LD-24 an administrator proves themselves with private, verified methods only', () => {
  const gus = person({ roles: [role(roles.helpdeskAdministrator)] })
  assert.deepEqual(usableMethods(known({ subject: gus })), [])
})

test('LD-23 somebody with a second factor and two usable methods passes two gates although the policy asks for one', () => {
  const registered = withMethods(method('email'), method('mobile'))
  assert.equal(gatesRequired(known({ subject: registered })), 2)
  assert.equal(gatesRequired(known({ subject: registered, tenant: tenant({ settings: { stepUpRecovery: false } }) })), 1)
  assert.equal(gatesRequired(known({ subject: withMethods(method('mobile')) })), 1, 'one usable method strands nobody')
  assert.equal(gatesRequired(known()), 1, 'directory data is no second factor')
})

test('text and call to the mobile are one method, and the same number as office phone is one destination', () => {
  const same = withMethods(method('mobile', { destinationKey: 'n' }), method('office', { destinationKey: 'n' }))
  const office = tenant({ passwordResetPolicy: { numberOfAuthenticationMethodsRequired: 2, officePhoneOptionEnabled: true } })
  assert.equal(differentProofs(usableMethods(known({ tenant: office, subject: same }))), 1)
  const apart = withMethods(method('mobile', { destinationKey: 'n' }), method('office', { destinationKey: 'm' }))
  assert.deepEqual(ways(known({ tenant: office, subject: apart }), [{ way: 'mobileSms', destinationKey: 'n' }]), ['officeCall'])
})

test('an app\'s notification and its code are one registration and open one gate', () => {
  const app = tenant({ passwordResetPolicy: { numberOfAuthenticationMethodsRequired: 2, mobileAppNotificationEnabled: true, mobileAppCodeEnabled: true } })
  const one = withMethods(method('appNotification', { destinationKey: 'app' }), method('appCode', { destinationKey: 'app' }), method('email'))
  assert.deepEqual(ways(known({ tenant: app, subject: one }), [{ way: 'appNotification', destinationKey: 'app' }]), ['email'])
})

test('with one method required the legacy policy lets the app show codes but not notify', () => {
  const legacy = tenant({ passwordResetPolicy: { mobileAppNotificationEnabled: true, mobileAppCodeEnabled: true } })
  const subject = withMethods(method('appNotification', { destinationKey: 'app' }), method('appCode', { destinationKey: 'app' }))
  assert.deepEqual(usableMethods(known({ tenant: legacy, subject })).map(one => one.way), ['appCode'])
})

test('LD-25 security questions are never alone and never first', () => {
  const asking = tenant({ passwordResetPolicy: { numberOfAuthenticationMethodsRequired: 2, securityQuestionsOptionEnabled: true } })
  assert.deepEqual(usableMethods(known({ tenant: asking, subject: withMethods(method('securityQuestions')) })), [])
  const subject = withMethods(method('securityQuestions'), method('email'))
  assert.deepEqual(ways(known({ tenant: asking, subject })), ['email'])
  assert.deepEqual(ways(known({ tenant: asking, subject }), [{ way: 'email', destinationKey: 'to-email' }]), ['securityQuestions'])
})

test('a first choice that would leave no second one is not offered', () => {
  // The office phone is the only partner of the mail address, and shares its number with the mobile.
  const office = tenant({ passwordResetPolicy: { numberOfAuthenticationMethodsRequired: 2, officePhoneOptionEnabled: true, emailOptionEnabled: false } })
  const subject = withMethods(method('mobile', { id: 'm1', destinationKey: 'a' }), method('office', { destinationKey: 'a' }), method('mobile', { id: 'm2', source: 'public', writtenBy: 'sync', destinationKey: 'b' }))
  const gate = nextGate(known({ tenant: office, subject }), [])
  assert.ok(!gate.done)
  assert.deepEqual(new Set(gate.choices.map(choice => choice.methodId)), new Set(['office-1', 'm2']))
})

test('whoever has enough methods finishes from every choice, and never by one method or destination twice', () => {
  fc.assert(fc.property(anyResetFacts, fc.array(fc.nat(20), { minLength: 3, maxLength: 3 }), (facts, picks) => {
    if (!facts.subject) return
    const somebody = { ...facts, subject: facts.subject }
    const required = gatesRequired(somebody)
    if (differentProofs(usableMethods(somebody)) < required) return
    const passed: PassedGate[] = []
    for (const pick of picks) {
      const gate = nextGate(somebody, passed)
      if (gate.done) break
      assert.ok(gate.choices.length > 0, 'stranded')
      passed.push(gate.choices[pick % gate.choices.length]!)
    }
    assert.deepEqual(nextGate(somebody, passed), { done: true })
    assert.equal(passed.length, required)
    assert.equal(new Set(passed.map(one => familyOf(one.way))).size, required)
    assert.equal(new Set(passed.map(one => one.destinationKey)).size, required)
  }), { numRuns: 5000 })
})

test('the count of different proofs is the largest matching of families and destinations', () => {
  const way = fc.constantFrom('appCode' as const, 'email' as const, 'mobileSms' as const, 'mobileCall' as const, 'officeCall' as const)
  fc.assert(fc.property(fc.array(fc.record({ way, destinationKey: fc.constantFrom('a', 'b', 'c', 'd') }), { maxLength: 7 }), list => {
    assert.equal(differentProofs(list), largestMatching(list.map(one => [familyOf(one.way), one.destinationKey])))
  }), { numRuns: 2000 })
})

// Augmenting paths, the other way to the same number.
function largestMatching(edges: [family: string, destination: string][]): number {
  const owner = new Map<string, string>()
  const place = (family: string, seen: Set<string>): boolean => edges.some(([other, destination]) => {
    if (other !== family || seen.has(destination)) return false
    seen.add(destination)
    const held = owner.get(destination)
    if (held !== undefined && !place(held, seen)) return false
    owner.set(destination, family)
    return true
  })
  return [...new Set(edges.map(([family]) => family))].filter(family => place(family, new Set())).length
}
