/**
 * T-07 against the real thing: two people at random, at every door in any order, with right codes, old codes and codes of the
 * other, while the policy changes and the clock jumps. After every step the database is asked whether what must hold does hold.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, engines, minute, openReset, Visitor } from './stage.ts'

/** Small and repeatable: the seed of a failed walk makes the same walk. */
function randomOf(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const methods = ['email', 'mobileSms', 'code', 'securityQuestions'] as const

for (const engine of engines) {
  describe(`T-07: random walks on ${engine}`, () => {
    for (const seed of engine === 'sqlite' ? [11, 12, 13, 14, 15, 16] : [21, 22]) {
      test(`a password changes only behind the gates the policy asks for (seed ${seed})`, async test => {
        const t = await makeApp({ engine })
        try {
          const told = await walk(t, seed, engine === 'sqlite' ? 350 : 150)
          test.diagnostic(`${told.steps} steps, ${told.resets} passwords set, ${told.refused} steps refused`)
          assert.ok(told.resets > 0, 'some got through')
          assert.ok(told.refused > 10, 'many did not')
        } finally {
          await t.close()
        }
      })
    }
  })
}

async function walk(t: TestApp, seed: number, length: number): Promise<{ steps: number; resets: number; refused: number }> {
  const random = randomOf(seed)
  const pick = <T>(list: readonly T[]): T => list[random(list.length)]!
  await openReset(t)
  const people = [
    await addPerson(t.app, t.tenantId, { name: 'una', email: 'una@home.example', mobile: '+45 40404040' }),
    await addPerson(t.app, t.tenantId, { name: 'ole', email: 'ole@home.example', mobile: '+45 41414141' }),
  ]
  const visitors = [new Visitor(t), new Visitor(t), new Visitor(t)]
  const known: string[] = []
  const told = { steps: 0, resets: 0, refused: 0 }
  let required = 1
  let hashes = await hashesOf(t)
  for (let step = 0; step < length; step++) {
    const visitor = pick(visitors)
    const person = pick(people)
    const method = pick(methods)
    const before = { required, enabled: await enabledOf(t) }
    const code = () => (random(4) === 0 ? '12345678' : (pick(known.slice(-random(4) - 1)) ?? '12345678'))
    const actions: (() => Promise<unknown>)[] = [
      () => visitor.start(person.userPrincipalName),
      () => visitor.choose(method),
      () => visitor.choose('email'),
      () => visitor.number('mobileSms', person === people[0] ? '+45 40 40 40 40' : '+45 41 41 41 41'),
      () => visitor.enter(method, code()),
      () => visitor.enter('email', code()),
      () => visitor.enter('email', known.at(-1) ?? '00000000'),
      () => visitor.enter('mobileSms', known.at(-1) ?? '00000000'),
      () => visitor.newPassword(`Walking Kelp ${seed} ${step}`),
      () => visitor.newPassword(`Walking Kelp ${seed} ${step}`),
      () => visitor.browser.post('/reset/resend', { method }),
      () => visitor.browser.post('/reset/unlock'),
      () => visitor.browser.post('/reset/intent', { intent: pick(['reset', 'unlock']) }),
      () => visitor.browser.post('/reset/answers', { method: 'securityQuestions', 'answer-1': 'x', 'answer-2': 'y', 'answer-3': 'z' }),
      () => (random(8) === 0 ? visitor.browser.post('/reset/cancel') : visitor.browser.get('/reset/step')),
      () => t.clock.advance(pick([31_000, 61_000, random(6) === 0 ? 16 * minute : 1000])),
      async () => {
        required = pick([1, 2])
        await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { numberOfAuthenticationMethodsRequired: required })
      },
      async () => {
        await t.app.db.updateTable('users').set({ accountEnabled: random(4) > 0 }).where('id', '=', person.id).execute()
      },
      async () => {
        // The walk would soon stand before a pause: somebody clears it now and then.
        if (random(2) === 0) await t.app.db.deleteFrom('limits').where('tenantId', '=', t.tenantId).execute()
      },
    ]
    // Half of the steps make sense, or nobody would ever get anywhere.
    const act = random(2) === 0 ? pick(actions) : () => sensible(visitor, person.userPrincipalName, person === people[0] ? '+45 40404040' : '+45 41414141', known, `Walking Kelp ${seed} ${step}`)
    if (step % 12 === 0) await t.app.db.deleteFrom('limits').where('tenantId', '=', t.tenantId).execute()
    const reply = (await act()) as { statusCode?: number } | undefined
    if (reply?.statusCode !== undefined) {
      assert.ok(reply.statusCode < 500, `step ${step} answered ${reply.statusCode}`)
      if (reply.statusCode >= 400) told.refused++
    }
    await t.work()
    for (const message of [t.mail.at(-1), t.texts.at(-1)]) {
      const found = message && /\b(\d{4}) (\d{4})\b/.exec(message.text)
      if (found && known.at(-1) !== found[1]! + found[2]!) known.push(found[1]! + found[2]!)
    }
    told.steps++
    const after = await hashesOf(t)
    for (const [userId, hash] of Object.entries(after)) {
      if (hash === hashes[userId]) continue
      told.resets++
      await judge(t, userId, before, `step ${step}`)
    }
    hashes = after
    await judgeGates(t, `step ${step}`)
  }
  return told
}

