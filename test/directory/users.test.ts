import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let ann: Person
let gus: SignedIn
const origin = 'https://reset.contoso.example'

before(async () => {
  t = await makeApp()
  ann = await addPerson(t.app, t.tenantId, { name: 'ann', otherMails: ['ann@home.example'], mobilePhone: '+45 33123456' })
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] }))
})
after(() => t.close())

test('/me is the caller, with the default properties, nulls kept and the context from the configured origin', async () => {
  const reply = await (await signedIn(t, ann)).get('/v1.0/me')
  assert.equal(reply.statusCode, 200, reply.payload)
  const me = reply.json()
  assert.equal(me['@odata.context'], `${origin}/v1.0/$metadata#users/$entity`)
  assert.equal(me.userPrincipalName, 'ann@contoso.example')
  assert.equal(me.mobilePhone, '+45 33123456')
  assert.equal(me.mail, null)
  assert.deepEqual(me.businessPhones, [])
  assert.ok(!('accountEnabled' in me))
  assert.ok(reply.headers['request-id'])
})

test('the caller’s id of a request comes back in header and error where it has the form of one, else ours', async () => {
  const own = 'a3b1c2d4-0000-4000-8000-00000000abcd'
  for (const [sent, expected] of [[own, own], ['<b>not an id</b>', undefined], [undefined, undefined]] as const) {
    const reply = await t.server.inject({ url: '/v1.0/me', authority: 'reset.contoso.example', headers: sent === undefined ? {} : { 'client-request-id': sent } })
    const { innerError } = reply.json().error
    assert.equal(innerError['request-id'], reply.headers['request-id'])
    for (const told of [innerError['client-request-id'], reply.headers['client-request-id']]) assert.equal(told, expected ?? innerError['request-id'])
    assert.match(innerError.date, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/, 'without a Z (graph §2.3)')
  }
})

test('nobody without a session gets anything, in Graph’s voice', async () => {
  const reply = await t.browser().json('GET', '/v1.0/me')
  assert.equal(reply.statusCode, 401)
  assert.equal(reply.json().error.code, 'InvalidAuthenticationToken')
})

test('$select gives what is asked for; the password is never there', async () => {
  const reply = await gus.get(`/v1.0/users/${ann.id}?$select=id,otherMails,passwordProfile,lastPasswordChangeDateTime`)
  assert.equal(reply.statusCode, 200, reply.payload)
  const user = reply.json()
  assert.deepEqual(user.otherMails, ['ann@home.example'])
  assert.equal(user.passwordProfile.password, null)
  assert.ok(!reply.payload.includes('argon2'))
  assert.equal((await gus.get(`/v1.0/users/${ann.id}?$select=hash`)).statusCode, 400)
})

test('a user can be asked for by name, too; paths do not mind the case', async () => {
  assert.equal((await gus.get('/V1.0/Users/ANN@contoso.example')).json().id, ann.id)
})

test('people without a role see who somebody is, and no contact data', async () => {
  const bob = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'bob' }))
  const seen = (await bob.get(`/v1.0/users/${ann.id}`)).json()
  assert.equal(seen.displayName, 'Ann Test')
  assert.ok(!('mobilePhone' in seen))
  assert.equal((await bob.get(`/v1.0/users/${ann.id}?$select=otherMails`)).statusCode, 403)
  assert.equal((await bob.get('/v1.0/users?$filter=accountEnabled eq false')).statusCode, 403, 'a filter would tell as well (T-65)')
  assert.equal((await bob.get("/v1.0/users?$filter=startswith(displayName,'Ann')")).statusCode, 200)
})

test('pages follow one another by signed tokens, which are good for nobody and nothing else (T-43)', async () => {
  for (let n = 0; n < 12; n++) await addPerson(t.app, t.tenantId, { name: `many${n}` })
  const names: string[] = []
  let url: string | undefined = '/v1.0/users?$top=5'
  let token = ''
  while (url) {
    const page = (await gus.get(url)).json() as { value: { displayName: string }[]; '@odata.nextLink'?: string }
    names.push(...page.value.map(one => one.displayName))
    const next: string | undefined = page['@odata.nextLink']
    if (next) {
      assert.ok(next.startsWith(`${origin}/v1.0/users?`))
      token = new URL(next).searchParams.get('$skiptoken')!
    }
    url = next?.slice(origin.length)
  }
  assert.equal(new Set(names).size, names.length)
  assert.equal(names.length, await t.app.db.selectFrom('users').select('id').execute().then(rows => rows.length))
  const hal = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'hal', roles: [roleIds.helpdeskAdministrator] }))
  const stolen = await hal.get(`/v1.0/users?$top=5&$skiptoken=${encodeURIComponent(token)}`)
  assert.equal(stolen.statusCode, 400)
  assert.equal(stolen.json().error.code, 'Directory_ExpiredPageToken')
  assert.equal((await gus.get(`/v1.0/users?$top=6&$skiptoken=${encodeURIComponent(token)}`)).statusCode, 400)
  assert.equal((await gus.get(`/v1.0/users?$top=5&$skiptoken=${encodeURIComponent(`x${token}`)}`)).statusCode, 400)
})

