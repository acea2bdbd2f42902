import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JobFailed, defineJob, queueJob, startDispatcher } from '../../src/notify/dispatch.ts'
import { PermanentFailure } from '../../src/notify/message.ts'
import type { MailMessage, Senders } from '../../src/notify/message.ts'
import { queueMessage } from '../../src/notify/queue-message.ts'
import { day, hour, minute, onStage } from '../credentials/stage.ts'
import type { Stage } from '../credentials/stage.ts'
import { runOther } from '../support/processes.ts'
import { engines } from '../support/store.ts'
import { openStage } from '../credentials/stage.ts'

const queue = (stage: Stage, more: Partial<Parameters<typeof queueMessage>[2]> = {}) =>
  stage.app.db.transaction().execute(trx =>
    queueMessage(stage.app, trx, { tenantId: stage.tenantId, name: 'testMail', to: { kind: 'mail', address: 'ann@home.example' }, locale: 'en', ...more }),
  )

/** A dispatcher of its own, without a loop. */
async function withSenders(stage: Stage, senders: Senders, body: (once: () => Promise<number>) => Promise<void>): Promise<void> {
  const dispatcher = startDispatcher(stage.app, senders, { loop: false })
  await body(() => dispatcher.once()).finally(() => dispatcher.stop())
}

const outcomes = async (stage: Stage) => (await stage.app.db.selectFrom('deliveries').select(['outcome', 'detail']).orderBy('at').execute()).map(one => one.outcome)

onStage('a message leaves with its transaction, and not without', async stage => {
  await assert.rejects(
    stage.app.db.transaction().execute(async trx => {
      await queueMessage(stage.app, trx, { tenantId: stage.tenantId, name: 'testMail', to: { kind: 'mail', address: 'ann@home.example' }, locale: 'en' })
      throw new Error('undo')
    }),
    /undo/,
  )
  await stage.work()
  assert.equal(stage.mail.length, 0)
  await queue(stage)
  await stage.work()
  assert.deepEqual(stage.mail.map(one => one.to), ['ann@home.example'])
  assert.equal((await stage.app.db.selectFrom('outbox').select('id').execute()).length, 0)
})

onStage('the loop is woken by the commit: it does not wait for its next look', async stage => {
  const sent = Promise.withResolvers<MailMessage>()
  // With a net this wide the test would never end if it were the net that caught it.
  const { wake } = stage.app
  const patient = { ...stage.app, wake: { ...wake, waitFor: (channel: string, _ms: number, signal?: AbortSignal) => wake.waitFor(channel, day, signal) } }
  const dispatcher = startDispatcher(patient, { mail: { send: async message => sent.resolve(message) } })
  await queue(stage)
  assert.equal((await sent.promise).to, 'ann@home.example')
  await dispatcher.stop()
})

onStage('what fails is tried again, later each time, with the same id and the same content, until it goes', async stage => {
  const tried: MailMessage[] = []
  let healthy = false
  const mail = {
    send: async (message: MailMessage) => {
      tried.push(message)
      if (!healthy) throw new Error('connection refused')
    },
  }
  await withSenders(stage, { mail }, async once => {
    await queue(stage)
    await once()
    await once()
    assert.equal(tried.length, 1, 'not at once')
    for (let step = 0; step < 30; step++) {
      await stage.advance(2 * minute)
      await once()
    }
    assert.ok(tried.length > 5 && tried.length < 25, `tried ${tried.length} times in an hour`)
    healthy = true
    await stage.advance(10 * minute)
    await once()
    const all = tried.length
    await stage.advance(10 * minute)
    await once()
    assert.equal(tried.length, all, 'T-18: arrives once when the provider is back')
    assert.equal(new Set(tried.map(one => one.dedupeId)).size, 1)
    assert.equal(new Set(tried.map(one => one.text)).size, 1)
    assert.deepEqual(await outcomes(stage), ['sent'])
  })
})

onStage('a final no is not tried again, and neither is a message nobody can carry', async stage => {
  let tries = 0
  const mail = {
    send: async () => {
      tries++
      throw new PermanentFailure('the mail server answered 550')
    },
  }
  await withSenders(stage, { mail }, async once => {
    await queue(stage)
    await queue(stage, { name: 'testText', to: { kind: 'sms', address: '+45 33123456' } })
    await once()
    await stage.advance(hour)
    await once()
    assert.equal(tries, 1)
    const rows = await stage.app.db.selectFrom('deliveries').select(['kind', 'outcome', 'detail']).orderBy('kind').execute()
    assert.deepEqual(rows, [
      { kind: 'mail', outcome: 'failed', detail: 'the mail server answered 550' },
      { kind: 'sms', outcome: 'failed', detail: 'LK_METHOD_UNAVAILABLE' },
    ])
  })
})

