/** defaultAppManagementPolicy and appManagementPolicies: the tenant's limits for credentials of programs (graph §1, §2.3). */
import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { Refusal } from '../refusal.ts'
import { applicationRoles } from '../rules/app-reach.ts'
import { durationOf, keyRestrictions, passwordRestrictions } from '../rules/app-management-policy.ts'
import type { Restriction, Restrictions } from '../rules/app-management-policy.ts'
import { roles } from '../rules/roles.ts'
import { reason } from '../rules/verdict.ts'
import { defaultPolicyId, deleteManagementPolicy, findManagementPolicy, linkManagementPolicy, listManagementPolicies, listPolicyLinks, noRestrictions, policyLinkedTo, saveManagementPolicy, unlinkManagementPolicy } from '../store/app-management-policies.ts'
import type { PolicyRow } from '../store/app-management-policies.ts'
import { findApplications } from '../store/applications.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { findServicePrincipals } from '../store/service-principals.ts'
import { Nullable, odataContext } from '../graph/answers.ts'
import { badRequest, requireRole } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { AsGraphHasIt, Key, KeyAndMember } from './application-schema.ts'
import { shapeApplications } from './application-shape.ts'
import { auditApplication, differences } from './audit-application.ts'
import { nothingThere, requireTarget } from './find-target.ts'
import { readInstant, plainInstant } from './instants.ts'
import { changing, hintsFor, ownOrigins, reading } from './managing.ts'
import { shapeServicePrincipals } from './service-principal-shape.ts'

const Annotation = Type.Optional(Type.String({ maxLength: 100 }))
const restriction = (types: readonly string[]) => Type.Object({
  '@odata.type': Annotation, restrictionType: Type.Union(types.map(one => Type.Literal(one))), state: Type.Optional(Type.Union([Type.Literal('enabled'), Type.Literal('disabled')])),
  maxLifetime: Type.Optional(Nullable(Type.String({ maxLength: 40 }))), restrictForAppsCreatedAfterDateTime: Type.Optional(Nullable(Type.String({ maxLength: 40 }))), excludeActors: Type.Optional(Type.Null()),
}, { additionalProperties: false })
const BodyRestrictions = Type.Object({
  '@odata.type': Annotation, passwordCredentials: Type.Optional(Type.Array(restriction(passwordRestrictions), { maxItems: 10 })),
  keyCredentials: Type.Optional(Type.Array(restriction(keyRestrictions), { maxItems: 10 })), applicationRestrictions: Type.Optional(Type.Null()), identifierUris: Type.Optional(Type.Null()),
}, { additionalProperties: false })
type BodyRestrictions = Static<typeof BodyRestrictions>

const common = { '@odata.type': Annotation, displayName: Type.Optional(Type.String({ minLength: 1, maxLength: 256 })), description: Type.Optional(Nullable(Type.String({ maxLength: 1024 }))), isEnabled: Type.Optional(Type.Boolean()) }
const PatchDefault = Type.Object({ ...common, applicationRestrictions: Type.Optional(Nullable(BodyRestrictions)), servicePrincipalRestrictions: Type.Optional(Nullable(BodyRestrictions)) }, { additionalProperties: false })
const Post = Type.Object({ ...common, displayName: Type.String({ minLength: 1, maxLength: 256 }), restrictions: Type.Optional(Nullable(BodyRestrictions)) }, { additionalProperties: false })
const Patch = Type.Object({ ...common, restrictions: Type.Optional(Nullable(BodyRestrictions)) }, { additionalProperties: false })
const Reference = Type.Object({ '@odata.id': Type.String({ maxLength: 500 }) }, { additionalProperties: false })

const writers = [...applicationRoles, roles.securityAdministrator] as const
const readers = [...writers, roles.globalReader, roles.securityReader] as const
const Policy = AsGraphHasIt('appManagementPolicy')

