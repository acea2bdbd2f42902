/**
 * `latchkey restore-mark`: run once after a backup was put back, before the server starts. A backup brings to life what was used,
 * ended or revoked since; so everything that may be used once or ends by itself is made void (T-74).
 */
import { randomUUID } from 'node:crypto'
import type { VerbIo } from '../config.ts'
import { appendAudit } from '../store/audit.ts'
import { bumpDeploymentEpoch } from '../store/installation.ts'
import { voidPassingThings } from '../store/restored.ts'
import { listTenants } from '../store/tenants.ts'
import { operatorActor } from './found-tenant.ts'
import { parseArgs, runVerb, whereOptions, withApp } from './open-app.ts'

export function run(args: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async ({ say }) => {
    const { values } = parseArgs({ args, options: whereOptions })
    return withApp(values, io, async app => {
      const now = app.now()
      const tenants = await listTenants(app.db)
      await app.db.transaction().execute(async trx => {
        const epoch = await bumpDeploymentEpoch(trx)
        await voidPassingThings(trx, now)
        for (const tenant of tenants) {
          await appendAudit(trx, {
            tenantId: tenant.id, at: now, service: 'Core Directory', category: 'DirectoryManagement', activity: 'Restore from backup', result: 'success',
            correlationId: randomUUID(), initiatedBy: operatorActor, targets: [{ type: 'Directory', id: tenant.id, displayName: tenant.displayName }],
            additionalDetails: [{ key: 'deploymentEpoch', value: String(epoch) }, { key: 'gap', value: 'records between the backup and this one are not here' }],
          })
        }
      })
      say('operator.restore.done')
      return 0
    })
  })
}
