import { always, look } from './question.ts'
import type { Question } from './question.ts'
import { countGap, gapOf, noGaps } from './readiness.ts'
import type { GapCounts, Snapshot } from './snapshot.ts'

/** Everyone in scope, or the one person asked about. */
function countsOf(snapshot: Snapshot): GapCounts {
  if (!snapshot.target) return snapshot.people.gaps
  const counts = noGaps()
  countGap(counts, gapOf(snapshot, snapshot.target))
  return counts
}

/** Who could reset with the data that is there, without registering (M-24, M-25, A-30)? */
export const d13: Question = {
  id: 'D-13',
  target: 'optional',
  findings: snapshot => {
    const { inScope, lacking, malformed, switchedOff, missing } = countsOf(snapshot)
    return [
      look('dataWellFormed', 'MALFORMED', malformed > 0 ? 'blocks' : 'ok', { people: malformed }, { count: malformed, attribute: 'mobilePhone, businessPhones, otherMails' }),
      look('methodsEnabled', 'METHOD_OFF', switchedOff > 0 ? 'blocks' : 'ok', { people: switchedOff }, { count: switchedOff }),
      look('dataPresent', 'MISSING', missing > 0 ? 'blocks' : 'ok', { people: missing, inScope, capable: inScope - lacking }, { count: missing }),
    ]
  },
  otherwise: always('CAPABLE'),
}