test('filters: by name, by beginning; what is not offered is 400, and advanced ones want ConsistencyLevel (LD-59)', async () => {
  const ids = async (filter: string) => (await gus.get(`/v1.0/users?$filter=${encodeURIComponent(filter)}`)).json().value.map((one: { id: string }) => one.id)
  assert.deepEqual(await ids("userPrincipalName eq 'ANN@contoso.example'"), [ann.id])
  assert.ok((await ids("startswith(displayName,'Ann')")).includes(ann.id))
  assert.deepEqual(await ids("userPrincipalName eq 'o''brien@contoso.example'"), [])
  for (const filter of ["passwordProfile/password eq 'x'", "contains(displayName,'%')", "hash eq 'x'", "displayName eq"]) {
    assert.equal((await gus.get(`/v1.0/users?$filter=${encodeURIComponent(filter)}`)).statusCode, 400, filter)
  }
  assert.equal((await gus.get('/v1.0/users?$count=true')).statusCode, 400)
  const counted = await gus.browser.request({ method: 'GET', url: '/v1.0/users?$count=true&$top=1', headers: { consistencylevel: 'eventual' } })
  assert.ok(counted.json()['@odata.count'] > 10, counted.payload)
  for (const top of ['0', '1000', '1e9', '-1']) assert.equal((await gus.get(`/v1.0/users?$top=${top}`)).statusCode, 400, top)
  assert.equal((await gus.get('/v1.0/users?$skip=1')).statusCode, 400)
})

test('PATCH changes contact data, and what an administrator wrote counts for a reset (M-24, A-03)', async () => {
  const cleo = await addPerson(t.app, t.tenantId, { name: 'cleo' })
  const done = await gus.patch(`/v1.0/users/${cleo.id}`, { mobilePhone: '+45 40506070', otherMails: ['cleo@home.example'], businessPhones: ['+45 33123456'] })
  assert.equal(done.statusCode, 204, done.payload)
  const seen = (await gus.get(`/v1.0/users/${cleo.id}?$select=mobilePhone,otherMails,businessPhones`)).json()
  assert.deepEqual([seen.mobilePhone, seen.otherMails, seen.businessPhones], ['+45 40506070', ['cleo@home.example'], ['+45 33123456']])
  await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 2 })
  const verdict = (await gus.post('/api/diagnose', { question: 'D-19', target: cleo.id })).json()
  assert.equal(verdict.verdict.code, 'CAN_RESET_NOW')
})

test('T-44: every read-only or unknown property is 400, and nothing changes', async () => {
  const whole = (await gus.get(`/v1.0/users/${ann.id}`)).json()
  for (const extra of [{ id: 'x' }, { tenantId: 'x' }, { createdDateTime: 'x' }, { credentialEpoch: 9 }, { isAdmin: true }, { roles: [] }, { hash: 'x' }, { verified: true }, whole]) {
    const reply = await gus.patch(`/v1.0/users/${ann.id}`, { displayName: 'Other', ...extra })
    assert.equal(reply.statusCode, 400, JSON.stringify(extra).slice(0, 60))
    assert.equal(reply.json().error.innerError.code, 'LK_FIELD_UNKNOWN')
  }
  assert.equal((await gus.get(`/v1.0/users/${ann.id}`)).json().displayName, 'Ann Test')
})

test('POST makes a user who can be found, once; a name somebody has is 400, never 409 (LD-49)', async () => {
  const body = { accountEnabled: true, displayName: 'Dora', mailNickname: 'dora', userPrincipalName: 'dora@contoso.example', passwordProfile: { password: 'Kelp-7-wander' } }
  const made = await gus.post('/v1.0/users', body)
  assert.equal(made.statusCode, 201, made.payload)
  assert.equal((await gus.get('/v1.0/users/dora@contoso.example')).json().id, made.json().id)
  const clash = await gus.post('/v1.0/users', body)
  assert.equal(clash.statusCode, 400)
  assert.equal(clash.json().error.details[0].code, 'ObjectConflict')
  assert.equal(clash.json().error.details[0].target, 'userPrincipalName')
  assert.equal((await gus.post('/v1.0/users', { ...body, userPrincipalName: 'dora@elsewhere.example' })).statusCode, 400)
  assert.equal((await gus.post('/v1.0/users', { ...body, userPrincipalName: 'weak@contoso.example', passwordProfile: { password: 'password' } })).statusCode, 400)
  assert.equal((await (await signedIn(t, ann)).post('/v1.0/users', { ...body, userPrincipalName: 'e@contoso.example' })).statusCode, 403)
})

