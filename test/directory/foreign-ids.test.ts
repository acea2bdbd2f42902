/**
 * T-43 for every route under /v1.0 and /beta, out of the inventory: a route that is added tomorrow is asked too. Each is called with the
 * ids of another tenant that has the same things, and with ids that nobody has: the answers must be the same, and nothing may change.
 */
import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addMethodRow, addPerson, foundTenant, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
let fay: SignedIn
let other: string
let own: Person
/** Ids of the other tenant, by what they name. */
const foreign: Record<string, string> = {}
const reset = '28c10230-6103-485e-b985-444c60001490'
const graphAppId = '00000003-0000-0000-c000-000000000000'

async function made(path: string, body: unknown, status = 201): Promise<Record<string, string>> {
  const reply = await fay.post(path, body)
  assert.equal(reply.statusCode, status, `${path}: ${reply.payload}`)
  return reply.payload === '' ? {} : reply.json()
}

before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
  own = await addPerson(t.app, t.tenantId, { name: 'ann', password: null })
  other = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
  fay = await signedIn(t, await addPerson(t.app, other, { name: 'fay', domain: 'fabrikam.example', password: null, roles: [roleIds.globalAdministrator] }))
  const person = await addPerson(t.app, other, { name: 'ann', domain: 'fabrikam.example', password: null, email: 'ann@elsewhere.example' })
  const gone = await addPerson(t.app, other, { name: 'gone', domain: 'fabrikam.example', password: null })
  foreign['users'] = person.id
  foreign['method'] = await addMethodRow(t.app, other, person.id, 'mobile', '+45 33123456')
  assert.equal((await fay.delete(`/v1.0/users/${gone.id}`)).statusCode, 204)
  foreign['deletedItems'] = gone.id
  foreign['groups'] = (await made('/v1.0/groups', { displayName: 'Theirs', mailNickname: 'theirs', mailEnabled: false, securityEnabled: true, 'members@odata.bind': [`https://x.example/v1.0/users/${person.id}`] }))['id']!
  const program = await addProgram(t.app, other, { name: 'Theirs', roles: ['User.Read.All'] })
  foreign['applications'] = program.applicationId
  foreign['servicePrincipals'] = program.servicePrincipalId
  foreign['federated'] = (await made(`/v1.0/applications/${program.applicationId}/federatedIdentityCredentials`, { name: 'ci-main', issuer: 'https://ci.example', subject: 'x', audiences: ['api://AzureADTokenExchange'] }))['id']!
  foreign['appManagementPolicies'] = (await made('/v1.0/policies/appManagementPolicies', { displayName: 'Theirs', isEnabled: true, restrictions: {} }))['id']!
  foreign['roleDefinitions'] = (await made('/v1.0/roleManagement/directory/roleDefinitions', { displayName: 'Theirs', isEnabled: true, rolePermissions: [{ allowedResourceActions: ['microsoft.directory/users/standard/read'] }] }))['id']!
  foreign['roleAssignments'] = (await made('/v1.0/roleManagement/directory/roleAssignments', { principalId: person.id, roleDefinitionId: roleIds.reportsReader, directoryScopeId: '/' }))['id']!
  const graph = (await fay.get(`/v1.0/servicePrincipals(appId='${graphAppId}')`)).json().id as string
  foreign['oauth2PermissionGrants'] = (await made('/v1.0/oauth2PermissionGrants', { clientId: program.servicePrincipalId, consentType: 'AllPrincipals', resourceId: graph, scope: 'User.Read' }))['id']!
  foreign['assigned'] = (await fay.get(`/v1.0/servicePrincipals/${program.servicePrincipalId}/appRoleAssignments`)).json().value[0].id
  foreign['pass'] = (await made(`/v1.0/users/${person.id}/authentication/temporaryAccessPassMethods`, {}))['id']!
  const done = await fay.post(`/v1.0/users/${person.id}/authentication/methods/${reset}/resetPassword`, {})
  foreign['operation'] = String(done.headers['location']).split('/').at(-1)!
  foreign['directoryAudits'] = (await fay.get('/v1.0/auditLogs/directoryAudits')).json().value[0].id
  foreign['organization'] = other
  foreign['domains'] = 'fabrikam.example'
  foreign['subscribedSkus'] = `${other}_078d2b04-f1bd-4111-bbd4-b4b1b354cef4`
})
after(() => t.close())

