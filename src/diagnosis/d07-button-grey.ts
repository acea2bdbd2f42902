import { diagnoseAdminReset } from '../rules/admin-reset-checks.ts'
import { always } from './question.ts'
import type { Question } from './question.ts'

/** What can make the button grey for one person; whether the domain can be reached does not (M-15). */
const decisive = new Set(['callerHasResetRole', 'targetExists', 'roleReachesTarget', 'targetServedHere', 'notSelf'])

/** Why is the reset button greyed out (M-15)? */
export const d07: Question = {
  id: 'D-07',
  target: 'needed',
  findings: snapshot => diagnoseAdminReset(snapshot).filter(one => decisive.has(one.check)),
  otherwise: always('NOT_GREY'),
}
