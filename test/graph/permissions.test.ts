// The table of permissions, and that every route of Graph stands under the line the table gives it (graph §5.4, §15).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Alternatives } from '../../src/access.ts'
import { keyOf, permitted } from '../../src/graph/permissions.ts'
import table from '../../src/graph/permissions.json' with { type: 'json' }
import type { DeclaredRoute } from '../../src/server.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'

let t: TestApp
before(async () => {
  t = await makeApp()
})
after(() => t.close())

const rows = Object.entries(table.paths as unknown as Record<string, Record<string, [string, string]>>)
  .flatMap(([path, verbs]) => Object.entries(verbs).map(([verb, [people, programs]]) => ({ path, verb, people, programs })))
const readsOnly = (name: string): boolean => /\.Read(Basic)?(\.|$)/.test(name)
/** POSTs that change nothing. */
const asking = /\/(getbyids|validateproperties|getavailableextensionproperties|(check|get)member(groups|objects))$/

test('where something is written, no permission that only reads is enough, alone or with another of its kind', () => {
  const writing = rows.filter(row => row.verb !== 'GET' && !asking.test(row.path))
  assert.ok(writing.length > 100)
  for (const { path, verb, people, programs } of writing) {
    for (const one of `${people}, ${programs}`.split(', ').filter(Boolean)) assert.ok(!one.split(' + ').every(readsOnly), `${verb} ${path}: ${one}`)
  }
})

/** The rows that look wrong in the source, or need two: what must not be enough for them (graph §15, caveats). */
const notEnough: readonly [verb: string, path: string, ...names: string[]][] = [
  ...['applications', 'servicePrincipals'].flatMap(set => [
    ['POST', `/${set}/{id}/owners`, 'Directory.Read.All'], ['POST', `/${set}/{id}/owners`, 'Application.ReadWrite.All'], ['POST', `/${set}/{id}/owners`, 'Application.ReadWrite.OwnedBy'],
    ['POST', `/${set}/{id}/appManagementPolicies`, 'Application.Read.All'], ['POST', `/${set}/{id}/appManagementPolicies`, 'Policy.ReadWrite.ApplicationConfiguration'],
    ['DELETE', `/${set}/{id}/appManagementPolicies/{id}`, 'Application.Read.All'],
  ] as [string, string, string][]),
  ...['appRoleAssignedTo', 'appRoleAssignments'].flatMap(set => [
    ...['Application.Read.All', 'Directory.Read.All', 'Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All', 'Directory.ReadWrite.All'].map(name => ['POST', `/servicePrincipals/{id}/${set}`, name]),
    ['POST', `/servicePrincipals/{id}/${set}`, 'Application.Read.All', 'Directory.Read.All'], ['POST', `/servicePrincipals/{id}/${set}`, 'Application.ReadWrite.All', 'Directory.Read.All'],
    ['DELETE', `/servicePrincipals/{id}/${set}/{id}`, 'Application.ReadWrite.All'],
  ] as [string, string, ...string[]][]),
  ['PATCH', '/policies/identitySecurityDefaultsEnforcementPolicy', 'Policy.Read.All'],
  ['PATCH', '/policies/identitySecurityDefaultsEnforcementPolicy', 'Policy.ReadWrite.SecurityDefaults'],
  ['PATCH', '/policies/identitySecurityDefaultsEnforcementPolicy', 'Policy.ReadWrite.ConditionalAccess'],
]

const lets = (line: Alternatives, held: readonly string[]): boolean => line.some(one => (typeof one === 'string' ? held.includes(one) : one.every(name => held.includes(name))))

for (const [verb, path, ...names] of notEnough) {
  test(`${verb} ${path} is not opened by ${names.join(' and ')}`, () => {
    const { graph } = permitted(verb, path)
    for (const scheme of ['delegated', 'application'] as const) assert.equal(lets(graph[scheme], names), false, scheme)
  })
}

