import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AgentHub } from '../../src/app.ts'
import { matchesHash } from '../../src/credentials/hash-password.ts'
import { Secret } from '../../src/secret.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addMethodRow, addPerson, changePolicy, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
const passwordId = '28c10230-6103-485e-b985-444c60001490'
const resetPath = (person: Person) => `/v1.0/users/${person.id}/authentication/methods/${passwordId}/resetPassword`
const rowOf = (person: Person) => t.app.db.selectFrom('passwords').selectAll().where('userId', '=', person.id).executeTakeFirstOrThrow()
const isPassword = async (person: Person, text: string) => matchesHash(t.app, (await rowOf(person)).hash, new Secret(text))

before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, mail: 'gus@contoso.example', roles: [roleIds.globalAdministrator] }))
})
after(() => t.close())

test('M-14, M-21, T-85: without a password one is generated, answered once with 202 and an operation, forced to change, dead after 72 h', async () => {
  const ann = await addPerson(t.app, t.tenantId, { name: 'ann', otherMails: ['ann@home.example'] })
  const session = await signedIn(t, ann)
  const reply = await gus.post(resetPath(ann), {})
  assert.equal(reply.statusCode, 202, reply.payload)
  const { newPassword } = reply.json()
  assert.equal(newPassword.length, 18)
  assert.ok(await isPassword(ann, newPassword))
  const row = await rowOf(ann)
  assert.equal(row.forceChangePasswordNextSignIn, true)
  assert.ok(Math.abs(row.temporaryUntil! - t.app.now() - 72 * 3_600_000) < 60_000)
  const location = String(reply.headers['location'])
  assert.ok(location.startsWith('https://reset.contoso.example/v1.0/users/'))
  const operation = (await gus.get(location.slice('https://reset.contoso.example'.length))).json()
  assert.equal(operation.status, 'succeeded')
  assert.equal((await session.get('/v1.0/me')).statusCode, 401, 'sessions end')
  await t.work()
  assert.ok(t.mail.some(one => one.to === 'ann@home.example'), 'the person hears of it')
  assert.ok(!t.mail.some(one => one.text.includes(newPassword)), 'and no mail carries the password')
  const audits = (await gus.get(`/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '${ann.id}')`)).json().value
  assert.deepEqual(new Set(audits.map((one: { activityDisplayName: string }) => one.activityDisplayName)),
    new Set(['Reset password (by admin)', 'Reset password', 'Set force change user password', 'Update StsRefreshTokenValidFrom Timestamp']))
  assert.equal(new Set(audits.map((one: { correlationId: string }) => one.correlationId)).size, 1)
})

test('LD-05, T-85: a chosen password is taken unless the tenant says otherwise, and then refused on every path', async () => {
  const bob = await addPerson(t.app, t.tenantId, { name: 'bob' })
  const chosen = await gus.post(resetPath(bob), { newPassword: 'Wander-9-kelp!' })
  assert.equal(chosen.statusCode, 202)
  assert.deepEqual(chosen.json(), {})
  assert.ok(await isPassword(bob, 'Wander-9-kelp!'))
  assert.equal((await rowOf(bob)).forceChangePasswordNextSignIn, true)
  const weak = await gus.post(resetPath(bob), { newPassword: 'password' })
  assert.equal(weak.statusCode, 400)
  assert.match(weak.json().error.innerError.code, /^LK_PASSWORD_/)
  await changePolicy(t.app, t.tenantId, 'tenantSettings', { adminChosenPasswords: false })
  for (const reply of [
    await gus.post(resetPath(bob), { newPassword: 'Wander-8-kelp!' }), await gus.patch(`/v1.0/users/${bob.id}`, { passwordProfile: { password: 'Wander-8-kelp!' } }),
    await gus.post('/v1.0/users', { accountEnabled: true, displayName: 'X', mailNickname: 'x', userPrincipalName: 'x@contoso.example', passwordProfile: { password: 'Wander-8-kelp!' } }),
  ]) {
    assert.equal(reply.statusCode, 400, reply.payload)
    assert.equal(reply.json().error.innerError.code, 'LK_PASSWORD_ADMIN_CHOSEN')
  }
  assert.ok(await isPassword(bob, 'Wander-9-kelp!'))
  assert.equal((await gus.post(resetPath(bob), {})).statusCode, 202, 'generating still works')
  await changePolicy(t.app, t.tenantId, 'tenantSettings', { adminChosenPasswords: true })
})

