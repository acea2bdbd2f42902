/** federatedIdentityCredentials: tokens of another issuer in a secret's place (graph §3.1). */
import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { lockApplication, noteClientChange } from '../store/applications.ts'
import type { ApplicationRow } from '../store/applications.ts'
import { noteChange } from '../store/changes.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { deleteFederatedCredential, findFederatedCredential, insertFederatedCredential, listFederatedCredentials, updateFederatedCredential } from '../store/federated-credentials.ts'
import type { FederatedCredential } from '../store/federated-credentials.ts'
import { Nullable, collectionOf, entityOf, odataContext } from '../graph/answers.ts'
import { badRequest } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { parseKey } from '../odata-path.ts'
import { Key, KeyAndMember } from './application-schema.ts'
import { auditApplication, differences } from './audit-application.ts'
import { nothingThere, requireApplication } from './find-target.ts'
import { changing, reading, requireImpersonating, requireManaging } from './managing.ts'
import type { Asking } from './managing.ts'

const Shape = Type.Object({
  id: Type.String(), name: Type.String(), issuer: Type.String(), subject: Nullable(Type.String()), audiences: Type.Array(Type.String()), description: Nullable(Type.String()),
})
const properties = {
  issuer: Type.String({ minLength: 1, maxLength: 600 }), subject: Type.String({ minLength: 1, maxLength: 600 }),
  audiences: Type.Array(Type.String({ minLength: 1, maxLength: 600 }), { minItems: 1, maxItems: 1 }), description: Type.Optional(Nullable(Type.String({ maxLength: 600 }))),
}
const Annotation = Type.Optional(Type.String({ maxLength: 100 }))
const Post = Type.Object({ '@odata.type': Annotation, name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$' }), ...properties }, { additionalProperties: false })
const Patch = Type.Object({
  '@odata.type': Annotation, name: Type.Optional(Type.String({ maxLength: 120 })), issuer: Type.Optional(properties.issuer), subject: Type.Optional(properties.subject),
  audiences: Type.Optional(properties.audiences), description: properties.description,
}, { additionalProperties: false })

/** As many as the original allows. */
const most = 20
const selectable = Object.keys(Shape.properties)

export function federatedCredentialRoutes(server: Server, app: App): void {
  const path = '/v1.0/applications/:id/federatedIdentityCredentials'
  const line = (method: string, more = '') => ({ access: permitted(method, `/applications/{id}/federatedIdentityCredentials${more}`), surface: 'graph' }) as const

  server.get(path, { config: line('GET'), schema: { params: Key, response: { 200: collectionOf(Shape) } } }, async request => {
    const { caller } = await reading(app, request)
    readQuery(request, { selectable: [] })
    const { id } = await requireApplication(app.db, caller.tenantId, request.params.id)
    return { '@odata.context': odataContext(request, `applications('${id}')/federatedIdentityCredentials`), value: await listFederatedCredentials(app.db, caller.tenantId, id) }
  })

  server.get(`${path}/:member`, { config: line('GET', '/{id}'), schema: { params: KeyAndMember, response: { 200: entityOf(Shape) } } }, async request => {
    const { caller } = await reading(app, request)
    readQuery(request, { selectable, pageable: false })
    const { id } = await requireApplication(app.db, caller.tenantId, request.params.id)
    return answer(request, id, await requireOne(app.db, caller.tenantId, id, request.params.member))
  })

  server.post(path, { config: line('POST'), schema: { params: Key, body: Post, response: { 201: entityOf(Shape) } } }, async (request, reply) => {
    const { '@odata.type': _, ...body } = request.body
    const made = await asTaken(app.db.transaction().execute(async trx => {
      const { who, application } = await trusting(app, trx, request)
      const { tenantId } = who.caller
      const credential: FederatedCredential = { id: randomUUID(), description: null, ...body }
      requireIssuer(credential.issuer)
      if ((await listFederatedCredentials(trx, tenantId, application.id)).length >= most) throw badRequest('LK_CREDENTIAL_MAX', {}, 'federatedIdentityCredentials')
      await insertFederatedCredential(trx, tenantId, application.id, credential)
      await changed(app, trx, who, application, undefined, credential)
      return { credential, application }
    }))
    reply.code(201)
    return answer(request, made.application.id, made.credential)
  })

  server.patch(`${path}/:member`, { config: line('PATCH', '/{id}'), schema: { params: KeyAndMember, body: Patch } }, async (request, reply) => {
    const { '@odata.type': _, name, ...changes } = request.body
    await asTaken(app.db.transaction().execute(async trx => {
      const { who, application } = await trusting(app, trx, request)
      const before = await requireOne(trx, who.caller.tenantId, application.id, request.params.member)
      if (name !== undefined && name !== before.name) throw badRequest('LK_FIELD_INVALID', { field: 'name' }, 'name')
      if (changes.issuer !== undefined) requireIssuer(changes.issuer)
      await updateFederatedCredential(trx, who.caller.tenantId, before.id, changes)
      await changed(app, trx, who, application, before, { ...before, ...changes })
    }))
    return reply.code(204).send()
  })

  server.delete(`${path}/:member`, { config: line('DELETE', '/{id}'), schema: { params: KeyAndMember } }, async (request, reply) => {
    await app.db.transaction().execute(async trx => {
      const who = await changing(app, trx, request)
      const application = await requireApplication(trx, who.caller.tenantId, request.params.id)
      await requireManaging(trx, who, { appId: application.appId, applicationId: application.id, servicePrincipalId: null })
      const before = await requireOne(trx, who.caller.tenantId, application.id, request.params.member)
      if (!(await deleteFederatedCredential(trx, who.caller.tenantId, before.id))) throw nothingThere(before.id)
      await changed(app, trx, who, application, before, undefined)
    })
    return reply.code(204).send()
  })
}

/** Whoever lets another issuer speak for the program could speak for it themself (T-42). */
async function trusting(app: App, trx: Db, request: FastifyRequest): Promise<{ who: Asking; application: ApplicationRow }> {
  const who = await changing(app, trx, request)
  const application = await requireApplication(trx, who.caller.tenantId, (request.params as { id: string }).id)
  await lockApplication(trx, who.caller.tenantId, application.id)
  await requireImpersonating(trx, who, { appId: application.appId, applicationId: application.id, servicePrincipalId: null })
  return { who, application }
}

/** By id, by name, or by `(name='…')`. */
async function requireOne(db: Db, tenantId: string, applicationId: string, written: string): Promise<FederatedCredential> {
  const key = written.startsWith('(') ? (parseKey(written)?.get('name') ?? '') : written
  const found = await findFederatedCredential(db, tenantId, applicationId, key)
  if (!found) throw nothingThere(key)
  return found
}

/** Its keys are fetched over the network: nothing but https will do. */
function requireIssuer(issuer: string): void {
  if (!/^https:\/\/[^\s/?#@]+(\/[^\s?#]*)?$/.test(issuer)) throw badRequest('LK_FIELD_INVALID', { field: 'issuer' }, 'issuer')
}

const answer = (request: FastifyRequest, applicationId: string, credential: FederatedCredential) =>
  ({ '@odata.context': odataContext(request, `applications('${applicationId}')/federatedIdentityCredentials/$entity`), ...credential })

async function changed(app: App, trx: Db, who: Asking, application: ApplicationRow, before: FederatedCredential | undefined, after: FederatedCredential | undefined): Promise<void> {
  await noteChange(trx, application.tenantId, 'application', application.id)
  await noteClientChange(app, trx, application.tenantId, application.appId)
  await auditApplication(app, trx, who, 'Update application – Certificates and secrets management', { type: 'Application', id: application.id, displayName: application.displayName },
    [{ name: 'FederatedIdentityCredentials', before: before && differences(after ?? {}, before), after: after && differences(before ?? {}, after) }])
}

async function asTaken<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new Refusal(400, [reason('LK_PROPERTY_TAKEN', { property: 'name, issuer and subject', graphCode: 'Request_MultipleObjectsWithSameKeyValue' })], { field: 'name' })
  }
}