test('a profile is kept whole: what POST and PATCH give, $select shows and filters find', async () => {
  const body = {
    accountEnabled: true, displayName: 'Ida', mailNickname: 'ida.k', userPrincipalName: 'ida@contoso.example', passwordProfile: { password: 'Kelp-7-wander' }, mail: 'Ida.K@contoso.example',
    city: 'Rīga', companyName: 'Contoso', employeeId: 'E-77', employeeHireDate: '2024-02-01T00:00:00Z', showInAddressList: false, onPremisesExtensionAttributes: { extensionAttribute3: 'three' },
  }
  const made = await gus.post('/v1.0/users', body)
  assert.equal(made.statusCode, 201, made.payload)
  const select = 'mailNickname,mail,city,companyName,employeeId,employeeHireDate,showInAddressList,onPremisesExtensionAttributes,identities,assignedLicenses,faxNumber'
  const seen = (await gus.get(`/v1.0/users/${made.json().id}?$select=${select}`)).json()
  assert.deepEqual([seen.mailNickname, seen.mail, seen.city, seen.companyName, seen.employeeId, seen.showInAddressList, seen.faxNumber], ['ida.k', 'Ida.K@contoso.example', 'Rīga', 'Contoso', 'E-77', false, null])
  assert.equal(Date.parse(seen.employeeHireDate), Date.parse('2024-02-01'))
  assert.deepEqual([seen.onPremisesExtensionAttributes.extensionAttribute3, seen.onPremisesExtensionAttributes.extensionAttribute4], ['three', null])
  assert.deepEqual(seen.identities, [{ signInType: 'userPrincipalName', issuer: 'contoso.example', issuerAssignedId: 'ida@contoso.example' }])
  assert.equal((await gus.patch(`/v1.0/users/${made.json().id}`, { city: null, onPremisesExtensionAttributes: { extensionAttribute4: 'four' }, userType: 'Guest' })).statusCode, 204)
  const after = (await gus.get('/v1.0/users/ida@contoso.example?$select=city,companyName,userType,onPremisesExtensionAttributes')).json()
  assert.deepEqual([after.city, after.companyName, after.userType, after.onPremisesExtensionAttributes.extensionAttribute3, after.onPremisesExtensionAttributes.extensionAttribute4], [null, 'Contoso', 'Guest', 'three', 'four'])
  const found = async (filter: string) => (await gus.get(`/v1.0/users?$filter=${encodeURIComponent(filter)}&$select=displayName`)).json().value
  for (const filter of ["employeeId eq 'e-77'", "mailNickname eq 'IDA.K'", "mail eq 'ida.k@contoso.example'", "companyName eq 'contoso' and userType eq 'Guest'", "startswith(mail,'ida') or startswith(displayName,'Nobody')"]) {
    assert.deepEqual(await found(filter), [{ displayName: 'Ida' }], filter)
  }
  const clash = await gus.post('/v1.0/users', { ...body, userPrincipalName: 'ida2@contoso.example', mailNickname: 'ida2' })
  assert.deepEqual([clash.statusCode, clash.json().error.details[0].target], [400, 'mail'])
})

