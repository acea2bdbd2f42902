// Applications that every tenant has without registering them: Graph and its predecessor, the resource manager that clients ask for
// before anything else, and Azure CLI (oauth §7, real-clients §2.5). What they offer is written here, not in the database, so that a
// newer version of the server offers more in tenants that are there already.
import { graphPermissions } from './graph-permissions.ts'
import type { AppRole, PermissionScope } from './application-document.ts'

export const graphAppId = '00000003-0000-0000-c000-000000000000'
/** The directory before Graph: the audience of proofs in addKey and removeKey (graph §3.6). */
export const legacyDirectoryAppId = '00000002-0000-0000-c000-000000000000'
export const resourceManagerAppId = '797f4846-ba00-4fd7-ba43-dac1f8f63013'
export const azureCliAppId = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'
/** `latchkey login --device`. */
export const latchkeyCliAppId = '7d6f4a52-3c0b-4e18-9a5d-1f2b6c8e90a4'

export interface FirstParty {
  appId: string
  displayName: string
  /** Fixed names of it as a resource. */
  identifiers: readonly string[]
  /** Endings put to each of our own origins. */
  ownPaths: readonly string[]
  appRoles: readonly AppRole[]
  scopes: readonly PermissionScope[]
  /** A public client: no secret can be kept by what people install. */
  isPublicClient: boolean
  publicClientRedirectUris: readonly string[]
}

const role = (id: string, value: string): AppRole => ({
  id, value, displayName: value, description: value, allowedMemberTypes: ['Application'], isEnabled: true, origin: 'Application',
})

const scope = (id: string, value: string, type: 'User' | 'Admin'): PermissionScope => ({
  id, value, type, isEnabled: true, adminConsentDisplayName: value, adminConsentDescription: value, userConsentDisplayName: value, userConsentDescription: value,
  origin: 'Application',
})

/** Scopes a person may consent to for themself; all others need an administrator. */
const ownScopes = new Set(['openid', 'profile', 'email', 'offline_access', 'User.Read', 'User.ReadWrite', 'User.ReadBasic.All'])

const resource = { isPublicClient: false, publicClientRedirectUris: [] } as const

export const firstParties: readonly FirstParty[] = [
  {
    ...resource, appId: graphAppId, displayName: 'Microsoft Graph', identifiers: ['https://graph.microsoft.com'], ownPaths: [''],
    appRoles: graphPermissions.flatMap(one => (one.appRoleId === null ? [] : [role(one.appRoleId, one.value)])),
    scopes: graphPermissions.flatMap(one => (one.scopeId === null ? [] : [scope(one.scopeId, one.value, ownScopes.has(one.value) ? 'User' : 'Admin')])),
  },
  {
    ...resource, appId: legacyDirectoryAppId, displayName: 'Windows Azure Active Directory', identifiers: ['https://graph.windows.net'], ownPaths: ['/aadgraph'],
    appRoles: [], scopes: [],
  },
  {
    ...resource, appId: resourceManagerAppId, displayName: 'Windows Azure Service Management API',
    identifiers: ['https://management.azure.com', 'https://management.core.windows.net'], ownPaths: ['/arm'],
    appRoles: [], scopes: [scope('41094075-9dad-400e-a0bd-54e686782033', 'user_impersonation', 'User')],
  },
  {
    appId: azureCliAppId, displayName: 'Microsoft Azure CLI', identifiers: [], ownPaths: [], appRoles: [], scopes: [], isPublicClient: true,
    publicClientRedirectUris: ['http://localhost', 'urn:ietf:wg:oauth:2.0:oob'],
  },
  {
    appId: latchkeyCliAppId, displayName: 'Latchkey command line', identifiers: [], ownPaths: [], appRoles: [], scopes: [], isPublicClient: true,
    publicClientRedirectUris: [],
  },
]

const byAppId = new Map(firstParties.map(one => [one.appId, one]))

export const firstParty = (appId: string): FirstParty | undefined => byAppId.get(appId)

const administration = [
  'Application.ReadWrite.All', 'AppRoleAssignment.ReadWrite.All', 'AuditLog.Read.All', 'DelegatedPermissionGrant.ReadWrite.All', 'Directory.AccessAsUser.All',
  'Group.ReadWrite.All', 'User.Read.All', 'User.ReadWrite.All', 'email', 'offline_access', 'openid', 'profile',
]

/** What every tenant has agreed to for the two command lines, so that they work unasked; directory roles judge what people may do with them. */
export const consentedUnasked: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  [azureCliAppId]: { [graphAppId]: administration, [resourceManagerAppId]: ['user_impersonation'] },
  [latchkeyCliAppId]: {
    [graphAppId]: [
      ...administration, 'Policy.Read.All', 'Policy.ReadWrite.ApplicationConfiguration', 'Policy.ReadWrite.AuthenticationMethod', 'User-PasswordProfile.ReadWrite.All',
      'UserAuthenticationMethod.ReadWrite.All',
    ],
  },
}

/** Every name the built-in resource goes by, its own id first. */
export function firstPartyIdentifiers(one: FirstParty, origins: readonly string[]): string[] {
  return [one.appId, ...one.identifiers, ...one.ownPaths.flatMap(path => origins.map(origin => origin + path))]
}

/** The built-in resource of that name; one slash at its end does not count. */
export function firstPartyByIdentifier(identifier: string, origins: readonly string[]): FirstParty | undefined {
  const wanted = withoutSlash(identifier).toLowerCase()
  return firstParties.find(one => firstPartyIdentifiers(one, origins).some(name => withoutSlash(name).toLowerCase() === wanted))
}

export const withoutSlash = (identifier: string): string => (identifier.endsWith('/') ? identifier.slice(0, -1) : identifier)
