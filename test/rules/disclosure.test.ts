import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { shownFor, tellable, tellsPhoneMismatch, waysForStrangers } from '../../src/rules/disclosure.ts'
import type { ResetFacts } from '../../src/rules/facts.ts'
import { evaluateReset } from '../../src/rules/reset-checks.ts'
import { hour, now, person, resetFacts, sku, tenant } from './build-facts.ts'
import { anyResetFacts, anySubject } from './arbitrary-facts.ts'

const shown = (facts: ResetFacts, passed = 0) => shownFor(facts, evaluateReset(facts), passed)
const under = (disclosure: 'private' | 'standard', facts: ResetFacts): ResetFacts =>
  ({ ...facts, tenant: { ...facts.tenant, settings: { ...facts.tenant.settings, disclosure } } })

test('T-01 under private a stranger is shown the same for every account, in any state, and for none', () => {
  fc.assert(fc.property(anyResetFacts, fc.option(anySubject), (facts, other) => {
    const one = under('private', facts)
    assert.deepEqual(shown(one), shown({ ...one, subject: other }))
  }), { numRuns: 2000 })
})

test('T-01 the ways offered to a stranger come from the tenant\'s policy alone', () => {
  assert.deepEqual(waysForStrangers(resetFacts()), ['oathCode', 'email', 'mobileSms', 'mobileCall'])
  assert.deepEqual(waysForStrangers({ ...resetFacts(), providers: { mail: true, sms: false, voice: false, push: false } }), ['oathCode', 'email'])
  const asking = tenant({ passwordResetPolicy: { securityQuestionsOptionEnabled: true } })
  assert.ok(!waysForStrangers(resetFacts({ tenant: asking })).includes('securityQuestions'))
})

test('a pause after too many tries shows under both settings, since every name is counted alike', () => {
  const throttle = { events: {}, lockedUntil: now + hour, lockedBy: 'proof' as const }
  for (const setting of ['private', 'standard'] as const) for (const subject of [person(), null]) {
    const seen = shown(under(setting, resetFacts({ throttle, subject })))
    assert.deepEqual(seen.kind === 'refused' && seen.reasons.map(one => one.code), ['LK_BLOCKED'])
  }
})

for (const [scope, more] of [['None', { enablementType: 0 }], ['Selected', { enablementType: 1, passwordResetEnabledGroupIds: ['pilot'] }], ['All', { enablementType: 2 }]] as const) {
  test(`A-13 under standard with scope ${scope} an unknown name is answered like an unregistered one`, () => {
    const at = tenant({ settings: { disclosure: 'standard' }, passwordResetPolicy: { ...more, passwordResetEnabledGroupIds: ['pilot'] } })
    const unregistered = shown(resetFacts({ tenant: at, subject: person({ methods: [] }) }))
    const expected = { None: 'SSPR_0009', Selected: 'SSPR_0013', All: 'SSPR_0014' }[scope]
    assert.deepEqual(unregistered, { kind: 'refused', reasons: [{ code: expected, audience: 'anyone' }] })
    for (const subject of [null, person({ accountEnabled: false }), person({ deleted: true })]) assert.deepEqual(shown(resetFacts({ tenant: at, subject })), unregistered)
    assert.deepEqual(shown(resetFacts({ tenant: at, resolvedBy: 'mail' })), unregistered)
  })
}

test('under standard an unlicensed tenant answers every name with SSPR_0012', () => {
  const at = tenant({ settings: { disclosure: 'standard', licensing: 'organisation' }, subscribedSkus: [sku('FLOW_FREE')] })
  assert.deepEqual(shown(resetFacts({ tenant: at, subject: null })), shown(resetFacts({ tenant: at })))
})

test('no reason meant for administrators is ever told at the page', () => {
  fc.assert(fc.property(anyResetFacts, facts => {
    for (const told of tellable(facts, evaluateReset(facts))) assert.equal(told.audience, 'anyone')
  }), { numRuns: 2000 })
})

test('whoever has passed a gate is told why it ends', () => {
  const facts = under('private', resetFacts({ tenant: tenant({ passwordResetPolicy: { enablementType: 0 } }) }))
  assert.deepEqual(shown(facts), { kind: 'goesOn', offer: 'tenant' })
  assert.deepEqual(shown(facts, 1), { kind: 'refused', reasons: [{ code: 'SSPR_0009', audience: 'anyone' }] })
})

test('LD-22 a wrongly typed number is told under standard only', () => {
  assert.equal(tellsPhoneMismatch(under('private', resetFacts())), false)
  assert.equal(tellsPhoneMismatch(under('standard', resetFacts())), true)
})
