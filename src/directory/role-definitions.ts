/** /roleManagement/directory/roleDefinitions: what roles there are, built in and of the tenant's own making (graph §8). */
import { randomUUID } from 'node:crypto'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { Refusal } from '../refusal.ts'
import { isPrivilegedRole, isRoleAction, roleDefinitionLimits } from '../rules/role-definitions.ts'
import { roleTemplates } from '../rules/roles.ts'
import { reason } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import { isUniqueViolation } from '../store/errors.ts'
import {
  deleteRoleDefinition, findRoleDefinition, insertRoleDefinition, listRoleDefinitions, updateRoleDefinition,
} from '../store/role-definitions.ts'
import type { RoleDefinitionRow } from '../store/role-definitions.ts'
import { listRoleAssignments } from '../store/roles.ts'
import { Nullable, collectionOf, entityOf, odataContext, pick } from '../graph/answers.ts'
import { answerCollection, cutById, startOf } from '../graph/collection.ts'
import { actorOf, badRequest, graphCaller, notFound, privilegedCaller } from '../graph/deciding.ts'
import type { CallerFacts } from '../graph/deciding.ts'
import { fits } from '../graph/odata-filter.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { requireGiver } from './giving-roles.ts'

const text = Nullable(Type.String())
const Permission = Type.Object({
  allowedResourceActions: Type.Array(Type.String()), excludedResourceActions: Type.Array(Type.String()), condition: text,
})
export const RoleDefinition = Type.Object({
  id: Type.Optional(Type.String()), description: Type.Optional(text), displayName: Type.Optional(text), isBuiltIn: Type.Optional(Type.Boolean()),
  isEnabled: Type.Optional(Type.Boolean()), resourceScopes: Type.Optional(Type.Array(Type.String())), templateId: Type.Optional(Type.String()),
  version: Type.Optional(text), rolePermissions: Type.Optional(Type.Array(Permission)),
})

const actions = Type.Array(Type.String({ maxLength: 1000 }), { maxItems: roleDefinitionLimits.actions })
const writable = {
  '@odata.type': Type.Optional(Type.String()),
  description: Type.Optional(Nullable(Type.String({ maxLength: roleDefinitionLimits.description }))),
  resourceScopes: Type.Optional(Type.Array(Type.Literal('/'), { minItems: 1, maxItems: 1 })),
  version: Type.Optional(Nullable(Type.String({ maxLength: 64 }))),
}
const name = Type.String({ minLength: 1, maxLength: roleDefinitionLimits.displayName, pattern: '[^\\p{C}\\p{Z}]' })
const permissions = Type.Array(Type.Object({
  '@odata.type': Type.Optional(Type.String()), allowedResourceActions: actions, condition: Type.Optional(Type.Null()),
}, { additionalProperties: false }), { minItems: 1, maxItems: 1 })
const templateId = Type.Optional(Nullable(Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' })))
const Post = Type.Object({ ...writable, displayName: name, isEnabled: Type.Boolean(), rolePermissions: permissions, templateId }, { additionalProperties: false })
const Patch = Type.Object({ ...writable, displayName: Type.Optional(name), isEnabled: Type.Optional(Type.Boolean()), rolePermissions: Type.Optional(permissions) }, { additionalProperties: false })
const Id = Type.Object({ id: Type.String({ maxLength: 64 }) })

const path = '/v1.0/roleManagement/directory/roleDefinitions'
const context = 'roleManagement/directory/roleDefinitions'
const offer = {
  selectable: Object.keys(RoleDefinition.properties),
  filterable: { id: ['eq', 'in'], displayName: ['eq', 'startswith'], isBuiltIn: ['eq'], isEnabled: ['eq'], templateId: ['eq'] },
} as const

export function roleDefinitionRoutes(server: Server, app: App): void {
  const config = (method: string, route: string) => ({ access: permitted(method, route), surface: 'graph' as const })

  server.get(path, { config: config('GET', path), schema: { response: { 200: collectionOf(RoleDefinition) } } }, async request => {
    const caller = graphCaller(request)
    const query = readQuery(request, offer)
    const paged = { request, caller, name: 'roleDefinitions', query }
    const all = [...(await roleDefinitionsOf(app.db, caller.tenantId)).values()].toSorted((a, b) => Number(a.id > b.id) - Number(a.id < b.id))
    const fitting = query.filter === undefined ? all : all.filter(one => fits(query.filter!, property => one[property as 'id']))
    const { rows, next } = cutById(fitting, startOf(app, paged)?.[0], query.top)
    return answerCollection(app, paged, context, { value: rows.map(row => chosen(row, query.select)), next })
  })

  server.get(`${path}/:id`, {
    config: config('GET', `${path}/:id`), schema: { params: Id, response: { 200: entityOf(RoleDefinition) } },
  }, async request => {
    const query = readQuery(request, { selectable: offer.selectable, pageable: false })
    const found = (await roleDefinitionsOf(app.db, graphCaller(request).tenantId)).get(request.params.id)
    if (!found) throw notFound()
    return { '@odata.context': odataContext(request, `${context}/$entity`), ...chosen(found, query.select) }
  })

  server.post(path, {
    config: config('POST', path), schema: { body: Post, response: { 201: entityOf(RoleDefinition) } },
  }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    const { displayName, description = null, isEnabled, version = null, rolePermissions } = request.body
    const allowed = actionsOf(rolePermissions)
    const row = {
      tenantId: caller.tenantId, id: request.body.templateId?.toLowerCase() ?? randomUUID(), displayName, displayNameLower: '', description, isEnabled, version,
      isPrivileged: isPrivilegedRole(allowed), rolePermissions: JSON.stringify(allowed), createdDateTime: app.now(),
    }
    await asNameClash(app.db.transaction().execute(async trx => {
      const facts = await requireGiver(trx, caller, app.now())
      if ((await roleDefinitionsOf(trx, caller.tenantId)).has(row.id)) throw badRequest('LK_CONFLICT', {}, 'templateId')
      await insertRoleDefinition(trx, row)
      await audit(app, trx, request, facts, 'Add role definition', row)
    }))
    reply.code(201)
    return { '@odata.context': odataContext(request, `${context}/$entity`), ...own(row) }
  })

  server.patch(`${path}/:id`, { config: config('PATCH', `${path}/:id`), schema: { params: Id, body: Patch } }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    const { '@odata.type': _, resourceScopes: __, rolePermissions, ...plain } = request.body
    const allowed = rolePermissions && actionsOf(rolePermissions)
    await asNameClash(app.db.transaction().execute(async trx => {
      const facts = await requireGiver(trx, caller, app.now())
      const before = await requireOwn(trx, caller.tenantId, request.params.id)
      const changes = {
        ...plain, ...(allowed ? { rolePermissions: JSON.stringify(allowed), isPrivileged: isPrivilegedRole(allowed) } : {}),
      }
      if (Object.keys(changes).length > 0) await updateRoleDefinition(trx, caller.tenantId, before.id, changes)
      await audit(app, trx, request, facts, 'Update role definition', { ...before, ...changes }, before)
    }))
    return reply.code(204).send()
  })

  server.delete(`${path}/:id`, { config: config('DELETE', `${path}/:id`), schema: { params: Id } }, async (request, reply) => {
    const caller = privilegedCaller(app, request)
    await app.db.transaction().execute(async trx => {
      const facts = await requireGiver(trx, caller, app.now())
      const before = await requireOwn(trx, caller.tenantId, request.params.id)
      // Whoever holds it would hold nothing that can be named.
      if ((await listRoleAssignments(trx, { tenantId: caller.tenantId, roleDefinitionId: before.id, top: 1 })).length > 0) throw badRequest('LK_CONFLICT', {}, 'id')
      await deleteRoleDefinition(trx, caller.tenantId, before.id)
      await audit(app, trx, request, facts, 'Delete role definition', before)
    })
    return reply.code(204).send()
  })
}