test('PATCH passwordProfile sets a cloud password and is one change with the rest of the body', async () => {
  const cleo = await addPerson(t.app, t.tenantId, { name: 'cleo' })
  const body = { mobilePhone: '+45 33123456', passwordProfile: { password: 'Wander-9-kelp!', forceChangePasswordNextSignIn: false } }
  assert.equal((await gus.patch(`/v1.0/users/${cleo.id}`, body)).statusCode, 204)
  assert.ok(await isPassword(cleo, 'Wander-9-kelp!'))
  assert.equal((await rowOf(cleo)).forceChangePasswordNextSignIn, false)
  const refused = await gus.patch(`/v1.0/users/${cleo.id}`, { mobilePhone: '+45 44556677', passwordProfile: { password: 'password' } })
  assert.equal(refused.statusCode, 400)
  assert.equal((await gus.get(`/v1.0/users/${cleo.id}`)).json().mobilePhone, '+45 33123456', 'nothing of it happened')
})

/** An agent's end of the wire that keeps what it was given. */
function domain(): AgentHub & { passwords: Map<string, string> } {
  const passwords = new Map<string, string>()
  return {
    passwords,
    writePassword: async request => {
      passwords.set(request.userId, request.newPassword.reveal())
      return { status: 'done', agentId: 'agent' }
    },
    unlock: async () => ({ status: 'done', agentId: 'agent' }),
    verifyPassword: async request => (passwords.get(request.userId) === request.password.reveal() ? 'right' : 'wrong'),
  }
}

test('A-18, M-22, M-23: a door that cannot write back refuses and is remembered; D-11 names it; the admin portal reaches the domain', async () => {
  await changePolicy(t.app, t.tenantId, 'onPremisesIntegration', { onboarded: true, passwordWritebackEnabled: true })
  await t.app.db.updateTable('domains').set({ signInModel: 'pta' }).where('tenantId', '=', t.tenantId).execute()
  await t.app.db.insertInto('agents').values({
    tenantId: t.tenantId, id: 'agent', displayName: 'dc1', domain: 'corp.contoso.example', version: '1.0.0', status: 'active', configurationError: null,
    lastHeartbeatAt: t.app.now(), lastSyncAt: t.app.now(), lastSyncResult: 'ok', domainRules: null, enrolledAt: t.app.now(), revokedAt: null,
  }).execute()
  const ad = domain()
  t.setAgents(ad)
  const pia = await addPerson(t.app, t.tenantId, { name: 'pia', synced: true, password: null })
  const refused = await gus.patch(`/v1.0/users/${pia.id}`, { passwordProfile: { password: 'Wander-9-kelp!' } })
  assert.equal(refused.statusCode, 400)
  assert.equal(refused.json().error.code, 'Request_BadRequest')
  assert.equal(refused.json().error.innerError.code, 'WRITEBACK_NOT_SUPPORTED')
  assert.equal(ad.passwords.size, 0)
  const event = await t.app.db.selectFrom('passwordEvents').select(['channel', 'writeback']).where('userId', '=', pia.id).executeTakeFirstOrThrow()
  assert.deepEqual(event, { channel: 'graph-patch-passwordProfile', writeback: 'notSupported' })
  assert.equal((await gus.post('/api/diagnose', { question: 'D-11', target: pia.id })).json().verdict.code, 'CHANNEL_WITHOUT_WRITEBACK')
  await t.clock.advance(1000)
  const again = await gus.post(resetPath(pia), {})
  assert.equal(again.statusCode, 202, again.payload)
  assert.equal(ad.passwords.get(pia.id), again.json().newPassword, 'LD-28: generated for people of the domain too, and written home')
  const newest = await t.app.db.selectFrom('passwordEvents').select(['channel', 'writeback']).where('userId', '=', pia.id).orderBy('at', 'desc').executeTakeFirstOrThrow()
  assert.deepEqual(newest, { channel: 'admin-portal', writeback: 'ok' })
  assert.notEqual((await gus.post('/api/diagnose', { question: 'D-11', target: pia.id })).json().verdict.code, 'CHANNEL_WITHOUT_WRITEBACK')
  const browser = t.browser()
  await browser.get('/signin')
  await browser.post('/signin', { userName: pia.userPrincipalName, password: again.json().newPassword })
  assert.equal(browser.path, '/signin/new-password', 'and it opens: the domain said yes, a generated password is changed first')
})

