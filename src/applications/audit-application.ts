/** What is done to applications, in the audit's words (graph §11.1). */
import type { App, Db } from '../app.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { appendAudit } from '../store/audit.ts'
import type { Asking } from './managing.ts'

export interface Changed {
  type: 'Application' | 'ServicePrincipal' | 'Policy'
  id: string
  displayName: string
}

/** @param properties what changed: old and new values, as JSON; never a secret */
export async function auditApplication(
  app: App, trx: Db, { caller, by }: Pick<Asking, 'caller' | 'by'>, activity: string, target: Changed,
  properties: readonly { name: string; before: unknown; after: unknown }[] = [], more: { category?: string; details?: Record<string, string> } = {},
): Promise<void> {
  const shown = (value: unknown): string | null => (value === undefined || value === null ? null : JSON.stringify(value).slice(0, 4000))
  await appendAudit(trx, {
    tenantId: caller.tenantId, at: app.now(), service: 'Core Directory', category: more.category ?? 'ApplicationManagement', activity, result: 'success',
    correlationId: by.correlationId, initiatedBy: initiatedBy(by.actor),
    targets: [{ ...target, modifiedProperties: properties.map(one => ({ displayName: one.name, oldValue: shown(one.before), newValue: shown(one.after) })) }],
    ...(more.details ? { additionalDetails: Object.entries(more.details).map(([key, value]) => ({ key, value })) } : {}),
  })
}

/** The properties that are not as they were. */
export function differences(before: object, after: object): { name: string; before: unknown; after: unknown }[] {
  const [old, now] = [before as Record<string, unknown>, after as Record<string, unknown>]
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].filter(name => JSON.stringify(old[name]) !== JSON.stringify(now[name]))
    .map(name => ({ name, before: old[name], after: now[name] }))
}
