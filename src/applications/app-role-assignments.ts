/** App roles given to programs, people and groups: one table seen from either end (graph §4). */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { Refusal } from '../refusal.ts'
import { mayGiveAppRole } from '../rules/app-reach.ts'
import { firstParty, graphAppId } from '../rules/first-party.ts'
import { reason } from '../rules/verdict.ts'
import { defaultAppRole, deleteAppRoleAssignment, findAppRoleAssignment, insertAppRoleAssignment, listAppRoleAssignments, newAssignmentId, rolesOffered } from '../store/app-roles.ts'
import type { AppRoleAssignment } from '../store/app-roles.ts'
import { ownedAmong } from '../store/application-owners.ts'
import { findApplicationByAppId, noteClientChange } from '../store/applications.ts'
import { noteChange } from '../store/changes.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { findGroup } from '../store/groups.ts'
import { findServicePrincipal } from '../store/service-principals.ts'
import type { ServicePrincipalRow } from '../store/service-principals.ts'
import { findUser } from '../store/users.ts'
import { Nullable, collectionOf, entityOf, odataContext } from '../graph/answers.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { badRequest, callerId } from '../graph/deciding.ts'
import { requireUser } from '../graph/find-user.ts'
import type { Filter } from '../graph/odata-filter.ts'
import { badQuery } from '../graph/odata-filter.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { Key, KeyAndMember } from './application-schema.ts'
import { auditApplication } from './audit-application.ts'
import { nothingThere, requireServicePrincipal } from './find-target.ts'
import { plainInstant } from './instants.ts'
import { actorTowards, changing, reading, requireReach } from './managing.ts'
import type { Asking } from './managing.ts'

const Shape = Type.Object({
  id: Type.String(), deletedDateTime: Type.Null(), appRoleId: Type.String(), createdDateTime: Type.String(), principalDisplayName: Nullable(Type.String()), principalId: Type.String(),
  principalType: Type.String(), resourceDisplayName: Nullable(Type.String()), resourceId: Type.String(),
})
const guid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' })
const Post = Type.Object({ '@odata.type': Type.Optional(Type.String({ maxLength: 100 })), principalId: guid, resourceId: guid, appRoleId: guid }, { additionalProperties: false })

/** Where assignments hang: on those who have them (`principal`), or on what they open (`resource`). */
interface End {
  path: string
  end: 'principal' | 'resource'
  of: 'servicePrincipals' | 'users' | 'groups'
}
const ends: readonly End[] = [
  { path: 'servicePrincipals/:id/appRoleAssignedTo', end: 'resource', of: 'servicePrincipals' },
  { path: 'servicePrincipals/:id/appRoleAssignments', end: 'principal', of: 'servicePrincipals' },
  { path: 'users/:id/appRoleAssignments', end: 'principal', of: 'users' },
  { path: 'groups/:id/appRoleAssignments', end: 'principal', of: 'groups' },
]

const offer = { selectable: Object.keys(Shape.properties), filterable: { resourceId: ['eq'], principalId: ['eq'], appRoleId: ['eq'] } } as const

