// Every resource of Graph answers, and what it answers is what the schema promises: make-app.ts lets no other answer through.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { insertDomain } from '../../src/store/domains.ts'
import { saveSku } from '../../src/store/licences.ts'
import { roles } from '../../src/rules/roles.ts'
import type { DeclaredRoute } from '../../src/server.ts'
import { violationsOf } from '../support/csdl.ts'
import type { Alternatives } from '../../src/access.ts'
import { firstParty, graphAppId } from '../../src/rules/first-party.ts'
import { inNameOf } from '../support/delegated.ts'
import { makeApp } from '../support/make-app.ts'
import { actAs } from '../support/program-client.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, passwordOf, roleIds } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

const reading = (route: DeclaredRoute): boolean => route.method === 'GET' && /^\/(v1\.0|beta)\//.test(route.url) && typeof route.access === 'object' && 'graph' in route.access

describe('every resource', () => {
  let t: TestApp
  let gus: SignedIn
  const ids: Record<string, string> = {}
  before(async () => {
    t = await makeApp()
    gus = await signedIn(t, await addPerson(t.app, t.tenantId, {
      name: 'gus', password: passwordOf('gus'), email: 'gus@home.example', mobile: '+45 33123456', totp: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', mail: 'gus@contoso.example',
      roles: [roleIds.globalAdministrator],
    }))
    const group = await addGroup(t.app, t.tenantId, 'crew')
    const ann = await addPerson(t.app, t.tenantId, { name: 'ann', groups: [group] })
    const program = await addProgram(t.app, t.tenantId, { roles: ['User.Read.All'] })
    await t.app.db.transaction().execute(trx => saveSku(trx, { tenantId: t.tenantId, skuId: '84a661c4-e949-4bd2-a560-ed7766fcaf2b', skuPartNumber: 'AAD_PREMIUM_P2', enabledUnits: 9, capabilityStatus: 'Enabled', isTrial: false }))
    await t.app.db.transaction().execute(trx => insertDomain(trx, {
      tenantId: t.tenantId, id: 'old.example', isInitial: false, isDefault: false, isVerified: false, authenticationType: 'Federated', signInModel: null, capturedCopy: false,
      passwordValidityPeriodInDays: null, passwordNotificationWindowInDays: null, createdAt: t.clock.now(),
    }))
    await gus.patch(`/v1.0/users/${ann.id}`, { usageLocation: 'LV' })
    await gus.post(`/v1.0/users/${ann.id}/assignLicense`, { addLicenses: [{ skuId: '84a661c4-e949-4bd2-a560-ed7766fcaf2b' }], removeLicenses: [] })
    await gus.post(`/v1.0/users/${ann.id}/authentication/temporaryAccessPassMethods`, {})
    await t.browser().json('POST', '/api/signin', { userName: ann.userPrincipalName, password: 'wrong' })
    const given = await gus.post('/v1.0/roleManagement/directory/roleAssignments', { principalId: ann.id, roleDefinitionId: roles.reportsReader, directoryScopeId: '/' })
    Object.assign(ids, { users: ann.id, groups: group, applications: program.applicationId, servicePrincipals: program.servicePrincipalId, roleAssignments: given.json().id })
  })
  after(() => t.close())

  /** What stands for a key in an address; a collection that is not named gets an id that nobody has. */
  function fill(url: string): string {
    const names = url.split('/')
    return names.map((name, at) => (name.startsWith(':') ? keyFor(names[at - 1]!, name) : name)).join('/')
  }
  const keyFor = (set: string, name: string): string => {
    if (name === ':cast') return set === 'members' || set === 'transitiveMembers' || set === 'owners' ? 'microsoft.graph.user' : 'microsoft.graph.group'
    if (name === ':arguments') return "(period='d7')"
    if (name === ':function') return 'userSignInsByAuthMethodSummary'
    if (name === ':summary') return 'usersRegisteredByMethod'
    if (set === 'domains') return 'contoso.example'
    if (set === 'organization') return t.tenantId
    if (set === 'subscribedSkus') return `${t.tenantId}_84a661c4-e949-4bd2-a560-ed7766fcaf2b`
    if (set === 'directoryRoles' || set === 'directoryRoleTemplates' || set === 'roleDefinitions') return roles.globalAdministrator
    if (set === 'authenticationMethodConfigurations') return 'Sms'
    if (set === 'userRegistrationDetails') return gus.person.id
    return ids[set] ?? ids['users']!
  }

  test('answers a Global Administrator with what its type has, or says that there is none', async () => {
    const paths = t.routes.filter(reading).map(route => route.url)
    assert.ok(paths.length > 90, `${paths.length}`)
    const answered: string[] = []
    for (const path of paths) {
      // /$count and delta have ways of their own.
      const url = fill(path).replace("usersRegisteredByMethod/(period='d7')", "usersRegisteredByMethod/(includedUserTypes='all',includedUserRoles='all')")
      const reply = await gus.browser.request({ method: 'GET', url, headers: { consistencylevel: 'eventual' } })
      assert.ok([200, 404].includes(reply.statusCode), `${url}: ${reply.statusCode} ${reply.payload.slice(0, 200)}`)
      if (reply.statusCode === 200) answered.push(path)
    }
    assert.ok(answered.length > 80, `${answered.length} of ${paths.length}`)
  })

  for (const kind of ['a program with every permission', 'a Global Administrator at a program with a scope for each'] as const) {
    test(`answers ${kind} as well, where its line lets such callers in`, async () => {
      const scheme = kind.startsWith('a program') ? 'application' : 'delegated'
      const routes = t.routes.filter(reading).filter(route => (route.access as { graph: { application: readonly unknown[] } }).graph[scheme as 'application'].length > 0)
      assert.ok(routes.length > 70, `${routes.length}`)
      // One way through each line that reaches others too; a request may name a hundred scopes at most.
      const enough = [...new Set(routes.flatMap(route => {
        const { delegated } = (route.access as { graph: { delegated: Alternatives } }).graph
        return delegated.find(one => typeof one !== 'string' || /\.All$|\.Directory$|\.AuthenticationMethod$/.test(one)) ?? delegated[0] ?? []
      }))]
      const client = scheme === 'application'
        ? await actAs(t, await addProgram(t.app, t.tenantId, { name: 'All roles', roles: firstParty(graphAppId)!.appRoles.flatMap(one => one.value ?? []) }))
        : await inNameOf(t, await addPerson(t.app, t.tenantId, { name: 'ida', roles: [roleIds.globalAdministrator] }), enough)
      const other: string[] = []
      for (const { url } of routes) {
        const filled = fill(url).replace("usersRegisteredByMethod/(period='d7')", "usersRegisteredByMethod/(includedUserTypes='all',includedUserRoles='all')")
        const reply = await client.request('GET', filled, undefined, { consistencylevel: 'eventual' })
        if (![200, 404].includes(reply.statusCode)) other.push(`${filled}: ${reply.statusCode} ${reply.payload.slice(0, 160)}`)
      }
      assert.deepEqual(other, [])
    })
  }

  test('is called by nobody without a token or a session, in Graph’s own words', async () => {
    for (const { url } of t.routes.filter(reading)) {
      const reply = await t.server.inject({ method: 'GET', url: fill(url), authority: 'reset.contoso.example' })
      assert.equal(reply.statusCode, 401, url)
      assert.equal(reply.json().error.code, 'InvalidAuthenticationToken')
      assert.match(String(reply.headers['www-authenticate']), /^Bearer /)
    }
  })

  test('shows exactly what is selected', async () => {
    for (const path of ['/v1.0/organization', '/v1.0/domains', '/v1.0/subscribedSkus', '/v1.0/directoryRoles', '/v1.0/directoryRoleTemplates', '/v1.0/roleManagement/directory/roleDefinitions', '/v1.0/users', '/v1.0/groups']) {
      const { value } = (await gus.get(`${path}?$select=id`)).json()
      assert.deepEqual(Object.keys(value[0]), ['id'], path)
    }
  })
})

