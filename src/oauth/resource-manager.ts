import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { findTenant } from '../store/tenants.ts'

/** The little of the resource manager without which `az login` does not end: no subscriptions, and the tenant (real-clients §3.3). */
export function resourceManagerRoutes(server: Server, app: App): void {
  const config = { access: { bearer: 'arm' }, surface: 'graph' } as const
  server.get('/arm/subscriptions', { config }, async () => ({ value: [] }))
  server.get('/arm/tenants', { config }, async request => {
    const tenant = await findTenant(app.db, request.caller!.tenantId)
    if (tenant === undefined) throw new Refusal(404, [reason('LK_NOT_FOUND')])
    return { value: [{ id: `/tenants/${tenant.id}`, tenantId: tenant.id, displayName: tenant.displayName }] }
  })
}
