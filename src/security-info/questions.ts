import type { App } from '../app.ts'
import { saveAnswers } from '../credentials/answers.ts'
import { Refusal } from '../refusal.ts'
import { checkAnswers } from '../rules/security-questions.ts'
import { Secret } from '../secret.ts'
import { isMessageKey, translate } from '../text.ts'
import type { Locale } from '../text.ts'
import { noteIfComplete } from './completion.ts'
import { countingFailure } from './failed-registration.ts'
import { requireOffer } from './list-methods.ts'
import { requirePassForFirst } from './visit.ts'
import type { Visit } from './visit.ts'

export interface QuestionChoices {
  /** How many have to be answered. */
  count: number
  questions: { id: string; text: string }[]
}

/** The organisation's questions: predefined ones in the reader's language, its own as typed (F-11). */
export function questionChoices(visit: Visit): QuestionChoices {
  const policy = visit.facts.tenant.passwordResetPolicy
  return {
    count: policy.numberOfQuestionsToRegister,
    questions: policy.securityQuestions.map(question => ({ id: question.id, text: question.text ?? predefinedText(visit.locale, question.id) })),
  }
}

function predefinedText(locale: Locale, id: string): string {
  const key = `questions.${id}`
  return isMessageKey(key) ? translate(locale, key) : id
}

/**
 * Replaces the whole set of answers (sspr §4.6): what is enough, and what an answer may be, the rules say.
 * @throws Refusal 422 LK_QUESTIONS_COUNT, LK_QUESTION_UNKNOWN, LK_QUESTION_TWICE, LK_ANSWER_LENGTH, LK_ANSWER_TWICE
 */
export function saveQuestions(app: App, visit: Visit, answers: readonly TypedAnswer[]): Promise<void> {
  return countingFailure(app, visit, 'securityQuestions', () => save(app, visit, answers))
}

interface TypedAnswer {
  questionId: string
  answer: string
}

async function save(app: App, visit: Visit, answers: readonly TypedAnswer[]): Promise<void> {
  requirePassForFirst(visit)
  requireOffer(visit, 'securityQuestions')
  const policy = visit.facts.tenant.passwordResetPolicy
  const verdict = checkAnswers(answers.map(one => ({ questionId: one.questionId, text: one.answer })), {
    questionIds: policy.securityQuestions.map(question => question.id), numberToRegister: policy.numberOfQuestionsToRegister,
  })
  if (!verdict.allowed) throw new Refusal(422, verdict.reasons, { field: 'question1' })
  const { tenantId, userId, actor, correlationId } = visit
  await saveAnswers(app, { tenantId, userId, actor, correlationId, answers: answers.map(one => ({ questionId: one.questionId, answer: new Secret(one.answer) })) })
  await app.db.transaction().execute(trx => noteIfComplete(app, trx, visit))
}
