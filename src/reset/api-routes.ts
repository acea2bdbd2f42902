/**
 * The same journey for programs: `/api/resets…`, the same functions, the same limits (T-83). The transaction travels in the same
 * cookie as for pages; the id in the path must be its own.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'
import { cookieOptions, cookies } from '../access.ts'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { knownDevice } from '../device.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import type { Reason } from '../rules/verdict.ts'
import { Secret } from '../secret.ts'
import { reasonText } from '../text.ts'
import { lastChallengeAt } from '../store/resets.ts'
import { askAdministrator } from './ask-administrator.ts'
import { finishReset, finishUnlock } from './finish-reset.ts'
import type { Finished } from './finish-reset.ts'
import { cancelReset, chooseIntent } from './intent.ts'
import { issueWork } from './proof-of-work.ts'
import { repeatedProof } from './repeat-proof.ts'
import { resendAfter, sendChallenge } from './send-challenge.ts'
import { startReset, startRoute, tenantOf } from './start-reset.ts'
import { journeyOf, questionsOf, standingOf } from './state.ts'
import { findTransaction, outOfOrder, requireTransaction } from './transaction.ts'
import type { Held, Transaction } from './transaction.ts'
import { verifyGate } from './verify-gate.ts'
import type { Proof, Verified } from './verify-gate.ts'
import type { Offer } from './view.ts'

const reasons = Type.Array(Type.Object({
  code: Type.String(),
  message: Type.String(),
  values: Type.Optional(Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]))),
}))
const work = Type.Object({
  token: Type.String({ maxLength: 1000 }),
  solution: Type.Optional(Type.String({
    maxLength: 20, description: 'A whole number whose SHA-256 with the puzzle, as `<puzzle>.<number>`, begins with `bits` zero bits.',
  })),
}, { additionalProperties: false })
const ticket = Type.Object({ token: Type.String(), puzzle: Type.String(), bits: Type.Integer(), waitSeconds: Type.Integer() })

const view = Type.Object({
  id: Type.String(),
  state: Type.String({ description: 'GATE, INTENT, CHOOSE, UNLOCK, CHECKING, DONE, DONE_PENDING_CLOUD, UNLOCKED, REFUSED, BLOCKED, EXPIRED or CANCELLED' }),
  gate: Type.Integer({ minimum: 1, maximum: 2 }),
  supportCode: Type.String({ description: 'An administrator finds the true reason with it.' }),
  expiresDateTime: Type.String({ format: 'date-time' }),
  methods: Type.Optional(Type.Array(Type.Object({
    method: Type.String(), way: Type.String(), masked: Type.Optional(Type.String()), forAdministrators: Type.Optional(Type.Boolean()),
  }))),
  reasons: Type.Optional(reasons),
  blockedUntilDateTime: Type.Optional(Type.String({ format: 'date-time' })),
})
type View = Static<typeof view>

interface Start {
  username: string
  whr?: string
  clientType?: string
  work?: { token: string; solution?: string }
}

const params = Type.Object({ id: Type.String({ maxLength: 36 }) })
const method = Type.String({ maxLength: 100, description: 'The value of `method` of one of the methods offered.' })
const api = { access: 'recovery', surface: 'api' } as const
const body = (fields: Record<string, TSchema>) => Type.Object(fields, { additionalProperties: false })

export function resetApiRoutes(server: Server, app: App): void {
  server.post('/api/resets', {
    config: api,
    schema: {
      summary: 'Begin to reset a password',
      description: 'Under disclosure `private` the answer is the same for every name; 202 with a task when work is asked for first.',
      body: body({
        username: Type.String({ maxLength: 1000 }), whr: Type.Optional(Type.String({ maxLength: 255 })),
        clientType: Type.Optional(Type.String({ pattern: '^[a-z][a-zA-Z0-9-]{0,31}$' })),
        work: Type.Optional(work),
      }),
      response: { 201: view, 202: Type.Object({ work: ticket }) },
    },
  }, async (request, reply) => {
    const { username, whr, clientType, work: given } = request.body as unknown as Start
    const started = await startReset(app, {
      username, whr, locale: request.locale, clientAddress: request.clientAddress, clientType: clientType ?? 'api', device: knownDevice(app, request), ...(given ? { work: given } : {}),
    })
    if (started.kind === 'work') return reply.code(202).send({ work: started.ticket })
    setCookie(app, reply, started.cookie, started.reset.expiresAt)
    return reply.code(201).send(await viewOf(app, request, { reset: started.reset, gates: [] }))
  })

  server.get('/api/resets/work', {
    config: api,
    schema: {
      summary: 'A task for the next start',
      querystring: Type.Object({ username: Type.Optional(Type.String({ maxLength: 1000 })), whr: Type.Optional(Type.String({ maxLength: 255 })) }),
      response: { 200: ticket },
    },
  }, async request => {
    const { username, whr } = request.query as { username?: string; whr?: string }
    const tenant = await tenantOf(app.db, username, whr)
    if (!tenant) throw new Refusal(503, [reason('LK_UNAVAILABLE')])
    return issueWork(app, { route: startRoute, tenantId: tenant.id })
  })

  server.get('/api/resets/:id', { config: api, schema: { summary: 'Where the reset stands', params, response: { 200: view } } }, async request => {
    const transaction = await findTransaction(app, request.cookies[cookies.reset])
    if (!transaction || transaction.reset.id !== request.params.id) throw outOfOrder()
    return viewOf(app, request, transaction)
  })

  server.post('/api/resets/:id/intent', {
    config: api, schema: { summary: 'Reset, or only unlock', params, body: body({ intent: Type.String({ maxLength: 20 }) }), response: { 200: view } },
  }, async request => {
    await chooseIntent(app, await own(app, request, request.params.id), (request.body as { intent: string }).intent)
    return standing(app, request)
  })

  server.post('/api/resets/:id/challenges', {
    config: api,
    schema: {
      summary: 'Choose a way; have a code sent where it needs one',
      description: 'A phone needs the whole number, unless `again` asks for another code to a number typed before.',
      params,
      body: body({ method, number: Type.Optional(Type.String({ maxLength: 100 })), again: Type.Optional(Type.Boolean()) }),
      response: {
        202: Type.Object({
          method: Type.String(), resendAfterSeconds: Type.Integer(),
          questions: Type.Optional(Type.Array(Type.Object({ id: Type.String(), text: Type.String() }))),
        }),
        429: view,
      },
    },
  }, async (request, reply) => {
    const transaction = await own(app, request, request.params.id)
    const sent = await sendChallenge(app, transaction, { ...(request.body as { method: string; number?: string; again?: boolean }), locale: request.locale })
    if (sent.kind === 'blocked') return reply.code(429).send(await standing(app, request))
    const { offer } = sent
    const last = await lastChallengeAt(app.db, transaction.reset, offer.way)
    return reply.code(202).send({
      method: offer.value,
      resendAfterSeconds: last === undefined ? 0 : Math.max(0, Math.ceil((last + resendAfter - app.now()) / 1000)),
      ...(offer.way === 'securityQuestions' ? { questions: await questionsOf(app, transaction, request.locale) } : {}),
    })
  })

  server.post('/api/resets/:id/answers', {
    config: api,
    schema: {
      summary: 'Give a proof: a code, or the answers in the order of the questions',
      params,
      body: body({
        method, code: Type.Optional(Type.String({ maxLength: 100 })), answers: Type.Optional(Type.Array(Type.String({ maxLength: 1000 }), { maxItems: 5 })),
      }),
      response: { 200: view, 429: view },
    },
  }, async (request, reply) => {
    const verified = await proveOrRepeat(app, request, request.params.id, request.body as unknown as Proof)
    if (verified.kind === 'wrong') throw new Refusal(422, verified.reasons, { field: 'code' })
    if (verified.kind === 'moved') throw outOfOrder('another request was quicker')
    if (verified.kind === 'blocked') return reply.code(429).send(await standing(app, request))
    setCookie(app, reply, verified.cookie, verified.reset.expiresAt)
    const passed = await findTransaction(app, verified.cookie)
    return reply.code(200).send(await viewOf(app, request, passed!))
  })

  server.post('/api/resets/:id/password', {
    config: api,
    schema: {
      summary: 'Set the new password', params, body: body({ newPassword: Type.String({ maxLength: 4096 }) }),
      response: { 200: view, 202: view, 403: view, 429: view },
    },
  }, async (request, reply) => {
    const transaction = await own(app, request, request.params.id)
    return ended(app, request, reply, await finishReset(app, transaction, new Secret((request.body as { newPassword: string }).newPassword)))
  })

  server.post('/api/resets/:id/unlock', {
    config: api, schema: { summary: 'Unlock the account and keep the password', params, response: { 200: view, 202: view, 403: view, 429: view } },
  }, async (request, reply) => ended(app, request, reply, await finishUnlock(app, await own(app, request, request.params.id))))

  server.post('/api/resets/:id/contact', {
    config: api,
    schema: {
      summary: 'Ask the administrators for help', params,
      response: { 202: Type.Object({ helpdesk: Type.Object({ kind: Type.String(), href: Type.Optional(Type.String()), address: Type.Optional(Type.String()) }) }) },
    },
  }, async (request, reply) => {
    const transaction = await findTransaction(app, request.cookies[cookies.reset])
    if (!transaction || transaction.reset.id !== request.params.id) throw outOfOrder()
    await askAdministrator(app, transaction)
    return reply.code(202).send({ helpdesk: (await journeyOf(app, transaction)).helpdesk })
  })

  server.delete('/api/resets/:id', { config: api, schema: { summary: 'Give up', params, response: { 200: view } } }, async request => {
    await cancelReset(app, await own(app, request, request.params.id))
    return standing(app, request)
  })
}

/** The proof's outcome; for one whose answer was lost, that answer. */
async function proveOrRepeat(app: App, request: FastifyRequest, id: string, proof: Proof): Promise<Verified> {
  try {
    return await verifyGate(app, await own(app, request, id), proof)
  } catch (error) {
    const lost = error instanceof Refusal && error.code === 'LK_OUT_OF_ORDER'
    const repeated = lost ? await repeatedProof(app, request.cookies[cookies.reset], proof, id) : undefined
    if (!repeated) throw error
    return { kind: 'passed', ...repeated }
  }
}

