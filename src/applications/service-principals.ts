/** Service principals: reading, creating, changing, deleting (graph §4). */
import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { replaceKeys, requireEchoOfPasswords } from '../credentials/app-credentials.ts'
import type { CredentialOwner } from '../credentials/app-credentials.ts'
import { Refusal } from '../refusal.ts'
import { applicationRoles, mayManageApp } from '../rules/app-reach.ts'
import { emptyServicePrincipal } from '../rules/application-document.ts'
import { azureCliAppId, firstParty } from '../rules/first-party.ts'
import { holdsRole } from '../rules/roles.ts'
import { reason } from '../rules/verdict.ts'
import { searchedByName, servicePrincipalFilters, servicePrincipalResource } from '../store/application-properties.ts'
import { addApplicationOwner } from '../store/application-owners.ts'
import { findApplicationByAppId, noteClientChange } from '../store/applications.ts'
import { noteChange } from '../store/changes.ts'
import { softDeleteServicePrincipal } from '../store/deleted-applications.ts'
import { countOf, pageOf } from '../store/directory-pages.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { shownName } from '../store/names.ts'
import { findServicePrincipalByAppId, insertServicePrincipal, lockServicePrincipal, parseServicePrincipal, updateServicePrincipal } from '../store/service-principals.ts'
import { odataContext } from '../graph/answers.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { badRequest, callerId } from '../graph/deciding.ts'
import { readQuery, requireConsistency } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { appOf, keysIn } from './application-writes.ts'
import { AsGraphHasIt, Key, PatchServicePrincipal, PostServicePrincipal, largeBody } from './application-schema.ts'
import type { ServicePrincipalPatch } from './application-schema.ts'
import { auditApplication, differences } from './audit-application.ts'
import { nothingThere, requireServicePrincipal } from './find-target.ts'
import { actorTowards, changing, hintsFor, ownOrigins, reading, requireImpersonating, requireManaging, requireReach } from './managing.ts'
import { mergeServicePrincipal } from './merge-application.ts'
import { servicePrincipalProperties, shapeServicePrincipals } from './service-principal-shape.ts'

const offerOf = (origins: readonly string[]) => ({
  selectable: servicePrincipalProperties, filterable: servicePrincipalFilters(origins), searchable: searchedByName, orderable: ['displayName'], countable: true,
})
const one = { selectable: servicePrincipalProperties, pageable: false } as const
const ServicePrincipal = AsGraphHasIt('servicePrincipal')

