/** POST …/resetPassword and its operation (graph §6.2, sspr §8.2): the one administrator's reset that reaches the domain. */
import { randomUUID } from 'node:crypto'
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { generateTemporaryPassword } from '../credentials/temporary-password.ts'
import { setPassword } from '../credentials/set-password.ts'
import { Refusal } from '../refusal.ts'
import { evaluateAdminReset } from '../rules/admin-reset-checks.ts'
import { statusOf } from '../rules/reason.ts'
import { Secret } from '../secret.ts'
import { findOperation, insertOperation, moveOperation } from '../store/operations.ts'
import { Nullable, entityOf, graphLink, instant, odataContext } from '../graph/answers.ts'
import { methodIds } from './authentication-method-shape.ts'
import { methodReader } from './method-access.ts'
import { actorOf, badRequest, decidingFacts, forbidden, graphCaller, notFound, privilegedCaller } from '../graph/deciding.ts'
import type { Decided, GraphCaller } from '../graph/deciding.ts'
import { permitted } from '../graph/permissions.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'

const Body = Type.Object({
  '@odata.type': Type.Optional(Type.String()),
  newPassword: Type.Optional(Nullable(Type.String({ maxLength: 1024 }))),
}, { additionalProperties: false })
const Generated = Type.Object({ '@odata.context': Type.Optional(Type.String()), newPassword: Type.Optional(Type.String()) })
const Operation = Type.Object({
  id: Type.String(), createdDateTime: Nullable(Type.String()), lastActionDateTime: Nullable(Type.String()), status: Type.String(),
  statusDetail: Nullable(Type.String()), resourceLocation: Nullable(Type.String()),
})

export function resetPasswordRoutes(server: Server, app: App): void {
  const schema = { params: UserKey, body: Type.Optional(Body), response: { 202: Generated } }
  for (const path of [`methods/${methodIds.password}`, `passwordMethods/${methodIds.password}`]) {
    const url = `/v1.0/users/:id/authentication/${path}/resetPassword`
    // No program resets a password by itself on this path (graph §6.4).
    const config = { access: permitted('POST', url.replace(methodIds.password, '{id}')), surface: 'graph' } as const
    server.post(url, { config, schema }, async (request, reply) => {
      const done = await resetPassword(app, request, request.params.id, request.body?.newPassword ?? null)
      reply.code(202).header('location', graphLink(request, `/users/${done.userId}/authentication/operations/${done.operationId}`))
      return done.generated ? { '@odata.context': odataContext(request, 'microsoft.graph.passwordResetResponse'), newPassword: done.generated.reveal() } : {}
    })
  }

  const OneOperation = Type.Object({ ...UserKey.properties, operationId: Type.String({ maxLength: 64 }) })
  server.get('/v1.0/users/:id/authentication/operations/:operationId', {
    config: { access: permitted('GET', '/users/{id}/authentication/operations/{id}'), surface: 'graph' }, schema: { params: OneOperation, response: { 200: entityOf(Operation) } },
  }, async request => {
    const user = await requireOperationReader(app, request, request.params.id)
    const found = await findOperation(app.db, { tenantId: user.tenantId, userId: user.id, id: request.params.operationId, now: app.now() })
    if (!found) throw notFound()
    return {
      '@odata.context': odataContext(request, `users('${user.id}')/authentication/operations/$entity`), id: found.id,
      createdDateTime: instant(found.createdDateTime), lastActionDateTime: instant(found.lastActionDateTime), status: found.status,
      statusDetail: found.statusDetail, resourceLocation: null,
    }
  })
}

/** Whoever may reset may ask what became of it; others as for methods. */
async function requireOperationReader(app: App, request: FastifyRequest, key: string) {
  const caller = graphCaller(request)
  const user = await requireUser(app.db, caller.tenantId, key)
  const facts = await decidingFacts(app.db, caller, user.id, app.now())
  return evaluateAdminReset({ ...facts, now: app.now() }).allowed ? user : (await methodReader(app, request, key)).user
}

interface Done {
  userId: string
  operationId: string
  generated: Secret | null
}

/**
 * Decides, sets, and keeps the outcome for whoever asks. Without a password one is generated, for people of the domain too
 * (LD-28); it must be changed at the first sign-in and dies by itself. The decision is made again in the transaction (T-41).
 */
async function resetPassword(app: App, request: FastifyRequest, key: string, given: string | null): Promise<Done> {
  const caller = privilegedCaller(app, request)
  const user = await requireUser(app.db, caller.tenantId, key)
  const decided = await app.db.transaction().execute(trx => mayReset(app, trx, caller, user.id))
  if (given !== null && !decided.tenant.settings.adminChosenPasswords) throw badRequest('LK_PASSWORD_ADMIN_CHOSEN', {}, 'newPassword')
  const generated = given === null ? generateTemporaryPassword({ tenant: decided.tenant, subject: decided.target }) : null
  const operation = { tenantId: user.tenantId, id: randomUUID() }
  await insertOperation(app.db, { ...operation, userId: user.id, kind: 'resetPassword', now: app.now() })
  try {
    await setPassword(app, {
      tenantId: user.tenantId, userId: user.id, newPassword: generated ?? new Secret(given!), actor: actorOf(request, decided.caller),
      // With our cookie it is the admin centre that asks, or a program in its place; with a bearer another program (LD-29).
      channel: request.headers.authorization === undefined ? 'admin-portal' : 'graph-reset',
      correlationId: request.correlationId, mustChange: true, temporary: generated !== null, unlock: true, idempotencyKey: operation.id,
      alsoInTransaction: async trx => {
        await mayReset(app, trx, caller, user.id)
      },
    })
  } catch (error) {
    await moveOperation(app.db, { ...operation, status: 'failed', detail: error instanceof Refusal ? error.code : 'LK_INTERNAL', now: app.now() })
    throw error
  }
  await moveOperation(app.db, { ...operation, status: 'succeeded', now: app.now() })
  return { userId: user.id, operationId: operation.id, generated }
}

/** The list of checks the button and the diagnosis go by, on facts under lock. */
async function mayReset(app: App, trx: Db, caller: GraphCaller, targetId: string): Promise<Decided> {
  const facts = await decidingFacts(trx, caller, targetId, app.now())
  const verdict = evaluateAdminReset({ ...facts, now: app.now() })
  if (verdict.allowed) return facts
  const first = verdict.reasons[0]!
  const status = statusOf(first.code)
  throw status === 403 ? forbidden(first) : new Refusal(status, verdict.reasons)
}
