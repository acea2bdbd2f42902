// What an application and a service principal say of themselves, as Microsoft Graph names it (graph §3.3, §4), and what they say when
// nobody said anything.

export interface AppRole {
  id: string
  value: string | null
  displayName: string | null
  description: string | null
  allowedMemberTypes: string[]
  isEnabled: boolean
  origin: string | null
}

export interface PermissionScope {
  id: string
  value: string | null
  type: string | null
  isEnabled: boolean
  adminConsentDisplayName: string | null
  adminConsentDescription: string | null
  userConsentDisplayName: string | null
  userConsentDescription: string | null
  origin: string | null
}

export interface RequiredResourceAccess {
  resourceAppId: string
  resourceAccess: { id: string; type: string | null }[]
}

export interface OptionalClaim {
  name: string
  source: string | null
  essential: boolean
  additionalProperties: string[]
}

export interface OptionalClaims {
  idToken: OptionalClaim[]
  accessToken: OptionalClaim[]
  saml2Token: OptionalClaim[]
}

export interface WebApplication {
  homePageUrl: string | null
  logoutUrl: string | null
  redirectUris: string[]
  implicitGrantSettings: { enableAccessTokenIssuance: boolean | null; enableIdTokenIssuance: boolean | null }
  redirectUriSettings: { uri: string | null; index: number | null }[]
}

export interface ApiApplication {
  acceptMappedClaims: boolean | null
  knownClientApplications: string[]
  oauth2PermissionScopes: PermissionScope[]
  preAuthorizedApplications: { appId: string | null; delegatedPermissionIds: string[] }[]
  requestedAccessTokenVersion: number | null
}

export interface InformationalUrls {
  logoUrl: string | null
  marketingUrl: string | null
  privacyStatementUrl: string | null
  supportUrl: string | null
  termsOfServiceUrl: string | null
}

export const signInAudiences = ['AzureADMyOrg', 'AzureADMultipleOrgs', 'AzureADandPersonalMicrosoftAccount', 'PersonalMicrosoftAccount'] as const

export interface ApplicationDocument {
  description: string | null
  signInAudience: string
  isFallbackPublicClient: boolean | null
  isDeviceOnlyAuthSupported: boolean | null
  oauth2RequirePostResponse: boolean
  groupMembershipClaims: string | null
  notes: string | null
  serviceManagementReference: string | null
  defaultRedirectUri: string | null
  samlMetadataUrl: string | null
  tokenEncryptionKeyId: string | null
  nativeAuthenticationApisEnabled: string | null
  tags: string[]
  addIns: { id: string | null; type: string; properties: { key: string | null; value: string | null }[] }[]
  web: WebApplication
  spa: { redirectUris: string[] }
  publicClient: { redirectUris: string[] }
  api: ApiApplication
  appRoles: AppRole[]
  requiredResourceAccess: RequiredResourceAccess[]
  optionalClaims: OptionalClaims | null
  info: InformationalUrls
  parentalControlSettings: { countriesBlockedForMinors: string[]; legalAgeGroupRule: string | null }
  servicePrincipalLockConfiguration: Record<string, boolean | null> | null
  requestSignatureVerification: { isSignedRequestRequired: boolean; allowedWeakAlgorithms: string | null } | null
}

export const emptyApplication: ApplicationDocument = {
  description: null, signInAudience: 'AzureADMyOrg', isFallbackPublicClient: null, isDeviceOnlyAuthSupported: null, oauth2RequirePostResponse: false,
  groupMembershipClaims: null, notes: null, serviceManagementReference: null, defaultRedirectUri: null, samlMetadataUrl: null, tokenEncryptionKeyId: null,
  nativeAuthenticationApisEnabled: null, tags: [], addIns: [],
  web: {
    homePageUrl: null, logoutUrl: null, redirectUris: [], implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false },
    redirectUriSettings: [],
  },
  spa: { redirectUris: [] }, publicClient: { redirectUris: [] },
  api: { acceptMappedClaims: null, knownClientApplications: [], oauth2PermissionScopes: [], preAuthorizedApplications: [], requestedAccessTokenVersion: null },
  appRoles: [], requiredResourceAccess: [], optionalClaims: null,
  info: { logoUrl: null, marketingUrl: null, privacyStatementUrl: null, supportUrl: null, termsOfServiceUrl: null },
  parentalControlSettings: { countriesBlockedForMinors: [], legalAgeGroupRule: 'Allow' }, servicePrincipalLockConfiguration: null,
  requestSignatureVerification: null,
}

export interface ServicePrincipalDocument {
  appRoleAssignmentRequired: boolean
  alternativeNames: string[]
  description: string | null
  loginUrl: string | null
  notes: string | null
  notificationEmailAddresses: string[]
  preferredSingleSignOnMode: string | null
  preferredTokenSigningKeyThumbprint: string | null
  samlSingleSignOnSettings: { relayState: string | null } | null
  servicePrincipalType: string
  tags: string[]
  tokenEncryptionKeyId: string | null
}

export const emptyServicePrincipal: ServicePrincipalDocument = {
  appRoleAssignmentRequired: false, alternativeNames: [], description: null, loginUrl: null, notes: null, notificationEmailAddresses: [],
  preferredSingleSignOnMode: null, preferredTokenSigningKeyThumbprint: null, samlSingleSignOnSettings: null, servicePrincipalType: 'Application', tags: [],
  tokenEncryptionKeyId: null,
}