const chosen = (definition: Shaped, select: readonly string[] | undefined) => (select === undefined ? definition : pick(definition, select))

type Shaped = Required<Static<typeof RoleDefinition>>

/** Every role of a tenant by its id: about a hundred that are built in, then its own. */
export async function roleDefinitionsOf(db: Db, tenantId: string): Promise<Map<string, Shaped>> {
  const builtIn = [...roleTemplates.values()].map(({ id, displayName, isAssignable }) => ({
    id, description: null, displayName, isBuiltIn: true, isEnabled: isAssignable, resourceScopes: ['/'], templateId: id, version: '1', rolePermissions: [],
  }))
  return new Map([...builtIn, ...(await listRoleDefinitions(db, tenantId)).map(own)].map(one => [one.id, one]))
}

const own = (row: RoleDefinitionRow): Shaped => ({
  id: row.id, description: row.description, displayName: row.displayName, isBuiltIn: false, isEnabled: row.isEnabled, resourceScopes: ['/'], templateId: row.id,
  version: row.version, rolePermissions: [{ allowedResourceActions: JSON.parse(row.rolePermissions) as string[], excludedResourceActions: [], condition: null }],
})

function actionsOf(given: Static<typeof permissions>): string[] {
  const allowed = [...new Set(given.flatMap(one => one.allowedResourceActions))]
  if (allowed.length === 0 || !allowed.every(isRoleAction)) throw badRequest('LK_FIELD_INVALID', { field: 'rolePermissions.allowedResourceActions' }, 'rolePermissions.allowedResourceActions')
  return allowed
}

/** @throws Refusal 404, or 400 for a built-in one: those are as they are */
async function requireOwn(trx: Db, tenantId: string, id: string): Promise<RoleDefinitionRow> {
  if (roleTemplates.has(id)) throw badRequest('LK_FIELD_INVALID', { field: 'isBuiltIn' }, 'isBuiltIn')
  const found = await findRoleDefinition(trx, tenantId, id)
  if (!found) throw notFound()
  return found
}

async function asNameClash(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (isUniqueViolation(error)) throw new Refusal(400, [reason('LK_CONFLICT', { graphCode: 'Request_BadRequest' })], { field: 'displayName' })
    throw error
  }
}

async function audit(app: App, trx: Db, request: FastifyRequest, caller: CallerFacts, activity: string, row: RoleDefinitionRow, before?: RoleDefinitionRow): Promise<void> {
  const told = ['displayName', 'description', 'isEnabled', 'rolePermissions'] as const
  await appendAudit(trx, {
    tenantId: row.tenantId, at: app.now(), service: 'Core Directory', category: 'RoleManagement', activity, result: 'success', correlationId: request.correlationId,
    initiatedBy: initiatedBy(actorOf(request, caller)),
    targets: [{
      type: 'Role', id: row.id, displayName: row.displayName,
      modifiedProperties: told.filter(one => before === undefined || before[one] !== row[one])
        .map(one => ({ displayName: one, oldValue: before === undefined ? null : JSON.stringify(before[one]), newValue: JSON.stringify(row[one]) })),
    }],
  })
}
