/**
 * Work instead of a puzzle (T-26, LD-21): a browser with script finds a number whose hash with our token begins with enough
 * zeros; one without script waits instead, and its network gets fewer turns. Nobody is shown a picture. The token is signed,
 * ends after ten minutes, is bound to one route and one tenant, and buys one request.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { App } from '../app.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { claimOnce } from '../store/once-only.ts'

/** 2^14 hashes on average: a slow phone needs a third of a second, and in one case of a hundred more than one (T-26 allows two). */
export const difficulty = 14
const tokenLifetime = 10 * 60_000
/** How long a browser without script waits before its token is good. */
export const waitMilliseconds = 8_000

interface Token {
  route: string
  tenantId: string
  kind: 'work' | 'wait'
  /** Not good before this moment. */
  from: number
  until: number
  bits: number
  nonce: string
}

export interface WorkTicket {
  token: string
  /** What is hashed: `<puzzle>.<number>`. */
  puzzle: string
  bits: number
  /** For `wait`: seconds until it is good. */
  waitSeconds: number
}

/** What a page hides in its form, or /api hands out: the task and its difficulty. */
export function issueWork(app: App, place: { route: string; tenantId: string }): WorkTicket {
  return sign(app, { ...place, kind: 'work', from: app.now(), until: app.now() + tokenLifetime, bits: difficulty, nonce: randomNonce() })
}

/** The way without script: good later instead of dearer. */
export function issueWait(app: App, place: { route: string; tenantId: string }): WorkTicket {
  const from = app.now() + waitMilliseconds
  return sign(app, { ...place, kind: 'wait', from, until: from + tokenLifetime, bits: 0, nonce: randomNonce() })
}

export type WorkOutcome = 'done' | 'missing' | 'tooEarly' | 'wrong'

/** Looks at a token and its solution without using them up: `missing` when there is nothing to look at. */
export function judgeWork(app: App, place: { route: string; tenantId: string }, given: { token?: string; solution?: string }): WorkOutcome {
  if (!given.token) return 'missing'
  const token = open(app, given.token)
  if (!token || token.route !== place.route || token.tenantId !== place.tenantId || token.until <= app.now()) return 'wrong'
  if (token.kind === 'wait') return token.from <= app.now() ? 'done' : 'tooEarly'
  if (!given.solution) return 'missing'
  return solves(token.nonce, given.solution, token.bits) ? 'done' : 'wrong'
}

/**
 * Uses the token up, for good.
 * @throws Refusal 422 LK_CAPTCHA when it was used before
 */
export async function spendWork(app: App, tenantId: string, token: string): Promise<void> {
  const nonce = open(app, token)!.nonce
  if (!(await claimOnce(app.db, { tenantId, key: `proofOfWork:${nonce}`, expiresAt: app.now() + 2 * tokenLifetime, now: app.now() })))
    throw new Refusal(422, [reason('LK_CAPTCHA')], { detail: 'a proof of work was sent twice' })
}

/** True when the hash of puzzle and solution begins with so many zero bits. The solver in src/page/work.js counts alike. */
export function solves(puzzle: string, solution: string, bits: number): boolean {
  if (!/^\d{1,12}$/.test(solution)) return false
  return leadingZeros(createHash('sha256').update(`${puzzle}.${solution}`).digest()) >= bits
}

function leadingZeros(hash: Buffer): number {
  let count = 0
  for (const byte of hash) {
    if (byte !== 0) return count + Math.clz32(byte) - 24
    count += 8
  }
  return count
}

const randomNonce = () => randomBytes(16).toString('base64url')

function sign(app: App, token: Token): WorkTicket {
  const body = Buffer.from(JSON.stringify(token)).toString('base64url')
  return {
    token: `${body}~${app.keys.mac('proofOfWork', body)}`,
    puzzle: token.nonce,
    bits: token.bits,
    waitSeconds: Math.max(0, Math.ceil((token.from - app.now()) / 1000)),
  }
}

function open(app: App, text: string): Token | undefined {
  const [body = '', mac = ''] = text.slice(0, 1000).split('~')
  if (!app.keys.macMatches('proofOfWork', body, mac)) return undefined
  return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Token
}
