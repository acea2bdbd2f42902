/** What may be written of an application and of a service principal. Every other name in a body is 400 (T-44). */
import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'
import { signInAudiences } from '../rules/application-document.ts'
import { Nullable } from '../graph/answers.ts'

const guid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' })
const text = (maxLength: number) => Nullable(Type.String({ maxLength }))
const flag = Nullable(Type.Boolean())
const list = <T extends TSchema>(item: T, maxItems: number) => Type.Array(item, { maxItems })
const uris = list(Type.String({ maxLength: 1024 }), 256)
const moment = Nullable(Type.String({ maxLength: 40 }))

/** A complex value: every property may be left out, the type may be said (graph §2.1). */
function complex<P extends Record<string, TSchema>>(properties: P) {
  const optional = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, Type.Optional(schema)])) as { [K in keyof P]: ReturnType<typeof Type.Optional<P[K]>> }
  return Type.Object({ '@odata.type': Type.Optional(Type.String({ maxLength: 100 })), ...optional }, { additionalProperties: false })
}

const AppRole = Type.Object({
  '@odata.type': Type.Optional(Type.String({ maxLength: 100 })), id: guid, allowedMemberTypes: list(Type.Union([Type.Literal('User'), Type.Literal('Application')]), 2),
  isEnabled: Type.Optional(Type.Boolean()), value: Type.Optional(text(250)), displayName: Type.Optional(text(256)), description: Type.Optional(text(2000)), origin: Type.Optional(text(100)),
}, { additionalProperties: false })

const PermissionScope = Type.Object({
  '@odata.type': Type.Optional(Type.String({ maxLength: 100 })), id: guid, isEnabled: Type.Optional(Type.Boolean()), value: Type.Optional(text(250)),
  type: Type.Optional(Nullable(Type.Union([Type.Literal('User'), Type.Literal('Admin')]))), adminConsentDisplayName: Type.Optional(text(256)),
  adminConsentDescription: Type.Optional(text(2000)), userConsentDisplayName: Type.Optional(text(256)), userConsentDescription: Type.Optional(text(2000)),
  origin: Type.Optional(text(100)),
}, { additionalProperties: false })

const OptionalClaim = Type.Object({
  '@odata.type': Type.Optional(Type.String({ maxLength: 100 })), name: Type.String({ minLength: 1, maxLength: 200 }), source: Type.Optional(text(200)),
  essential: Type.Optional(Type.Boolean()), additionalProperties: Type.Optional(list(Type.String({ maxLength: 200 }), 20)),
}, { additionalProperties: false })

export const KeyCredential = complex({
  keyId: Nullable(guid), displayName: text(256), type: text(40), usage: text(20), key: text(40_000), customKeyIdentifier: text(200), startDateTime: moment, endDateTime: moment,
})
export const PasswordCredential = complex({
  keyId: Nullable(guid), displayName: text(256), hint: text(10), secretText: text(500), customKeyIdentifier: text(200), startDateTime: moment, endDateTime: moment,
})

const RequiredResourceAccess = Type.Object({
  '@odata.type': Type.Optional(Type.String({ maxLength: 100 })), resourceAppId: guid,
  resourceAccess: list(Type.Object({ '@odata.type': Type.Optional(Type.String({ maxLength: 100 })), id: guid, type: Nullable(Type.Union([Type.Literal('Scope'), Type.Literal('Role')])) }, { additionalProperties: false }), 400),
}, { additionalProperties: false })

const AddIn = complex({ id: Nullable(guid), type: Type.String({ maxLength: 200 }), properties: list(complex({ key: text(200), value: text(2000) }), 50) })

const ImplicitGrantSettings = complex({ enableAccessTokenIssuance: flag, enableIdTokenIssuance: flag })

