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

interface Kept {
  house: House | undefined
  until: number
  loading?: Promise<House | undefined> | undefined
}
/** Five seconds old is new enough for looks. */
const freshFor = 5_000
/** Until then nobody waits for a newer one: the next request has it. */
const goodFor = 60_000
/** After a failure nobody asks again for so long: no request waits for looks while the database is silent. */
const awayFor = 2_000
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
  const known = houses.get(key) ?? { house: undefined, until: -Infinity }
  const age = performance.now() - known.until
  if (age < 0) return known.house
  if (houses.size >= mostKept) houses.clear()
  houses.set(key, known)
  known.loading ??= load(app, tenantId, known)
  return known.house && age < goodFor ? known.house : known.loading
}

async function load(app: App, tenantId: string | undefined, known: Kept): Promise<House | undefined> {
  try {
    const tenant = tenantId === undefined ? await defaultTenant(app.db) : await findTenant(app.db, tenantId)
    known.house = await houseOf(app.db, tenant)
    known.until = performance.now() + freshFor
  } catch {
    known.until = performance.now() + awayFor
  }
  known.loading = undefined
  return known.house
}

async function houseOf(db: Db, tenant: TenantRow | undefined): Promise<House> {
  if (tenant === undefined) return { defaultLocale: 'en', branding: { displayName: 'Latchkey' } }
  const look = (await readPolicies(db, tenant.id)).branding
  const branding = { displayName: tenant.displayName, accentColor: look.accentColor ?? undefined, textByLocale: look.textByLocale }
  return { defaultLocale: tenant.defaultLocale as Locale, branding }
}