test('a domain that says no leaves a failed operation, and nothing changed here', async () => {
  t.setAgents({ ...domain(), writePassword: async () => ({ status: 'refused', code: 'LK_ONPREM_POLICY', agentId: 'agent' }) })
  const per = await addPerson(t.app, t.tenantId, { name: 'per', synced: true, password: null })
  const reply = await gus.post(resetPath(per), {})
  assert.equal(reply.statusCode, 400)
  assert.equal(reply.json().error.innerError.code, 'LK_ONPREM_POLICY')
  const operation = await t.app.db.selectFrom('operations').select(['status', 'statusDetail']).where('userId', '=', per.id).executeTakeFirstOrThrow()
  assert.deepEqual(operation, { status: 'failed', statusDetail: 'LK_ONPREM_POLICY' })
})

test('A-20: the person without any mail hears at the user principal name', async () => {
  const dan = await addPerson(t.app, t.tenantId, { name: 'dan' })
  await t.work()
  const before = t.mail.length
  await gus.post(resetPath(dan), {})
  await t.work()
  assert.deepEqual(t.mail.slice(before).map(one => one.to), ['dan@contoso.example'])
})

test('methods are shown masked to whoever may act on few, and taken away by those who may; a pass is shown once', async () => {
  const eva = await addPerson(t.app, t.tenantId, { name: 'eva', email: 'eva.larsen@home.example', mobile: '+45 33123467' })
  await addMethodRow(t.app, t.tenantId, eva.id, 'softwareOath', 'JBSWY3DPEHPK3PXP')
  const path = `/v1.0/users/${eva.id}/authentication`
  const aud = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'aud', roles: [roleIds.authenticationAdministrator] }))
  const methods = await aud.get(`${path}/methods`)
  assert.ok(!methods.payload.includes('eva.larsen') && !methods.payload.includes('33123467') && !methods.payload.includes('JBSWY3DP'))
  const byType = Object.fromEntries(methods.json().value.map((one: Record<string, unknown>) => [String(one['@odata.type']).replace('#microsoft.graph.', ''), one]))
  assert.equal(byType['emailAuthenticationMethod'].emailAddress, 'ev******n@home.example')
  assert.equal(byType['phoneAuthenticationMethod'].phoneNumber, '+45 XXXXXX67')
  assert.equal(byType['softwareOathAuthenticationMethod'].secretKey, null)
  assert.equal(byType['passwordAuthenticationMethod'].id, passwordId)
  assert.equal((await gus.delete(`${path}/phoneMethods/3179e48a-750b-4051-897c-87b9720928f7`)).statusCode, 204)
  assert.deepEqual((await gus.get(`${path}/phoneMethods`)).json().value, [])
  assert.equal((await gus.delete(`${path}/phoneMethods/3179e48a-750b-4051-897c-87b9720928f7`)).statusCode, 404)
  const pass = await gus.post(`${path}/temporaryAccessPassMethods`, { lifetimeInMinutes: 60, isUsableOnce: true })
  assert.equal(pass.statusCode, 201, pass.payload)
  assert.equal(pass.json().temporaryAccessPass.length, 8)
  assert.equal((await gus.get(`${path}/temporaryAccessPassMethods`)).json().value[0].temporaryAccessPass, null)
  assert.equal((await gus.post(`${path}/temporaryAccessPassMethods`, { lifetimeInMinutes: 5 })).statusCode, 400)
  assert.equal((await gus.delete(`${path}/temporaryAccessPassMethods/${pass.json().id}`)).statusCode, 204)
})

