import assert from 'node:assert/strict'
import test from 'node:test'
import { startRounds } from '../../src/operator/rounds.ts'
import { appendAudit } from '../../src/store/audit.ts'
import { verifyAudit } from '../../src/store/audit-chain.ts'
import { listNodes } from '../../src/store/nodes.ts'
import { makeApp } from '../support/make-app.ts'

test('a server says that it is there, signs the audit by the hour and says goodbye', async () => {
  const { app, tenantId, close } = await makeApp()
  try {
    await app.db.transaction().execute(trx => appendAudit(trx, {
      tenantId, at: app.now(), service: 'Core Directory', category: 'UserManagement', activity: 'Add user', result: 'success', correlationId: 'c',
      initiatedBy: { app: 'test' }, targets: [{ type: 'User', id: 'u' }],
    }))
    const rounds = startRounds(app, 'node-1')
    await rounds.once()
    assert.deepEqual((await listNodes(app.db, app.now())).map(node => node.id), ['node-1'])
    for (let minute = 0; minute < 62; minute++) await rounds.once()
    const checkpoints = await app.db.selectFrom('auditCheckpoints').select('sequence').execute()
    assert.deepEqual(checkpoints.map(one => one.sequence), [1])
    assert.ok((await verifyAudit(app.db, tenantId, app.keys)).whole)
    await rounds.stop()
    assert.deepEqual(await listNodes(app.db, app.now()), [])
  } finally {
    await close()
  }
})
