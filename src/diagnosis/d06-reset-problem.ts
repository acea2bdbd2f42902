import { diagnoseAdminReset } from '../rules/admin-reset-checks.ts'
import { always } from './question.ts'
import type { Question } from './question.ts'

/** I have a problem resetting a user's password (M-10 … M-14): the checks the button itself goes by. */
export const d06: Question = { id: 'D-06', target: 'needed', findings: diagnoseAdminReset, otherwise: always('OK') }
