import { timingSafeEqual } from 'node:crypto'
import { HOTP, Secret as OathSecret } from 'otpauth'
import type { App, Db } from '../app.ts'
import { faultPoint } from '../fault-point.ts'
import { Secret } from '../secret.ts'
import { listMethodRows, methodPlace, takeStep } from '../store/methods.ts'
import type { MethodRow } from '../store/methods.ts'
import { plainDigits } from './code.ts'
import { reserveProof } from './proof-budget.ts'
import type { ProofPurpose } from './proof-budget.ts'

/** RFC 6238 as authenticator apps know it (sspr §4.1): SHA-1, six digits, 30 s or 60 s; one step early or late is accepted. */
const algorithm = 'SHA1'
const digits = 6
const tolerance = 1

export type OathKind = 'microsoftAuthenticator' | 'softwareOath' | 'hardwareOath'
const oathKinds: readonly string[] = ['microsoftAuthenticator', 'softwareOath', 'hardwareOath'] satisfies OathKind[]

/** A seed of 160 random bits, in base 32. */
export function newTotpSecret(): Secret {
  return new Secret(new OathSecret({ size: 20 }).base32)
}

/** What the QR code says. The issuer is the organisation, the label the account. */
export function totpUri(seed: Secret, account: string, issuer: string): Secret {
  return new Secret(
    `otpauth://totp/${encodeURIComponent(issuer)}:${encodeURIComponent(account)}?secret=${seed.reveal()}&issuer=${encodeURIComponent(issuer)}&algorithm=${algorithm}&digits=${digits}&period=30`,
  )
}

/** True for a seed that can be registered: base 32, 128 characters at most (sspr §4.1). */
export function isTotpSeed(text: string): boolean {
  return text.length >= 16 && text.length <= 128 && /^[A-Z2-7]+=*$/i.test(text)
}

/** The step at which a code is right, within one step of now; undefined when it is wrong. Every step is computed, always. */
export function totpStep(seed: Secret, typed: string, now: number, stepSeconds = 30): number | undefined {
  const code = plainDigits(typed) ?? ''
  const generator = new HOTP({ secret: OathSecret.fromBase32(seed.reveal()), algorithm, digits })
  const current = Math.floor(now / 1000 / stepSeconds)
  let found: number | undefined
  for (let step = current - tolerance; step <= current + tolerance; step++) {
    if (step >= 0 && isSame(generator.generate({ counter: step }), code)) found = step
  }
  return found
}

export interface TotpCheck {
  tenantId: string
  purpose: ProofPurpose
  userId: string | null
  /** What is counted when there is no user (accountKeyOf). */
  account?: string
  code: string
  /** Which registrations may answer; every kind when not said. */
  kinds?: readonly OathKind[]
  /** Further conditions on a registration: a reset leaves out those on hold (T-13). */
  accepts?: (method: MethodRow) => boolean
  alsoInTransaction?: (trx: Db, method: MethodRow) => Promise<void>
}

/**
 * Holds a code against the authenticators of a person. A step is accepted once, over all purposes, by a conditional update in the
 * transaction that gains by it (T-05). Without a person the same number of codes is computed for nobody's seed.
 */
export async function checkTotp(app: App, check: TotpCheck): Promise<'right' | 'wrong' | 'blocked'> {
  const { tenantId, userId, purpose } = check
  if (plainDigits(check.code)?.length !== digits) return 'wrong'
  const account = userId ?? check.account
  if (account === undefined) throw new Error('A code is checked for a user, or for the key of a name')
  const point = await reserveProof(app, { tenantId, purpose, account, attempt: 'app' })
  if (!point.served) return 'blocked'
  const match = await findMatch(app, check)
  if (!match) return 'wrong'
  let right = false
  try {
    right = await app.db.transaction().execute(async trx => {
      if (!(await takeStep(trx, tenantId, match.method.id, match.step, app.now()))) return false
      faultPoint('checkTotp.taken')
      await check.alsoInTransaction?.(trx, match.method)
      return true
    })
  } finally {
    // A used step counts as wrong: it may have been read over a shoulder.
    if (right) await point.giveBack(app.db)
  }
  return right ? 'right' : 'wrong'
}

async function findMatch(app: App, check: TotpCheck): Promise<{ method: MethodRow; step: number } | undefined> {
  const { tenantId, userId, code, kinds, accepts } = check
  const rows = await listMethodRows(app.db, tenantId, userId ?? '')
  const own = rows.filter(row => oathKinds.includes(row.kind) && (!kinds || kinds.includes(row.kind as OathKind)) && row.verifiedAt !== null)
  let match: { method: MethodRow; step: number } | undefined
  for (const method of own) {
    const seed = new Secret(await app.keys.openText(methodPlace(tenantId, method.id), method.valueSealed))
    const step = totpStep(seed, code, app.now(), method.oathStepSeconds ?? 30)
    if (step !== undefined && (!accepts || accepts(method))) match ??= { method, step }
  }
  if (own.length === 0) totpStep(nobodysSeed, code, app.now())
  return match
}

const nobodysSeed = newTotpSecret()

function isSame(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)]
  return left.length === right.length && timingSafeEqual(left, right)
}
