import assert from 'node:assert/strict'
import { addMember } from '../../src/store/groups.ts'
import { assignLicence, licencesOf, removeLicence, saveSku, subscribedSkus } from '../../src/store/licences.ts'
import { bothEngines } from '../support/store.ts'
import { addGroup, addTenant, addUser } from './rows.ts'

bothEngines('licences count that are given directly or to a group the person is in, nested or not', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
  await addGroup(store.db, 'inner')
  await addGroup(store.db, 'outer')
  await addMember(store.db, { tenantId: 't1', groupId: 'inner', memberId: 'ann-id', memberType: 'user' })
  await addMember(store.db, { tenantId: 't1', groupId: 'outer', memberId: 'inner', memberType: 'group' })
  const sku = { tenantId: 't1', enabledUnits: 10, capabilityStatus: 'Enabled', isTrial: false }
  for (const skuId of ['s1', 's2', 's3']) await saveSku(store.db, { ...sku, skuId, skuPartNumber: skuId.toUpperCase() })
  await assignLicence(store.db, { tenantId: 't1', skuId: 's1', principalId: 'ann-id', principalType: 'user', disabledPlans: ['p'] })
  await assignLicence(store.db, { tenantId: 't1', skuId: 's2', principalId: 'outer', principalType: 'group' })
  await assignLicence(store.db, { tenantId: 't1', skuId: 's3', principalId: 'bo-id', principalType: 'user' })
  assert.deepEqual(await licencesOf(store.db, 't1', 'ann-id'), [
    { skuId: 's1', skuPartNumber: 'S1', disabledPlans: ['p'] },
    { skuId: 's2', skuPartNumber: 'S2', disabledPlans: [] },
  ])
  await assignLicence(store.db, { tenantId: 't1', skuId: 's1', principalId: 'ann-id', principalType: 'user' })
  assert.deepEqual((await licencesOf(store.db, 't1', 'ann-id'))[0]?.disabledPlans, [])
  assert.equal(await removeLicence(store.db, { tenantId: 't1', skuId: 's1', principalId: 'ann-id' }), true)
  assert.deepEqual((await licencesOf(store.db, 't1', 'ann-id')).map(licence => licence.skuId), ['s2'])
})

bothEngines('units in use are counted, a group by its members, up to a thousand each way', async store => {
  await addTenant(store.db)
  await addGroup(store.db, 'g')
  const sku = { tenantId: 't1', skuPartNumber: 'X', enabledUnits: 5000, capabilityStatus: 'Enabled', isTrial: false }
  for (const skuId of ['none', 'some', 'many']) await saveSku(store.db, { ...sku, skuId })
  for (const memberId of ['m1', 'm2', 'm3']) await addMember(store.db, { tenantId: 't1', groupId: 'g', memberId, memberType: 'user' })
  await assignLicence(store.db, { tenantId: 't1', skuId: 'some', principalId: 'g', principalType: 'group' })
  await assignLicence(store.db, { tenantId: 't1', skuId: 'some', principalId: 'm9', principalType: 'user' })
  const many = Array.from({ length: 1005 }, (_, n) => ({ tenantId: 't1', skuId: 'many', principalId: `u${n}`, principalType: 'user', disabledPlans: '[]' }))
  await store.db.insertInto('licenseAssignments').values(many).execute()
  const used = (await subscribedSkus(store.db, 't1')).map(one => [one.skuId, one.consumedUnits])
  assert.deepEqual(used, [['many', 1000], ['none', 0], ['some', 4]])
})
