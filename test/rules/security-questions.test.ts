import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkAnswers, normaliseAnswer, predefinedQuestions } from '../../src/rules/security-questions.ts'

const policy = { questionIds: ['q1', 'q2', 'q3', 'q4'], numberToRegister: 3 }
const answers = (...texts: string[]) => texts.map((text, i) => ({ questionId: `q${i + 1}`, text }))
const code = (given: Parameters<typeof checkAnswers>[0]) => {
  const verdict = checkAnswers(given, policy)
  return verdict.allowed ? 'allowed' : verdict.reasons[0]!.code
}

test('there are 35 predefined questions, each with a key of its own', () => {
  assert.equal(predefinedQuestions.length, 35)
  assert.equal(new Set(predefinedQuestions).size, 35)
})

test('answers are the same when case, blanks and forms of characters are all that differs', () => {
  const same = [['  Nørre   Gade ', 'nørre gade'], ['STRASSE', 'straße'], ['ﬁsk', 'FISK'], ['e\u0301cole', 'École'], ['Rīga', 'RĪGA'], ['ΟΔΟΣ', 'οδος']]
  for (const [a, b] of same) assert.equal(normaliseAnswer(a!), normaliseAnswer(b!), `${a} ${b}`)
  assert.notEqual(normaliseAnswer('Rīga'), normaliseAnswer('Riga'))
})

test('answers are saved when there are enough, to known questions, none twice, of fit length', () => {
  assert.equal(code(answers('Aarhus', 'Odense', 'Ribe')), 'allowed')
  assert.equal(code(answers('Aarhus', 'Odense')), 'LK_QUESTIONS_COUNT')
  assert.equal(code([...answers('Aarhus', 'Odense'), { questionId: 'other', text: 'Ribe' }]), 'LK_QUESTION_UNKNOWN')
  assert.equal(code([...answers('Aarhus', 'Odense'), { questionId: 'q1', text: 'Ribe' }]), 'LK_QUESTION_TWICE')
  assert.equal(code(answers('Aarhus', 'Odense', 'aarhus ')), 'LK_ANSWER_TWICE')
  assert.equal(code(answers('Aarhus', 'Odense', 'ab')), 'LK_ANSWER_LENGTH')
  assert.equal(code(answers('Aarhus', 'Odense', ' a  b ')), 'allowed')
  assert.equal(code(answers('Aarhus', 'Odense', 'x'.repeat(41))), 'LK_ANSWER_LENGTH')
})
