/** /policies/authorizationPolicy and the security defaults (graph §7.2, §7.3). What nothing here acts on is shown and cannot be set. */
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { Refusal } from '../refusal.ts'
import { weakeningsOfAuthorization } from '../rules/policy-weakening.ts'
import { roles } from '../rules/roles.ts'
import type { AuthorizationPolicy } from '../rules/tenant-settings.ts'
import { reason } from '../rules/verdict.ts'
import { Nullable, collectionOf, entityOf, odataContext } from '../graph/answers.ts'
import { callerFacts, privilegedCaller, requireRole } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { policyReaders } from '../graph/readers.ts'
import { readPolicyFor, savePolicy } from './saving-policy.ts'
import type { PolicyDoor } from './saving-policy.ts'

const flag = Type.Boolean()
const permissions = {
  allowedToCreateApps: flag, allowedToCreateSecurityGroups: flag, allowedToCreateTenants: flag, allowedToReadBitlockerKeysForOwnedDevice: flag,
  allowedToReadOtherUsers: flag, permissionGrantPoliciesAssigned: Type.Array(Type.String()),
}
const Policy = Type.Object({
  id: Type.String(), deletedDateTime: Type.Null(), displayName: Type.String(), description: Type.String(), allowInvitesFrom: Type.String(),
  allowedToSignUpEmailBasedSubscriptions: flag, allowedToUseSSPR: flag, allowEmailVerifiedUsersToJoinOrganization: flag, allowUserConsentForRiskyApps: flag,
  blockMsolPowerShell: flag, guestUserRoleId: Nullable(Type.String()), defaultUserRolePermissions: Type.Object(permissions),
})

const odata = { '@odata.type': Type.Optional(Type.String()) }
const closed = { additionalProperties: false }
const Patch = Type.Object({
  ...odata,
  displayName: Type.Optional(Type.String({ maxLength: 256 })), description: Type.Optional(Type.String({ maxLength: 1024 })), allowInvitesFrom: Type.Optional(Type.String({ maxLength: 60 })),
  allowedToSignUpEmailBasedSubscriptions: Type.Optional(flag), allowedToUseSSPR: Type.Optional(flag), allowEmailVerifiedUsersToJoinOrganization: Type.Optional(flag),
  allowUserConsentForRiskyApps: Type.Optional(Nullable(flag)), blockMsolPowerShell: Type.Optional(Nullable(flag)), guestUserRoleId: Type.Optional(Nullable(Type.String({ maxLength: 36 }))),
  defaultUserRolePermissions: Type.Optional(Type.Object({
    ...odata, ...Object.fromEntries(Object.keys(permissions).map(name => [name, Type.Optional(Type.Unknown())])),
  }, closed)),
}, closed)

const writers = [roles.globalAdministrator, roles.privilegedRoleAdministrator] as const
const readers = [...policyReaders, roles.privilegedRoleAdministrator] as const

const door: PolicyDoor<'authorizationPolicy'> = {
  name: 'authorizationPolicy', writers, service: 'Core Directory', activity: 'Update authorization policy', check: () => [], weakenings: weakeningsOfAuthorization,
}

const paths = ['/v1.0/policies/authorizationPolicy', '/v1.0/policies/authorizationPolicy/authorizationPolicy', '/beta/policies/authorizationPolicy/authorizationPolicy'] as const
const access = { read: permitted('GET', '/policies/authorizationPolicy'), write: permitted('PATCH', '/policies/authorizationPolicy') }

export function authorizationPolicyRoutes(server: Server, app: App): void {
  server.get(paths[0], {
    config: { access: access.read, surface: 'graph' }, schema: { response: { 200: entityOf(Policy) } },
  }, async (request, reply) => {
    readQuery(request, { selectable: [], pageable: false })
    const { policy } = await readPolicyFor(app, request, reply, 'authorizationPolicy', readers)
    return { '@odata.context': odataContext(request, 'policies/authorizationPolicy/$entity'), ...shape(policy) }
  })
  // The one object is a collection under /beta, as in the original.
  server.get('/beta/policies/authorizationPolicy', {
    config: { access: access.read, surface: 'graph' }, schema: { response: { 200: collectionOf(Policy) } },
  }, async (request, reply) => {
    readQuery(request, { selectable: [], pageable: false })
    const { policy } = await readPolicyFor(app, request, reply, 'authorizationPolicy', readers)
    return { '@odata.context': odataContext(request, 'policies/authorizationPolicy'), value: [shape(policy)] }
  })
  for (const path of paths) {
    server.patch(path, { config: { access: access.write, surface: 'graph' }, schema: { body: Patch } }, async (request, reply) => {
      await savePolicy(app, request, door, before => merge(before, request.body))
      return reply.code(204).send()
    })
  }

  const Defaults = Type.Object({
    id: Type.String(), deletedDateTime: Type.Null(), displayName: Type.String(), description: Type.String(), isEnabled: flag,
  })
  const defaultsPath = '/v1.0/policies/identitySecurityDefaultsEnforcementPolicy'
  server.get(defaultsPath, {
    config: { access: permitted('GET', defaultsPath), surface: 'graph' }, schema: { response: { 200: entityOf(Defaults) } },
  }, async (request, reply) => {
    readQuery(request, { selectable: [], pageable: false })
    await readPolicyFor(app, request, reply, 'authorizationPolicy', readers)
    return {
      '@odata.context': odataContext(request, 'policies/identitySecurityDefaultsEnforcementPolicy/$entity'), id: '00000000-0000-0000-0000-000000000005', deletedDateTime: null,
      displayName: 'Security Defaults', description: 'A set of protections that is switched on as a whole. Here each has a switch of its own.', isEnabled: false,
    }
  })
  const DefaultsPatch = Type.Object({ ...odata, isEnabled: flag }, closed)
  server.patch(defaultsPath, {
    config: { access: permitted('PATCH', defaultsPath), surface: 'graph' }, schema: { body: DefaultsPatch },
  }, async (request, reply) => {
    await requireWriter(app, request)
    // There is nothing behind the switch: to say yes would let somebody believe they are protected.
    if (request.body.isEnabled) throw new Refusal(501, [reason('LK_NOT_IMPLEMENTED')], { field: 'isEnabled' })
    return reply.code(204).send()
  })
}

