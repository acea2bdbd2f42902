/**
 * Where somebody is a member: memberOf, transitiveMemberOf, and the checks that ask for ids alone (graph §5.1, §8). For people, groups
 * and programs alike; a path that names nobody of a kind is answered like any unknown one.
 */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { answerCollection, cutById, startOf } from '../graph/collection.ts'
import { odataContext } from '../graph/answers.ts'
import { callerId, graphCaller, notFound, requireReachOf } from '../graph/deciding.ts'
import type { GraphCaller } from '../graph/deciding.ts'
import { requireUser } from '../graph/find-user.ts'
import { notOffered, readQuery, requireConsistency } from '../graph/odata-query.ts'
import type { Query } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { findObject, findObjects } from '../store/directory-objects.ts'
import type { ObjectKind } from '../store/directory-objects.ts'
import { transitiveGroups } from '../store/groups.ts'
import { directGroupIds } from '../store/memberships.ts'
import { rolesOf } from '../store/roles.ts'
import { ObjectCollection, selectableOfObjects, shapeObjects, shapeRoleMembership } from './object-shape.ts'
import { hasRole } from './visible-users.ts'
import { parseKey } from '../odata-path.ts'
import { findServicePrincipalByAppId } from '../store/service-principals.ts'

const Key = Type.Object({ id: Type.String({ minLength: 1, maxLength: 320 }) })
const CastKey = Type.Object({ id: Type.String({ minLength: 1, maxLength: 320 }), cast: Type.String({ maxLength: 60 }) })
const Cast = Type.Object({ cast: Type.String({ maxLength: 60 }) })
const Ids = Type.Object({ '@odata.context': Type.String(), value: Type.Array(Type.String()) })
const idList = (most: number) => Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: most })
const bodies = {
  getMemberGroups: Type.Object({ securityEnabledOnly: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
  getMemberObjects: Type.Object({ securityEnabledOnly: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
  checkMemberGroups: Type.Object({ groupIds: idList(20) }, { additionalProperties: false }),
  checkMemberObjects: Type.Object({ ids: idList(20) }, { additionalProperties: false }),
} as const

/** Whose memberships they are, and what kind of thing that is. */
interface Member {
  id: string
  kind: ObjectKind
}

const kindsOf = { users: ['user'], groups: ['group'], servicePrincipals: ['servicePrincipal'], directoryObjects: ['user', 'group', 'servicePrincipal'] } as const
type Root = keyof typeof kindsOf

export function membershipRoutes(server: Server, app: App): void {
  for (const relation of ['memberOf', 'transitiveMemberOf'] as const) {
    for (const root of ['me', 'users', 'groups', 'servicePrincipals'] as const) {
      const path = root === 'me' ? `/me/${relation}` : `/${root}/{id}/${relation}`
      const url = `/v1.0${path.replace('{id}', ':id')}`
      const config = { access: permitted('GET', path), surface: 'graph' } as const
      const schema = { params: root === 'me' ? Type.Object({}) : Key, response: { 200: ObjectCollection } }
      server.get(url, { config, schema }, async request => answerMemberships(app, request, await memberOf(app, request, root), relation, undefined))
      server.get(`${url}/:cast`, { config, schema: { ...schema, params: root === 'me' ? Cast : CastKey } }, async request =>
        answerMemberships(app, request, await memberOf(app, request, root), relation, (request.params as { cast: string }).cast))
      server.get(`${url}/$count`, { config, schema: { params: schema.params } }, async (request, reply) => {
        requireConsistency(request)
        const { groups, roles } = await membershipsOf(app, graphCaller(request), await memberOf(app, request, root), relation)
        return reply.type('text/plain').send(String(groups.length + roles.length))
      })
    }
  }

  for (const [action, body] of Object.entries(bodies)) {
    for (const root of ['me', 'users', 'groups', 'servicePrincipals', 'directoryObjects'] as const) {
      const path = root === 'me' ? `/me/${action}` : `/${root}/{id}/${action}`
      const config = { access: permitted('POST', path), surface: 'graph' } as const
      const schema = { params: root === 'me' ? Type.Object({}) : Key, body, response: { 200: Ids } }
      server.post(`/v1.0${path.replace('{id}', ':id')}`, { config, schema }, async request => {
        const { groups, roles } = await membershipsOf(app, graphCaller(request), await memberOf(app, request, root), 'transitiveMemberOf')
        const all = action.endsWith('Groups') ? groups : [...groups, ...roles]
        const given = request.body as { groupIds?: string[]; ids?: string[] }
        const asked = (given.groupIds ?? given.ids)?.map(id => id.toLowerCase())
        return { '@odata.context': odataContext(request, 'Collection(Edm.String)'), value: asked === undefined ? all : all.filter(id => asked.includes(id)) }
      })
    }
  }
}

/** The member the path names. @throws Refusal 404, for a foreign one alike */
async function memberOf(app: App, request: FastifyRequest, root: Root | 'me'): Promise<Member> {
  if (root === 'me') return { id: userCaller(request).userId, kind: 'user' }
  const caller = graphCaller(request)
  const { id } = request.params as { id: string }
  if (root === 'users') {
    const user = await requireUser(app.db, caller.tenantId, id)
    requireReachOf(caller, user.id)
    return { id: user.id, kind: 'user' }
  }
  const appId = root === 'servicePrincipals' && id.startsWith('(') ? parseKey(id)?.get('appId') : undefined
  const named = appId === undefined ? id : ((await findServicePrincipalByAppId(app.db, caller.tenantId, appId.toLowerCase()))?.id ?? '')
  const found = await findObject(app.db, caller.tenantId, named.toLowerCase(), { kinds: kindsOf[root] })
  if (!found) throw notFound()
  if (found.kind === 'user') requireReachOf(caller, found.id)
  return found
}

/**
 * Ids of groups and roles, in order. Who may act for the directory is for those who hold a role themselves: others do not hear of
 * somebody else's roles, nor of the groups that give them (T-84).
 */
async function membershipsOf(app: App, caller: GraphCaller, { id, kind }: Member, relation: 'memberOf' | 'transitiveMemberOf'): Promise<{ groups: string[]; roles: string[] }> {
  const { tenantId } = caller
  const transitive = await transitiveGroups(app.db, tenantId, id)
  const direct = relation === 'memberOf' ? new Set(await directGroupIds(app.db, tenantId, id)) : undefined
  const all = transitive.filter(group => direct === undefined || direct.has(group.id))
  const full = caller.kind === 'application' || callerId(caller) === id || (await hasRole(app.db, caller))
  if (!full) return { groups: all.filter(group => !group.isAssignableToRole).map(group => group.id), roles: [] }
  const held = kind === 'group' ? [] : await rolesOf(app.db, tenantId, id)
  const active = held.filter(role => !role.eligible && (relation === 'transitiveMemberOf' || role.viaGroupId === undefined))
  return { groups: all.map(group => group.id), roles: [...new Set(active.map(role => role.roleTemplateId))].toSorted() }
}

const offer = { selectable: selectableOfObjects, countable: true } as const

async function answerMemberships(app: App, request: FastifyRequest, member: Member, relation: 'memberOf' | 'transitiveMemberOf', cast: string | undefined) {
  const caller = graphCaller(request)
  const query = readQuery(request, offer)
  if (cast !== undefined && !['group', 'directoryrole', 'administrativeunit'].includes(cast.toLowerCase())) throw notOffered(cast, ['microsoft.graph.group', 'microsoft.graph.directoryRole'])
  const { groups, roles } = await membershipsOf(app, caller, member, relation)
  const only = cast?.toLowerCase()
  const ids = [...(only === undefined || only === 'group' ? groups : []), ...(only === undefined || only === 'directoryrole' ? roles : [])].toSorted().map(id => ({ id }))
  const paged = { request, caller, name: `${relation}/${member.id}/${only ?? ''}`, query }
  const { rows, next } = cutById(ids, startOf(app, paged)?.[0], query.top)
  return answerCollection(app, paged, only === 'group' ? 'groups' : 'directoryObjects', {
    value: await shapeMemberships(app, caller, rows.map(one => one.id), new Set(roles), query.select), next, count: async () => ids.length,
  })
}

/** For $expand: the first twenty. */
export async function firstMemberships(app: App, caller: GraphCaller, member: Member, relation: 'memberOf' | 'transitiveMemberOf', most: number, select: Query['select']) {
  const { groups, roles } = await membershipsOf(app, caller, member, relation)
  return shapeMemberships(app, caller, [...groups, ...roles].toSorted().slice(0, most), new Set(roles), select)
}

async function shapeMemberships(app: App, caller: GraphCaller, ids: readonly string[], roles: ReadonlySet<string>, select: Query['select']): Promise<Record<string, unknown>[]> {
  const objects = await findObjects(app.db, caller.tenantId, ids.filter(id => !roles.has(id)), { kinds: ['group'] })
  const shaped = await shapeObjects(app, caller, objects, select)
  const byId = new Map(objects.map((one, at) => [one.id, shaped[at]!]))
  return ids.flatMap(id => {
    const one = roles.has(id) ? shapeRoleMembership(id, select) : byId.get(id)
    return one === undefined ? [] : [one]
  })
}
