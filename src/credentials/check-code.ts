import type { App, Db } from '../app.ts'
import { faultPoint } from '../fault-point.ts'
import { noteTextVerified } from '../notify/send-limits.ts'
import { consumeChallenge, currentChallenge, reserveTry } from '../store/challenges.ts'
import type { ChallengeRow } from '../store/challenges.ts'
import { touchMethod } from '../store/methods.ts'
import { codeLength, codeText, plainDigits } from './code.ts'
import { reserveProof } from './proof-budget.ts'
import type { ProofPurpose } from './proof-budget.ts'
import { challengeDestination } from './send-code.ts'

export interface CodeCheck {
  tenantId: string
  purpose: ProofPurpose
  transactionId: string
  method: string
  userId: string | null
  /** What is counted when there is no user: the keyed hash of the name (accountKeyOf). */
  account?: string
  /** As typed: digits of any script, with blanks or without. */
  code: string
  /** What the right code opens, in the transaction that uses the code up. Throwing leaves the code unused. */
  alsoInTransaction?: (trx: Db, challenge: ChallengeRow) => Promise<void>
}

/** `expired`: there is no code to compare with (any more): too old, used, replaced or spent. `blocked`: the account's tries are. */
export type CodeVerdict = 'right' | 'wrong' | 'expired' | 'blocked'

/**
 * Holds a typed code against the one that was sent. First a point of the account is reserved, then a try of the code, then the
 * two are compared (T-04); a right code is used up in the transaction that gains by it, so of any number of equal requests one
 * succeeds (T-05). It counts for its own purpose, account, transaction and method only (T-06). The same steps are walked when
 * there is no such person.
 */
export async function checkCode(app: App, check: CodeCheck): Promise<CodeVerdict> {
  const { tenantId, purpose, userId } = check
  const code = plainDigits(check.code)
  // What cannot be a code is no guess.
  if (code?.length !== codeLength) return 'wrong'
  const account = userId ?? check.account
  if (account === undefined) throw new Error('A code is checked for a user, or for the key of a name')
  const point = await reserveProof(app, { tenantId, purpose, account })
  if (!point.served) return 'blocked'
  faultPoint('checkCode.reserved')
  const reserved = await reserveCurrent(app, check)
  if (!reserved) {
    await point.giveBack(app.db)
    return 'expired'
  }
  const { challenge, codeMac } = reserved
  const owner = { userId: challenge.userId ?? '', destinationIndex: challenge.destinationIndex ?? '' }
  const right = app.keys.macMatches('code', codeText(challenge, owner, code), codeMac) && challenge.userId !== null && challenge.userId === userId
  if (!right) return 'wrong'
  let used = false
  try {
    used = await app.db.transaction().execute(async trx => {
      if (!(await consumeChallenge(trx, tenantId, challenge.id, codeMac, app.now()))) return false
      faultPoint('checkCode.consumed')
      if (challenge.methodId !== null) await touchMethod(trx, tenantId, challenge.methodId, app.now())
      await check.alsoInTransaction?.(trx, challenge)
      return true
    })
  } finally {
    await point.giveBack(app.db)
  }
  faultPoint('checkCode.committed')
  if (used && challenge.method === 'mobileSms') await noteVerified(app, challenge)
  return used ? 'right' : 'expired'
}

/** Twice, for a newer code may go out between looking and reserving. */
async function reserveCurrent(app: App, check: CodeCheck): Promise<{ challenge: ChallengeRow; codeMac: string } | undefined> {
  for (let look = 0; look < 2; look++) {
    const challenge = await currentChallenge(app.db, check)
    if (!challenge) return undefined
    const reserved = await reserveTry(app.db, check.tenantId, challenge.id, app.now())
    if (reserved) return { challenge: { ...challenge, ...reserved }, codeMac: reserved.codeMac }
  }
  return undefined
}

async function noteVerified(app: App, challenge: ChallengeRow): Promise<void> {
  const number = await challengeDestination(app, app.db, challenge.tenantId, challenge.id)
  if (number !== undefined) await noteTextVerified(app, challenge.tenantId, number)
}
