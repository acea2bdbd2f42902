// Is what somebody writes into an application possible (graph §3.3)? Each answers with what is wrong, or nothing.
import type { ApplicationDocument, AppRole, PermissionScope } from './application-document.ts'
import { firstPartyByIdentifier } from './first-party.ts'
import { isPlainWebAddress } from './redirect-uris.ts'
import { reason } from './verdict.ts'
import type { Reason } from './verdict.ts'

export interface Fault {
  reason: Reason
  /** The property at fault, as the body names it. */
  field: string
}

const invalid = (field: string): Fault => ({ reason: reason('LK_FIELD_INVALID', { field }), field })

/**
 * Names by which an application is asked for as a resource. One of ours is nobody else's: a token for it would open what is not the
 * application's (T-49).
 */
export function faultInIdentifierUris(uris: readonly string[], origins: readonly string[]): Fault | undefined {
  const bad = uris.some(uri => !isIdentifier(uri) || firstPartyByIdentifier(uri, origins) !== undefined || origins.some(origin => isUnder(uri, origin)))
  const twice = new Set(uris.map(uri => uri.toLowerCase())).size !== uris.length
  return bad || twice ? invalid('identifierUris') : undefined
}

const isIdentifier = (uri: string): boolean => /^(?:[a-z][a-z0-9+.-]{0,30}:\/\/[^\s/?#*"<>\\]+[^\s?#*"<>\\]*|urn:[^\s?#*"<>\\]+)$/i.test(uri)
const isUnder = (uri: string, origin: string): boolean => uri.toLowerCase() === origin.toLowerCase() || uri.toLowerCase().startsWith(`${origin.toLowerCase()}/`)

/** Browsers take no answer by plain HTTP but on their own machine; programs may have a scheme of their own (oauth §8). */
export function faultInRedirectUris(document: Pick<ApplicationDocument, 'web' | 'spa' | 'publicClient'>): Fault | undefined {
  if (!document.web.redirectUris.every(isWebRedirect)) return invalid('web.redirectUris')
  if (!document.spa.redirectUris.every(isWebRedirect)) return invalid('spa.redirectUris')
  if (!document.publicClient.redirectUris.every(isNativeRedirect)) return invalid('publicClient.redirectUris')
  const logout = document.web.logoutUrl
  return logout === null || isWebRedirect(logout) ? undefined : invalid('web.logoutUrl')
}

const plainText = /^[^\s#*"<>\\^`{|}]+$/
const loopback = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?(\/|\?|$)/i
const isWebRedirect = (uri: string): boolean => plainText.test(uri) && !uri.includes('@') && isPlainWebAddress(uri) && (/^https:\/\/[^/?]+/i.test(uri) || loopback.test(uri))
/** Schemes in which an answer would run, or read files, and those of the web, which have rules of their own. */
const dangerous = /^(javascript|data|vbscript|file|about|blob|https?|ftp|ws|wss|view-source):/i
const isNativeRedirect = (uri: string): boolean => isWebRedirect(uri) || (plainText.test(uri) && /^[a-z][a-z0-9+.-]{0,100}:[^:]/i.test(uri) && !dangerous.test(uri))

/** Values that tokens carry: no blanks, for scopes are separated by them, and no slash at an end. */
const isValue = (value: string): boolean => /^[\w:!#$%&()*+,\-.;=?@^`|~/]{1,120}$/.test(value) && !/^[./]|\/$/.test(value)

/** Roles and scopes together: ids and values once each; what is switched on is neither changed nor taken away (graph §3.3). */
export function faultInEntitlements(before: Pick<ApplicationDocument, 'appRoles' | 'api'> | undefined, next: Pick<ApplicationDocument, 'appRoles' | 'api'>): Fault | undefined {
  return faultIn('appRoles', before?.appRoles ?? [], next.appRoles) ?? faultIn('api.oauth2PermissionScopes', before?.api.oauth2PermissionScopes ?? [], next.api.oauth2PermissionScopes)
}

function faultIn(field: string, before: readonly (AppRole | PermissionScope)[], next: readonly (AppRole | PermissionScope)[]): Fault | undefined {
  const values = next.flatMap(one => (one.value === null || one.value === '' ? [] : [one.value]))
  if (!values.every(isValue) || new Set(values).size !== values.length || new Set(next.map(one => one.id)).size !== next.length) return invalid(field)
  if (next.some(one => 'allowedMemberTypes' in one ? one.allowedMemberTypes.length === 0 || !one.displayName : !one.value)) return invalid(field)
  const gone = before.find(one => one.isEnabled && !next.some(other => other.id === one.id))
  return gone && { reason: reason('LK_ENTITLEMENT_ENABLED', { value: gone.value ?? gone.id, graphCode: 'CannotDeleteOrUpdateEnabledEntitlement' }), field }
}
