/** Reading users: /me, /users, /users/{id or name} (graph §5). */
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { countOf, pageOf } from '../store/directory-pages.ts'
import { searchedOfUsers, userProperties, userResource } from '../store/user-properties.ts'
import { countUsers, parseUser } from '../store/users.ts'
import type { UserRow } from '../store/users.ts'
import { collectionOf, odataContext } from '../graph/answers.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { graphCaller } from '../graph/deciding.ts'
import type { GraphCaller } from '../graph/deciding.ts'
import { propertiesOf } from '../graph/odata-filter.ts'
import type { Filter } from '../graph/odata-filter.ts'
import { readQuery, requireConsistency } from '../graph/odata-query.ts'
import type { Query } from '../graph/odata-query.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'
import { permitted } from '../graph/permissions.ts'
import { expandUsers, usersExpand } from './user-expand.ts'
import { User, defaultProperties, selectableProperties, shapeUsers } from './user-shape.ts'
import { visibleProperties } from './visible-users.ts'

const one = { selectable: selectableProperties, pageable: false, expandable: usersExpand }
const many = {
  selectable: selectableProperties, orderable: ['displayName', 'userPrincipalName'], countable: true, filterable: userProperties, searchable: searchedOfUsers,
  expandable: usersExpand,
} as const
const orderColumns: Record<string, string> = { displayName: 'displayNameLower', userPrincipalName: 'upnLower' }

export function userRoutes(server: Server, app: App): void {
  server.get('/v1.0/me', { config: { access: permitted('GET', '/me'), surface: 'graph' }, schema: { response: { 200: User } } }, async request => {
    const caller = userCaller(request)
    return answerUser(app, request, caller, await requireUser(app.db, caller.tenantId, caller.userId))
  })

  server.get('/v1.0/users', { config: { access: permitted('GET', '/users'), surface: 'graph' }, schema: { response: { 200: collectionOf(User) } } }, async request => {
    const caller = graphCaller(request)
    const query = readQuery(request, many)
    const properties = await visibleProperties(app.db, caller, undefined, query.select, asked(query))
    const paged = { request, caller, name: 'users', query }
    const orderBy = query.orderBy && { column: orderColumns[query.orderBy.property]!, descending: query.orderBy.descending }
    const { rows, next } = await pageOf(app.db, userResource, { tenantId: caller.tenantId, filter: query.filter, orderBy, after: startOf(app, paged), top: query.top })
    const value = await expandUsers(app, caller, await shapeUsers(app, caller.tenantId, rows.map(parseUser), withId(properties, query)), query, properties)
    return answerCollection(app, paged, 'users', { value, next, count: () => countMatches(app, caller, query.filter) })
  })

  server.get('/v1.0/users/$count', { config: { access: permitted('GET', '/users'), surface: 'graph' } }, async (request, reply) => {
    const caller = graphCaller(request)
    requireConsistency(request)
    const query = readQuery(request, { ...many, pageable: false, expandable: {} })
    await visibleProperties(app.db, caller, undefined, undefined, asked(query))
    return reply.type('text/plain').send(String(await countMatches(app, caller, query.filter)))
  })

  server.get('/v1.0/users/:id', { config: { access: permitted('GET', '/users/{id}'), surface: 'graph' }, schema: { params: UserKey, response: { 200: User } } }, async request => {
    const caller = graphCaller(request)
    return answerUser(app, request, caller, await requireUser(app.db, caller.tenantId, request.params.id))
  })
}

/** What a question compares and orders by. */
const asked = ({ filter, orderBy }: Query): string[] => [...(filter ? propertiesOf(filter) : []), ...(orderBy ? [orderBy.property] : [])]

/** Expanding needs to know of whom. */
const withId = (properties: readonly string[], { expand }: Query): readonly string[] => (expand ? [...properties, 'id'] : properties)

const countMatches = (app: App, { tenantId }: GraphCaller, filter: Filter | undefined): Promise<number> =>
  filter === undefined ? countUsers(app.db, tenantId) : countOf(app.db, userResource, { tenantId, filter })

/** One person as far as the caller sees them. */
export async function answerUser(app: App, request: FastifyRequest, caller: GraphCaller, user: UserRow) {
  const query = readQuery(request, one)
  const properties = await visibleProperties(app.db, caller, user.id, query.select)
  const shaped = await shapeUsers(app, user.tenantId, [user], withId(properties, query))
  const [whole] = await expandUsers(app, caller, shaped, query, properties)
  return { '@odata.context': odataContext(request, query.select ? `users(${query.select.join(',')})/$entity` : 'users/$entity'), ...whole }
}

/** A person who was just made, as a POST answers. */
export async function answerNewUser(app: App, request: FastifyRequest, user: UserRow) {
  const [shaped] = await shapeUsers(app, user.tenantId, [user], [...defaultProperties, 'accountEnabled'])
  return { '@odata.context': odataContext(request, 'users/$entity'), ...shaped }
}

