import { always, look, warnsUnless } from './question.ts'
import type { Question } from './question.ts'
import { enabledPeople, gapOf } from './readiness.ts'
import type { Gap } from './readiness.ts'
import type { Snapshot } from './snapshot.ts'

/** Everyone in scope, or the one person asked about. */
export function gapsOf(snapshot: Snapshot): Gap[] {
  const people = snapshot.target ? [snapshot.target] : enabledPeople(snapshot)
  return people.map(person => gapOf(snapshot, person))
}

/** Who could reset with the data that is there, without registering (M-24, M-25, A-30)? */
export const d13: Question = {
  id: 'D-13',
  target: 'optional',
  findings: snapshot => {
    const gaps = gapsOf(snapshot)
    const lacking = gaps.filter(gap => gap.missing > 0)
    const malformed = lacking.filter(gap => gap.malformed > 0)
    const off = lacking.filter(gap => gap.switchedOff > 0)
    const missing = lacking.filter(gap => gap.malformed === 0 && gap.switchedOff === 0)
    return [
      look('dataWellFormed', 'MALFORMED', malformed.length > 0 ? 'blocks' : 'ok', { people: malformed.length }, { count: malformed.length, attribute: 'mobilePhone, businessPhones, otherMails' }),
      look('methodsEnabled', 'METHOD_OFF', off.length > 0 ? 'blocks' : 'ok', { people: off.length }, { count: off.length }),
      look('dataPresent', 'MISSING', missing.length > 0 ? 'blocks' : 'ok', { people: missing.length, inScope: gaps.length, capable: gaps.length - lacking.length },
        { count: missing.length }),
      look('everyoneSeen', 'MISSING', snapshot.target ? 'notApplicable' : warnsUnless(!snapshot.morePeople), { people: snapshot.people.length }, { count: missing.length }),
    ]
  },
  otherwise: always('CAPABLE'),
}
