/** Making temporary access passes (graph §6.2, sspr §4.7): shown once, never for oneself. Reading and deleting: authentication-methods.ts. */
import { Type } from 'typebox'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { createTemporaryAccessPass } from '../credentials/temporary-access-pass.ts'
import { readPolicies } from '../store/policies.ts'
import { Nullable, entityOf, odataContext } from '../graph/answers.ts'
import { actorOf, badRequest, callerId, decide, privilegedCaller } from '../graph/deciding.ts'
import { permitted } from '../graph/permissions.ts'
import { requireUser } from '../graph/find-user.ts'
import { Method, shapePass } from './authentication-method-shape.ts'
import { bases } from './method-access.ts'

const Body = Type.Object({
  '@odata.type': Type.Optional(Type.String()),
  startDateTime: Type.Optional(Nullable(Type.String({ maxLength: 40 }))),
  lifetimeInMinutes: Type.Optional(Nullable(Type.Integer())),
  isUsableOnce: Type.Optional(Nullable(Type.Boolean())),
}, { additionalProperties: false })

export function temporaryAccessPassRoutes(server: Server, app: App): void {
  for (const { base, params, key } of bases) {
    const path = `${base}/temporaryAccessPassMethods`
    server.post(path, {
      config: { access: permitted('POST', path), surface: 'graph' },
      schema: { params, body: Type.Optional(Body), response: { 201: entityOf(Method) } },
    }, async (request, reply) => {
      const caller = privilegedCaller(app, request)
      const written = key(request)
      const user = await requireUser(app.db, caller.tenantId, written === 'me' ? callerId(caller) : written)
      const { startDateTime, lifetimeInMinutes, isUsableOnce } = request.body ?? {}
      const start = startDateTime == null ? undefined : Date.parse(startDateTime)
      if (start !== undefined && !Number.isFinite(start)) throw badRequest('LK_FIELD_INVALID', { field: 'startDateTime' }, 'startDateTime')
      // To oneself it is refused by the matrix: whoever is in would make a way in that lasts.
      const decided = await app.db.transaction().execute(trx => decide(trx, caller, ['createTemporaryAccessPass'], user.id, app.now()))
      const { pass, info } = await createTemporaryAccessPass(app, {
        tenantId: user.tenantId, userId: user.id, actor: actorOf(request, decided.caller), correlationId: request.correlationId,
        ...(start === undefined ? {} : { startDateTime: start }), ...(lifetimeInMinutes == null ? {} : { lifetimeInMinutes }),
        ...(isUsableOnce == null ? {} : { isUsableOnce }),
        alsoInTransaction: async trx => {
          await decide(trx, caller, ['createTemporaryAccessPass'], user.id, app.now())
        },
      })
      reply.code(201)
      return {
        '@odata.context': odataContext(request, `users('${user.id}')/authentication/temporaryAccessPassMethods/$entity`),
        ...shapePass(info, app.now(), { enabled: true, pass: pass.reveal() }),
      }
    })
  }
}

/** Whether passes are switched on in the methods policy: one that was made before opens nothing while they are not. */
export async function isPassEnabled(db: Db, tenantId: string): Promise<boolean> {
  const { authenticationMethodsPolicy } = await readPolicies(db, tenantId)
  return authenticationMethodsPolicy.authenticationMethodConfigurations.find(one => one.id === 'TemporaryAccessPass')?.state === 'enabled'
}
