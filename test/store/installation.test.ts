import assert from 'node:assert/strict'
import * as installation from '../../src/store/installation.ts'
import { listNodes, removeNode, reportNode } from '../../src/store/nodes.ts'
import { claimOnce, findOutcome, releaseClaim, saveOutcome } from '../../src/store/once-only.ts'
import { bothEngines } from '../support/store.ts'
import { addTenant, minute, start } from './rows.ts'

bothEngines('a setting is written, read and overwritten', async store => {
  assert.equal(await installation.readInstallation(store.db, 'a'), undefined)
  await installation.writeInstallation(store.db, 'a', '1')
  await installation.writeInstallation(store.db, 'a', '2')
  assert.equal(await installation.readInstallation(store.db, 'a'), '2')
})

bothEngines('of many who claim a setting one gets it', async store => {
  const claims = await Promise.all(Array.from({ length: 20 }, (_, n) => installation.claimInstallation(store.db, 'setupToken', String(n))))
  assert.equal(claims.filter(Boolean).length, 1)
})

bothEngines('the deployment epoch counts up, also by many at once', async store => {
  assert.equal(await installation.deploymentEpoch(store.db), 0)
  await Promise.all(Array.from({ length: 8 }, () => installation.bumpDeploymentEpoch(store.db)))
  assert.equal(await installation.bumpDeploymentEpoch(store.db), 9)
  assert.equal(await installation.deploymentEpoch(store.db), 9)
})

bothEngines('R-02: what counts once is claimed by one of many, and again only after it has run out', async store => {
  await addTenant(store.db)
  await addTenant(store.db, 't2')
  const claim = (now = start, tenantId = 't1') => claimOnce(store.db, { tenantId, key: 'nonce:x', expiresAt: now + minute, now })
  assert.equal((await Promise.all(Array.from({ length: 50 }, () => claim()))).filter(Boolean).length, 1)
  assert.equal(await claim(start, 't2'), true)
  assert.equal(await claim(start + minute - 1), false)
  assert.equal(await claim(start + minute), true)
})

bothEngines('whoever claims again can be told what came of it', async store => {
  await addTenant(store.db)
  const now = start
  assert.equal(await findOutcome(store.db, 't1', 'k', now), undefined)
  await claimOnce(store.db, { tenantId: 't1', key: 'k', expiresAt: now + minute, now })
  assert.equal(await findOutcome(store.db, 't1', 'k', now), null)
  await saveOutcome(store.db, 't1', 'k', 'done')
  assert.equal(await findOutcome(store.db, 't1', 'k', now), 'done')
  assert.equal(await findOutcome(store.db, 't1', 'k', now + minute), undefined)
  await releaseClaim(store.db, 't1', 'k')
  assert.equal(await claimOnce(store.db, { tenantId: 't1', key: 'k', expiresAt: now + minute, now }), true)
})

bothEngines('processes that have not been heard of for five minutes are forgotten', async store => {
  const node = (id: string, now: number) => reportNode(store.db, { id, startedAt: start, version: '0.1.0' }, now)
  await node('a', start)
  await node('b', start + minute)
  await node('b', start + 5 * minute + 1)
  assert.deepEqual((await listNodes(store.db, start + 5 * minute + 1)).map(one => [one.id, one.lastSeenAt]), [['b', start + 5 * minute + 1]])
  await removeNode(store.db, 'b')
  assert.deepEqual(await listNodes(store.db, start), [])
})
