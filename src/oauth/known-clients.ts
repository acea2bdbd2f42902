/**
 * Clients and resources as this process remembers them. Reading one whole costs five queries; whether it is still so costs one, asked
 * for every token (architecture: where speed lives), so a change counts at the next token in every process.
 */
import type { App } from '../app.ts'
import type { TenantSettings } from '../rules/tenant-settings.ts'
import { appRoleValues } from '../store/app-roles.ts'
import { type Client, findClient } from '../store/clients.ts'
import { readPolicies } from '../store/policies.ts'
import { type Resource, findResource } from '../store/resources.ts'
import { type Freshness, readFreshness } from '../store/token-freshness.ts'

/** A resource as one client reaches it. */
export interface ReachedResource {
  resource: Resource
  /** The `roles` claim of the client's own tokens. */
  roles: readonly string[]
}

export interface KnownTenant {
  settings: TenantSettings
  settingsVersion: number
}

interface Kept {
  client: Client
  version: number
  resources: Map<string, ReachedResource & { version: number }>
}

interface Memory {
  clients: Map<string, Kept>
  tenants: Map<string, KnownTenant>
}

const memories = new WeakMap<App, Memory>()
const clientsKept = 2_000
const resourcesKept = 50
const tenantsKept = 500

export interface TokenFacts {
  tenant: KnownTenant
  client: Client | undefined
  /** undefined when none was asked for, or there is none of that name. */
  reached: ReachedResource | undefined
}

/**
 * What a token of this client for this resource is decided on.
 * @param identifier a name of the resource as the client gave it
 * @returns undefined when the tenant is gone or suspended
 */
export async function tokenFacts(app: App, asked: { tenantId: string; appId: string; identifier?: string | undefined; origins: readonly string[] }): Promise<TokenFacts | undefined> {
  const memory = memoryOf(app)
  const { tenantId, identifier, origins } = asked
  const appId = asked.appId.toLowerCase()
  const key = `${tenantId}/${appId}`
  const kept = memory.clients.get(key)
  const remembered = identifier === undefined ? undefined : kept?.resources.get(identifier)
  const fresh = await readFreshness(app.db, tenantId, appId, remembered?.resource.appId)
  if (fresh === undefined || fresh.suspendedAt !== null) return undefined
  const tenant = await knownTenant(app, memory, tenantId, fresh)
  const current = kept !== undefined && kept.version === fresh.clientVersion ? kept : await learnClient(app, memory, { key, tenantId, appId, fresh })
  if (current === undefined || identifier === undefined) return { tenant, client: current?.client, reached: undefined }
  // What was remembered of a resource goes with the client it was remembered for: assignments count the client's version up.
  const still = current === kept && remembered !== undefined && remembered.version === fresh.resourceVersion
  return { tenant, client: current.client, reached: still ? remembered : await learnResource(app, current, identifier, origins) }
}

function memoryOf(app: App): Memory {
  let memory = memories.get(app)
  if (memory === undefined) memories.set(app, (memory = { clients: new Map(), tenants: new Map() }))
  return memory
}

async function knownTenant(app: App, { tenants }: Memory, tenantId: string, { settingsVersion }: Freshness): Promise<KnownTenant> {
  const known = tenants.get(tenantId)
  if (known !== undefined && known.settingsVersion === (settingsVersion ?? 0)) return known
  const { tenantSettings, versions } = await readPolicies(app.db, tenantId)
  return remember(tenants, tenantId, { settings: tenantSettings, settingsVersion: versions.tenantSettings }, tenantsKept)
}

/** Marked with the version from before the reading: what changes meanwhile makes the next token read again. */
async function learnClient(app: App, { clients }: Memory, { key, tenantId, appId, fresh }: { key: string; tenantId: string; appId: string; fresh: Freshness }): Promise<Kept | undefined> {
  clients.delete(key)
  if (fresh.clientVersion === null) return undefined
  const client = await findClient(app.db, tenantId, appId)
  return client && remember(clients, key, { client, version: fresh.clientVersion, resources: new Map() }, clientsKept)
}

async function learnResource(app: App, { client, resources }: Kept, identifier: string, origins: readonly string[]): Promise<ReachedResource | undefined> {
  resources.delete(identifier)
  const found = await findResource(app.db, client.tenantId, identifier, origins)
  if (found === undefined) return undefined
  const version = (await readFreshness(app.db, client.tenantId, client.appId, found.appId))?.resourceVersion
  // Read after its version, or a change in between would be marked as known.
  const resource = await findResource(app.db, client.tenantId, identifier, origins)
  if (resource === undefined || version == null) return undefined
  const roles = await appRoleValues(app.db, client.tenantId, client.servicePrincipalId, resource.servicePrincipalId)
  return remember(resources, identifier, { resource, roles, version }, resourcesKept)
}

/** Bounded, the longest unused first out. */
function remember<Value>(map: Map<string, Value>, key: string, value: Value, most: number): Value {
  map.delete(key)
  if (map.size >= most) map.delete(map.keys().next().value!)
  map.set(key, value)
  return value
}
