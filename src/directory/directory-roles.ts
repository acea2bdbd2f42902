/**
 * /directoryRoles and /directoryRoleTemplates: the older view of the assignments (graph §8). A built-in role is listed once it was put
 * to use; its members are who was given it directly, for the whole tenant. Its id is the template's.
 */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { parseKey } from '../odata-path.ts'
import { roleName, roleTemplates } from '../rules/roles.ts'
import { appendAudit } from '../store/audit.ts'
import { activateRole, rolesInUse } from '../store/role-definitions.ts'
import { listRoleAssignments } from '../store/roles.ts'
import { Nullable, collectionOf, entityOf, odataContext, pick } from '../graph/answers.ts'
import { actorOf, badRequest, callerFacts, graphCaller, notFound, privilegedCaller } from '../graph/deciding.ts'
import type { GraphCaller } from '../graph/deciding.ts'
import { asKept } from '../graph/ids.ts'
import { fits } from '../graph/odata-filter.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { requireDirectoryReader } from '../graph/readers.ts'
import { giveRole, requireGiver, takeRole } from './giving-roles.ts'
import { Principal, principalsOf } from './principals.ts'

const text = Nullable(Type.String())
const Role = Type.Object({
  id: Type.Optional(Type.String()), deletedDateTime: Type.Optional(text), description: Type.Optional(text), displayName: Type.Optional(text), roleTemplateId: Type.Optional(text),
})
const Template = Type.Object({
  id: Type.Optional(Type.String()), deletedDateTime: Type.Optional(text), description: Type.Optional(text),
  displayName: Type.Optional(text),
})

const shapeRole = (id: string) => ({ id, deletedDateTime: null, description: null, displayName: roleName(id), roleTemplateId: id })
const shapeTemplate = (id: string) => ({ id, deletedDateTime: null, description: null, displayName: roleName(id) })

const roleOffer = { selectable: Object.keys(Role.properties), filterable: { roleTemplateId: ['eq'], displayName: ['eq', 'startswith'] }, pageable: false } as const
const templateOffer = { selectable: Object.keys(Template.properties), pageable: false } as const
const Id = Type.Object({ id: Type.String({ maxLength: 200 }) })
const Member = Type.Object({ ...Id.properties, memberId: Type.String({ maxLength: 64 }) })
const Reference = Type.Object({ '@odata.id': Type.String({ maxLength: 400 }), '@odata.type': Type.Optional(Type.String()) }, { additionalProperties: false })

