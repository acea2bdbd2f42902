import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { credentialState, diagnoseCredentialRemoval, evaluateCredentialRemoval, noticeDue, noticeDays } from '../../src/rules/credential-removal.ts'
import type { CredentialFacts, RemovalFacts } from '../../src/rules/credential-removal.ts'

const hour = 3_600_000
const day = 24 * hour
const now = 1_800_000_000_000
const credential = (more: Partial<CredentialFacts> = {}): CredentialFacts => ({
  keyId: 'k', startDateTime: now - 200 * day, endDateTime: now + 100 * day, createdDateTime: now - 200 * day, firstUsedAt: null, lastUsedAt: null, useCount: 0, lastIpAddress: null, ...more,
})
const used = (ago: number, more: Partial<CredentialFacts> = {}) => credential({ firstUsedAt: now - 190 * day, lastUsedAt: now - ago, useCount: 7, ...more })
const facts = (one: CredentialFacts, others: CredentialFacts[] = [], disabled = false): RemovalFacts => ({ now, credential: one, others, disabled })
const outcome = (all: RemovalFacts) => {
  const verdict = evaluateCredentialRemoval(all)
  const warns = diagnoseCredentialRemoval(all).filter(one => one.outcome === 'warns').map(one => one.code)
  return verdict.allowed ? ['safe', ...warns].join(' ') : verdict.reasons[0]!.code
}

describe('whether a credential is safe to remove', () => {
  const rows: [name: string, facts: RemovalFacts, expected: string][] = [
    ['used an hour ago, though another is used too', facts(used(hour), [used(60_000)]), 'CREDENTIAL_IN_USE'],
    ['the last one that is valid, used last week', facts(used(7 * day)), 'CREDENTIAL_LAST'],
    ['the last one, the other has expired', facts(used(7 * day), [used(hour, { endDateTime: now - 1 })]), 'CREDENTIAL_LAST'],
    ['the last one, the other starts tomorrow', facts(used(7 * day), [credential({ startDateTime: now + day })]), 'CREDENTIAL_LAST'],
    ['another is there and was never used', facts(used(7 * day), [credential()]), 'CREDENTIAL_REPLACEMENT_UNUSED'],
    ['another is there and was used before this one', facts(used(7 * day), [used(8 * day)]), 'CREDENTIAL_REPLACEMENT_UNUSED'],
    ['another took over a week ago', facts(used(7 * day), [used(hour)]), 'safe CREDENTIAL_USED_RARELY'],
    ['another took over two months ago', facts(used(60 * day), [used(hour)]), 'safe'],
    ['never used and old, another is used', facts(credential(), [used(hour)]), 'safe'],
    ['never used, added yesterday', facts(credential({ createdDateTime: now - day, startDateTime: now - day }), [used(hour)]), 'safe CREDENTIAL_JUST_ADDED'],
    ['staged for next week', facts(credential({ startDateTime: now + 7 * day }), [used(hour)]), 'safe CREDENTIAL_JUST_ADDED'],
    ['the only one, never used, of an application nobody runs', facts(credential()), 'safe CREDENTIAL_LAST'],
    ['the only one, new and not used yet', facts(credential({ createdDateTime: now - day })), 'CREDENTIAL_LAST'],
    ['expired a minute ago, used until then', facts(used(61_000, { endDateTime: now - 60_000 })), 'safe'],
    ['in use, but the application is switched off', facts(used(hour), [], true), 'safe'],
  ]
  for (const [name, given, expected] of rows) test(`${name}: ${expected}`, () => assert.equal(outcome(given), expected))

  test('the verdict and the explanation agree', () => {
    const at = fc.integer({ min: -400, max: 400 }).map(days => now + days * day)
    const any = fc.record({ startDateTime: at, endDateTime: at, createdDateTime: at, lastUsedAt: fc.option(fc.integer({ min: 0, max: 9600 }).map(hours => now - hours * hour)) })
      .map(one => credential({ ...one, firstUsedAt: one.lastUsedAt }))
    fc.assert(fc.property(any, fc.array(any, { maxLength: 4 }), fc.boolean(), (one, others, disabled) => {
      const all = facts(one, others, disabled)
      const blocking = diagnoseCredentialRemoval(all).filter(found => found.outcome === 'blocks')
      assert.equal(evaluateCredentialRemoval(all).allowed, blocking.length === 0)
    }))
  })
})

describe('how a credential stands', () => {
  test('scheduled, active, expiring in its last month, expired', () => {
    assert.equal(credentialState({ startDateTime: now + 1, endDateTime: now + day }, now), 'scheduled')
    assert.equal(credentialState({ startDateTime: now, endDateTime: now + 31 * day }, now), 'active')
    assert.equal(credentialState({ startDateTime: now, endDateTime: now + 29 * day }, now), 'expiring')
    assert.equal(credentialState({ startDateTime: now - day, endDateTime: now }, now), 'expired')
  })

  test('owners are told at each day before the end, once each, and never of a day before the credential was made', () => {
    const long = { endDateTime: now + 365 * day, createdDateTime: now }
    const told = new Set<number>()
    for (let at = now; at < now + 366 * day; at += hour) {
      const due = noticeDue(long, at)
      if (due !== undefined) told.add(due)
    }
    assert.deepEqual([...told], [...noticeDays])
    assert.equal(noticeDue({ endDateTime: now + 5 * day, createdDateTime: now }, now), undefined)
    assert.equal(noticeDue({ endDateTime: now + 5 * day, createdDateTime: now }, now + 4 * day), 1)
    assert.equal(noticeDue({ endDateTime: now + 60 * day, createdDateTime: now }, now), undefined)
    assert.equal(noticeDue(long, long.endDateTime), undefined)
  })
})
