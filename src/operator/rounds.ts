/** What a server does from time to time beside the hall's housekeeping: it says that it is there, and signs the audit chains. */
import type { App } from '../app.ts'
import { checkpointAudit } from '../store/audit-chain.ts'
import { removeNode, reportNode } from '../store/nodes.ts'
import { listTenants } from '../store/tenants.ts'

const minute = 60_000
/** A signed checkpoint of each audit chain every so many minutes (T-77). */
const checkpointEvery = 60

export const version = '0.1.0'

export interface Rounds {
  /** One round, as if a minute had gone. For tests. */
  once(): Promise<void>
  stop(): Promise<void>
}

export function startRounds(app: App, nodeId: string): Rounds {
  const startedAt = app.now()
  let count = 0
  let running: Promise<void> = Promise.resolve()

  const round = async () => {
    await reportNode(app.db, { id: nodeId, startedAt, version }, app.now())
    if (count % checkpointEvery === 0 && count > 0) await checkpointAll(app)
    count++
  }
  const guarded = () => {
    running = running.then(round).catch((error: unknown) => app.log.warn('round failed', { error }))
    return running
  }
  const timer = setInterval(() => void guarded(), minute)
  timer.unref()
  void guarded()
  return {
    once: guarded,
    stop: async () => {
      clearInterval(timer)
      await running
      await removeNode(app.db, nodeId).catch(() => {}) // forgotten after five minutes anyway
    },
  }
}

async function checkpointAll(app: App): Promise<void> {
  for (const tenant of await listTenants(app.db)) await checkpointAudit(app.db, { tenantId: tenant.id, keys: app.keys, now: app.now() })
}
