/** T-65 over whole requests: whatever is written after the question mark, the answer is a page or a 400 that says what is wrong. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, roleIds } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

for (const engine of ['sqlite', 'postgres'] as const) {
  test(`T-65: no query makes an error of ours, on any collection of the directory (${engine})`, async () => {
    const t: TestApp = await makeApp({ engine })
    try {
      const gus: SignedIn = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
      await addGroup(t.app, t.tenantId, 'Team')
      const ask = async (url: string): Promise<void> => {
        const reply = await gus.browser.request({ method: 'GET', url, headers: { consistencylevel: 'eventual' } })
        assert.ok([200, 400, 404, 414].includes(reply.statusCode), `${url}: ${reply.statusCode} ${reply.payload.slice(0, 200)}`)
        if (reply.statusCode === 400) assert.ok(reply.json().error.message.length > 20)
      }
      await fc.assert(fc.asyncProperty(path, query, (where, what) => ask(`${where}?${what}`)), { numRuns: engine === 'sqlite' ? 400 : 150 })
    } finally {
      await t.close()
    }
  })
}

const path = fc.constantFrom(
  '/v1.0/users', '/v1.0/groups', '/v1.0/users/$count', '/v1.0/groups/$count', '/v1.0/users/delta', '/v1.0/groups/delta', '/v1.0/me/memberOf', '/v1.0/me/ownedObjects',
  '/v1.0/directory/deletedItems/microsoft.graph.user', '/v1.0/users/gus@contoso.example', '/v1.0/me/directReports', '/v1.0/applications', '/v1.0/servicePrincipals', '/v1.0/domains',
  '/v1.0/subscribedSkus', '/v1.0/roleManagement/directory/roleAssignments', '/v1.0/auditLogs/directoryAudits',
)

const property = fc.constantFrom(
  'displayName', 'userPrincipalName', 'mail', 'id', 'accountEnabled', 'createdDateTime', 'mailNickname', 'employeeId', 'proxyAddresses', 'assignedLicenses', 'assignedLicenses/$count',
  'groupTypes', 'onPremisesSyncEnabled', 'passwordProfile', 'passwordProfile/password', 'hash', 'otherMails', 'appId', 'x', '__proto__', 'constructor', 'identifierUris', 'securityEnabled',
)
const literal = fc.oneof(fc.constantFrom("'a'", "''", "'%'", "'_'", 'null', 'true', 'false', '1', '-1', '2026-01-01T00:00:00Z', '9999-99-99', "'\\'", '1e9', "'\u0000'", "'😀'", "(1)", "'o''brien'"), fc.string({ maxLength: 12 }).map(one => `'${one.replaceAll("'", "''")}'`))
const operator = fc.constantFrom('eq', 'ne', 'ge', 'le', 'gt', 'lt', 'in', 'has', 'EQ')
const { filter } = fc.letrec<{ filter: string }>(tie => ({
  filter: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(property, operator, literal).map(parts => parts.join(' ')),
    fc.tuple(fc.constantFrom('startswith', 'endswith', 'contains', 'startsWith'), property, literal).map(([call, name, value]) => `${call}(${name},${value})`),
    fc.tuple(property, fc.array(literal, { maxLength: 3 })).map(([name, values]) => `${name} in (${values.join(',')})`),
    fc.tuple(property, literal).map(([name, value]) => `${name}/any(x:x eq ${value})`),
    fc.tuple(property, literal).map(([name, value]) => `${name}/any(x:startswith(x,${value}))`),
    fc.tuple(tie('filter'), fc.constantFrom('and', 'or'), tie('filter')).map(([left, word, right]) => `(${left}) ${word} ${right}`),
    tie('filter').map(one => `not (${one})`), fc.string({ maxLength: 30 }),
  ),
}))
const anything = fc.string({ maxLength: 20 })
const options: Record<string, fc.Arbitrary<string>> = {
  $filter: filter,
  $search: fc.oneof(fc.tuple(property, anything).map(([name, value]) => `"${name}:${value}"`), fc.constantFrom('"displayName:a" AND "mail:b"', '"displayName:a" OR', '"', '\\"'), anything),
  $select: fc.oneof(fc.array(property, { maxLength: 4 }).map(names => names.join(',')), anything),
  $orderby: fc.oneof(fc.tuple(property, fc.constantFrom('', ' desc', ' asc', ' up')).map(parts => parts.join('')), anything),
  $top: fc.oneof(fc.constantFrom('1', '999', '1000', '0', '-1', '1e9', 'x', ''), anything),
  $count: fc.constantFrom('true', 'false', 'x'),
  $expand: fc.oneof(fc.constantFrom('manager', 'memberOf($select=id)', 'members', 'owners', 'manager($expand=manager)', 'manager($levels=max)', '*'), anything),
  $skiptoken: fc.oneof(anything, fc.constantFrom('WyJ4Il0.k1.x', '.', 'W10.')),
  $deltatoken: fc.constantFrom('latest', 'x', 'e30.k1.x'),
  $format: fc.constantFrom('json', 'xml', 'csv'),
  $skip: fc.constantFrom('1', '-1'),
  $apply: anything,
}
const query = fc.subarray(Object.keys(options), { minLength: 1, maxLength: 4 }).chain(names =>
  fc.tuple(...names.map(name => options[name]!.map(value => `${name}=${encodeURIComponent(value.toWellFormed())}`))).map(parts => parts.join('&')))

