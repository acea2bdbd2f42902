import assert from 'node:assert/strict'
import { test } from 'node:test'
import { licenceGate, licenceMatrix, operationsOpenedBy, organisationHas, skus } from '../../src/rules/licences.ts'
import type { LicenceOperation } from '../../src/rules/licences.ts'
import { person, sku, synced, tenant } from './build-facts.ts'

const organisation = (...owned: ReturnType<typeof sku>[]) => tenant({ settings: { licensing: 'organisation' }, subscribedSkus: owned })
const steps = { none: organisation(), free: organisation(sku('FLOW_FREE')), cloud: organisation(sku('ENTERPRISEPACK')), premium: organisation(sku('AAD_PREMIUM')) }

// Operation, then what opens it for a cloud user and for a synced one (sspr §3.1).
const rows: [LicenceOperation, 'none' | 'cloud' | 'premium', 'none' | 'cloud' | 'premium'][] = [
  ['changePassword', 'none', 'premium'],
  ['resetPassword', 'cloud', 'premium'],
  ['unlock', 'none', 'premium'],
  ['registerSecurityInfo', 'cloud', 'cloud'],
  ['administratorReset', 'none', 'premium'],
  ['administratorSelfReset', 'none', 'premium'],
  ['globalBannedList', 'none', 'premium'],
  ['customBannedList', 'premium', 'premium'],
  ['lockoutSettings', 'premium', 'premium'],
  ['officePhone', 'cloud', 'cloud'],
  ['usageReports', 'premium', 'premium'],
  ['auditEvents', 'cloud', 'cloud'],
]

for (const [operation, cloud, hybrid] of rows) {
  test(`sspr §3.1 ${operation} opens with ${cloud} for cloud users and ${hybrid} for synced ones`, () => {
    const order = ['none', 'free', 'cloud', 'premium'] as const
    for (const [subject, need] of [[person(), cloud], [synced(), hybrid]] as const) {
      for (const owned of order) {
        const expected = order.indexOf(owned) >= order.indexOf(need)
        assert.equal(licenceGate(operation, { tenant: steps[owned], subject }).allowed, expected, `${owned} ${subject.onPremisesSyncEnabled}`)
      }
    }
  })
}

test('every operation of the matrix is tested above', () => {
  assert.deepEqual(rows.map(([operation]) => operation).toSorted(), Object.keys(licenceMatrix).toSorted())
})

test('grace still counts, suspended and below do not', () => {
  const having = (capabilityStatus: 'Enabled' | 'Warning' | 'Suspended' | 'Deleted' | 'LockedOut') => organisationHas(organisation(sku('EMS', { capabilityStatus })), 'PREMIUM')
  assert.deepEqual((['Enabled', 'Warning', 'Suspended', 'Deleted', 'LockedOut'] as const).map(having), [true, true, false, false, false])
})

test('with licensing by user each person needs a usable licence of their own', () => {
  const byUser = tenant({ settings: { licensing: 'user' }, subscribedSkus: [sku('EMS')] })
  const { skuPartNumber, skuId } = sku('EMS')
  assert.equal(licenceGate('resetPassword', { tenant: byUser, subject: person() }).allowed, false)
  assert.equal(licenceGate('resetPassword', { tenant: byUser, subject: person({ licences: [{ skuPartNumber, skuId, disabledPlans: [] }] }) }).allowed, true)
  const plan = skus.find(one => one.skuId === skuId)!.decisivePlanId!
  assert.equal(licenceGate('resetPassword', { tenant: byUser, subject: person({ licences: [{ skuPartNumber, skuId, disabledPlans: [plan] }] }) }).allowed, false)
})

test('a SKU that nobody knows opens nothing until the operator says what it is', () => {
  const unknown = { ...sku('EMS'), skuId: 'ffffffff-0000-0000-0000-000000000000', skuPartNumber: 'NEW_ONE' }
  assert.equal(organisationHas(organisation(unknown), 'CLOUD'), false)
  assert.equal(organisationHas(organisation({ ...unknown, class: 'PREMIUM' }), 'PREMIUM'), true)
})

test('the licence page says what an owned SKU opens', () => {
  assert.ok(operationsOpenedBy(sku('ENTERPRISEPACK')).includes('resetPassword'))
  assert.ok(!operationsOpenedBy(sku('ENTERPRISEPACK')).includes('customBannedList'))
  assert.deepEqual(operationsOpenedBy(sku('EMS', { consumedUnits: 0 })), [])
})