/** The caller's own transaction. An id that is not its own is out of order like any other wrong step. */
async function own(app: App, request: FastifyRequest, id: string): Promise<Held> {
  const transaction = await requireTransaction(app, request.cookies[cookies.reset])
  if (transaction.reset.id !== id) throw outOfOrder('another transaction')
  return transaction
}

function setCookie(app: App, reply: FastifyReply, cookie: string, expiresAt: number): void {
  reply.setCookie(cookies.reset, cookie, cookieOptions('strict', Math.max(1, Math.ceil((expiresAt - app.now()) / 1000))))
}

async function standing(app: App, request: FastifyRequest): Promise<View> {
  const transaction = await findTransaction(app, request.cookies[cookies.reset])
  if (!transaction) throw outOfOrder()
  return viewOf(app, request, transaction)
}

async function viewOf(app: App, request: FastifyRequest, transaction: Transaction): Promise<View> {
  const { reset } = transaction
  const stands = await standingOf(app, transaction)
  const journey = await journeyOf(app, transaction)
  return {
    id: reset.id,
    state: stands.state,
    gate: journey.gate,
    supportCode: reset.supportCode,
    expiresDateTime: new Date(reset.expiresAt).toISOString(),
    ...(stands.state === 'GATE' ? { methods: stands.offers.map(offered) } : {}),
    ...('reasons' in stands && stands.reasons.length > 0 ? { reasons: told(request, stands.reasons) } : {}),
    ...(stands.state === 'BLOCKED' ? { blockedUntilDateTime: new Date(stands.until).toISOString() } : {}),
  }
}

const offered = ({ value, way, masked, forAdministrators }: Offer) => ({
  method: value, way, ...(masked === undefined ? {} : { masked }), ...(forAdministrators ? { forAdministrators } : {}),
})

const told = (request: FastifyRequest, list: readonly Reason[]) =>
  list.map(one => ({ code: one.code, message: reasonText(request.locale, one), ...(one.values ? { values: one.values } : {}) }))

async function ended(app: App, request: FastifyRequest, reply: FastifyReply, finished: Finished): Promise<FastifyReply> {
  if (finished.kind === 'rejected') throw new Refusal(422, finished.reasons, { field: 'newPassword' })
  const status = { done: 200, checking: 202, blocked: 429, ended: 403 }[finished.kind]
  return reply.code(status as 200).send(await standing(app, request))
}
