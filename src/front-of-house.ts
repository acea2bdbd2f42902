/** How a tenant's pages greet people: its name, colour, sentence and language. No authority over anything. */
import type { App, Db } from './app.ts'
import type { Branding } from './page/context.ts'
import { readPolicies } from './store/policies.ts'
import { type TenantRow, defaultTenant, findTenant } from './store/tenants.ts'
import type { Locale } from './text.ts'

export interface House {
  defaultLocale: Locale
  branding: Branding
}

interface Kept extends House {
  until: number
}
/** Five seconds old is new enough for looks. */
const freshFor = 5000
const mostKept = 500
const kept = new WeakMap<App, Map<string, Kept>>()

/**
 * The house of the tenant, or of the default one for whoever is not signed in (T-01: a name that was typed changes nothing here).
 * While the database is away the page that says so still has the language and the name it had.
 */
export async function frontOfHouse(app: App, tenantId?: string): Promise<House | undefined> {
  const houses = kept.get(app) ?? new Map<string, Kept>()
  kept.set(app, houses)
  const key = tenantId ?? ''
  const known = houses.get(key)
  if (known && known.until > performance.now()) return known
  try {
    const tenant = tenantId === undefined ? await defaultTenant(app.db) : await findTenant(app.db, tenantId)
    const fresh = { ...(await houseOf(app.db, tenant)), until: performance.now() + freshFor }
    if (houses.size >= mostKept) houses.clear()
    houses.set(key, fresh)
    return fresh
  } catch {
    return known
  }
}

async function houseOf(db: Db, tenant: TenantRow | undefined): Promise<House> {
  if (tenant === undefined) return { defaultLocale: 'en', branding: { displayName: 'Latchkey' } }
  const look = (await readPolicies(db, tenant.id)).branding
  const branding = { displayName: tenant.displayName, accentColor: look.accentColor ?? undefined, textByLocale: look.textByLocale }
  return { defaultLocale: tenant.defaultLocale as Locale, branding }
}
