/** Why a person's code or refresh token is good no more, and what is recorded when somebody shows one a second time. */
import type { Db } from '../app.ts'
import { appendAudit } from '../store/audit.ts'
import type { Standing } from '../store/standing.ts'
import { aadsts } from './errors.ts'
import type { TokenRefusal } from './errors.ts'
import type { GrantContext } from './grants.ts'

/** What somebody proved at `provedAt` counts no more (oauth §11, §13.3). */
export function revoked(standing: Extract<Standing, { holds: false }>, provedAt: number): TokenRefusal {
  if (standing.why !== 'revoked') return aadsts(standing.why === 'disabled' ? 50057 : 70008)
  return aadsts(50173, { issued: new Date(provedAt).toISOString(), validFrom: new Date(standing.user.signInSessionsValidFromDateTime).toISOString() })
}

/** Somebody has what they should not have: an administrator must be able to see it. In the transaction that ends the family. */
export function auditReuse(trx: Db, { app, tenant, client, place }: GrantContext, what: 'code' | 'refresh token', userId: string): Promise<void> {
  return appendAudit(trx, {
    tenantId: tenant.tenantId, at: app.now(), service: 'Core Directory', category: 'ApplicationManagement',
    activity: what === 'code' ? 'Authorization code used twice' : 'Refresh token used again', result: 'failure', correlationId: place.correlationId,
    initiatedBy: { app: client.appId, ipAddress: place.ipAddress },
    targets: [{ type: 'User', id: userId }, { type: 'ServicePrincipal', id: client.servicePrincipalId, displayName: client.displayName }],
  })
}
