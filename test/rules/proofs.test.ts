import assert from 'node:assert/strict'
import { test } from 'node:test'
import { provedSecondFactor, skippedRegistration } from '../../src/rules/proofs.ts'

const of = (...methods: string[]) => provedSecondFactor(methods.map(method => ({ method })))

test('a code of an app or a phone and a pass are second factors; what one knows, a mailbox and having skipped are none', () => {
  for (const method of ['totp', 'sms', 'temporaryAccessPass']) assert.equal(of('password', method), true, method)
  for (const method of ['password', 'email', 'securityQuestions', skippedRegistration]) assert.equal(of(method), false, method)
  assert.equal(of('password', 'email', 'securityQuestions', skippedRegistration), false)
  assert.equal(of(), false)
})
