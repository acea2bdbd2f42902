/** The password grant (oauth §8, LD-31, LD-32): off unless allowed, and no way around anything that signing in asks for. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { azureCliAppId } from '../../src/rules/first-party.ts'
import { flushSignIns } from '../../src/store/sign-ins.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, passwordOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import { bodyOf, claimsOf, codeOf, documents } from '../support/relying-party.ts'

const authority = 'reset.contoso.example'
const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`the password grant (${engine})`, () => {
    let t: TestApp
    let ann: Person
    before(async () => {
      t = await makeApp({ engine })
      ann = await addPerson(t.app, t.tenantId, { name: 'ann' })
      await allow(true)
    })
    after(() => t.close())
    const allow = (passwordGrant: boolean) => changePolicy(t.app, t.tenantId, 'tenantSettings', { passwordGrant })
    const ask = (form: Record<string, string> = {}, { tenant = t.tenantId, version = 'v2.0/' } = {}) => t.server.inject({
      method: 'POST', url: `/${tenant}/oauth2/${version}token`, authority, headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-anchormailbox': 'upn:ann' },
      payload: new URLSearchParams({
        grant_type: 'password', client_id: azureCliAppId, username: ann.userPrincipalName, password: ann.password, client_info: '1', claims: '{"access_token":{"xms_cc":{"values":["CP1"]}}}',
        ...(version === '' ? { resource: `https://${authority}/arm` } : { scope: `https://${authority}/arm/.default offline_access openid profile` }), ...form,
      }).toString(),
    })

    test('gives tokens for name and password, where the organisation allows it', async () => {
      const reply = await ask()
      assert.equal(reply.statusCode, 200, reply.payload)
      const body = bodyOf(reply)
      assert.equal(claimsOf(body.id_token)['preferred_username'], ann.userPrincipalName)
      assert.deepEqual(claimsOf(body.access_token)['amr'], ['pwd'])
      assert.ok(body.refresh_token)
      assert.ok(body.client_info)
      await allow(false)
      assert.equal(codeOf(await ask()), 700002)
      await allow(true)
    })

    test('works at adfs and organizations, and not at common', async () => {
      assert.equal((await ask({}, { tenant: 'adfs' })).statusCode, 200)
      assert.equal((await ask({}, { tenant: 'organizations' })).statusCode, 200)
      assert.equal((await ask({}, { tenant: 'contoso.example' })).statusCode, 200)
      assert.equal(codeOf(await ask({}, { tenant: 'common' })), 9001023)
    })

    test('speaks the older endpoint’s form: numbers as text, the resource as asked', async () => {
      const body = bodyOf(await ask({}, { version: '' })) as unknown as Record<string, unknown>
      assert.equal(typeof body['expires_in'], 'string')
      assert.equal(body['resource'], `https://${authority}/arm`)
    })

    test('says the same of a wrong password and of a name that nobody has', async () => {
      const [wrong, nobody] = [await ask({ password: 'wrong' }), await ask({ username: 'nobody@contoso.example' })]
      assert.deepEqual([wrong.statusCode, codeOf(wrong), bodyOf(wrong).error], [400, 50126, 'invalid_grant'])
      const plain = (reply: typeof wrong) => bodyOf(reply).error_description.replace(/ Trace ID.*/, '')
      assert.equal(plain(wrong), plain(nobody))
      assert.equal(wrong.headers['retry-after'], undefined)
    })

    test('tells what is wrong with an account after the right password only (LD-32)', async () => {
      const disabled = await addPerson(t.app, t.tenantId, { name: 'dis', disabled: true })
      const must = await addPerson(t.app, t.tenantId, { name: 'must', mustChange: true })
      const two = await addPerson(t.app, t.tenantId, { name: 'two', totp: seed })
      const enrol = await addPerson(t.app, t.tenantId, { name: 'enrol', perUserMfaState: 'enforced' })
      for (const [person, code] of [[disabled, 50057], [must, 50055], [two, 50076], [enrol, 50079]] as const) {
        const as = { username: person.userPrincipalName, password: person.password }
        assert.equal(codeOf(await ask(as)), code, person.displayName)
        assert.equal(codeOf(await ask({ ...as, password: 'wrong' })), 50126, person.displayName)
      }
      const challenge = bodyOf(await ask({ username: two.userPrincipalName, password: two.password })) as unknown as { claims: string }
      assert.equal(bodyOf(await ask({ username: two.userPrincipalName, password: two.password })).suberror, 'basic_action')
      assert.ok(JSON.parse(challenge.claims))
      assert.equal(bodyOf(await ask({ username: two.userPrincipalName, password: two.password }, { version: '' })).error, 'interaction_required')
      assert.equal(bodyOf(await ask({ username: must.userPrincipalName, password: must.password })).suberror, 'user_password_expired')
    })

    test('does not use up a temporary password, which is for the page', async () => {
      const tim = await addPerson(t.app, t.tenantId, { name: 'tim', mustChange: true })
      await t.app.db.updateTable('passwords').set({ temporaryUntil: t.app.now() + 1_000_000 }).where('userId', '=', tim.id).execute()
      assert.equal(codeOf(await ask({ username: tim.userPrincipalName, password: tim.password })), 50055)
      const row = await t.app.db.selectFrom('passwords').select('temporaryUsedAt').where('userId', '=', tim.id).executeTakeFirstOrThrow()
      assert.equal(row.temporaryUsedAt, null)
    })

    test('spends the tries of the sign-in page, for names that nobody has as well', async () => {
      for (const name of ['lock', 'ghost']) {
        if (name === 'lock') await addPerson(t.app, t.tenantId, { name })
        const as = { username: `${name}@contoso.example` }
        for (let n = 0; n < 10; n++) assert.equal(codeOf(await ask({ ...as, password: `wrong ${n}` })), 50126)
        const locked = await ask({ ...as, password: passwordOf(name) })
        assert.deepEqual([locked.statusCode, codeOf(locked)], [400, 50053], name)
      }
      const signIn = await t.browser().json('POST', '/api/signin', { userName: 'lock@contoso.example', password: passwordOf('lock') })
      assert.equal(signIn.statusCode, 429)
    })

    test('needs a program that is public or proves itself', async () => {
      const closed = await addProgram(t.app, t.tenantId, { name: 'Closed', document: documents.confidential })
      assert.equal(codeOf(await ask({ client_id: closed.appId })), 7000218)
      assert.equal(codeOf(await ask({ client_id: closed.appId, client_secret: closed.secret })), 65001)
    })

    test('asks for what is missing by its name', async () => {
      assert.match(bodyOf(await ask({ username: '' })).error_description, /'username'/)
      assert.match(bodyOf(await ask({ password: '' })).error_description, /'password'/)
      assert.match(bodyOf(await ask({ scope: '' })).error_description, /'scope'/)
    })

    test('stands in the sign-in log, right and wrong, without the name of nobody (T-78)', async () => {
      await ask()
      await ask({ username: 'hunter2-is-my-password@contoso.example' })
      await flushSignIns(t.app)
      const rows = await t.app.db.selectFrom('signIns').select(['userId', 'result', 'errorCode', 'appId', 'accountHint']).where('appId', '=', azureCliAppId).execute()
      assert.ok(rows.some(row => row.userId === ann.id && row.result === 'success'))
      assert.ok(rows.some(row => row.errorCode === 50126 && row.userId === null && row.accountHint === 'h'))
    })
  })
