import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startDispatcher } from '../../src/notify/dispatch.ts'
import type { Dispatcher } from '../../src/notify/dispatch.ts'
import { finishReset } from '../../src/reset/finish-reset.ts'
import { sendChallenge } from '../../src/reset/send-challenge.ts'
import { startReset } from '../../src/reset/start-reset.ts'
import { findTransaction } from '../../src/reset/transaction.ts'
import type { Held } from '../../src/reset/transaction.ts'
import { verifyGate } from '../../src/reset/verify-gate.ts'
import { Secret } from '../../src/secret.ts'
import { verifyAudit } from '../../src/store/audit-chain.ts'
import { isPassword } from '../reset/stage.ts'
import { captureSenders, codeIn } from '../support/capture.ts'
import type { Person } from '../support/people.ts'
import { runOther } from '../support/processes.ts'
import { engines, expect, openFaultStage, walkToPassword } from './stage.ts'
import type { FaultStage } from './stage.ts'

/** LATCHKEY_LONG=1: a thousand processes are killed instead of some forty. */
const long = process.env.LATCHKEY_LONG === '1'
const chosen = 'Brand-new Kelp 42'

interface Said {
  kind: string
  statements: number
  milliseconds: number
}

class Scene {
  readonly stage: FaultStage
  readonly #dispatcher: Dispatcher
  readonly #sent = captureSenders()
  #people = 0

  constructor(stage: FaultStage) {
    this.stage = stage
    this.#dispatcher = startDispatcher(stage.app, this.#sent.senders, { loop: false })
  }