test('giving an app role takes the right to assign and the right to see, both', () => {
  const { graph } = permitted('POST', '/servicePrincipals/{id}/appRoleAssignedTo')
  for (const partner of ['Application.Read.All', 'Directory.Read.All']) {
    for (const scheme of ['delegated', 'application'] as const) assert.equal(lets(graph[scheme], ['AppRoleAssignment.ReadWrite.All', partner]), true)
  }
  assert.equal(lets(permitted('POST', '/applications/{id}/owners').graph.application, ['Application.ReadWrite.OwnedBy', 'Directory.Read.All']), true)
})

test('no program has business under /me, nor resets a password at the methods service (graph §6.4)', () => {
  for (const { path, verb } of rows.filter(row => row.path.startsWith('/me'))) assert.deepEqual(permitted(verb, path).graph.application, [], `${verb} ${path}`)
  for (const path of ['/users/{id}/authentication/methods/{id}/resetPassword', '/users/{id}/authentication/passwordMethods/{id}/resetPassword']) {
    assert.deepEqual(permitted('POST', path).graph.application, [])
    assert.ok(lets(permitted('POST', path).graph.delegated, ['UserAuthenticationMethod.ReadWrite.All']))
  }
})

test('a path is known in any spelling, with its version, its keys and a reference at the end; an unknown one stops the start', () => {
  for (const path of ['/users/{id}', '/v1.0/users/:id', '/USERS/{userId}', '/beta/users/:key']) assert.equal(keyOf(path), '/users/{id}')
  assert.equal(keyOf('/v1.0/applications/:id/owners/$ref'), '/applications/{id}/owners')
  assert.equal(keyOf('/v1.0/users/$count'), '/users')
  assert.throws(() => permitted('POST', '/kelp'), /POST \/kelp/)
})

/** Lines of our own, where the table knows the path and the line is another one on purpose. */
const deliberately = /\/(addKey|removeKey)$/ // whoever proves to have a key of the application needs no permission (graph §3.2)
/** Paths that the table does not have: resources of our own, and parts of what it has. */
const ours = new RegExp([
  '^/beta/policies/(passwordResetPolicy|passwordProtection|onPremisesIntegration|branding)$', '^/(v1\\.0|beta)/users/validatePassword$', '^/beta/reports/authenticationMethods/',
  '/credentialUsage$', '/\\$batch$', // each part of a batch stands under its own line
  '^/v1\\.0/servicePrincipals/:id/appRole(AssignedTo|Assignments)/:member$', // one of a list that the table has
].join('|'))

/** A declared path as the table spells it: without a cast to a type, with the password's fixed id as any other. */
const spelled = (url: string): string => url
  .replace(/\/:cast$/, '').replace('28c10230-6103-485e-b985-444c60001490', '{id}').replace(/\/:summary(\/:arguments)?$/, '/usersRegisteredByFeature')

const graphRoutes = (): DeclaredRoute[] =>
  t.routes.filter(route => /^\/(v1\.0|beta)\//.test(route.url) && route.method !== 'HEAD' && typeof route.access === 'object' && 'graph' in route.access)

function known({ method, url }: DeclaredRoute) {
  try {
    return permitted(method, spelled(url)).graph
  } catch {
    return undefined
  }
}

test('every route of Graph is declared under the line that the table has for it', () => {
  assert.ok(graphRoutes().length > 150)
  const other = graphRoutes().filter(route => {
    const line = known(route)
    return line !== undefined && !deliberately.test(route.url) && JSON.stringify(line) !== JSON.stringify((route.access as { graph: unknown }).graph)
  })
  assert.deepEqual(other.map(route => `${route.method} ${route.url}`), [])
})

test('whatever the table does not know is a resource of our own, or named above with its reason', () => {
  assert.deepEqual(graphRoutes().filter(route => known(route) === undefined && !ours.test(route.url)).map(route => `${route.method} ${route.url}`), [])
})
