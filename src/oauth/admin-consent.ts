/**
 * `/{tenant}/adminconsent` and `/{tenant}/v2.0/adminconsent`: an administrator agrees for everybody, to what a program may do in
 * people's names and, in the older form, by itself (oauth §1).
 */
import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { userCaller } from '../access.ts'
import type { App } from '../app.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import type { AppRole, PermissionScope } from '../rules/application-document.ts'
import { consentRights } from '../rules/consent.ts'
import type { ConsentRights } from '../rules/consent.ts'
import { graphAppId } from '../rules/first-party.ts'
import { findRedirect } from '../rules/redirect-uris.ts'
import { defaultAppRole, insertAppRoleAssignment, listAppRoleAssignments, newAssignmentId } from '../store/app-roles.ts'
import { noteClientChange } from '../store/applications.ts'
import { endAuthorizationRequest, findAuthorizationRequest, insertAuthorizationRequest } from '../store/authorization-requests.ts'
import type { Client } from '../store/clients.ts'
import { addGrant } from '../store/grants.ts'
import { findResource } from '../store/resources.ts'
import type { Resource } from '../store/resources.ts'
import { rolesOf } from '../store/roles.ts'
import { AdminConsentPage, AdminNeededPage } from './admin-consent-pages.tsx'
import { answerProgram, refuseProgram } from './answer-program.ts'
import type { ReturnAddress } from './answer-program.ts'
import { gone, onOurPage } from './authorize.ts'
import { allowKeeping, idHashOf, keptFor } from './authorize-pending.ts'
import { actorOf, auditConsent } from './consent.ts'
import type { Said } from './consent.ts'
import { aadsts } from './errors.ts'
import { tokenFacts } from './known-clients.ts'
import { roleText, scopeText } from './permission-texts.ts'
import { factsOf } from './person.ts'
import { markOf } from './shown-permissions.ts'
import { resolveTenant } from './tenant-segment.ts'
import { originsOf } from './request-place.ts'
import { readWanted } from './wanted-scopes.ts'

interface KeptConsent {
  kind: 'adminConsent'
  appId: string
  redirectUri: string
  state: string | null
  /** v2 may name scopes; null = whatever the application's owner listed, roles included. */
  scope: string | null
}

export interface AdminConsentQuery {
  client_id?: string | undefined
  redirect_uri?: string | undefined
  state?: string | undefined
  scope?: string | undefined
}

/** Where it is asked, with a fresh proof: it is for everybody. */
export const adminConsentPath = (id: string): string => `/oauth2/adminconsent/${id}`

/** Keeps the request and leads to the page, which wants an administrator who has just proved who they are. */
export async function beginAdminConsent(app: App, request: FastifyRequest, reply: FastifyReply, query: AdminConsentQuery, version: 1 | 2): Promise<FastifyReply> {
  return onOurPage(request, reply, query.client_id, async () => {
    const { tenantId } = await resolveTenant(app, (request.params as { tenant: string }).tenant)
    if (!query.client_id) throw aadsts(900144, { name: 'client_id' })
    const client = (await tokenFacts(app, { tenantId, appId: query.client_id, origins: originsOf(app, request.origin) }))?.client
    if (!client) throw aadsts(700016, { app: query.client_id, tenant: tenantId })
    if (client.disabled) throw aadsts(7000112, { app: client.appId })
    const { redirect_uri: redirectUri = '' } = query
    if (!findRedirect(redirectUri, client)) throw aadsts(50011, { redirectUri, app: client.appId })
    await allowKeeping(app, tenantId, request.clientAddress)
    const id = randomBytes(32).toString('base64url')
    const now = app.now()
    const scope = version === 2 && query.scope?.trim() && !query.scope.includes('.default') ? query.scope.trim() : null
    const parameters: KeptConsent = { kind: 'adminConsent', appId: client.appId, redirectUri, state: query.state ?? null, scope }
    await insertAuthorizationRequest(app.db, { tenantId, idHash: idHashOf(id), createdAt: now, expiresAt: now + keptFor, parameters })
    return reply.redirect(adminConsentPath(id), 303)
  })
}

