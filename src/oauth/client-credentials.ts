/** A program's own token (oauth §7): the app roles it was given, nobody's consent, no refresh token. */
import { issueAccessToken, newTokenId } from './access-token.ts'
import { aadsts } from './errors.ts'
import { type Grant, type GrantContext, requestedCapabilities } from './grants.ts'
import { defaultResource } from './scopes.ts'
import { keyIsKnown } from './signing-keys.ts'

/** `scope` on v2, `resource` on v1; told apart before anything is looked up, so that one query answers for both client and resource. */
export function resourceAsked({ form, version }: Pick<GrantContext, 'form' | 'version'>): string {
  if (version === 2 && form['resource'] !== undefined) throw aadsts(901002)
  if (version === 2) return defaultResource(required(form['scope'], 'scope'))
  return form['resource'] === undefined && form['scope'] !== undefined ? defaultResource(form['scope']) : required(form['resource'], 'resource')
}

function required(value: string | undefined, name: string): string {
  if (!value) throw aadsts(900144, { name })
  return value
}

export const clientCredentials: Grant = {
  resource: resourceAsked,
  run: async context => {
    const { app, tenant, client, method, known, place, reached } = context
    if (method === 'none') throw aadsts(7000216)
    const identifier = resourceAsked(context)
    if (reached === undefined) throw aadsts(500011, { resource: identifier, tenant: tenant.tenantId })
    const { resource, roles } = reached
    if (resource.disabled) throw aadsts(50001, { resource: identifier, tenant: tenant.tenantId })
    if (resource.appRoleAssignmentRequired && roles.length === 0) throw aadsts(501051, { app: client.appId, resource: identifier })
    const id = newTokenId()
    await keyIsKnown(app, tenant.tenantId, known.settingsVersion)
    // Behind everything that was read for the token: whoever has the line on the disk has all of it there.
    const line = context.noteSuccess(id)
    const accessToken = await issueAccessToken(app, {
      id,
      tenantId: tenant.tenantId, tenant: known, client, method, resource, audience: identifier, origin: place.origin, roles, capabilities: requestedCapabilities(context.form, resource),
    })
    await line?.written()
    return { accessToken, resource: identifier, isSettled: line !== undefined }
  },
}
