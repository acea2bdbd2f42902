/** Signing in to a program by a code, from the first request to the token, as the program and the browser see it (oauth §10). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { addGrant } from '../../src/store/grants.ts'
import { flushSignIns } from '../../src/store/sign-ins.ts'
import { firstPartyId } from '../../src/store/first-party.ts'
import { graphAppId } from '../../src/rules/first-party.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, passwordOf } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import type { Program } from '../support/programs.ts'
import { RelyingParty, bodyOf, claimsOf, codeOf, documents, press, visit } from '../support/relying-party.ts'
import { signedIn } from '../support/signed-in.ts'

const scopes = ['openid', 'profile', 'email', 'offline_access', 'User.Read']

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`signing in to a program (${engine})`, () => {
    let t: TestApp
    let ann: Person
    let shop: Program
    before(async () => {
      t = await makeApp({ engine })
      ann = await addPerson(t.app, t.tenantId, { name: 'ann', mail: 'ann@contoso.example' })
      shop = await addProgram(t.app, t.tenantId, { name: 'Shop', document: documents.confidential })
      await consent(shop)
    })
    after(() => t.close())

    const consent = (program: Program, values = scopes) => addGrant(t.app.db, {
      tenantId: t.tenantId, clientId: program.servicePrincipalId, resourceId: firstPartyId(t.tenantId, graphAppId), principalId: null, scopes: values, at: t.app.now(),
    })
    const fields = { userName: 'ann@contoso.example', password: passwordOf('ann') }
    /** A code for Ann, who is signed in. */
    const codeFor = async (party: RelyingParty, wish: Parameters<RelyingParty['authorizePath']>[0] = {}) => {
      const { browser } = await signedIn(t, ann)
      const { answer, reply } = await visit(browser, party.authorizePath(wish))
      const code = answer?.get('code')
      assert.ok(code, `${reply.statusCode} ${answer?.toString() ?? reply.payload}`)
      return code
    }

    test('goes by the sign-in page, comes back with code and state, and gives tokens', async () => {
      const party = new RelyingParty(t, shop)
      const browser = t.browser()
      await visit(browser, party.authorizePath())
      assert.match(browser.path, /^\/signin\?continue=/)
      const next = /name="continue" value="([^"]*)"/.exec(browser.page)![1]!
      const { answer, reply } = await press(browser, '/signin', { ...fields, continue: next })
      assert.equal(answer?.get('state'), party.state, reply.payload)
      assert.ok(answer?.get('session_state'))
      const tokens = await party.redeem(answer?.get('code') ?? '', { client_info: '1' })
      assert.equal(tokens.statusCode, 200, tokens.payload)
      const body = bodyOf(tokens)
      assert.equal(body.token_type, 'Bearer')
      assert.equal(typeof body.expires_in, 'number')
      assert.deepEqual(body.scope.split(' ').toSorted(), ['User.Read', 'offline_access', 'openid', 'profile'])
      assert.deepEqual(JSON.parse(Buffer.from(body.client_info, 'base64url').toString()), { uid: ann.id, utid: t.tenantId })
      const id = claimsOf(body.id_token)
      assert.equal(id['aud'], shop.appId)
      assert.equal(id['iss'], `https://reset.contoso.example/${t.tenantId}/v2.0`)
      assert.equal(id['nonce'], party.nonce)
      assert.equal(id['oid'], ann.id)
      assert.equal(id['tid'], t.tenantId)
      assert.equal(id['preferred_username'], 'ann@contoso.example')
      const access = claimsOf(body.access_token)
      assert.equal(access['scp'], 'User.Read openid profile')
      assert.deepEqual(access['amr'], ['pwd'])
      assert.equal(access['sub'], id['sub'])
      assert.notEqual(access['sub'], ann.id)
      const me = await t.server.inject({ url: '/v1.0/me', authority: 'reset.contoso.example', headers: { authorization: `Bearer ${body.access_token}` } })
      assert.equal(me.statusCode, 200, me.payload)
      assert.equal(me.json<{ id: string }>().id, ann.id)
    })

    test('is at once for somebody who is signed in already', async () => {
      const { browser } = await signedIn(t, ann)
      const reply = await browser.request({ method: 'GET', url: new RelyingParty(t, shop).authorizePath() })
      assert.equal(reply.statusCode, 303)
      assert.match(String(reply.headers.location), /^https:\/\/app\.example\/callback\?code=/)
    })

    test('answers in a query, in a fragment, or as a form that goes to the registered address only', async () => {
      const { browser } = await signedIn(t, ann)
      const party = new RelyingParty(t, shop)
      const fragment = await browser.request({ method: 'GET', url: party.authorizePath({ more: { response_mode: 'fragment' } }) })
      assert.match(String(fragment.headers.location), /^https:\/\/app\.example\/callback#code=/)
      const form = await browser.request({ method: 'GET', url: party.authorizePath({ more: { response_mode: 'form_post' } }) })
      assert.equal(form.statusCode, 200)
      assert.match(form.payload, /<form method="post" action="https:\/\/app\.example\/callback"/)
      assert.match(String(form.headers['content-security-policy']), /form-action https:\/\/app\.example;/)
      assert.doesNotMatch(form.payload, /_csrf/)
      const { answer } = await visit(browser, party.authorizePath({ more: { response_mode: 'form_post' } }))
      assert.equal(answer?.get('state'), party.state)
      assert.equal((await party.redeem(answer!.get('code')!)).statusCode, 200)
    })

    test('takes the request as a form from another site, which brings no cookie', async () => {
      const { browser } = await signedIn(t, ann)
      const party = new RelyingParty(t, shop)
      const url = party.authorizePath()
      const [path, query] = url.split('?') as [string, string]
      const posted = await t.server.inject({ method: 'POST', url: path, authority: 'reset.contoso.example', payload: query, headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://app.example', 'sec-fetch-site': 'cross-site' } })
      assert.equal(posted.statusCode, 303, posted.payload)
      const { answer } = await visit(browser, String(posted.headers.location))
      assert.ok(answer?.get('code'))
    })

    test('shows a wrong redirect address on our page and sends nobody there (T-34)', async () => {
      const { browser } = await signedIn(t, ann)
      const { reply, answer } = await visit(browser, new RelyingParty(t, shop).authorizePath({ redirectUri: 'https://evil.example/' }))
      assert.equal(answer, undefined)
      assert.equal(reply.statusCode, 400)
      assert.match(reply.payload, /AADSTS50011/)
      assert.doesNotMatch(reply.payload, /href="https:\/\/evil/)
    })

    test('shows an unknown program and an unknown organisation on our page', async () => {
      const browser = t.browser()
      const party = new RelyingParty(t, { ...shop, appId: '11111111-1111-4111-8111-111111111111' })
      assert.match((await visit(browser, party.authorizePath())).reply.payload, /AADSTS700016/)
      assert.match((await visit(browser, party.authorizePath({ tenant: 'nobody.example' }))).reply.payload, /AADSTS90002/)
    })

    test('takes a parameter that is given twice for none, and never falls over', async () => {
      const party = new RelyingParty(t, shop)
      const url = party.authorizePath()
      for (const more of ['&state=other', `&client_id=${shop.appId}`, '&redirect_uri=https%3A%2F%2Fevil.example%2F', '&scope=openid', '&mkt=en&mkt=da']) {
        const { reply, answer } = await visit(t.browser(), url + more)
        assert.equal(reply.statusCode, 400, more)
        assert.equal(answer, undefined)
        assert.match(reply.payload, /AADSTS9002313/)
      }
      for (const odd of ['&mkt[a]=b', '&%', '&=', '&__proto__=x', '&constructor=x', `&x=${'y'.repeat(5000)}`, '&claims=%7B%7D&claims_locales=x&acr_values=x&ui_locales=da&id_token_hint=x&display=popup&resource=x'])
        assert.match(String((await t.browser().request({ method: 'GET', url: url + odd })).headers.location ?? ''), /^\/signin\?continue=/, odd)
    })

    test('whatever is asked gets a page or goes to the registered address: never a 500, never elsewhere', async () => {
      const { browser } = await signedIn(t, ann)
      const names = ['client_id', 'response_type', 'redirect_uri', 'scope', 'state', 'nonce', 'prompt', 'response_mode', 'code_challenge', 'code_challenge_method', 'max_age', 'login_hint', 'resource', 'claims', 'mkt']
      const usual = fc.constantFrom(shop.appId, 'code', 'id_token', 'https://app.example/callback', 'openid', 'openid User.Read', 'none', 'login', 'fragment', 'form_post', 'S256', '0', 'ann@contoso.example', '\0', '😀', '%', 'https://x/.default')
      await fc.assert(fc.asyncProperty(fc.constantFrom(t.tenantId, 'common', 'contoso.example'), fc.constantFrom('v2.0/', ''), fc.dictionary(fc.constantFrom(...names), fc.oneof(usual, fc.string())), async (tenant, version, query) => {
        const given = { client_id: shop.appId, response_type: 'code', redirect_uri: 'https://app.example/callback', scope: 'openid', ...query }
        const reply = await browser.request({ method: 'GET', url: `/${tenant}/oauth2/${version}authorize?${new URLSearchParams(given)}` })
        const location = String(reply.headers.location ?? '')
        assert.ok([200, 303, 400].includes(reply.statusCode), `${reply.statusCode} ${JSON.stringify(given)}`)
        if (reply.statusCode === 303) assert.match(location, /^(\/signin\?|\/oauth2\/continue\/|https:\/\/app\.example\/callback[?#])/)
        if (reply.statusCode === 400 && location === '') assert.match(String(reply.headers['content-type']), /^text\/html|application\/json/)
      }), { numRuns: engine === 'sqlite' ? 150 : 40 })
    })

    test('the older address names the resource apart', async () => {
      const party = new RelyingParty(t, shop)
      const { browser } = await signedIn(t, ann)
      const url = party.authorizePath({ more: { resource: 'https://graph.microsoft.com', scope: undefined } }).replace('/v2.0/', '/')
      const { answer, reply } = await visit(browser, url)
      const code = answer?.get('code')
      assert.ok(code, reply.payload)
      assert.equal(claimsOf(bodyOf(await party.redeem(code)).access_token)['aud'], 'https://graph.microsoft.com')
    })

    test('tells the program what is wrong with its request, with its state', async () => {
      const browser = t.browser()
      const party = new RelyingParty(t, shop)
      const { answer } = await visit(browser, party.authorizePath({ more: { response_type: 'token' } }))
      assert.equal(answer?.get('error'), 'unsupported_response_type')
      assert.match(answer?.get('error_description') ?? '', /^AADSTS700054: /)
      assert.equal(answer?.get('state'), party.state)
      const { browser: ours } = await signedIn(t, ann)
      const scope = await visit(ours, party.authorizePath({ scope: 'openid No.Such' }))
      assert.equal(scope.answer?.get('error'), 'invalid_scope')
      const resource = await visit(ours, party.authorizePath({ scope: 'openid https://nowhere.example/x' }))
      assert.match(resource.answer?.get('error_description') ?? '', /^AADSTS500011: /)
    })

    test('prompt=none answers without a page: the code, or that somebody must sign in or agree', async () => {
      const party = new RelyingParty(t, shop)
      const silent = { more: { prompt: 'none' } }
      assert.equal((await visit(t.browser(), party.authorizePath(silent))).answer?.get('error'), 'login_required')
      const { browser } = await signedIn(t, ann)
      assert.ok((await visit(browser, party.authorizePath(silent))).answer?.get('code'))
      const wants = await visit(browser, party.authorizePath({ ...silent, scope: 'openid User.ReadWrite' }))
      assert.equal(wants.answer?.get('error'), 'consent_required')
    })

    test('prompt=login asks for the password again, and the session of before stays until then', async () => {
      const { browser } = await signedIn(t, ann)
      const party = new RelyingParty(t, shop)
      const { answer } = await visit(browser, party.authorizePath({ more: { prompt: 'login' } }))
      assert.equal(answer, undefined)
      assert.match(browser.path, /^\/signin\?continue=.*&prompt=login$/)
      assert.equal((await browser.request({ method: 'GET', url: '/account' })).statusCode, 200)
      const next = /name="continue" value="([^"]*)"/.exec(browser.page)![1]!
      const again = await press(browser, '/signin', { ...fields, continue: next })
      assert.ok(again.answer?.get('code'), again.reply.payload)
    })

    test('a request is answered once: the way back shows that it has ended', async () => {
      const party = new RelyingParty(t, shop)
      const browser = t.browser()
      await visit(browser, party.authorizePath())
      const next = /name="continue" value="([^"]*)"/.exec(browser.page)![1]!
      assert.ok((await press(browser, '/signin', { ...fields, continue: next })).answer?.get('code'))
      const { reply, answer } = await visit(browser, next)
      assert.equal(reply.statusCode, 410)
      assert.equal(answer, undefined)
    })

    test('a code is good once; whoever shows it again ends what came of it, and the audit tells', async () => {
      const party = new RelyingParty(t, shop)
      const code = await codeFor(party)
      const tokens = bodyOf(await party.redeem(code))
      assert.equal((await party.refresh(tokens.refresh_token)).statusCode, 200)
      const again = await party.redeem(code)
      assert.equal(again.statusCode, 400)
      assert.equal(codeOf(again), 54005)
      assert.equal(codeOf(await party.refresh(tokens.refresh_token)), 70000)
      const audit = await t.app.db.selectFrom('audit').select('activity').where('activity', '=', 'Authorization code used twice').execute()
      assert.equal(audit.length, 1)
    })

    test('of twenty uses of a code at once one is served (T-05)', async () => {
      const party = new RelyingParty(t, shop)
      const code = await codeFor(party)
      const replies = await Promise.all(Array.from({ length: 20 }, () => party.redeem(code)))
      assert.deepEqual(replies.filter(one => one.statusCode === 200).length, 1)
      assert.ok(replies.filter(one => one.statusCode !== 200).every(one => codeOf(one) === 54005))
    })

    test('a code is good for its own program, address, verifier and time', async () => {
      const party = new RelyingParty(t, shop)
      const code = await codeFor(party)
      assert.equal(codeOf(await party.redeem(code, { code_verifier: 'x'.repeat(43) })), 501481)
      assert.equal(codeOf(await party.redeem(code, { code_verifier: undefined })), 501481)
      assert.equal(codeOf(await party.redeem(code, { redirect_uri: 'https://app.example/other' })), 50011)
      assert.equal(codeOf(await party.redeem(code, { client_secret: undefined })), 7000218)
      assert.equal(codeOf(await party.redeem(code, { client_secret: 'wrong' })), 7000215)
      assert.equal(codeOf(await party.redeem(`${code}x`)), 70000)
      const other = await addProgram(t.app, t.tenantId, { name: 'Other', document: documents.confidential })
      assert.equal(codeOf(await new RelyingParty(t, other).redeem(code, { code_verifier: party.verifier })), 70000)
      assert.equal((await party.redeem(code)).statusCode, 200, 'none of these used it up')
      const late = await codeFor(party)
      await t.clock.advance(10 * 60_000 + 1)
      assert.equal(codeOf(await party.redeem(late)), 70008)
    })

    test('a code without a challenge takes no verifier', async () => {
      const party = new RelyingParty(t, shop)
      const code = await codeFor(party, { more: { code_challenge: undefined, code_challenge_method: undefined } })
      assert.equal(codeOf(await party.redeem(code)), 501481)
      assert.equal((await party.redeem(code, { code_verifier: undefined })).statusCode, 200)
    })

    test('a public program needs a challenge and no secret; a browser program redeems from its own page', async () => {
      const tool = await addProgram(t.app, t.tenantId, { name: 'Tool', document: documents.public, withoutSecret: true })
      const spa = await addProgram(t.app, t.tenantId, { name: 'Page', document: documents.spa, withoutSecret: true })
      await consent(tool)
      await consent(spa)
      const byTool = new RelyingParty(t, tool, 'public')
      assert.equal((await byTool.redeem(await codeFor(byTool))).statusCode, 200)
      const { browser } = await signedIn(t, ann)
      const none = { more: { code_challenge: undefined, code_challenge_method: undefined } }
      assert.match((await visit(browser, byTool.authorizePath(none))).answer?.get('error_description') ?? '', /^AADSTS9002325: /)
      const byPage = new RelyingParty(t, spa, 'spa')
      const code = await codeFor(byPage)
      const outside = await new RelyingParty(t, spa, 'public').token({ grant_type: 'authorization_code', code, redirect_uri: byPage.redirectUri, code_verifier: byPage.verifier })
      assert.equal(codeOf(outside), 9002327)
      const inside = await byPage.redeem(code)
      assert.equal(inside.statusCode, 200, inside.payload)
      assert.equal(inside.headers['access-control-allow-origin'], 'https://app.example')
      // Its page reads refusals as well; a page of another origin reads neither (T-36).
      const again = await byPage.redeem(code)
      assert.deepEqual([codeOf(again), again.headers['access-control-allow-origin'], again.headers['vary']], [54005, 'https://app.example', 'origin'])
      const strange = await t.server.inject({
        method: 'POST', url: `/${t.tenantId}/oauth2/v2.0/token`, authority: 'reset.contoso.example', headers: { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' },
        payload: new URLSearchParams({ grant_type: 'authorization_code', client_id: spa.appId, code, redirect_uri: byPage.redirectUri, code_verifier: byPage.verifier }).toString(),
      })
      assert.deepEqual([strange.statusCode, strange.headers['access-control-allow-origin']], [400, undefined])
    })

    test('an id token comes at the front only where the application allows it, bound to code and nonce', async () => {
      const web = { ...documents.confidential.web!, implicitGrantSettings: { enableIdTokenIssuance: true, enableAccessTokenIssuance: true } }
      const old = await addProgram(t.app, t.tenantId, { name: 'Old', document: { web } })
      await consent(old)
      const party = new RelyingParty(t, old)
      const { browser } = await signedIn(t, ann)
      const { answer } = await visit(browser, party.authorizePath({ more: { response_type: 'code id_token', response_mode: 'form_post' } }))
      const claims = claimsOf(answer!.get('id_token')!)
      assert.equal(claims['nonce'], party.nonce)
      assert.ok(claims['c_hash'])
      assert.equal((await party.redeem(answer!.get('code')!)).statusCode, 200)
    })

    test('the id of a person is another one for every program', async () => {
      const other = await addProgram(t.app, t.tenantId, { name: 'Second', document: documents.confidential })
      await consent(other)
      const [one, two] = [new RelyingParty(t, shop), new RelyingParty(t, other)]
      const sub = async (party: RelyingParty) => claimsOf(bodyOf(await party.redeem(await codeFor(party))).id_token)['sub']
      const [first, again, second] = [await sub(one), await sub(one), await sub(two)]
      assert.equal(first, again)
      assert.notEqual(first, second)
    })

    test('groups are told where the application wants them, and beyond 200 where to ask; further claims as it lists them', async () => {
      const optionalClaims = { idToken: [{ name: 'upn', source: null, essential: false, additionalProperties: [] }, { name: 'made_up', source: null, essential: false, additionalProperties: [] }], accessToken: [], saml2Token: [] }
      const app = await addProgram(t.app, t.tenantId, { name: 'Groups', document: { ...documents.confidential, groupMembershipClaims: 'SecurityGroup', optionalClaims } })
      await consent(app)
      const inner = await addGroup(t.app, t.tenantId, 'inner')
      const outer = await addGroup(t.app, t.tenantId, 'outer', { groups: [inner] })
      const ben = await addPerson(t.app, t.tenantId, { name: 'ben', groups: [inner] })
      const party = new RelyingParty(t, app)
      const idOf = async () => {
        const { answer } = await visit((await signedIn(t, ben)).browser, party.authorizePath())
        return claimsOf(bodyOf(await party.redeem(answer!.get('code')!)).id_token)
      }
      const few = await idOf()
      assert.deepEqual((few['groups'] as string[]).toSorted(), [inner, outer].toSorted())
      assert.equal(few['upn'], ben.userPrincipalName)
      assert.equal(few['made_up'], undefined)
      const many = Array.from({ length: 200 }, (_, n) => n)
      for (const n of many) await t.app.db.insertInto('groupMembers').values({ tenantId: t.tenantId, groupId: await addGroup(t.app, t.tenantId, `g${n}`), memberId: ben.id, memberType: 'user' }).execute()
      const all = await idOf()
      assert.equal(all['groups'], undefined)
      assert.deepEqual(all['_claim_names'], { groups: 'src1' })
    })

    test('what was asked for several resources is redeemed for one at a time', async () => {
      const party = new RelyingParty(t, shop)
      await addGrant(t.app.db, { tenantId: t.tenantId, clientId: shop.servicePrincipalId, resourceId: firstPartyId(t.tenantId, '797f4846-ba00-4fd7-ba43-dac1f8f63013'), principalId: null, scopes: ['user_impersonation'], at: t.app.now() })
      const arm = 'https://reset.contoso.example/arm/user_impersonation'
      const code = await codeFor(party, { scope: `openid offline_access User.Read ${arm}` })
      const forGraph = bodyOf(await party.redeem(code))
      assert.equal(claimsOf(forGraph.access_token)['aud'], 'https://graph.microsoft.com')
      const forArm = bodyOf(await party.refresh(forGraph.refresh_token, { scope: `${arm} offline_access` }))
      assert.equal(claimsOf(forArm.access_token)['aud'], 'https://reset.contoso.example/arm')
      assert.equal(forArm.scope, `${arm} offline_access`)
      assert.equal(codeOf(await party.refresh(forArm.refresh_token, { scope: `${arm} User.Read` })), 700022)
    })

    test('a reset between code and token leaves the code dead (T-19)', async () => {
      const party = new RelyingParty(t, shop)
      const bob = await addPerson(t.app, t.tenantId, { name: 'bob' })
      const { browser } = await signedIn(t, bob)
      const { answer } = await visit(browser, party.authorizePath())
      await t.app.db.updateTable('users').set({ credentialEpoch: 1, signInSessionsValidFromDateTime: t.app.now() }).where('id', '=', bob.id).execute()
      assert.equal(codeOf(await party.redeem(answer!.get('code')!)), 50173)
    })

    test('the sign-in stands in the log with program and resource', async () => {
      const party = new RelyingParty(t, shop)
      await codeFor(party)
      await flushSignIns(t.app)
      const rows = await t.app.db.selectFrom('signIns').select(['appId', 'resourceId', 'userId']).where('appId', '=', shop.appId).execute()
      assert.ok(rows.length > 0)
      assert.deepEqual(rows.at(-1), { appId: shop.appId, resourceId: graphAppId, userId: ann.id })
    })

    test('userinfo says who it is, as far as was agreed', async () => {
      const party = new RelyingParty(t, shop)
      const tokens = bodyOf(await party.redeem(await codeFor(party, { scope: 'openid email' })))
      for (const method of ['GET', 'POST'] as const) {
        const reply = await t.server.inject({ method, url: '/oidc/userinfo', authority: 'reset.contoso.example', headers: { authorization: `Bearer ${tokens.access_token}` } })
        assert.deepEqual(reply.json(), { sub: claimsOf(tokens.id_token)['sub'], email: 'ann@contoso.example' }, reply.payload)
      }
      const none = await t.server.inject({ url: '/oidc/userinfo', authority: 'reset.contoso.example' })
      assert.equal(none.statusCode, 401)
      assert.match(String(none.headers['www-authenticate']), /^Bearer /)
    })
  })
