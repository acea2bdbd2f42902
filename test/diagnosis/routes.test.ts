import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { typedNamePlace } from '../../src/store/resets.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let hal: SignedIn
let ann: Person
let boss: Person

before(async () => {
  t = await makeApp()
  await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 2 })
  hal = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'hal', password: null, roles: [roleIds.helpdeskAdministrator] }))
  ann = await addPerson(t.app, t.tenantId, { name: 'ann', password: null })
  boss = await addPerson(t.app, t.tenantId, { name: 'boss', password: null, email: 'boss@home.example', roles: [roleIds.globalAdministrator] })
})
after(() => t.close())

async function refusedAttempt(person: Person | null, code: string): Promise<string> {
  const id = randomUUID()
  const supportCode = randomUUID()
  const now = t.app.now()
  await t.app.db.insertInto('resets').values({
    tenantId: t.tenantId, id, cookieHash: id, userId: person?.id ?? null, typedNameSealed: await t.app.keys.sealText(typedNamePlace(t.tenantId, id), 'typed'),
    accountKey: id, state: 'GATE1', intent: 'reset', disclosure: 'private', refusal: JSON.stringify([{ code, audience: 'anyone' }]), supportCode, gatesRequired: 1,
    locale: 'en', clientType: 'browser', ipAddress: null, version: 1, startedAt: now, expiresAt: now + 900_000, finishedAt: null,
  }).execute()
  return supportCode
}

test('M-09, M-30 (LD-01): a support code tells an administrator the true reason of a reset that said nothing to the person', async () => {
  const supportCode = await refusedAttempt(ann, 'SSPR_0014')
  const reply = await hal.post('/api/diagnose', { question: 'D-05', supportCode })
  assert.equal(reply.statusCode, 200, reply.payload)
  const answer = reply.json()
  assert.equal(answer.verdict.code, 'SSPR_0014')
  assert.equal(answer.attempt.supportCode, supportCode)
  assert.equal(answer.attempt.reasons[0].code, 'SSPR_0014')
  assert.ok(answer.verdict.message.length > 10 && answer.verdict.remedy.code)
  assert.ok(answer.checks.some((one: { check: string; pass: boolean }) => one.check === 'enoughMethods' && !one.pass))
})

test('a support code of a name nobody has still shows what was refused; one that was never given is 404', async () => {
  assert.equal((await hal.post('/api/diagnose', { question: 'D-05', supportCode: await refusedAttempt(null, 'LK_ACCOUNT_UNKNOWN') })).json().verdict.code, 'LK_ACCOUNT_UNKNOWN')
  assert.equal((await hal.post('/api/diagnose', { question: 'D-05', supportCode: randomUUID() })).statusCode, 404)
})

test('T-84: a helpdesk sees nothing of how a Global Administrator could be reached; a Global Reader does, and everybody sees themself', async () => {
  for (const question of ['D-04', 'D-05', 'D-11', 'D-12', 'D-13', 'D-17', 'D-18', 'D-19']) {
    assert.equal((await hal.post('/api/diagnose', { question, target: boss.id })).statusCode, 403, question)
    assert.equal((await hal.post('/api/diagnose', { question, target: ann.id })).statusCode, 200, question)
  }
  const code = await refusedAttempt(boss, 'SSPR_0014')
  assert.equal((await hal.post('/api/diagnose', { question: 'D-05', supportCode: code })).statusCode, 403)
  const reader = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'rea', password: null, roles: ['f2ef992c-3afb-46b9-b7cf-a126ee74c451'] }))
  assert.equal((await reader.post('/api/diagnose', { question: 'D-19', target: boss.id })).statusCode, 200)
  const self = await signedIn(t, ann)
  assert.equal((await self.post('/api/diagnose', { question: 'D-19', target: ann.id })).json().verdict.code, 'SEND_TO_REGISTRATION')
  assert.equal((await self.post('/api/diagnose', { question: 'D-19', target: boss.id })).statusCode, 403)
  assert.equal((await self.post('/api/diagnose', { question: 'D-13' })).statusCode, 403)
})

test('people without a role may ask what they lack, and see nothing else', async () => {
  const self = await signedIn(t, ann)
  for (const [question, code] of [['D-06', 'NO_RESET_ROLE'], ['D-07', 'NO_RESET_ROLE'], ['D-08', 'NO_RESET_ROLE'], ['D-15', 'NO_ROLE'], ['D-16', 'NO_ROLE']] as const) {
    const answer = (await self.post('/api/diagnose', { question, target: boss.id })).json()
    assert.equal(answer.verdict.code, code, question)
    assert.ok(!JSON.stringify(answer.checks).includes('Global Administrator"') || question === 'D-06' || question === 'D-07')
    for (const check of answer.checks) assert.match(check.check, /^(caller|step)/, question)
  }
})

test('no answer holds a number, an address or a code of anybody', async () => {
  const rich = await addPerson(t.app, t.tenantId, { name: 'rich', password: null, email: 'secret@home.example', mobile: '+45 40506070', otherMails: ['other@home.example'] })
  for (const question of ['D-04', 'D-05', 'D-06', 'D-07', 'D-10', 'D-11', 'D-12', 'D-13', 'D-17', 'D-18', 'D-19']) {
    const { payload } = await hal.post('/api/diagnose', { question, target: rich.id })
    assert.doesNotMatch(payload, /secret@|other@|40506070/, question)
  }
})

test('answers come in the reader’s language', async () => {
  const titles = new Set<string>()
  for (const language of ['en', 'da', 'nb', 'lv']) {
    const reader = await signedIn(t, hal.person, { language })
    const answer = (await reader.post('/api/diagnose', { question: 'D-19', target: ann.id })).json()
    titles.add(`${answer.title} ${answer.verdict.message} ${answer.verdict.remedy.text}`)
  }
  assert.equal(titles.size, 4)
})

test('asking on behalf of another administrator is for those who may see roles', async () => {
  const gus = await signedIn(t, boss)
  assert.equal((await gus.post('/api/diagnose', { question: 'D-07', caller: hal.person.id, target: boss.id })).json().verdict.code, 'ROLE_TOO_LOW')
  assert.equal((await hal.post('/api/diagnose', { question: 'D-07', caller: boss.id, target: ann.id })).statusCode, 403)
  assert.equal((await gus.post('/api/diagnose', { question: 'D-07', caller: randomUUID(), target: ann.id })).statusCode, 404)
})

test('asking changes nothing in the database', async () => {
  const count = async () => Promise.all((['audit', 'limits', 'resets', 'outbox', 'passwordEvents', 'operations'] as const)
    .map(async table => (await t.app.db.selectFrom(table).select('tenantId').execute()).length))
  const before = await count()
  for (const question of ['D-03', 'D-05', 'D-09', 'D-13', 'D-14', 'D-15']) await (await signedIn(t, boss)).post('/api/diagnose', { question, target: ann.id })
  assert.deepEqual(await count(), before)
})

test('D-13 lists who lacks what, with counts and no values', async () => {
  const answer = (await (await signedIn(t, boss)).post('/api/diagnose', { question: 'D-13' })).json()
  assert.equal(answer.verdict.code, 'MISSING')
  assert.ok(answer.people.some((one: { userPrincipalName: string; missing: number }) => one.userPrincipalName === 'ann@contoso.example' && one.missing === 1))
})
