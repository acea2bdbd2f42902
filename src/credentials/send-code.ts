import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { faultPoint } from '../fault-point.ts'
import { destinationIndex } from '../notify/destination.ts'
import type { Destination } from '../notify/message.ts'
import type { MessageName } from '../notify/messages.ts'
import { queueMessage } from '../notify/queue-message.ts'
import { reserveSend } from '../notify/send-limits.ts'
import type { LetOut } from '../notify/send-limits.ts'
import { Refusal } from '../refusal.ts'
import type { ProviderFacts } from '../rules/facts.ts'
import { reason } from '../rules/verdict.ts'
import { armChallenge, findChallenge, insertChallenge, supersedeOthers } from '../store/challenges.ts'
import type { ChallengeRow } from '../store/challenges.ts'
import { insertDelivery } from '../store/deliveries.ts'
import type { Locale } from '../text.ts'
import { codeLifetime, codeText, codeTries, newCode, noCodeMac, showCode } from './code.ts'
import type { ProofPurpose } from './proof-budget.ts'

/** Where the destination of a challenge lives, for the key ring. */
function destinationPlace(tenantId: string, id: string) {
  return { tenantId, table: 'challenges', column: 'destinationSealed', rowId: id }
}

/**
 * Writes the row against which a code will be held: of the same shape whether there is such a person or not, so that a public
 * step can do it without looking (T-02). It has no code until `sendCode` gives it one. Returns the challenge's id.
 */
export async function openChallenge(
  app: App,
  db: Db,
  challenge: { tenantId: string; purpose: ProofPurpose; transactionId: string; userId: string | null; method: string; methodId?: string | null },
): Promise<string> {
  const id = randomUUID()
  const now = app.now()
  await insertChallenge(db, {
    ...challenge,
    methodId: challenge.methodId ?? null,
    id,
    destinationSealed: null,
    destinationIndex: null,
    codeMac: noCodeMac(app, id),
    triesLeft: codeTries,
    createdAt: now,
    expiresAt: now + codeLifetime,
    supersededAt: null,
    consumedAt: null,
  })
  return id
}

export type CodeSent =
  | { outcome: 'sent' }
  /** N-SEND or a budget kept it in. The code sent before, if any, still counts. */
  | { outcome: 'suppressed'; why: Exclude<LetOut, { served: true }>['why'] }
  /** The challenge is over, has its code already, or belongs to somebody else. */
  | { outcome: 'gone' }

const messageOf: Record<ProofPurpose, { mail: MessageName; sms: MessageName }> = {
  reset: { mail: 'resetCode', sms: 'resetCodeText' },
  registration: { mail: 'registrationCode', sms: 'registrationCodeText' },
  signIn: { mail: 'signInCode', sms: 'signInCodeText' },
  callerVerification: { mail: 'callerCode', sms: 'callerCodeText' },
}

/**
 * Makes a code for a challenge and sends it, in one transaction; older codes of the same transaction and method end with it.
 * `to` must be a stored destination of the person, byte as stored, or one they are registering (T-08); the challenge remembers
 * it, and `challengeDestination` gives it back. Throws a `Refusal` (LK_METHOD_UNAVAILABLE) when there is no provider (LD-17).
 */
export async function sendCode(
  app: App,
  message: { tenantId: string; challengeId: string; userId: string; to: Destination; methodId?: string | null; locale: Locale; supportCode?: string },
): Promise<CodeSent> {
  const { tenantId, challengeId, userId, to, locale } = message
  requireProvider(app, to.kind)
  const challenge = await findChallenge(app.db, tenantId, challengeId)
  if (!challenge || !isWaiting(challenge, userId, app.now())) return { outcome: 'gone' }
  const name = messageOf[challenge.purpose as ProofPurpose][to.kind]
  const index = destinationIndex(app, tenantId, to.address)
  const letOut = await reserveSend(app, { tenantId, to, account: userId })
  if (!letOut.served) {
    await insertDelivery(app.db, {
      tenantId, id: randomUUID(), kind: to.kind, messageName: name, recipientIndex: index, supportCode: message.supportCode ?? null,
      outcome: 'suppressed', detail: letOut.why, at: app.now(),
    })
    return { outcome: 'suppressed', why: letOut.why }
  }
  const code = newCode()
  const destinationSealed = await app.keys.sealText(destinationPlace(tenantId, challengeId), to.address)
  const armed = await app.db.transaction().execute(async trx => {
    const now = app.now()
    const codeMac = app.keys.mac('code', codeText(challenge, { userId, destinationIndex: index }, code))
    const methodId = message.methodId ?? challenge.methodId
    if (!(await armChallenge(trx, tenantId, challengeId, { userId, codeMac, destinationSealed, destinationIndex: index, methodId }, now))) return false
    faultPoint('sendCode.armed')
    await supersedeOthers(trx, challenge, now)
    await queueMessage(app, trx, {
      tenantId, name, to, locale, values: { code: showCode(code), minutes: codeLifetime / 60_000 }, dedupeId: `code:${challengeId}`,
      expiresAt: challenge.expiresAt, ...(message.supportCode === undefined ? {} : { supportCode: message.supportCode }),
    })
    faultPoint('sendCode.queued')
    return true
  })
  return { outcome: armed ? 'sent' : 'gone' }
}

function isWaiting(challenge: ChallengeRow, userId: string, now: number): boolean {
  const ownOrNobodys = challenge.userId === null || challenge.userId === userId
  return ownOrNobodys && challenge.destinationIndex === null && challenge.supersededAt === null && challenge.consumedAt === null && challenge.expiresAt > now
}

/** Where the code of a challenge went: what a registration saves is this, not what the browser says (T-08, T-13). */
export async function challengeDestination(app: App, db: Db, tenantId: string, challengeId: string): Promise<string | undefined> {
  const challenge = await findChallenge(db, tenantId, challengeId)
  if (!challenge?.destinationSealed) return undefined
  return app.keys.openText(destinationPlace(tenantId, challengeId), challenge.destinationSealed, db)
}

/** Refuses a way to reach people that this installation does not have (LD-17). */
function requireProvider(app: Pick<App, 'config'>, kind: keyof ProviderFacts): void {
  const has = kind === 'mail' ? app.config.mail.kind !== 'none' : kind === 'sms' && app.config.sms.kind !== 'none'
  if (!has) throw new Refusal(422, [reason('LK_METHOD_UNAVAILABLE')])
}
