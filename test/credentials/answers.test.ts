import assert from 'node:assert/strict'
import { checkAnswers, drawQuestions, removeAnswers, saveAnswers } from '../../src/credentials/answers.ts'
import { hashingLane } from '../../src/credentials/hash-password.ts'
import { Refusal } from '../../src/refusal.ts'
import { Secret } from '../../src/secret.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { day, hour, onStage } from './stage.ts'
import type { Stage } from './stage.ts'

const ids = ['sq.first.car', 'sq.first.pet', 'sq.first.job', 'sq.first.hospital', 'sq.childhood.toy', 'sq.childhood.hero', 'sq.wedding.place', 'custom.1']
const answerTo = (id: string) => `Answer to ${id}`

async function prepare(stage: Stage): Promise<Person> {
  const { app, tenantId } = stage
  const securityQuestions = ids.map(id => ({ id, text: id === 'custom.1' ? 'Where is the spare key?' : null }))
  await changePolicy(app, tenantId, 'passwordResetPolicy', { securityQuestionsOptionEnabled: true, securityQuestions, numberOfQuestionsToRegister: 5, numberOfQuestionsToReset: 3 })
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  await save(stage, ann, ids)
  return ann
}

const doing = (person: Person) => ({ tenantId: person.tenantId, userId: person.id, actor: { kind: 'user' as const, userId: person.id }, correlationId: 'c' })
const save = (stage: Stage, person: Person, questionIds: readonly string[], text = answerTo) =>
  saveAnswers(stage.app, { ...doing(person), answers: questionIds.map(questionId => ({ questionId, answer: new Secret(text(questionId)) })) })
const draw = (stage: Stage, person: Person | null, transactionId = 'flow-1') =>
  drawQuestions(stage.app, { tenantId: stage.tenantId, userId: person?.id ?? null, account: 'nobody', transactionId })

async function answer(stage: Stage, person: Person | null, text: (id: string, place: number) => string, transactionId = 'flow-1') {
  const asked = await draw(stage, person, transactionId)
  const answers = asked.map((question, place) => ({ questionId: question.id, answer: new Secret(text(question.id, place)) }))
  return checkAnswers(stage.app, { tenantId: stage.tenantId, userId: person?.id ?? null, account: 'nobody', transactionId, answers })
}

onStage('all right answers are right, whatever their case, blanks and form; one wrong or missing one makes all wrong', async stage => {
  const ann = await prepare(stage)
  assert.equal(await answer(stage, ann, answerTo), 'right')
  assert.equal(await answer(stage, ann, id => `  ${answerTo(id).toUpperCase().replace(' ', '\u3000')} `), 'right')
  for (const wrong of [0, 1, 2]) {
    await stage.advance(hour)
    assert.equal(await answer(stage, ann, (id, place) => (place === wrong ? 'something else' : answerTo(id))), 'wrong', String(wrong))
    assert.equal(await answer(stage, ann, answerTo), 'right')
  }
  await stage.advance(hour)
  assert.equal(await checkAnswers(stage.app, { tenantId: stage.tenantId, userId: ann.id, transactionId: 'flow-1', answers: [] }), 'wrong')
})

onStage('T-12: every answer is hashed each time, after a wrong one and for nobody too', async stage => {
  const ann = await prepare(stage)
  const cases: [string, () => Promise<string>][] = [
    ['right', () => answer(stage, ann, answerTo)],
    ['first wrong', () => answer(stage, ann, (id, place) => (place === 0 ? 'x y z' : answerTo(id)))],
    ['last wrong', () => answer(stage, ann, (id, place) => (place === 2 ? 'x y z' : answerTo(id)))],
    ['nobody', () => answer(stage, null, answerTo)],
  ]
  for (const [name, run] of cases) {
    const before = hashingLane().started
    assert.equal(await run(), name === 'right' ? 'right' : 'wrong')
    assert.equal(hashingLane().started - before, 3, name)
  }
})

onStage('T-12: however often it is started over, within a day no more than five questions come up; nobody has questions too', async stage => {
  const ann = await prepare(stage)
  for (const person of [ann, null]) {
    const seen = new Set<string>()
    for (let n = 0; n < 60; n++) for (const question of await draw(stage, person, `flow-${n}`)) seen.add(question.id)
    assert.equal(seen.size, 5)
    assert.deepEqual(await draw(stage, person, 'flow-7'), await draw(stage, person, 'flow-7'))
    assert.equal((await draw(stage, person, 'flow-7')).length, 3)
  }
  const pools = new Set<string>()
  for (let n = 0; n < 12; n++) {
    const pool = new Set<string>()
    for (let m = 0; m < 30; m++) for (const question of await draw(stage, ann, `flow-${m}`)) pool.add(question.id)
    pools.add([...pool].sort().join())
    await stage.advance(day)
  }
  assert.ok(pools.size > 1, 'another day, another pool')
})

onStage('A-09: the sixth wrong set within an hour is not looked at; with five proofs a day nor is any for a day', async stage => {
  const ann = await prepare(stage)
  const verdicts: string[] = []
  for (let n = 0; n < 6; n++) verdicts.push(await answer(stage, ann, () => 'not this'))
  assert.deepEqual(verdicts, ['wrong', 'wrong', 'wrong', 'wrong', 'wrong', 'blocked'])
  await stage.advance(day - 60_000)
  assert.equal(await answer(stage, ann, answerTo), 'blocked')
  await stage.advance(60_000)
  assert.equal(await answer(stage, ann, answerTo), 'right')
})

onStage('answers are saved by the rules, replaced as a set, and nobody can read them', async stage => {
  const ann = await prepare(stage)
  const refused = async (work: Promise<void>, code: string) => assert.rejects(work, error => error instanceof Refusal && error.code === code)
  await refused(save(stage, ann, ids.slice(0, 4)), 'LK_QUESTIONS_COUNT')
  await refused(save(stage, ann, [...ids.slice(0, 5), 'sq.family.oldest_sibling_middle_name']), 'LK_QUESTION_UNKNOWN')
  await refused(save(stage, ann, ids, () => 'same answer'), 'LK_ANSWER_TWICE')
  await refused(save(stage, ann, ids, () => 'ab'), 'LK_ANSWER_LENGTH')
  assert.equal(await answer(stage, ann, answerTo), 'right', 'a refused set leaves the former one')
  await save(stage, ann, ids.slice(0, 5), id => `New ${id}`)
  assert.equal((await stage.app.db.selectFrom('securityAnswers').select('questionId').execute()).length, 5)
  assert.equal(await answer(stage, ann, id => `New ${id}`), 'right')
  const rows = JSON.stringify(await stage.app.db.selectFrom('securityAnswers').selectAll().execute())
  assert.ok(!/new sq/i.test(rows.replace(/"question_?id":"[^"]*"/gi, '')))
  await removeAnswers(stage.app, { ...doing(ann), actor: { kind: 'user', userId: 'gus' } })
  assert.equal(await answer(stage, ann, id => `New ${id}`), 'wrong')
})
