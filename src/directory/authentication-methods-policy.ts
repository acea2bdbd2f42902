/** /policies/authenticationMethodsPolicy and its configurations, one a method (graph §7.1). */
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { validateMethodsPolicy, weakeningsOfMethods } from '../rules/policy-method-checks.ts'
import { defaultAuthenticationMethodsPolicy } from '../rules/tenant-settings.ts'
import type { AuthenticationMethodsPolicy, MethodConfiguration, RegistrationCampaign } from '../rules/tenant-settings.ts'
import { finding } from '../rules/verdict.ts'
import type { Finding } from '../rules/verdict.ts'
import { Nullable, collectionOf, entityOf, instant, odataContext } from '../graph/answers.ts'
import { badRequest, notFound } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { policyReaders, policyWriters } from '../graph/readers.ts'
import { Configuration, PatchConfiguration, isConfigurationType, mergeConfiguration, shapeConfiguration } from './method-configurations.ts'
import { readPolicyFor, savePolicy } from './saving-policy.ts'
import type { PolicyDoor } from './saving-policy.ts'

const Target = Type.Object({ id: Type.String(), targetType: Type.String() })
const Campaign = Type.Object({
  snoozeDurationInDays: Type.Integer(), state: Type.String(), excludeTargets: Type.Array(Target),
  includeTargets: Type.Array(Type.Object({ ...Target.properties, targetedAuthenticationMethod: Type.String() })),
})
const Policy = Type.Object({
  id: Type.String(), displayName: Type.String(), description: Type.String(), lastModifiedDateTime: Nullable(Type.String()), policyVersion: Type.String(),
  policyMigrationState: Type.String(), reconfirmationInDays: Nullable(Type.Integer()),
  registrationEnforcement: Type.Object({ authenticationMethodsRegistrationCampaign: Campaign }),
  authenticationMethodConfigurations: Type.Array(Configuration),
})

const odata = { '@odata.type': Type.Optional(Type.String()) }
const target = { ...odata, id: Type.String({ maxLength: 64 }), targetType: Type.Union([Type.Literal('group'), Type.Literal('user')]) }
const closed = { additionalProperties: false }
const Patch = Type.Object({
  ...odata,
  policyMigrationState: Type.Optional(Type.Union([Type.Literal('preMigration'), Type.Literal('migrationInProgress'), Type.Literal('migrationComplete')])),
  registrationEnforcement: Type.Optional(Type.Object({
    ...odata,
    authenticationMethodsRegistrationCampaign: Type.Object({
      ...odata,
      snoozeDurationInDays: Type.Optional(Type.Integer()),
      state: Type.Optional(Type.Union([Type.Literal('default'), Type.Literal('enabled'), Type.Literal('disabled')])),
      excludeTargets: Type.Optional(Type.Array(Type.Object(target, closed), { maxItems: 50 })),
      includeTargets: Type.Optional(Type.Array(Type.Object({ ...target, targetedAuthenticationMethod: Type.String({ maxLength: 60 }) }, closed), { maxItems: 50 })),
    }, closed),
  }, closed)),
}, closed)

const path = '/v1.0/policies/authenticationMethodsPolicy'
const context = 'policies/authenticationMethodsPolicy'

const door: PolicyDoor<'authenticationMethodsPolicy'> = {
  name: 'authenticationMethodsPolicy', writers: policyWriters, service: 'Authentication Methods', activity: 'Authentication Methods Policy Update',
  check: async (next, before, { tenant, trx }) => [...validateMethodsPolicy(next, before, tenant.passwordResetPolicy), ...(await groupFindings(trx, tenant.id, next))],
  weakenings: weakeningsOfMethods,
  told: policy => ({
    policyMigrationState: policy.policyMigrationState, registrationCampaign: policy.registrationCampaign,
    ...Object.fromEntries(policy.authenticationMethodConfigurations.map(one => [one.id, one])),
  }),
}

