// The organisation, its domains, what it owns and who has it (graph §9).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { insertDomain } from '../../src/store/domains.ts'
import { saveSku } from '../../src/store/licences.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson, foundTenant, roleIds } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
let eve: SignedIn
before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
  eve = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'eve', password: null }))
  await t.app.db.transaction().execute(async trx => {
    await saveSku(trx, { tenantId: t.tenantId, skuId: p2, skuPartNumber: 'AAD_PREMIUM_P2', enabledUnits: 2, capabilityStatus: 'Enabled', isTrial: false })
    await saveSku(trx, { tenantId: t.tenantId, skuId: e3, skuPartNumber: 'ENTERPRISEPACK', enabledUnits: 5, capabilityStatus: 'Suspended', isTrial: false })
  })
})
after(() => t.close())

const p2 = '84a661c4-e949-4bd2-a560-ed7766fcaf2b'
const e3 = '6fd2c87f-b296-42f0-b197-1e91e994b900'
const premium = '41781fb2-bc02-4b7c-bd55-b576c07bb09d'
const problem = (reply: { statusCode: number; json(): { error?: { details?: { target: string }[] } } }) => [reply.statusCode, reply.json().error?.details?.[0]?.target]

test('the organisation is a collection of one, read by everybody in it, and nobody else’s', async () => {
  const { value } = (await eve.get('/v1.0/organization')).json()
  assert.deepEqual([value.length, value[0].id, value[0].displayName, value[0].tenantType], [1, t.tenantId, 'Contoso', 'AAD'])
  assert.deepEqual(value[0].verifiedDomains.map((one: { name: string; isDefault: boolean }) => [one.name, one.isDefault]), [['contoso.example', true], ['contoso.onlatchkey.example', false]])
  assert.deepEqual(Object.keys((await eve.get(`/v1.0/organization/${t.tenantId}?$select=id,displayName`)).json()).toSorted(), ['@odata.context', 'displayName', 'id'])
  const other = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
  assert.equal((await gus.get(`/v1.0/organization/${other}`)).statusCode, 404)
  assert.equal((await gus.patch(`/v1.0/organization/${other}`, {})).statusCode, 404)
})

test('whom to write to about it is set by a Global Administrator; what Graph keeps to itself cannot be sent', async () => {
  const path = `/v1.0/organization/${t.tenantId}`
  assert.equal((await gus.patch(path, { technicalNotificationMails: ['ops@contoso.example'], privacyProfile: { statementUrl: 'https://contoso.example/privacy' } })).statusCode, 204)
  const now = (await gus.get(path)).json()
  assert.deepEqual([now.technicalNotificationMails, now.privacyProfile], [['ops@contoso.example'], { contactEmail: null, statementUrl: 'https://contoso.example/privacy' }])
  assert.deepEqual(problem(await gus.patch(path, { technicalNotificationMails: ['ops'] })), [400, 'technicalNotificationMails'])
  assert.deepEqual(problem(await gus.patch(path, { privacyProfile: { statementUrl: 'javascript:alert(1)' } })), [400, 'privacyProfile.statementUrl'])
  assert.deepEqual(problem(await gus.patch(path, { displayName: 'Kelp' })), [400, 'displayName'])
  assert.equal((await eve.patch(path, { technicalNotificationMails: [] })).statusCode, 403)
})

test('a domain says how long a password lives in it; the values are bounded and in the audit from old to new (sspr §2.2)', async () => {
  const path = '/v1.0/domains/contoso.example'
  assert.deepEqual((await eve.get('/v1.0/domains')).json().value.map((one: { id: string }) => one.id), ['contoso.example', 'contoso.onlatchkey.example'])
  assert.equal((await gus.patch(path, { passwordValidityPeriodInDays: 90, passwordNotificationWindowInDays: 14 })).statusCode, 204)
  const domain = (await eve.get('/v1.0/domains/CONTOSO.example')).json()
  assert.deepEqual([domain.passwordValidityPeriodInDays, domain.isDefault, domain.isRoot, domain.authenticationType], [90, true, true, 'Managed'])
  assert.deepEqual(problem(await gus.patch(path, { passwordValidityPeriodInDays: 13 })), [400, 'passwordValidityPeriodInDays'])
  assert.deepEqual(problem(await gus.patch(path, { passwordNotificationWindowInDays: 31 })), [400, 'passwordNotificationWindowInDays'])
  assert.equal((await gus.patch(path, { passwordValidityPeriodInDays: 2147483647 })).statusCode, 204, 'never')
  const [row] = (await gus.get("/v1.0/auditLogs/directoryAudits?$filter=activityDisplayName eq 'Set password policy'&$top=1")).json().value
  assert.deepEqual(row.targetResources[0].modifiedProperties[0], { displayName: 'passwordValidityPeriodInDays', oldValue: '90', newValue: '2147483647' })
  assert.equal((await gus.get('/v1.0/domains/fabrikam.example')).statusCode, 404, 'another tenant’s')
  assert.equal((await eve.patch(path, { passwordValidityPeriodInDays: 30 })).statusCode, 403)
})