interface WantedForAll {
  scopes: { resource: Resource; scope: PermissionScope }[]
  roles: { resource: Resource; role: AppRole }[]
}

interface Considered {
  tenantId: string
  id: string
  kept: KeptConsent
  client: Client
  wanted: WantedForAll
  to: ReturnAddress
}

/** GET: the page. */
export async function showAdminConsent(app: App, request: FastifyRequest, reply: FastifyReply, id: string): Promise<FastifyReply> {
  return withRequest(app, request, reply, id, async considered => {
    const { client, wanted } = considered
    const { userId } = userCaller(request)
    const facts = await factsOf(app, considered.tenantId, userId)
    if (!facts) return gone(request, reply)
    const context = pageContext(request, { signedInAs: facts.subject.displayName })
    const common = { context, action: adminConsentPath(id), programName: client.displayName }
    if (!covers(consentRights(facts.subject.roles), wanted)) return sendPage(reply, AdminNeededPage({ ...common, forRoles: wanted.roles.length > 0 }), { status: 403 })
    return sendPage(reply, AdminConsentPage({
      ...common, shown: markOfAll(wanted), host: URL.parse(considered.to.redirectUri)?.host || considered.to.redirectUri,
      inTheirName: wanted.scopes.map(({ resource, scope }) => scopeText(context, resource, scope, true)), byItself: wanted.roles.map(({ resource, role }) => roleText(context, resource, role)),
    }))
  })
}

/** POST: yes or no. */
export async function answerAdminConsent(app: App, request: FastifyRequest, reply: FastifyReply, id: string, { answer, shown }: Said): Promise<FastifyReply> {
  return withRequest(app, request, reply, id, async considered => {
    const { tenantId, to, kept } = considered
    const agreed = answer === 'agree'
    if (agreed && shown !== markOfAll(considered.wanted)) return reply.redirect(adminConsentPath(id), 303)
    const outcome = await app.db.transaction().execute(async trx => {
      const caller = userCaller(request)
      if (agreed && !covers(consentRights(await rolesOf(trx, tenantId, caller.userId)), considered.wanted)) return 'notAllowed'
      if (!(await endAuthorizationRequest(trx, { tenantId, idHash: idHashOf(id) }))) return 'gone'
      if (!agreed) return 'refused'
      await grantAll(app, trx, request, considered)
      return 'agreed'
    })
    if (outcome === 'gone') return gone(request, reply)
    if (outcome === 'notAllowed') return reply.redirect(adminConsentPath(id), 303)
    if (outcome === 'refused') return refuseProgram(app, request, reply, to, aadsts(65004), 'byPage')
    return answerProgram(request, reply, to, { admin_consent: 'True', tenant: tenantId, ...(kept.scope === null ? {} : { scope: kept.scope }) }, 'byPage')
  })
}

async function withRequest(app: App, request: FastifyRequest, reply: FastifyReply, id: string, work: (considered: Considered) => Promise<FastifyReply>): Promise<FastifyReply> {
  const row = /^[\w-]{43}$/.test(id) ? await findAuthorizationRequest<KeptConsent>(app.db, idHashOf(id), app.now()) : undefined
  // An administrator of another organisation has no say in this one: for them the request is not there (T-43).
  if (row?.parameters.kind !== 'adminConsent' || row.tenantId !== userCaller(request).tenantId) return gone(request, reply)
  const { tenantId, parameters: kept } = row
  return onOurPage(request, reply, kept.appId, async () => {
    const origins = originsOf(app, request.origin)
    const client = (await tokenFacts(app, { tenantId, appId: kept.appId, origins }))?.client
    if (!client) throw aadsts(700016, { app: kept.appId, tenant: tenantId })
    if (!findRedirect(kept.redirectUri, client)) throw aadsts(50011, { redirectUri: kept.redirectUri, app: client.appId })
    const to: ReturnAddress = { redirectUri: kept.redirectUri, responseMode: 'query', state: kept.state, programName: client.displayName }
    return work({ tenantId, id, kept, client, to, wanted: kept.scope === null ? await listed(app, client, origins) : await named(app, client, kept.scope, origins) })
  })
}

