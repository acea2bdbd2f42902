import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { nextAuthorizeStep } from '../../src/rules/authorize-steps.ts'
import type { StepFacts } from '../../src/rules/authorize-steps.ts'

const session = { createdAt: 100, provedAt: 100, isOfTenant: true, isHinted: true, interrupted: false, proofIsOld: false, assigned: true, chosen: false }
const facts: StepFacts = {
  request: { prompt: null, maxAge: null }, askedAt: 1_000_000, now: 1_000_500, session, consent: { missing: false, mayConsent: true, agreedNow: false },
}
type Change = { request?: Partial<StepFacts['request']>; session?: Partial<typeof session>; consent?: Partial<StepFacts['consent']> }
const with_ = (change: Change): StepFacts => ({
  ...facts, request: { ...facts.request, ...change.request }, session: { ...session, ...change.session }, consent: { ...facts.consent, ...change.consent },
})
const next = (change: Change) => nextAuthorizeStep(with_(change)).next
const afterSigningIn = { createdAt: 1_000_400, provedAt: 1_000_400 }

describe('between a request and its answer', () => {
  test('nothing is due for somebody who is signed in and has agreed', () => {
    assert.deepEqual(next({}), { step: 'done' })
  })

  test('nobody signed in means signing in, and none says so', () => {
    assert.deepEqual(nextAuthorizeStep({ ...facts, session: undefined }), { next: { step: 'signIn', again: false }, silently: { code: 50058, error: 'login_required' } })
  })

  test('prompt=login is content with a sign-in that came after it, and no other', () => {
    assert.deepEqual(next({ request: { prompt: 'login' } }), { step: 'signIn', again: true })
    assert.deepEqual(next({ request: { prompt: 'login' }, session: afterSigningIn }), { step: 'done' })
    assert.deepEqual(next({ request: { prompt: 'login' }, session: { chosen: true } }), { step: 'signIn', again: true })
  })

  test('max_age counts from the newest proof', () => {
    assert.deepEqual(next({ request: { maxAge: 900 } }), { step: 'signIn', again: true })
    assert.deepEqual(next({ request: { maxAge: 1100 } }), { step: 'done' })
    assert.deepEqual(next({ request: { maxAge: 0 }, session: afterSigningIn }), { step: 'done' })
  })

  test('login_hint for somebody else asks who it is; whoever signs in then is taken', () => {
    assert.deepEqual(next({ session: { isHinted: false } }), { step: 'signIn', again: true })
    assert.deepEqual(next({ session: { isHinted: false, ...afterSigningIn } }), { step: 'done' })
    assert.deepEqual(next({ session: { isHinted: false, chosen: true } }), { step: 'done' })
  })

  test('select_account asks once', () => {
    assert.deepEqual(next({ request: { prompt: 'select_account' } }), { step: 'chooseAccount' })
    assert.deepEqual(next({ request: { prompt: 'select_account' }, session: { chosen: true } }), { step: 'done' })
  })

  test('a password that is due comes before consent, and an assignment too', () => {
    assert.deepEqual(next({ session: { interrupted: true }, consent: { missing: true } }), { step: 'signIn', again: true })
    assert.deepEqual(next({ session: { assigned: false }, consent: { missing: true } }), { step: 'notAssigned' })
  })

  test('an old proof is renewed before consent; without a page the program hears login_required', () => {
    assert.deepEqual(next({ session: { proofIsOld: true }, consent: { missing: true } }), { step: 'proveAgain' })
    assert.deepEqual(next({ session: { proofIsOld: true, interrupted: true } }), { step: 'signIn', again: true })
  })

  test('what a person may not agree to waits for an administrator', () => {
    assert.deepEqual(next({ consent: { missing: true, mayConsent: false } }), { step: 'askAdministrator' })
    assert.deepEqual(next({ consent: { missing: true } }), { step: 'consent' })
  })

  test('prompt=consent asks again, once', () => {
    assert.deepEqual(next({ request: { prompt: 'consent' } }), { step: 'consent' })
    assert.deepEqual(next({ request: { prompt: 'consent' }, consent: { agreedNow: true } }), { step: 'done' })
  })

  test('never ends for another organisation, an unassigned person, a due password or missing consent', () => {
    fc.assert(fc.property(
      fc.record({ isOfTenant: fc.boolean(), isHinted: fc.boolean(), interrupted: fc.boolean(), proofIsOld: fc.boolean(), assigned: fc.boolean(), chosen: fc.boolean(), createdAt: fc.constantFrom(100, 1_000_400) }),
      fc.record({ missing: fc.boolean(), mayConsent: fc.boolean(), agreedNow: fc.boolean() }),
      fc.record({ prompt: fc.constantFrom(null, 'none', 'login', 'consent', 'select_account'), maxAge: fc.constantFrom(null, 0, 10_000) }),
      (of, consent, request) => {
        const { next: step, silently } = nextAuthorizeStep(with_({ session: of, consent, request: request as StepFacts['request'] }))
        assert.equal(step.step === 'done', silently === null)
        if (step.step === 'done') assert.ok(of.isOfTenant && !of.interrupted && !of.proofIsOld && of.assigned && !consent.missing)
      },
    ))
  })
})
