import { diagnoseAdminReset, evaluateAdminReset } from '../rules/admin-reset-checks.ts'
import { always, look } from './question.ts'
import type { Question } from './question.ts'

/** The steps of sspr §8.2; each can be taken once the ones before it can. */
const steps = ['stepSignIn', 'stepUsers', 'stepPick', 'stepReset', 'stepConfirm'] as const

/** How do I reset someone's password (M-14, M-21)? The steps, with those that cannot be taken explained by the verdict of D-06. */
export const d10: Question = {
  id: 'D-10',
  target: 'needed',
  findings: snapshot => {
    const verdict = evaluateAdminReset(snapshot)
    if (verdict.allowed) return steps.map(step => look(step, 'OK', 'ok'))
    const { code, values } = verdict.reasons[0]!
    // Without a role the page itself is missing; otherwise only the button does not work.
    const reachable = code === 'NO_RESET_ROLE' ? 1 : code === 'TARGET_NOT_FOUND' ? 2 : 3
    return [
      ...steps.map((step, index) => look(step, index < reachable ? 'OK' : code, index < reachable ? 'ok' : 'blocks', {}, index < reachable ? undefined : values)),
      ...diagnoseAdminReset(snapshot).filter(one => one.outcome === 'blocks'),
    ]
  },
  otherwise: always('OK'),
}