export const PatchApplication = complex({
  displayName: Type.String({ minLength: 1, maxLength: 256 }),
  description: text(1024),
  isDisabled: flag,
  isFallbackPublicClient: flag,
  isDeviceOnlyAuthSupported: flag,
  oauth2RequirePostResponse: Type.Boolean(),
  groupMembershipClaims: Nullable(Type.String({ pattern: '^(None|All|SecurityGroup|DirectoryRole|ApplicationGroup)(, ?(All|SecurityGroup|DirectoryRole|ApplicationGroup)){0,4}$' })),
  identifierUris: list(Type.String({ minLength: 1, maxLength: 255 }), 50),
  notes: text(1024),
  serviceManagementReference: text(256),
  signInAudience: Type.Union(signInAudiences.map(one => Type.Literal(one))),
  defaultRedirectUri: text(1024),
  samlMetadataUrl: text(1024),
  tokenEncryptionKeyId: Nullable(guid),
  nativeAuthenticationApisEnabled: Nullable(Type.Union([Type.Literal('none'), Type.Literal('all')])),
  uniqueName: text(256),
  tags: list(Type.String({ maxLength: 256 }), 100),
  addIns: list(AddIn, 20),
  web: Nullable(complex({
    homePageUrl: text(256), logoutUrl: text(1024), redirectUris: uris, implicitGrantSettings: Nullable(ImplicitGrantSettings),
    redirectUriSettings: list(complex({ uri: text(1024), index: Nullable(Type.Integer()) }), 256),
  })),
  spa: Nullable(complex({ redirectUris: uris })),
  publicClient: Nullable(complex({ redirectUris: uris })),
  api: Nullable(complex({
    acceptMappedClaims: flag, knownClientApplications: Nullable(list(guid, 100)), oauth2PermissionScopes: list(PermissionScope, 400),
    preAuthorizedApplications: Nullable(list(complex({ appId: Nullable(guid), delegatedPermissionIds: list(guid, 400), permissionIds: list(guid, 400) }), 100)),
    requestedAccessTokenVersion: Nullable(Type.Union([Type.Literal(1), Type.Literal(2)])),
  })),
  appRoles: list(AppRole, 400),
  requiredResourceAccess: list(RequiredResourceAccess, 50),
  optionalClaims: Nullable(complex({ idToken: Nullable(list(OptionalClaim, 50)), accessToken: Nullable(list(OptionalClaim, 50)), saml2Token: Nullable(list(OptionalClaim, 50)) })),
  info: Nullable(complex({ logoUrl: text(1024), marketingUrl: text(1024), privacyStatementUrl: text(1024), supportUrl: text(1024), termsOfServiceUrl: text(1024) })),
  parentalControlSettings: Nullable(complex({ countriesBlockedForMinors: list(Type.String({ maxLength: 2 }), 300), legalAgeGroupRule: text(40) })),
  servicePrincipalLockConfiguration: Nullable(complex({ isEnabled: Type.Boolean(), allProperties: flag, credentialsWithUsageSign: flag, credentialsWithUsageVerify: flag, tokenEncryptionKeyId: flag })),
  requestSignatureVerification: Nullable(complex({ isSignedRequestRequired: Type.Boolean(), allowedWeakAlgorithms: Nullable(Type.Literal('rsaSha1')) })),
  keyCredentials: list(KeyCredential, 200),
  passwordCredentials: list(PasswordCredential, 200),
})
export type ApplicationPatch = Static<typeof PatchApplication>

export const PatchServicePrincipal = complex({
  accountEnabled: flag,
  alternativeNames: list(Type.String({ maxLength: 256 }), 50),
  appRoleAssignmentRequired: Type.Boolean(),
  description: text(1024),
  displayName: Type.String({ minLength: 1, maxLength: 256 }),
  loginUrl: text(1024),
  notes: text(1024),
  notificationEmailAddresses: list(Type.String({ maxLength: 320 }), 10),
  preferredSingleSignOnMode: Nullable(Type.Union(['password', 'saml', 'notSupported', 'oidc'].map(one => Type.Literal(one)))),
  preferredTokenSigningKeyThumbprint: text(100),
  samlSingleSignOnSettings: Nullable(complex({ relayState: text(2000) })),
  servicePrincipalNames: list(Type.String({ maxLength: 300 }), 60),
  tags: list(Type.String({ maxLength: 256 }), 100),
  tokenEncryptionKeyId: Nullable(guid),
  keyCredentials: list(KeyCredential, 200),
  passwordCredentials: list(PasswordCredential, 200),
})
export type ServicePrincipalPatch = Static<typeof PatchServicePrincipal>

export const PostServicePrincipal = Type.Object({ ...PatchServicePrincipal.properties, appId: guid }, { additionalProperties: false })

/** An id or an alternate key of the last part but one; a key of what stands behind it. */
export const Key = Type.Object({ id: Type.String({ minLength: 1, maxLength: 320 }) })
export const KeyAndMember = Type.Object({ id: Type.String({ minLength: 1, maxLength: 320 }), member: Type.String({ minLength: 1, maxLength: 320 }) })

/** An answer that Graph's own schema describes better than one of ours could: it leaves as it is made. */
export const AsGraphHasIt = (description: string) => Type.Unsafe<Record<string, unknown>>({ description })

/** Larger than most: a list of a hundred certificates is (LD-50). */
export const largeBody = 1024 * 1024
