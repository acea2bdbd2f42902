import assert from 'node:assert/strict'
import { test } from 'node:test'
import { generateTemporaryPassword } from '../../src/credentials/temporary-password.ts'
import { checkPassword } from '../../src/rules/password-policy.ts'
import { gatherFacts } from '../../src/store/facts.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import { openStage } from './stage.ts'

test('LD-27: 18 characters that nobody mistakes for others, different each time, by both sets of rules', async () => {
  const stage = await openStage('sqlite')
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  const seen = new Set<string>()
  for (const passwordRules of ['entra', 'nist']) {
    await changePolicy(app, tenantId, 'tenantSettings', { passwordRules })
    const facts = await gatherFacts(app.db, { tenantId, userId: ann.id, now: app.now(), providers: { mail: true, sms: true, voice: false, push: false } })
    for (let n = 0; n < 200; n++) {
      const text = generateTemporaryPassword(facts).reveal()
      assert.match(text, /^(?=.*[a-z])(?=.*[A-Z])(?=.*[2-9])[a-km-zA-HJ-NP-Z2-9]{18}$/)
      assert.deepEqual(checkPassword(text, facts), [])
      seen.add(text)
    }
  }
  assert.equal(seen.size, 400)
  await stage.close()
})