export function managementPolicyRoutes(server: Server, app: App): void {
  const path = '/v1.0/policies/appManagementPolicies'
  const line = (method: string, at: string) => ({ access: permitted(method, at), surface: 'graph' }) as const

  server.get('/v1.0/policies/defaultAppManagementPolicy', { config: line('GET', '/policies/defaultAppManagementPolicy'), schema: { response: { 200: Policy } } }, async request => {
    const { caller, facts } = await reading(app, request)
    requireRole(facts, ...readers)
    readQuery(request, { selectable: [], pageable: false })
    const row = await findManagementPolicy(app.db, caller.tenantId, defaultPolicyId)
    return { '@odata.context': odataContext(request, 'policies/defaultAppManagementPolicy/$entity'), ...shapeDefault(row ?? blankDefault(caller.tenantId)) }
  })

  server.patch('/v1.0/policies/defaultAppManagementPolicy', { config: line('PATCH', '/policies/defaultAppManagementPolicy'), schema: { body: PatchDefault } }, async (request, reply) => {
    await app.db.transaction().execute(async trx => {
      const who = await changing(app, trx, request)
      requireRole(who.facts, ...writers)
      const before = (await findManagementPolicy(trx, who.caller.tenantId, defaultPolicyId)) ?? blankDefault(who.caller.tenantId)
      const { applicationRestrictions, servicePrincipalRestrictions, '@odata.type': _, ...plain } = request.body
      await save(app, trx, who, before, {
        ...before, ...plain, restrictions: {
          application: applicationRestrictions === undefined ? before.restrictions.application : readRestrictions(applicationRestrictions, 'applicationRestrictions'),
          servicePrincipal: servicePrincipalRestrictions === undefined ? before.restrictions.servicePrincipal : readRestrictions(servicePrincipalRestrictions, 'servicePrincipalRestrictions'),
        },
      })
    })
    return reply.code(204).send()
  })

  server.get(path, { config: line('GET', '/policies/appManagementPolicies'), schema: { response: { 200: AsGraphHasIt('appManagementPolicies') } } }, async request => {
    const { caller, facts } = await reading(app, request)
    requireRole(facts, ...readers)
    readQuery(request, { selectable: [] })
    return { '@odata.context': odataContext(request, 'policies/appManagementPolicies'), value: (await listManagementPolicies(app.db, caller.tenantId)).map(shape) }
  })

  server.get(`${path}/:id`, { config: line('GET', '/policies/appManagementPolicies/{id}'), schema: { params: Key, response: { 200: Policy } } }, async request => {
    const { caller, facts } = await reading(app, request)
    requireRole(facts, ...readers)
    readQuery(request, { selectable: [], pageable: false })
    return answer(request, await requirePolicy(app.db, caller.tenantId, request.params.id))
  })

  server.post(path, { config: line('POST', '/policies/appManagementPolicies'), schema: { body: Post, response: { 201: Policy } } }, async (request, reply) => {
    const row = await app.db.transaction().execute(async trx => {
      const who = await changing(app, trx, request)
      requireRole(who.facts, ...writers)
      if ((await listManagementPolicies(trx, who.caller.tenantId)).length >= 100) throw badRequest('LK_CREDENTIAL_MAX', {}, 'appManagementPolicies')
      const { restrictions, '@odata.type': _, ...plain } = request.body
      const both = readRestrictions(restrictions ?? null, 'restrictions')
      const made = { tenantId: who.caller.tenantId, id: randomUUID(), description: null, isEnabled: false, ...plain, restrictions: { application: both, servicePrincipal: both } }
      await save(app, trx, who, undefined, made)
      return made
    })
    reply.code(201)
    return answer(request, row)
  })

  server.patch(`${path}/:id`, { config: line('PATCH', '/policies/appManagementPolicies/{id}'), schema: { params: Key, body: Patch } }, async (request, reply) => {
    await app.db.transaction().execute(async trx => {
      const who = await changing(app, trx, request)
      requireRole(who.facts, ...writers)
      const before = await requirePolicy(trx, who.caller.tenantId, request.params.id)
      const { restrictions, '@odata.type': _, ...plain } = request.body
      const both = restrictions === undefined ? undefined : readRestrictions(restrictions, 'restrictions')
      await save(app, trx, who, before, { ...before, ...plain, ...(both ? { restrictions: { application: both, servicePrincipal: both } } : {}) })
    })
    return reply.code(204).send()
  })

  server.delete(`${path}/:id`, { config: line('DELETE', '/policies/appManagementPolicies/{id}'), schema: { params: Key } }, async (request, reply) => {
    await app.db.transaction().execute(async trx => {
      const who = await changing(app, trx, request)
      requireRole(who.facts, ...writers)
      const before = await requirePolicy(trx, who.caller.tenantId, request.params.id)
      if (!(await deleteManagementPolicy(trx, before.tenantId, before.id))) throw nothingThere(before.id)
      await auditApplication(app, trx, who, 'Delete policy', policyTarget(before), [], { category: 'Policy' })
    })
    return reply.code(204).send()
  })

  server.get(`${path}/:id/appliesTo`, { config: line('GET', '/policies/appManagementPolicies/{id}/appliesTo'), schema: { params: Key, response: { 200: AsGraphHasIt('directoryObjects') } } }, async request => {
    const who = await reading(app, request)
    requireRole(who.facts, ...readers)
    readQuery(request, { selectable: [] })
    const { tenantId } = who.caller
    const policy = await requirePolicy(app.db, tenantId, request.params.id)
    const ids = (await listPolicyLinks(app.db, tenantId, policy.id)).map(one => one.objectId)
    const showing = { withHints: await hintsFor(app.db, who, ids), origins: ownOrigins(app, request) }
    const value = [
      ...(await shapeApplications(app.db, tenantId, await findApplications(app.db, tenantId, ids), showing)).map(one => ({ '@odata.type': '#microsoft.graph.application', ...one })),
      ...(await shapeServicePrincipals(app.db, tenantId, await findServicePrincipals(app.db, tenantId, ids), showing)).map(one => ({ '@odata.type': '#microsoft.graph.servicePrincipal', ...one })),
    ]
    return { '@odata.context': odataContext(request, 'directoryObjects'), value }
  })

  linkRoutes(server, app)
}

