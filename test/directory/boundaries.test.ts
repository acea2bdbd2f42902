import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addMethodRow, addPerson, foundTenant, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { fits, parseFilter } from '../../src/graph/odata-filter.ts'
import { hostile } from './hostile-text.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
let ann: Person
let stranger: Person
let foreign: { user: Person; method: string; group: string; assignment: string; operation: string; audit: string; pass: string }
const reset = '28c10230-6103-485e-b985-444c60001490'

before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
  ann = await addPerson(t.app, t.tenantId, { name: 'ann', password: null, email: 'ann@home.example' })
  // The other tenant has the same people, and everything a path can name.
  const other = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
  stranger = await addPerson(t.app, other, { name: 'ann', domain: 'fabrikam.example', password: null, email: 'ann@elsewhere.example' })
  const fay = await signedIn(t, await addPerson(t.app, other, { name: 'fay', domain: 'fabrikam.example', password: null, roles: [roleIds.globalAdministrator] }))
  const method = await addMethodRow(t.app, other, stranger.id, 'mobile', '+45 33123456')
  const group = await addGroup(t.app, other, 'Keepers', { isAssignableToRole: true })
  const given = await fay.post('/v1.0/roleManagement/directory/roleAssignments', { principalId: stranger.id, roleDefinitionId: roleIds.reportsReader, directoryScopeId: '/' })
  const done = await fay.post(`/v1.0/users/${stranger.id}/authentication/methods/${reset}/resetPassword`, {})
  const pass = await fay.post(`/v1.0/users/${stranger.id}/authentication/temporaryAccessPassMethods`, {})
  const audits = (await fay.get('/v1.0/auditLogs/directoryAudits')).json()
  assert.deepEqual([given.statusCode, done.statusCode, pass.statusCode], [201, 202, 201])
  foreign = {
    user: stranger, method, group, assignment: given.json().id, operation: String(done.headers['location']).split('/').at(-1)!, audit: audits.value[0].id, pass: pass.json().id,
  }
})
after(() => t.close())

test('T-43: every route answers a foreign id like one that nobody has', async () => {
  const routes: [method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: (user: string, other: string) => string, other: string, body?: unknown][] = [
    ['GET', user => `/v1.0/users/${user}`, ''],
    ['PATCH', user => `/v1.0/users/${user}`, '', { mobilePhone: '+45 33123456' }],
    ['DELETE', user => `/v1.0/users/${user}`, ''],
    ['POST', user => `/v1.0/users/${user}/revokeSignInSessions`, ''],
    ['POST', user => `/v1.0/users/${user}/authentication/methods/${reset}/resetPassword`, '', {}],
    ['GET', (user, other) => `/v1.0/users/${user}/authentication/operations/${other}`, 'operation'],
    ['GET', user => `/v1.0/users/${user}/authentication/methods`, ''],
    ['GET', user => `/v1.0/users/${user}/authentication/phoneMethods`, ''],
    ['DELETE', (user, other) => `/v1.0/users/${user}/authentication/methods/${other}`, 'method'],
    ['GET', user => `/v1.0/users/${user}/authentication/temporaryAccessPassMethods`, ''],
    ['POST', user => `/v1.0/users/${user}/authentication/temporaryAccessPassMethods`, '', {}],
    ['DELETE', (user, other) => `/v1.0/users/${user}/authentication/temporaryAccessPassMethods/${other}`, 'pass'],
    ['GET', (_user, other) => `/v1.0/roleManagement/directory/roleAssignments/${other}`, 'assignment'],
    ['DELETE', (_user, other) => `/v1.0/roleManagement/directory/roleAssignments/${other}`, 'assignment'],
    ['GET', user => `/v1.0/reports/authenticationMethods/userRegistrationDetails/${user}`, ''],
    ['GET', (_user, other) => `/v1.0/auditLogs/directoryAudits/${other}`, 'audit'],
    ['GET', user => `/api/users/${user}/verdicts`, ''],
    ['POST', user => `/api/users/${user}/unlock`, ''],
    ['POST', user => `/api/users/${user}/clearResetLock`, ''],
  ]
  const plain = (payload: string) => payload.replace(/[0-9a-f-]{36}/g, 'id').replace(/"date":"[^"]*"/, '')
  for (const [method, path, other, body] of routes) {
    const foreignOther = other ? String(foreign[other as keyof typeof foreign]) : ''
    const swapped = await gus.browser.json(method, path(stranger.id, foreignOther), body)
    const random = await gus.browser.json(method, path(randomUUID(), randomUUID()), body)
    assert.equal(swapped.statusCode, 404, `${method} ${path('{foreign}', other)}: ${swapped.payload}`)
    assert.equal(random.statusCode, 404)
    assert.equal(plain(swapped.payload), plain(random.payload))
    // Our own person with something of theirs behind it.
    if (other && path(ann.id, '').includes(ann.id)) assert.equal((await gus.browser.json(method, path(ann.id, foreignOther), body)).statusCode, 404, `${method} own user, foreign ${other}`)
  }
  assert.equal((await gus.get('/v1.0/users/ann@fabrikam.example')).statusCode, 404)
  const row = await t.app.db.selectFrom('users').select('deletedDateTime').where('id', '=', stranger.id).executeTakeFirstOrThrow()
  assert.equal(row.deletedDateTime, null)
})

