/** What was deleted in the last thirty days: seen, brought back, or removed for good (graph §5.1, §8). */
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { startAfresh, startGroupAfresh } from '../credentials/start-afresh.ts'
import { Refusal } from '../refusal.ts'
import { collectionOf, odataContext } from '../graph/answers.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { actorOf, badRequest, callerFacts, forbidden, graphCaller, notFound, privilegedCaller, reachFor, requireRole } from '../graph/deciding.ts'
import type { CallerFacts, GraphCaller } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted, requirePermission } from '../graph/permissions.ts'
import { roles } from '../rules/roles.ts'
import { reason } from '../rules/verdict.ts'
import { noteClientChange } from '../store/applications.ts'
import { appendAudit } from '../store/audit.ts'
import { columns } from '../store/columns.ts'
import { purgeApplication, purgeServicePrincipal, restoreApplication, restoreServicePrincipal } from '../store/deleted-applications.ts'
import { findObject, findObjects } from '../store/directory-objects.ts'
import type { DirectoryObject, ObjectKind } from '../store/directory-objects.ts'
import { pageOf } from '../store/directory-pages.ts'
import type { Resource } from '../store/directory-pages.ts'
import { gatherSubject, gatherTenantFacts } from '../store/facts.ts'
import { groupResource } from '../store/group-properties.ts'
import { deleteGroupForGood, restoreGroup } from '../store/groups.ts'
import { userResource } from '../store/user-properties.ts'
import { deleteUserForGood, restoreUser } from '../store/users.ts'
import { requireGroupWriter } from './group-rights.ts'
import { AnyObject, selectableOfObjects, shapeObjects } from './object-shape.ts'
import { asObjectConflict, requireOwnDomain } from './user-checks.ts'
import { hasRole } from './visible-users.ts'

const Key = Type.Object({ id: Type.String({ minLength: 1, maxLength: 64 }) })
const Restore = Type.Object({
  '@odata.type': Type.Optional(Type.String()),
  newUserPrincipalName: Type.Optional(Type.String({ minLength: 3, maxLength: 113 })), autoReconcileProxyConflict: Type.Optional(Type.Boolean()),
}, { additionalProperties: false })

const plainly = (operators: readonly ['eq'] = ['eq']) => ({ kind: 'id' as const, operators })
const programResource = <T extends 'applications' | 'servicePrincipals'>(table: T): Resource<T> => ({ table, columns: columns[table] as never, properties: { id: plainly() } })
const resources = { user: userResource, group: groupResource, application: programResource('applications'), servicePrincipal: programResource('servicePrincipals') } as const
const applicationAdministrators = [roles.globalAdministrator, roles.applicationAdministrator, roles.cloudApplicationAdministrator] as const

/** A permission for one kind opens that kind alone. */
const permissionsOf: Record<ObjectKind, readonly string[]> = {
  user: ['User.DeleteRestore.All', 'User.ReadWrite.All', 'Directory.ReadWrite.All', 'Directory.AccessAsUser.All'],
  group: ['Group.ReadWrite.All', 'Directory.ReadWrite.All', 'Directory.AccessAsUser.All'],
  application: ['Application.ReadWrite.All', 'Directory.ReadWrite.All', 'Directory.AccessAsUser.All'],
  servicePrincipal: ['Application.ReadWrite.All', 'Directory.ReadWrite.All', 'Directory.AccessAsUser.All'],
}

export function deletedItemRoutes(server: Server, app: App): void {
  const path = '/v1.0/directory/deletedItems'

  for (const kind of ['user', 'group', 'application', 'servicePrincipal'] as const) {
    server.get(`${path}/${kind}`, { config: { access: permitted('GET', `/directory/deletedItems/${kind}`), surface: 'graph' }, schema: { response: { 200: collectionOf(AnyObject) } } }, async request => {
      const caller = graphCaller(request)
      await requireReader(app, caller)
      const query = readQuery(request, { selectable: selectableOfObjects })
      const paged = { request, caller, name: `deletedItems/${kind}`, query }
      const asked = { tenantId: caller.tenantId, deleted: true, after: startOf(app, paged), top: query.top }
      const { rows, next } = await pageOf(app.db, resources[kind] as Resource<'users'>, asked)
      const objects = await findObjects(app.db, caller.tenantId, rows.map(row => row.id), { kinds: [kind], deleted: true })
      return answerCollection(app, paged, 'directoryObjects', { value: await shapeObjects(app, caller, objects, query.select), next })
    })
  }

  server.get(`${path}/:id`, { config: { access: permitted('GET', '/directory/deletedItems/{id}'), surface: 'graph' }, schema: { params: Key, response: { 200: AnyObject } } }, async request => {
    const caller = graphCaller(request)
    await requireReader(app, caller)
    const query = readQuery(request, { selectable: selectableOfObjects, pageable: false })
    const [shaped] = await shapeObjects(app, caller, [await requireDeleted(app.db, caller, request.params.id)], query.select)
    return { '@odata.context': odataContext(request, 'directoryObjects/$entity'), ...shaped }
  })

  server.post(`${path}/:id/restore`, {
    config: { access: permitted('POST', '/directory/deletedItems/{id}/restore'), surface: 'graph' }, schema: { params: Key, body: Type.Union([Restore, Type.Null()]), response: { 200: AnyObject } },
  }, async request => {
    const caller = privilegedCaller(app, request)
    const body = request.body ?? {}
    const object = await requireDeleted(app.db, caller, request.params.id)
    requirePermission(caller, ...permissionsOf[object.kind])
    await asObjectConflict(app.db.transaction().execute(async trx => {
      const facts = await requireRight(app, trx, caller, object, 'restoreUser')
      await restore(app, trx, caller, object, body)
      await audit(app, trx, request, facts, object, 'Restore')
    }))
    const back = (await findObject(app.db, caller.tenantId, object.id, { kinds: [object.kind] }))!
    const [shaped] = await shapeObjects(app, caller, [back])
    return { '@odata.context': odataContext(request, 'directoryObjects/$entity'), ...shaped }
  })

  server.delete(`${path}/:id`, { config: { access: permitted('DELETE', '/directory/deletedItems/{id}'), surface: 'graph' }, schema: { params: Key } }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    const object = await requireDeleted(app.db, caller, request.params.id)
    requirePermission(caller, ...permissionsOf[object.kind])
    await app.db.transaction().execute(async trx => {
      const facts = await requireRight(app, trx, caller, object, 'deleteUser')
      await removeForGood(app, trx, object)
      await audit(app, trx, request, facts, object, 'Hard Delete')
    })
    return reply.code(204).send()
  })
}