/** Which policy an application or service principal follows. */
function linkRoutes(server: Server, app: App): void {
  for (const collection of ['applications', 'servicePrincipals'] as const) {
    const path = `/v1.0/${collection}/:id/appManagementPolicies` as const
    const line = (method: string, more = '') => ({ access: permitted(method, `/${collection}/{id}/appManagementPolicies${more}`), surface: 'graph' }) as const

    server.get(path, { config: line('GET'), schema: { params: Key, response: { 200: AsGraphHasIt('appManagementPolicies') } } }, async request => {
      const { caller, facts } = await reading(app, request)
      requireRole(facts, ...readers)
      readQuery(request, { selectable: [] })
      const target = await requireTarget(app.db, caller.tenantId, collection, request.params.id)
      const row = await policyLinkedTo(app.db, caller.tenantId, target.id)
      return { '@odata.context': odataContext(request, `${collection}('${target.id}')/appManagementPolicies`), value: row ? [shape(row)] : [] }
    })

    server.post(`${path}/$ref`, { config: line('POST'), schema: { params: Key, body: Reference } }, async (request, reply) => {
      await asTaken(app.db.transaction().execute(async trx => {
        const who = await changing(app, trx, request)
        requireRole(who.facts, ...writers)
        const target = await requireTarget(trx, who.caller.tenantId, collection, request.params.id)
        const id = /\/policies\/appManagementPolicies\/([0-9a-f-]{36})$/i.exec(request.body['@odata.id'])?.[1]
        if (id === undefined) throw badRequest('LK_REFERENCE_INVALID', { property: 'appManagementPolicies', example: 'https://graph.microsoft.com/v1.0/policies/appManagementPolicies/{id}' }, '@odata.id')
        const policy = await requirePolicy(trx, who.caller.tenantId, id)
        await linkManagementPolicy(trx, { tenantId: policy.tenantId, policyId: policy.id, objectId: target.id, objectType: target.type })
        await auditApplication(app, trx, who, 'Add policy to service principal', policyTarget(policy), [{ name: 'TargetObject', before: null, after: target.id }], { category: 'Policy' })
      }))
      return reply.code(204).send()
    })

    server.delete(`${path}/:member/$ref`, { config: line('DELETE', '/{id}'), schema: { params: KeyAndMember } }, async (request, reply) => {
      await app.db.transaction().execute(async trx => {
        const who = await changing(app, trx, request)
        requireRole(who.facts, ...writers)
        const target = await requireTarget(trx, who.caller.tenantId, collection, request.params.id)
        const policyId = request.params.member.toLowerCase()
        if (!(await unlinkManagementPolicy(trx, who.caller.tenantId, policyId, target.id))) throw nothingThere(policyId)
        await auditApplication(app, trx, who, 'Remove policy from service principal', { type: 'Policy', id: policyId, displayName: '' }, [{ name: 'TargetObject', before: target.id, after: null }], { category: 'Policy' })
      })
      return reply.code(204).send()
    })
  }
}

