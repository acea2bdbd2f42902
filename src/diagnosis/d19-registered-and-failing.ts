import { isOnPremises, passwordAuthority } from '../rules/authority.ts'
import { diagnoseReset } from '../rules/reset-checks.ts'
import { aboutTarget, always, blocksUnless, look } from './question.ts'
import type { Question } from './question.ts'
import { gapOf } from './readiness.ts'

/** The writeback checks of a dry run: any of these blocking makes the way home the suspect (M-39). */
const writeback = new Set(['writebackEnabled', 'agentConnected', 'agentHealthy', 'notProtectedInDomain'])

/** Users should register, or have and still fail (M-37 … M-39). */
export const d19: Question = {
  id: 'D-19',
  target: 'needed',
  findings: aboutTarget(snapshot => {
    const { target } = snapshot
    const gap = gapOf(snapshot, target)
    const blocking = diagnoseReset(snapshot.reset).filter(one => one.outcome === 'blocks')
    const suspect = blocking.find(one => writeback.has(one.check))
    const other = blocking.find(one => !writeback.has(one.check) && one.code !== 'SSPR_0014')
    return [
      look('registered', 'SEND_TO_REGISTRATION', blocksUnless(gap.missing === 0), { usable: gap.usable, required: gap.required }),
      look('writebackHealthy', 'WRITEBACK_SUSPECT', isOnPremises(target) ? blocksUnless(suspect === undefined) : 'notApplicable',
        { authority: passwordAuthority(target), code: suspect?.code ?? null }),
      look('nothingElse', 'OTHER', blocksUnless(other === undefined), { code: other?.code ?? null }, { code: other?.code ?? '' }),
      // What is behind "suspect" and "other", by its own name and with its own remedy.
      ...blocking.filter(one => one.code !== 'SSPR_0014'),
    ]
  }),
  otherwise: always('CAN_RESET_NOW'),
}