export function appRoleAssignmentRoutes(server: Server, app: App): void {
  for (const one of ends) {
    const path = `/v1.0/${one.path}` as const
    const line = (method: string, more = '') => ({ access: permitted(method, `/${one.path}${more}`), surface: 'graph' }) as const

    server.get(path, { config: line('GET'), schema: { params: Key, response: { 200: collectionOf(Type.Partial(Shape)) } } }, async request => {
      const { caller } = await reading(app, request)
      const query = readQuery(request, offer)
      const id = await anchor(app.db, caller.tenantId, one, request.params.id)
      const paged = { request, caller, name: `${one.path} ${id}`, query }
      const asked = { ...wanted(query.filter), [`${one.end}Id`]: id }
      const rows = await listAppRoleAssignments(app.db, { tenantId: caller.tenantId, ...asked, after: startOf(app, paged)?.[0], top: query.top })
      const fitting = asked.appRoleId === undefined ? rows : rows.filter(row => row.appRoleId === asked.appRoleId)
      const value = await Promise.all(fitting.map(row => shape(app.db, row)))
      const chosen = query.select ? value.map(row => Object.fromEntries(Object.entries(row).filter(([name]) => query.select!.includes(name)))) : value
      return answerCollection(app, paged, `${one.of}('${id}')/${one.path.split('/').at(-1)}`, { value: chosen, next: rows.length === query.top ? [rows.at(-1)!.id] : undefined })
    })

    server.post(path, { config: line('POST'), schema: { params: Key, body: Post, response: { 201: entityOf(Shape) } } }, async (request, reply) => {
      const row = await asGivenAlready(app.db.transaction().execute(async trx => {
        const who = await changing(app, trx, request)
        const id = await anchor(trx, who.caller.tenantId, one, request.params.id)
        const body = lowered(request.body)
        if (body[`${one.end}Id`] !== id) throw badRequest('LK_FIELD_INVALID', { field: `${one.end}Id` }, `${one.end}Id`)
        return give(app, trx, who, body)
      }))
      reply.code(201)
      return { '@odata.context': odataContext(request, 'appRoleAssignments/$entity'), ...(await shape(app.db, row)) }
    })

    server.delete(`${path}/:member`, { config: line('DELETE', '/{id}'), schema: { params: KeyAndMember } }, async (request, reply) => {
      await app.db.transaction().execute(async trx => {
        const who = await changing(app, trx, request)
        const id = await anchor(trx, who.caller.tenantId, one, request.params.id)
        const row = await findAppRoleAssignment(trx, who.caller.tenantId, request.params.member)
        if (!row || row[`${one.end}Id`] !== id) throw nothingThere(request.params.member)
        await take(app, trx, who, row)
      })
      return reply.code(204).send()
    })
  }

  server.get('/v1.0/servicePrincipals/:id/appRoleAssignedTo/:member', {
    config: { access: permitted('GET', '/servicePrincipals/{id}/appRoleAssignedTo'), surface: 'graph' }, schema: { params: KeyAndMember, response: { 200: entityOf(Shape) } },
  }, async request => oneOf(app, request, 'resource', request.params))

  server.get('/v1.0/servicePrincipals/:id/appRoleAssignments/:member', {
    config: { access: permitted('GET', '/servicePrincipals/{id}/appRoleAssignments'), surface: 'graph' }, schema: { params: KeyAndMember, response: { 200: entityOf(Shape) } },
  }, async request => oneOf(app, request, 'principal', request.params))
}

async function oneOf(app: App, request: FastifyRequest, end: End['end'], { id: written, member }: { id: string; member: string }) {
  const { caller } = await reading(app, request)
  const { id } = await requireServicePrincipal(app.db, caller.tenantId, written)
  const row = await findAppRoleAssignment(app.db, caller.tenantId, member)
  if (!row || row[`${end}Id`] !== id) throw nothingThere(member)
  return { '@odata.context': odataContext(request, 'appRoleAssignments/$entity'), ...(await shape(app.db, row)) }
}

/** The object id that stands in the path. @throws Refusal 404 */
async function anchor(db: Db, tenantId: string, { of }: End, written: string): Promise<string> {
  if (of === 'servicePrincipals') return (await requireServicePrincipal(db, tenantId, written)).id
  if (of === 'users') return (await requireUser(db, tenantId, written)).id
  const group = await findGroup(db, tenantId, written.toLowerCase())
  if (!group) throw nothingThere(written)
  return group.id
}

const lowered = <T extends { principalId: string; resourceId: string; appRoleId: string }>(body: T) =>
  ({ principalId: body.principalId.toLowerCase(), resourceId: body.resourceId.toLowerCase(), appRoleId: body.appRoleId.toLowerCase() })

async function give(app: App, trx: Db, who: Asking, { principalId, resourceId, appRoleId }: ReturnType<typeof lowered>): Promise<AppRoleAssignment> {
  const { tenantId } = who.caller
  const resource = await findServicePrincipal(trx, tenantId, resourceId)
  if (!resource) throw badRequest('LK_FIELD_INVALID', { field: 'resourceId' }, 'resourceId')
  const principal = await findPrincipal(trx, tenantId, principalId)
  if (!principal) throw badRequest('LK_FIELD_INVALID', { field: 'principalId' }, 'principalId')
  const offered = await rolesOffered(trx, tenantId, resourceId)
  const role = offered.find(one => one.id === appRoleId)
  const takes = principal.type === 'ServicePrincipal' ? 'Application' : 'User'
  // Without a role "default access" is given; a resource with roles for this kind of principal wants one of them named.
  const known = appRoleId === defaultAppRole ? !offered.some(one => one.isEnabled && one.allowedMemberTypes.includes(takes)) : role?.isEnabled === true && role.allowedMemberTypes.includes(takes)
  if (!known) throw badRequest('LK_FIELD_INVALID', { field: 'appRoleId' }, 'appRoleId')
  await requireGiving(trx, who, resource, principalId, role?.value ?? null)
  const row: AppRoleAssignment = { tenantId, id: newAssignmentId(), appRoleId, principalId, principalType: principal.type, resourceId, createdDateTime: app.now() }
  await insertAppRoleAssignment(trx, row)
  await changed(app, trx, who, row, { resource, principal, role: role?.value ?? null, added: true })
  return row
}

