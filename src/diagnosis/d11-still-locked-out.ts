import { isOnPremises, passwordAuthority } from '../rules/authority.ts'
import { reason } from '../rules/verdict.ts'
import { isReasonCode } from '../rules/reason.ts'
import { aboutTarget, blocksUnless, look, warnsUnless } from './question.ts'
import type { Question } from './question.ts'
import type { TargetSnapshot } from './snapshot.ts'

const signedInSince = ({ target }: TargetSnapshot): boolean =>
  target.lastPasswordEvent !== null && target.lastSignInAt !== null && target.lastSignInAt > target.lastPasswordEvent.at

/** I reset the password elsewhere and the user still cannot sign in (M-22, M-23, A-18). */
export const d11: Question = {
  id: 'D-11',
  target: 'needed',
  findings: aboutTarget(snapshot => {
    const { target, now, signInLockedUntil } = snapshot
    const event = target.lastPasswordEvent
    const domain = isOnPremises(target)
    const channel = event?.channel ?? ''
    const when = event?.at ?? 0
    const failed = event?.writeback === 'failed' || event?.writeback === 'unknown'
    const overwrote = target.syncOverwroteAt !== null && event !== null && target.syncOverwroteAt > event.at
    const onPremises = target.onPremises
    if (signedInSince(snapshot)) return [look('signedInSince', 'SIGNED_IN_SINCE', 'ok', { lastSignInAt: target.lastSignInAt, lastPasswordEventAt: when })]
    return [
      look('lastResetWroteBack', 'CHANNEL_WITHOUT_WRITEBACK', domain ? blocksUnless(event?.writeback !== 'notSupported') : 'notApplicable',
        { authority: passwordAuthority(target), channel: event?.channel ?? null, at: event?.at ?? null }, { channel, when }),
      look('writebackSucceeded', 'WRITEBACK_FAILED', domain ? blocksUnless(!failed) : 'notApplicable',
        { writeback: event?.writeback ?? null, code: event?.code ?? null }, { code: event?.code ?? 'LK_WRITEBACK_UNKNOWN' }),
      look('notOverwritten', 'SYNC_OVERWROTE', domain ? blocksUnless(!overwrote) : 'notApplicable', { syncOverwroteAt: target.syncOverwroteAt }),
      look('enabledHere', 'CLOUD_DISABLED', blocksUnless(target.accountEnabled)),
      look('enabledInDomain', 'ONPREM_ACCOUNT_DISABLED', domain ? blocksUnless(onPremises?.enabled ?? true) : 'notApplicable'),
      look('notLockedInDomain', 'ONPREM_LOCKED', domain ? blocksUnless(!(onPremises?.lockedUntil && onPremises.lockedUntil > now)) : 'notApplicable'),
      look('notLockedHere', 'CLOUD_LOCKED', blocksUnless(!(signInLockedUntil !== null && signInLockedUntil > now)), { lockedUntil: signInLockedUntil },
        { until: signInLockedUntil ?? 0 }),
      look('mayUsePassword', 'LK_MUST_CHANGE', warnsUnless(!target.forceChangePasswordNextSignIn)),
    ]
  }),
  otherwise: snapshot => {
    const event = snapshot.target?.lastPasswordEvent
    if (!event) return reason('NO_PASSWORD_EVENT')
    if (snapshot.target!.lastSignInAt !== null && snapshot.target!.lastSignInAt > event.at) return reason('SIGNED_IN_SINCE')
    return reason('OTHER', { code: event.code !== null && isReasonCode(event.code) ? event.code : event.channel })
  },
}