describe('the watch over answers', () => {
  const answer = (body: object, { url = '/v1.0/users', status = 200, headers = {} } = {}) => violationsOf({
    method: 'GET', url, status, body: JSON.stringify(body), headers: { 'request-id': 'x', 'client-request-id': 'x', 'odata-version': '4.0', 'content-type': 'application/json;odata.metadata=minimal;charset=utf-8', ...headers },
  })
  const context = (fragment: string) => ({ '@odata.context': `https://x.example/v1.0/$metadata#${fragment}` })
  const user = { id: 'a', displayName: 'Ann' }

  test('lets through what is right', () => {
    assert.deepEqual(answer({ ...context('users'), value: [user] }), [])
    assert.deepEqual(answer({ ...context('users(id,displayName)'), value: [user] }, { url: '/v1.0/users?$select=id,displayName' }), [])
    assert.deepEqual(answer({ ...context("users('a')/authentication/methods"), value: [{ '@odata.type': '#microsoft.graph.emailAuthenticationMethod', id: 'm', emailAddress: 'a@x.example', createdDateTime: null }] }, { url: "/v1.0/users('a')/authentication/methods" }), [])
    assert.deepEqual(answer({ ...context('Edm.Boolean'), value: true }, { url: '/v1.0/users/a/revokeSignInSessions' }), [])
  })

  const wrong: [name: string, body: object, how?: { url?: string; status?: number; headers?: Record<string, string | undefined> }][] = [
    ['no context', { value: [user] }],
    ['a context that does not come first', { value: [user], ...context('users') }],
    ['a context of another resource than was asked', { ...context('groups'), value: [] }],
    ['a context that leads nowhere', { ...context('users/kelp'), value: [] }],
    ['a property that the type does not have', { ...context('users'), value: [{ ...user, kelp: 1 }] }],
    ['a text where a yes or no belongs', { ...context('users'), value: [{ accountEnabled: 'true' }] }],
    ['null where the schema has none', { ...context('domains'), value: [{ id: 'x.example', isDefault: null }] }, { url: '/v1.0/domains' }],
    ['null in place of a collection', { ...context('users'), value: [{ otherMails: null }] }],
    ['a moment without its zone', { ...context('users'), value: [{ createdDateTime: '2026-01-01T00:00:00' }] }],
    ['a member that an enumeration does not have', { ...context("users('a')/authentication/phoneMethods"), value: [{ id: 'x', phoneType: 'pager' }] }, { url: '/v1.0/users/a/authentication/phoneMethods' }],
    ['an object of many types that does not say its own', { ...context('directoryObjects'), value: [{ id: 'a' }] }, { url: '/v1.0/groups/g/members' }],
    ['a type that does not belong there', { ...context("users('a')/authentication/phoneMethods"), value: [{ '@odata.type': '#microsoft.graph.user', id: 'a' }] }, { url: '/v1.0/users/a/authentication/phoneMethods' }],
    ['what was selected and is missing', { ...context('users(id,mail)'), value: [{ id: 'a' }] }, { url: '/v1.0/users?$select=id,mail' }],
    ['what was not selected and is there', { ...context('users(id)'), value: [user] }, { url: '/v1.0/users?$select=id' }],
    ['a next link that is not absolute', { ...context('users'), '@odata.nextLink': '/v1.0/users?x', value: [] }],
    ['an error without its inner half', { error: { code: 'x', message: 'y' } }, { status: 404 }],
    ['an answer without Graph’s headers', { ...context('users'), value: [] }, { headers: { 'odata-version': undefined } }],
  ]
  for (const [name, body, how] of wrong) test(`stops ${name}`, () => assert.notDeepEqual(answer(body, how as never), []))
})
