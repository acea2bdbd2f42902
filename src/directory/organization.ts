/** /organization: the tenant itself, a collection of one (graph §9). */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { isWellFormedAddress } from '../rules/contact-data.ts'
import { roles } from '../rules/roles.ts'
import type { OrganizationContacts } from '../rules/tenant-settings.ts'
import { finding } from '../rules/verdict.ts'
import type { Finding } from '../rules/verdict.ts'
import { gatherTenantFacts } from '../store/facts.ts'
import { listDomains } from '../store/domains.ts'
import { readPolicies } from '../store/policies.ts'
import { findTenant } from '../store/tenants.ts'
import { Nullable, collectionOf, entityOf, instant, odataContext, pick } from '../graph/answers.ts'
import { graphCaller, notFound } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { savePolicy } from './saving-policy.ts'
import type { PolicyDoor } from './saving-policy.ts'

const text = Type.Optional(Nullable(Type.String()))
const texts = Type.Optional(Type.Array(Type.String()))
const Domain = Type.Object({
  capabilities: Nullable(Type.String()), isDefault: Type.Boolean(), isInitial: Type.Boolean(), name: Type.String(), type: Type.String(),
})
const none = Type.Optional(Type.Array(Type.Object({})))
const Organization = Type.Object({
  id: Type.Optional(Type.String()), deletedDateTime: text, businessPhones: texts, city: text, country: text, countryLetterCode: text, createdDateTime: text,
  defaultUsageLocation: text, displayName: text, marketingNotificationEmails: texts, onPremisesLastSyncDateTime: text,
  onPremisesSyncEnabled: Type.Optional(Nullable(Type.Boolean())), partnerTenantType: text, postalCode: text, preferredLanguage: text,
  privacyProfile: Type.Optional(Nullable(Type.Object({ contactEmail: Nullable(Type.String()), statementUrl: Nullable(Type.String()) }))),
  securityComplianceNotificationMails: texts, securityComplianceNotificationPhones: texts, state: text, street: text, technicalNotificationMails: texts, tenantType: text,
  assignedPlans: none, provisionedPlans: none, verifiedDomains: Type.Optional(Type.Array(Domain)),
})

const closed = { additionalProperties: false }
const addresses = Type.Optional(Type.Array(Type.String({ maxLength: 254 }), { maxItems: 50 }))
const Patch = Type.Object({
  '@odata.type': Type.Optional(Type.String()),
  marketingNotificationEmails: addresses, technicalNotificationMails: addresses, securityComplianceNotificationMails: addresses,
  securityComplianceNotificationPhones: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 50 })),
  privacyProfile: Type.Optional(Nullable(Type.Object({
    '@odata.type': Type.Optional(Type.String()), contactEmail: Type.Optional(Nullable(Type.String({ maxLength: 254 }))), statementUrl: Type.Optional(Nullable(Type.String({ maxLength: 500 }))),
  }, closed))),
}, closed)

const offer = { selectable: Object.keys(Organization.properties), pageable: false } as const
const door: PolicyDoor<'organizationContacts'> = {
  name: 'organizationContacts', shownAs: 'organization', writers: [roles.globalAdministrator], service: 'Core Directory', activity: 'Set Company Information',
  check: next => validate(next), weakenings: () => [],
}

export function organizationRoutes(server: Server, app: App): void {
  const Id = Type.Object({ id: Type.String({ maxLength: 64 }) })

  server.get('/v1.0/organization', {
    config: { access: permitted('GET', '/organization'), surface: 'graph' }, schema: { response: { 200: collectionOf(Organization) } },
  }, async request => {
    const { select } = readQuery(request, offer)
    return {
      '@odata.context': odataContext(request, select ? `organization(${select.join(',')})` : 'organization'),
      value: [await organizationOf(app, request, select)],
    }
  })

  server.get('/v1.0/organization/:id', {
    config: { access: permitted('GET', '/organization/{id}'), surface: 'graph' },
    schema: { params: Id, response: { 200: entityOf(Organization) } },
  }, async request => {
    const { select } = readQuery(request, offer)
    requireOwn(request, request.params.id)
    return { '@odata.context': odataContext(request, 'organization/$entity'), ...(await organizationOf(app, request, select)) }
  })

  server.patch('/v1.0/organization/:id', {
    config: { access: permitted('PATCH', '/organization/{id}'), surface: 'graph' }, schema: { params: Id, body: Patch },
  }, async (request, reply) => {
    requireOwn(request, request.params.id)
    const { marketingNotificationEmails, technicalNotificationMails, securityComplianceNotificationMails, securityComplianceNotificationPhones, privacyProfile } = request.body
    const given = {
      marketingNotificationEmails, technicalNotificationMails, securityComplianceNotificationMails, securityComplianceNotificationPhones,
    }
    await savePolicy(app, request, door, before => ({
      ...before, ...(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as Partial<OrganizationContacts>),
      ...(privacyProfile === undefined ? {} : { privacyProfile: privacyProfile && { contactEmail: privacyProfile.contactEmail ?? null, statementUrl: privacyProfile.statementUrl ?? null } }),
    }))
    return reply.code(204).send()
  })
}

/** Every other id is nobody's, another tenant's too (T-43). */
function requireOwn(request: FastifyRequest, id: string): void {
  if (id !== graphCaller(request).tenantId) throw notFound()
}

async function organizationOf(app: App, request: FastifyRequest, select: readonly string[] | undefined) {
  const { tenantId } = graphCaller(request)
  const tenant = await findTenant(app.db, tenantId)
  if (!tenant) throw notFound()
  const { hybrid } = await gatherTenantFacts(app.db, tenantId)
  const { organizationContacts } = await readPolicies(app.db, tenantId)
  const whole = {
    id: tenant.id, deletedDateTime: null, businessPhones: [], city: null, country: null, countryLetterCode: null, createdDateTime: instant(tenant.createdAt),
    defaultUsageLocation: null, displayName: tenant.displayName, onPremisesLastSyncDateTime: instant(hybrid.lastSyncAt),
    onPremisesSyncEnabled: hybrid.everSynced ? hybrid.syncEnabled : null, partnerTenantType: null, postalCode: null, preferredLanguage: tenant.defaultLocale, state: null, street: null,
    tenantType: 'AAD', ...organizationContacts, assignedPlans: [], provisionedPlans: [],
    verifiedDomains: (await listDomains(app.db, tenantId)).filter(one => one.isVerified)
      .map(one => ({ capabilities: 'Email', isDefault: one.isDefault, isInitial: one.isInitial, name: one.id, type: one.authenticationType })),
  }
  return select === undefined ? whole : pick(whole, select)
}

function validate(next: OrganizationContacts): Finding[] {
  const invalid = (field: string, good: boolean) => finding('contacts', 'LK_FIELD_INVALID', good ? 'ok' : 'blocks', { field }, { field })
  const lists = ['marketingNotificationEmails', 'technicalNotificationMails', 'securityComplianceNotificationMails'] as const
  const { contactEmail = null, statementUrl = null } = next.privacyProfile ?? {}
  return [
    ...lists.map(name => invalid(name, next[name].every(isWellFormedAddress))),
    invalid('privacyProfile.contactEmail', contactEmail === null || isWellFormedAddress(contactEmail)),
    invalid('privacyProfile.statementUrl', statementUrl === null || /^https:\/\/[^\s/?#@]+([/?#]\S*)?$/i.test(statementUrl)),
  ]
}
