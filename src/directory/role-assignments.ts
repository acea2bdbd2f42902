/** Who holds which role (graph §8). Giving and taking is in giving-roles.ts; directory-roles.ts is the older view of the same list. */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { findRoleAssignment, listRoleAssignments } from '../store/roles.ts'
import { Nullable, collectionOf, entityOf, odataContext } from '../graph/answers.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { callerFacts, graphCaller, notFound, privilegedCaller } from '../graph/deciding.ts'
import { asKept } from '../graph/ids.ts'
import { badQuery } from '../graph/odata-filter.ts'
import type { Filter } from '../graph/odata-filter.ts'
import { notOffered, readQuery } from '../graph/odata-query.ts'
import type { Query } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { requireDirectoryReader } from '../graph/readers.ts'
import { giveRole, takeRole } from './giving-roles.ts'
import type { RoleAssignment } from './giving-roles.ts'
import { Principal, principalsOf } from './principals.ts'
import { RoleDefinition, roleDefinitionsOf } from './role-definitions.ts'

const id = Type.Optional(Type.String())
const plain = {
  id, principalId: id, principalOrganizationId: id, roleDefinitionId: id, directoryScopeId: id,
  appScopeId: Type.Optional(Nullable(Type.String())), condition: Type.Optional(Nullable(Type.String())),
}
const Assignment = Type.Object({
  ...plain, principal: Type.Optional(Nullable(Principal)), roleDefinition: Type.Optional(Nullable(RoleDefinition)),
})
const Body = Type.Object({
  '@odata.type': Type.Optional(Type.String()),
  principalId: Type.String({ maxLength: 64 }),
  roleDefinitionId: Type.String({ maxLength: 64 }),
  directoryScopeId: Type.String({ maxLength: 100 }),
}, { additionalProperties: false })
const Id = Type.Object({ id: Type.String({ maxLength: 64 }) })

const path = '/v1.0/roleManagement/directory/roleAssignments'
const context = 'roleManagement/directory/roleAssignments'
const offer = { selectable: Object.keys(plain), filterable: { principalId: ['eq'], roleDefinitionId: ['eq'], directoryScopeId: ['eq'] } } as const

export function roleAssignmentRoutes(server: Server, app: App): void {
  const config = (method: string, route: string) => ({ access: permitted(method, route), surface: 'graph' as const })

  server.get(path, { config: config('GET', path), schema: { response: { 200: collectionOf(Assignment) } } }, async request => {
    const caller = graphCaller(request)
    requireDirectoryReader((await callerFacts(app.db, caller, app.now())).caller)
    const { query, expand } = readExpanding(request, true)
    const paged = { request, caller, name: `roleAssignments${expand.join()}`, query }
    const [after] = startOf(app, paged) ?? []
    const rows = await listRoleAssignments(app.db, { tenantId: caller.tenantId, after, top: query.top, state: 'active', ...wanted(query.filter) })
    const value = await shape(app, rows, query.select, expand)
    return answerCollection(app, paged, context, { value, next: rows.length === query.top ? [rows.at(-1)!.id] : undefined })
  })

  server.get(`${path}/:id`, {
    config: config('GET', `${path}/:id`), schema: { params: Id, response: { 200: entityOf(Assignment) } },
  }, async request => {
    const caller = graphCaller(request)
    requireDirectoryReader((await callerFacts(app.db, caller, app.now())).caller)
    const { query, expand } = readExpanding(request, false)
    const found = await findRoleAssignment(app.db, caller.tenantId, request.params.id)
    if (!found) throw notFound()
    return { '@odata.context': odataContext(request, `${context}/$entity`), ...(await shape(app, [found], query.select, expand))[0]! }
  })

  server.post(path, {
    config: config('POST', path), schema: { body: Body, response: { 201: entityOf(Assignment) } },
  }, async (request, reply) => {
    const { principalId, roleDefinitionId, directoryScopeId } = request.body
    const wish = { principalId: asKept(principalId), roleDefinitionId: asKept(roleDefinitionId), directoryScopeId }
    const given = await giveRole(app, request, privilegedCaller(app, request), wish)
    reply.code(201)
    return { '@odata.context': odataContext(request, `${context}/$entity`), ...(await shape(app, [given], undefined, []))[0]! }
  })

  server.delete(`${path}/:id`, { config: config('DELETE', `${path}/:id`), schema: { params: Id } }, async (request, reply) => {
    await takeRole(app, request, privilegedCaller(app, request), request.params.id)
    return reply.code(204).send()
  })
}

const expandable = ['principal', 'roleDefinition'] as const
type Expandable = (typeof expandable)[number]

/** Here, unlike elsewhere in Graph, both relationships may come along at once. */
function readExpanding(request: FastifyRequest, pageable: boolean): { query: Query; expand: Expandable[] } {
  const given = Object.entries(request.query as Record<string, unknown>)
  const text = given.find(([name]) => name.toLowerCase() === '$expand')?.[1]
  const rest = Object.fromEntries(given.filter(([name]) => name.toLowerCase() !== '$expand'))
  const query = readQuery({ query: rest, headers: request.headers } as FastifyRequest, pageable ? offer : { selectable: offer.selectable, pageable })
  if (text === undefined) return { query, expand: [] }
  const names = String(text).split(',').map(name => expandable.find(one => one.toLowerCase() === name.trim().toLowerCase()))
  if (names.includes(undefined)) throw notOffered('$expand', expandable)
  return { query, expand: names as Expandable[] }
}

async function shape(app: App, rows: readonly RoleAssignment[], select: readonly string[] | undefined, expand: readonly Expandable[]) {
  const tenantId = rows[0]?.tenantId ?? ''
  const principals = expand.includes('principal') ? await principalsOf(app, tenantId, rows.map(row => row.principalId)) : undefined
  const definitions = expand.includes('roleDefinition') ? await roleDefinitionsOf(app.db, tenantId) : undefined
  return rows.map(row => {
    const { id, principalId, roleDefinitionId, directoryScopeId } = row
    const whole = {
      id, principalId, principalOrganizationId: row.tenantId, roleDefinitionId, directoryScopeId, appScopeId: null, condition: null,
    }
    return {
      ...Object.fromEntries(Object.entries(whole).filter(([name]) => select === undefined || select.includes(name))),
      ...(principals ? { principal: principals.get(principalId) ?? null } : {}),
      ...(definitions ? { roleDefinition: definitions.get(roleDefinitionId) ?? null } : {}),
    }
  })
}

function wanted(filter: Filter | undefined): { principalId?: string; roleDefinitionId?: string; directoryScopeId?: string } {
  if (filter === undefined) return {}
  if (filter.kind === 'and') return { ...wanted(filter.left), ...wanted(filter.right) }
  if (filter.kind !== 'compare' || typeof filter.value !== 'string') throw badQuery('$filter', 'Request_UnsupportedQuery')
  return { [filter.property]: asKept(filter.value) }
}
