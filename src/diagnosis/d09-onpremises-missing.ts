import { diagnoseOnPremises } from '../rules/onprem-checks.ts'
import { always } from './question.ts'
import type { Question } from './question.ts'

/** Why can I not see the on-premises integration page, and is what it shows well (M-17 … M-19)? */
export const d09: Question = { id: 'D-09', target: 'none', findings: diagnoseOnPremises, otherwise: always('VISIBLE'), warningsDecide: true }
