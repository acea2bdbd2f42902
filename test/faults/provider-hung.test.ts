import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import type { KyselyPlugin } from 'kysely'
import { sendersOf } from '../../src/notify/senders.ts'
import { startDispatcher } from '../../src/notify/dispatch.ts'
import { buildServer } from '../../src/server.ts'
import { Browser } from '../support/browse.ts'
import { isPassword } from '../reset/stage.ts'
import { expect, openFaultStage, until } from './stage.ts'
import type { FaultStage } from './stage.ts'

const chosen = 'Brand-new Kelp 42'

/** Takes every connection and says nothing, for ever. */
async function hungServer(): Promise<{ port: number; taken(): number; close(): Promise<void> }> {
  const sockets: Socket[] = []
  const server = createServer(socket => void sockets.push(socket.on('error', () => {})))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return new Promise<void>(resolve => server.close(() => resolve()))
  }
  return { port: (server.address() as AddressInfo).port, taken: () => sockets.length, close }
}

/** The statements of the requests of one flow, in which a code is asked for by mail; the worker is another. */
async function statementsOfFlow(stage: FaultStage, username: string): Promise<string[]> {
  const seen: string[] = []
  const watching: KyselyPlugin = {
    transformQuery: ({ node }) => {
      seen.push(node.kind)
      return node
    },
    transformResult: async ({ result }) => result,
  }
  const server = await buildServer({ ...stage.app, db: stage.app.db.withPlugin(watching) }, stage.store)
  try {
    const browser = new Browser(server, stage.app.config.listeners[0]!.origin)
    await browser.get('/livez') // whose house it is has been looked up
    seen.length = 0
    const headers = { 'x-latchkey': '1' }
    const started = await browser.request({ method: 'POST', url: '/api/resets', payload: { username }, headers })
    assert.equal(started.statusCode, 201, started.body)
    const asked = await browser.request({ method: 'POST', url: `/api/resets/${started.json<{ id: string }>().id}/challenges`, payload: { method: 'email' }, headers })
    assert.equal(asked.statusCode, 202, asked.body)
    return seen
  } finally {
    await server.close()
  }
}

test('R-10: the mail provider hangs: a reset by text works, and mail that piles up holds nothing up', async () => {
  const hung = await hungServer()
  const stage = await openFaultStage({ mailPort: hung.port })
  try {
    const node = await stage.serve()
    // More than there are places for mail at once.
    for (let n = 0; n < 6; n++) {
      await stage.person(`mail${n}`)
      const visitor = stage.visitor(node)
      expect(await visitor.start(`mail${n}@contoso.example`), 201)
      expect(await visitor.ask('email'), 202)
    }
    await until(() => (hung.taken() >= 1 ? true : undefined))
    const ann = await stage.person('ann', { mobile: '+45 20123456' })
    const visitor = stage.visitor(node)
    expect(await visitor.start(ann.userPrincipalName), 201)
    expect(await visitor.ask('email'), 202)
    expect(await visitor.ask('mobileSms', '+45 20 12 34 56'), 202)
    expect(await visitor.prove('mobileSms', await stage.textedCode('+4520123456')), 200)
    assert.equal(expect(await visitor.newPassword(chosen), 200).json.state, 'DONE')
    assert.ok(await isPassword(stage.app, ann, chosen))
    expect(await visitor.signIn(ann.userPrincipalName, chosen), 200)
    assert.equal((await visitor.send('GET', '/readyz')).status, 200)
    assert.equal(stage.mail.received.length, 0)
    const waiting = await stage.app.db.selectFrom('outbox').select('id').where('kind', '=', 'mail').execute()
    assert.ok(waiting.length >= 7, 'what could not be sent is still there')
  } finally {
    await stage.close()
    await hung.close()
  }
})

test('R-10: the requests do the same, statement by statement, whether the provider works, hangs, or has nobody to write to', async () => {
  const hung = await hungServer()
  const flows: Record<string, string[]> = {}
  for (const [name, options] of [['works', {}], ['hangs', { mailPort: hung.port }]] as const) {
    const stage = await openFaultStage(options)
    try {
      await stage.person('ann')
      await stage.person('ben')
      const dispatcher = startDispatcher(stage.app, await sendersOf(stage.app.config))
      if (name === 'hangs') {
        await statementsOfFlow(stage, 'ben@contoso.example')
        await until(() => (hung.taken() > 0 ? true : undefined))
      }
      flows[name] = await statementsOfFlow(stage, 'ann@contoso.example')
      if (name === 'works') await stage.mailedCode('ann@home.example')
      flows[`${name}, nobody`] = await statementsOfFlow(stage, 'nobody@contoso.example')
      if (name === 'hangs') await hung.close()
      await dispatcher.stop()
    } finally {
      await stage.close()
    }
  }
  assert.ok(flows.works!.length > 10)
  for (const [name, flow] of Object.entries(flows)) assert.deepEqual(flow, flows.works, name)
})
