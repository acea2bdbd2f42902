import type { Db } from '../app.ts'
import { defaultTenant, findTenantByDomain } from '../store/tenants.ts'

/** The tenant a typed name belongs to: its domain's, else the installation's default one (LD-41). */
export async function resolveTenant(db: Db, typedName: string): Promise<string | undefined> {
  const domain = typedName.slice(typedName.lastIndexOf('@') + 1).normalize('NFKC').toLowerCase()
  const own = typedName.includes('@') ? await findTenantByDomain(db, domain) : undefined
  return (own ?? (await defaultTenant(db)))?.id
}
