import { createHash } from 'node:crypto'
import type { Db } from '../app.ts'
import { consentedUnasked, firstParties } from '../rules/first-party.ts'
import type { FirstParty } from '../rules/first-party.ts'
import { addGrant } from './grants.ts'
import { insertServicePrincipal } from './service-principals.ts'

/** The built-in one's object id in a tenant: made from both, so that every run of the sample has the same. */
export function firstPartyId(tenantId: string, appId: string): string {
  const hex = createHash('sha256').update(`built-in service principal\n${tenantId}\n${appId}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16)}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/**
 * Service principals of what every tenant has, and the consent the command lines need. Those that are there already stay as they are:
 * what an administrator took back is not given again. @returns appIds of what was added
 */
export async function seedFirstParty(trx: Db, tenantId: string, at: number): Promise<string[]> {
  const missing = await missingFirstParties(trx, tenantId)
  for (const { appId, displayName } of missing) {
    await insertServicePrincipal(trx, { tenantId, id: firstPartyId(tenantId, appId), appId, displayName, createdDateTime: at })
  }
  for (const { appId: client } of missing) {
    for (const [appId, scopes] of Object.entries(consentedUnasked[client] ?? {})) {
      await addGrant(trx, { tenantId, clientId: firstPartyId(tenantId, client), resourceId: firstPartyId(tenantId, appId), principalId: null, scopes, at })
    }
  }
  return missing.map(one => one.appId)
}

/** What this version has built in and the tenant, made by an older one, does not have yet. */
export async function missingFirstParties(db: Db, tenantId: string): Promise<readonly FirstParty[]> {
  const rows = await db.selectFrom('servicePrincipals').select('appId').where('tenantId', '=', tenantId).where('appId', 'in', firstParties.map(one => one.appId)).execute()
  return firstParties.filter(one => !rows.some(row => row.appId === one.appId))
}
