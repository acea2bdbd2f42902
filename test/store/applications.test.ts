import assert from 'node:assert/strict'
import { findAgent, insertAgent, listAgents, updateAgent } from '../../src/store/agents.ts'
import * as applications from '../../src/store/applications.ts'
import { isUniqueViolation } from '../../src/store/errors.ts'
import { bothEngines } from '../support/store.ts'
import { addTenant, start } from './rows.ts'

const application = (id: string, displayName = id) => ({
  tenantId: 't1', id, appId: `app-${id}`, displayName, servicePrincipalId: `sp-${id}`, createdDateTime: start, disabledAt: null,
})

bothEngines('an application is found by the id that programs know, once in the installation', async store => {
  await addTenant(store.db)
  await addTenant(store.db, 't2')
  await applications.insertApplication(store.db, application('a'))
  assert.equal((await applications.findApplicationByAppId(store.db, 'app-a'))?.id, 'a')
  await assert.rejects(applications.insertApplication(store.db, { ...application('b'), tenantId: 't2', appId: 'app-a' }), isUniqueViolation)
  assert.equal(await applications.disableApplication(store.db, 't1', 'a', start), true)
  assert.equal((await applications.findApplication(store.db, 't1', 'a'))?.disabledAt, start)
})

bothEngines('applications are listed by name, and go with their secrets and permissions', async store => {
  await addTenant(store.db)
  for (const [id, name] of [['1', 'b'], ['2', 'A'], ['3', 'c']] as const) await applications.insertApplication(store.db, application(id, name))
  const page = await applications.listApplications(store.db, { tenantId: 't1', top: 2 })
  assert.deepEqual(page.map(one => one.displayName), ['A', 'b'])
  assert.deepEqual((await applications.listApplications(store.db, { tenantId: 't1', after: page.at(-1)! })).map(one => one.displayName), ['c'])
  const secret = { tenantId: 't1', applicationId: '1', displayName: null, hint: 'abc', secretHash: 'h', startDateTime: start, endDateTime: start + 1 }
  await applications.insertApplicationPassword(store.db, { ...secret, keyId: 'k1' })
  await applications.insertApplicationPassword(store.db, { ...secret, keyId: 'k2', startDateTime: start + 1 })
  assert.deepEqual((await applications.listApplicationPasswords(store.db, 't1', '1')).map(one => one.keyId), ['k1', 'k2'])
  assert.equal(await applications.deleteApplicationPassword(store.db, 't1', '2', 'k1'), false)
  assert.equal(await applications.deleteApplicationPassword(store.db, 't1', '1', 'k1'), true)
  const grant = { tenantId: 't1', servicePrincipalId: 'sp-1', grantedAt: start }
  for (const permission of ['User.Read.All', 'Directory.Read.All', 'User.Read.All']) await applications.grantPermission(store.db, { ...grant, permission })
  assert.deepEqual(await applications.listPermissions(store.db, 't1', 'sp-1'), ['Directory.Read.All', 'User.Read.All'])
  assert.equal(await applications.revokePermission(store.db, 't1', 'sp-1', 'User.Read.All'), true)
  assert.equal(await applications.deleteApplication(store.db, 't1', '1'), true)
  assert.deepEqual([await applications.listPermissions(store.db, 't1', 'sp-1'), await applications.listApplicationPasswords(store.db, 't1', '1')], [[], []])
})

bothEngines('agents are enrolled, leave their heartbeat, and are listed by age', async store => {
  await addTenant(store.db)
  const agent = {
    tenantId: 't1', displayName: 'DC', domain: 'corp.example', version: null, status: 'active', configurationError: null, lastHeartbeatAt: null,
    lastSyncAt: null, lastSyncResult: null, domainRules: null, revokedAt: null,
  }
  await insertAgent(store.db, { ...agent, id: 'young', enrolledAt: start + 1 })
  await insertAgent(store.db, { ...agent, id: 'old', enrolledAt: start })
  assert.deepEqual((await listAgents(store.db, 't1')).map(one => one.id), ['old', 'young'])
  assert.equal(await updateAgent(store.db, 't1', 'old', { lastHeartbeatAt: start + 5, version: '1.0' }), true)
  assert.equal((await findAgent(store.db, 't1', 'old'))?.lastHeartbeatAt, start + 5)
  assert.equal(await updateAgent(store.db, 't2', 'old', { version: '2.0' }), false)
})
