/**
 * Faults on order, so that a program can be tried against what a real service does on a bad day: the next calls fail, are slow,
 * or do not see yet what was just written. Kept in memory, taken one by one, gone with the server.
 */
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { App } from '../app.ts'
import { tokenErrors } from '../oauth/errors.ts'
import type { AadstsCode } from '../oauth/errors.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { parseDuration } from './duration.ts'

/** One order. Exactly one of `aadsts`, `status`, `consistency`, or a `delay` alone; a delay may go with any of the others. */
export const FaultOrder = Type.Object({
  on: Type.Union([Type.Literal('token'), Type.Literal('graph')], { description: 'Which calls: the token endpoint, or Graph.' }),
  times: Type.Optional(Type.Integer({ minimum: 1, maximum: 10_000, description: 'How many calls; 1 when it is left out.' })),
  method: Type.Optional(Type.String({ maxLength: 10, description: 'Only calls with this method: POST.' })),
  path: Type.Optional(Type.String({ maxLength: 200, description: 'Only paths that begin like this: /v1.0/applications.' })),
  aadsts: Type.Optional(Type.Integer({ description: 'Token calls answer this code: 7000222.' })),
  status: Type.Optional(Type.Union([Type.Literal(429), Type.Literal(500), Type.Literal(503), Type.Literal(504)], { description: 'The call answers this status.' })),
  retryAfter: Type.Optional(Type.Integer({ minimum: 0, maximum: 3600, description: 'Seconds in Retry-After, beside 429 and 503.' })),
  delay: Type.Optional(Type.String({ maxLength: 20, description: 'The call waits this long first: PT2S; at most PT60S.' })),
  consistency: Type.Optional(Type.String({ maxLength: 20, description: 'What the call makes is seen only after this long: PT5S; at most PT10M.' })),
}, { additionalProperties: false })
export type FaultOrder = Static<typeof FaultOrder>

export interface Fault {
  on: 'token' | 'graph'
  left: number
  method: string | undefined
  path: string | undefined
  aadsts: AadstsCode | undefined
  status: 429 | 500 | 503 | 504 | undefined
  retryAfter: number | undefined
  /** Milliseconds. */
  delay: number
  /** Milliseconds. */
  consistency: number
}

export interface Call {
  on: 'token' | 'graph'
  method: string
  path: string
}

/**
 * Reads an order.
 * @throws Refusal 400 naming the property at fault
 */
export function readFault(order: FaultOrder): Fault {
  const { on, times = 1, method, path, aadsts, status, retryAfter, delay, consistency } = order
  const effects = [aadsts, status, consistency].filter(one => one !== undefined).length
  if (effects > 1 || (effects === 0 && delay === undefined)) throw invalid('aadsts, status, consistency, delay')
  if (aadsts !== undefined && (on !== 'token' || !(aadsts in tokenErrors))) throw invalid('aadsts')
  if (consistency !== undefined && on !== 'graph') throw invalid('consistency')
  if (retryAfter !== undefined && status !== 429 && status !== 503) throw invalid('retryAfter')
  return {
    on, left: times, method: method?.toUpperCase(), path: path?.toLowerCase(), aadsts: aadsts as AadstsCode | undefined, status, retryAfter,
    delay: milliseconds('delay', delay, 60_000), consistency: milliseconds('consistency', consistency, 600_000),
  }
}

const invalid = (field: string) => new Refusal(400, [reason('LK_FIELD_INVALID', { field })], { field })

function milliseconds(field: string, text: string | undefined, most: number): number {
  if (text === undefined) return 0
  const read = parseDuration(text)
  if (read === undefined || read < 0 || read > most) throw invalid(field)
  return read
}

/** What was written and is not to be seen yet: ids, application ids and fingerprints of secrets, each with the moment it appears. */
export class Unseen {
  readonly #until = new Map<string, number>()

  get isEmpty(): boolean {
    return this.#until.size === 0
  }

  add(key: string, milliseconds: number): void {
    this.#until.set(key.toLowerCase(), performance.now() + milliseconds)
  }

  has(key: string): boolean {
    const until = this.#until.get(key.toLowerCase())
    if (until === undefined) return false
    if (until > performance.now()) return true
    this.#until.delete(key.toLowerCase())
    return false
  }

  clear(): void {
    this.#until.clear()
  }
}

/** The order of the list is the order in which faults are taken. */
export class Faults {
  readonly unseen = new Unseen()
  readonly #list: Fault[] = []

  add(fault: Fault): void {
    this.#list.push(fault)
  }

  clear(): void {
    this.#list.length = 0
    this.unseen.clear()
  }

  list(): readonly Readonly<Fault>[] {
    return this.#list
  }

  /** The fault this call meets, counted as taken; undefined for most. A fault of consistency is met by calls that make something. */
  take(call: Call): Fault | undefined {
    const at = this.#list.findIndex(fault => isMet(fault, call))
    const fault = this.#list[at]
    if (fault === undefined) return undefined
    fault.left--
    if (fault.left === 0) this.#list.splice(at, 1)
    return fault
  }
}

function isMet(fault: Fault, { on, method, path }: Call): boolean {
  if (fault.on !== on || (fault.method !== undefined && fault.method !== method)) return false
  if (fault.path !== undefined && !path.toLowerCase().startsWith(fault.path)) return false
  return fault.consistency === 0 || method === 'POST'
}

const ofApp = new WeakMap<App, Faults>()

/** The faults ordered of this server. */
export function faultsOf(app: App): Faults {
  const faults = ofApp.get(app) ?? new Faults()
  ofApp.set(app, faults)
  return faults
}