test('$search finds beginnings in the named properties; /$count and $count=true tell how many; each wants ConsistencyLevel', async () => {
  const eventual = (url: string) => gus.browser.request({ method: 'GET', url, headers: { consistencylevel: 'eventual' } })
  const search = encodeURIComponent('"displayName:many" AND "userPrincipalName:many1" OR "displayName:Ida"')
  const found = (await eventual(`/v1.0/users?$search=${search}&$select=userPrincipalName&$top=999&$count=true`)).json()
  assert.deepEqual(found.value.map((one: { userPrincipalName: string }) => one.userPrincipalName).toSorted(), ['ida@contoso.example', 'many10@contoso.example', 'many11@contoso.example', 'many1@contoso.example'])
  assert.equal(found['@odata.count'], 4)
  assert.equal((await gus.get(`/v1.0/users?$search=${search}`)).json().error.innerError.code, 'LK_QUERY_ADVANCED')
  for (const bad of ['displayName:x', '"nothing:x"', '"displayName:"', '"displayName:x" OR', '"hash:x"']) assert.equal((await eventual(`/v1.0/users?$search=${encodeURIComponent(bad)}`)).statusCode, 400, bad)
  const count = await eventual("/v1.0/users/$count?$filter=startswith(displayName,'many')")
  assert.deepEqual([count.payload, String(count.headers['content-type']).startsWith('text/plain')], ['12', true])
  assert.equal((await gus.get('/v1.0/users/$count')).statusCode, 400)
  const live = await t.app.db.selectFrom('users').select('id').where('deletedDateTime', 'is', null).execute()
  assert.equal((await eventual('/v1.0/users/$count')).payload, String(live.length))
})

test('$orderby goes both ways, and with a filter wants ConsistencyLevel', async () => {
  const names = async (query: string) => ((await gus.browser.request({ method: 'GET', url: `/v1.0/users?$select=displayName&$top=999&${query}`, headers: { consistencylevel: 'eventual' } })).json().value as { displayName: string }[]).map(one => one.displayName)
  const up = await names('$orderby=displayName')
  assert.deepEqual(up, up.toSorted((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)))
  assert.deepEqual((await names('$orderby=displayName desc')).map(name => name.toLowerCase()), up.toReversed().map(name => name.toLowerCase()))
  assert.equal((await names("$orderby=displayName desc&$filter=startswith(userPrincipalName,'many')"))[0], 'Many9 Test')
  assert.equal((await gus.get("/v1.0/users?$orderby=displayName&$filter=accountEnabled eq true")).statusCode, 400)
  assert.equal((await gus.get('/v1.0/users?$orderby=mobilePhone')).statusCode, 400)
})

test('DELETE puts the user away: no name finds them, their session is over', async () => {
  const eve = await addPerson(t.app, t.tenantId, { name: 'eve' })
  const session = await signedIn(t, eve)
  assert.equal((await gus.delete(`/v1.0/users/${eve.id}`)).statusCode, 204)
  assert.equal((await gus.get(`/v1.0/users/${eve.id}`)).statusCode, 404)
  assert.equal((await session.get('/v1.0/me')).statusCode, 401)
})

test('disabling an account, revoking sessions and a step that is too old (T-45)', async () => {
  const finn = await addPerson(t.app, t.tenantId, { name: 'finn' })
  const first = await signedIn(t, finn)
  assert.equal((await gus.post(`/v1.0/users/${finn.id}/revokeSignInSessions`)).json().value, true)
  assert.equal((await first.get('/v1.0/me')).statusCode, 401)
  const stale = await signedIn(t, gus.person, { minutesAgo: 11 })
  const refused = await stale.patch(`/v1.0/users/${finn.id}`, { accountEnabled: false })
  assert.equal(refused.statusCode, 401)
  assert.equal(refused.json().error.innerError.code, 'LK_STEP_UP')
  assert.equal((await gus.patch(`/v1.0/users/${finn.id}`, { accountEnabled: false })).statusCode, 204)
  assert.equal((await gus.get(`/v1.0/users/${finn.id}?$select=accountEnabled`)).json().accountEnabled, false)
})

test('everyone changes their own password, knowing the old one, and signs themself out everywhere; nobody does it for others here', async () => {
  const ida = await addPerson(t.app, t.tenantId, { name: 'ida3' })
  const first = await signedIn(t, ida)
  const other = await signedIn(t, ida)
  const change = (currentPassword: string, newPassword: string, path = '/v1.0/me') => first.post(`${path}/changePassword`, { currentPassword, newPassword })
  const wrong = await change('not-this-one', 'Kelp-9-wander')
  assert.deepEqual([wrong.statusCode, wrong.json().error.details[0].target], [400, 'currentPassword'])
  assert.equal((await change(ida.password, 'short')).statusCode, 400)
  assert.equal((await change(ida.password, 'Kelp-9-wander', `/v1.0/users/${ann.id}`)).statusCode, 403)
  assert.equal((await change(ida.password, 'Kelp-9-wander', `/v1.0/users/${ida.id}`)).statusCode, 204)
  assert.equal((await other.get('/v1.0/me')).statusCode, 401)
  assert.equal((await first.get('/v1.0/me')).statusCode, 200)
  assert.equal((await first.post('/v1.0/me/revokeSignInSessions')).json().value, true)
  assert.equal((await first.get('/v1.0/me')).statusCode, 401)
})
