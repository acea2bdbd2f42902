/** Temporary access passes (graph §6.2, sspr §4.7): shown once, never for oneself, never to Global Readers. */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { createTemporaryAccessPass, deleteTemporaryAccessPass, readTemporaryAccessPass } from '../credentials/temporary-access-pass.ts'
import type { PassInfo } from '../credentials/temporary-access-pass.ts'
import { Nullable, collectionOf, entityOf, instant, odataContext } from '../graph/answers.ts'
import { requireReadable } from './authentication-methods.ts'
import { actorOf, badRequest, decide, notFound, privilegedCaller } from '../graph/deciding.ts'
import { access } from '../graph/permissions.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'

const Pass = Type.Object({
  id: Type.String(), temporaryAccessPass: Nullable(Type.String()), createdDateTime: Type.String(), startDateTime: Type.String(),
  lifetimeInMinutes: Type.Integer(), isUsableOnce: Type.Boolean(), isUsable: Type.Boolean(), methodUsabilityReason: Type.String(),
})
const Body = Type.Object({
  '@odata.type': Type.Optional(Type.String()),
  startDateTime: Type.Optional(Nullable(Type.String({ maxLength: 40 }))),
  lifetimeInMinutes: Type.Optional(Nullable(Type.Integer())),
  isUsableOnce: Type.Optional(Nullable(Type.Boolean())),
}, { additionalProperties: false })

function shape(info: PassInfo, now: number, pass: string | null) {
  const over = now >= info.startDateTime + info.lifetimeInMinutes * 60_000
  const why = info.isUsable ? 'EnabledByPolicy' : now < info.startDateTime ? 'NotYetValid' : over ? 'Expired' : 'OneTimeUsed'
  return {
    id: info.id, temporaryAccessPass: pass, createdDateTime: instant(info.createdDateTime)!, startDateTime: instant(info.startDateTime)!,
    lifetimeInMinutes: info.lifetimeInMinutes, isUsableOnce: info.isUsableOnce, isUsable: info.isUsable, methodUsabilityReason: why,
  }
}

export function temporaryAccessPassRoutes(server: Server, app: App): void {
  const path = '/v1.0/users/:id/authentication/temporaryAccessPassMethods'
  const reading = { access: access.readMethods, surface: 'graph' } as const
  const writing = { access: access.writeMethods, surface: 'graph' } as const

  server.get(path, { config: reading, schema: { params: UserKey, response: { 200: collectionOf(Pass) } } }, async request => {
    const user = await requireReadable(app, request, request.params.id)
    const info = await readTemporaryAccessPass(app, user.tenantId, user.id)
    const context = odataContext(request, `users('${user.id}')/authentication/temporaryAccessPassMethods`)
    return { '@odata.context': context, value: info ? [shape(info, app.now(), null)] : [] }
  })

  server.post(path, { config: writing, schema: { params: UserKey, body: Type.Optional(Body), response: { 201: entityOf(Pass) } } }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    const user = await requireUser(app.db, caller.tenantId, request.params.id)
    const { startDateTime, lifetimeInMinutes, isUsableOnce } = request.body ?? {}
    const start = startDateTime == null ? undefined : Date.parse(startDateTime)
    if (start !== undefined && !Number.isFinite(start)) throw badRequest('LK_FIELD_INVALID', { field: 'startDateTime' }, 'startDateTime')
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
    return { '@odata.context': odataContext(request, `users('${user.id}')/authentication/temporaryAccessPassMethods/$entity`), ...shape(info, app.now(), pass.reveal()) }
  })

  const OnePass = Type.Object({ ...UserKey.properties, passId: Type.String({ maxLength: 64 }) })
  server.delete(`${path}/:passId`, { config: writing, schema: { params: OnePass } }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    const user = await requireUser(app.db, caller.tenantId, request.params.id)
    const decided = await app.db.transaction().execute(trx => decide(trx, caller, ['manageMethods'], user.id, app.now()))
    if ((await readTemporaryAccessPass(app, user.tenantId, user.id))?.id !== request.params.passId) throw notFound()
    await deleteTemporaryAccessPass(app, {
      tenantId: user.tenantId, userId: user.id, actor: actorOf(request, decided.caller), correlationId: request.correlationId,
      alsoInTransaction: async trx => {
        await decide(trx, caller, ['manageMethods'], user.id, app.now())
      },
    })
    return reply.code(204).send()
  })
}