export function directoryRoleRoutes(server: Server, app: App): void {
  const config = (method: string, route: string) => ({ access: permitted(method, route), surface: 'graph' as const })

  server.get('/v1.0/directoryRoles', {
    config: config('GET', '/directoryRoles'), schema: { response: { 200: collectionOf(Role) } },
  }, async request => {
    const { tenantId } = await reader(app, request)
    const query = readQuery(request, roleOffer)
    const roles = (await rolesInUse(app.db, tenantId)).map(shapeRole).filter(role => query.filter === undefined || fits(query.filter, name => role[name as 'id']))
    return {
      '@odata.context': odataContext(request, selectedContext('directoryRoles', query.select)),
      value: roles.map(role => chosen(role, query.select)),
    }
  })

  const Activate = Type.Object({ '@odata.type': Type.Optional(Type.String()), roleTemplateId: Type.String({ maxLength: 64 }) }, { additionalProperties: false })
  server.post('/v1.0/directoryRoles', {
    config: config('POST', '/directoryRoles'), schema: { body: Activate, response: { 201: entityOf(Role) } },
  }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    const roleTemplateId = asKept(request.body.roleTemplateId)
    if (roleTemplates.get(roleTemplateId)?.isAssignable !== true) throw badRequest('LK_FIELD_INVALID', { field: 'roleTemplateId' }, 'roleTemplateId')
    await app.db.transaction().execute(async trx => {
      const facts = await requireGiver(trx, caller, app.now())
      if ((await rolesInUse(trx, caller.tenantId)).includes(roleTemplateId)) throw badRequest('LK_CONFLICT', {}, 'roleTemplateId')
      await activateRole(trx, caller.tenantId, roleTemplateId, app.now())
      await appendAudit(trx, {
        tenantId: caller.tenantId, at: app.now(), service: 'Core Directory', category: 'RoleManagement', activity: 'Add role from template', result: 'success',
        correlationId: request.correlationId, initiatedBy: initiatedBy(actorOf(request, facts)),
        targets: [{ type: 'Role', id: roleTemplateId, displayName: roleName(roleTemplateId) }],
      })
    })
    reply.code(201)
    return { '@odata.context': odataContext(request, 'directoryRoles/$entity'), ...shapeRole(roleTemplateId) }
  })

  server.get('/v1.0/directoryRoles/:id', {
    config: config('GET', '/directoryRoles/{id}'), schema: { params: Id, response: { 200: entityOf(Role) } },
  }, async request => {
    const { tenantId } = await reader(app, request)
    const query = readQuery(request, { selectable: roleOffer.selectable, pageable: false })
    return {
      '@odata.context': odataContext(request, 'directoryRoles/$entity'),
      ...chosen(shapeRole(await requireInUse(app, tenantId, request.params.id)), query.select),
    }
  })

  server.get('/v1.0/directoryRoles/:id/members', {
    config: config('GET', '/directoryRoles/{id}/members'), schema: { params: Id, response: { 200: collectionOf(Principal) } },
  }, async request => {
    const { tenantId } = await reader(app, request)
    readQuery(request, { selectable: [], pageable: false })
    const members = await membersOf(app, tenantId, await requireInUse(app, tenantId, request.params.id))
    const principals = await principalsOf(app, tenantId, members.map(one => one.principalId))
    return {
      '@odata.context': odataContext(request, 'directoryObjects'), value: members.flatMap(one => principals.get(one.principalId) ?? []),
    }
  })

  server.post('/v1.0/directoryRoles/:id/members/$ref', {
    config: config('POST', '/directoryRoles/{id}/members'), schema: { params: Id, body: Reference },
  }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    const roleDefinitionId = await requireInUse(app, caller.tenantId, request.params.id)
    const principalId = /\/(?:directoryObjects|users|groups|servicePrincipals)(?:\/|\('?)([\w-]{36})'?\)?$/i.exec(request.body['@odata.id'])?.[1]
    if (principalId === undefined) throw badRequest('LK_FIELD_INVALID', { field: '@odata.id' }, '@odata.id')
    await giveRole(app, request, caller, { principalId, roleDefinitionId, directoryScopeId: '/' })
    return reply.code(204).send()
  })

  server.delete('/v1.0/directoryRoles/:id/members/:memberId/$ref', {
    config: config('DELETE', '/directoryRoles/{id}/members/{id}'), schema: { params: Member },
  }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    const roleId = await requireInUse(app, caller.tenantId, request.params.id)
    const held = (await membersOf(app, caller.tenantId, roleId)).find(one => one.principalId === request.params.memberId)
    if (!held) throw notFound()
    await takeRole(app, request, caller, held.id)
    return reply.code(204).send()
  })

  server.get('/v1.0/directoryRoleTemplates', {
    config: config('GET', '/directoryRoleTemplates'), schema: { response: { 200: collectionOf(Template) } },
  }, async request => {
    const query = readQuery(request, templateOffer)
    const value = [...roleTemplates.keys()].toSorted().map(id => chosen(shapeTemplate(id), query.select))
    return { '@odata.context': odataContext(request, selectedContext('directoryRoleTemplates', query.select)), value }
  })

  server.get('/v1.0/directoryRoleTemplates/:id', {
    config: config('GET', '/directoryRoleTemplates/{id}'), schema: { params: Id, response: { 200: entityOf(Template) } },
  }, async request => {
    const query = readQuery(request, templateOffer)
    if (!roleTemplates.has(request.params.id)) throw notFound()
    return {
      '@odata.context': odataContext(request, 'directoryRoleTemplates/$entity'), ...chosen(shapeTemplate(request.params.id), query.select),
    }
  })
}

const chosen = <T extends object>(shaped: T, select: readonly string[] | undefined): Partial<T> => (select === undefined ? shaped : pick(shaped, select))
const selectedContext = (set: string, select: readonly string[] | undefined): string => (select === undefined ? set : `${set}(${select.join(',')})`)

/** Who holds which role is for those who hold one (T-84). */
async function reader(app: App, request: FastifyRequest): Promise<GraphCaller> {
  const caller = graphCaller(request)
  requireDirectoryReader((await callerFacts(app.db, caller, app.now())).caller)
  return caller
}

/** By its id, or written `(roleTemplateId='…')`. @throws Refusal 404 for one that is not in use */
async function requireInUse(app: App, tenantId: string, written: string): Promise<string> {
  const key = parseKey(written)
  const id = key ? [...key].find(([name]) => name.toLowerCase() === 'roletemplateid')?.[1] : written
  if (id === undefined || !(await rolesInUse(app.db, tenantId)).includes(id)) throw notFound()
  return id
}

const membersOf = (app: App, tenantId: string, roleDefinitionId: string) =>
  listRoleAssignments(app.db, { tenantId, roleDefinitionId, directoryScopeId: '/', state: 'active', top: 999 })