/** Everything the application's owner wrote down that it needs. */
async function listed(app: App, client: Client, origins: readonly string[]): Promise<WantedForAll> {
  const wanted: WantedForAll = { scopes: [], roles: [] }
  for (const { resourceAppId, resourceAccess } of client.requiredResourceAccess) {
    const resource = await findResource(app.db, client.tenantId, resourceAppId, origins)
    if (!resource || resource.disabled) continue
    for (const { id, type } of resourceAccess) {
      const scope = type === 'Scope' ? resource.scopes.find(one => one.id === id.toLowerCase() && one.isEnabled && one.value !== null) : undefined
      const role = type === 'Role' ? resource.appRoles.find(one => one.id === id.toLowerCase() && one.isEnabled && one.allowedMemberTypes.includes('Application')) : undefined
      if (scope) wanted.scopes.push({ resource, scope })
      if (role) wanted.roles.push({ resource, role })
    }
  }
  return wanted
}

async function named(app: App, client: Client, scope: string, origins: readonly string[]): Promise<WantedForAll> {
  const { signIn, resources } = await readWanted(app, client, scope, origins)
  const graph = await findResource(app.db, client.tenantId, graphAppId, origins)
  const own = graph ? graph.scopes.filter(one => signIn.some(name => name === one.value)).map(one => ({ resource: graph, scope: one })) : []
  return { scopes: [...own, ...resources.flatMap(({ resource, scopes }) => scopes.map(one => ({ resource, scope: one })))], roles: [] }
}

const markOfAll = ({ scopes, roles }: WantedForAll): string => markOf([...scopes.map(one => ({ ...one, id: one.scope.id })), ...roles.map(one => ({ ...one, id: one.role.id }))])

/** What a role of Graph lets a program do by itself is given by those only who could give it any role (T-42). */
function covers(rights: ConsentRights, { roles }: WantedForAll): boolean {
  return rights.forEverybody && (roles.length === 0 || rights.appRoles) && (rights.graphAppRoles || roles.every(({ resource }) => resource.appId !== graphAppId))
}

async function grantAll(app: App, trx: App['db'], request: FastifyRequest, { tenantId, client, wanted }: Considered): Promise<void> {
  const at = app.now()
  const byResource = Map.groupBy(wanted.scopes, one => one.resource.servicePrincipalId)
  for (const [resourceId, scopes] of byResource) {
    await addGrant(trx, { tenantId, clientId: client.servicePrincipalId, resourceId, principalId: null, scopes: scopes.map(one => one.scope.value!), at })
  }
  const held = await listAppRoleAssignments(trx, { tenantId, principalId: client.servicePrincipalId, top: 999 })
  for (const { resource, role } of wanted.roles) {
    if (role.id === defaultAppRole || held.some(one => one.resourceId === resource.servicePrincipalId && one.appRoleId === role.id)) continue
    await insertAppRoleAssignment(trx, {
      tenantId, id: newAssignmentId(), appRoleId: role.id, principalId: client.servicePrincipalId, principalType: 'ServicePrincipal', resourceId: resource.servicePrincipalId, createdDateTime: at,
    })
  }
  await noteClientChange(app, trx, tenantId, client.appId)
  const facts = await factsOf(app, tenantId, userCaller(request).userId)
  await auditConsent(app, trx, {
    client, actor: actorOf(facts!.subject, request.clientAddress), correlationId: request.correlationId, everybody: true,
    scopes: wanted.scopes.map(one => one.scope.value!), roles: wanted.roles.map(one => one.role.value ?? one.role.id),
  })
}
