// What is kept under a support code is the one thing that tells a stranger apart under `private` (LD-01): who may read it.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { questionIds } from '../../src/diagnosis/question.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { insertDelivery } from '../../src/store/deliveries.ts'
import { chunkSize } from '../../src/store/subjects.ts'
import { addCrowd, addPerson, changePolicy, roleIds } from '../support/people.ts'

let t: TestApp
let ann: SignedIn
let hal: SignedIn
const codes = { boss: '', ann: '', nobody: '' }

before(async () => {
  t = await makeApp()
  await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 2 })
  await addPerson(t.app, t.tenantId, { name: 'boss', password: null, roles: [roleIds.globalAdministrator], disabled: true })
  ann = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'ann', password: null }))
  hal = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'hal', password: null, roles: [roleIds.helpdeskAdministrator] }))
  for (const name of ['boss', 'ann', 'nobody'] as const) {
    codes[name] = (await t.browser().json('POST', '/api/resets', { username: `${name}@contoso.example` })).json().supportCode
  }
  await t.work()
})
after(() => t.close())

test('LD-01, T-01: whoever starts a reset for another name learns nothing by asking about its code, whichever question they ask', async () => {
  for (const question of questionIds) {
    for (const name of ['boss', 'nobody'] as const) {
      const reply = await ann.post('/api/diagnose', { question, supportCode: codes[name] })
      assert.equal(reply.statusCode, 403, `${question} ${name}`)
      assert.doesNotMatch(reply.payload, /LK_ACCOUNT/, `${question} ${name}`)
    }
    assert.equal((await ann.post('/api/diagnose', { question, supportCode: randomUUID() })).statusCode, 403, question)
  }
})

test('T-84: a helpdesk reads codes of those it may reset and of names nobody has, and no others, also beside another target', async () => {
  for (const question of questionIds) {
    for (const target of [undefined, ann.person.id]) {
      const ask = { question, supportCode: codes.boss, ...(target ? { target } : {}) }
      assert.equal((await hal.post('/api/diagnose', ask)).statusCode, 403, `${question} ${target}`)
    }
  }
  assert.equal((await hal.post('/api/diagnose', { question: 'D-05', supportCode: codes.ann })).json().attempt.reasons[0].code, 'SSPR_0014')
  assert.equal((await hal.post('/api/diagnose', { question: 'D-05', supportCode: codes.nobody })).json().attempt.reasons[0].code, 'LK_ACCOUNT_UNKNOWN')
})

test('M-09 (LD-01): whoever helps sees whether the code went out, the person behind the attempt does not', async () => {
  const bob = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'bob', password: null, email: 'bob@home.example' }))
  const browser = t.browser()
  const { supportCode } = (await browser.json('POST', '/api/resets', { username: 'bob@contoso.example' })).json()
  await t.work()
  const ask = async (who: SignedIn) => (await who.post('/api/diagnose', { question: 'D-05', supportCode })).json()
  assert.deepEqual((await ask(hal)).attempt.deliveries, [], 'nothing was asked for yet')
  const row = { tenantId: t.tenantId, kind: 'mail', messageName: 'resetCode', recipientIndex: 'index', supportCode, at: t.app.now() }
  await insertDelivery(t.app.db, { ...row, id: randomUUID(), outcome: 'failed', detail: '550 no such user bob@home.example' })
  const answer = await ask(hal)
  assert.deepEqual(answer.attempt.deliveries.map((one: { message: string; outcome: string }) => [one.message, one.outcome]), [['resetCode', 'failed']])
  const check = answer.checks.find((one: { check: string }) => one.check === 'messageDelivered')
  assert.deepEqual([check.code, check.pass, check.evidence.failed], ['LK_NOT_DELIVERED', false, 1])
  assert.doesNotMatch(JSON.stringify(answer), /home\.example/)
  await insertDelivery(t.app.db, { ...row, id: randomUUID(), at: row.at + 1, outcome: 'suppressed', detail: 'destination' })
  assert.equal((await ask(hal)).attempt.deliveries[0].limit, 'destination')
  const own = await ask(bob)
  assert.deepEqual(own.attempt.deliveries, [])
  assert.ok(!own.checks.some((one: { check: string }) => one.check === 'messageDelivered'))
})

test('people read what became of their own reset', async () => {
  assert.equal((await ann.post('/api/diagnose', { question: 'D-05', supportCode: codes.ann })).json().attempt.supportCode, codes.ann)
})

test('T-84: the list of who lacks something holds, for a helpdesk, only people it may reset', async () => {
  const cas = await addPerson(t.app, t.tenantId, { name: 'cas', password: null, roles: [roleIds.globalAdministrator] })
  const names = async (who: SignedIn) =>
    (await who.post('/api/diagnose', { question: 'D-13' })).json().people.map((one: { id: string }) => one.id) as string[]
  const seen = await names(hal)
  assert.ok(seen.includes(ann.person.id) && !seen.includes(cas.id))
  assert.ok((await names(await signedIn(t, cas))).includes(cas.id))
})

test('T-24: for a question about everybody nobody is looked at on behalf of people without a role', async () => {
  const selectFrom = t.app.db.selectFrom
  let queries = 0
  t.app.db.selectFrom = ((...given: Parameters<typeof selectFrom>) => {
    queries++
    return selectFrom.apply(t.app.db, given)
  }) as typeof selectFrom
  const cost = async (who: SignedIn, ask: object, status: number) => {
    queries = 0
    assert.equal((await who.post('/api/diagnose', ask)).statusCode, status)
    return queries
  }
  const asked = ['D-03', 'D-13', 'D-14'].flatMap(question => [{ question }, { question, target: 'nobody' }])
  const costs = async (who: SignedIn, status: number) => {
    const found: number[] = []
    for (const ask of asked) found.push(await cost(who, ask, status))
    return found
  }
  try {
    const [refused, looked] = [await costs(ann, 403), await costs(hal, 200)]
    await addCrowd(t.app, t.tenantId, 3 * chunkSize)
    assert.deepEqual(await costs(ann, 403), refused, 'as few for a crowd')
    for (const [at, more] of (await costs(hal, 200)).entries()) assert.ok(more > looked[at]!, JSON.stringify(asked[at]))
  } finally {
    t.app.db.selectFrom = selectFrom
  }
})