  /** Somebody who has proved who they are and has a new password to set. */
  async ready(): Promise<{ person: Person; cookie: string; supportCode: string }> {
    const { app } = this.stage
    const person = await this.stage.person(`ann${++this.#people}`)
    const request = { locale: 'en' as const, clientAddress: `10.8.${this.#people >> 8}.${this.#people & 255}`, clientType: 'api' }
    const started = await startReset(app, { username: person.userPrincipalName, ...request })
    assert.ok(started.kind === 'started')
    await this.#work()
    await sendChallenge(app, await this.transaction(started.cookie), { method: 'email' })
    await this.#work()
    const code = codeIn(this.#sent.mail.findLast(one => one.name === 'resetCode')!.text)
    const passed = await verifyGate(app, await this.transaction(started.cookie), { method: 'email', code })
    assert.ok(passed.kind === 'passed')
    await this.#work()
    return { person, cookie: passed.cookie, supportCode: passed.reset.supportCode }
  }

  async transaction(cookie: string): Promise<Held> {
    return (await findTransaction(this.stage.app, cookie))!
  }

  /** Everything that must have happened together, or not at all. */
  async found(person: Person, supportCode: string) {
    const { db } = this.stage.app
    const { state } = await db.selectFrom('resets').select('state').where('supportCode', '=', supportCode).executeTakeFirstOrThrow()
    const audit = await db.selectFrom('audit').select('activity').where('correlationId', '=', supportCode).where('activity', 'like', 'Reset password%').execute()
    const events = await db.selectFrom('passwordEvents').select('id').where('userId', '=', person.id).execute()
    const { credentialEpoch } = await db.selectFrom('users').select('credentialEpoch').where('id', '=', person.id).executeTakeFirstOrThrow()
    const notices = await db.selectFrom('outbox').select('id').where('kind', '=', 'mail').execute()
    return {
      old: await isPassword(this.stage.app, person, person.password),
      new: await isPassword(this.stage.app, person, chosen),
      done: state === 'DONE',
      audited: audit.length,
      events: events.length,
      epoch: credentialEpoch,
      notices: notices.length,
    }
  }

  async run(cookie: string, when: string): Promise<{ killed: boolean; said: Said | undefined }> {
    process.env.NODE_ENV = 'test'
    process.env.LATCHKEY_FAULT = when.startsWith('fault:') ? when.slice(6) : ''
    const other = runOther('test/faults/finisher.ts', this.stage.configFile, cookie, chosen, when)
    const ended = new Promise<string | null>(resolve => other.process.once('exit', (_code, signal) => resolve(signal)))
    const line = await other.line()
    return { killed: (await ended) === 'SIGKILL', said: line === undefined ? undefined : (JSON.parse(line) as Said) }
  }

  /** One process killed, and what is left of it: all or nothing, and the person can go on either way. */
  async kill(when: string): Promise<'old' | 'new'> {
    const { person, cookie, supportCode } = await this.ready()
    const { killed, said } = await this.run(cookie, when)
    const found = await this.found(person, supportCode)
    const all = { old: false, new: true, done: true, audited: 2, events: 1, epoch: 1, notices: 1 }
    const nothing = { old: true, new: false, done: false, audited: 0, events: 0, epoch: 0, notices: 0 }
    assert.deepEqual(found, found.new ? all : nothing, when)
    if (!killed) assert.equal(said?.kind, 'done', when)
    if (said) assert.ok(found.new, `${when}: it said done`)
    const again = await finishReset(this.stage.app, await this.transaction(cookie), new Secret(chosen))
    assert.equal(again.kind, 'done', `${when}: the same browser asks again`)
    assert.deepEqual(await this.found(person, supportCode), all, `${when}: once, not twice`)
    await this.#work()
    return found.new ? 'new' : 'old'
  }

  async #work(): Promise<void> {
    while ((await this.#dispatcher.once()) > 0);
  }

  async close(): Promise<void> {
    await this.#dispatcher.stop()
    await this.stage.close()
  }
}

/** Named places beside the statements: before and after the commit. */
const faults = ['setPassword.recorded', 'setPassword.committed']

/** Every second statement of one engine and those between of the other, spread over all of them; the last ones surround the commit. */
function placesFor(engine: (typeof engines)[number], statements: number): string[] {
  const all = Array.from({ length: statements }, (_, n) => n + 1)
  if (long) return all.flatMap(n => [`before:${n}`, `after:${n}`])
  const offset = engine === 'sqlite' ? 0 : 6
  return [...all.filter(n => n % 12 === offset).map(n => `${n % 24 === offset ? 'before' : 'after'}:${n}`), `after:${statements}`]
}

for (const engine of engines) {
  describe(`R-01: kill -9 in the last step of a reset, on ${engine}`, () => {
    let scene: Scene
    let whole: { statements: number; milliseconds: number }
    before(async () => {
      scene = new Scene(await openFaultStage({ engine }))
      const { person, cookie, supportCode } = await scene.ready()
      const { said } = await scene.run(cookie, 'never')
      assert.equal(said?.kind, 'done')
      assert.ok((await scene.found(person, supportCode)).new)
      whole = said
    })
    after(() => scene.close())

    test('before or after any statement: one of the two passwords works, everything else fits it, and the person can go on', async t => {
      const places = placesFor(engine, whole.statements)
      for (const when of places) await scene.kill(when)
      t.diagnostic(`${places.length} processes, around the ${whole.statements} statements of one reset`)
    })

    test('before the commit the old one, after it the new one', async () => {
      const left: string[] = []
      for (const fault of faults) left.push(await scene.kill(`fault:${fault}`))
      assert.deepEqual(left, ['old', 'new'])
    })

    test('at any moment', async () => {
      for (let n = 0; n < (long ? 250 : 4); n++) await scene.kill(`at:${Math.floor(Math.random() * whole.milliseconds * 1.1)}`)
    })

    test('the audit has no gap afterwards', async () => {
      assert.ok((await verifyAudit(scene.stage.app.db, scene.stage.tenantId, scene.stage.app.keys)).whole)
    })
  })
}

for (const engine of engines) {
  test(`R-02: killed after the commit and before the reply: who asks again hears that it is done; another browser is refused (${engine})`, async () => {
    const stage = await openFaultStage({ engine })
    try {
      const [first, second] = await Promise.all([stage.serve({ LATCHKEY_FAULT: 'setPassword.committed' }), stage.serve()])
      const ann = await stage.person('ann')
      const visitor = stage.visitor(second)
      await walkToPassword(stage, visitor, ann)
      visitor.nodes = [first]
      await assert.rejects(visitor.newPassword(chosen), { code: 'ECONNRESET' })
      assert.ok(await isPassword(stage.app, ann, chosen))
      visitor.nodes = [second]
      const again = await visitor.newPassword(chosen)
      assert.deepEqual([again.status, again.json.state], [200, 'DONE'])
      const third = await visitor.newPassword('Another-new Kelp 43')
      assert.deepEqual([third.status, third.json.state], [200, 'DONE'])
      assert.ok(await isPassword(stage.app, ann, chosen), 'it is done, not done again')
      const stranger = stage.visitor(second)
      stranger.reset = visitor.reset
      assert.equal((await stranger.newPassword('Another-new Kelp 43')).status, 409)
      const other = stage.visitor(second)
      expect(await other.start(ann.userPrincipalName), 201)
      const own = other.reset
      other.reset = visitor.reset
      assert.equal((await other.newPassword('Another-new Kelp 43')).status, 409, 'a transaction belongs to its browser')
      other.reset = own
      assert.equal((await other.newPassword('Another-new Kelp 43')).status, 409, 'and its gates to it')
      assert.ok(await isPassword(stage.app, ann, chosen))
      const resets = await stage.app.db.selectFrom('audit').select('id').where('activity', '=', 'Reset password').where('targetId', '=', ann.id).execute()
      assert.equal(resets.length, 1)
    } finally {
      await stage.close()
    }
  })
}

for (const engine of engines) {
  test(`R-02: killed after a gate’s commit and before the reply: who sends the same code again goes on, and it has counted once (${engine})`, async () => {
    const stage = await openFaultStage({ engine })
    try {
      const [first, second] = await Promise.all([stage.serve({ LATCHKEY_FAULT: 'checkCode.committed' }), stage.serve()])
      const ann = await stage.person('ann')
      const visitor = stage.visitor(second)
      expect(await visitor.start(ann.userPrincipalName), 201)
      expect(await visitor.ask('email'), 202)
      const code = await stage.mailedCode('ann@home.example')
      visitor.nodes = [first]
      await assert.rejects(visitor.prove('email', code), { code: 'ECONNRESET' })
      visitor.nodes = [second]
      const again = await visitor.prove('email', code)
      assert.deepEqual([again.status, again.json.state], [200, 'CHOOSE'])
      expect(await visitor.newPassword(chosen), 200)
      assert.ok(await isPassword(stage.app, ann, chosen))
      const gates = await stage.app.db.selectFrom('resetGates').select('gate').execute()
      const steps = await stage.app.db.selectFrom('audit').select('id').where('resultReason', '=', 'gate1.email.passed').execute()
      assert.deepEqual([gates.length, steps.length], [1, 1])
    } finally {
      await stage.close()
    }
  })
}