export function servicePrincipalRoutes(server: Server, app: App): void {
  const reads = { access: permitted('GET', '/servicePrincipals'), surface: 'graph' } as const

  server.get('/v1.0/servicePrincipals', { config: reads, schema: { response: { 200: AsGraphHasIt('servicePrincipals') } } }, async request => {
    const who = await reading(app, request)
    const { tenantId } = who.caller
    const origins = ownOrigins(app, request)
    const resource = servicePrincipalResource(origins)
    const query = readQuery(request, offerOf(origins))
    const paged = { request, caller: who.caller, name: 'servicePrincipals', query }
    const orderBy = query.orderBy ? { column: 'displayNameLower', descending: query.orderBy.descending } : undefined
    const { rows, next } = await pageOf(app.db, resource, { tenantId, filter: query.filter, after: startOf(app, paged), top: query.top, orderBy })
    const withHints = await hintsFor(app.db, who, rows.map(row => row.id))
    const value = await shapeServicePrincipals(app.db, tenantId, rows.map(parseServicePrincipal), { withHints, origins, select: query.select })
    return answerCollection(app, paged, 'servicePrincipals', { value, next, count: () => countOf(app.db, resource, { tenantId, filter: query.filter }) })
  })

  server.get('/v1.0/servicePrincipals/$count', { config: reads }, async (request, reply) => {
    const { caller } = await reading(app, request)
    requireConsistency(request)
    const origins = ownOrigins(app, request)
    const { filter } = readQuery(request, { ...offerOf(origins), countable: false, pageable: false })
    return reply.type('text/plain').send(String(await countOf(app.db, servicePrincipalResource(origins), { tenantId: caller.tenantId, filter })))
  })

  server.get('/v1.0/servicePrincipals/:id', {
    config: { access: permitted('GET', '/servicePrincipals/{id}'), surface: 'graph' }, schema: { params: Key, response: { 200: ServicePrincipal } },
  }, async request => {
    const who = await reading(app, request)
    const query = readQuery(request, one)
    const row = await requireServicePrincipal(app.db, who.caller.tenantId, request.params.id)
    const showing = {
      withHints: await hintsFor(app.db, who, [row.id]), withKeys: query.select?.includes('keyCredentials') ?? false, select: query.select, origins: ownOrigins(app, request),
    }
    const [shaped] = await shapeServicePrincipals(app.db, who.caller.tenantId, [row], showing)
    return { '@odata.context': odataContext(request, query.select ? `servicePrincipals(${query.select.join(',')})/$entity` : 'servicePrincipals/$entity'), ...shaped }
  })

  server.post('/v1.0/servicePrincipals', {
    config: { access: permitted('POST', '/servicePrincipals'), surface: 'graph' }, bodyLimit: largeBody, schema: { body: PostServicePrincipal, response: { 201: ServicePrincipal } },
  }, async (request, reply) => {
    const { appId, ...body } = request.body
    const { id, tenantId } = await asTaken(appId, app.db.transaction().execute(trx => createServicePrincipal(app, trx, request, appId.toLowerCase(), body)))
    const [shaped] = await shapeServicePrincipals(app.db, tenantId, [await requireServicePrincipal(app.db, tenantId, id)], { withHints: () => true, origins: ownOrigins(app, request) })
    reply.code(201)
    return { '@odata.context': odataContext(request, 'servicePrincipals/$entity'), ...shaped }
  })

  server.patch('/v1.0/servicePrincipals/:id', {
    config: { access: permitted('PATCH', '/servicePrincipals/{id}'), surface: 'graph' }, bodyLimit: largeBody, schema: { params: Key, body: PatchServicePrincipal },
  }, async (request, reply) => {
    await app.db.transaction().execute(trx => changeServicePrincipal(app, trx, request, request.params.id, request.body))
    return reply.code(204).send()
  })

  server.delete('/v1.0/servicePrincipals/:id', { config: { access: permitted('DELETE', '/servicePrincipals/{id}'), surface: 'graph' }, schema: { params: Key } }, async (request, reply) => {
    await app.db.transaction().execute(async trx => {
      const who = await changing(app, trx, request)
      const { tenantId } = who.caller
      const row = await requireServicePrincipal(trx, tenantId, request.params.id)
      const application = await findApplicationByAppId(trx, tenantId, row.appId)
      await requireManaging(trx, who, { appId: row.appId, applicationId: application?.id ?? null, servicePrincipalId: row.id })
      if (!(await softDeleteServicePrincipal(trx, tenantId, row.id, app.now()))) throw nothingThere(row.id)
      await noteClientChange(app, trx, tenantId, row.appId)
      await auditApplication(app, trx, who, 'Remove service principal', { type: 'ServicePrincipal', id: row.id, displayName: row.displayName })
    })
    return reply.code(204).send()
  })
}

async function createServicePrincipal(app: App, trx: Db, request: FastifyRequest, appId: string, body: ServicePrincipalPatch): Promise<{ id: string; tenantId: string }> {
  const who = await changing(app, trx, request)
  const { tenantId } = who.caller
  const application = firstParty(appId) ? undefined : await findApplicationByAppId(trx, tenantId, appId)
  if (!application) {
    if (await findServicePrincipalByAppId(trx, tenantId, appId)) throw taken(appId)
    throw new Refusal(400, [reason('LK_NO_SUCH_APPLICATION', { appId })], { field: 'appId' })
  }
  const actor = await actorTowards(trx, who, application.id)
  // With permission to make applications a program may give them their principal; it owns what it has made.
  if (who.caller.kind === 'user') requireReach(mayManageApp(actor))
  else if (!actor.owns && !actor.permissions.some(one => one === 'Application.ReadWrite.All' || one === 'Directory.ReadWrite.All')) requireReach(mayManageApp(actor))
  if (await findServicePrincipalByAppId(trx, tenantId, appId)) throw taken(appId)
  const [id, createdDateTime, displayName] = [randomUUID(), app.now(), application.displayName]
  if (body.passwordCredentials?.length) throw badRequest('LK_SECRET_CHOSEN', {}, 'passwordCredentials')
  await insertServicePrincipal(trx, {
    tenantId, id, appId, displayName, accountEnabled: body.accountEnabled ?? true, document: mergeServicePrincipal(emptyServicePrincipal, body), createdDateTime, createdByAppId: appOf(who),
  })
  if (who.caller.kind === 'application' || !holdsRole(who.facts.roles, ...applicationRoles)) {
    await addApplicationOwner(trx, { tenantId, ownedId: id, ownedType: 'servicePrincipal', ownerId: callerId(who.caller), ownerType: who.caller.kind === 'user' ? 'user' : 'servicePrincipal' })
  }
  await noteChange(trx, tenantId, 'servicePrincipal', id)
  await noteClientChange(app, trx, tenantId, appId)
  await auditApplication(app, trx, who, 'Add service principal', { type: 'ServicePrincipal', id, displayName }, [{ name: 'AppId', before: null, after: appId }])
  if (body.keyCredentials?.length) await replaceKeys(app, trx, { tenantId, id, type: 'servicePrincipal', appId, displayName, createdDateTime }, keysIn(body), who.by)
  return { id, tenantId }
}