onStage('R-10: a provider that fails is left alone for a while; the other one goes on', async stage => {
  let mailTries = 0
  const texts: string[] = []
  const mail = {
    send: async () => {
      mailTries++
      throw new Error('no answer')
    },
  }
  await withSenders(stage, { mail, sms: { send: async message => void texts.push(message.to) } }, async once => {
    for (let n = 0; n < 12; n++) await queue(stage)
    await queue(stage, { name: 'testText', to: { kind: 'sms', address: '+45 33123456' } })
    for (let round = 0; round < 6; round++) await once()
    assert.ok(mailTries <= 8, `${mailTries} tries at a dead provider`)
    assert.deepEqual(texts, ['+4533123456'])
    const before = mailTries
    await stage.advance(31_000)
    await once()
    assert.equal(mailTries, before + 1, 'one message is the trial')
  })
})

onStage('R-10: a mail server that hangs does not keep texts and jobs waiting', async stage => {
  const hangs = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<string>()
  const done = Promise.withResolvers<void>()
  defineJob(`hang-${stage.store.engine}`, async () => done.resolve())
  const dispatcher = startDispatcher(stage.app, { mail: { send: () => hangs.promise }, sms: { send: async message => arrived.resolve(message.to) } })
  for (let n = 0; n < 10; n++) await queue(stage)
  await queue(stage, { name: 'testText', to: { kind: 'sms', address: '+45 33123456' } })
  await stage.app.db.transaction().execute(trx => queueJob(stage.app, trx, { tenantId: stage.tenantId, kind: `hang-${stage.store.engine}`, payload: {} }))
  assert.equal(await arrived.promise, '+4533123456')
  await done.promise
  hangs.resolve()
  await dispatcher.stop()
})

onStage('a job gets its payload, is tried again when it fails, ends when it says so, and waits for its time', async stage => {
  const seen: unknown[] = []
  const kind = `sample-${stage.store.engine}`
  defineJob(kind, async (_app, payload, job) => {
    seen.push([payload, job.attempt])
    if (payload === 'never') throw new JobFailed('pointless')
    if (job.attempt < 2) throw new Error('not yet')
  })
  const put = (payload: unknown, more = {}) => stage.app.db.transaction().execute(trx => queueJob(stage.app, trx, { tenantId: stage.tenantId, kind, payload, ...more }))
  await put({ a: 1 })
  await put('never')
  await put('tomorrow', { availableAt: stage.app.now() + day })
  await stage.work()
  // Both run at once: their order is nobody's promise.
  const texts = seen.map(one => JSON.stringify(one))
  assert.deepEqual(texts.toSorted(), ['["never",1]', '[{"a":1},1]'])
  await stage.advance(minute)
  await stage.work()
  assert.deepEqual(seen.slice(2), [[{ a: 1 }, 2]])
  await stage.advance(day)
  await stage.work()
  assert.deepEqual(seen.slice(3), [['tomorrow', 1]])
})

onStage('R-04: a message whose keys cannot be read just now is not given up', async stage => {
  await queue(stage)
  const { openText } = stage.app.keys
  stage.app.keys.openText = () => Promise.reject(new Error('Connection terminated'))
  await stage.work()
  stage.app.keys.openText = openText
  assert.deepEqual(await outcomes(stage), [])
  await stage.advance(minute)
  await stage.work()
  assert.deepEqual(await outcomes(stage), ['sent'])
})

onStage('a payload swapped from another row is not sent', async stage => {
  await queue(stage, { to: { kind: 'mail', address: 'eve@evil.example' } })
  await queue(stage)
  const [eve, other] = await stage.app.db.selectFrom('outbox').select(['id', 'payloadSealed']).orderBy('createdAt').execute()
  await stage.app.db.updateTable('outbox').set({ payloadSealed: eve!.payloadSealed }).where('id', '=', other!.id).execute()
  await stage.work()
  assert.equal(stage.mail.length, 1)
  assert.deepEqual((await outcomes(stage)).sort(), ['failed', 'sent'])
})

for (const engine of engines) {
  test(`R-05: killed between sending and noting it: sent again, as the same message; never after its time (${engine})`, async () => {
    const stage = await openStage(engine)
    try {
      const killedWorker = async (): Promise<MailMessage> => {
        await queue(stage, { name: 'resetCode', values: { code: '1234 5678', minutes: 10 } })
        process.env.NODE_ENV = 'test'
        process.env.LATCHKEY_FAULT = 'dispatch.between'
        const other = runOther('test/notify/worker.ts', stage.ticket)
        process.env.LATCHKEY_FAULT = ''
        const sent = JSON.parse((await other.line())!) as MailMessage
        assert.equal(await new Promise(resolve => other.process.once('exit', (_code, signal) => resolve(signal))), 'SIGKILL')
        return sent
      }
      const first = await killedWorker()
      await stage.work()
      assert.equal(stage.mail.length, 0, 'its lease still holds')
      await stage.advance(61_000)
      await stage.work()
      assert.equal(stage.mail.length, 1)
      const [second] = stage.mail
      assert.deepEqual([second?.dedupeId, second?.text, second?.to], [first.dedupeId, first.text, first.to])
      await killedWorker()
      await stage.advance(10 * minute)
      await stage.work()
      assert.equal(stage.mail.length, 1, 'nobody looked in time: a code that is over is not sent')
      assert.deepEqual(await outcomes(stage), ['sent', 'expired'])
    } finally {
      await stage.close()
    }
  })
}
