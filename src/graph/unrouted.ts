/**
 * Graph addresses that no route answers (graph §2.3): the right path with another verb is 405, a part of Graph that Latchkey does not
 * have is 501, and what is no part of Graph is 400. Never a success, and always JSON: clients read `error.message` without looking.
 */
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'

/** What Graph has at its root, ours or not. */
const roots = new Set([
  '$metadata', 'admin', 'administrativeunits', 'agreementacceptances', 'agreements', 'appcatalogs', 'applications', 'applicationtemplates', 'auditlogs',
  'authenticationmethodconfigurations', 'authenticationmethodspolicy', 'certificatebasedauthconfiguration', 'chats', 'communications', 'compliance', 'connections', 'contacts',
  'contracts', 'copilot', 'datapolicyoperations', 'deviceappmanagement', 'devicemanagement', 'devices', 'directory', 'directoryobjects', 'directoryroles',
  'directoryroletemplates', 'directorysettings', 'directorysettingtemplates', 'domaindnsrecords', 'domains', 'drive', 'drives', 'education', 'employeeexperience', 'external',
  'filteroperators', 'functions', 'grouplifecyclepolicies', 'groups', 'groupsettings', 'groupsettingtemplates', 'identity', 'identitygovernance', 'identityproviders',
  'identityprotection', 'informationprotection', 'invitations', 'me', 'oauth2permissiongrants', 'organization', 'permissiongrants', 'places', 'planner', 'policies', 'print',
  'privacy', 'privilegedaccess', 'reports', 'riskyusers', 'rolemanagement', 'schemaextensions', 'scopedrolememberships', 'search', 'security', 'serviceprincipals', 'shares',
  'sites', 'solutions', 'storage', 'subscribedskus', 'subscriptions', 'teams', 'teamstemplates', 'teamwork', 'tenantrelationships', 'users',
])

/** A name, with the arguments of a function or a key behind it or alone. What is neither is a wrong address, and no part of Graph that is missing here. */
const wellFormed = /^[\w.$@:-]*(\([^()]*\))?$/

/**
 * Why a path in Graph's voice was answered by nobody; undefined for every other path, and for those beside Graph that nobody has.
 * @param routes what is declared, as Fastify writes it
 */
export function unrouted(method: string, url: string, routes: readonly { method: string; url: string }[]): { refusal: Refusal; allow?: string } | undefined {
  const path = url.split('?', 1)[0]!.replace(/\/+$/, '')
  if (!/^\/(?:v1\.0|beta|arm|oidc)(?:\/|$)/i.test(path)) return undefined
  const allowed = otherMethods(method, path, routes)
  if (allowed.length > 0) return { refusal: new Refusal(405, [reason('LK_METHOD_NOT_ALLOWED')]), allow: allowed.join(', ') }
  const found = /^\/(?:v1\.0|beta)(?:\/([^/(]*))?/i.exec(path)
  if (!found) return undefined
  const segment = found[1] ?? ''
  if (roots.has(segment.toLowerCase()) && path.split('/').every(one => wellFormed.test(one))) return { refusal: new Refusal(501, [reason('LK_NOT_IMPLEMENTED')]) }
  return { refusal: new Refusal(400, [reason('LK_SEGMENT_UNKNOWN', { segment: segment.replace(/[\p{C}]/gu, '').slice(0, 60), graphCode: 'BadRequest' })]) }
}

/** What an address takes that was asked with another method; without the query string. */
export const otherMethods = (method: string, path: string, routes: readonly { method: string; url: string }[]): string[] =>
  [...new Set(routes.filter(route => route.method !== method && fits(route.url, path)).map(route => route.method))]

/** Segment by segment, without regard to case; `:id` stands for any one of them. */
function fits(pattern: string, path: string): boolean {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  return wanted.length === given.length && wanted.every((one, at) => (one.startsWith(':') ? given[at] !== '' : one.toLowerCase() === given[at]!.toLowerCase()))
}
