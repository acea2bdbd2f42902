// What somebody without a role can find out about others, and what somebody with one can arrange for the time after (T-84, LD-24).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

let t: TestApp
before(async () => {
  t = await makeApp()
  await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 2, emailOptionEnabled: true, numberOfAuthenticationMethodsRequired: 1 })
})
after(() => t.close())

test('T-84: nobody without a role learns from verdicts, refusals or the diagnosis who is an administrator', async () => {
  const boss = await addPerson(t.app, t.tenantId, { name: 'boss', password: null, roles: [roleIds.globalAdministrator] })
  const bob = await addPerson(t.app, t.tenantId, { name: 'bob', password: null })
  const ann = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'ann', password: null }))
  const told = async (person: Person) => {
    const verdicts = (await ann.get(`/api/users/${person.id}/verdicts`)).json().verdicts
    const path = `/v1.0/users/${person.id}/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword`
    const { code, message } = (await ann.post(path, {})).json().error
    const diagnoses = []
    for (const question of ['D-06', 'D-07', 'D-10']) diagnoses.push((await ann.post('/api/diagnose', { question, target: person.id })).json())
    return JSON.stringify([verdicts, code, message, diagnoses])
  }
  assert.equal(await told(boss), await told(bob))
})

test('LD-24: an address that an administrator wrote for themself opens no reset when the role is gone', async () => {
  const pia = await addPerson(t.app, t.tenantId, { name: 'pia', roles: [roleIds.passwordAdministrator] })
  const hers = await signedIn(t, pia)
  assert.equal((await hers.patch(`/v1.0/users/${pia.id}`, { otherMails: ['pia@elsewhere.example'] })).statusCode, 204)
  await t.app.db.deleteFrom('roleAssignments').where('principalId', '=', pia.id).execute()
  await t.browser().json('POST', '/api/resets', { username: pia.userPrincipalName })
  await t.work()
  const reset = await t.app.db.selectFrom('resets').select('refusal').where('userId', '=', pia.id).executeTakeFirstOrThrow()
  assert.match(reset.refusal ?? 'allowed', /SSPR_0014/)
})
