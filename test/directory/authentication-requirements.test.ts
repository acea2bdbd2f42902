import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
const pathOf = (person: Person) => `/beta/users/${person.userPrincipalName}/authentication/requirements`

before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
})
after(() => t.close())

test('per-user MFA is read and set; from then on the person may make app passwords, and it is in the audit (sspr §10)', async () => {
  await changePolicy(t.app, t.tenantId, 'tenantSettings', { allowAppPasswords: true })
  const ann = await addPerson(t.app, t.tenantId, { name: 'ann', email: 'ann@home.example' })
  const own = await signedIn(t, ann)
  assert.equal((await gus.get(pathOf(ann))).json().perUserMfaState, 'disabled')
  assert.equal((await own.get('/api/security-info/app-passwords')).statusCode, 403)
  assert.equal((await gus.patch(pathOf(ann), { perUserMfaState: 'enforced' })).statusCode, 204)
  assert.equal((await gus.get(pathOf(ann))).json().perUserMfaState, 'enforced')
  assert.equal((await own.get('/api/security-info/app-passwords')).statusCode, 200)
  assert.equal((await gus.patch(pathOf(ann), { perUserMfaState: 'enforced' })).statusCode, 204, 'once more changes nothing')
  const audits = (await gus.get(`/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '${ann.id}')`)).json().value
  assert.deepEqual(audits.map((one: { activityDisplayName: string }) => one.activityDisplayName), ['Enable Strong Authentication'])
  assert.deepEqual(audits[0].targetResources[0].modifiedProperties, [{ displayName: 'perUserMfaState', oldValue: '"disabled"', newValue: '"enforced"' }])
})

test('only the three states are taken, from those who manage the person’s methods, with a fresh proof', async () => {
  const bob = await addPerson(t.app, t.tenantId, { name: 'bob', password: null })
  const refused = await gus.patch(pathOf(bob), { perUserMfaState: 'on' })
  assert.equal(refused.statusCode, 400)
  assert.equal(refused.json().error.innerError.code, 'LK_FIELD_INVALID')
  assert.equal((await gus.patch(pathOf(bob), {})).statusCode, 400)
  const caller = async (name: string, role: string) => signedIn(t, await addPerson(t.app, t.tenantId, { name, password: null, roles: [role] }))
  assert.equal((await (await caller('hal', roleIds.helpdeskAdministrator)).patch(pathOf(bob), { perUserMfaState: 'enabled' })).statusCode, 403)
  const aa = await caller('aa', roleIds.authenticationAdministrator)
  assert.equal((await aa.patch(pathOf(bob), { perUserMfaState: 'enabled' })).statusCode, 204)
  assert.equal((await aa.patch(pathOf(gus.person), { perUserMfaState: 'disabled' })).statusCode, 403, 'not those above')
  assert.equal((await (await signedIn(t, gus.person, { minutesAgo: 11 })).patch(pathOf(bob), { perUserMfaState: 'disabled' })).statusCode, 401)
  assert.equal((await gus.get(pathOf(bob))).json().perUserMfaState, 'enabled')
})