/** What stands at a place in a path: the other tenant's, or nobody's of the same form. */
function idsFor(url: string): { foreign: string; nobody: string }[] {
  const segments = url.split('/')
  return segments.flatMap((segment, at) => {
    if (!segment.startsWith(':')) return []
    const before = segments[at - 1]!
    if (segment === ':cast') return [{ foreign: 'group', nobody: 'group' }]
    if (segment === ':summary' || segment === ':function' || segment === ':arguments') return [{ foreign: 'usersRegisteredByFeature', nobody: 'usersRegisteredByFeature' }]
    if (before === 'domains') return [{ foreign: foreign['domains']!, nobody: 'nobody.example' }]
    if (before === 'subscribedSkus') return [{ foreign: foreign['subscribedSkus']!, nobody: `${randomUUID()}_078d2b04-f1bd-4111-bbd4-b4b1b354cef4` }]
    // Four names that everybody has: what they mean here is the caller's own.
    if (before === 'authenticationMethodConfigurations') return [{ foreign: 'sms', nobody: 'sms' }]
    const theirs =
      before === 'temporaryAccessPassMethods' ? foreign['pass']! : before.endsWith('ethods') ? foreign['method']! : before === 'operations' ? foreign['operation']!
      : before === 'federatedIdentityCredentials' ? foreign['federated']! : /^appRoleAssign(ments|edTo)$/.test(before) ? foreign['assigned']!
      : before === 'directoryRoles' || before === 'directoryRoleTemplates' ? foreign['roleDefinitions']! : before === 'members' || before === 'owners' ? foreign['users']!
      : (foreign[before] ?? foreign['users']!)
    const isShort = before.startsWith('appRoleAssign') || before === 'oauth2PermissionGrants'
    return [{ foreign: theirs, nobody: isShort ? createHash('sha256').update(randomUUID()).digest('base64url').slice(0, theirs.length) : randomUUID() }]
  })
}

const fill = (url: string, ids: readonly string[]): string => {
  let at = 0
  return url.replace(/:[A-Za-z]+/g, () => encodeURIComponent(ids[at++]!))
}

type Schema = { type?: string | string[]; required?: string[]; properties?: Record<string, Schema>; anyOf?: Schema[]; const?: unknown; items?: Schema; minItems?: number; pattern?: string; format?: string }

/** The least body that the route's own schema lets in, as far as one can be made up. */
function bodyFor(schema: Schema | undefined): unknown {
  if (schema === undefined) return undefined
  if (schema.const !== undefined) return schema.const
  if (schema.anyOf) return bodyFor(schema.anyOf.find(one => one.type !== 'null'))
  if (schema.type === 'object' || schema.properties) return Object.fromEntries((schema.required ?? []).map(name => [name, known[name] ?? bodyFor(schema.properties?.[name])]))
  if (schema.type === 'array') return Array.from({ length: schema.minItems ?? 0 }, () => bodyFor(schema.items))
  if (schema.type === 'boolean') return true
  if (schema.type === 'integer' || schema.type === 'number') return 1
  return 'x'
}
const known: Record<string, unknown> = {
  '@odata.id': 'https://graph.microsoft.com/v1.0/directoryObjects/11111111-1111-4111-8111-111111111111', mailEnabled: false, keyId: randomUUID(), phoneType: 'mobile', phoneNumber: '+45 33123456',
  name: 'some-name', perUserMfaState: 'enabled', principalId: randomUUID(), resourceId: randomUUID(),
  emailAddress: 'x@home.example', currentPassword: 'x', newPassword: 'x', proof: 'x', appRoleId: '00000000-0000-0000-0000-000000000000',
}

