import type { App, Db } from '../app.ts'
import { nameKey } from '../store/names.ts'

/** The keyed hash of a name as typed, for counters that must not tell whether anybody has the name (T-02, T-78, LD-32). */
export function accountKeyOf(app: Pick<App, 'keys'>, tenantId: string, typedName: string): string {
  return app.keys.mac('accountKey', accountText(tenantId, typedName))
}

/** The keys of every name of a person, under every key still accepted: what is to be cleared when their counters are. */
export async function accountKeysOf(app: Pick<App, 'keys'>, db: Db, tenantId: string, userId: string): Promise<string[]> {
  const rows = await db.selectFrom('userAliases').select('aliasLower').where('tenantId', '=', tenantId).where('userId', '=', userId).limit(200).execute()
  return rows.flatMap(row => app.keys.macs('accountKey', accountText(tenantId, row.aliasLower)))
}

const accountText = (tenantId: string, name: string): string => `${tenantId}\n${nameKey(name.trim())}`
