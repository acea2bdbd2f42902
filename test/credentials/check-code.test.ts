import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { App } from '../../src/app.ts'
import { checkCode } from '../../src/credentials/check-code.ts'
import type { CodeCheck } from '../../src/credentials/check-code.ts'
import { plainDigits, showCode } from '../../src/credentials/code.ts'
import type { ProofPurpose } from '../../src/credentials/proof-budget.ts'
import { openChallenge, sendCode } from '../../src/credentials/send-code.ts'
import { codeIn } from '../support/capture.ts'
import { addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { runOther } from '../support/processes.ts'
import { day, hour, minute, onStage } from './stage.ts'
import type { Stage } from './stage.ts'

interface Flow {
  purpose: ProofPurpose
  transactionId: string
  method: string
}

const flow: Flow = { purpose: 'reset', transactionId: 'flow-1', method: 'email' }

async function sendTo(stage: Stage, person: Person, one: Flow = flow, address = 'ann@home.example'): Promise<string> {
  const { app, tenantId } = stage
  const challengeId = await openChallenge(app, app.db, { tenantId, ...one, userId: null })
  const sent = await sendCode(app, { tenantId, challengeId, userId: person.id, to: { kind: 'mail', address }, locale: 'en' })
  assert.deepEqual(sent, { outcome: 'sent' })
  await stage.work()
  return codeIn(stage.mail.at(-1)!.text)
}

const typed = (stage: Stage, person: Person | null, code: string, more: Partial<CodeCheck> = {}): CodeCheck => ({
  tenantId: stage.tenantId, ...flow, userId: person?.id ?? null, account: 'nobody', code, ...more,
})

const ann = (app: App, tenantId: string) => addPerson(app, tenantId, { name: 'ann' })
const wrongFor = (code: string) => String((Number(code) + 1) % 100_000_000).padStart(8, '0')

onStage('a code that was sent is right once', async stage => {
  const person = await ann(stage.app, stage.tenantId)
  const code = await sendTo(stage, person)
  assert.match(stage.mail[0]!.text, new RegExp(`\n${showCode(code)}\n`))
  assert.equal(await checkCode(stage.app, typed(stage, person, showCode(code))), 'right')
  assert.equal(await checkCode(stage.app, typed(stage, person, code)), 'expired')
})

onStage('T-05: of 50 equal right codes at once one succeeds, and what it opens opens once', async stage => {
  const person = await ann(stage.app, stage.tenantId)
  const code = await sendTo(stage, person)
  let opened = 0
  const alsoInTransaction = async () => {
    opened++
  }
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => checkCode(stage.app, typed(stage, person, code, { alsoInTransaction }))))
  assert.equal(verdicts.filter(one => one === 'right').length, 1)
  assert.equal(opened, 1)
})

onStage('T-05: right codes from two processes at once: one succeeds', async stage => {
  const person = await ann(stage.app, stage.tenantId)
  const code = await sendTo(stage, person)
  const other = runOther('test/credentials/other.ts', 'checkCode', stage.ticket, JSON.stringify({ check: typed(stage, person, code), count: 25 }))
  assert.equal(await other.line(), 'ready')
  other.say('go')
  const ours = await Promise.all(Array.from({ length: 25 }, () => checkCode(stage.app, typed(stage, person, code))))
  const theirs = JSON.parse((await other.rest()).at(-1)!) as string[]
  assert.equal([...ours, ...theirs].filter(one => one === 'right').length, 1)
})

onStage('T-04: of 200 wrong guesses at once five are looked at, and the right code among the rest is refused', async stage => {
  const person = await ann(stage.app, stage.tenantId)
  const code = await sendTo(stage, person)
  const guesses = await Promise.all(Array.from({ length: 200 }, () => checkCode(stage.app, typed(stage, person, wrongFor(code)))))
  assert.equal(guesses.filter(one => one === 'wrong').length, 5)
  assert.equal(guesses.filter(one => one === 'blocked').length, 195)
  assert.equal(await checkCode(stage.app, typed(stage, person, code)), 'blocked')
  const row = await stage.app.db.selectFrom('challenges').select('triesLeft').executeTakeFirstOrThrow()
  assert.equal(row.triesLeft, 0)
})