export function authenticationMethodsPolicyRoutes(server: Server, app: App): void {
  const config = (method: string, route: string) => ({ access: permitted(method, route), surface: 'graph' as const })

  server.get(path, { config: config('GET', path), schema: { response: { 200: entityOf(Policy) } } }, async (request, reply) => {
    readQuery(request, { selectable: [], pageable: false })
    const { policy, savedAt } = await readPolicyFor(app, request, reply, 'authenticationMethodsPolicy', policyReaders)
    return { '@odata.context': odataContext(request, `${context}/$entity`), ...shape(policy, savedAt) }
  })

  server.patch(path, { config: config('PATCH', path), schema: { body: Patch } }, async (request, reply) => {
    const { policyMigrationState, registrationEnforcement } = request.body
    await savePolicy(app, request, door, before => ({
      ...before,
      ...(policyMigrationState === undefined ? {} : { policyMigrationState }),
      ...(registrationEnforcement === undefined ? {} : { registrationCampaign: mergeCampaign(before, registrationEnforcement.authenticationMethodsRegistrationCampaign) }),
    }))
    return reply.code(204).send()
  })

  const configurations = `${path}/authenticationMethodConfigurations`
  const One = Type.Object({ id: Type.String({ maxLength: 40 }) })
  server.get(configurations, {
    config: config('GET', configurations), schema: { response: { 200: collectionOf(Configuration) } },
  }, async (request, reply) => {
    readQuery(request, { selectable: [], pageable: false })
    const { policy } = await readPolicyFor(app, request, reply, 'authenticationMethodsPolicy', policyReaders)
    return {
      '@odata.context': odataContext(request, `${context}/authenticationMethodConfigurations`),
      value: policy.authenticationMethodConfigurations.map(shapeConfiguration),
    }
  })

  server.get(`${configurations}/:id`, {
    config: config('GET', `${configurations}/:id`), schema: { params: One, response: { 200: entityOf(Configuration) } },
  }, async (request, reply) => {
    readQuery(request, { selectable: [], pageable: false })
    const { policy } = await readPolicyFor(app, request, reply, 'authenticationMethodsPolicy', policyReaders)
    return {
      '@odata.context': odataContext(request, `${context}/authenticationMethodConfigurations/$entity`),
      ...shapeConfiguration(requireConfiguration(policy, request.params.id)),
    }
  })

  server.patch(`${configurations}/:id`, {
    config: config('PATCH', `${configurations}/:id`), schema: { params: One, body: PatchConfiguration },
  }, async (request, reply) => {
    await change(request, request.params.id, before => {
      if (!isConfigurationType(before.id, request.body['@odata.type'])) throw badRequest('LK_FIELD_INVALID', { field: '@odata.type' }, '@odata.type')
      return mergeConfiguration(before, request.body)
    })
    return reply.code(204).send()
  })

  // Deleting one gives it the values a new tenant has.
  server.delete(`${configurations}/:id`, {
    config: config('DELETE', `${configurations}/:id`), schema: { params: One },
  }, async (request, reply) => {
    await change(request, request.params.id, before => defaultAuthenticationMethodsPolicy.authenticationMethodConfigurations.find(one => one.id === before.id)!)
    return reply.code(204).send()
  })

  const change = (request: FastifyRequest, id: string, to: (before: MethodConfiguration) => MethodConfiguration) =>
    savePolicy(app, request, door, policy => {
      const before = requireConfiguration(policy, id)
      const next = to(before)
      return {
        ...policy,
        authenticationMethodConfigurations: policy.authenticationMethodConfigurations.map(one => (one.id === before.id ? next : one)),
      }
    })
}

/** By its id, whatever its letters' size. @throws Refusal 404 */
function requireConfiguration(policy: AuthenticationMethodsPolicy, id: string): MethodConfiguration {
  const found = policy.authenticationMethodConfigurations.find(one => one.id.toLowerCase() === id.toLowerCase())
  if (!found) throw notFound()
  return found
}

const usualCampaign: RegistrationCampaign = {
  snoozeDurationInDays: 1, state: 'default', excludeTargets: [],
  includeTargets: [{ id: 'all_users', targetType: 'group', targetedAuthenticationMethod: 'microsoftAuthenticator' }],
}

type CampaignPatch = NonNullable<Static<typeof Patch>['registrationEnforcement']>['authenticationMethodsRegistrationCampaign']

function mergeCampaign(before: AuthenticationMethodsPolicy, { snoozeDurationInDays, state, excludeTargets, includeTargets }: CampaignPatch): RegistrationCampaign {
  const was = before.registrationCampaign ?? usualCampaign
  return {
    snoozeDurationInDays: snoozeDurationInDays ?? was.snoozeDurationInDays, state: state ?? was.state,
    excludeTargets: excludeTargets?.map(({ id, targetType }) => ({ id, targetType })) ?? was.excludeTargets,
    includeTargets: includeTargets?.map(({ id, targetType, targetedAuthenticationMethod }) => ({ id, targetType, targetedAuthenticationMethod })) ?? was.includeTargets,
  }
}

function shape(policy: AuthenticationMethodsPolicy, savedAt: number | null) {
  return {
    id: 'authenticationMethodsPolicy', displayName: 'Authentication Methods Policy',
    description: 'The tenant-wide policy that controls which authentication methods are allowed in the tenant, authentication method registration requirements, and self-service password reset settings',
    lastModifiedDateTime: instant(savedAt), policyVersion: '1.5', policyMigrationState: policy.policyMigrationState, reconfirmationInDays: null,
    registrationEnforcement: { authenticationMethodsRegistrationCampaign: policy.registrationCampaign ?? usualCampaign },
    authenticationMethodConfigurations: policy.authenticationMethodConfigurations.map(shapeConfiguration),
  }
}

/** Groups that are named have to be there: a target that leads nowhere would quietly shut everybody out, or let them in. */
async function groupFindings(trx: Db, tenantId: string, next: AuthenticationMethodsPolicy): Promise<Finding[]> {
  const named = next.authenticationMethodConfigurations.flatMap(one => [...one.includeTargets, ...one.excludeTargets]).filter(one => one.targetType === 'group' && one.id !== 'all_users').map(one => one.id)
  const ids = [...new Set(named)]
  if (ids.length === 0) return []
  const found = await trx.selectFrom('groups').select('id').where('tenantId', '=', tenantId).where('id', 'in', ids.slice(0, 999)).where('deletedDateTime', 'is', null).execute()
  return found.length === ids.length ? [] : [finding('targets', 'LK_FIELD_INVALID', 'blocks', { field: 'includeTargets' }, { field: 'includeTargets' })]
}
