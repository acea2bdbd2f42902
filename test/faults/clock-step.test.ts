import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { engines, expect, minute, openFaultStage, until } from './stage.ts'
import type { Answer, FaultStage, Node } from './stage.ts'

const preload = join(import.meta.dirname, 'step-clock.mjs')
/** The failure model's step. */
const step = 5 * minute

async function serveWith(stage: FaultStage, milliseconds: number): Promise<Node> {
  return stage.serve({ NODE_OPTIONS: `--import=${preload}`, STEP: String(milliseconds) })
}

/** The machine's clock jumps, and the server has looked at the time since. */
async function jump(stage: FaultStage, node: Node): Promise<void> {
  node.process.kill('SIGUSR2')
  await look(stage, node)
}

/** `/readyz` looks at the database's time each time it is asked in earnest, which is once a second. */
async function look(stage: FaultStage, node: Node): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 1_100))
  await stage.visitor(node).send('GET', '/readyz')
}

const codeOf = (answer: Answer): string => (answer.json as { reasons: { code: string }[] }).reasons[0]!.code

// They mostly wait: together they take no longer than one.
describe('R-12', { concurrency: true }, () => {
  for (const engine of engines) {
    for (const [name, milliseconds] of [['forward', step], ['back', -step]] as const) {
      test(`the server’s clock jumps ${name} by five minutes: codes and sessions neither end early nor live longer (${engine})`, async () => {
        const stage = await openFaultStage({ engine })
        try {
          const node = await serveWith(stage, milliseconds)
          const ann = await stage.person('ann')
          const advance = async (time: number) => {
            await stage.store.clock.advance(time)
            await look(stage, node)
          }
          const [early, late] = [stage.visitor(node), stage.visitor(node)]
          const signedIn = stage.visitor(node)
          expect(await signedIn.signIn(ann.userPrincipalName, ann.password), 200)
          for (const visitor of [late, early]) {
            const before = stage.mail.received.length
            expect(await visitor.start(ann.userPrincipalName), 201)
            expect(await visitor.ask('email'), 202)
            await until(() => (stage.mail.received.length > before ? true : undefined))
            await advance(31_000) // another code to the same address (N-SEND)
          }
          const code = await stage.mailedCode('ann@home.example', 2)
          // Six of its ten minutes are over: a jump forward must not end it, a jump back must not matter.
          await stage.store.clock.advance(6 * minute)
          await jump(stage, node)
          assert.equal((await early.prove('email', code)).status, 200)
          // Eleven minutes are over: a jump back must not bring it to life again.
          const lateCode = /\d{4} \d{4}/.exec(stage.mail.received[0]!.raw)![0]
          await advance(5 * minute)
          const refused = await late.prove('email', lateCode)
          assert.deepEqual([refused.status, codeOf(refused)], [422, 'LK_CODE_EXPIRED'])
          // Idle for half an hour less a bit: alive; more than half an hour: over.
          expect(await signedIn.send('GET', '/api/sessions'), 200)
          await stage.store.clock.advance(27 * minute)
          await jump(stage, node)
          expect(await signedIn.send('GET', '/api/sessions'), 200)
          await stage.store.clock.advance(31 * minute)
          await jump(stage, node)
          assert.equal((await signedIn.send('GET', '/api/sessions')).status, 401)
        } finally {
          await stage.close()
        }
      })
    }
  }
})
