/** Which tenant a path means: `/{tenant}/oauth2/v2.0/token` by id, by domain name or by one of the words that clients use. */
import type { App } from '../app.ts'
import { aadsts } from './errors.ts'
import { type TenantRow, defaultTenant, findTenant, findTenantByDomain } from '../store/tenants.ts'

export interface ResolvedTenant {
  tenantId: string
  /** As asked, in small letters. */
  segment: string
  /** `common` and `organizations` name nobody; `adfs` is how the Azure CLI says "the tenant of this server" (real-clients §3.2). */
  kind: 'tenant' | 'common' | 'organizations' | 'adfs'
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/**
 * The tenant of a path's first segment. Words without a name go to the tenant of `hint`'s domain (a user principal name), else to the
 * default one (LD-41).
 * @param shown the tenant of a code or a refresh token, which counts where the path names none
 * @throws TokenRefusal 90002 for a name nobody has here, `consumers` among them
 */
export async function resolveTenant(app: App, segmentAsTyped: string, hint?: string, shown?: string): Promise<ResolvedTenant> {
  const segment = segmentAsTyped.toLowerCase()
  const kind = segment === 'common' || segment === 'organizations' || segment === 'adfs' ? segment : 'tenant'
  const tenant = kind === 'tenant' ? await namedTenant(app, segment) : ((shown && (await findTenant(app.db, shown))) || (await tenantWithoutName(app, hint)))
  if (tenant === undefined || tenant.suspendedAt !== null) throw aadsts(90002, { tenant: segmentAsTyped })
  return { tenantId: tenant.id, segment, kind }
}

/** A tenant named by its id, of which nobody has asked yet whether it is there. */
export function tenantById(segmentAsTyped: string): ResolvedTenant | undefined {
  const segment = segmentAsTyped.toLowerCase()
  return guid.test(segment) ? { tenantId: segment, segment, kind: 'tenant' } : undefined
}

function namedTenant(app: App, segment: string): Promise<TenantRow | undefined> {
  if (guid.test(segment)) return findTenant(app.db, segment)
  return /^[\p{L}\p{N}.-]{1,253}$/u.test(segment) ? findTenantByDomain(app.db, segment) : Promise.resolve(undefined)
}

async function tenantWithoutName(app: App, hint: string | undefined): Promise<TenantRow | undefined> {
  const domain = hint?.split('@').at(-1)
  const own = hint?.includes('@') && domain ? await findTenantByDomain(app.db, domain) : undefined
  return own ?? defaultTenant(app.db)
}
