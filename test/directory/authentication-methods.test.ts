import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { writePolicy } from '../../src/store/policies.ts'
import { defaultPasswordResetPolicy } from '../../src/rules/tenant-settings.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import type { PersonOptions } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
let aud: SignedIn
before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await person({ name: 'gus', roles: [roleIds.globalAdministrator] }))
  aud = await signedIn(t, await person({ name: 'aud', roles: [roleIds.authenticationAdministrator] }))
  await t.app.db.transaction().execute(trx => writePolicy(trx, { tenantId: t.tenantId, name: 'passwordResetPolicy', value: { ...defaultPasswordResetPolicy, enablementType: 2 }, by: null, at: t.clock.now() }))
})
after(() => t.close())

const person = (options: PersonOptions) => addPerson(t.app, t.tenantId, { password: null, ...options })
const mobile = '3179e48a-750b-4051-897c-87b9720928f7'
const alternate = 'b6332ec1-7057-4abe-9331-3d72feddfe41'
const email = '3ddfcfc8-9383-446f-83cc-3ab9be4be18f'
const password = '28c10230-6103-485e-b985-444c60001490'
const at = (id: string) => `/v1.0/users/${id}/authentication`

test('a phone is registered, changed and deleted by an administrator under the fixed id of its type (graph §6.1, §6.2)', async () => {
  const bob = await person({ name: 'bob' })
  const phones = `${at(bob.id)}/phoneMethods`
  const made = await aud.post(phones, { phoneNumber: '+45 33123456', phoneType: 'mobile' })
  assert.deepEqual([made.statusCode, made.json().id, made.json().phoneNumber, made.json().phoneType, made.json().smsSignInState], [201, mobile, '+45 33123456', 'mobile', 'notSupported'])
  assert.equal((await aud.patch(`${phones}/${mobile}`, { phoneNumber: '+45 33123457', phoneType: 'mobile' })).statusCode, 204)
  assert.equal((await aud.browser.json('PUT', `${phones}/${mobile}`, { phoneNumber: '+45 33123458' })).statusCode, 204)
  assert.equal((await gus.get(`${phones}/${mobile}`)).json().phoneNumber, '+45 33123458', 'whole for whoever may act on anybody')
  assert.equal((await aud.get(`${phones}/${mobile}`)).json().phoneNumber, '+45 XXXXXX58', 'masked for an Authentication Administrator')
  assert.equal((await aud.delete(`${phones}/${mobile}`)).statusCode, 204)
  assert.equal((await aud.get(`${phones}/${mobile}`)).statusCode, 404)
})

test('one phone of a type, the mobile before the alternate one and gone after it, and each number in its form (graph §6.3)', async () => {
  const bea = await person({ name: 'bea' })
  const phones = `${at(bea.id)}/phoneMethods`
  const add = async (phoneNumber: string, phoneType: string) => {
    const reply = await aud.post(phones, { phoneNumber, phoneType })
    return [reply.statusCode, reply.json().error?.innerError.code, reply.json().error?.details?.[0].target]
  }
  assert.deepEqual(await add('+45 33123456', 'alternateMobile'), [400, 'LK_METHOD_NEEDS_MOBILE', 'phoneType'])
  assert.deepEqual(await add('+4533123456', 'mobile'), [400, 'LK_METHOD_MALFORMED', 'phoneNumber'])
  assert.deepEqual(await add('33123456', 'mobile'), [400, 'LK_METHOD_MALFORMED', 'phoneNumber'])
  assert.deepEqual(await add('+45 33123456', 'pager'), [400, 'LK_FIELD_INVALID', 'phoneType'])
  assert.equal((await add('+45 33123456', 'mobile'))[0], 201)
  assert.equal((await add('+45 33123457', 'mobile'))[1], 'LK_METHOD_MAX_REACHED')
  assert.equal((await add('+45 33123457', 'alternateMobile'))[0], 201)
  assert.equal((await add('+45 33123458x12', 'office'))[0], 201)
  assert.equal((await aud.patch(`${phones}/${mobile}`, { phoneNumber: '+45 33123459', phoneType: 'office' })).statusCode, 400, 'a type does not change')
  assert.equal((await aud.delete(`${phones}/${mobile}`)).statusCode, 400, 'not while the alternate one is there')
  assert.equal((await aud.delete(`${phones}/${alternate}`)).statusCode, 204)
  assert.equal((await aud.delete(`${phones}/${mobile}`)).statusCode, 204)
})

test('an address is one for each person; what an administrator wrote counts for a reset at once', async () => {
  const cid = await person({ name: 'cid' })
  const emails = `${at(cid.id)}/emailMethods`
  assert.equal((await aud.post(emails, { emailAddress: 'cid@' })).json().error.details[0].target, 'emailAddress')
  const made = await aud.post(emails, { emailAddress: 'cid@home.example' })
  assert.deepEqual([made.statusCode, made.json().id, made.json().emailAddress], [201, email, 'cid@home.example'])
  assert.equal((await aud.post(emails, { emailAddress: 'cid2@home.example' })).statusCode, 400)
  assert.equal((await gus.get(`/v1.0/reports/authenticationMethods/userRegistrationDetails/${cid.id}`)).json().isSsprCapable, true)
  assert.equal((await aud.patch(`${emails}/${email}`, { emailAddress: 'cid3@home.example' })).statusCode, 204)
  assert.equal((await gus.get(`${emails}/${email}`)).json().emailAddress, 'cid3@home.example')
  await t.work()
  assert.ok(t.mail.some(one => one.to === 'cid@contoso.example'), 'the person hears of it')
})

