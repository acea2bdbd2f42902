import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { PatchApplication, PatchServicePrincipal } from '../../src/applications/application-schema.ts'
import { hostile } from '../directory/hostile-text.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import type { Program } from '../support/programs.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
let shop: Program
before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
  shop = await addProgram(t.app, t.tenantId, { name: 'Shop' })
})
after(() => t.close())

test('whatever a property is given, it is taken or refused by its name, and the object can be read afterwards', async () => {
  const odd = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }), fc.constantFrom(...hostile.map(text => text.toWellFormed())), fc.array(fc.constantFrom(...hostile.slice(0, 10)), { maxLength: 3 }),
    fc.constantFrom<unknown>(null, [], {}, [null], [[]], [{}], { redirectUris: [null] }, { '@odata.type': 7 }, 1e308, -0, '', ' ', randomUUID(), [{ id: randomUUID() }], { oauth2PermissionScopes: [{ id: randomUUID() }] }),
  )
  for (const [collection, id, schema] of [['applications', shop.applicationId, PatchApplication], ['servicePrincipals', shop.servicePrincipalId, PatchServicePrincipal]] as const) {
    const names = Object.keys(schema.properties)
    assert.ok(names.length > 15)
    await fc.assert(fc.asyncProperty(fc.constantFrom(...names), odd, async (name, value) => {
      if (name === 'uniqueName' && typeof value === 'string') return // once given it stays
      const reply = await gus.patch(`/v1.0/${collection}/${id}`, { [name]: value })
      assert.ok(reply.statusCode === 204 || reply.statusCode === 400, `${name} ${JSON.stringify(value)}: ${reply.statusCode} ${reply.payload}`)
      const read = await gus.get(`/v1.0/${collection}/${id}`)
      assert.equal(read.statusCode, 200, `${name} ${JSON.stringify(value)}: ${read.payload}`)
      await gus.patch(`/v1.0/${collection}/${id}`, { accountEnabled: true, isDisabled: false })
    }), { numRuns: 120 })
  }
})

interface Sketch {
  type?: string
  const?: unknown
  pattern?: string
  properties?: Record<string, Sketch>
  items?: Sketch
  anyOf?: Sketch[]
  required?: string[]
}

/** What a schema lets through, and now and then null or nothing where it stands. */
function fitting(schema: Sketch): fc.Arbitrary<unknown> {
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(fitting))
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.type === 'object') {
    const required = schema.required ?? []
    return fc.record(Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, one]) => [name, fitting(one)])), { requiredKeys: required })
  }
  if (schema.type === 'array') return fc.array(fitting(schema.items!), { maxLength: 3 })
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'integer') return fc.integer()
  if (schema.type === 'null') return fc.constant(null)
  if (schema.pattern?.includes('{8}')) return fc.uuid()
  return fc.oneof(fc.constantFrom('https://shop.example/x', 'api://x', 'a', 'http://localhost', 'Orders.Read'), fc.string({ maxLength: 12 }))
}

test('every body that has the right form leads to an object that Graph’s clients can read, or to a 400', async () => {
  let taken = 0
  for (const [collection, id, schema] of [['applications', shop.applicationId, PatchApplication], ['servicePrincipals', shop.servicePrincipalId, PatchServicePrincipal]] as const) {
    // Switching itself off would end the program, and a unique name stays once it is given.
    const properties = Object.entries(schema.properties as unknown as Record<string, Sketch>).filter(([name]) => !['@odata.type', 'uniqueName', 'isDisabled', 'accountEnabled'].includes(name))
    const body = fc.oneof(...properties.map(([name, one]) => fc.record({ [name]: fitting(one) })))
    await fc.assert(fc.asyncProperty(body, async patch => {
      const reply = await gus.patch(`/v1.0/${collection}/${id}`, patch)
      assert.ok(reply.statusCode === 204 || reply.statusCode === 400, `${JSON.stringify(patch)}: ${reply.statusCode} ${reply.payload}`)
      if (reply.statusCode === 400) return
      taken++
      const whole = await gus.get(`/v1.0/${collection}/${id}`)
      assert.equal(whole.statusCode, 200, whole.payload)
      // What was read may be sent back, and changes nothing.
      const [name] = Object.keys(patch)
      const echo = await gus.patch(`/v1.0/${collection}/${id}`, { [name!]: (whole.json() as Record<string, unknown>)[name!] })
      assert.equal(echo.statusCode, 204, `${name} ${JSON.stringify((whole.json() as Record<string, unknown>)[name!])}: ${echo.payload}`)
    }), { numRuns: 100 })
  }
  assert.ok(taken > 40, `${taken} were taken`)
})