test('T-43: foreign ids in bodies and filters lead nowhere', async () => {
  for (const principalId of [stranger.id, foreign.group]) {
    assert.equal((await gus.post('/v1.0/roleManagement/directory/roleAssignments', { principalId, roleDefinitionId: roleIds.reportsReader, directoryScopeId: '/' })).statusCode, 400)
  }
  assert.equal((await gus.patch('/beta/policies/passwordResetPolicy', { enablementType: 1, passwordResetEnabledGroupIds: [foreign.group] })).statusCode, 400)
  assert.deepEqual((await gus.get(`/v1.0/users?$filter=id eq '${stranger.id}'`)).json().value, [])
  assert.deepEqual((await gus.get(`/v1.0/auditLogs/directoryAudits?$filter=targetResources/any(t:t/id eq '${stranger.id}')`)).json().value, [])
  assert.equal((await gus.post('/api/diagnose', { question: 'D-05', target: stranger.id })).json().verdict.code, 'TARGET_NOT_FOUND')
  assert.ok(!(await gus.get('/v1.0/users?$top=999')).payload.includes('fabrikam'))
  assert.ok(!(await gus.get('/v1.0/reports/authenticationMethods/userRegistrationDetails')).payload.includes('fabrikam'))
})

test('T-64: hostile text in every field is data or a 400, never a 500, and finds nobody', async () => {
  const before = (await gus.get('/v1.0/users?$top=999')).json().value.length
  for (const text of hostile) {
    const encoded = encodeURIComponent(text.toWellFormed())
    const quoted = encodeURIComponent(text.toWellFormed().replaceAll("'", "''"))
    const replies = await Promise.all([
      gus.get(`/v1.0/users/${encoded}`), gus.get(`/v1.0/users?$filter=userPrincipalName eq '${quoted}'`), gus.get(`/v1.0/users?$filter=startswith(displayName,'${quoted}')`),
      gus.get(`/v1.0/users?$filter=${encoded}`), gus.get(`/v1.0/users?$select=${encoded}`), gus.get(`/v1.0/users?$orderby=${encoded}`), gus.get(`/v1.0/users?$skiptoken=${encoded}`),
      gus.get(`/v1.0/auditLogs/directoryAudits?$filter=category eq '${quoted}'`), gus.get(`/v1.0/roleManagement/directory/roleAssignments?$filter=principalId eq '${quoted}'`),
      gus.patch(`/v1.0/users/${ann.id}`, { mobilePhone: text }), gus.post('/api/diagnose', { question: 'D-05', target: text }),
      gus.post('/api/diagnose', { question: 'D-05', supportCode: text }), gus.get(`/help?q=${encoded}`), gus.get(`/help/${encoded}`),
    ])
    for (const [index, reply] of replies.entries()) assert.ok(reply.statusCode < 500, `${JSON.stringify(text.slice(0, 40))} at ${index}: ${reply.statusCode} ${reply.payload.slice(0, 200)}`)
    for (const reply of replies.slice(1, 3)) if (reply.statusCode === 200 && text !== '' ) assert.deepEqual(reply.json().value, [], text.slice(0, 30))
  }
  assert.equal((await gus.get('/v1.0/users?$top=999')).json().value.length, before)
})

