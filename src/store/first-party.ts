import { createHash } from 'node:crypto'
import type { Db } from '../app.ts'
import { consentedUnasked, firstParties } from '../rules/first-party.ts'
import { addGrant } from './grants.ts'
import { findServicePrincipalByAppId, insertServicePrincipal } from './service-principals.ts'

/** The built-in one's object id in a tenant: made from both, so that every run of the sample has the same. */
export function firstPartyId(tenantId: string, appId: string): string {
  const hex = createHash('sha256').update(`built-in service principal\n${tenantId}\n${appId}`).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16)}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** Service principals of what every tenant has, and the consent the command lines need. Those that are there already stay as they are. */
export async function seedFirstParty(trx: Db, tenantId: string, at: number): Promise<void> {
  for (const { appId, displayName } of firstParties) {
    if (await findServicePrincipalByAppId(trx, tenantId, appId)) continue
    await insertServicePrincipal(trx, { tenantId, id: firstPartyId(tenantId, appId), appId, displayName, createdDateTime: at })
  }
  for (const [clientAppId, consented] of Object.entries(consentedUnasked)) {
    const clientId = firstPartyId(tenantId, clientAppId)
    for (const [appId, scopes] of Object.entries(consented)) await addGrant(trx, { tenantId, clientId, resourceId: firstPartyId(tenantId, appId), principalId: null, scopes, at })
  }
}
