/** Creating, changing and deleting applications (graph §3.1). */
import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { addPassword, replaceKeys, requireEchoOfPasswords } from '../credentials/app-credentials.ts'
import type { CredentialOwner, NewKey } from '../credentials/app-credentials.ts'
import { Refusal } from '../refusal.ts'
import { faultInEntitlements, faultInIdentifierUris, faultInRedirectUris } from '../rules/application-checks.ts'
import { emptyApplication } from '../rules/application-document.ts'
import type { ApplicationDocument } from '../rules/application-document.ts'
import { applicationRoles } from '../rules/app-reach.ts'
import { holdsRole } from '../rules/roles.ts'
import { reason } from '../rules/verdict.ts'
import { findApplicationByUniqueName, insertApplication, lockApplication, noteClientChange, updateApplication } from '../store/applications.ts'
import type { ApplicationRow } from '../store/applications.ts'
import { addApplicationOwner } from '../store/application-owners.ts'
import { noteChange } from '../store/changes.ts'
import { softDeleteApplication } from '../store/deleted-applications.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { shownName } from '../store/names.ts'
import { findServicePrincipalByAppId, updateServicePrincipal } from '../store/service-principals.ts'
import { odataContext } from '../graph/answers.ts'
import { badRequest, callerId, forbidden } from '../graph/deciding.ts'
import { permitted } from '../graph/permissions.ts'
import { AsGraphHasIt, Key, PatchApplication, largeBody } from './application-schema.ts'
import type { ApplicationPatch } from './application-schema.ts'
import { passwordCredential, shapeApplications } from './application-shape.ts'
import { auditApplication, differences } from './audit-application.ts'
import { nothingThere, readKey, requireApplication } from './find-target.ts'
import { readInstant } from './instants.ts'
import { changing, ownOrigins, requireImpersonating, requireManaging } from './managing.ts'
import type { Asking } from './managing.ts'
import { mergeApplication } from './merge-application.ts'

const Application = AsGraphHasIt('application')

export function applicationWriteRoutes(server: Server, app: App): void {
  server.post('/v1.0/applications', {
    config: { access: permitted('POST', '/applications'), surface: 'graph' }, bodyLimit: largeBody, schema: { body: PatchApplication, response: { 201: Application } },
  }, async (request, reply) => {
    const made = await asClash(app.db.transaction().execute(async trx => createApplication(app, trx, request, request.body)))
    reply.code(201)
    return answerNew(app, request, made)
  })

  server.patch('/v1.0/applications/:id', {
    config: { access: permitted('PATCH', '/applications/{id}'), surface: 'graph' }, bodyLimit: largeBody, schema: { params: Key, body: PatchApplication, response: { 201: Application, 204: Type.Null() } },
  }, async (request, reply) => {
    const made = await asClash(app.db.transaction().execute(async trx => {
      const missing = await missingUniqueName(trx, app, request, request.params.id)
      if (missing !== undefined) return createApplication(app, trx, request, { ...request.body, uniqueName: missing })
      await changeApplication(app, trx, request, request.params.id)
      return undefined
    }))
    if (!made) return reply.code(204).send(null)
    reply.code(201)
    return answerNew(app, request, made)
  })

  server.delete('/v1.0/applications/:id', { config: { access: permitted('DELETE', '/applications/{id}'), surface: 'graph' }, schema: { params: Key } }, async (request, reply) => {
    await app.db.transaction().execute(async trx => {
      const who = await changing(app, trx, request)
      const { tenantId } = who.caller
      const row = await requireApplication(trx, tenantId, request.params.id)
      await requireManaging(trx, who, { appId: row.appId, applicationId: row.id, servicePrincipalId: null })
      if (!(await softDeleteApplication(trx, tenantId, row.id, app.now()))) throw nothingThere(row.id)
      await noteClientChange(app, trx, tenantId, row.appId)
      await auditApplication(app, trx, who, 'Delete application', { type: 'Application', id: row.id, displayName: row.displayName })
    })
    return reply.code(204).send()
  })
}

interface Made {
  row: ApplicationRow
  /** A secret that was asked for in the body, shown this once. */
  password: ReturnType<typeof passwordCredential> | undefined
}

