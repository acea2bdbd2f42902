import type { App } from '../app.ts'
import { countWrongReauthentication, endSession, updateSession } from '../store/sessions.ts'
import { verifyPassword } from './verify-password.ts'
import type { PasswordCheck, PasswordVerdict } from './verify-password.ts'

/** Wrong passwords after which a session is taken for stolen and ends (T-86). */
const mostWrong = 5

/**
 * The password of somebody who is signed in, asked once more. Besides the account's budget it spends the session's own five tries,
 * each taken before anything is compared (T-04), so that of any number at once five are looked at. `sessionEnded`: the fifth was
 * wrong, or there are none left.
 */
export async function verifyPasswordAgain(
  app: App, session: { tenantId: string; userId: string; idHash: string }, check: Pick<PasswordCheck, 'password' | 'place' | 'purpose'>,
): Promise<PasswordVerdict | { outcome: 'sessionEnded' }> {
  const { tenantId, userId, idHash } = session
  const tries = await countWrongReauthentication(app.db, tenantId, idHash)
  const left = tries === undefined ? -1 : mostWrong - tries
  const verdict = left < 0 ? undefined : await verifyPassword(app, { tenantId, userId, ...check })
  if (verdict === undefined || (verdict.outcome === 'wrong' && left === 0)) {
    await endSession(app.db, { tenantId, idHash })
    return { outcome: 'sessionEnded' }
  }
  // Only a wrong one costs a try.
  if (verdict.outcome !== 'wrong') await updateSession(app.db, tenantId, idHash, { wrongReauthentications: tries! - 1 })
  return verdict
}