test('T-64, T-65: hostile text in every path, filter and body is data or a 400, 404 or 501, never a 500, and finds nobody', async () => {
  for (const text of hostile) {
    const encoded = encodeURIComponent(text.toWellFormed())
    const quoted = encodeURIComponent(text.toWellFormed().replaceAll("'", "''"))
    const url = `/v1.0/applications/${shop.applicationId}`
    const replies = await Promise.all([
      gus.get(`/v1.0/applications/${encoded}`), gus.get(`/v1.0/servicePrincipals/${encoded}`), gus.get(`/v1.0/applications(appId='${quoted}')`), gus.get(`/v1.0/applications(uniqueName='${quoted}')`),
      gus.get(`/v1.0/applications?$filter=displayName eq '${quoted}'`), gus.get(`/v1.0/applications?$filter=identifierUris/any(u:u eq '${quoted}')`), gus.get(`/v1.0/applications?$filter=${encoded}`),
      gus.get(`/v1.0/servicePrincipals?$filter=servicePrincipalNames/any(u:startswith(u,'${quoted}'))`), gus.get(`/v1.0/servicePrincipals?$filter=startswith(displayName,'${quoted}')&$top=1`),
      gus.get(`/v1.0/oauth2PermissionGrants?$filter=clientId eq '${quoted}'`), gus.get(`/v1.0/oauth2PermissionGrants/${encoded}`), gus.get(`${url}/federatedIdentityCredentials/${encoded}`),
      gus.delete(`${url}/owners/${encoded}/$ref`), gus.post(`${url}/removePassword`, { keyId: text }), gus.post(`${url}/addPassword`, { passwordCredential: { displayName: text, endDateTime: text } }),
      gus.post(`${url}/owners/$ref`, { '@odata.id': text }), gus.post(`${url}/addKey`, { keyCredential: { key: text, type: 'AsymmetricX509Cert', usage: 'Verify' }, proof: text }),
      gus.post(`${url}/federatedIdentityCredentials`, { name: text, issuer: text, subject: text, audiences: [text] }), gus.patch('/v1.0/policies/defaultAppManagementPolicy', { applicationRestrictions: { passwordCredentials: [{ restrictionType: 'passwordLifetime', maxLifetime: text }] } }),
      gus.get(`/beta/applications/${encoded}/credentialUsage`), gus.post('/v1.0/servicePrincipals', { appId: text }),
    ])
    for (const [index, reply] of replies.entries()) assert.ok(reply.statusCode < 500 || reply.statusCode === 501, `${JSON.stringify(text.slice(0, 40))} at ${index}: ${reply.statusCode} ${reply.payload.slice(0, 200)}`)
  }
  assert.equal((await gus.get('/v1.0/applications?$select=id')).json().value.length, 1)
})

test('T-67: poisonous keys are refused and leave nothing behind; T-63: so is what is too large', async () => {
  const url = `/v1.0/applications/${shop.applicationId}`
  const send = (payload: string, address = url, method: 'PATCH' | 'POST' = 'PATCH') =>
    gus.browser.request({ method, url: address, payload, headers: { 'content-type': 'application/json', 'x-latchkey': '1', origin: 'https://reset.contoso.example' } })
  for (const body of ['{"__proto__":{"polluted":1}}', '{"web":{"__proto__":{"polluted":1}}}', '{"constructor":{"prototype":{"polluted":1}}}', '{"optionalClaims":{"__proto__":1}}']) {
    assert.equal((await send(body)).statusCode, 400, body)
  }
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
  assert.equal((await send(`{"notes":"${'x'.repeat(1024 * 1024)}"}`)).statusCode, 413)
  assert.equal((await send(`{"passwordCredential":{"displayName":"${'x'.repeat(70_000)}"}}`, `${url}/addPassword`, 'POST')).statusCode, 413)
  assert.equal((await send('{"displayName":"a","displayName":"b"}')).statusCode, 400)
  assert.equal((await gus.patch(url, { tags: Array.from({ length: 101 }, (_, n) => String(n)) })).statusCode, 400)
  assert.equal((await gus.patch(url, { appRoles: Array.from({ length: 401 }, () => ({ id: randomUUID(), displayName: 'x', allowedMemberTypes: ['User'] })) })).statusCode, 400)
})