test('people write their own under a fresh proof; it counts only after a code came back (LD-24)', async () => {
  const dan = await person({ name: 'dan' })
  const late = await signedIn(t, dan, { minutesAgo: 11 })
  assert.equal((await late.post('/v1.0/me/authentication/emailMethods', { emailAddress: 'dan@home.example' })).statusCode, 401)
  const now = await signedIn(t, dan)
  assert.equal((await now.post('/v1.0/me/authentication/emailMethods', { emailAddress: 'dan@home.example' })).statusCode, 201)
  assert.equal((await now.get('/v1.0/me/authentication/emailMethods')).json().value[0].emailAddress, 'dan@home.example')
  assert.equal((await gus.get(`/v1.0/reports/authenticationMethods/userRegistrationDetails/${dan.id}`)).json().isSsprCapable, false)
  assert.equal((await now.post('/v1.0/me/authentication/phoneMethods', { phoneNumber: '+45 33123456', phoneType: 'office' })).statusCode, 400, 'not what the policy has switched off')
  assert.equal((await now.patch(`/v1.0/me/authentication/emailMethods/${email}`, { emailAddress: 'dan2@home.example' })).statusCode, 204)
  assert.equal((await late.delete(`/v1.0/me/authentication/emailMethods/${email}`)).statusCode, 401)
  assert.equal((await now.delete(`/v1.0/me/authentication/emailMethods/${email}`)).statusCode, 204)
})

test('nobody writes the methods of who is out of their reach, and foreign ids are nobody (LD-30, T-39)', async () => {
  const hal = await person({ name: 'hal', roles: [roleIds.helpdeskAdministrator] })
  const body = { phoneNumber: '+45 33123456', phoneType: 'mobile' }
  assert.equal((await aud.post(`${at(hal.id)}/phoneMethods`, body)).statusCode, 403)
  assert.equal((await gus.post(`${at(hal.id)}/phoneMethods`, body)).statusCode, 201)
  const eve = await signedIn(t, await person({ name: 'eve' }))
  assert.equal((await eve.post(`${at(hal.id)}/phoneMethods`, body)).statusCode, 403)
  assert.equal((await eve.get(`${at(hal.id)}/phoneMethods/${mobile}`)).statusCode, 403)
  assert.equal((await gus.post(`${at('00000000-0000-4000-8000-000000000001')}/phoneMethods`, body)).statusCode, 404)
})

test('what there is none of is an empty collection; the password is there and cannot be taken away', async () => {
  const fay = await person({ name: 'fay' })
  for (const collection of ['fido2Methods', 'windowsHelloForBusinessMethods', 'platformCredentialMethods', 'microsoftAuthenticatorMethods', 'softwareOathMethods', 'temporaryAccessPassMethods']) {
    assert.deepEqual((await gus.get(`${at(fay.id)}/${collection}`)).json().value, [], collection)
    assert.equal((await gus.get(`${at(fay.id)}/${collection}/00000000-0000-4000-8000-000000000001`)).statusCode, 404, collection)
  }
  assert.deepEqual((await gus.get(`${at(fay.id)}/methods`)).json().value.map((one: { id: string }) => one.id), [password])
  assert.equal((await gus.get(`${at(fay.id)}/passwordMethods/${password}`)).json().password, null)
  assert.equal((await gus.delete(`${at(fay.id)}/methods/${password}`)).statusCode, 404)
  assert.equal((await gus.get(`${at(fay.id)}/methods?$top=1`)).statusCode, 400, 'query options are not supported here')
})

test('a pass tells why it can or cannot be used: too early, expired, used, switched off (graph §6.3)', async () => {
  const kim = await person({ name: 'kim' })
  const passes = `${at(kim.id)}/temporaryAccessPassMethods`
  const made = (await aud.post(passes, { startDateTime: new Date(t.clock.now() + 3_600_000).toISOString(), lifetimeInMinutes: 60, isUsableOnce: true })).json()
  const now = async () => (await aud.get(`${passes}/${made.id}`)).json()
  assert.deepEqual([(await now()).isUsable, (await now()).methodUsabilityReason], [false, 'NotYetValid'])
  await t.clock.advance(3_700_000)
  gus = await signedIn(t, gus.person)
  aud = await signedIn(t, aud.person)
  assert.equal((await now()).methodUsabilityReason, 'EnabledByPolicy')
  assert.equal((await t.browser().json('POST', '/api/signin', { userName: kim.userPrincipalName, temporaryAccessPass: made.temporaryAccessPass })).statusCode, 200)
  assert.equal((await now()).methodUsabilityReason, 'OneTimeUsed')
  assert.equal((await aud.get(`${at(kim.id)}/methods`)).json().value.at(-1)['@odata.type'], '#microsoft.graph.temporaryAccessPassAuthenticationMethod')
  const own = await signedIn(t, kim)
  assert.equal((await own.post('/v1.0/me/authentication/temporaryAccessPassMethods', {})).statusCode, 403, 'nobody makes one for themselves')
  assert.equal((await own.get('/v1.0/me/authentication/temporaryAccessPassMethods')).json().value[0].temporaryAccessPass, null)
  assert.equal((await own.delete(`/v1.0/me/authentication/temporaryAccessPassMethods/${made.id}`)).statusCode, 204)
})
