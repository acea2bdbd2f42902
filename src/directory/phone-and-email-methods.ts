/** Registering and changing phones and the address, for somebody or for oneself (graph §6.2, §6.3). */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { addMethod, changeMethod, readMethods } from '../credentials/methods.ts'
import type { OpenMethod } from '../credentials/methods.ts'
import { providersOf } from '../notify/senders.ts'
import { isWellFormedAddress, isWellFormedPhone } from '../rules/contact-data.ts'
import { mayRegister } from '../rules/registration.ts'
import { gatherFacts } from '../store/facts.ts'
import { entityOf, odataContext } from '../graph/answers.ts'
import { badRequest, notFound } from '../graph/deciding.ts'
import { Refusal } from '../refusal.ts'
import { permitted } from '../graph/permissions.ts'
import { Method, graphId, isPhoneType, methodIds, shapeMethod } from './authentication-method-shape.ts'
import type { PhoneType } from './authentication-method-shape.ts'
import { bases, methodWriter } from './method-access.ts'
import type { MethodPath, MethodWriter } from './method-access.ts'

const odata = { '@odata.type': Type.Optional(Type.String()) }
const PhonePost = Type.Object({ ...odata, phoneNumber: Type.String({ maxLength: 64 }), phoneType: Type.String({ maxLength: 30 }) }, { additionalProperties: false })
const PhonePatch = Type.Object({ ...odata, phoneNumber: Type.String({ maxLength: 64 }), phoneType: Type.Optional(Type.String({ maxLength: 30 })) }, { additionalProperties: false })
const Email = Type.Object({ ...odata, emailAddress: Type.String({ maxLength: 320 }) }, { additionalProperties: false })

export function phoneAndEmailRoutes(server: Server, app: App): void {
  for (const { base, params, key } of bases) {
    const OneMethod = Type.Object({ ...params.properties, methodId: Type.String({ maxLength: 64 }) })
    const phones = `${base}/phoneMethods`
    const emails = `${base}/emailMethods`
    const config = (method: string, path: string) => ({ access: permitted(method, path), surface: 'graph' as const })

    server.post(phones, {
      config: config('POST', phones), schema: { params, body: PhonePost, response: { 201: entityOf(Method) } },
    }, async (request, reply) => {
      const { phoneNumber, phoneType } = request.body
      if (!isPhoneType(phoneType)) throw badRequest('LK_FIELD_INVALID', { field: 'phoneType' }, 'phoneType')
      requirePhone(phoneNumber)
      reply.code(201)
      return register(app, request, key(request), { kind: phoneType, value: phoneNumber, collection: 'phoneMethods' })
    })

    server.post(emails, {
      config: config('POST', emails), schema: { params, body: Email, response: { 201: entityOf(Method) } },
    }, async (request, reply) => {
      requireAddress(request.body.emailAddress)
      reply.code(201)
      return register(app, request, key(request), { kind: 'email', value: request.body.emailAddress, collection: 'emailMethods' })
    })

    for (const method of base.includes('/me/') ? (['PATCH'] as const) : (['PATCH', 'PUT'] as const)) {
      const path = `${phones}/:methodId`
      server.route({
        method, url: path, config: config(method, path), schema: { params: OneMethod, body: PhonePatch },
        handler: async (request, reply) => {
          const { phoneNumber, phoneType } = request.body as { phoneNumber: string; phoneType?: string }
          requirePhone(phoneNumber)
          await replace(app, request, key(request), phoneNumber, found => {
            // A number moves to another type by being deleted and added.
            if (phoneType !== undefined && phoneType !== found.kind) throw badRequest('LK_FIELD_INVALID', { field: 'phoneType' }, 'phoneType')
            return isPhoneType(found.kind)
          })
          return reply.code(204).send()
        },
      })
    }

    server.patch(`${emails}/:methodId`, {
      config: config('PATCH', `${emails}/:methodId`), schema: { params: OneMethod, body: Email },
    }, async (request, reply) => {
      requireAddress(request.body.emailAddress)
      await replace(app, request, key(request), request.body.emailAddress, found => found.kind === 'email')
      return reply.code(204).send()
    })
  }
}

function requirePhone(text: string): void {
  if (!isWellFormedPhone(text)) throw badRequest('LK_METHOD_MALFORMED', {}, 'phoneNumber')
}

function requireAddress(text: string): void {
  if (!isWellFormedAddress(text)) throw badRequest('LK_METHOD_MALFORMED', {}, 'emailAddress')
}

interface Registration {
  kind: PhoneType | 'email'
  value: string
  collection: 'phoneMethods' | 'emailMethods'
}

/** What an administrator writes counts as it is; what people write about themselves waits for a code that comes back (LD-24). */
async function register(app: App, request: FastifyRequest, path: MethodPath, { kind, value, collection }: Registration) {
  const writer = await methodWriter(app, request, path)
  const { user, actor, self, again } = writer
  await requireRegistrable(app, writer, kind)
  const id = await addMethod(app, {
    tenantId: user.tenantId, userId: user.id, actor, correlationId: request.correlationId, kind, value, origin: self ? 'self' : 'administrator', verified: false, alsoInTransaction: again,
  })
  const made = (await readMethods(app, user.tenantId, user.id)).find(one => one.id === id)
  if (!made) throw notFound()
  return {
    '@odata.context': odataContext(request, `users('${user.id}')/authentication/${collection}/$entity`), ...shapeMethod(made, false),
  }
}

/** People register what their policy lets them; an administrator may write down what is not in use yet, but an alternate only beside a mobile. */
async function requireRegistrable(app: App, { user, self }: MethodWriter, kind: Registration['kind']): Promise<void> {
  const { tenantId, id: userId } = user
  if (!self) {
    const bare = kind === 'alternateMobile' && !(await readMethods(app, tenantId, userId)).some(one => one.kind === 'mobile')
    if (bare) throw badRequest('LK_METHOD_NEEDS_MOBILE', {}, 'phoneType')
    return
  }
  const facts = await gatherFacts(app.db, { tenantId, userId, now: app.now(), providers: providersOf(app.config) })
  if (!facts.subject) throw notFound()
  const verdict = mayRegister(kind, { ...facts, subject: facts.subject })
  if (!verdict.allowed) throw new Refusal(400, verdict.reasons, { field: kind === 'email' ? 'emailAddress' : 'phoneType' })
}

async function replace(app: App, request: FastifyRequest, path: MethodPath, value: string, fits: (found: OpenMethod) => boolean): Promise<void> {
  const { user, actor, again } = await methodWriter(app, request, path)
  const { methodId } = request.params as { methodId: string }
  const found = (await readMethods(app, user.tenantId, user.id)).find(one => graphId(one.kind, one.id) === methodId || one.id === methodId)
  if (!found || methodId === methodIds.password || !fits(found)) throw notFound()
  await changeMethod(app, {
    tenantId: user.tenantId, userId: user.id, actor, correlationId: request.correlationId, id: found.id, value, verified: false, alsoInTransaction: again,
  })
}