const blankDefault = (tenantId: string): PolicyRow => ({
  tenantId, id: defaultPolicyId, displayName: 'Default app management tenant policy', description: 'Restrictions that apply to applications and service principals of this organisation.',
  isEnabled: false, restrictions: noRestrictions,
})

const policyTarget = ({ id, displayName }: Pick<PolicyRow, 'id' | 'displayName'>) => ({ type: 'Policy', id, displayName }) as const

async function requirePolicy(db: Db, tenantId: string, written: string): Promise<PolicyRow> {
  const id = written.toLowerCase()
  const row = id === defaultPolicyId ? undefined : await findManagementPolicy(db, tenantId, id)
  if (!row) throw nothingThere(written)
  return row
}

async function save(app: App, trx: Db, who: Parameters<typeof auditApplication>[2], before: PolicyRow | undefined, next: PolicyRow): Promise<void> {
  await saveManagementPolicy(trx, next)
  await auditApplication(app, trx, who, before ? 'Update policy' : 'Add policy', policyTarget(next), differences(before ?? {}, next), { category: 'Policy' })
}

/** @throws Refusal 400 for a lifetime that is missing or cannot be read */
function readRestrictions(body: BodyRestrictions | null, field: string): Restrictions {
  const rows = (list: BodyRestrictions['passwordCredentials'] | BodyRestrictions['keyCredentials'], part: string): Restriction[] => (list ?? []).map((one, index) => {
    const at = `${field}.${part}[${index}]`
    const restrictionType = String(one.restrictionType)
    const timed = restrictionType.endsWith('Lifetime')
    const maxLifetime = one.maxLifetime ?? null
    if (restrictionType === 'trustedCertificateAuthority') throw badRequest('LK_FIELD_INVALID', { field: `${at}.restrictionType` }, `${at}.restrictionType`)
    if (timed !== (maxLifetime !== null) || (maxLifetime !== null && durationOf(maxLifetime) === undefined)) throw badRequest('LK_FIELD_INVALID', { field: `${at}.maxLifetime` }, `${at}.maxLifetime`)
    const after = readInstant(one.restrictForAppsCreatedAfterDateTime, `${at}.restrictForAppsCreatedAfterDateTime`) ?? null
    return { restrictionType, state: one.state ?? 'enabled', maxLifetime, restrictForAppsCreatedAfterDateTime: after }
  })
  return { passwordCredentials: rows(body?.passwordCredentials, 'passwordCredentials'), keyCredentials: rows(body?.keyCredentials, 'keyCredentials') }
}

const shapeRestrictions = ({ passwordCredentials, keyCredentials }: Restrictions) => {
  const rows = (list: readonly Restriction[]) => list.map(one => ({
    restrictionType: one.restrictionType, maxLifetime: one.maxLifetime, state: one.state,
    restrictForAppsCreatedAfterDateTime: one.restrictForAppsCreatedAfterDateTime === null ? null : plainInstant(one.restrictForAppsCreatedAfterDateTime),
  }))
  return { passwordCredentials: rows(passwordCredentials), keyCredentials: rows(keyCredentials) }
}

const head = ({ id, displayName, description, isEnabled }: PolicyRow) => ({ id, deletedDateTime: null, displayName, description, isEnabled })
const shape = (row: PolicyRow) => ({ ...head(row), restrictions: shapeRestrictions(row.restrictions.application) })
const shapeDefault = (row: PolicyRow) => ({
  ...head(row), applicationRestrictions: shapeRestrictions(row.restrictions.application), servicePrincipalRestrictions: shapeRestrictions(row.restrictions.servicePrincipal),
})
const answer = (request: FastifyRequest, row: PolicyRow) => ({ '@odata.context': odataContext(request, 'policies/appManagementPolicies/$entity'), ...shape(row) })

async function asTaken<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isUniqueViolation(error)) throw new Refusal(400, [reason('LK_REFERENCE_EXISTS', { property: 'appManagementPolicies' })], { field: '@odata.id' })
    throw error
  }
}
