/** Reading users: /me, /users, /users/{id or name} (graph §5). */
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { reason } from '../rules/verdict.ts'
import { rolesOf } from '../store/roles.ts'
import { countUsers, listUsers } from '../store/users.ts'
import type { UserPage, UserRow } from '../store/users.ts'
import { collectionOf, odataContext } from '../graph/answers.ts'
import { forbidden } from '../graph/deciding.ts'
import { badQuery, propertiesOf } from '../graph/odata-filter.ts'
import type { Filter } from '../graph/odata-filter.ts'
import { readQuery } from '../graph/odata-query.ts'
import type { Query } from '../graph/odata-query.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'
import { nextLink, readSkipToken, skipToken } from '../graph/paging.ts'
import { access } from '../graph/permissions.ts'
import { User, basicProperties, defaultProperties, selectableProperties, shapeUsers } from './user-shape.ts'

const one = { selectable: selectableProperties, pageable: false }
const many = {
  selectable: selectableProperties, orderable: ['displayName'], countable: true,
  filterable: {
    userPrincipalName: ['eq'], displayName: ['startswith'], mail: ['eq'], id: ['eq', 'in'], accountEnabled: ['eq'], userType: ['eq'], onPremisesSyncEnabled: ['eq'],
  },
} as const

export function userRoutes(server: Server, app: App): void {
  server.get('/v1.0/me', { config: { access: access.me, surface: 'graph' }, schema: { response: { 200: User } } }, async request => {
    const caller = userCaller(request)
    const query = readQuery(request, one)
    return answerUser(app, request, await requireUser(app.db, caller.tenantId, caller.userId), query.select ?? defaultProperties)
  })

  server.get('/v1.0/users', { config: { access: access.readUsers, surface: 'graph' }, schema: { response: { 200: collectionOf(User) } } }, async request => {
    const caller = userCaller(request)
    const query = readQuery(request, many)
    const properties = await visible(app.db, caller.tenantId, caller.userId, undefined, query.select, query.filter ? propertiesOf(query.filter) : [])
    const [afterName, afterId] = readSkipToken(app, caller, 'users', query) ?? []
    const after = afterName === undefined || afterId === undefined ? undefined : { displayNameLower: afterName, id: afterId }
    const users = await listUsers(app.db, { tenantId: caller.tenantId, after, top: query.top, filter: filterOf(query.filter) })
    const last = users.length === query.top ? users.at(-1) : undefined
    return {
      '@odata.context': odataContext(request, query.select ? `users(${query.select.join(',')})` : 'users'),
      ...(query.count && !after ? { '@odata.count': await countMatches(app.db, caller.tenantId, query) } : {}),
      ...(last ? { '@odata.nextLink': nextLink(request, skipToken(app, caller, 'users', query, [last.displayNameLower, last.id])) } : {}),
      value: await shapeUsers(app, caller.tenantId, users, properties),
    }
  })

  server.get('/v1.0/users/:id', { config: { access: access.readUsers, surface: 'graph' }, schema: { params: UserKey, response: { 200: User } } }, async request => {
    const caller = userCaller(request)
    const query = readQuery(request, one)
    const user = await requireUser(app.db, caller.tenantId, request.params.id)
    return answerUser(app, request, user, await visible(app.db, caller.tenantId, caller.userId, user.id, query.select))
  })
}

export async function answerUser(app: App, request: FastifyRequest, user: UserRow, properties: readonly string[]) {
  const [shaped] = await shapeUsers(app, user.tenantId, [user], properties)
  return { '@odata.context': odataContext(request, 'users/$entity'), ...shaped }
}

/**
 * Contact data of others is what a recovery may rest on, so it is for people with a directory role; everybody else sees who
 * somebody is and no more (T-84).
 */
async function visible(
  db: Db, tenantId: string, callerId: string, targetId: string | undefined, select: string[] | undefined, filtered: readonly string[] = [],
): Promise<readonly string[]> {
  const full = targetId === callerId || (await rolesOf(db, tenantId, callerId)).some(role => !role.eligible)
  if (full) return select ?? defaultProperties
  // What may not be read may not be asked about either: a filter answers yes or no (T-65).
  if ([...(select ?? []), ...filtered].some(name => !(basicProperties as readonly string[]).includes(name))) throw forbidden(reason('LK_NOT_ALLOWED'))
  return select ?? basicProperties
}

/** The filter as the store can answer it from an index: comparisons joined by `and`, each property once. */
function filterOf(filter: Filter | undefined): NonNullable<UserPage['filter']> {
  if (filter === undefined) return {}
  if (filter.kind === 'and') {
    const left = filterOf(filter.left)
    const right = filterOf(filter.right)
    if (Object.keys(left).some(name => name in right)) throw badQuery('$filter', 'Request_UnsupportedQuery')
    return { ...left, ...right }
  }
  if (filter.kind === 'startswith') return { displayNamePrefix: filter.value }
  if (filter.kind === 'in') return { ids: filter.values.map(String) }
  if (filter.kind !== 'compare') throw badQuery('$filter', 'Request_UnsupportedQuery')
  const { property, value } = filter
  if (property === 'id') return { ids: [String(value)] }
  if (property === 'accountEnabled' || property === 'onPremisesSyncEnabled') {
    if (property === 'onPremisesSyncEnabled' && value === null) return { onPremisesSyncEnabled: false }
    if (typeof value !== 'boolean') throw badQuery('$filter')
    return { [property]: value }
  }
  if (typeof value !== 'string') throw badQuery('$filter')
  return { [property]: value }
}

async function countMatches(db: Db, tenantId: string, query: Query): Promise<number> {
  if (query.filter === undefined) return countUsers(db, tenantId)
  let count = 0
  let after: UserPage['after']
  for (;;) {
    const page = await listUsers(db, { tenantId, after, top: 999, filter: filterOf(query.filter) })
    count += page.length
    const last = page.at(-1)
    if (page.length < 999 || !last) return count
    after = { displayNameLower: last.displayNameLower, id: last.id }
  }
}
