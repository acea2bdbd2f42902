/** Changing the password one knows, over Graph (graph §5.1): for oneself alone. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { setPassword } from '../credentials/set-password.ts'
import { verifyPasswordAgain } from '../credentials/verify-password-again.ts'
import { verifyPassword } from '../credentials/verify-password.ts'
import { actorOf, callerFacts, forbidden } from '../graph/deciding.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'
import { permitted } from '../graph/permissions.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { Secret } from '../secret.ts'

const Body = Type.Object({ currentPassword: Type.String({ minLength: 1, maxLength: 1024 }), newPassword: Type.String({ minLength: 1, maxLength: 1024 }) }, { additionalProperties: false })

export function changeOwnPasswordRoutes(server: Server, app: App): void {
  server.post('/v1.0/me/changePassword', { config: { access: permitted('POST', '/me/changePassword'), surface: 'graph' }, schema: { body: Body } }, async (request, reply) => {
    await changePassword(app, request, request.body)
    return reply.code(204).send()
  })

  server.post('/v1.0/users/:id/changePassword', { config: { access: permitted('POST', '/users/{id}/changePassword'), surface: 'graph' }, schema: { params: UserKey, body: Body } }, async (request, reply) => {
    const caller = userCaller(request)
    const user = await requireUser(app.db, caller.tenantId, request.params.id)
    if (user.id !== caller.userId) throw forbidden(reason('LK_NOT_ALLOWED'))
    await changePassword(app, request, request.body)
    return reply.code(204).send()
  })
}

/** The old password is proved first, and only then does any rule answer (T-86). */
async function changePassword(app: App, request: FastifyRequest, { currentPassword, newPassword }: Static<typeof Body>): Promise<void> {
  const caller = userCaller(request)
  const { tenantId, userId } = caller
  const { caller: facts } = await callerFacts(app.db, caller, app.now())
  const oldPassword = new Secret(currentPassword)
  await proveCurrent(app, request, oldPassword)
  await setPassword(app, {
    tenantId, userId, newPassword: new Secret(newPassword), oldPassword, channel: 'change-portal', actor: actorOf(request, facts), correlationId: request.correlationId,
    ...(caller.token === undefined ? { keepSession: caller.session.idHash } : {}),
  })
}

/** A browser's session has five tries of its own beside the account's; a token has only those. */
async function proveCurrent(app: App, request: FastifyRequest, password: Secret): Promise<void> {
  const { tenantId, userId, token, session } = userCaller(request)
  const check = { password, place: { address: request.clientAddress }, purpose: 'changePassword' as const }
  const verdict = token === undefined ? await verifyPasswordAgain(app, { tenantId, userId, idHash: session.idHash }, check) : await verifyPassword(app, { tenantId, userId, ...check })
  switch (verdict.outcome) {
    case 'right': return
    case 'locked': throw new Refusal(429, [reason('LK_LOCKED_SIGNIN')], { retryAfter: (verdict.until - app.now()) / 1000 })
    case 'unavailable': throw new Refusal(503, [reason('SSPR_0030')], { retryAfter: 30 })
    case 'refused': throw new Refusal(403, [reason(verdict.code)])
    case 'sessionEnded': throw new Refusal(401, [reason('LK_SESSION_ENDED')])
    case 'wrong': throw new Refusal(400, [reason('LK_PASSWORD_CURRENT_WRONG')], { field: 'currentPassword' })
  }
}

