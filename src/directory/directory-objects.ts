/** Objects of any kind by id alone (graph §8): /directoryObjects/getByIds, /{id}, validateProperties. */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { collectionOf, odataContext } from '../graph/answers.ts'
import { graphCaller, notFound } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { findObject, findObjects } from '../store/directory-objects.ts'
import type { ObjectKind } from '../store/directory-objects.ts'
import { deleteGroup } from './groups.ts'
import { AnyObject, selectableOfObjects, shapeObjects } from './object-shape.ts'
import { deleteUser } from './user-writes.ts'

const Key = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) })
const GetByIds = Type.Object({
  ids: Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: 1000 }),
  types: Type.Optional(Type.Array(Type.String({ maxLength: 60 }), { maxItems: 30 })),
}, { additionalProperties: false })
const Validate = Type.Object({
  entityType: Type.Optional(Type.String({ maxLength: 60 })), displayName: Type.Optional(Type.String({ maxLength: 256 })), mailNickname: Type.Optional(Type.String({ maxLength: 64 })),
  onBehalfOfUserId: Type.Optional(Type.String({ maxLength: 64 })),
}, { additionalProperties: false })

const byName: Record<string, ObjectKind | undefined> = { user: 'user', group: 'group', application: 'application', serviceprincipal: 'servicePrincipal' }

export function directoryObjectRoutes(server: Server, app: App): void {
  server.post('/v1.0/directoryObjects/getByIds', {
    config: { access: permitted('POST', '/directoryObjects/getByIds'), surface: 'graph' }, schema: { body: GetByIds, response: { 200: collectionOf(AnyObject) } },
  }, async request => {
    const caller = graphCaller(request)
    const query = readQuery(request, { selectable: selectableOfObjects, pageable: false })
    const { ids, types } = request.body
    // A kind that Latchkey does not have, a device for instance, is a kind of which there are none.
    const kinds = types?.flatMap(type => (type.toLowerCase() === 'directoryobject' ? Object.values(byName) : byName[type.toLowerCase()]) ?? []) as ObjectKind[] | undefined
    const objects = await findObjects(app.db, caller.tenantId, [...new Set(ids.map(id => id.toLowerCase()))], kinds === undefined || kinds.length === 0 && types?.length === 0 ? {} : { kinds })
    return { '@odata.context': odataContext(request, 'directoryObjects'), value: await shapeObjects(app, caller, objects, query.select) }
  })

  server.get('/v1.0/directoryObjects/:id', { config: { access: permitted('GET', '/directoryObjects/{id}'), surface: 'graph' }, schema: { params: Key, response: { 200: AnyObject } } }, async request => {
    const caller = graphCaller(request)
    const query = readQuery(request, { selectable: selectableOfObjects, pageable: false })
    const object = await findObject(app.db, caller.tenantId, request.params.id.toLowerCase())
    if (!object) throw notFound()
    const [shaped] = await shapeObjects(app, caller, [object], query.select)
    return { '@odata.context': odataContext(request, 'directoryObjects/$entity'), ...shaped }
  })

  server.delete('/v1.0/directoryObjects/:id', { config: { access: permitted('DELETE', '/directoryObjects/{id}'), surface: 'graph' }, schema: { params: Key } }, async (request, reply) => {
    const object = await findObject(app.db, graphCaller(request).tenantId, request.params.id.toLowerCase())
    if (!object) throw notFound()
    if (object.kind === 'user') await deleteUser(app, request, object.id)
    else if (object.kind === 'group') await deleteGroup(app, request, object.id)
    // Applications have owners, reach and credentials to think of, which their own address does.
    else throw new Refusal(501, [reason('LK_NOT_IMPLEMENTED')])
    return reply.code(204).send()
  })

  server.post('/v1.0/directoryObjects/validateProperties', {
    config: { access: permitted('POST', '/directoryObjects/validateProperties'), surface: 'graph' }, schema: { body: Validate },
  // No naming policy, no blocked words: what has the form of a name is one.
  }, async (_request, reply) => reply.code(204).send())
}