async function changeServicePrincipal(app: App, trx: Db, request: FastifyRequest, written: string, body: ServicePrincipalPatch): Promise<void> {
  const who = await changing(app, trx, request)
  const { tenantId } = who.caller
  const { id } = await requireServicePrincipal(trx, tenantId, written)
  await lockServicePrincipal(trx, tenantId, id)
  const row = await requireServicePrincipal(trx, tenantId, id)
  const application = await findApplicationByAppId(trx, tenantId, row.appId)
  const managed = { appId: row.appId, applicationId: application?.id ?? null, servicePrincipalId: id }
  // Of what is built in, the command line alone can be switched off and on: without Graph nobody could switch it on again.
  if (row.appId === azureCliAppId && Object.keys(body).every(name => name === 'accountEnabled' || name === 'appRoleAssignmentRequired')) {
    requireReach(mayManageApp(await actorTowards(trx, who, id)))
  } else await requireManaging(trx, who, managed)
  const names = [row.appId, ...(application?.identifierUris ?? [])]
  if (body.servicePrincipalNames && !sameSet(body.servicePrincipalNames, names)) throw badRequest('LK_FIELD_INVALID', { field: 'servicePrincipalNames' }, 'servicePrincipalNames')
  const owner: CredentialOwner = { tenantId, id, type: 'servicePrincipal', appId: row.appId, displayName: row.displayName, createdDateTime: row.createdDateTime }
  if (body.passwordCredentials) await requireEchoOfPasswords(trx, owner, body.passwordCredentials)
  if (body.keyCredentials) {
    if (body.keyCredentials.some(entry => entry.key)) await requireImpersonating(trx, who, managed)
    await replaceKeys(app, trx, owner, keysIn(body), who.by)
  }
  const next = {
    displayName: body.displayName === undefined ? row.displayName : shownName(body.displayName) || row.displayName, accountEnabled: body.accountEnabled ?? row.accountEnabled,
    document: mergeServicePrincipal(row.document, body),
  }
  const changes = differences({ displayName: row.displayName, accountEnabled: row.accountEnabled, ...row.document }, { displayName: next.displayName, accountEnabled: next.accountEnabled, ...next.document })
  if (changes.length === 0) return
  await updateServicePrincipal(trx, tenantId, id, next)
  await noteChange(trx, tenantId, 'servicePrincipal', id)
  await noteClientChange(app, trx, tenantId, row.appId)
  await auditApplication(app, trx, who, 'Update service principal', { type: 'ServicePrincipal', id, displayName: next.displayName }, changes)
}

const sameSet = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every(name => b.some(other => other.toLowerCase() === name.toLowerCase()))

/** Not 400 as other clashes: clients look for this number here (graph §2.3). */
const taken = (appId: string): Refusal =>
  new Refusal(409, [reason('LK_SERVICE_PRINCIPAL_EXISTS', { appId, graphCode: 'Request_MultipleObjectsWithSameKeyValue' })], { field: 'appId' })

async function asTaken<T>(appId: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isUniqueViolation(error)) throw taken(appId)
    throw error
  }
}
