import assert from 'node:assert/strict'
import { JobFailed, defineBatch, queueForBatch } from '../../src/notify/jobs.ts'
import { minute, onStage } from '../credentials/stage.ts'
import type { Stage } from '../credentials/stage.ts'

const batches: string[][] = []
const poison = new Map<string, Error>()

defineBatch('test.look', async (app, { ids }, done) => {
  batches.push(ids.toSorted())
  for (const id of ids) if (poison.has(id)) throw poison.get(id)!
  await app.db.transaction().execute(done)
})

const queue = (stage: Stage, ids: readonly string[]) =>
  stage.app.db.transaction().execute(async trx => {
    for (const id of ids) await queueForBatch(stage.app, trx, { tenantId: stage.tenantId, kind: 'test.look', id, expiresAt: stage.app.now() + 15 * minute })
  })
const waiting = async (stage: Stage) => (await stage.app.db.selectFrom('outbox').select('id').orderBy('id').execute()).map(row => row.id)

onStage('what waits for a batch is done together, once, and is gone with it', async stage => {
  batches.length = 0
  await queue(stage, ['b', 'a', 'c'])
  await queue(stage, ['a'])
  await stage.work()
  assert.deepEqual(batches, [['a', 'b', 'c']])
  assert.deepEqual(await waiting(stage), [])
  assert.deepEqual(await stage.app.db.selectFrom('deliveries').select('id').execute(), [], 'it was no message')
})

onStage('one that fails is tried again by itself later, and one that can never be done is given up; neither holds up the others', async stage => {
  batches.length = 0
  poison.set('sick', new Error('not now')).set('dead', new JobFailed('never'))
  await queue(stage, ['well', 'sick', 'dead', 'fine'])
  await stage.work()
  assert.deepEqual(batches.map(batch => batch.length), [4, 1, 1, 1, 1])
  assert.deepEqual(await waiting(stage), ['sick'])
  poison.clear()
  await stage.advance(minute)
  await stage.work()
  assert.deepEqual([batches.at(-1), await waiting(stage)], [['sick'], []])
})

onStage('what is undone with its cause waits for nobody, and what its time is over for is not done', async stage => {
  batches.length = 0
  await assert.rejects(stage.app.db.transaction().execute(async trx => {
    await queueForBatch(stage.app, trx, { tenantId: stage.tenantId, kind: 'test.look', id: 'x', expiresAt: stage.app.now() + minute })
    throw new Error('undo')
  }), /undo/)
  await queue(stage, ['late'])
  await stage.advance(16 * minute)
  await stage.work()
  assert.deepEqual([batches, await waiting(stage)], [[], []])
})
