import { randomBytes, timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { hashRaw } from '@node-rs/argon2'
import type { App } from '../app.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import type { Secret } from '../secret.ts'

/** N-HASH of the threats: 19 MiB, two passes, one lane. A stored hash names its own numbers, so these may rise one day. */
const cost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const argon2id = 2
const outputLength = 32

/** Scheme 1: the text in NFKC, as UTF-8, through Argon2id, then keyed with the pepper. */
const scheme = 'argon2id-1'

/** What sign-in reads at most (T-24); longer text is answered as wrong, at the price of one hash all the same. */
const largest = { codePoints: 1_024, bytes: 4_096 }

/** How many may wait for the lane before the next one is told to come back. */
const queueLength = 64

/**
 * Hashes run in libuv's pool, at most one for each core at a time (LD-37): more at once would only take memory and slow down
 * everything else that uses the pool. Whoever finds the queue full is refused with 503 (T-24).
 */
const lane = { width: availableParallelism(), running: 0, ahead: [] as (() => void)[], queue: [] as (() => void)[], started: 0 }

/** For measurements and tests: hashes begun since the start, running and waiting ones now. */
export function hashingLane(): { started: number; running: number; waiting: number; width: number; queueLength: number } {
  return { started: lane.started, running: lane.running, waiting: lane.ahead.length + lane.queue.length, width: lane.width, queueLength }
}

async function inLane<T>(work: () => Promise<T>, ahead = false): Promise<T> {
  if (lane.running >= lane.width) {
    const queue = ahead ? lane.ahead : lane.queue
    if (queue.length >= queueLength) throw new Refusal(503, [reason('LK_BUSY')], { retryAfter: 2 })
    await new Promise<void>(resolve => queue.push(resolve))
  } else lane.running++
  lane.started++
  try {
    return await work()
  } finally {
    // The place is handed on, not given back: nobody can slip in between.
    const next = lane.ahead.shift() ?? lane.queue.shift()
    if (next) next()
    else lane.running--
  }
}

/** The stored form of a password, an answer or a pass: scheme, costs, salt, pepper's key id, value. */
export async function hashPassword(app: App, secret: Secret): Promise<string> {
  const text = secret.reveal().normalize('NFKC')
  if (isTooLong(text)) throw new Refusal(422, [reason('LK_PASSWORD_TOO_LONG', { maximum: 256 })])
  const salt = randomBytes(16)
  const raw = await inLane(() => argon2(text, salt, cost))
  const peppered = app.keys.pepper(raw)
  return [scheme, `m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}`, salt.toString('base64url'), peppered.keyIds,
    peppered.value.toString('base64url')].join('$')
}

/**
 * Compares a text with a stored hash. Always exactly one Argon2id run, whatever it is given (T-02): also for no hash, an empty
 * text, one that is too long, a hash of an unknown scheme. Throws a `Refusal` (503 LK_BUSY) when the queue is full.
 * `ahead`: does not stand in line with strangers, however many of them there are; for places the account knows.
 */
export async function matchesHash(app: App, hash: string | null, secret: Secret, ahead = false): Promise<boolean> {
  const text = secret.reveal().normalize('NFKC')
  const stored = hash === null ? undefined : parseHash(hash)
  const usable = !isTooLong(text)
  const raw = await inLane(() => argon2(usable ? text : '-', stored?.salt ?? dummySalt, stored?.cost ?? cost), ahead)
  if (!stored || !usable) return false
  const value = app.keys.pepperWith(stored.keyIds, raw)
  return value.length === stored.value.length && timingSafeEqual(value, stored.value)
}

/** True when a hash was made with other costs, another scheme or a former pepper: make a new one when the text is at hand. */
export function isOutdatedHash(app: App, hash: string): boolean {
  const stored = parseHash(hash)
  return !stored || stored.keyIds !== app.keys.activeId('pepper') || stored.cost.memoryCost !== cost.memoryCost ||
    stored.cost.timeCost !== cost.timeCost || stored.cost.parallelism !== cost.parallelism
}

/** Puts the active pepper over a stored hash; undefined when it is there already. Needs no password, so it can be done to all rows. */
export function repepperHash(app: App, hash: string): string | undefined {
  const stored = parseHash(hash)
  const peppered = stored && app.keys.repepper(stored.keyIds, stored.value)
  if (!peppered) return undefined
  const [name, costs, salt] = hash.split('$')
  return [name, costs, salt, peppered.keyIds, peppered.value.toString('base64url')].join('$')
}

const dummySalt = randomBytes(16)

function argon2(text: string, salt: Buffer, costs: typeof cost): Promise<Buffer> {
  return hashRaw(text, { algorithm: argon2id, ...costs, salt, outputLen: outputLength })
}

function isTooLong(text: string): boolean {
  // The first test spares the others a very long text.
  if (text.length > largest.bytes) return true
  return Buffer.byteLength(text, 'utf8') > largest.bytes || [...text].length > largest.codePoints
}

interface StoredHash {
  cost: typeof cost
  salt: Buffer
  keyIds: string
  value: Buffer
}

const storedForm = /^argon2id-1\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([\w-]{22})\$([a-z0-9+]{1,80})\$([\w-]{43})$/

function parseHash(hash: string): StoredHash | undefined {
  const [, memoryCost, timeCost, parallelism, salt, keyIds, value] = storedForm.exec(hash) ?? []
  if (!salt || !keyIds || !value) return undefined
  return {
    cost: { memoryCost: Number(memoryCost), timeCost: Number(timeCost), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64url'),
    keyIds,
    value: Buffer.from(value, 'base64url'),
  }
}