test('T-65: filters are bounded in length, nodes, depth and lists, and never read a secret column', async () => {
  const filterable = { displayName: ['startswith', 'eq', 'in', 'ne'], id: ['eq', 'in'] } as const
  const bad = [
    `${"displayName eq 'a' and ".repeat(200)}displayName eq 'a'`, `${'('.repeat(9)}displayName eq 'a'${')'.repeat(9)}`, `${'not '.repeat(9)}displayName eq 'a'`,
    `id in (${Array.from({ length: 21 }, () => "'x'").join(',')})`, "contains(displayName,'%')", "hash eq 'x'", "password/hash eq 'x'", 'displayName eq', "displayName eq 'open", "'a' eq displayName",
    Array.from({ length: 17 }, () => "id eq 'a'").join(' or ') + Array.from({ length: 17 }, () => " and id eq 'b'").join(''),
  ]
  for (const text of bad) assert.throws(() => parseFilter(text, filterable), { name: 'Refusal' }, text.slice(0, 60))
  assert.deepEqual(parseFilter("displayName eq 'O''Brien'", filterable), { kind: 'compare', property: 'displayName', operator: 'eq', value: "O'Brien" })
  fc.assert(fc.property(fc.string({ maxLength: 2100 }), text => {
    try {
      fits(parseFilter(text, filterable), () => 'x')
    } catch (error) {
      assert.equal((error as Error).name, 'Refusal')
    }
  }), { numRuns: 300 })
  const words = fc.constantFrom('displayName', 'id', 'eq', 'in', 'and', 'or', 'not', '(', ')', ',', "'a'", "''", 'startswith', 'null', 'true', '1', '/', 'any', ':')
  fc.assert(fc.property(fc.array(words, { maxLength: 40 }), parts => {
    try {
      parseFilter(parts.join(' '), filterable)
    } catch (error) {
      assert.equal((error as Error).name, 'Refusal')
    }
  }), { numRuns: 500 })
})

test('T-66: parsing grows with the text and no faster: double the length is not eight times the steps', () => {
  // A count of steps, not of time: how often the text is read, seen through a string that counts.
  const steps = (length: number): number => {
    let read = 0
    const text = 'x'.repeat(length)
    const counting = new Proxy(Object(text) as object, {
      get: (target, name) => {
        if (typeof name === 'string' && /^\d+$/.test(name)) read++
        const value = Reflect.get(target, name) as unknown
        return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(text) : value
      },
    }) as unknown as string
    try {
      parseFilter(counting, {})
    } catch { /* not a filter */ }
    return read
  }
  const [short, long] = [steps(1000), steps(2000)]
  assert.ok(short > 500 && long < short * 3, `${short} steps, then ${long}`)
})

test('T-67: poisonous keys are refused wherever JSON is taken, and leave nothing behind', async () => {
  for (const body of ['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}', '{"passwordProfile":{"__proto__":{"polluted":1}}}', '{"otherMails":[{"__proto__":1}]}']) {
    for (const [method, url] of [['PATCH', `/v1.0/users/${ann.id}`], ['POST', '/v1.0/users'], ['POST', '/api/diagnose'], ['PATCH', '/beta/policies/passwordResetPolicy']] as const) {
      const reply = await gus.browser.request({ method, url, payload: body, headers: { 'content-type': 'application/json', 'x-latchkey': '1', origin: 'https://reset.contoso.example' } })
      assert.equal(reply.statusCode, 400, `${url} ${body}`)
    }
  }
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) assert.equal((await gus.get(`/v1.0/users/${id}`)).statusCode, 404)
})