/** Whoever makes one without a role over all of them becomes its owner; so does a program that acts by itself. */
async function createApplication(app: App, trx: Db, request: FastifyRequest, body: ApplicationPatch): Promise<Made> {
  const who = await changing(app, trx, request)
  requireCreating(who)
  const { tenantId } = who.caller
  const displayName = nameIn(body)
  if (displayName === undefined) throw badRequest('LK_FIELD_REQUIRED', { field: 'displayName' }, 'displayName')
  const document = mergeApplication(emptyApplication, body)
  requirePossible(app, request, undefined, document, body.identifierUris ?? [])
  const [id, appId, createdDateTime] = [randomUUID(), randomUUID(), app.now()]
  const identifierUris = body.identifierUris ?? []
  await insertApplication(trx, {
    tenantId, id, appId, displayName, uniqueName: body.uniqueName ?? null, isDisabled: body.isDisabled ?? false, document, identifierUris, createdDateTime,
    createdByAppId: appOf(who),
  })
  const owner: CredentialOwner = { tenantId, id, type: 'application', appId, displayName, createdDateTime }
  if (who.caller.kind === 'application' || !holdsRole(who.facts.roles, ...applicationRoles)) {
    await addApplicationOwner(trx, { tenantId, ownedId: id, ownedType: 'application', ownerId: callerId(who.caller), ownerType: who.caller.kind === 'user' ? 'user' : 'servicePrincipal' })
  }
  await noteChange(trx, tenantId, 'application', id)
  await auditApplication(app, trx, who, 'Add application', { type: 'Application', id, displayName }, [{ name: 'AppId', before: null, after: appId }])
  if (body.keyCredentials && body.keyCredentials.length > 0) await replaceKeys(app, trx, owner, keysIn(body), who.by)
  const password = await firstPassword(app, trx, owner, body, who)
  return { row: await requireApplication(trx, tenantId, id), password }
}

/** One secret may be asked for at the making, in the form of an entry without a text (graph §3.5). */
async function firstPassword(app: App, trx: Db, owner: CredentialOwner, { passwordCredentials = [] }: ApplicationPatch, who: Asking): Promise<Made['password']> {
  const [wanted, ...more] = passwordCredentials
  if (!wanted) return undefined
  if (more.length > 0 || wanted.secretText || wanted.keyId) throw badRequest('LK_SECRET_CHOSEN', {}, 'passwordCredentials')
  const { row, secretText } = await addPassword(app, trx, owner, {
    displayName: wanted.displayName, startDateTime: readInstant(wanted.startDateTime, 'passwordCredentials[0].startDateTime'),
    endDateTime: readInstant(wanted.endDateTime, 'passwordCredentials[0].endDateTime'),
  }, who.by)
  return passwordCredential(row, true, secretText.reveal())
}

async function changeApplication(app: App, trx: Db, request: FastifyRequest<{ Body: ApplicationPatch }>, written: string): Promise<void> {
  const who = await changing(app, trx, request)
  const { tenantId } = who.caller
  const body = request.body
  const { id } = await requireApplication(trx, tenantId, written)
  await lockApplication(trx, tenantId, id)
  const row = await requireApplication(trx, tenantId, id)
  const managed = { appId: row.appId, applicationId: id, servicePrincipalId: null }
  await requireManaging(trx, who, managed)
  const document = mergeApplication(row.document, body)
  const next = {
    displayName: nameIn(body) ?? row.displayName, uniqueName: body.uniqueName === undefined ? row.uniqueName : body.uniqueName, isDisabled: body.isDisabled === undefined ? row.isDisabled : (body.isDisabled ?? false),
    identifierUris: body.identifierUris ?? row.identifierUris, document,
  }
  requirePossible(app, request, row.document, document, body.identifierUris ?? [])
  if (row.uniqueName !== null && next.uniqueName !== row.uniqueName) throw badRequest('LK_FIELD_INVALID', { field: 'uniqueName' }, 'uniqueName')
  const owner: CredentialOwner = { tenantId, id, type: 'application', appId: row.appId, displayName: row.displayName, createdDateTime: row.createdDateTime }
  if (body.passwordCredentials) await requireEchoOfPasswords(trx, owner, body.passwordCredentials)
  if (body.keyCredentials) {
    if (body.keyCredentials.some(one => one.key)) await requireImpersonating(trx, who, managed)
    await replaceKeys(app, trx, owner, keysIn(body), who.by)
  }
  const changes = differences(shown(row, row.document, row.identifierUris), shown(next, document, next.identifierUris))
  if (changes.length === 0) return
  await updateApplication(trx, tenantId, id, next)
  if (next.displayName !== row.displayName) await renamePrincipal(trx, tenantId, row.appId, next.displayName)
  await noteChange(trx, tenantId, 'application', id)
  await noteClientChange(app, trx, tenantId, row.appId)
  await auditApplication(app, trx, who, 'Update application', { type: 'Application', id, displayName: next.displayName }, changes)
}