async function requireWriter(app: App, request: FastifyRequest): Promise<void> {
  requireRole((await callerFacts(app.db, privilegedCaller(app, request), app.now())).caller, roles.globalAdministrator, roles.securityAdministrator)
}

const fixed = {
  displayName: 'Authorization Policy', description: 'Used to manage authorization related settings across the company.', allowInvitesFrom: 'none',
  allowedToSignUpEmailBasedSubscriptions: false, allowEmailVerifiedUsersToJoinOrganization: false, allowUserConsentForRiskyApps: false, blockMsolPowerShell: false,
  guestUserRoleId: null,
} as const
/** People without a role read the basic properties of others and make no groups. */
const fixedPermissions = {
  allowedToCreateSecurityGroups: false, allowedToCreateTenants: false, allowedToReadBitlockerKeysForOwnedDevice: false, allowedToReadOtherUsers: true,
}
/** They consent to what asks for nothing sensitive, or to nothing: with no policy of this kind assigned (rules/consent.ts). */
const consentPolicies = ['ManagePermissionGrantsForSelf.microsoft-user-default-low']
const assignable = /^ManagePermissionGrantsForSelf\.microsoft-user-default-(low|legacy|recommended)$/

function shape(policy: AuthorizationPolicy) {
  return {
    id: 'authorizationPolicy', deletedDateTime: null, ...fixed, allowedToUseSSPR: policy.allowedToUseSSPR,
    defaultUserRolePermissions: {
      allowedToCreateApps: policy.defaultUserRolePermissions?.allowedToCreateApps ?? true, ...fixedPermissions,
      permissionGrantPoliciesAssigned: policy.defaultUserRolePermissions?.permissionGrantPoliciesAssigned ?? consentPolicies,
    },
  }
}

/** @throws Refusal 501 for a change of what nothing here acts on: an answer of 204 would be a lie */
function merge(before: AuthorizationPolicy, body: Static<typeof Patch>): AuthorizationPolicy {
  const { '@odata.type': _, allowedToUseSSPR, defaultUserRolePermissions, ...rest } = body
  const { '@odata.type': __, allowedToCreateApps, permissionGrantPoliciesAssigned: assigned, ...more } = (defaultUserRolePermissions ?? {}) as Record<string, unknown>
  requireUnchanged(rest, fixed)
  requireUnchanged(more, fixedPermissions)
  if (allowedToCreateApps !== undefined && typeof allowedToCreateApps !== 'boolean') throw new Refusal(400, [reason('LK_FIELD_INVALID', { field: 'allowedToCreateApps' })], { field: 'allowedToCreateApps' })
  const known = assigned === undefined || (Array.isArray(assigned) && assigned.length <= 1 && assigned.every(one => typeof one === 'string' && assignable.test(one)))
  if (!known) throw new Refusal(400, [reason('LK_FIELD_INVALID', { field: 'permissionGrantPoliciesAssigned' })], { field: 'permissionGrantPoliciesAssigned' })
  const people = {
    ...before.defaultUserRolePermissions, ...(allowedToCreateApps === undefined ? {} : { allowedToCreateApps }),
    ...(assigned === undefined ? {} : { permissionGrantPoliciesAssigned: assigned as string[] }),
  }
  return {
    ...before, ...(allowedToUseSSPR === undefined ? {} : { allowedToUseSSPR }),
    ...(Object.keys(people).length > 0 ? { defaultUserRolePermissions: people } : {}),
  }
}

function requireUnchanged(given: Readonly<Record<string, unknown>>, current: Readonly<Record<string, unknown>>): void {
  const changed = Object.keys(given).find(name => JSON.stringify(given[name]) !== JSON.stringify(current[name]))
  if (changed !== undefined) throw new Refusal(501, [reason('LK_NOT_IMPLEMENTED')], { field: changed })
}
