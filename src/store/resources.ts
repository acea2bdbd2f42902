/** What tokens can be for. */
import type { Db } from '../app.ts'
import type { AppRole, PermissionScope } from '../rules/application-document.ts'
import { firstParty, firstPartyByIdentifier, firstPartyIdentifiers, withoutSlash } from '../rules/first-party.ts'
import { findApplication, findApplicationByAppId } from './applications.ts'
import type { ApplicationRow } from './applications.ts'
import { findServicePrincipal, findServicePrincipalByAppId } from './service-principals.ts'
import type { ServicePrincipalRow } from './service-principals.ts'

export interface Resource {
  servicePrincipalId: string
  appId: string
  displayName: string
  /** Every name it goes by, the appId first. */
  identifiers: string[]
  appRoles: readonly AppRole[]
  scopes: readonly PermissionScope[]
  requestedAccessTokenVersion: number | null
  appRoleAssignmentRequired: boolean
  /** The resource's own wish for groups and further claims in its tokens. */
  groupMembershipClaims: string | null
  optionalClaims: ApplicationRow['document']['optionalClaims']
  preAuthorizedApplications: ApplicationRow['document']['api']['preAuthorizedApplications']
  disabled: boolean
}

/**
 * The resource of that name: its appId, or any identifier, one trailing slash not counting.
 *
 * @param origins Our own origins: Graph and the resource manager are named by them too.
 */
export async function findResource(db: Db, tenantId: string, identifier: string, origins: readonly string[]): Promise<Resource | undefined> {
  if (identifier.length > 300) return undefined
  const appId = firstPartyByIdentifier(identifier, origins)?.appId ?? (await appIdOf(db, tenantId, identifier))
  const principal = appId === undefined ? undefined : await findServicePrincipalByAppId(db, tenantId, appId)
  return principal && resourceOf(db, principal, origins)
}

/** The resource behind a service principal's id. */
export async function findResourceById(db: Db, tenantId: string, servicePrincipalId: string, origins: readonly string[]): Promise<Resource | undefined> {
  const principal = await findServicePrincipal(db, tenantId, servicePrincipalId)
  return principal && resourceOf(db, principal, origins)
}

async function appIdOf(db: Db, tenantId: string, identifier: string): Promise<string | undefined> {
  const name = withoutSlash(identifier).toLowerCase()
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name)) return name
  const row = await db.selectFrom('applicationUris').select('applicationId').where('tenantId', '=', tenantId).where('uriLower', 'in', [name, `${name}/`]).executeTakeFirst()
  return row && (await findApplication(db, tenantId, row.applicationId))?.appId
}

async function resourceOf(db: Db, principal: ServicePrincipalRow, origins: readonly string[]): Promise<Resource | undefined> {
  const common = {
    servicePrincipalId: principal.id, appId: principal.appId, displayName: principal.displayName, appRoleAssignmentRequired: principal.document.appRoleAssignmentRequired,
  }
  const builtIn = firstParty(principal.appId)
  if (builtIn) {
    return {
      ...common, identifiers: firstPartyIdentifiers(builtIn, origins), appRoles: builtIn.appRoles, scopes: builtIn.scopes, requestedAccessTokenVersion: null,
      groupMembershipClaims: null, optionalClaims: null, preAuthorizedApplications: [], disabled: !principal.accountEnabled,
    }
  }
  const application = await findApplicationByAppId(db, principal.tenantId, principal.appId)
  if (!application) return undefined
  const { api, appRoles, groupMembershipClaims, optionalClaims } = application.document
  return {
    ...common, identifiers: [principal.appId, ...application.identifierUris], appRoles, scopes: api.oauth2PermissionScopes,
    requestedAccessTokenVersion: api.requestedAccessTokenVersion, groupMembershipClaims, optionalClaims, preAuthorizedApplications: api.preAuthorizedApplications,
    disabled: !principal.accountEnabled || application.isDisabled,
  }
}
