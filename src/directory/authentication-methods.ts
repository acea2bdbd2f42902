/** /users/{id}/authentication and /me/authentication: what somebody can prove themself with, and taking it away (graph §6). */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { readMethods, removeMethod } from '../credentials/methods.ts'
import { deleteTemporaryAccessPass, readTemporaryAccessPass } from '../credentials/temporary-access-pass.ts'
import { collectionOf, entityOf, odataContext } from '../graph/answers.ts'
import { notFound } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { Method, collections, graphId, methodIds, shapeMethod, shapePass, shapePassword } from './authentication-method-shape.ts'
import type { MethodCollection } from './authentication-method-shape.ts'
import { bases, methodReader, methodWriter } from './method-access.ts'
import type { MethodPath } from './method-access.ts'
import { isPassEnabled } from './temporary-access-passes.ts'

const deletable = ['methods', 'phoneMethods', 'emailMethods', 'softwareOathMethods', 'microsoftAuthenticatorMethods', 'hardwareOathMethods', 'temporaryAccessPassMethods'] as const

export function authenticationMethodRoutes(server: Server, app: App): void {
  for (const { base, params, key } of bases) {
    const OneMethod = Type.Object({ ...params.properties, methodId: Type.String({ maxLength: 64 }) })
    const listed = ['methods', ...(Object.keys(collections) as MethodCollection[]), 'temporaryAccessPassMethods'] as const
    for (const collection of listed) {
      const path = `${base}/${collection}`
      server.get(path, { config: { access: permitted('GET', path), surface: 'graph' }, schema: { params, response: { 200: collectionOf(Method) } } },
        async request => {
          readQuery(request, { selectable: [], pageable: false })
          const { user, value } = await methodsIn(app, request, key(request), collection)
          return { '@odata.context': odataContext(request, `users('${user.id}')/authentication/${collection}`), value }
        })
      server.get(`${path}/:methodId`, { config: { access: permitted('GET', `${path}/:methodId`), surface: 'graph' }, schema: { params: OneMethod, response: { 200: entityOf(Method) } } },
        async request => {
          readQuery(request, { selectable: [], pageable: false })
          const { user, value } = await methodsIn(app, request, key(request), collection)
          const found = value.find(one => one.id === (request.params as { methodId: string }).methodId)
          if (!found) throw notFound()
          return { '@odata.context': odataContext(request, `users('${user.id}')/authentication/${collection}/$entity`), ...found }
        })
    }

    for (const collection of deletable) {
      // Graph deletes by the collection of the kind; `methods` is a shorter way of our own, and not there for oneself.
      if (collection === 'methods' && base.includes('/me/')) continue
      const path = `${base}/${collection}/:methodId`
      server.delete(path, {
        config: { access: permitted('DELETE', path), surface: 'graph' }, schema: { params: OneMethod },
      }, async (request, reply) => {
        await remove(app, request, key(request), collection, (request.params as { methodId: string }).methodId)
        return reply.code(204).send()
      })
    }
  }
}

type Asked = MethodCollection | 'methods' | 'temporaryAccessPassMethods'

const kindsOf = (collection: Asked): readonly string[] | undefined =>
  collection === 'methods' ? undefined : collection === 'temporaryAccessPassMethods' ? [] : collections[collection].kinds

/** Everything of a collection, in the shape its reader may see. */
async function methodsIn(app: App, request: FastifyRequest, path: MethodPath, collection: Asked) {
  const { user, masked } = await methodReader(app, request, path)
  const kinds = kindsOf(collection)
  const all = await readMethods(app, user.tenantId, user.id)
  const pass = kinds === undefined || collection === 'temporaryAccessPassMethods' ? await readTemporaryAccessPass(app, user.tenantId, user.id) : undefined
  const value = [
    ...(kinds === undefined || kinds.includes('password') ? [shapePassword(await passwordChangedAt(app, user.tenantId, user.id))] : []),
    ...all.filter(one => kinds === undefined || kinds.includes(one.kind)).map(one => shapeMethod(one, masked)),
    ...(pass ? [shapePass(pass, app.now(), { enabled: await isPassEnabled(app.db, user.tenantId) })] : []),
  ]
  return { user, value }
}

async function remove(app: App, request: FastifyRequest, path: MethodPath, collection: (typeof deletable)[number], methodId: string): Promise<void> {
  // A password is set, never taken away.
  if (methodId === methodIds.password) throw notFound()
  const { user, actor, again } = await methodWriter(app, request, path)
  const doing = { tenantId: user.tenantId, userId: user.id, actor, correlationId: request.correlationId, alsoInTransaction: again }
  const pass = collection === 'methods' || collection === 'temporaryAccessPassMethods' ? await readTemporaryAccessPass(app, user.tenantId, user.id) : undefined
  if (pass?.id === methodId) return deleteTemporaryAccessPass(app, doing)
  const kinds = kindsOf(collection)
  const method = (await readMethods(app, user.tenantId, user.id))
    .find(one => (graphId(one.kind, one.id) === methodId || one.id === methodId) && (kinds === undefined || kinds.includes(one.kind)))
  if (!method) throw notFound()
  await removeMethod(app, { ...doing, id: method.id })
}

async function passwordChangedAt(app: App, tenantId: string, userId: string): Promise<number | null> {
  const row = await app.db.selectFrom('passwords').select('changedAt').where('tenantId', '=', tenantId).where('userId', '=', userId).executeTakeFirst()
  return row?.changedAt ?? null
}
