import assert from 'node:assert/strict'
import * as domains from '../../src/store/domains.ts'
import { isForeignKeyViolation, isUniqueViolation } from '../../src/store/errors.ts'
import { writeInstallation } from '../../src/store/installation.ts'
import { defaultTenant, findTenant, findTenantByDomain, listTenants, updateTenant } from '../../src/store/tenants.ts'
import { bothEngines } from '../support/store.ts'
import { addTenant, start } from './rows.ts'

bothEngines('LD-41: a tenant is found by its domain, however it is written, and a domain belongs to one tenant', async store => {
  await addTenant(store.db, 't1', 'contoso.example')
  await addTenant(store.db, 't2', 'fabrikam.example')
  assert.equal((await findTenantByDomain(store.db, 'Contoso.EXAMPLE'))?.id, 't1')
  assert.equal(await findTenantByDomain(store.db, 'nobody.example'), undefined)
  const [domain] = await domains.listDomains(store.db, 't1')
  await assert.rejects(domains.insertDomain(store.db, { ...domain!, tenantId: 't2' }), isUniqueViolation)
  await assert.rejects(domains.insertDomain(store.db, { ...domain!, tenantId: 'none', id: 'new.example' }), isForeignKeyViolation)
})

bothEngines('LD-41: pages without a name go to the chosen tenant, else to the oldest', async store => {
  assert.equal(await defaultTenant(store.db), undefined)
  await addTenant(store.db, 't2')
  await addTenant(store.db, 't1')
  assert.equal((await defaultTenant(store.db))?.id, 't1')
  await writeInstallation(store.db, 'defaultTenant', 't2')
  assert.equal((await defaultTenant(store.db))?.id, 't2')
  await writeInstallation(store.db, 'defaultTenant', 'gone')
  assert.equal((await defaultTenant(store.db))?.id, 't1')
  assert.deepEqual((await listTenants(store.db)).map(tenant => tenant.id), ['t1', 't2'])
})

bothEngines('one domain is the default', async store => {
  await addTenant(store.db)
  const [first] = await domains.listDomains(store.db, 't1')
  await domains.insertDomain(store.db, { ...first!, id: 'second.example', isInitial: false, isDefault: false })
  await store.db.transaction().execute(trx => domains.setDefaultDomain(trx, 't1', 'second.example'))
  assert.deepEqual((await domains.listDomains(store.db, 't1')).map(one => [one.id, one.isDefault]), [['second.example', true], ['t1.example', false]])
  assert.equal(await domains.updateDomain(store.db, 't1', 'second.example', { authenticationType: 'Federated' }), true)
  assert.equal((await domains.findDomain(store.db, 't1', 'second.example'))?.authenticationType, 'Federated')
  assert.equal(await domains.deleteDomain(store.db, 't1', 'second.example'), true)
  assert.equal(await domains.deleteDomain(store.db, 't1', 'second.example'), false)
})

bothEngines('a tenant is changed by its id', async store => {
  await addTenant(store.db)
  await updateTenant(store.db, 't1', { suspendedAt: start, displayName: 'Contoso' })
  const tenant = await findTenant(store.db, 't1')
  assert.deepEqual([tenant?.suspendedAt, tenant?.displayName], [start, 'Contoso'])
})
