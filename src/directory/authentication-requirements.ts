/** Per-user MFA (sspr §2.3): whether somebody has to have a second factor. Only then may they make app passwords (sspr §10). */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { appendAudit } from '../store/audit.ts'
import { findUser, updateUser } from '../store/users.ts'
import { entityOf, odataContext } from '../graph/answers.ts'
import { methodReader } from './method-access.ts'
import { actorOf, badRequest, decide, notFound, privilegedCaller } from '../graph/deciding.ts'
import { permitted } from '../graph/permissions.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'

const states = ['disabled', 'enabled', 'enforced']
const Requirements = Type.Object({ perUserMfaState: Type.String() })
const Body = Type.Object({ '@odata.type': Type.Optional(Type.String()), perUserMfaState: Type.String({ maxLength: 20 }) }, { additionalProperties: false })

export function authenticationRequirementRoutes(server: Server, app: App): void {
  const path = '/beta/users/:id/authentication/requirements'

  server.get(path, { config: { access: permitted('GET', path), surface: 'graph' }, schema: { params: UserKey, response: { 200: entityOf(Requirements) } } }, async request => {
    const { id, perUserMfaState } = (await methodReader(app, request, request.params.id)).user
    return { '@odata.context': odataContext(request, `users('${id}')/authentication/requirements`), perUserMfaState }
  })

  server.patch(path, { config: { access: permitted('PATCH', path), surface: 'graph' }, schema: { params: UserKey, body: Body } }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    const { perUserMfaState } = request.body
    if (!states.includes(perUserMfaState)) throw badRequest('LK_FIELD_INVALID', { field: 'perUserMfaState' }, 'perUserMfaState')
    const { id, tenantId } = await requireUser(app.db, caller.tenantId, request.params.id)
    await app.db.transaction().execute(async trx => {
      const decided = await decide(trx, caller, ['manageMethods'], id, app.now())
      const user = await findUser(trx, tenantId, id)
      if (!user) throw notFound()
      if (user.perUserMfaState === perUserMfaState) return
      await updateUser(trx, tenantId, id, { perUserMfaState })
      await appendAudit(trx, {
        tenantId, at: app.now(), service: 'Core Directory', category: 'UserManagement', result: 'success', correlationId: request.correlationId,
        activity: perUserMfaState === 'disabled' ? 'Disable Strong Authentication' : 'Enable Strong Authentication',
        initiatedBy: initiatedBy(actorOf(request, decided.caller)),
        targets: [{
          type: 'User', id, displayName: user.displayName,
          modifiedProperties: [{ displayName: 'perUserMfaState', oldValue: JSON.stringify(user.perUserMfaState), newValue: JSON.stringify(perUserMfaState) }],
        }],
      })
    })
    return reply.code(204).send()
  })
}