onStage('T-03: new codes and new flows do not fill the account up again', async stage => {
  const person = await ann(stage.app, stage.tenantId)
  const verdicts: string[] = []
  for (let attempt = 0; attempt < 8; attempt++) {
    const one = { ...flow, transactionId: `flow-${attempt}` }
    const code = await sendTo(stage, person, one)
    verdicts.push(await checkCode(stage.app, typed(stage, person, wrongFor(code), one)))
    await stage.advance(hour)
  }
  assert.deepEqual(verdicts, [...Array.from({ length: 5 }, () => 'wrong'), 'blocked', 'blocked', 'blocked'])
})

onStage('LD-20: five wrong proofs pause recovery for a day and leave sign-in alone', async stage => {
  const person = await ann(stage.app, stage.tenantId)
  const code = await sendTo(stage, person)
  for (let attempt = 0; attempt < 5; attempt++) assert.equal(await checkCode(stage.app, typed(stage, person, wrongFor(code))), 'wrong')
  const signIn = { ...flow, purpose: 'signIn' as const, transactionId: 'session-1' }
  await stage.advance(31_000)
  const other = await sendTo(stage, person, signIn)
  assert.equal(await checkCode(stage.app, typed(stage, person, other, signIn)), 'right')
  await stage.advance(day - minute)
  assert.equal(await checkCode(stage.app, typed(stage, person, code)), 'blocked')
  await stage.advance(minute)
  assert.equal(await checkCode(stage.app, typed(stage, person, code)), 'expired')
})

onStage('a name that nobody has is counted like any other', async stage => {
  const { app, tenantId } = stage
  await openChallenge(app, app.db, { tenantId, ...flow, userId: null })
  const verdicts: string[] = []
  for (let attempt = 0; attempt < 7; attempt++) verdicts.push(await checkCode(app, typed(stage, null, '12345678')))
  assert.deepEqual(verdicts, ['wrong', 'wrong', 'wrong', 'wrong', 'wrong', 'blocked', 'blocked'])
})

onStage('T-06: a code counts for its own purpose, person and transaction, and nothing else', async stage => {
  const { app, tenantId } = stage
  const people = [await ann(app, tenantId), await addPerson(app, tenantId, { name: 'bob' })]
  const purposes: ProofPurpose[] = ['reset', 'registration', 'signIn']
  const transactions = ['one', 'two']
  const scopes = people.flatMap(person => purposes.flatMap(purpose => transactions.map(transactionId => ({ person, purpose, transactionId }))))
  for (const own of scopes) {
    const sent = { purpose: own.purpose, transactionId: `${own.transactionId}-${own.person.id}`, method: 'email' }
    const code = await sendTo(stage, own.person, sent, `${own.person.id}@home.example`)
    for (const scope of scopes) {
      const right = scope === own
      if (right) continue
      const check = { purpose: scope.purpose, transactionId: `${scope.transactionId}-${scope.person.id}`, method: 'email' }
      // Each in its own transaction, and each crossed with the transaction the code was sent in.
      assert.notEqual(await checkCode(app, typed(stage, scope.person, code, check)), 'right')
      const crossed = { purpose: scope.purpose, transactionId: sent.transactionId, method: 'email' }
      if (scope.person !== own.person || scope.purpose !== own.purpose) assert.notEqual(await checkCode(app, typed(stage, scope.person, code, crossed)), 'right')
      await app.db.deleteFrom('limits').execute() // the budget would answer before the code does
      await app.db.updateTable('challenges').set({ triesLeft: 5 }).execute()
    }
    assert.equal(await checkCode(app, typed(stage, own.person, code, sent)), 'right')
    await app.db.deleteFrom('limits').execute()
  }
})