test('T-45: an old proof is asked for again before every privileged change', async () => {
  const finn = await addPerson(t.app, t.tenantId, { name: 'finn', password: null })
  const stale = await signedIn(t, gus.person, { minutesAgo: 11 })
  const replies = [
    await stale.post(resetPath(finn), {}), await stale.patch(`/v1.0/users/${finn.id}`, { mobilePhone: '+45 33123456' }), await stale.delete(`/v1.0/users/${finn.id}`),
    await stale.post(`/v1.0/users/${finn.id}/authentication/temporaryAccessPassMethods`, {}), await stale.post(`/api/users/${finn.id}/unlock`),
    await stale.post('/v1.0/roleManagement/directory/roleAssignments', { principalId: finn.id, roleDefinitionId: roleIds.reportsReader, directoryScopeId: '/' }),
    await stale.patch('/beta/policies/passwordResetPolicy', { enablementType: 0 }),
  ]
  for (const reply of replies) {
    assert.equal(reply.statusCode, 401, reply.payload)
    assert.match(reply.payload, /LK_STEP_UP/)
  }
  assert.equal((await stale.get(`/v1.0/users/${finn.id}`)).statusCode, 200, 'looking needs no fresh proof')
})

test('unlocking lifts the lock of sign-in, clearing ends the pause of recovery; both are in the audit', async () => {
  const greta = await addPerson(t.app, t.tenantId, { name: 'greta' })
  const key = t.app.keys.mac('accountKey', `${t.tenantId}\ngreta@contoso.example`)
  const until = t.app.now() + 3_600_000
  await t.app.db.insertInto('signInLockouts').values({
    tenantId: t.tenantId, accountKey: key, place: 'unfamiliar', failures: 10, lockCount: 1, lockedUntil: until, lastBad: '[]', lastFailureAt: t.app.now(), expiresAt: until,
  }).execute()
  await t.app.db.insertInto('limits').values({ tenantId: t.tenantId, key: `recovery:${key}`, points: '[]', lockedUntil: until, expiresAt: until, version: 1 }).execute()
  assert.equal((await gus.post('/api/diagnose', { question: 'D-05', target: greta.id })).json().verdict.code, 'LK_BLOCKED')
  assert.equal((await gus.post(`/api/users/${greta.id}/clearResetLock`)).statusCode, 204)
  assert.notEqual((await gus.post('/api/diagnose', { question: 'D-05', target: greta.id })).json().verdict.code, 'LK_BLOCKED')
  assert.equal((await gus.post('/api/diagnose', { question: 'D-11', target: greta.id })).json().verdict.code, 'CLOUD_LOCKED')
  assert.equal((await gus.post(`/api/users/${greta.id}/unlock`)).statusCode, 204)
  assert.notEqual((await gus.post('/api/diagnose', { question: 'D-11', target: greta.id })).json().verdict.code, 'CLOUD_LOCKED')
  const audits = (await gus.get(`/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '${greta.id}')`)).json().value.map((one: { activityDisplayName: string }) => one.activityDisplayName)
  assert.deepEqual(new Set(audits), new Set(['Unlock user account (by admin)', 'Clear block from self-service password reset']))
})
