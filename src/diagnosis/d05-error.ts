import { diagnoseReset } from '../rules/reset-checks.ts'
import { reason } from '../rules/verdict.ts'
import { hasTarget } from './snapshot.ts'
import { look, warnsUnless } from './question.ts'
import type { Question } from './question.ts'
import type { Attempt } from './snapshot.ts'
import type { Finding } from '../rules/verdict.ts'

/**
 * A user gets an error when changing or resetting (M-09, M-30). What was refused then stands first, for that is what was asked
 * about; the dry run says whether the cause is still there.
 */
export const d05: Question = {
  id: 'D-05',
  target: 'optional',
  // An attempt that ended well has its stumbles among the evidence; none of them is the answer.
  known: ({ attempt }) => (attempt?.state === 'DONE' ? undefined : attempt?.reasons[0]),
  findings: snapshot => {
    const { attempt } = snapshot
    const found = attempt
      ? [look('attemptFound', attempt.reasons[0]?.code ?? 'OK', attempt.reasons.length > 0 ? 'warns' : 'ok', { at: attempt.at, state: attempt.state },
        attempt.reasons[0]?.values)]
      : []
    found.push(...messages(attempt?.deliveries))
    if (!hasTarget(snapshot)) return attempt ? found : [look('targetExists', 'TARGET_NOT_FOUND', 'blocks')]
    const dryRun = diagnoseReset(snapshot.reset)
    const passes = dryRun.every(one => one.outcome !== 'blocks')
    // With a recorded reason before it, "would succeed now" is the news that the cause has gone.
    return [...found, ...dryRun, ...(attempt && passes ? [look('dryRunPasses', 'WOULD_SUCCEED_NOW', 'warns')] : [])]
  },
  otherwise: ({ attempt, target }) => (target ? reason('WOULD_SUCCEED_NOW') : reason('OTHER', { code: attempt?.state ?? '' })),
}

/** Was the code sent? The newest message is what the person waited for; the others are counted. */
function messages(deliveries: Attempt['deliveries']): Finding[] {
  const newest = deliveries?.[0]
  if (!deliveries || !newest) return []
  const of = (outcome: string) => deliveries.filter(one => one.outcome === outcome).length
  return [look('messageDelivered', 'LK_NOT_DELIVERED', warnsUnless(newest.outcome === 'sent'),
    { at: newest.at, sent: of('sent'), failed: of('failed'), expired: of('expired'), suppressed: of('suppressed'), limit: newest.limit })]
}
