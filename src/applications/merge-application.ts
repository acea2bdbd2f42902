/** What an application is after a PATCH: parts that are objects are merged, lists are replaced, null is the value of the beginning (real-clients §3.4). */
import { emptyApplication, emptyServicePrincipal } from '../rules/application-document.ts'
import type { ApplicationDocument, AppRole, OptionalClaim, PermissionScope, ServicePrincipalDocument } from '../rules/application-document.ts'
import type { ApplicationPatch, ServicePrincipalPatch } from './application-schema.ts'

type Loose = Record<string, unknown>

const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value)

/** `before` with what `patch` says; `empty` is what null stands for. Names are those that `empty` has. */
function merged(before: unknown, patch: unknown, empty: unknown): unknown {
  if (patch === undefined) return before
  if (patch === null) return empty
  if (!isObject(patch) || !isObject(empty)) return withoutTypes(patch)
  const base = isObject(before) ? before : empty
  return Object.fromEntries(Object.keys(empty).map(name => [name, merged(base[name], patch[name], empty[name])]))
}

/** Annotations say nothing that is kept. */
function withoutTypes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTypes)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith('@')).map(([name, one]) => [name, withoutTypes(one)]))
}

/** Parts that are null in the beginning, and what they consist of once somebody sets them. */
const whole = {
  optionalClaims: { idToken: [], accessToken: [], saml2Token: [] },
  servicePrincipalLockConfiguration: { isEnabled: false, allProperties: null, credentialsWithUsageSign: null, credentialsWithUsageVerify: null, tokenEncryptionKeyId: null },
  requestSignatureVerification: { isSignedRequestRequired: false, allowedWeakAlgorithms: null },
} as const

export function mergeApplication(before: ApplicationDocument, patch: ApplicationPatch): ApplicationDocument {
  const next: Loose = { ...before }
  for (const name of Object.keys(emptyApplication) as (keyof ApplicationDocument)[]) {
    const given = (patch as Loose)[name]
    if (given === undefined) continue
    next[name] = name in whole ? (given === null ? null : merged(before[name], given, whole[name as keyof typeof whole])) : merged(before[name], given, emptyApplication[name])
  }
  return completed(next as unknown as ApplicationDocument)
}

export function mergeServicePrincipal(before: ServicePrincipalDocument, patch: ServicePrincipalPatch): ServicePrincipalDocument {
  const next: Loose = { ...before }
  for (const name of Object.keys(emptyServicePrincipal)) next[name] = name === 'samlSingleSignOnSettings' && isObject((patch as Loose)[name])
    ? { relayState: null, ...(withoutTypes((patch as Loose)[name]) as Loose) }
    : merged(next[name], (patch as Loose)[name], (emptyServicePrincipal as unknown as Loose)[name])
  return next as unknown as ServicePrincipalDocument
}

/** Members of lists with everything that Graph shows of them, ids in small letters. */
function completed(document: ApplicationDocument): ApplicationDocument {
  return {
    ...document,
    appRoles: document.appRoles.map(role => ({ ...({ value: null, displayName: null, description: null, isEnabled: true } as Partial<AppRole>), ...role, id: role.id.toLowerCase(), origin: 'Application' })),
    api: {
      ...document.api,
      knownClientApplications: document.api.knownClientApplications.map(id => id.toLowerCase()),
      oauth2PermissionScopes: document.api.oauth2PermissionScopes.map(scope => ({
        ...({
          value: null, type: 'User', isEnabled: true, adminConsentDisplayName: null, adminConsentDescription: null, userConsentDisplayName: null, userConsentDescription: null,
        } as Partial<PermissionScope>), ...scope, id: scope.id.toLowerCase(), origin: 'Application',
      })),
      preAuthorizedApplications: document.api.preAuthorizedApplications.map(({ appId, ...one }) => ({
        appId: appId?.toLowerCase() ?? null, delegatedPermissionIds: one.delegatedPermissionIds ?? (one as { permissionIds?: string[] }).permissionIds ?? [],
      })),
    },
    requiredResourceAccess: document.requiredResourceAccess.map(one => ({
      resourceAppId: one.resourceAppId.toLowerCase(), resourceAccess: one.resourceAccess.map(({ id, type }) => ({ id: id.toLowerCase(), type })),
    })),
    optionalClaims: document.optionalClaims && {
      idToken: claims(document.optionalClaims.idToken), accessToken: claims(document.optionalClaims.accessToken), saml2Token: claims(document.optionalClaims.saml2Token),
    },
    web: { ...document.web, redirectUriSettings: document.web.redirectUriSettings.map(one => ({ uri: one.uri ?? null, index: one.index ?? null })) },
    addIns: document.addIns.map(one => ({ id: one.id ?? null, type: one.type ?? '', properties: (one.properties ?? []).map(pair => ({ key: pair.key ?? null, value: pair.value ?? null })) })),
  }
}

const claims = (list: readonly OptionalClaim[]): OptionalClaim[] =>
  list.map(one => ({ ...({ source: null, essential: false, additionalProperties: [] } as Partial<OptionalClaim>), ...one }))
