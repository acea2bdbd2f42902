/** Owners of applications and service principals (graph §3.1): they look after it without a directory role. */
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { addApplicationOwner, listApplicationOwners, removeApplicationOwner } from '../store/application-owners.ts'
import type { Owner } from '../store/application-owners.ts'
import { noteChange } from '../store/changes.ts'
import { findServicePrincipal, findServicePrincipals } from '../store/service-principals.ts'
import { findUser } from '../store/users.ts'
import { answerCollection, cutById, startOf } from '../graph/collection.ts'
import { badRequest } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { Reference, idOfReference } from '../graph/reference.ts'
import { AsGraphHasIt, Key, KeyAndMember } from './application-schema.ts'
import { chosen } from './application-shape.ts'
import { auditApplication } from './audit-application.ts'
import { nothingThere, requireTarget } from './find-target.ts'
import { changing, ownOrigins, reading, requireImpersonating, requireManaging } from './managing.ts'
import { shapeServicePrincipals } from './service-principal-shape.ts'

/** What both kinds of owners have; the rest of each is read where they are. */
const selectable = ['id', 'displayName', 'userPrincipalName', 'givenName', 'surname', 'mail', 'jobTitle', 'officeLocation', 'preferredLanguage', 'appId', 'servicePrincipalType', 'accountEnabled']

export function ownerRoutes(server: Server, app: App): void {
  for (const collection of ['applications', 'servicePrincipals'] as const) {
    const path = `/v1.0/${collection}/:id/owners` as const
    const reads = { access: permitted('GET', `/${collection}/{id}/owners`), surface: 'graph' } as const

    server.get(path, { config: reads, schema: { params: Key, response: { 200: AsGraphHasIt('directoryObjects') } } }, async request => {
      const { page, paged } = await ownersPage(app, request, collection)
      const value = await shapeOwners(app.db, request, app, page.rows)
      return answerCollection(app, paged, 'directoryObjects', { value: value.map(one => ({ '@odata.type': one['@odata.type'], ...chosen(one, paged.query.select) })), next: page.next })
    })

    server.post(`${path}/$ref`, { config: { access: permitted('POST', `/${collection}/{id}/owners`), surface: 'graph' }, schema: { params: Key, body: Reference } }, async (request, reply) => {
      await app.db.transaction().execute(async trx => {
        const who = await changing(app, trx, request)
        const { tenantId } = who.caller
        const target = await requireTarget(trx, tenantId, collection, request.params.id)
        // An owner can make a credential: so whoever makes owners must reach as far as the program does (T-42).
        await requireImpersonating(trx, who, target)
        const owner = await requireOwner(trx, tenantId, request.body['@odata.id'])
        const owners = await listApplicationOwners(trx, tenantId, target.id)
        if (owners.length >= 100) throw badRequest('LK_CREDENTIAL_MAX', {}, 'owners')
        if (!(await addApplicationOwner(trx, { tenantId, ownedId: target.id, ownedType: target.type, ...owner }))) throw badRequest('LK_REFERENCE_EXISTS', { property: 'owners' }, 'owners')
        await noteChange(trx, tenantId, target.type, target.id)
        await auditApplication(app, trx, who, `Add owner to ${wordOf(target.type)}`, changed(target), [{ name: 'Owner', before: null, after: owner.ownerId }])
      })
      return reply.code(204).send()
    })

    server.delete(`${path}/:member/$ref`, { config: { access: permitted('DELETE', `/${collection}/{id}/owners/{id}`), surface: 'graph' }, schema: { params: KeyAndMember } }, async (request, reply) => {
      await app.db.transaction().execute(async trx => {
        const who = await changing(app, trx, request)
        const { tenantId } = who.caller
        const target = await requireTarget(trx, tenantId, collection, request.params.id)
        await requireManaging(trx, who, target)
        const ownerId = request.params.member.toLowerCase()
        if (!(await removeApplicationOwner(trx, tenantId, target.id, ownerId))) throw nothingThere(ownerId)
        await noteChange(trx, tenantId, target.type, target.id)
        await auditApplication(app, trx, who, `Remove owner from ${wordOf(target.type)}`, changed(target), [{ name: 'Owner', before: ownerId, after: null }])
      })
      return reply.code(204).send()
    })
  }
}

const wordOf = (type: 'application' | 'servicePrincipal') => (type === 'application' ? 'application' : 'service principal')
const changed = ({ type, id, displayName }: { type: 'application' | 'servicePrincipal'; id: string; displayName: string }) =>
  ({ type: type === 'application' ? 'Application' : 'ServicePrincipal', id, displayName }) as const

async function ownersPage(app: App, request: FastifyRequest, collection: 'applications' | 'servicePrincipals') {
  const { caller } = await reading(app, request)
  const query = readQuery(request, { selectable })
  const target = await requireTarget(app.db, caller.tenantId, collection, (request.params as { id: string }).id)
  const paged = { request, caller, name: `${collection}/${target.id}/owners`, query }
  const owners = (await listApplicationOwners(app.db, caller.tenantId, target.id)).map(one => ({ ...one, id: one.ownerId, tenantId: caller.tenantId }))
  return { paged, page: cutById(owners, startOf(app, paged)?.[0], query.top) }
}

/** Those who have been deleted since are left out. */
async function shapeOwners(db: Db, request: FastifyRequest, app: App, owners: readonly (Owner & { tenantId: string })[]): Promise<Record<string, unknown>[]> {
  const tenantId = owners[0]?.tenantId
  if (tenantId === undefined) return []
  const programs = await findServicePrincipals(db, tenantId, owners.filter(one => one.ownerType === 'servicePrincipal').map(one => one.ownerId))
  const shaped = new Map((await shapeServicePrincipals(db, tenantId, programs, { withHints: () => false, origins: ownOrigins(app, request) })).map(one => [one['id'] as string, one]))
  const found: (Record<string, unknown> | undefined)[] = []
  for (const { ownerId, ownerType } of owners) {
    const program = shaped.get(ownerId)
    found.push(ownerType === 'user' ? await shapePerson(db, tenantId, ownerId) : program && { '@odata.type': '#microsoft.graph.servicePrincipal', ...program })
  }
  return found.filter(one => one !== undefined)
}

/** Who somebody is, and nothing by which they could be reached (T-84). */
async function shapePerson(db: Db, tenantId: string, id: string): Promise<Record<string, unknown> | undefined> {
  const user = await findUser(db, tenantId, id)
  if (!user) return undefined
  const { displayName, givenName, surname, mail, jobTitle, officeLocation, preferredLanguage, userPrincipalName, accountEnabled } = user
  return { '@odata.type': '#microsoft.graph.user', id, displayName, givenName, surname, mail, jobTitle, officeLocation, preferredLanguage, userPrincipalName, accountEnabled }
}

/** Somebody, or a program, of this tenant (T-43). */
async function requireOwner(trx: Db, tenantId: string, reference: string): Promise<Owner> {
  const id = idOfReference(reference, 'owners')
  if (await findUser(trx, tenantId, id)) return { ownerId: id, ownerType: 'user' }
  if (await findServicePrincipal(trx, tenantId, id)) return { ownerId: id, ownerType: 'servicePrincipal' }
  throw nothingThere(id)
}
