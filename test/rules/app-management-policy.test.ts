import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { durationOf, policyInForce, refusedByPolicy } from '../../src/rules/app-management-policy.ts'
import type { ManagementPolicy, Restriction } from '../../src/rules/app-management-policy.ts'
import { checkCertificateDates, checkDates } from '../../src/rules/app-credentials.ts'

const day = 86_400_000
const now = 1_800_000_000_000
const row = (restrictionType: string, more: Partial<Restriction> = {}): Restriction =>
  ({ restrictionType, state: 'enabled', maxLifetime: null, restrictForAppsCreatedAfterDateTime: null, ...more })
const policy = (passwordCredentials: Restriction[], keyCredentials: Restriction[] = [], isEnabled = true): ManagementPolicy =>
  ({ id: 'p', isEnabled, restrictions: { passwordCredentials, keyCredentials } })
const secret = { kind: 'password', startDateTime: now, endDateTime: now + 91 * day, ownerCreatedAt: now - day } as const

test('durations are read as ISO 8601 writes them, and nothing else', () => {
  for (const [text, expected] of [['P90D', 90 * day], ['P4DT12H30M5S', 4 * day + 45_005_000], ['P1Y', 366 * day], ['P2W', 14 * day], ['PT1H', 3_600_000], ['PT0.5S', 0]] as const) {
    assert.equal(durationOf(text), expected === 0 ? undefined : expected, text)
  }
  for (const text of ['', 'P', 'PT', 'P0D', '90', '-P1D', 'P1', 'P1DT', 'p1d', 'P1D ', 'P1H', `P${'9'.repeat(400)}D`]) assert.equal(durationOf(text), undefined, text)
  fc.assert(fc.property(fc.string({ maxLength: 40 }), text => void durationOf(text)))
})

test('a secret longer than the policy allows, or any where secrets are forbidden, is refused with the policy’s id', () => {
  const lifetime = policy([row('passwordLifetime', { maxLifetime: 'P90D' })])
  assert.deepEqual(refusedByPolicy(lifetime, secret)?.values, { policyId: 'p', maxLifetime: 'P90D' })
  assert.equal(refusedByPolicy(lifetime, { ...secret, endDateTime: now + 90 * day }), undefined)
  assert.equal(refusedByPolicy(policy([row('passwordAddition')]), secret)?.code, 'LK_CREDENTIAL_FORBIDDEN')
  assert.equal(refusedByPolicy(policy([row('passwordAddition')]), { ...secret, kind: 'certificate' }), undefined)
  assert.equal(refusedByPolicy(policy([], [row('asymmetricKeyLifetime', { maxLifetime: 'P30D' })]), { ...secret, kind: 'certificate' })?.code, 'LK_CREDENTIAL_LIFETIME')
})

test('a restriction that is off, or for newer applications only, restricts nothing', () => {
  assert.equal(refusedByPolicy(policy([row('passwordAddition', { state: 'disabled' })]), secret), undefined)
  assert.equal(refusedByPolicy(policy([row('passwordAddition', { restrictForAppsCreatedAfterDateTime: now })]), secret), undefined)
  assert.equal(refusedByPolicy(policy([row('passwordAddition', { restrictForAppsCreatedAfterDateTime: now - 2 * day })]), secret)?.code, 'LK_CREDENTIAL_FORBIDDEN')
})

test('an object’s own policy stands in the default’s place, where it is on', () => {
  const own = policy([])
  const all = policy([row('passwordAddition')])
  assert.equal(policyInForce(own, all), own)
  assert.equal(policyInForce({ ...own, isEnabled: false }, all), all)
  assert.equal(policyInForce(undefined, { ...all, isEnabled: false }), undefined)
})

test('dates of a secret: the end follows the start and the present; a start may be staged, and lag a little behind a clock', () => {
  const check = (start: number, end: number) => checkDates({ startDateTime: now + start, endDateTime: now + end }, now)?.code
  assert.equal(check(0, day), undefined)
  assert.equal(check(30 * day, 60 * day), undefined)
  assert.equal(check(-60_000, day), undefined)
  assert.equal(check(-2 * day, day), 'LK_CREDENTIAL_START')
  assert.equal(check(0, 0), 'LK_CREDENTIAL_END')
  assert.equal(check(2 * day, day), 'LK_CREDENTIAL_END')
  assert.equal(check(-3_600_000, -1), 'LK_CREDENTIAL_END')
  assert.equal(check(0, 40_000 * day), 'LK_CREDENTIAL_END')
})

test('dates of a certificate’s entry lie within the certificate', () => {
  const its = { startDateTime: now - day, endDateTime: now + day }
  assert.equal(checkCertificateDates(its, its, now), undefined)
  assert.equal(checkCertificateDates({ ...its, startDateTime: now - 2 * day }, its, now)?.code, 'LK_CREDENTIAL_START')
  assert.equal(checkCertificateDates({ ...its, endDateTime: now + 2 * day }, its, now)?.code, 'LK_CREDENTIAL_END')
  assert.equal(checkCertificateDates({ startDateTime: now - day, endDateTime: now }, its, now)?.code, 'LK_CREDENTIAL_END')
})
