// Security questions (sspr §4.6, T-12): the predefined ones by id, the form of answers, and how answers are compared.
// The words are in locales/*/questions.json under `questions.<id>`. Drawing and hashing are not decided here.
import { allow, deny } from './verdict.ts'
import type { Verdict } from './verdict.ts'

export const predefinedQuestions = [
  'sq.city.first_partner', 'sq.city.parents_met', 'sq.city.nearest_sibling', 'sq.city.father_born', 'sq.city.first_job',
  'sq.city.mother_born', 'sq.city.millennium_eve',
  'sq.school.primary', 'sq.school.class_at_ten', 'sq.teacher.favourite', 'sq.teacher.first', 'sq.college.applied_not_attended',
  'sq.family.fathers_middle_name', 'sq.family.mothers_middle_name', 'sq.family.maternal_grandmother', 'sq.family.paternal_grandfather',
  'sq.family.oldest_sibling_middle_name', 'sq.family.youngest_sibling_nickname', 'sq.family.oldest_sibling_birth_month',
  'sq.childhood.best_friend', 'sq.childhood.first_crush', 'sq.childhood.hero',
  'sq.first.car', 'sq.first.hospital', 'sq.childhood.street', 'sq.childhood.toy', 'sq.first.pet', 'sq.childhood.nickname',
  'sq.childhood.sport', 'sq.first.job', 'sq.childhood.phone_digits', 'sq.childhood.ambition', 'sq.famous_person_met',
  'sq.wedding.place', 'sq.childhood.food',
] as const

export const answerLength = { min: 3, max: 40 } as const
export const customQuestions = { most: 20, minLength: 3, maxLength: 200 } as const

/** How many more questions than a reset asks are pinned for 24 hours, so that asking again cannot reach a known one (T-12). */
export const poolBeyondReset = 2

/** What two equal answers have in common: compatibility forms, outer and repeated blanks, and case do not matter. */
export function normaliseAnswer(text: string): string {
  // Up and down again folds what one direction alone leaves apart (ß, final sigma); neither depends on a locale.
  return text.normalize('NFKC').trim().replace(/\s+/gu, ' ').toUpperCase().toLowerCase().normalize('NFKC')
}

export interface Answer {
  questionId: string
  text: string
}

/** Are these answers fit to be saved: enough, to questions of the policy, none twice, each of 3 to 40 characters? */
export function checkAnswers(answers: readonly Answer[], policy: { questionIds: readonly string[]; numberToRegister: number }): Verdict {
  if (answers.length < policy.numberToRegister) return deny('LK_QUESTIONS_COUNT', { count: policy.numberToRegister })
  if (answers.some(answer => !policy.questionIds.includes(answer.questionId))) return deny('LK_QUESTION_UNKNOWN')
  if (new Set(answers.map(answer => answer.questionId)).size < answers.length) return deny('LK_QUESTION_TWICE')
  const normalised = answers.map(answer => normaliseAnswer(answer.text))
  if (normalised.some(text => [...text].length < answerLength.min || [...text].length > answerLength.max)) {
    return deny('LK_ANSWER_LENGTH', { ...answerLength })
  }
  return new Set(normalised).size < normalised.length ? deny('LK_ANSWER_TWICE') : allow
}
