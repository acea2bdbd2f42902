import { d03 } from './d03-users-reset.ts'
import { d04 } from './d04-users-change.ts'
import { d05 } from './d05-error.ts'
import { d06 } from './d06-reset-problem.ts'
import { d07 } from './d07-button-grey.ts'
import { d08 } from './d08-page-missing.ts'
import { d09 } from './d09-onpremises-missing.ts'
import { d10 } from './d10-walk-through.ts'
import { d11 } from './d11-still-locked-out.ts'
import { d12 } from './d12-registration.ts'
import { d13 } from './d13-without-registering.ts'
import { d14 } from './d14-require-registration.ts'
import { d15 } from './d15-set-up.ts'
import { d16 } from './d16-application-credentials.ts'
import { d17 } from './d17-policy-in-force.ts'
import { d18 } from './d18-testing.ts'
import { d19 } from './d19-registered-and-failing.ts'
import type { Question, QuestionId } from './question.ts'

/** Every question the product answers about itself (sspr §1.2). */
export const questions: Readonly<Record<QuestionId, Question>> = {
  'D-03': d03, 'D-04': d04, 'D-05': d05, 'D-06': d06, 'D-07': d07, 'D-08': d08, 'D-09': d09, 'D-10': d10, 'D-11': d11, 'D-12': d12,
  'D-13': d13, 'D-14': d14, 'D-15': d15, 'D-16': d16, 'D-17': d17, 'D-18': d18, 'D-19': d19,
}
