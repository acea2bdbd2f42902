/** oauth2PermissionGrants: what clients may do in people's names (graph §4). */
import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { Refusal } from '../refusal.ts'
import { mayGrantDelegation } from '../rules/app-reach.ts'
import { reason } from '../rules/verdict.ts'
import { noteClientChange } from '../store/applications.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { findGrant, insertGrant, listGrants, removeGrant, scopesIn, updateGrant } from '../store/grants.ts'
import type { PermissionGrant } from '../store/grants.ts'
import { findResourceById } from '../store/resources.ts'
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
import { Key } from './application-schema.ts'
import { auditApplication } from './audit-application.ts'
import { nothingThere, requireServicePrincipal } from './find-target.ts'
import { actorTowards, changing, reading, requireReach } from './managing.ts'
import type { Asking } from './managing.ts'
import type { FastifyRequest } from 'fastify'

const Shape = Type.Object({
  clientId: Type.String(), consentType: Type.String(), id: Type.String(), principalId: Nullable(Type.String()), resourceId: Type.String(), scope: Nullable(Type.String()),
})
const guid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' })
const Annotation = Type.Optional(Type.String({ maxLength: 100 }))
/** Times of an older version, which still send them (az); a grant has none. */
const ofBefore = Type.Optional(Nullable(Type.String({ maxLength: 40 })))
const Post = Type.Object({
  '@odata.type': Annotation, clientId: guid, consentType: Type.Union([Type.Literal('AllPrincipals'), Type.Literal('Principal')]), principalId: Type.Optional(Nullable(guid)), resourceId: guid,
  scope: Type.Optional(Nullable(Type.String({ maxLength: 3850 }))), startTime: ofBefore, expiryTime: ofBefore,
}, { additionalProperties: false })
const Patch = Type.Object({ '@odata.type': Annotation, scope: Type.Optional(Nullable(Type.String({ maxLength: 3850 }))) }, { additionalProperties: false })

const offer = { selectable: Object.keys(Shape.properties), filterable: { clientId: ['eq'], resourceId: ['eq'], principalId: ['eq'], consentType: ['eq'] } } as const

export function permissionGrantRoutes(server: Server, app: App): void {
  const line = (method: string, path = '/oauth2PermissionGrants') => ({ access: permitted(method, path), surface: 'graph' }) as const
  const Page = collectionOf(Type.Partial(Shape))

  server.get('/v1.0/oauth2PermissionGrants', { config: line('GET'), schema: { response: { 200: Page } } }, request => page(app, request, 'oauth2PermissionGrants', {}))

  server.get('/v1.0/servicePrincipals/:id/oauth2PermissionGrants', { config: line('GET', '/servicePrincipals/{id}/oauth2PermissionGrants'), schema: { params: Key, response: { 200: Page } } }, async request => {
    const { caller } = await reading(app, request)
    return page(app, request, 'oauth2PermissionGrants', { clientId: (await requireServicePrincipal(app.db, caller.tenantId, request.params.id)).id })
  })

  server.get('/v1.0/users/:id/oauth2PermissionGrants', { config: line('GET', '/users/{id}/oauth2PermissionGrants'), schema: { params: Key, response: { 200: Page } } }, async request => {
    const { caller } = await reading(app, request)
    return page(app, request, 'oauth2PermissionGrants', { principalId: (await requireUser(app.db, caller.tenantId, request.params.id)).id })
  })

  server.get('/v1.0/me/oauth2PermissionGrants', { config: line('GET', '/me/oauth2PermissionGrants'), schema: { response: { 200: Page } } }, async request =>
    page(app, request, 'oauth2PermissionGrants', { principalId: callerId((await reading(app, request)).caller) }))

  server.get('/v1.0/oauth2PermissionGrants/:id', { config: line('GET', '/oauth2PermissionGrants/{id}'), schema: { params: Key, response: { 200: entityOf(Shape) } } }, async request => {
    const { caller } = await reading(app, request)
    readQuery(request, { selectable: [], pageable: false })
    return answer(request, await requireGrant(app.db, caller.tenantId, request.params.id))
  })

  server.post('/v1.0/oauth2PermissionGrants', { config: line('POST'), schema: { body: Post, response: { 201: entityOf(Shape) } } }, async (request, reply) => {
    const body = request.body
    const grant = await asGrantedAlready(app.db.transaction().execute(async trx => {
      const who = await changing(app, trx, request)
      requireReach(mayGrantDelegation(await actorTowards(trx, who)))
      const made = await newGrant(app, trx, who, { ...body, clientId: body.clientId.toLowerCase(), resourceId: body.resourceId.toLowerCase(), principalId: body.principalId?.toLowerCase() ?? null }, request)
      await insertGrant(trx, made)
      await changed(app, trx, who, made, undefined, made.scope)
      return made
    }))
    reply.code(201)
    return answer(request, grant)
  })

  server.patch('/v1.0/oauth2PermissionGrants/:id', { config: line('PATCH', '/oauth2PermissionGrants/{id}'), schema: { params: Key, body: Patch } }, async (request, reply) => {
    await app.db.transaction().execute(async trx => {
      const who = await changing(app, trx, request)
      requireReach(mayGrantDelegation(await actorTowards(trx, who)))
      const before = await requireGrant(trx, who.caller.tenantId, request.params.id)
      const scope = await knownScopes(app, trx, request, before, request.body.scope ?? '')
      await updateGrant(trx, before.tenantId, before.id, scope)
      await changed(app, trx, who, before, before.scope, scope)
    })
    return reply.code(204).send()
  })

  server.delete('/v1.0/oauth2PermissionGrants/:id', { config: line('DELETE', '/oauth2PermissionGrants/{id}'), schema: { params: Key } }, async (request, reply) => {
    await app.db.transaction().execute(async trx => {
      const who = await changing(app, trx, request)
      const before = await requireGrant(trx, who.caller.tenantId, request.params.id)
      // What somebody agreed to for themself they may take back.
      if (before.principalId !== callerId(who.caller)) requireReach(mayGrantDelegation(await actorTowards(trx, who)))
      if (!(await removeGrant(trx, before.tenantId, before.id))) throw nothingThere(before.id)
      await changed(app, trx, who, before, before.scope, undefined)
    })
    return reply.code(204).send()
  })
}

