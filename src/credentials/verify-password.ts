import type { App, Db } from '../app.ts'
import { isOnPremises } from '../rules/authority.ts'
import { keepsCloudPassword } from '../rules/writeback.ts'
import type { Secret } from '../secret.ts'
import { gatherTenantFacts, gatherSubject } from '../store/facts.ts'
import { findPassword, renewHash, updatePassword, useTemporaryPassword } from '../store/passwords.ts'
import type { PasswordRow } from '../store/passwords.ts'
import { findUser } from '../store/users.ts'
import type { UserRow } from '../store/users.ts'
import { hashPassword, isOutdatedHash, matchesHash, repepperHash } from './hash-password.ts'
import { afterWrong, failSignIn, forgive, readSignerOf } from './sign-in-budget.ts'
import type { SignInPlace } from './sign-in-budget.ts'

export interface PasswordCheck {
  tenantId: string
  /** As typed at sign-in … */
  typedName?: string
  /** … or who is signed in already. */
  userId?: string
  password: Secret
  place: SignInPlace
  purpose: 'signIn' | 'reauthenticate' | 'changePassword' | 'basic' | 'graph'
}

export type PasswordVerdict =
  | {
      outcome: 'right'
      userId: string
      user: UserRow
      mustChange: boolean
      mustChangeWithMfa: boolean
      /** The password was a temporary one, now used up (LD-27). */
      temporary: boolean
      passwordChangedAt: number | null
    }
  | { outcome: 'wrong' }
  | { outcome: 'locked'; until: number }
  /** The password was right, and opens nothing: only now may its owner know why (LD-32). */
  | { outcome: 'refused'; userId: string; code: 'LK_SIGNIN_DISABLED' | 'LK_TEMPORARY_PASSWORD_EXPIRED' }
  /** Nobody could say: the domain decides, and no agent answered. */
  | { outcome: 'unavailable' }

type Right = Extract<PasswordVerdict, { outcome: 'right' }>

/** A right password whose try is still counted as a wrong one, until `accept` has run in the transaction of what it opens. */
export type Compared = Exclude<PasswordVerdict, Right> | (Right & { accept(trx: Db): Promise<void> })

/** Compares and accepts at once. @throws as `comparePassword` */
export async function verifyPassword(app: App, check: PasswordCheck): Promise<PasswordVerdict> {
  const compared = await comparePassword(app, check)
  if (compared.outcome !== 'right') return compared
  const { accept, ...right } = compared
  await app.db.transaction().execute(accept)
  return right
}

/**
 * The one place where a password is compared (T-83, T-88): sign-in, stepping up, change and every API double spend the same
 * budget, before any hash. Always exactly one Argon2id run, for nobody, no password, a disabled person, someone of the domain
 * and text of any length (T-02). Throws a `Refusal` (503 LK_BUSY) when too many wait for the hashing lane.
 */
export async function comparePassword(app: App, check: PasswordCheck): Promise<Compared> {
  const { tenantId, password, place } = check
  const known = check.userId === undefined ? undefined : await findUser(app.db, tenantId, check.userId)
  const attempt = { tenantId, typedName: check.typedName ?? known?.userPrincipalName ?? '', place }
  const signer = check.userId === undefined ? await readSignerOf(app, attempt) : undefined
  const user = signer ? signer.user : known
  const budget = await failSignIn(app, attempt, password, signer)
  if (!budget.served) return { outcome: 'locked', until: budget.until }
  const row = signer ? signer.password : await findPassword(app.db, tenantId, user?.id ?? '')
  const here = await matchesHash(app, row?.hash ?? null, password, budget.place === 'familiar')
  const right = here || !user ? here : await askDomain(app, user, row, password)
  if (right === 'unreachable') return { outcome: 'unavailable' }
  if (!right || !user) {
    await afterWrong(app, attempt, password, budget.place, user?.id ?? null)
    return { outcome: 'wrong' }
  }
  if (row?.hash && here) await renew(app, user.id, row, password)
  const verdict = await settle(app, check, user, row)
  const accept = (trx: Db) => forgive(app, trx, attempt, budget)
  if (verdict.outcome === 'right') return { ...verdict, accept }
  await app.db.transaction().execute(accept)
  return verdict
}

async function settle(app: App, { tenantId, purpose }: PasswordCheck, user: UserRow, row: PasswordRow | undefined): Promise<PasswordVerdict> {
  const { id: userId } = user
  if (!user.accountEnabled) return { outcome: 'refused', userId, code: 'LK_SIGNIN_DISABLED' }
  const temporary = row?.temporaryUntil != null
  if (temporary) {
    const now = app.now()
    // Signing in uses it up; the change that follows may still ask for it.
    const alive = row.temporaryUntil! > now && (purpose === 'changePassword' || purpose === 'reauthenticate' || (await useTemporaryPassword(app.db, tenantId, userId, now)))
    if (!alive) return { outcome: 'refused', userId, code: 'LK_TEMPORARY_PASSWORD_EXPIRED' }
  }
  return {
    outcome: 'right', userId, user, temporary,
    mustChange: row?.forceChangePasswordNextSignIn ?? false,
    mustChangeWithMfa: row?.forceChangePasswordNextSignInWithMfa ?? false,
    passwordChangedAt: row?.changedAt ?? null,
  }
}

/**
 * People whose password lives in the domain are verified by its agent (LD-12); where the domain's setting says so, a copy is
 * captured from the right password. False at once for everybody else.
 */
async function askDomain(app: App, user: UserRow, row: PasswordRow | undefined, password: Secret): Promise<boolean | 'unreachable'> {
  if (!user.onPremisesSyncEnabled || password.isEmpty) return false
  const { tenantId, id: userId } = user
  const tenant = await gatherTenantFacts(app.db, tenantId)
  const subject = await gatherSubject(app.db, tenant, userId, app.now())
  if (!subject || !isOnPremises(subject)) return false
  const copies = keepsCloudPassword(subject)
  // With a captured copy here the copy decides: the domain is asked only while there is none.
  if (copies && row?.hash) return false
  const answer = await app.agents.verifyPassword({ tenantId, userId, password })
  if (answer !== 'right') return answer === 'unreachable' ? 'unreachable' : false
  if (copies && row) await updatePassword(app.db, tenantId, userId, { hash: await hashPassword(app, password) })
  return true
}

/** A former pepper or cost is brought up to date while the password is at hand. */
async function renew(app: App, userId: string, row: PasswordRow, password: Secret): Promise<void> {
  if (!row.hash || !isOutdatedHash(app, row.hash)) return
  const hash = repepperHash(app, row.hash) ?? (await hashPassword(app, password))
  await renewHash(app.db, row.tenantId, userId, row.hash, hash)
}
