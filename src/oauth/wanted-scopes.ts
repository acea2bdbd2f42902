/** From a `scope` parameter to permissions of resources, and which of them have been agreed to (oauth §7, §10, §13.2). */
import type { App, Db } from '../app.ts'
import type { PermissionScope } from '../rules/application-document.ts'
import { graphAppId } from '../rules/first-party.ts'
import { readScopes } from '../rules/scopes.ts'
import type { SignInScope } from '../rules/scopes.ts'
import type { Client } from '../store/clients.ts'
import { consentedScopes } from '../store/grants.ts'
import { findResource } from '../store/resources.ts'
import type { Resource } from '../store/resources.ts'
import { aadsts } from './errors.ts'

export interface WantedResource {
  resource: Resource
  /** As the program named it; null when it named none and means Graph. */
  asked: string | null
  /** Canonical names; for `.default` those the application's owner listed. */
  scopes: PermissionScope[]
  isDefault: boolean
}

export interface Wanted {
  signIn: SignInScope[]
  /** At least one: Graph, where the request names none. */
  resources: WantedResource[]
}

/**
 * Finds what the words mean in the tenant.
 * @throws TokenRefusal 70011 malformed or unknown names, 500011 unknown resource, 50001 disabled resource
 */
export async function readWanted(app: App, client: Client, scope: string, origins: readonly string[]): Promise<Wanted> {
  const wish = readScopes(scope)
  if (!wish.wellFormed) throw aadsts(70011, { scope, hint: wish.why })
  const resources: WantedResource[] = []
  for (const { identifier, names, isDefault } of wish.resources) {
    const resource = await requireResource(app, client.tenantId, identifier ?? graphAppId, origins)
    const scopes = isDefault ? listedScopes(client, resource) : names.map(name => scopeNamed(resource, name) ?? unknownScope(scope, name, resource))
    const same = resources.find(one => one.resource.servicePrincipalId === resource.servicePrincipalId)
    if (!same) resources.push({ resource, asked: identifier, scopes, isDefault })
    else if (same.isDefault || isDefault) throw aadsts(70011, { scope, hint: '.default cannot stand beside single permissions.' })
    else same.scopes.push(...scopes.filter(one => !same.scopes.includes(one)))
  }
  if (resources.length === 0) resources.push({ resource: await requireResource(app, client.tenantId, graphAppId, origins), asked: null, scopes: [], isDefault: false })
  return { signIn: wish.signIn, resources }
}

async function requireResource(app: App, tenantId: string, identifier: string, origins: readonly string[]): Promise<Resource> {
  const resource = await findResource(app.db, tenantId, identifier, origins)
  if (!resource) throw aadsts(500011, { resource: identifier, tenant: tenantId })
  if (resource.disabled) throw aadsts(50001, { resource: identifier, tenant: tenantId })
  return resource
}

const scopeNamed = (resource: Resource, name: string): PermissionScope | undefined =>
  resource.scopes.find(one => one.isEnabled && one.value?.toLowerCase() === name.toLowerCase())

function unknownScope(scope: string, name: string, resource: Resource): never {
  throw aadsts(70011, { scope, hint: `'${resource.displayName}' offers no permission '${name}'.` })
}

/** What the application's owner wrote down that it needs of the resource. */
function listedScopes({ requiredResourceAccess }: Client, resource: Resource): PermissionScope[] {
  const ids = new Set(requiredResourceAccess.filter(one => one.resourceAppId.toLowerCase() === resource.appId)
    .flatMap(one => one.resourceAccess.flatMap(access => (access.type === 'Scope' ? [access.id.toLowerCase()] : []))))
  return resource.scopes.filter(one => one.isEnabled && one.value !== null && ids.has(one.id.toLowerCase()))
}

export interface ConsentedResource extends WantedResource {
  /** What a token for it may say now: agreed to, and asked for. */
  granted: string[]
  /** Still to be agreed to. */
  missing: PermissionScope[]
}

export interface Consent {
  signIn: { granted: SignInScope[]; missing: PermissionScope[] }
  resources: ConsentedResource[]
  /** Graph's service principal: signing in is agreed to there. */
  graphId: string
}

/** Compares what is wanted with what this person, or an administrator for all, has agreed to. */
export async function readConsent(app: App, db: Db, client: Client, userId: string, wanted: Wanted): Promise<Consent> {
  const graph = wanted.resources.find(one => one.resource.appId === graphAppId)?.resource ?? (await requireResource(app, client.tenantId, graphAppId, []))
  const agreed = async (resource: Resource) => new Set([
    ...(await consentedScopes(db, client.tenantId, client.servicePrincipalId, resource.servicePrincipalId, userId)), ...preAuthorized(client, resource),
  ])
  const onGraph = await agreed(graph)
  const resources: ConsentedResource[] = []
  for (const one of wanted.resources) {
    const here = one.resource === graph ? onGraph : await agreed(one.resource)
    // An application may always ask for itself; `.default` asks for nothing beyond what was agreed to once anything was.
    const settled = one.resource.appId === client.appId || (one.isDefault && here.size > 0)
    const granted = one.isDefault ? [...here] : one.scopes.flatMap(scope => (scope.value !== null && (here.has(scope.value) || settled) ? [scope.value] : []))
    resources.push({ ...one, granted, missing: settled ? [] : one.scopes.filter(scope => scope.value !== null && !here.has(scope.value)) })
  }
  const lacking = wanted.signIn.filter(name => !onGraph.has(name))
  return {
    signIn: { granted: wanted.signIn.filter(name => onGraph.has(name)), missing: lacking.flatMap(name => graph.scopes.filter(scope => scope.value === name)) },
    resources,
    graphId: graph.servicePrincipalId,
  }
}

/** Programs the resource's own owner lets in unasked. */
function preAuthorized({ appId }: Client, { preAuthorizedApplications, scopes }: Resource): string[] {
  const ids = new Set(preAuthorizedApplications.filter(one => one.appId?.toLowerCase() === appId).flatMap(one => one.delegatedPermissionIds))
  return scopes.flatMap(scope => (ids.has(scope.id) && scope.value !== null ? [scope.value] : []))
}

/** Everything still to be agreed to, the resource beside each. */
export function missingConsent(consent: Consent): { resource: Resource | null; scope: PermissionScope }[] {
  return [
    ...consent.signIn.missing.map(scope => ({ resource: null, scope })),
    ...consent.resources.flatMap(({ resource, missing }) => missing.map(scope => ({ resource, scope }))),
  ]
}