/** What a person would do who wants to get through. */
async function sensible(visitor: Visitor, name: string, number: string, known: readonly string[], password: string): Promise<unknown> {
  switch (visitor.title) {
    case 'How do you want to show that it is you?':
      return visitor.choose('email')
    case 'Now show it in a second way':
      return visitor.number('mobileSms', number)
    case 'Type the code':
      return visitor.enter(/name="method" value="([^"]+)"/.exec(visitor.browser.page)![1]!, known.at(-1) ?? '00000000')
    case 'Choose a new password':
      return visitor.newPassword(password)
    case 'Let us sort this out':
      return visitor.browser.get('/reset/step')
    default:
      return visitor.start(name)
  }
}

const hashesOf = async (t: TestApp): Promise<Record<string, string | null>> =>
  Object.fromEntries((await t.app.db.selectFrom('passwords').select(['userId', 'hash']).execute()).map(row => [row.userId, row.hash]))
const enabledOf = async (t: TestApp): Promise<Record<string, boolean>> =>
  Object.fromEntries((await t.app.db.selectFrom('users').select(['id', 'accountEnabled']).execute()).map(row => [row.id, row.accountEnabled]))

/** A password has changed: there is one transaction that just ended, of this person, in its time, with enough different gates. */
async function judge(t: TestApp, userId: string, before: { required: number; enabled: Record<string, boolean> }, where: string): Promise<void> {
  assert.ok(before.enabled[userId], `${where}: the account was switched off`)
  const resets = await t.app.db.selectFrom('resets').select(['id', 'state', 'startedAt', 'expiresAt', 'finishedAt', 'userId']).where('userId', '=', userId).where('state', '=', 'DONE').orderBy('finishedAt', 'desc').execute()
  const reset = resets[0]
  assert.ok(reset, `${where}: no transaction ended`)
  assert.ok(reset.finishedAt! >= reset.startedAt && reset.finishedAt! < reset.expiresAt, `${where}: outside its time`)
  const gates = await t.app.db.selectFrom('resetGates').select(['method', 'destinationIndex', 'passedAt']).where('resetId', '=', reset.id).execute()
  const distinct = gates.filter((gate, at) => gates.findIndex(other => other.method === gate.method || other.destinationIndex === gate.destinationIndex) === at)
  assert.ok(distinct.length >= before.required, `${where}: ${distinct.length} gates where ${before.required} are asked for`)
  assert.ok(gates.every(gate => gate.passedAt >= reset.startedAt && gate.passedAt < reset.expiresAt), `${where}: a gate of another time`)
}

/** Every gate stands on a code of its own transaction, person, purpose and method, used once. */
async function judgeGates(t: TestApp, where: string): Promise<void> {
  const gates = await t.app.db
    .selectFrom('resetGates')
    .innerJoin('resets', join => join.onRef('resets.id', '=', 'resetGates.resetId').onRef('resets.tenantId', '=', 'resetGates.tenantId'))
    .leftJoin('challenges', join => join.onRef('challenges.id', '=', 'resetGates.challengeId').onRef('challenges.tenantId', '=', 'resetGates.tenantId'))
    .select(['resetGates.challengeId', 'resetGates.method', 'resetGates.resetId', 'resets.userId', 'challenges.transactionId', 'challenges.purpose', 'challenges.method as codeMethod', 'challenges.consumedAt', 'challenges.userId as codeUser', 'resetGates.destinationIndex', 'challenges.destinationIndex as codeDestination'])
    .execute()
  for (const gate of gates) {
    assert.ok(gate.challengeId, `${where}: a gate without a code`)
    assert.equal(gate.transactionId, gate.resetId, `${where}: a code of another transaction`)
    assert.equal(gate.codeUser, gate.userId, `${where}: a code of another person`)
    assert.equal(gate.codeMethod, gate.method, `${where}: a code of another method`)
    assert.equal(gate.codeDestination, gate.destinationIndex, `${where}: a code to another place`)
    assert.equal(gate.purpose, 'reset')
    assert.ok(gate.consumedAt, `${where}: a code that was not used up`)
  }
  assert.equal(new Set(gates.map(gate => gate.challengeId)).size, gates.length, `${where}: a code that opened two gates`)
}