/** Everything the other tenant has, but for what reading leaves. */
async function theirs(): Promise<string> {
  const rows: unknown[] = []
  for (const table of ['users', 'groups', 'groupMembers', 'roleAssignments', 'applications', 'servicePrincipals', 'applicationCredentials', 'federatedCredentials', 'appRoleAssignments', 'permissionGrants', 'authenticationMethods', 'temporaryAccessPasses', 'policies', 'domains', 'audit'] as const) {
    rows.push(await t.app.db.selectFrom(table).selectAll().where('tenantId', '=', other).execute())
  }
  return JSON.stringify(rows)
}

const ask = (method: string, url: string, body: unknown) => gus.browser.request({
  method: method as 'GET', url, headers: { 'x-latchkey': '1', origin: 'https://reset.contoso.example', consistencylevel: 'eventual', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
  ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
})

const plain = (text: string, ids: readonly string[]): string =>
  ids.reduce((left, id) => left.replaceAll(encodeURIComponent(id), 'id').replaceAll(id, 'id'), text).replace(/[0-9a-f-]{36}/g, 'id').replace(/"date":"[^"]*"/g, '')

test('T-43: every route of Graph answers another tenant’s ids like ids that nobody has, and changes nothing of theirs', async () => {
  const { paths } = (await gus.get('/api/openapi.json')).json() as { paths: Record<string, Record<string, { requestBody?: { content?: Record<string, { schema?: Schema }> } }>> }
  const before = await theirs()
  const routes = t.routes.filter(route => /^\/(v1\.0|beta)\//.test(route.url) && route.method !== 'HEAD' && route.url.includes('/:'))
  const answered: Record<number, number> = {}
  const odd: string[] = []
  for (const route of routes) {
    const described = paths[route.url.replace(/:([A-Za-z]+)/g, '{$1}')]?.[route.method.toLowerCase()]
    const body = bodyFor(described?.requestBody?.content?.['application/json']?.schema)
    const ids = idsFor(route.url)
    const variants = [ids]
    // One of our own people with something of theirs behind it.
    if (ids.length > 1 && !route.url.endsWith(':cast') && /^\/(v1\.0|beta)\/users\//.test(route.url)) variants.push([{ foreign: own.id, nobody: own.id }, ...ids.slice(1)])
    for (const variant of variants) {
      const answer = (which: 'foreign' | 'nobody') => ask(route.method, fill(route.url, variant.map(one => one[which])), body)
      const [swapped, random] = [await answer('foreign'), await answer('nobody')]
      const name = `${route.method} ${route.url}`
      assert.equal(swapped.statusCode, random.statusCode, `${name}: ${swapped.payload.slice(0, 300)} ${random.payload.slice(0, 300)}`)
      assert.equal(plain(swapped.payload, variant.map(one => one.foreign)), plain(random.payload, variant.map(one => one.nobody)), name)
      answered[swapped.statusCode] = (answered[swapped.statusCode] ?? 0) + 1
      if (swapped.statusCode !== 404) odd.push(`${name} ${swapped.statusCode} ${swapped.payload.slice(0, 160)}`)
    }
  }
  assert.equal(await theirs(), before, 'nothing of theirs has changed')
  // What is answered otherwise has no id in it, or a body that only a person could make up.
  const elsewhere = /\/me\/(transitiveM|m)emberOf\/:cast|\/authenticationMethodConfigurations\/:id|\/reports\/authenticationMethods\/:(summary|function)/
  assert.deepEqual(odd.filter(one => !elsewhere.test(one)), [])
  assert.ok(routes.length > 150 && answered[404]! > routes.length, JSON.stringify(answered))
})
