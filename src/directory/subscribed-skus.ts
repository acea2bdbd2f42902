/** /subscribedSkus: what the organisation owns, and how much of it is given out (graph §9). */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import type { SubscribedSkuFacts } from '../rules/facts.ts'
import { servicePlansOf } from '../rules/service-plans.ts'
import { consumedUnits, subscribedSkus } from '../store/licences.ts'
import { collectionOf, entityOf, odataContext, pick } from '../graph/answers.ts'
import { graphCaller, notFound } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'

const text = Type.Optional(Type.String())
const units = Type.Integer()
export const Plan = Type.Object({
  servicePlanId: Type.String(), servicePlanName: Type.String(), provisioningStatus: Type.String(), appliesTo: Type.String(),
})
const Sku = Type.Object({
  id: text, accountId: text, accountName: text, appliesTo: text, capabilityStatus: text, consumedUnits: Type.Optional(units),
  prepaidUnits: Type.Optional(Type.Object({ enabled: units, suspended: units, warning: units, lockedOut: units })), servicePlans: Type.Optional(Type.Array(Plan)),
  skuId: text, skuPartNumber: text, subscriptionIds: Type.Optional(Type.Array(Type.String())),
})
const offer = { selectable: Object.keys(Sku.properties), pageable: false } as const

export const shapePlans = (skuId: string, disabled: readonly string[] = []) =>
  servicePlansOf(skuId).map(plan => ({ ...plan, provisioningStatus: disabled.includes(plan.servicePlanId) ? 'Disabled' : 'Success', appliesTo: 'User' }))

export function subscribedSkuRoutes(server: Server, app: App): void {
  server.get('/v1.0/subscribedSkus', {
    config: { access: permitted('GET', '/subscribedSkus'), surface: 'graph' }, schema: { response: { 200: collectionOf(Sku) } },
  }, async request => {
    const { select } = readQuery(request, offer)
    const value = await skusOf(app, graphCaller(request).tenantId)
    return {
      '@odata.context': odataContext(request, select ? `subscribedSkus(${select.join(',')})` : 'subscribedSkus'),
      value: value.map(one => (select ? pick(one, select) : one)),
    }
  })

  const Key = Type.Object({ id: Type.String({ maxLength: 80 }) })
  server.get('/v1.0/subscribedSkus/:id', {
    config: { access: permitted('GET', '/subscribedSkus/{id}'), surface: 'graph' },
    schema: { params: Key, response: { 200: entityOf(Sku) } },
  }, async request => {
    const { select } = readQuery(request, offer)
    const found = (await skusOf(app, graphCaller(request).tenantId)).find(one => one.id === request.params.id.toLowerCase())
    if (!found) throw notFound()
    return { '@odata.context': odataContext(request, 'subscribedSkus/$entity'), ...(select ? pick(found, select) : found) }
  })
}

async function skusOf(app: App, tenantId: string) {
  const consumed = await consumedUnits(app.db, tenantId)
  return (await subscribedSkus(app.db, tenantId)).map(sku => shape(tenantId, sku, consumed.get(sku.skuId) ?? 0))
}

/** Units stand where the state of the subscription puts them. */
function shape(tenantId: string, { skuId, skuPartNumber, capabilityStatus, enabledUnits }: SubscribedSkuFacts, consumed: number) {
  const where = { Enabled: 'enabled', Warning: 'warning', Suspended: 'suspended', Deleted: 'suspended', LockedOut: 'lockedOut' }[capabilityStatus as string] ?? 'enabled'
  return {
    id: `${tenantId}_${skuId}`, accountId: tenantId, accountName: skuPartNumber.toLowerCase(), appliesTo: 'User', capabilityStatus, consumedUnits: consumed,
    prepaidUnits: { enabled: 0, suspended: 0, warning: 0, lockedOut: 0, [where]: enabledUnits }, servicePlans: shapePlans(skuId), skuId, skuPartNumber, subscriptionIds: [],
  }
}
