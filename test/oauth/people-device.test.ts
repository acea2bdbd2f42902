/** Signing in on another device (oauth §9), from the device's first request to its tokens, and what stands against phishing by codes. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { azureCliAppId, firstParty, graphAppId } from '../../src/rules/first-party.ts'
import { firstPartyId } from '../../src/store/first-party.ts'
import { addGrant } from '../../src/store/grants.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import type { Browser } from '../support/browse.ts'
import { addPerson, foundTenant, passwordOf, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import { bodyOf, claimsOf, codeOf, documents, press, visit } from '../support/relying-party.ts'
import { signedIn } from '../support/signed-in.ts'

const authority = 'reset.contoso.example'
const page = '/common/oauth2/deviceauth'
const scope = 'https://reset.contoso.example/arm/.default offline_access openid profile'

interface Begun { user_code: string; device_code: string; verification_uri: string; expires_in: number; interval: number; message: string }

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`signing in on another device (${engine})`, () => {
    let t: TestApp
    let ann: Person
    before(async () => {
      t = await makeApp({ engine })
      ann = await addPerson(t.app, t.tenantId, { name: 'ann' })
    })
    after(() => t.close())
    const post = (path: string, form: Record<string, string>, headers: Record<string, string> = {}) => t.server.inject({
      method: 'POST', url: path, authority, payload: new URLSearchParams(form).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    })
    const begin = async (more: Record<string, string> = {}) => {
      const reply = await post(`/${t.tenantId}/oauth2/v2.0/devicecode`, { client_id: azureCliAppId, scope, ...more }, { 'user-agent': 'python/3.11 AZURECLI/2.45.0' })
      assert.equal(reply.statusCode, 200, reply.payload)
      return reply.json<Begun>()
    }
    const poll = (deviceCode: string, more: Record<string, string> = {}) =>
      post(`/${t.tenantId}/oauth2/v2.0/token`, { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: azureCliAppId, device_code: deviceCode, code: deviceCode, ...more })
    /** Types the code and says yes or no. */
    const answer = async (browser: Browser, code: string, say: 'agree' | 'refuse') => {
      await visit(browser, page)
      const confirm = await press(browser, page, { code })
      const answered = await press(browser, page, { code, answer: say })
      return { confirm: confirm.reply, answered: answered.reply }
    }

    test('goes from two codes by a page to tokens, once', async () => {
      const device = await begin()
      assert.match(device.user_code, /^[BCDFGHJKLMNPQRSTVWXZ3479]{9}$/)
      assert.equal(device.verification_uri, `https://${authority}${page}`)
      assert.deepEqual([device.expires_in, device.interval], [900, 5])
      assert.match(device.message, new RegExp(device.user_code))
      assert.equal(codeOf(await poll(device.device_code)), 70016)
      const { browser } = await signedIn(t, ann)
      const { confirm, answered } = await answer(browser, device.user_code, 'agree')
      assert.match(confirm.payload, /Microsoft Azure CLI/)
      assert.match(confirm.payload, /127\.0\.0\.1/)
      assert.match(confirm.payload, /AZURECLI\/2\.45\.0/)
      assert.equal(answered.statusCode, 200, answered.payload)
      const reply = await poll(device.device_code, { client_info: '1' })
      assert.equal(reply.statusCode, 200, reply.payload)
      const body = bodyOf(reply)
      assert.equal(claimsOf(body.access_token)['aud'], `https://${authority}/arm`)
      assert.equal(claimsOf(body.id_token)['preferred_username'], ann.userPrincipalName)
      assert.equal(claimsOf(body.id_token)['tid'], t.tenantId)
      assert.equal(body.scope.split(' ')[0], `https://${authority}/arm/.default`)
      assert.ok(body.refresh_token)
      assert.equal(codeOf(await poll(device.device_code)), 70018, 'the second poll comes too late')
      const forGraph = await post(`/${t.tenantId}/oauth2/v2.0/token`, { grant_type: 'refresh_token', client_id: azureCliAppId, refresh_token: body.refresh_token, scope: `https://${authority}//.default offline_access openid profile` })
      assert.equal(forGraph.statusCode, 200, forGraph.payload)
      assert.equal(claimsOf(bodyOf(forGraph).access_token)['aud'], `https://${authority}/`)
    })

    test('takes both spellings of the grant, and the code with blanks, dashes and small letters', async () => {
      const device = await begin()
      assert.equal(codeOf(await poll(device.device_code, { grant_type: 'device_code' })), 70016)
      const { browser } = await signedIn(t, ann)
      const typed = `${device.user_code.slice(0, 4)}-${device.user_code.slice(4)} `.toLowerCase()
      await answer(browser, typed, 'agree')
      assert.equal((await poll(device.device_code, { grant_type: 'device_code' })).statusCode, 200)
    })

    test('leads by the sign-in page, with everything that is due there', async () => {
      const device = await begin()
      const bob = await addPerson(t.app, t.tenantId, { name: 'bob', mustChange: true })
      const browser = t.browser()
      await visit(browser, page)
      assert.match(browser.path, /^\/signin\?continue=/)
      await press(browser, '/signin', { userName: bob.userPrincipalName, password: passwordOf('bob'), continue: page })
      assert.equal(browser.path, '/signin/new-password')
      await press(browser, '/signin/new-password', { password: passwordOf('bob'), newPassword: 'Other-Kelp-71!x', confirmPassword: 'Other-Kelp-71!x' })
      assert.equal(browser.path, page)
      await answer(browser, device.user_code, 'agree')
      assert.equal((await poll(device.device_code)).statusCode, 200)
    })

    test('is refused by a person: the device hears it, and the code is dead', async () => {
      const device = await begin()
      const { browser } = await signedIn(t, ann)
      await answer(browser, device.user_code, 'refuse')
      const reply = await poll(device.device_code)
      assert.equal(bodyOf(reply).error, 'authorization_declined')
      const { confirm } = await answer(browser, device.user_code, 'agree')
      assert.equal(confirm.statusCode, 422)
    })

    test('ends after fifteen minutes, for the page and for the poll', async () => {
      const device = await begin()
      await t.clock.advance(15 * 60_000)
      assert.equal(bodyOf(await poll(device.device_code)).error, 'expired_token')
      const { browser } = await signedIn(t, ann)
      assert.equal((await answer(browser, device.user_code, 'agree')).confirm.statusCode, 422)
    })

    test('takes no code from a link, and signs nobody in without a yes (T-31, T-10)', async () => {
      const device = await begin()
      const { browser } = await signedIn(t, ann)
      const { reply } = await visit(browser, `${page}?user_code=${device.user_code}&code=${device.user_code}&answer=agree`)
      assert.doesNotMatch(reply.payload, new RegExp(`value="${device.user_code}"`))
      assert.equal(codeOf(await poll(device.device_code)), 70016)
      const foreign = await browser.request({ method: 'POST', url: page, payload: new URLSearchParams({ code: device.user_code, answer: 'agree' }).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' } })
      assert.equal(foreign.statusCode, 403)
      assert.equal(codeOf(await poll(device.device_code)), 70016)
    })

    test('T-42: a yes is to what stood on the page, not to what the program’s owner has written there since', async () => {
      const offered = firstParty(graphAppId)!.scopes
      const wants = (...names: string[]) => [{ resourceAppId: graphAppId, resourceAccess: names.map(name => ({ id: offered.find(one => one.value === name)!.id, type: 'Scope' as const })) }]
      const tv = await addProgram(t.app, t.tenantId, { name: 'Television', document: { ...documents.public, requiredResourceAccess: wants('User.Read') } })
      const device = await begin({ client_id: tv.appId, scope: 'openid https://graph.microsoft.com/.default' })
      const { browser } = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] }))
      await visit(browser, page)
      assert.doesNotMatch((await press(browser, page, { code: device.user_code })).reply.payload, /AccessAsUser/)
      const { document } = await t.app.db.selectFrom('applications').select('document').where('id', '=', tv.applicationId).executeTakeFirstOrThrow()
      await t.app.db.updateTable('applications').where('id', '=', tv.applicationId)
        .set({ document: JSON.stringify({ ...JSON.parse(document), requiredResourceAccess: wants('User.Read', 'Directory.AccessAsUser.All') }), version: t.app.now() + 1 }).execute()
      const again = await press(browser, page, { code: device.user_code, answer: 'agree' })
      assert.match(again.reply.payload, /Directory\.AccessAsUser\.All/, 'the page comes again, with what is asked now')
      assert.equal(codeOf(await poll(device.device_code, { client_id: tv.appId })), 70016)
      await press(browser, page, { code: device.user_code, answer: 'agree' })
      assert.equal((await poll(device.device_code, { client_id: tv.appId })).statusCode, 200)
    })

    test('lets nobody guess codes: twenty in ten minutes', async () => {
      const device = await begin()
      const { browser } = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'guesser' }))
      await visit(browser, page)
      for (let n = 0; n < 20; n++) assert.equal((await press(browser, page, { code: 'BBBBBBBBB' })).reply.statusCode, 422)
      assert.equal((await press(browser, page, { code: device.user_code })).reply.statusCode, 429)
    })

    test('is for people of the organisation it was begun in', async () => {
      const device = await begin()
      const otherTenant = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
      const eve = await addPerson(t.app, otherTenant, { name: 'eve', domain: 'fabrikam.example' })
      const { browser } = await signedIn(t, eve)
      assert.equal((await answer(browser, device.user_code, 'agree')).confirm.statusCode, 422)
      const elsewhere = await post(`/${otherTenant}/oauth2/v2.0/token`, { grant_type: 'device_code', client_id: azureCliAppId, device_code: device.device_code })
      assert.equal(codeOf(elsewhere), 70018)
    })

    test('asks for what was not agreed to yet, and for an administrator where one is needed', async () => {
      const tool = await addProgram(t.app, t.tenantId, { name: 'Tool', document: documents.public, withoutSecret: true })
      const mine = await begin({ client_id: tool.appId, scope: 'openid User.Read' })
      const { browser } = await signedIn(t, ann)
      const { confirm } = await answer(browser, mine.user_code, 'agree')
      assert.match(confirm.payload, /Read your profile/)
      assert.equal((await poll(mine.device_code, { client_id: tool.appId })).statusCode, 200)
      const grave = await begin({ client_id: tool.appId, scope: 'openid Directory.Read.All' })
      const refused = await answer(browser, grave.user_code, 'agree')
      assert.doesNotMatch(refused.confirm.payload, /value="agree"/)
      assert.equal(bodyOf(await poll(grave.device_code, { client_id: tool.appId })).error, 'authorization_declined')
    })

    test('gives of ten polls at once one its tokens (T-05)', async () => {
      const device = await begin()
      const { browser } = await signedIn(t, ann)
      await answer(browser, device.user_code, 'agree')
      const replies = await Promise.all(Array.from({ length: 10 }, () => poll(device.device_code)))
      assert.equal(replies.filter(one => one.statusCode === 200).length, 1)
    })

    test('gives nothing when the password was reset between yes and poll (T-19)', async () => {
      const carl = await addPerson(t.app, t.tenantId, { name: 'carl' })
      const device = await begin()
      const { browser } = await signedIn(t, carl)
      await answer(browser, device.user_code, 'agree')
      await t.app.db.updateTable('users').set({ credentialEpoch: 1 }).where('id', '=', carl.id).execute()
      assert.equal(codeOf(await poll(device.device_code)), 50173)
    })

    test('knows codes of its own kind and program only, and says what is wrong at the start', async () => {
      const device = await begin()
      const other = await addProgram(t.app, t.tenantId, { name: 'Third', document: documents.public, withoutSecret: true })
      await addGrant(t.app.db, { tenantId: t.tenantId, clientId: other.servicePrincipalId, resourceId: firstPartyId(t.tenantId, graphAppId), principalId: null, scopes: ['openid'], at: t.app.now() })
      assert.equal(codeOf(await poll(device.device_code, { client_id: other.appId })), 70018)
      for (const text of ['x', device.user_code, device.device_code.replace('1d', '1c'), `${device.device_code}x`]) assert.equal(codeOf(await poll(text)), 70018, text)
      const start = (form: Record<string, string>) => post(`/${t.tenantId}/oauth2/v2.0/devicecode`, { client_id: azureCliAppId, scope, ...form })
      assert.equal(codeOf(await start({ scope: 'https://nowhere.example/.default' })), 500011)
      assert.equal(codeOf(await start({ scope: '' })), 900144)
      assert.equal(codeOf(await start({ client_id: '11111111-1111-4111-8111-111111111111' })), 700016)
      const confidential = await addProgram(t.app, t.tenantId, { name: 'Closed', document: documents.confidential })
      assert.equal(codeOf(await start({ client_id: confidential.appId })), 7000218)
    })

    test('speaks the reader’s language where it is asked to', async () => {
      const reply = await post(`/common/oauth2/v2.0/devicecode?mkt=da-DK`, { client_id: azureCliAppId, scope })
      assert.match(reply.json<Begun>().message, /^For at logge på/)
    })
  })
