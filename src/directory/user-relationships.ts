/** Whom somebody answers to, whom they lead and what they own (graph §5.1). */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { collectionOf, odataContext } from '../graph/answers.ts'
import { answerCollection, cutById, startOf } from '../graph/collection.ts'
import { badRequest, callerFacts, graphCaller, notFound, privilegedCaller, requireReachOf, requireRole } from '../graph/deciding.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { Reference, idOfReference } from '../graph/reference.ts'
import { roles } from '../rules/roles.ts'
import { findObject, findObjects } from '../store/directory-objects.ts'
import { managerOf, removeManager, reportsOf, setManager } from '../store/user-details.ts'
import type { UserRow } from '../store/users.ts'
import { AnyObject, selectableOfObjects, shapeObjects } from './object-shape.ts'
import { auditUser } from './user-checks.ts'
import { visiblyOwned } from './visible-users.ts'

const one = { selectable: selectableOfObjects, pageable: false }
const many = { selectable: selectableOfObjects }
const writers = [roles.globalAdministrator, roles.userAdministrator] as const

export function userRelationshipRoutes(server: Server, app: App): void {
  for (const root of ['/users/{id}', '/me'] as const) {
    const url = `/v1.0${root.replace('{id}', ':id')}`
    const reading = (name: string) => ({ access: permitted('GET', `${root}/${name}`), surface: 'graph' as const })
    const params = root === '/me' ? Type.Object({}) : UserKey

    server.get(`${url}/manager`, { config: reading('manager'), schema: { params, response: { 200: AnyObject } } }, async request => {
      const caller = graphCaller(request)
      const query = readQuery(request, one)
      const id = await managerOf(app.db, caller.tenantId, await idOf(app, request))
      const manager = id === undefined ? undefined : await findObject(app.db, caller.tenantId, id, { kinds: ['user'] })
      if (!manager) throw notFound()
      const [shaped] = await shapeObjects(app, caller, [manager], query.select)
      return { '@odata.context': odataContext(request, 'directoryObjects/$entity'), ...shaped }
    })

    server.get(`${url}/directReports`, { config: reading('directReports'), schema: { params, response: { 200: collectionOf(AnyObject) } } }, async request => {
      const caller = graphCaller(request)
      const id = await idOf(app, request)
      const query = readQuery(request, many)
      const paged = { request, caller, name: `directReports/${id}`, query }
      const ids = await reportsOf(app.db, { tenantId: caller.tenantId, managerId: id, after: startOf(app, paged)?.[0], top: query.top })
      const value = await shapeObjects(app, caller, await findObjects(app.db, caller.tenantId, ids, { kinds: ['user'] }), query.select)
      return answerCollection(app, paged, 'directoryObjects', { value, next: ids.length === query.top ? [ids.at(-1)!] : undefined })
    })

    server.get(`${url}/ownedObjects`, { config: reading('ownedObjects'), schema: { params, response: { 200: collectionOf(AnyObject) } } }, async request => {
      const caller = graphCaller(request)
      const id = await idOf(app, request)
      const query = readQuery(request, many)
      const paged = { request, caller, name: `ownedObjects/${id}`, query }
      const { rows, next } = cutById(await visiblyOwned(app.db, caller, id), startOf(app, paged)?.[0], query.top)
      const value = await shapeObjects(app, caller, rows, query.select)
      return answerCollection(app, paged, 'directoryObjects', { value, next })
    })
  }

  server.put('/v1.0/users/:id/manager/$ref', { config: { access: permitted('PUT', '/users/{id}/manager'), surface: 'graph' }, schema: { params: UserKey, body: Reference } }, async (request, reply) => {
    const user = await changing(app, request, request.params.id)
    const managerId = idOfReference(request.body['@odata.id'], 'manager')
    await app.db.transaction().execute(async trx => {
      const facts = await requireWriter(app, trx, request)
      const manager = await findObject(trx, user.tenantId, managerId, { kinds: ['user'] })
      if (!manager || managerId === user.id) throw badRequest('LK_REFERENCE_INVALID', { property: 'manager', example: '…/v1.0/users/{id}' }, 'manager')
      await setManager(trx, user.tenantId, user.id, managerId)
      await auditUser(app, trx, request, facts, user, 'Set user manager', [{ displayName: 'manager', oldValue: null, newValue: JSON.stringify(managerId) }])
    })
    return reply.code(204).send()
  })

  server.delete('/v1.0/users/:id/manager/$ref', { config: { access: permitted('DELETE', '/users/{id}/manager'), surface: 'graph' }, schema: { params: UserKey } }, async (request, reply) => {
    const user = await changing(app, request, request.params.id)
    await app.db.transaction().execute(async trx => {
      const facts = await requireWriter(app, trx, request)
      if (!(await removeManager(trx, user.tenantId, user.id))) throw notFound()
      await auditUser(app, trx, request, facts, user, 'Remove user manager')
    })
    return reply.code(204).send()
  })
}

/** Whom the path names: the caller under /me. @throws Refusal 404, 403 for a token that reaches its own person alone */
async function idOf(app: App, request: FastifyRequest): Promise<string> {
  const { id } = request.params as { id?: string }
  if (id === undefined) return userCaller(request).userId
  const caller = graphCaller(request)
  const user = await requireUser(app.db, caller.tenantId, id)
  requireReachOf(caller, user.id)
  return user.id
}

const changing = (app: App, request: FastifyRequest, id: string): Promise<UserRow> => requireUser(app.db, privilegedCaller(app, request).tenantId, id)

async function requireWriter(app: App, trx: App['db'], request: FastifyRequest) {
  const { caller } = await callerFacts(trx, privilegedCaller(app, request), app.now())
  requireRole(caller, ...writers)
  return caller
}