const shown = ({ displayName, uniqueName, isDisabled }: Pick<ApplicationRow, 'displayName' | 'uniqueName' | 'isDisabled'>, document: ApplicationDocument, identifierUris: readonly string[]) =>
  ({ displayName, uniqueName, isDisabled, identifierUris: [...identifierUris].sort(), ...document })

/** In its own organisation an application and its service principal have one name. */
async function renamePrincipal(trx: Db, tenantId: string, appId: string, displayName: string): Promise<void> {
  const principal = await findServicePrincipalByAppId(trx, tenantId, appId)
  if (!principal) return
  await updateServicePrincipal(trx, tenantId, principal.id, { displayName })
  await noteChange(trx, tenantId, 'servicePrincipal', principal.id)
}

/** The name of an `applications(uniqueName='…')` that is to be made because it is not there (graph §3.1). */
async function missingUniqueName(trx: Db, app: App, request: FastifyRequest, written: string): Promise<string | undefined> {
  const key = readKey(written)
  if (key?.by !== 'uniqueName' || !/(^|[,;\s])create-if-missing($|[,;\s])/i.test(String(request.headers['prefer'] ?? ''))) return undefined
  const { tenantId } = (await changing(app, trx, request)).caller
  return (await findApplicationByUniqueName(trx, tenantId, key.value)) ? undefined : key.value
}

/** Members of the organisation may, unless it says otherwise; programs have their permission. */
function requireCreating({ caller, facts, tenant }: Asking): void {
  if (caller.kind === 'application' || holdsRole(facts.roles, ...applicationRoles)) return
  const { defaultUserRolePermissions } = tenant.authorizationPolicy as { defaultUserRolePermissions?: { allowedToCreateApps?: boolean } }
  if (facts.userType !== 'member' || defaultUserRolePermissions?.allowedToCreateApps === false) throw forbidden(reason('NO_ROLE', { rolesThatSuffice: '' }))
}

function requirePossible(app: App, request: FastifyRequest, before: ApplicationDocument | undefined, next: ApplicationDocument, uris: readonly string[]): void {
  const fault = faultInIdentifierUris(uris, ownOrigins(app, request)) ?? faultInRedirectUris(next) ?? faultInEntitlements(before, next)
  if (fault) throw new Refusal(400, [fault.reason], { field: fault.field })
}

/** As people see it, without what could make one name look like another (T-68). */
function nameIn({ displayName }: { displayName?: string }): string | undefined {
  if (displayName === undefined) return undefined
  const name = shownName(displayName)
  if (name === '') throw badRequest('LK_FIELD_REQUIRED', { field: 'displayName' }, 'displayName')
  return name
}

export const appOf = ({ caller }: Pick<Asking, 'caller'>): string | null => (caller.kind === 'application' ? caller.appId : (caller.token?.appId ?? null))

/** Entries as the credentials' room takes them. */
export const keysIn = ({ keyCredentials = [] }: Pick<ApplicationPatch, 'keyCredentials'>): NewKey[] => keyCredentials.map((one, index) => ({
  ...one, startDateTime: readInstant(one.startDateTime, `keyCredentials[${index}].startDateTime`), endDateTime: readInstant(one.endDateTime, `keyCredentials[${index}].endDateTime`),
}))

async function answerNew(app: App, request: FastifyRequest, { row, password }: Made): Promise<Record<string, unknown>> {
  const [shaped] = await shapeApplications(app.db, row.tenantId, [row], { withHints: () => true })
  return { '@odata.context': odataContext(request, 'applications/$entity'), ...shaped, ...(password ? { passwordCredentials: [password] } : {}) }
}

/** Identifiers and unique names are one application's: Graph says so with 400 (graph §2.3). */
async function asClash<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    const field = /unique_?name/i.test(String((error as { constraint?: unknown; message?: unknown }).constraint ?? (error as Error).message)) ? 'uniqueName' : 'identifierUris'
    throw new Refusal(400, [reason('LK_PROPERTY_TAKEN', { property: field, graphCode: 'Request_MultipleObjectsWithSameKeyValue' })], { field })
  }
}