test('T-63: one byte over the limit is 413, a wrong type 415, compression 415, a repeated or deep key 400', async () => {
  const send = (url: string, payload: string, headers: Record<string, string> = {}) => gus.browser.request({
    method: 'POST', url, payload, headers: { 'content-type': 'application/json', 'x-latchkey': '1', origin: 'https://reset.contoso.example', ...headers },
  })
  assert.equal((await send('/api/diagnose', `{"question":"D-08"${' '.repeat(65_536)}}`)).statusCode, 413)
  assert.equal((await send('/api/diagnose', 'question=D-08', { 'content-type': 'application/x-www-form-urlencoded' })).statusCode, 415)
  assert.equal((await send('/api/diagnose', '{"question":"D-08"}', { 'content-encoding': 'gzip' })).statusCode, 415)
  assert.equal((await send('/api/diagnose', '{"question":"D-08","question":"D-03"}')).statusCode, 400)
  assert.equal((await send('/api/diagnose', `${'{"a":'.repeat(25)}1${'}'.repeat(25)}`)).statusCode, 400)
  assert.equal((await gus.browser.request({ method: 'PATCH', url: `/v1.0/users/${ann.id}`, payload: '{}', headers: { 'content-type': 'application/json' } })).statusCode, 403, 'no x-latchkey, no write (T-31)')
})

test('T-78: nothing that was typed into a search or a diagnosis gets into the audit, nor does a password of a refused reset', async () => {
  const secret = 'Typed-by-mistake-#1'
  await gus.post('/api/diagnose', { question: 'D-05', target: secret })
  await gus.get(`/v1.0/users/${encodeURIComponent(secret)}`)
  await gus.post(`/v1.0/users/${ann.id}/authentication/methods/${reset}/resetPassword`, { newPassword: 'short' })
  const rows = await t.app.db.selectFrom('audit').select(['initiatedBy', 'targets', 'additionalDetails', 'resultReason']).execute()
  assert.ok(!JSON.stringify(rows).includes(secret))
  assert.ok(!JSON.stringify(rows).includes('"short"'))
})

test('answers that may be null say so in every schema: null comes out as null, never as "", 0 or false', async () => {
  const document = (await gus.get('/api/openapi.json')).payload
  assert.ok(document.includes('/v1.0/users'), 'the document holds the Graph routes')
  const { paths } = JSON.parse(document) as { paths: Record<string, Record<string, { responses?: Record<string, { content?: Record<string, { schema?: Schema }> }> }>> }
  const wrong: string[] = []
  const nullable = /^(mail|mobilePhone|givenName|surname|jobTitle|officeLocation|preferredLanguage|resultReason|statusDetail|lastUpdatedDateTime|phoneNumber|emailAddress|temporaryAccessPass|customHelpdeskEmailOrUrl|deletedDateTime|failureReason|authMethod)$/
  const walk = (schema: Schema | undefined, where: string): void => {
    if (!schema) return
    for (const [name, property] of Object.entries(schema.properties ?? {})) {
      // Sums by method or by failure have one of each: rows without are not summed.
      const summed = /userEventsSummary|\{function\}/.test(where)
      if (nullable.test(name) && !summed && !JSON.stringify(property).includes('"null"')) wrong.push(`${where}.${name}`)
      walk(property, `${where}.${name}`)
    }
    walk(schema.items, `${where}[]`)
    for (const one of schema.anyOf ?? []) walk(one, where)
  }
  for (const [path, methods] of Object.entries(paths)) {
    if (!/^\/(v1\.0|beta)\//.test(path)) continue
    for (const operation of Object.values(methods)) {
      for (const response of Object.values(operation.responses ?? {})) for (const content of Object.values(response.content ?? {})) walk(content.schema, path)
    }
  }
  assert.deepEqual(wrong, [])
})

interface Schema {
  properties?: Record<string, Schema>
  items?: Schema
  anyOf?: Schema[]
}