test('one verified domain is the default: another takes its place, and it is never nobody', async () => {
  await t.app.db.transaction().execute(trx => insertDomain(trx, {
    tenantId: t.tenantId, id: 'kelp.contoso.example', isInitial: false, isDefault: false, isVerified: false, authenticationType: 'Managed', signInModel: null, capturedCopy: false,
    passwordValidityPeriodInDays: null, passwordNotificationWindowInDays: null, createdAt: t.clock.now(),
  }))
  assert.equal((await gus.get('/v1.0/domains/kelp.contoso.example')).json().isRoot, false)
  assert.deepEqual(problem(await gus.patch('/v1.0/domains/kelp.contoso.example', { isDefault: true })), [400, 'isDefault'])
  assert.deepEqual(problem(await gus.patch('/v1.0/domains/contoso.example', { isDefault: false })), [400, 'isDefault'])
  assert.equal((await gus.patch('/v1.0/domains/contoso.onlatchkey.example', { isDefault: true })).statusCode, 204)
  const defaults = (await gus.get('/v1.0/domains')).json().value.filter((one: { isDefault: boolean }) => one.isDefault).map((one: { id: string }) => one.id)
  assert.deepEqual(defaults, ['contoso.onlatchkey.example'])
})

test('a licence needs a country, a free unit of what is owned and alive, and takes and gives all or nothing', async () => {
  const [ann, bob, cid] = await Promise.all(['ann', 'bob', 'cid'].map(name => addPerson(t.app, t.tenantId, { name, password: null })))
  const give = (id: string, body: object) => gus.post(`/v1.0/users/${id}/assignLicense`, { addLicenses: [], removeLicenses: [], ...body })
  assert.deepEqual(problem(await give(ann!.id, { addLicenses: [{ skuId: p2 }] })), [400, 'usageLocation'])
  for (const one of [ann!, bob!, cid!]) await gus.patch(`/v1.0/users/${one.id}`, { usageLocation: 'DK' })
  assert.deepEqual(problem(await gus.post(`/v1.0/users/${ann!.id}/assignLicense`, { addLicenses: [] })), [400, 'removeLicenses'], 'both lists have to be there')
  assert.deepEqual(problem(await give(ann!.id, { addLicenses: [{ skuId: 'premium' }] })), [400, 'addLicenses.0.skuId'])
  assert.deepEqual(problem(await give(ann!.id, { removeLicenses: ['premium'] })), [400, 'removeLicenses.0'])
  assert.deepEqual(problem(await give(ann!.id, { addLicenses: [{ skuId: e3 }] })), [400, 'addLicenses.skuId'], 'suspended')
  assert.deepEqual(problem(await give(ann!.id, { addLicenses: [{ skuId: '00000000-0000-4000-8000-000000000001' }] })), [400, 'addLicenses.skuId'])
  assert.deepEqual(problem(await give(ann!.id, { addLicenses: [{ skuId: p2, disabledPlans: [e3] }] })), [400, 'addLicenses.disabledPlans'])

  const given = await give(ann!.id, { addLicenses: [{ skuId: p2, disabledPlans: [premium] }] })
  assert.deepEqual([given.statusCode, given.json().id], [200, ann!.id])
  const [details] = (await gus.get(`/v1.0/users/${ann!.id}/licenseDetails`)).json().value
  assert.deepEqual([details.skuPartNumber, details.servicePlans[0].provisioningStatus], ['AAD_PREMIUM_P2', 'Disabled'])
  assert.equal((await give(bob!.id, { addLicenses: [{ skuId: p2 }] })).statusCode, 200)
  assert.equal((await give(cid!.id, { addLicenses: [{ skuId: p2 }] })).statusCode, 400, 'two units, two people')
  const sku = (await eve.get('/v1.0/subscribedSkus')).json().value.find((one: { skuId: string }) => one.skuId === p2)
  assert.deepEqual([sku.id, sku.consumedUnits, sku.prepaidUnits.enabled], [`${t.tenantId}_${p2}`, 2, 2])
  assert.equal((await eve.get(`/v1.0/subscribedSkus/${t.tenantId}_${e3}`)).json().prepaidUnits.suspended, 5)

  assert.equal((await give(ann!.id, { removeLicenses: [p2] })).statusCode, 200)
  assert.deepEqual(problem(await give(ann!.id, { removeLicenses: [p2] })), [400, 'removeLicenses'], 'not there any more')
  assert.equal((await give(cid!.id, { addLicenses: [{ skuId: p2 }] })).statusCode, 200)
  assert.equal((await eve.post(`/v1.0/users/${ann!.id}/assignLicense`, { addLicenses: [], removeLicenses: [] })).statusCode, 403)
})

test('a group passes its licence on to its members, once for each person; people see their own', async () => {
  await t.app.db.updateTable('subscribedSkus').set({ enabledUnits: 10 }).where('tenantId', '=', t.tenantId).where('skuId', '=', p2).execute()
  const group = await addGroup(t.app, t.tenantId, 'licensed')
  const dan = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'dan', password: null, groups: [group] }))
  const before = (await gus.get('/v1.0/subscribedSkus')).json().value.find((one: { skuId: string }) => one.skuId === p2).consumedUnits
  assert.equal((await gus.post(`/v1.0/groups/${group}/assignLicense`, { addLicenses: [{ skuId: p2 }], removeLicenses: [] })).statusCode, 202)
  assert.equal((await dan.get('/v1.0/me/licenseDetails')).json().value[0].skuId, p2)
  assert.equal((await eve.get(`/v1.0/users/${dan.person.id}/licenseDetails`)).statusCode, 403)
  await gus.patch(`/v1.0/users/${dan.person.id}`, { usageLocation: 'NO' })
  await gus.post(`/v1.0/users/${dan.person.id}/assignLicense`, { addLicenses: [{ skuId: p2 }], removeLicenses: [] })
  assert.equal((await gus.get('/v1.0/subscribedSkus')).json().value.find((one: { skuId: string }) => one.skuId === p2).consumedUnits, before + 1)
})