async function page(app: App, request: FastifyRequest, context: string, fixed: { clientId?: string; principalId?: string }) {
  const { caller } = await reading(app, request)
  const query = readQuery(request, offer)
  const paged = { request, caller, name: `${context} ${JSON.stringify(fixed)}`, query }
  const asked = { ...wanted(query.filter), ...fixed }
  const rows = asked.principalId === '' ? [] : await listGrants(app.db, { tenantId: caller.tenantId, ...asked, after: startOf(app, paged)?.[0], top: query.top })
  const value = rows.map(shape).map(row => (query.select ? Object.fromEntries(Object.entries(row).filter(([name]) => query.select!.includes(name))) : row))
  return answerCollection(app, paged, context, { value, next: rows.length === query.top ? [rows.at(-1)!.id] : undefined })
}

async function requireGrant(db: Db, tenantId: string, id: string): Promise<PermissionGrant> {
  const found = await findGrant(db, tenantId, id)
  if (!found) throw nothingThere(id)
  return found
}

async function newGrant(
  app: App, trx: Db, who: Asking, body: { clientId: string; resourceId: string; principalId: string | null; consentType: 'AllPrincipals' | 'Principal'; scope?: string | null }, request: FastifyRequest,
): Promise<PermissionGrant> {
  const { tenantId } = who.caller
  const { clientId, resourceId, consentType } = body
  const wrong = (field: string) => badRequest('LK_FIELD_INVALID', { field }, field)
  if (!(await findServicePrincipal(trx, tenantId, clientId))) throw wrong('clientId')
  if (!(await findServicePrincipal(trx, tenantId, resourceId))) throw wrong('resourceId')
  const principalId = consentType === 'Principal' ? (body.principalId ?? '') : ''
  if (consentType === 'Principal' && !(await findUser(trx, tenantId, principalId))) throw wrong('principalId')
  const scope = await knownScopes(app, trx, request, { tenantId, resourceId }, body.scope ?? '')
  return { tenantId, id: randomBytes(32).toString('base64url'), clientId, resourceId, consentType, principalId, scope, createdDateTime: app.now() }
}

/** Each once, in the order given. A scope that the resource does not offer would be a promise that nothing keeps. */
async function knownScopes(app: App, trx: Db, request: FastifyRequest, { tenantId, resourceId }: Pick<PermissionGrant, 'tenantId' | 'resourceId'>, text: string): Promise<string> {
  const resource = await findResourceById(trx, tenantId, resourceId, [request.origin])
  const offered = new Set(resource?.scopes.filter(one => one.isEnabled).map(one => one.value))
  const scopes = [...new Set(scopesIn(text))]
  const strange = scopes.find(one => !offered.has(one))
  if (strange !== undefined) throw badRequest('LK_SCOPE_UNKNOWN', { scope: strange.slice(0, 100), resource: resource?.displayName ?? '' }, 'scope')
  return scopes.join(' ')
}

const shape = ({ clientId, consentType, id, principalId, resourceId, scope }: PermissionGrant) =>
  ({ clientId, consentType, id, principalId: principalId === '' ? null : principalId, resourceId, scope })

const answer = (request: FastifyRequest, grant: PermissionGrant) => ({ '@odata.context': odataContext(request, 'oauth2PermissionGrants/$entity'), ...shape(grant) })

async function changed(app: App, trx: Db, who: Asking, grant: PermissionGrant, before: string | undefined, after: string | undefined): Promise<void> {
  const [client, resource] = [await findServicePrincipal(trx, grant.tenantId, grant.clientId), await findServicePrincipal(trx, grant.tenantId, grant.resourceId)] as [ServicePrincipalRow | undefined, ServicePrincipalRow | undefined]
  if (client) await noteClientChange(app, trx, grant.tenantId, client.appId)
  const activity = before === undefined ? 'Add delegated permission grant' : after === undefined ? 'Remove delegated permission grant' : 'Update delegated permission grant'
  await auditApplication(app, trx, who, activity, { type: 'ServicePrincipal', id: grant.resourceId, displayName: resource?.displayName ?? '' }, [
    { name: 'DelegatedPermissionGrant.Scope', before, after }, { name: 'DelegatedPermissionGrant.ConsentType', before: null, after: grant.consentType },
    { name: 'ServicePrincipal.ObjectID', before: null, after: grant.clientId }, ...(grant.principalId === '' ? [] : [{ name: 'User.ObjectID', before: null, after: grant.principalId }]),
  ])
}

function wanted(filter: Filter | undefined): { clientId?: string; resourceId?: string; principalId?: string; consentType?: string } {
  if (filter === undefined) return {}
  if (filter.kind === 'and') return { ...wanted(filter.left), ...wanted(filter.right) }
  if (filter.kind !== 'compare' || typeof filter.value !== 'string') throw badQuery('$filter', 'Request_UnsupportedQuery')
  return { [filter.property]: filter.property === 'consentType' ? filter.value : filter.value.toLowerCase() }
}

async function asGrantedAlready<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isUniqueViolation(error)) throw new Refusal(400, [reason('LK_ASSIGNMENT_EXISTS')])
    throw error
  }
}
