import { diagnoseResetPage } from '../rules/admin-reset-checks.ts'
import { always } from './question.ts'
import type { Question } from './question.ts'

/** Why can I not see the password reset page (M-16)? */
export const d08: Question = { id: 'D-08', target: 'none', findings: diagnoseResetPage, otherwise: always('VISIBLE') }
