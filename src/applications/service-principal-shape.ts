/** Service principals as Graph shows them: their own, and what their application says of itself (graph §4). */
import type { Db } from '../app.ts'
import { emptyApplication } from '../rules/application-document.ts'
import { firstParty, firstPartyIdentifiers } from '../rules/first-party.ts'
import { listCredentials } from '../store/application-credentials.ts'
import type { CredentialRow } from '../store/application-credentials.ts'
import { findApplicationsByAppIds } from '../store/applications.ts'
import type { ApplicationRow } from '../store/applications.ts'
import type { ServicePrincipalRow } from '../store/service-principals.ts'
import { instant } from '../graph/answers.ts'
import { chosen, keyCredentials, noPublisher, passwordCredentials } from './application-shape.ts'
import type { Showing } from './application-shape.ts'

export const servicePrincipalProperties = [
  'id', 'deletedDateTime', 'accountEnabled', 'addIns', 'alternativeNames', 'appDescription', 'appDisplayName', 'appId', 'applicationTemplateId', 'appOwnerOrganizationId',
  'appRoleAssignmentRequired', 'appRoles', 'createdByAppId', 'description', 'disabledByMicrosoftStatus', 'displayName', 'homepage', 'info', 'isDisabled', 'keyCredentials',
  'loginUrl', 'logoutUrl', 'notes', 'notificationEmailAddresses', 'oauth2PermissionScopes', 'passwordCredentials', 'preferredSingleSignOnMode',
  'preferredTokenSigningKeyThumbprint', 'replyUrls', 'resourceSpecificApplicationPermissions', 'samlSingleSignOnSettings', 'servicePrincipalNames',
  'servicePrincipalType', 'signInAudience', 'tags', 'tokenEncryptionKeyId', 'verifiedPublisher',
] as const

/** The organisation that the built-in ones belong to in the original. */
const vendor = 'f8cdef31-a31e-4b4a-93e4-5f571e91255a'

/** Three queries whatever the number of service principals. */
export async function shapeServicePrincipals(
  db: Db, tenantId: string, rows: readonly ServicePrincipalRow[], showing: Showing & { origins: readonly string[] },
): Promise<Record<string, unknown>[]> {
  if (rows.length === 0) return []
  const credentials = await listCredentials(db, tenantId, rows.map(row => row.id))
  const applications = new Map((await findApplicationsByAppIds(db, tenantId, rows.map(row => row.appId))).map(one => [one.appId, one]))
  return rows.map(row => chosen(shape(row, applications.get(row.appId), credentials.filter(one => one.ownerId === row.id), showing), showing.select))
}

function shape(row: ServicePrincipalRow, application: ApplicationRow | undefined, credentials: readonly CredentialRow[], showing: Showing & { origins: readonly string[] }): Record<string, unknown> {
  const { document } = row
  const builtIn = firstParty(row.appId)
  const its = application?.document ?? emptyApplication
  return {
    id: row.id, deletedDateTime: instant(row.deletedDateTime), accountEnabled: row.accountEnabled, addIns: its.addIns, alternativeNames: document.alternativeNames,
    appDescription: its.description, appDisplayName: builtIn?.displayName ?? application?.displayName ?? row.displayName, appId: row.appId, applicationTemplateId: null,
    appOwnerOrganizationId: builtIn ? vendor : row.tenantId, appRoleAssignmentRequired: document.appRoleAssignmentRequired, appRoles: builtIn?.appRoles ?? its.appRoles,
    createdByAppId: row.createdByAppId, description: document.description, disabledByMicrosoftStatus: null, displayName: row.displayName, homepage: its.web.homePageUrl,
    info: its.info, isDisabled: application?.isDisabled ?? null, keyCredentials: keyCredentials(credentials, showing), loginUrl: document.loginUrl, logoutUrl: its.web.logoutUrl,
    notes: document.notes, notificationEmailAddresses: document.notificationEmailAddresses, oauth2PermissionScopes: builtIn?.scopes ?? its.api.oauth2PermissionScopes,
    passwordCredentials: passwordCredentials(credentials, showing), preferredSingleSignOnMode: document.preferredSingleSignOnMode,
    preferredTokenSigningKeyThumbprint: document.preferredTokenSigningKeyThumbprint, replyUrls: [...its.web.redirectUris, ...its.spa.redirectUris, ...its.publicClient.redirectUris],
    resourceSpecificApplicationPermissions: [], samlSingleSignOnSettings: document.samlSingleSignOnSettings,
    servicePrincipalNames: builtIn ? firstPartyIdentifiers(builtIn, showing.origins) : [row.appId, ...(application?.identifierUris ?? [])],
    servicePrincipalType: document.servicePrincipalType, signInAudience: builtIn ? 'AzureADMultipleOrgs' : its.signInAudience, tags: document.tags,
    tokenEncryptionKeyId: document.tokenEncryptionKeyId, verifiedPublisher: noPublisher,
  }
}
