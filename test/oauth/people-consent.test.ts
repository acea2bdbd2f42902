/** Who agrees to what a program may do: people for themselves, administrators for everybody (oauth §10, §13.2, T-42). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { firstParty, graphAppId } from '../../src/rules/first-party.ts'
import { listAppRoleAssignments } from '../../src/store/app-roles.ts'
import { addGrant, consentedScopes } from '../../src/store/grants.ts'
import { firstPartyId } from '../../src/store/first-party.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, foundTenant, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import type { Program, ProgramOptions } from '../support/programs.ts'
import { RelyingParty, bodyOf, callback, claimsOf, codeOf, documents, press, visit } from '../support/relying-party.ts'
import { signedIn } from '../support/signed-in.ts'

const applicationAdministrator = '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3'
const graph = firstParty(graphAppId)!
const scopeId = (value: string) => graph.scopes.find(one => one.value === value)!.id
const roleId = (value: string) => graph.appRoles.find(one => one.value === value)!.id

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`consent (${engine})`, () => {
    let t: TestApp
    let ann: Person
    let gus: Person
    let apollo: Person
    before(async () => {
      t = await makeApp({ engine })
      ann = await addPerson(t.app, t.tenantId, { name: 'ann' })
      gus = await addPerson(t.app, t.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })
      apollo = await addPerson(t.app, t.tenantId, { name: 'apollo', roles: [applicationAdministrator] })
    })
    after(() => t.close())
    let count = 0
    const program = (document: ProgramOptions['document'] = {}) => addProgram(t.app, t.tenantId, { name: `Program ${count++} <b>&`, document: { ...documents.confidential, ...document } })
    const granted = (of: Program, person: Person) => consentedScopes(t.app.db, t.tenantId, of.servicePrincipalId, firstPartyId(t.tenantId, graphAppId), person.id)
    const requires = (scopes: string[], roles: string[] = []) => ({
      requiredResourceAccess: [{ resourceAppId: graphAppId, resourceAccess: [...scopes.map(one => ({ id: scopeId(one), type: 'Scope' })), ...roles.map(one => ({ id: roleId(one), type: 'Role' }))] }],
    })

    test('is asked once, names program, permissions and where it goes, and gives what was agreed to', async () => {
      const shop = await program()
      const party = new RelyingParty(t, shop)
      const { browser } = await signedIn(t, ann)
      const asked = await visit(browser, party.authorizePath())
      assert.equal(asked.answer, undefined)
      const page = asked.reply.payload
      for (const words of [/Program \d+ &lt;b>&amp;/, /Read your profile/, /Sign you in/, /app\.example/]) assert.match(page, words)
      assert.doesNotMatch(page, /forEverybody/)
      const { answer, reply } = await press(browser, browser.path, { answer: 'agree' })
      assert.ok(answer?.get('code'), reply.payload)
      assert.equal((await party.redeem(answer!.get('code')!)).statusCode, 200)
      assert.deepEqual(await granted(shop, ann), ['User.Read', 'offline_access', 'openid', 'profile'])
      assert.ok((await visit(browser, party.authorizePath())).answer?.get('code'), 'not asked again')
      assert.deepEqual(await granted(shop, gus), [], 'agreed for herself alone')
      const audit = await t.app.db.selectFrom('audit').select(['activity', 'targets']).where('activity', '=', 'Consent to application').execute()
      assert.ok(audit.some(row => row.targets.includes(shop.servicePrincipalId)))
    })

    test('is asked again for more, and only for what is new', async () => {
      const shop = await program()
      const party = new RelyingParty(t, shop)
      const { browser } = await signedIn(t, ann)
      await visit(browser, party.authorizePath({ scope: 'openid User.Read' }))
      await press(browser, browser.path, { answer: 'agree' })
      const { reply } = await visit(browser, party.authorizePath({ scope: 'openid User.Read User.ReadWrite' }))
      assert.match(reply.payload, /Read and change your profile/)
      assert.doesNotMatch(reply.payload, /Sign you in/)
    })

    test('refused goes back to the program as access_denied, and nothing is granted', async () => {
      const shop = await program()
      const { browser } = await signedIn(t, ann)
      await visit(browser, new RelyingParty(t, shop).authorizePath())
      const { answer } = await press(browser, browser.path, { answer: 'refuse' })
      assert.equal(answer?.get('error'), 'access_denied')
      assert.match(answer?.get('error_description') ?? '', /^AADSTS65004: /)
      assert.deepEqual(await granted(shop, ann), [])
    })

    test('to what is grave is an administrator’s: a form made by hand grants nothing', async () => {
      const shop = await program()
      const party = new RelyingParty(t, shop)
      const { browser } = await signedIn(t, ann)
      const grave = { scope: 'openid Directory.Read.All' }
      const { reply } = await visit(browser, party.authorizePath(grave))
      assert.match(reply.payload, /An administrator has to agree/)
      const forced = await press(browser, browser.path, { answer: 'agree', forEverybody: 'yes' })
      assert.equal(forced.answer, undefined)
      assert.deepEqual(await granted(shop, ann), [])
      const back = await press(browser, browser.path, { answer: 'refuse' })
      assert.match(back.answer?.get('error_description') ?? '', /^AADSTS90094: /)
      assert.equal(back.answer?.get('error'), 'access_denied')
    })

    test('of an administrator may be for everybody', async () => {
      const shop = await program()
      const party = new RelyingParty(t, shop)
      const { browser } = await signedIn(t, apollo)
      const { reply } = await visit(browser, party.authorizePath({ scope: 'openid Group.Read.All' }))
      assert.match(reply.payload, /name="forEverybody"/)
      assert.ok((await press(browser, browser.path, { answer: 'agree', forEverybody: 'yes' })).answer?.get('code'))
      assert.deepEqual(await granted(shop, ann), ['Group.Read.All', 'openid'])
    })

    test('for everybody by a form of somebody without the role is for themself alone (T-41)', async () => {
      const shop = await program()
      const { browser } = await signedIn(t, ann)
      await visit(browser, new RelyingParty(t, shop).authorizePath())
      await press(browser, browser.path, { answer: 'agree', forEverybody: 'yes' })
      assert.deepEqual(await granted(shop, gus), [])
    })

    test('of one person is not another’s: the page of a request goes by who is signed in', async () => {
      const shop = await program()
      const first = await signedIn(t, ann)
      await visit(first.browser, new RelyingParty(t, shop).authorizePath())
      const second = await signedIn(t, gus)
      const { reply } = await visit(second.browser, first.browser.path)
      assert.match(reply.payload, /Gus Test/)
    })

    test('prompt=consent shows the page although all was agreed to', async () => {
      const shop = await program()
      const party = new RelyingParty(t, shop)
      const { browser } = await signedIn(t, ann)
      await visit(browser, party.authorizePath())
      await press(browser, browser.path, { answer: 'agree' })
      const { answer } = await visit(browser, party.authorizePath({ more: { prompt: 'consent' } }))
      assert.equal(answer, undefined)
      assert.ok((await press(browser, browser.path, { answer: 'agree' })).answer?.get('code'))
    })

    test('to .default is to what the application lists, and later to whatever was agreed to', async () => {
      const shop = await program(requires(['User.Read', 'User.ReadWrite']))
      const party = new RelyingParty(t, shop)
      const { browser } = await signedIn(t, ann)
      const wish = { scope: 'openid https://graph.microsoft.com/.default' }
      const { reply } = await visit(browser, party.authorizePath(wish))
      assert.match(reply.payload, /Read and change your profile/)
      const { answer } = await press(browser, browser.path, { answer: 'agree' })
      const body = bodyOf(await party.redeem(answer!.get('code')!))
      assert.deepEqual(String(claimsOf(body.access_token)['scp']).split(' ').toSorted(), ['User.Read', 'User.ReadWrite', 'openid'])
      assert.match(body.scope, /https:\/\/graph\.microsoft\.com\/\.default/)
    })

    test('select_account shows who is signed in, and goes on with a press', async () => {
      const shop = await program()
      const party = new RelyingParty(t, shop)
      const { browser } = await signedIn(t, ann)
      await visit(browser, party.authorizePath())
      await press(browser, browser.path, { answer: 'agree' })
      const { reply, answer } = await visit(browser, party.authorizePath({ more: { prompt: 'select_account' } }))
      assert.equal(answer, undefined)
      assert.match(reply.payload, /Go on as Ann Test/)
      assert.ok((await press(browser, browser.path, { answer: 'thisAccount' })).answer?.get('code'))
    })

    test('a program for assigned people lets nobody else in', async () => {
      const closed = await program()
      await t.app.db.updateTable('servicePrincipals').set({ document: JSON.stringify({ ...JSON.parse((await t.app.db.selectFrom('servicePrincipals').select('document').where('id', '=', closed.servicePrincipalId).executeTakeFirstOrThrow()).document), appRoleAssignmentRequired: true }), version: t.app.now() }).where('id', '=', closed.servicePrincipalId).execute()
      const { browser } = await signedIn(t, ann)
      const { reply } = await visit(browser, new RelyingParty(t, closed).authorizePath())
      assert.match(reply.payload, /You cannot use Program/)
      const { answer } = await press(browser, browser.path, { answer: 'refuse' })
      assert.match(answer?.get('error_description') ?? '', /^AADSTS50105: /)
    })

    const ask = async (of: Program, requiredResourceAccess: ReturnType<typeof requires>['requiredResourceAccess']) => {
      const row = await t.app.db.selectFrom('applications').select(['id', 'document']).where('appId', '=', of.appId).executeTakeFirstOrThrow()
      await t.app.db.updateTable('applications').set({ document: JSON.stringify({ ...JSON.parse(row.document), requiredResourceAccess }), version: t.app.now() + 1 }).where('id', '=', row.id).execute()
    }

    test('T-42: a yes is to what stood on the page, not to what the program’s owner has written there since', async () => {
      const shop = await program(requires(['User.Read']))
      const { browser } = await signedIn(t, gus)
      const { reply } = await visit(browser, new RelyingParty(t, shop).authorizePath({ scope: 'openid https://graph.microsoft.com/.default' }))
      assert.match(reply.payload, /Read your profile/)
      await ask(shop, requires(['User.Read', 'Directory.AccessAsUser.All']).requiredResourceAccess)
      const swapped = await press(browser, browser.path, { answer: 'agree' })
      assert.equal(swapped.answer, undefined)
      assert.match(swapped.reply.payload, /Directory\.AccessAsUser\.All/, 'the page comes again, with what is asked now')
      assert.deepEqual(await granted(shop, gus), [])
      assert.equal((await press(browser, browser.path, { answer: 'agree', shown: 'x' })).answer, undefined, 'nor to a page that was none')
      assert.ok((await press(browser, browser.path, { answer: 'agree' })).answer?.get('code'))
      assert.deepEqual(await granted(shop, gus), ['Directory.AccessAsUser.All', 'User.Read', 'openid'])
    })

    test('for everybody takes a proof of the last ten minutes, for oneself it does not', async () => {
      const shop = await program()
      const { browser } = await signedIn(t, gus, { minutesAgo: 11 })
      await visit(browser, new RelyingParty(t, shop).authorizePath())
      const page = browser.path
      const forAll = await press(browser, page, { answer: 'agree', forEverybody: 'yes' })
      assert.equal(forAll.answer, undefined)
      assert.match(browser.path, /^\/signin\/again/)
      assert.deepEqual(await granted(shop, ann), [])
      await visit(browser, page)
      assert.ok((await press(browser, page, { answer: 'agree' })).answer?.get('code'))
      assert.deepEqual(await granted(shop, ann), [], 'for himself alone')
    })

    test('a session with an old proof brings no token that changes others, by page or silently, nor a device’s (N-STEP)', async () => {
      const far = await program(requires(['Directory.AccessAsUser.All']))
      const near = await program(requires(['User.ReadWrite', 'User.Read.All']))
      const scopes = ['openid', 'profile', 'offline_access', 'User.Read']
      for (const [of, more] of [[far, ['Directory.AccessAsUser.All']], [near, ['User.ReadWrite', 'User.Read.All']]] as const) {
        await t.app.db.transaction().execute(trx => addGrant(trx, { tenantId: t.tenantId, clientId: of.servicePrincipalId, resourceId: firstPartyId(t.tenantId, graphAppId), principalId: null, scopes: [...scopes, ...more], at: t.app.now() }))
      }
      const { browser } = await signedIn(t, gus, { minutesAgo: 11 })
      assert.ok((await visit(browser, new RelyingParty(t, near).authorizePath())).answer?.get('code'), 'for oneself, and to read, it is good enough')
      const party = new RelyingParty(t, far)
      // Only signing in is asked for here; whoever redeems the code may ask for all that was agreed to.
      const asked = await visit(browser, party.authorizePath({ scope: 'openid' }))
      assert.equal(asked.answer, undefined)
      assert.match(browser.path, /^\/signin\/again/)
      assert.equal((await visit(browser, `${party.authorizePath()}&prompt=none`)).answer?.get('error'), 'login_required')
      await visit(browser, '/common/oauth2/deviceauth')
      assert.match(browser.path, /^\/signin\/again/)
      assert.ok((await visit((await signedIn(t, gus)).browser, party.authorizePath())).answer?.get('code'))
    })

    test('to what changes others is refused when the page stood open until the proof was old (N-STEP)', async () => {
      const shop = await program()
      const party = new RelyingParty(t, shop)
      const { browser } = await signedIn(t, gus, { minutesAgo: 9 })
      const { reply } = await visit(browser, party.authorizePath({ scope: 'openid Directory.AccessAsUser.All' }))
      assert.match(reply.payload, /Directory\.AccessAsUser\.All/)
      const page = browser.path
      await t.clock.advance(2 * 60_000)
      const late = await press(browser, page, { answer: 'agree' })
      assert.equal(late.answer, undefined)
      assert.match(browser.path, /^\/signin\/again/)
      assert.deepEqual(await granted(shop, gus), [], 'nothing is written down')
    })

    describe('of an administrator for everybody', () => {
      const url = (of: Program, more: Record<string, string> = {}, version: '' | 'v2.0/' = '') =>
        `/${t.tenantId}/${version}adminconsent?${new URLSearchParams({ client_id: of.appId, redirect_uri: callback, state: 'xyz', ...more })}`

      test('gives scopes and roles, tells the program, and is in the audit', async () => {
        const shop = await program(requires(['User.Read'], ['User.Read.All']))
        const { browser } = await signedIn(t, gus)
        const { reply } = await visit(browser, url(shop))
        assert.match(reply.payload, /By itself, with nobody signed in/)
        const { answer } = await press(browser, browser.path, { answer: 'agree' })
        assert.deepEqual(Object.fromEntries(answer!), { admin_consent: 'True', tenant: t.tenantId, state: 'xyz' })
        assert.deepEqual(await granted(shop, ann), ['User.Read'])
        const roles = await listAppRoleAssignments(t.app.db, { tenantId: t.tenantId, principalId: shop.servicePrincipalId })
        assert.deepEqual(roles.map(one => one.appRoleId), [roleId('User.Read.All')])
        const token = await new RelyingParty(t, shop).token({ grant_type: 'client_credentials', scope: 'https://graph.microsoft.com/.default' })
        assert.deepEqual(claimsOf(bodyOf(token).access_token)['roles'], ['User.Read.All'])
        const twice = await visit(browser, url(shop))
        assert.equal(twice.reply.statusCode, 200)
        assert.equal((await press(browser, browser.path, { answer: 'agree' })).answer?.get('admin_consent'), 'True')
      })

      test('of Graph’s roles takes somebody who could give any role (T-42)', async () => {
        const shop = await program(requires(['User.Read'], ['User.Read.All']))
        const { browser } = await signedIn(t, apollo)
        const { reply } = await visit(browser, url(shop))
        assert.equal(reply.statusCode, 403)
        const forced = await press(browser, browser.path, { answer: 'agree' })
        assert.equal(forced.answer, undefined)
        assert.deepEqual(await listAppRoleAssignments(t.app.db, { tenantId: t.tenantId, principalId: shop.servicePrincipalId }), [])
        assert.equal((await press(browser, browser.path, { answer: 'refuse' })).answer?.get('error'), 'access_denied')
      })

      test('T-42: is to the roles that stood on the page, not to those the program’s owner has added since', async () => {
        const shop = await program(requires(['User.Read']))
        const { browser } = await signedIn(t, gus)
        await visit(browser, url(shop))
        await ask(shop, requires(['User.Read'], ['RoleManagement.ReadWrite.Directory']).requiredResourceAccess)
        const swapped = await press(browser, browser.path, { answer: 'agree' })
        assert.equal(swapped.answer, undefined)
        assert.match(swapped.reply.payload, /By itself, with nobody signed in/, 'the page comes again, with what is asked now')
        assert.deepEqual(await granted(shop, ann), [])
        assert.deepEqual(await listAppRoleAssignments(t.app.db, { tenantId: t.tenantId, principalId: shop.servicePrincipalId }), [])
        assert.equal((await press(browser, browser.path, { answer: 'agree' })).answer?.get('admin_consent'), 'True')
      })

      test('is nothing for people without a role, and wants a proof of the last ten minutes', async () => {
        const shop = await program(requires(['User.Read']))
        assert.equal((await visit((await signedIn(t, ann)).browser, url(shop))).reply.statusCode, 403)
        const stale = await signedIn(t, gus, { minutesAgo: 11 })
        await visit(stale.browser, url(shop))
        assert.match(stale.browser.path, /^\/signin\/again/)
      })

      test('names scopes in the newer form', async () => {
        const shop = await program()
        const { browser } = await signedIn(t, apollo)
        await visit(browser, url(shop, { scope: 'https://graph.microsoft.com/Group.Read.All' }, 'v2.0/'))
        const { answer } = await press(browser, browser.path, { answer: 'agree' })
        assert.equal(answer?.get('scope'), 'https://graph.microsoft.com/Group.Read.All')
        assert.deepEqual(await granted(shop, ann), ['Group.Read.All'])
      })

      test('is no business of another organisation’s administrator, and goes to registered addresses only', async () => {
        const shop = await program(requires(['User.Read']))
        const { browser: ours } = await signedIn(t, gus)
        const there = await ours.request({ method: 'GET', url: url(shop) })
        const other = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
        const { browser } = await signedIn(t, await addPerson(t.app, other, { name: 'fritz', domain: 'fabrikam.example', roles: [roleIds.globalAdministrator] }))
        assert.equal((await visit(browser, String(there.headers.location))).reply.statusCode, 410)
        const evil = await visit(ours, url(shop, { redirect_uri: 'https://evil.example/' }))
        assert.equal(evil.reply.statusCode, 400)
        assert.match(evil.reply.payload, /AADSTS50011/)
      })
    })

    test('is kept to administrators by an organisation that wants it so, and given back as a weaker policy', async () => {
      const shop = await program()
      const party = new RelyingParty(t, shop)
      const admin = await signedIn(t, gus)
      const patch = (permissionGrantPoliciesAssigned: string[]) => admin.patch('/v1.0/policies/authorizationPolicy', { defaultUserRolePermissions: { permissionGrantPoliciesAssigned } })
      assert.equal((await patch([])).statusCode, 204)
      const { browser } = await signedIn(t, ann)
      assert.match((await visit(browser, party.authorizePath())).reply.payload, /An administrator has to agree/)
      assert.equal((await patch(['ManagePermissionGrantsForSelf.microsoft-user-default-low'])).statusCode, 204)
      assert.match((await visit(browser, party.authorizePath())).reply.payload, /asks for your permission/)
      assert.equal((await patch(['whatever'])).statusCode, 400)
    })

    test('is needed at the token endpoint too', async () => {
      const tool = await addProgram(t.app, t.tenantId, { name: 'Tool', document: documents.public, withoutSecret: true })
      await t.app.db.insertInto('policies').values({ tenantId: t.tenantId, name: 'tenantSettings', value: JSON.stringify({ passwordGrant: true }), version: 5, updatedAt: 0, updatedBy: null }).execute()
      const party = new RelyingParty(t, tool, 'public')
      const reply = await party.token({ grant_type: 'password', username: ann.userPrincipalName, password: ann.password, scope: 'openid User.Read' })
      assert.equal(codeOf(reply), 65001)
      assert.equal(bodyOf(reply).suberror, 'consent_required')
    })
  })