/** What was deleted is shown to those who hold a role, and to programs by their permission. */
async function requireReader(app: App, caller: GraphCaller): Promise<void> {
  if (caller.kind === 'user' && !(await hasRole(app.db, caller))) throw forbidden(reason('LK_NOT_ALLOWED'))
}

async function requireDeleted(db: Db, { tenantId }: GraphCaller, id: string): Promise<DirectoryObject> {
  const object = await findObject(db, tenantId, id.toLowerCase(), { deleted: true })
  if (!object) throw notFound()
  return object
}

/** Whoever may delete may bring back, by the roles that the object still has (LD-30, T-40). */
async function requireRight(app: App, trx: Db, caller: GraphCaller, object: DirectoryObject, action: 'restoreUser' | 'deleteUser'): Promise<CallerFacts> {
  if (object.kind === 'group') return requireGroupWriter(trx, caller, object.row, app.now())
  const { caller: facts } = await callerFacts(trx, caller, app.now())
  if (object.kind !== 'user') {
    requireRole(facts, ...applicationAdministrators)
    return facts
  }
  const target = await gatherSubject(trx, await gatherTenantFacts(trx, caller.tenantId), object.id, app.now())
  if (!target) throw notFound()
  const reach = reachFor({ caller: facts, target }, action)
  if (!reach.allowed) throw forbidden(reach.reason!)
  return facts
}

async function restore(app: App, trx: Db, caller: GraphCaller, object: DirectoryObject, body: Static<typeof Restore>): Promise<void> {
  const { tenantId } = caller
  if (body.newUserPrincipalName !== undefined && object.kind !== 'user') throw badRequest('LK_FIELD_UNKNOWN', { field: 'newUserPrincipalName' }, 'newUserPrincipalName')
  if (object.kind === 'user') {
    if (body.newUserPrincipalName !== undefined) requireOwnDomain(await gatherTenantFacts(trx, tenantId), body.newUserPrincipalName)
    if (!(await restoreUser(trx, tenantId, object.id, body.newUserPrincipalName))) throw notFound()
    // Whatever was open when they went is not open again when they come back.
    await startAfresh(trx, { tenantId, userId: object.id, self: undefined, at: app.now() })
  } else if (object.kind === 'group') {
    if (!(await restoreGroup(trx, tenantId, object.id))) throw notFound()
    await startGroupAfresh(trx, { tenantId, groupId: object.id, self: undefined, at: app.now() })
  } else {
    const appId = object.kind === 'application' ? await restoreApplication(trx, tenantId, object.id) : await restoreServicePrincipal(trx, tenantId, object.id)
    if (appId === undefined) throw new Refusal(400, [reason('LK_CONFLICT', { graphCode: 'Request_BadRequest' })], { field: 'appId' })
    await noteClientChange(app, trx, tenantId, appId)
  }
}

async function removeForGood(app: App, trx: Db, { kind, id, row: { tenantId } }: DirectoryObject): Promise<void> {
  if (kind === 'user') return requireGone(await deleteUserForGood(trx, tenantId, id))
  if (kind === 'group') return requireGone(await deleteGroupForGood(trx, tenantId, id))
  const appId = kind === 'application' ? await purgeApplication(trx, tenantId, id) : await purgeServicePrincipal(trx, tenantId, id)
  requireGone(appId !== undefined)
  await noteClientChange(app, trx, tenantId, appId!)
}

/** Somebody else was faster. */
function requireGone(gone: boolean): void {
  if (!gone) throw notFound()
}

const words = { user: ['User', 'user', 'UserManagement'], group: ['Group', 'group', 'GroupManagement'], application: ['Application', 'application', 'ApplicationManagement'], servicePrincipal: ['ServicePrincipal', 'service principal', 'ApplicationManagement'] } as const

async function audit(app: App, trx: Db, request: FastifyRequest, caller: CallerFacts, object: DirectoryObject, verb: 'Restore' | 'Hard Delete'): Promise<void> {
  const [type, noun, category] = words[object.kind]
  await appendAudit(trx, {
    tenantId: object.row.tenantId, at: app.now(), service: 'Core Directory', category, activity: `${verb} ${noun}`, result: 'success', correlationId: request.correlationId,
    initiatedBy: initiatedBy(actorOf(request, caller)), targets: [{ type, id: object.id, displayName: object.row.displayName, modifiedProperties: [] }],
  })
}
