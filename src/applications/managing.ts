/**
 * Who asks about an application, and whether they may: permission, role and ownership together (graph §3.2), and how far the program
 * reaches when somebody would get hold of it (T-42). To be asked in the transaction of the change.
 */
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import type { Actor } from '../credentials/actor.ts'
import { applicationRoles, mayImpersonate, mayManageApp } from '../rules/app-reach.ts'
import type { AppActor, AppReach, AppTarget } from '../rules/app-reach.ts'
import type { RoleFacts, TenantFacts } from '../rules/facts.ts'
import { firstParty, graphAppId } from '../rules/first-party.ts'
import { graphPermissions } from '../rules/graph-permissions.ts'
import { holdsRole, roles } from '../rules/roles.ts'
import { badRequest, actorOf, callerFacts, callerId, forbidden, graphCaller, privilegedCaller } from '../graph/deciding.ts'
import type { CallerFacts, GraphCaller } from '../graph/deciding.ts'
import { listAppRoleAssignments } from '../store/app-roles.ts'
import { ownedAmong } from '../store/application-owners.ts'
import { firstPartyId } from '../store/first-party.ts'
import { rolesOf } from '../store/roles.ts'
import { allServicePrincipalIds, findServicePrincipalByAppId } from '../store/service-principals.ts'

export interface Asking {
  caller: GraphCaller
  facts: CallerFacts
  tenant: TenantFacts
  /** As the audit records them. */
  by: { actor: Actor; correlationId: string }
}

/** Who reads. */
export async function reading(app: App, request: FastifyRequest): Promise<Asking> {
  return asking(app.db, app, request, graphCaller(request))
}

/** Who changes something: read again in the transaction, so that a role that was taken away meanwhile counts no more. */
export async function changing(app: App, trx: Db, request: FastifyRequest): Promise<Asking> {
  return asking(trx, app, request, privilegedCaller(app, request))
}

async function asking(db: Db, app: App, request: FastifyRequest, caller: GraphCaller): Promise<Asking> {
  const { tenant, caller: facts } = await callerFacts(db, caller, app.now())
  return { caller, facts, tenant, by: { actor: actorOf(request, facts), correlationId: request.correlationId } }
}

/** The caller as the rules of reach see them, towards these objects: an application and its service principal count as one. */
export async function actorTowards(db: Db, { caller, facts }: Asking, ...objectIds: (string | null | undefined)[]): Promise<AppActor> {
  const ids = objectIds.filter(id => id !== null && id !== undefined)
  const owned = await ownedAmong(db, caller.tenantId, callerId(caller), ids)
  return { kind: caller.kind, id: callerId(caller), roles: facts.roles, permissions: caller.kind === 'application' ? caller.permissions : [], owns: owned.size > 0 }
}

/** @throws Refusal 403 with the reason */
export function requireReach({ allowed, reason }: AppReach): void {
  if (!allowed) throw forbidden(reason!)
}

export interface Managed {
  appId: string
  applicationId: string | null
  servicePrincipalId: string | null
}

/** @throws Refusal 403 for somebody who may not change it, 400 for what is built in */
export async function requireManaging(trx: Db, who: Asking, { appId, applicationId, servicePrincipalId }: Managed): Promise<AppActor> {
  if (firstParty(appId)) throw badRequest('LK_BUILT_IN')
  const actor = await actorTowards(trx, who, applicationId, servicePrincipalId)
  requireReach(mayManageApp(actor))
  return actor
}

/** For what makes its caller able to be the program. @throws Refusal 403 LK_BEYOND_REACH */
export async function requireImpersonating(trx: Db, who: Asking, managed: Managed): Promise<void> {
  const actor = await requireManaging(trx, who, managed)
  requireReach(mayImpersonate(actor, await reachOfProgram(trx, who.caller.tenantId, managed.appId)))
}

/**
 * What the program may do: roles on Graph, by name, and directory roles. Service principals among the deleted items count: who could
 * delete one, add a credential and bring it back would have taken it over.
 */
async function reachOfProgram(db: Db, tenantId: string, appId: string): Promise<AppTarget> {
  const principals = await allServicePrincipalIds(db, tenantId, appId)
  const permissions: string[] = []
  const held: RoleFacts[] = []
  for (const id of principals) {
    const given = await listAppRoleAssignments(db, { tenantId, principalId: id, resourceId: firstPartyId(tenantId, graphAppId), top: 999 })
    permissions.push(...given.map(({ appRoleId }) => graphPermissions.find(one => one.appRoleId === appRoleId)?.value ?? appRoleId))
    held.push(...(await rolesOf(db, tenantId, id)))
  }
  const living = await findServicePrincipalByAppId(db, tenantId, appId)
  return { servicePrincipalId: living?.id ?? null, permissions: [...new Set(permissions)], roles: held }
}

/** People who hold a role that looks after programs, or reads everything. */
const lookers = [...applicationRoles, roles.globalReader, roles.securityAdministrator, roles.securityReader]

/** Whose secrets' first letters the caller may see: of all programs, or of those they own. */
export async function hintsFor(db: Db, { caller, facts }: Asking, objectIds: readonly string[]): Promise<(objectId: string) => boolean> {
  if (caller.kind === 'application' || holdsRole(facts.roles, ...lookers)) return () => true
  const owned = await ownedAmong(db, caller.tenantId, callerId(caller), objectIds)
  return objectId => owned.has(objectId)
}

/** Every origin we are known by, the one that was asked first: built-in resources are named by them. */
export const ownOrigins = (app: App, request: FastifyRequest): string[] => [...new Set([request.origin, ...app.config.listeners.map(one => one.origin)])]
