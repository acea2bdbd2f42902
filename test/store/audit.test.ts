import assert from 'node:assert/strict'
import { appendAudit, listAudit } from '../../src/store/audit.ts'
import type { AuditEntry } from '../../src/store/audit.ts'
import { bothEngines } from '../support/store.ts'
import { addTenant, hour, start } from './rows.ts'

export const entry = (n: number, more: Partial<AuditEntry> = {}): AuditEntry => ({
  tenantId: 't1',
  at: start + n * hour,
  service: 'Self-service Password Management',
  category: 'UserManagement',
  activity: 'Reset password (self-service)',
  result: 'success',
  correlationId: `correlation-${n}`,
  initiatedBy: { userId: 'ann', displayName: 'Ann Ærø', roles: ['User'] },
  targets: [{ type: 'User', id: 'ann', modifiedProperties: [{ displayName: 'password', oldValue: null, newValue: null }] }],
  additionalDetails: [{ key: 'channel', value: 'sspr-portal' }],
  ...more,
})

bothEngines('an entry is read back as it was told, in its place of the chain', async store => {
  await addTenant(store.db)
  await store.db.transaction().execute(trx => appendAudit(trx, entry(1)))
  const [row] = await listAudit(store.db, { tenantId: 't1' })
  assert.equal(row!.sequence, 1)
  assert.equal(row!.previousHash, 'genesis')
  assert.deepEqual(JSON.parse(row!.initiatedBy), entry(1).initiatedBy)
  assert.deepEqual(JSON.parse(row!.targets), entry(1).targets)
  assert.deepEqual([row!.initiatorId, row!.targetId, row!.resultReason, row!.activityDateTime], ['ann', 'ann', null, start + hour])
})

bothEngines('T-77: without a transaction, no entry; without the entry, no change', async store => {
  await addTenant(store.db)
  await assert.rejects(appendAudit(store.db, entry(1)), /transaction/)
  const undone = store.db.transaction().execute(async trx => {
    await trx.updateTable('tenants').set({ displayName: 'changed' }).where('id', '=', 't1').execute()
    await appendAudit(trx, entry(1))
    throw new Error('undo')
  })
  await assert.rejects(undone, /undo/)
  assert.deepEqual(await listAudit(store.db, { tenantId: 't1' }), [])
  assert.deepEqual(await store.db.selectFrom('auditHeads').select('sequence').execute(), [])
})

bothEngines('entries that are written at once stand in one line, each after the one before', async store => {
  await addTenant(store.db)
  await addTenant(store.db, 't2')
  const write = (n: number, tenantId: string) => store.db.transaction().execute(trx => appendAudit(trx, entry(n, { tenantId })))
  await Promise.all(Array.from({ length: 30 }, (_, n) => write(n, n % 3 ? 't1' : 't2')))
  for (const [tenantId, count] of [['t1', 20], ['t2', 10]] as const) {
    const rows = await store.db.selectFrom('audit').select(['sequence', 'previousHash', 'hash']).where('tenantId', '=', tenantId).orderBy('sequence').execute()
    assert.deepEqual(rows.map(row => row.sequence), Array.from({ length: count }, (_, n) => n + 1))
    assert.deepEqual(rows.slice(1).map(row => row.previousHash), rows.slice(0, -1).map(row => row.hash))
  }
})

bothEngines('the log is read in pages, the newest first, and filtered', async store => {
  await addTenant(store.db)
  for (let n = 1; n <= 7; n++) {
    const more = n % 2 ? {} : { initiatedBy: { userId: 'bo' }, targets: [{ type: 'User', id: 'cy' }], activity: 'Unlock user account (self-service)' }
    await store.db.transaction().execute(trx => appendAudit(trx, entry(n, more)))
  }
  const seen: number[] = []
  let after: { activityDateTime: number; sequence: number } | undefined
  for (;;) {
    const page = await listAudit(store.db, { tenantId: 't1', top: 3, after })
    seen.push(...page.map(row => row.sequence))
    if (page.length < 3) break
    after = page.at(-1)!
  }
  assert.deepEqual(seen, [7, 6, 5, 4, 3, 2, 1])
  const sequences = async (filter: NonNullable<Parameters<typeof listAudit>[1]['filter']>) =>
    (await listAudit(store.db, { tenantId: 't1', filter })).map(row => row.sequence)
  assert.deepEqual(await sequences({ targetId: 'cy' }), [6, 4, 2])
  assert.deepEqual(await sequences({ initiatorId: 'ann', from: start + 3 * hour, to: start + 7 * hour }), [5, 3])
  assert.deepEqual(await sequences({ correlationId: 'correlation-4' }), [4])
  assert.deepEqual(await sequences({ activity: 'Reset password (self-service)', result: 'failure' }), [])
  assert.deepEqual(await listAudit(store.db, { tenantId: 't2' }), [])
})