onStage('a newer code ends the older one, a request that was not let out does not', async stage => {
  const person = await ann(stage.app, stage.tenantId)
  const { app, tenantId } = stage
  const first = await sendTo(stage, person)
  const soon = await openChallenge(app, app.db, { tenantId, ...flow, userId: null })
  const kept = await sendCode(app, { tenantId, challengeId: soon, userId: person.id, to: { kind: 'mail', address: 'ann@home.example' }, locale: 'en' })
  assert.deepEqual(kept, { outcome: 'suppressed', why: 'destination' })
  await stage.work()
  assert.equal(stage.mail.length, 1)
  await stage.advance(31_000)
  const second = await sendTo(stage, person)
  assert.equal(await checkCode(app, typed(stage, person, first)), first === second ? 'right' : 'wrong')
  assert.equal(await checkCode(app, typed(stage, person, second)), 'right')
})

onStage('the code under way still counts after a request for another that was not let out', async stage => {
  const person = await ann(stage.app, stage.tenantId)
  const code = await sendTo(stage, person)
  await openChallenge(stage.app, stage.app.db, { tenantId: stage.tenantId, ...flow, userId: null })
  assert.equal(await checkCode(stage.app, typed(stage, person, code)), 'right')
})

onStage('a code is over after ten minutes, and is not sent after that', async stage => {
  const person = await ann(stage.app, stage.tenantId)
  const code = await sendTo(stage, person)
  await stage.advance(10 * minute)
  assert.equal(await checkCode(stage.app, typed(stage, person, code)), 'expired')
  const { app, tenantId } = stage
  const challengeId = await openChallenge(app, app.db, { tenantId, ...flow, transactionId: 'flow-2', userId: null })
  await sendCode(app, { tenantId, challengeId, userId: person.id, to: { kind: 'mail', address: 'ann@home.example' }, locale: 'en' })
  await stage.advance(10 * minute + 1)
  await stage.work()
  assert.equal(stage.mail.length, 1)
  const outcomes = await app.db.selectFrom('deliveries').select(['outcome', 'messageName']).orderBy('at').execute()
  assert.deepEqual(outcomes, [{ outcome: 'sent', messageName: 'resetCode' }, { outcome: 'expired', messageName: 'resetCode' }])
})

onStage('what a right code opens is undone with it when it fails, and the code still counts', async stage => {
  const person = await ann(stage.app, stage.tenantId)
  const code = await sendTo(stage, person)
  const alsoInTransaction = async () => {
    throw new Error('no room')
  }
  await assert.rejects(checkCode(stage.app, typed(stage, person, code, { alsoInTransaction })), /no room/)
  assert.equal(await checkCode(stage.app, typed(stage, person, code)), 'right')
})

onStage('no code lies in the database in clear, and nothing sealed tells where it went', async stage => {
  const person = await ann(stage.app, stage.tenantId)
  const code = await sendTo(stage, person)
  const rows = JSON.stringify([await stage.app.db.selectFrom('challenges').selectAll().execute(), await stage.app.db.selectFrom('deliveries').selectAll().execute()])
  for (const secret of [code, showCode(code), 'ann@home.example', Buffer.from(code).toString('base64'), Buffer.from(code).toString('hex')]) {
    assert.ok(!rows.includes(secret), secret)
  }
})

test('T-68: digits of any script are read, with blanks or dashes; anything else is no code', () => {
  for (const text of ['1234 5678', ' 1234-5678 ', '١٢٣٤٥٦٧٨', '۱۲۳۴ ۵۶۷۸', '１２３４５６７８', '१२३४५६७८', '𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖', '1234\u200b5678']) {
    assert.equal(plainDigits(text), '12345678', text)
  }
  for (const text of ['12a45678', '½2345678', '１２３４５６７８!', 'x'.repeat(200)]) assert.equal(plainDigits(text), undefined, text)
})

