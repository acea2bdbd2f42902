import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { actorOf, badRequest } from '../graph/deciding.ts'
import type { CallerFacts } from '../graph/deciding.ts'
import { appendAudit } from '../store/audit.ts'
import type { AuditEntry } from '../store/audit.ts'
import type { GroupRow } from '../store/groups.ts'

type Target = AuditEntry['targets'][number]

/** One record of the directory's own service: the group, and whoever joined or left it. */
export async function auditGroup(
  app: App, trx: Db, request: FastifyRequest, caller: CallerFacts, group: Pick<GroupRow, 'tenantId' | 'id' | 'displayName'>, activity: string,
  { other, modifiedProperties = [] }: { other?: Target; modifiedProperties?: Target['modifiedProperties'] } = {},
): Promise<void> {
  const target: Target = { type: 'Group', id: group.id, displayName: group.displayName, ...(modifiedProperties === undefined ? {} : { modifiedProperties }) }
  await appendAudit(trx, {
    tenantId: group.tenantId, at: app.now(), service: 'Core Directory', category: 'GroupManagement', activity, result: 'success', correlationId: request.correlationId,
    initiatedBy: initiatedBy(actorOf(request, caller)), targets: other ? [other, target] : [target],
  })
}

/** The domain is where a synchronised group is kept: a change here would be gone with the next synchronisation. @throws Refusal 400 */
export function requireHere(group: Pick<GroupRow, 'onPremisesSyncEnabled'>, property = 'group'): void {
  if (group.onPremisesSyncEnabled) throw badRequest('LK_SYNCED_READ_ONLY', { property }, property)
}
