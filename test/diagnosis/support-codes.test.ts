// What is kept under a support code is the one thing that tells a stranger apart under `private` (LD-01): who may read it.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { questionIds } from '../../src/diagnosis/question.ts'
import { signedIn } from '../graph/session.ts'
import type { SignedIn } from '../graph/session.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'

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
  for (let n = 0; n < 30; n++) await addPerson(t.app, t.tenantId, { name: `one-of-many-${n}`, password: null })
  const selectFrom = t.app.db.selectFrom
  let queries = 0
  t.app.db.selectFrom = ((...given: Parameters<typeof selectFrom>) => {
    queries++
    return selectFrom.apply(t.app.db, given)
  }) as typeof selectFrom
  const cost = async (ask: () => Promise<{ statusCode: number }>, status: number) => {
    queries = 0
    assert.equal((await ask()).statusCode, status)
    return queries
  }
  try {
    const looked = await cost(() => hal.post('/api/diagnose', { question: 'D-13' }), 200)
    for (const question of ['D-03', 'D-13', 'D-14'])
      for (const target of [{}, { target: 'nobody' }]) {
        const refused = await cost(() => ann.post('/api/diagnose', { question, ...target }), 403)
        assert.ok(refused < looked / 3, `${question}: ${refused} queries, ${looked} for those who may`)
      }
  } finally {
    t.app.db.selectFrom = selectFrom
  }
})
