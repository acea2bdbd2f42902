import assert from 'node:assert/strict'
import { defaultPasswordResetPolicy, defaultTenantPolicies } from '../../src/rules/tenant-settings.ts'
import { readPolicies, writePolicy } from '../../src/store/policies.ts'
import { bothEngines } from '../support/store.ts'
import { addTenant, start } from './rows.ts'

const strict = { ...defaultPasswordResetPolicy, numberOfAuthenticationMethodsRequired: 2 }

bothEngines('a tenant that saved nothing has the defaults, and cannot change them for others', async store => {
  await addTenant(store.db)
  const first = await readPolicies(store.db, 't1')
  const { versions, changedAt, ...policies } = first
  assert.deepEqual(policies, defaultTenantPolicies)
  assert.deepEqual([versions.tenantSettings, changedAt], [0, null])
  assert.throws(() => first.tenantSettings.allowedCountryCodes.push('45'), TypeError)
  assert.deepEqual((await readPolicies(store.db, 't1')).tenantSettings.allowedCountryCodes, [])
})

bothEngines('a saved policy is in force at the next reading, in its tenant only', async store => {
  await addTenant(store.db)
  await addTenant(store.db, 't2')
  await writePolicy(store.db, { tenantId: 't1', name: 'passwordResetPolicy', value: strict, by: 'ann', at: start })
  const { passwordResetPolicy, versions, changedAt } = await readPolicies(store.db, 't1')
  assert.deepEqual([passwordResetPolicy, versions.passwordResetPolicy, changedAt], [strict, 1, start])
  assert.deepEqual((await readPolicies(store.db, 't2')).passwordResetPolicy, defaultPasswordResetPolicy)
})

bothEngines('a property that came later has its default in a policy saved before', async store => {
  await addTenant(store.db)
  const saved = { tenantId: 't1', name: 'authorizationPolicy', value: '{}', version: 1, updatedAt: start, updatedBy: null }
  await store.db.insertInto('policies').values(saved).execute()
  assert.deepEqual((await readPolicies(store.db, 't1')).authorizationPolicy, { allowedToUseSSPR: true })
})

bothEngines('of two who change the same version one is told no', async store => {
  await addTenant(store.db)
  const write = (expectedVersion?: number) =>
    writePolicy(store.db, { tenantId: 't1', name: 'passwordResetPolicy', value: strict, by: null, at: start, ...(expectedVersion === undefined ? {} : { expectedVersion }) })
  assert.deepEqual((await Promise.all([write(0), write(0)])).toSorted(), [false, true])
  assert.deepEqual((await Promise.all([write(1), write(1), write(1)])).toSorted(), [false, false, true])
  assert.equal(await write(), true, 'who does not care, writes')
  assert.equal((await readPolicies(store.db, 't1')).versions.passwordResetPolicy, 3)
})
