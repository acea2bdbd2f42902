import { randomInt } from 'node:crypto'
import type { App } from '../app.ts'
import type { ChallengeRow } from '../store/challenges.ts'

/** N-CODE: so many digits. */
export const codeLength = 8

/** How long a code can be typed (N-CODE-TTL, LD-02). */
export const codeLifetime = 10 * 60_000

/** How often a code can be typed wrongly (N-TRIES). */
export const codeTries = 5

export function newCode(): string {
  return String(randomInt(10 ** codeLength)).padStart(codeLength, '0')
}

/** As people read it: `1234 5678`. */
export function showCode(code: string): string {
  return `${code.slice(0, codeLength / 2)} ${code.slice(codeLength / 2)}`
}

const digit = /^\p{Nd}$/u

/** Any decimal digits, of whatever script, in plain ones; blanks and dashes do not count (T-68). Undefined if anything is left. */
export function plainDigits(typed: string): string | undefined {
  if (typed.length > 100) return undefined
  let digits = ''
  for (const character of typed.normalize('NFKC').replace(/[\s\p{Pd}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, '')) {
    if (!digit.test(character)) return undefined
    digits += digitValue(character.codePointAt(0)!)
  }
  return digits
}

/** Unicode keeps the ten digits of a script together and in order, so the distance to the first of them is the value. */
function digitValue(codePoint: number): number {
  let value = 0
  while (value < 9 && digit.test(String.fromCodePoint(codePoint - value - 1))) value++
  return value
}

/** What the keyed hash of a code is made of: with anything else than its own account, flow, purpose and place it does not match (T-06). */
export function codeText(
  challenge: Pick<ChallengeRow, 'tenantId' | 'id' | 'purpose' | 'transactionId' | 'method'>,
  owner: { userId: string; destinationIndex: string },
  code: string,
): string {
  const { tenantId, id, purpose, transactionId, method } = challenge
  return JSON.stringify([tenantId, id, purpose, transactionId, method, owner.userId, owner.destinationIndex, code])
}

/** What a challenge holds as long as no code went out: looks the same, matches nothing. */
export function noCodeMac(app: Pick<App, 'keys'>, challengeId: string): string {
  return app.keys.mac('nonce', challengeId)
}
