import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { Refusal } from '../refusal.ts'
import type { SubjectFacts, TenantFacts } from '../rules/facts.ts'
import { reason } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { actorOf, badRequest, privilegedCaller } from '../graph/deciding.ts'

/** One record in the directory's own service, with what changed where that is no secret. */
export async function auditUser(
  app: App, trx: Db, request: FastifyRequest, caller: SubjectFacts, target: Pick<SubjectFacts, 'id' | 'displayName'>, activity: string,
  modifiedProperties: { displayName: string; oldValue: string | null; newValue: string | null }[] = [],
): Promise<void> {
  const { tenantId } = privilegedCaller(app, request)
  await appendAudit(trx, {
    tenantId, at: app.now(), service: 'Core Directory', category: 'UserManagement', activity, result: 'success', correlationId: request.correlationId,
    initiatedBy: initiatedBy(actorOf(request, caller)), targets: [{ type: 'User', id: target.id, displayName: target.displayName, modifiedProperties }],
  })
}

const localPart = /^[A-Za-z0-9'._!#^~-]{1,64}$/

/** The form of sspr §2.3, in one of the tenant's verified domains. */
export function requireOwnDomain(tenant: TenantFacts, userPrincipalName: string): void {
  const [local = '', domain = '', ...rest] = userPrincipalName.split('@')
  const own = tenant.domains.some(one => one.isVerified && one.id === domain.toLowerCase())
  if (rest.length > 0 || !localPart.test(local) || local.endsWith('.') || domain.length > 48 || !own) {
    throw badRequest('LK_FIELD_INVALID', { field: 'userPrincipalName' }, 'userPrincipalName')
  }
}

/** A name somebody has: 400 with ObjectConflict, never 409 (graph §2.3, LD-49). */
export async function asObjectConflict<T>(work: Promise<T>, field: 'userPrincipalName' | 'mail' = 'userPrincipalName'): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isUniqueViolation(error)) throw new Refusal(400, [reason('LK_PROPERTY_TAKEN', { property: field })], { field })
    throw error
  }
}