async function take(app: App, trx: Db, who: Asking, row: AppRoleAssignment): Promise<void> {
  const { tenantId } = who.caller
  const resource = await findServicePrincipal(trx, tenantId, row.resourceId)
  if (!resource) throw nothingThere(row.id)
  const role = (await rolesOffered(trx, tenantId, row.resourceId)).find(one => one.id === row.appRoleId)
  // Nobody becomes mightier by a right that is taken: whoever looks after the resource may, and a program with the permission.
  if (who.caller.kind === 'user') await requireGiving(trx, who, resource, row.principalId, role?.value ?? null)
  if (!(await deleteAppRoleAssignment(trx, tenantId, row.id))) throw nothingThere(row.id)
  await changed(app, trx, who, row, { resource, principal: await findPrincipal(trx, tenantId, row.principalId), role: role?.value ?? null, added: false })
}

async function requireGiving(trx: Db, who: Asking, resource: ServicePrincipalRow, principalId: string, role: string | null): Promise<void> {
  const { tenantId } = who.caller
  const application = firstParty(resource.appId) ? undefined : await findApplicationByAppId(trx, tenantId, resource.appId)
  const actor = await actorTowards(trx, who, resource.id, application?.id)
  const principal = await findServicePrincipal(trx, tenantId, principalId)
  const its = principal && (await findApplicationByAppId(trx, tenantId, principal.appId))
  const owned = await ownedAmong(trx, tenantId, callerId(who.caller), [principalId, ...(its ? [its.id] : [])])
  requireReach(mayGiveAppRole(actor, { principalId, principalOwned: owned.size > 0, onGraph: resource.appId === graphAppId, role }))
}

interface Principal {
  type: 'User' | 'Group' | 'ServicePrincipal'
  displayName: string
  appId?: string
}

async function findPrincipal(db: Db, tenantId: string, id: string): Promise<Principal | undefined> {
  const program = await findServicePrincipal(db, tenantId, id)
  if (program) return { type: 'ServicePrincipal', displayName: program.displayName, appId: program.appId }
  const user = await findUser(db, tenantId, id)
  if (user) return { type: 'User', displayName: user.displayName }
  const group = await findGroup(db, tenantId, id)
  return group && { type: 'Group', displayName: group.displayName }
}

async function changed(
  app: App, trx: Db, who: Asking, row: AppRoleAssignment, { resource, principal, role, added }: { resource: ServicePrincipalRow; principal: Principal | undefined; role: string | null; added: boolean },
): Promise<void> {
  if (row.principalType === 'ServicePrincipal') await noteChange(trx, row.tenantId, 'servicePrincipal', row.principalId)
  if (principal?.appId) await noteClientChange(app, trx, row.tenantId, principal.appId)
  await noteClientChange(app, trx, row.tenantId, resource.appId)
  const word = { ServicePrincipal: 'service principal', User: 'user', Group: 'group' }[row.principalType as Principal['type']]
  const activity = row.principalType === 'ServicePrincipal' ? (added ? 'Add app role assignment to service principal' : 'Remove app role assignment from service principal')
    : added ? `Add app role assignment grant to ${word}` : `Remove app role assignment from ${word}`
  const value = role ?? row.appRoleId
  await auditApplication(app, trx, who, activity, { type: 'ServicePrincipal', id: resource.id, displayName: resource.displayName }, [
    { name: 'AppRole.Value', before: added ? null : value, after: added ? value : null },
    { name: `${row.principalType}.ObjectID`, before: added ? null : row.principalId, after: added ? row.principalId : null },
  ], { category: row.principalType === 'ServicePrincipal' ? 'ApplicationManagement' : 'UserManagement' })
}

async function shape(db: Db, row: AppRoleAssignment) {
  const { id, appRoleId, createdDateTime, principalId, principalType, resourceId, tenantId } = row
  const [principal, resource] = [await findPrincipal(db, tenantId, principalId), await findServicePrincipal(db, tenantId, resourceId)]
  return {
    id, deletedDateTime: null, appRoleId, createdDateTime: plainInstant(createdDateTime), principalDisplayName: principal?.displayName ?? null, principalId, principalType,
    resourceDisplayName: resource?.displayName ?? null, resourceId,
  }
}

function wanted(filter: Filter | undefined): { resourceId?: string; principalId?: string; appRoleId?: string } {
  if (filter === undefined) return {}
  if (filter.kind === 'and') return { ...wanted(filter.left), ...wanted(filter.right) }
  if (filter.kind !== 'compare' || typeof filter.value !== 'string') throw badQuery('$filter', 'Request_UnsupportedQuery')
  return { [filter.property]: filter.value.toLowerCase() }
}

async function asGivenAlready<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isUniqueViolation(error)) throw new Refusal(400, [reason('LK_ASSIGNMENT_EXISTS')])
    throw error
  }
}
