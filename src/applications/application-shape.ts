/** Applications as Graph shows them: everything, unlike people, of whom it shows little (graph §3.3, §3.4). */
import type { Db } from '../app.ts'
import { listCredentials } from '../store/application-credentials.ts'
import type { CredentialRow } from '../store/application-credentials.ts'
import type { ApplicationRow } from '../store/applications.ts'
import { instant } from '../graph/answers.ts'
import { plainInstant } from './instants.ts'

export const applicationProperties = [
  'id', 'deletedDateTime', 'addIns', 'api', 'appId', 'applicationTemplateId', 'appRoles', 'certification', 'createdByAppId', 'createdDateTime', 'defaultRedirectUri',
  'description', 'disabledByMicrosoftStatus', 'displayName', 'groupMembershipClaims', 'identifierUris', 'info', 'isDeviceOnlyAuthSupported', 'isDisabled',
  'isFallbackPublicClient', 'keyCredentials', 'nativeAuthenticationApisEnabled', 'notes', 'oauth2RequirePostResponse', 'optionalClaims', 'parentalControlSettings',
  'passwordCredentials', 'publicClient', 'publisherDomain', 'requestSignatureVerification', 'requiredResourceAccess', 'samlMetadataUrl', 'serviceManagementReference',
  'servicePrincipalLockConfiguration', 'signInAudience', 'spa', 'tags', 'tokenEncryptionKeyId', 'uniqueName', 'verifiedPublisher', 'web',
] as const

export interface Showing {
  /** The bytes of certificates too: only of one object, and only when asked for them (graph §3.4). */
  withKeys?: boolean
  /** The first letters of secrets are for those who look after the program. */
  withHints: (objectId: string) => boolean
  select?: readonly string[] | undefined
}

/** Two queries whatever the number of applications. */
export async function shapeApplications(db: Db, tenantId: string, rows: readonly ApplicationRow[], showing: Showing): Promise<Record<string, unknown>[]> {
  if (rows.length === 0) return []
  const credentials = await listCredentials(db, tenantId, rows.map(row => row.id))
  const domain = await db.selectFrom('domains').select('id').where('tenantId', '=', tenantId).where('isDefault', '=', true).executeTakeFirst()
  return rows.map(row => chosen(shape(row, credentials.filter(one => one.ownerId === row.id), domain?.id ?? null, showing), showing.select))
}

export const chosen = (all: Record<string, unknown>, select: readonly string[] | undefined): Record<string, unknown> =>
  (select === undefined ? all : Object.fromEntries(Object.entries(all).filter(([name]) => select.includes(name))))

function shape(row: ApplicationRow, credentials: readonly CredentialRow[], publisherDomain: string | null, showing: Showing): Record<string, unknown> {
  const { document } = row
  return {
    id: row.id, deletedDateTime: instant(row.deletedDateTime), addIns: document.addIns, api: document.api, appId: row.appId, applicationTemplateId: null,
    appRoles: document.appRoles, certification: null, createdByAppId: row.createdByAppId, createdDateTime: plainInstant(row.createdDateTime),
    defaultRedirectUri: document.defaultRedirectUri, description: document.description, disabledByMicrosoftStatus: null, displayName: row.displayName,
    groupMembershipClaims: document.groupMembershipClaims, identifierUris: row.identifierUris, info: document.info,
    isDeviceOnlyAuthSupported: document.isDeviceOnlyAuthSupported, isDisabled: row.isDisabled, isFallbackPublicClient: document.isFallbackPublicClient,
    keyCredentials: keyCredentials(credentials, showing), nativeAuthenticationApisEnabled: document.nativeAuthenticationApisEnabled, notes: document.notes,
    oauth2RequirePostResponse: document.oauth2RequirePostResponse, optionalClaims: document.optionalClaims,
    parentalControlSettings: document.parentalControlSettings, passwordCredentials: passwordCredentials(credentials, showing), publicClient: document.publicClient,
    publisherDomain, requestSignatureVerification: document.requestSignatureVerification, requiredResourceAccess: document.requiredResourceAccess,
    samlMetadataUrl: document.samlMetadataUrl, serviceManagementReference: document.serviceManagementReference,
    servicePrincipalLockConfiguration: document.servicePrincipalLockConfiguration, signInAudience: document.signInAudience, spa: document.spa, tags: document.tags,
    tokenEncryptionKeyId: document.tokenEncryptionKeyId, uniqueName: row.uniqueName, verifiedPublisher: noPublisher, web: document.web,
  }
}

export const noPublisher = { addedDateTime: null, displayName: null, verifiedPublisherId: null }

export const passwordCredentials = (credentials: readonly CredentialRow[], showing: Pick<Showing, 'withHints'>) =>
  credentials.filter(one => one.kind === 'password').map(one => passwordCredential(one, showing.withHints(one.ownerId)))

/** A secret without its text, which is nowhere any more. */
export function passwordCredential(row: CredentialRow, withHint = true, secretText: string | null = null) {
  return {
    customKeyIdentifier: null, displayName: row.displayName, endDateTime: plainInstant(row.endDateTime), hint: withHint ? row.hint : null, keyId: row.keyId, secretText,
    startDateTime: plainInstant(row.startDateTime),
  }
}

export const keyCredentials = (credentials: readonly CredentialRow[], showing: Pick<Showing, 'withKeys'>) =>
  credentials.filter(one => one.kind === 'certificate').map(one => keyCredential(one, showing.withKeys))

export function keyCredential(row: CredentialRow, withKey = false) {
  return {
    customKeyIdentifier: row.customKeyIdentifier, displayName: row.displayName, endDateTime: plainInstant(row.endDateTime), key: withKey ? row.certificate : null,
    keyId: row.keyId, startDateTime: plainInstant(row.startDateTime), type: row.keyType, usage: row.keyUsage,
  }
}
