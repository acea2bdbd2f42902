/**
 * Where ordered faults strike: after the call is known and before its handler runs, in the voice of its own surface, so that a
 * client cannot tell an ordered 429 from a real one.
 */
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { aadsts } from '../oauth/errors.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { faultsOf } from './faults.ts'
import type { Call, Fault, Unseen } from './faults.ts'

/** The fault of consistency a request met, for the answer to be read. */
const met = new WeakMap<FastifyRequest, Fault>()

export function useFaults(server: FastifyInstance, app: App): void {
  const faults = faultsOf(app)
  server.addHook('preHandler', async request => {
    const call = callOf(request)
    if (call === undefined) return
    refuseHidden(faults.unseen, request, call)
    const fault = faults.take(call)
    if (fault === undefined) return
    if (fault.delay > 0) await wait(fault.delay)
    if (fault.consistency > 0) met.set(request, fault)
    strike(fault, call, (request.body as { client_id?: string } | null)?.client_id ?? '')
  })
  server.addHook('onSend', async (request, reply, payload) => afterwards(faults.unseen, request, reply, payload))
}

function callOf(request: FastifyRequest): Call | undefined {
  const path = request.url.split('?', 1)[0]!
  const { surface } = request.routeOptions.config
  if (surface === 'graph') return { on: 'graph', method: request.method, path }
  if (surface === 'oauth' && /\/token$/i.test(path)) return { on: 'token', method: request.method, path }
  return undefined
}

/** @throws Refusal or TokenRefusal, as the fault says */
function strike(fault: Fault, { on }: Call, app: string): void {
  const again = fault.retryAfter === undefined ? {} : { retryAfter: fault.retryAfter }
  if (fault.aadsts !== undefined) throw aadsts(fault.aadsts, { app, tenant: '', reason: 'a fault was ordered' })
  if (fault.status === undefined) return
  if (on === 'token' && fault.status < 504) throw aadsts(fault.status === 429 ? 50196 : fault.status === 503 ? 90033 : 90020, {}, again)
  const code = fault.status === 429 ? 'LK_TOO_MANY' : fault.status === 500 ? 'LK_INTERNAL' : 'LK_UNAVAILABLE'
  throw new Refusal(fault.status, [reason(code)], again)
}

const fingerprint = (secret: string) => `secret:${createHash('sha256').update(secret).digest('base64url')}`

/** A directory that has not caught up answers as if the thing were not there. */
function refuseHidden(unseen: Unseen, request: FastifyRequest, { on, path }: Call): void {
  if (unseen.isEmpty) return
  if (on === 'token') {
    const { client_id: app = '', client_secret: secret } = (request.body ?? {}) as Record<string, string | undefined>
    if (unseen.has(app)) throw aadsts(700016, { app, tenant: '' })
    if (secret !== undefined && unseen.has(fingerprint(secret))) throw aadsts(7000215, { app })
    return
  }
  const named = decodeURIComponent(path).match(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi) ?? []
  if (named.some(id => unseen.has(id))) throw new Refusal(404, [reason('LK_NOT_FOUND')])
}

interface Answered {
  id?: unknown
  appId?: unknown
  secretText?: unknown
  value?: unknown
}

function afterwards(unseen: Unseen, request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  const fault = met.get(request)
  if (fault === undefined && unseen.isEmpty) return payload
  if (typeof payload !== 'string' || reply.statusCode >= 300 || request.routeOptions.config.surface !== 'graph') return payload
  const answer = parsed(payload)
  if (answer === undefined) return payload
  if (fault !== undefined) {
    for (const id of [answer.id, answer.appId]) if (typeof id === 'string') unseen.add(id, fault.consistency)
    if (typeof answer.secretText === 'string') unseen.add(fingerprint(answer.secretText), fault.consistency)
    return payload
  }
  if (!Array.isArray(answer.value)) return payload
  const seen = (answer.value as unknown[]).filter(item => {
    const { id } = (item ?? {}) as Answered
    return typeof id !== 'string' || !unseen.has(id)
  })
  return JSON.stringify({ ...answer, value: seen })
}

function parsed(payload: string): Answered | undefined {
  try {
    const answer: unknown = JSON.parse(payload)
    return typeof answer === 'object' && answer !== null ? answer : undefined
  } catch {
    return undefined
  }
}
