/** `latchkey audit verify|prune`: is the log whole (T-77), and removing its oldest end (LD-53). */
import type { App } from '../app.ts'
import type { VerbIo } from '../config.ts'
import { pruneAudit, verifyAudit } from '../store/audit-chain.ts'
import { findTenantByDomain, listTenants, type TenantRow } from '../store/tenants.ts'
import { OperatorError, parseArgs, runVerb, whereOptions, withApp } from './open-app.ts'

const day = 24 * 60 * 60_000

export function run([action = '', ...args]: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async ({ say, warn }) => {
    const { values } = parseArgs({ args, options: { ...whereOptions, tenant: { type: 'string' }, 'older-than': { type: 'string' } } })
    if (action === 'verify') {
      return withApp(values, io, async app => {
        let broken = 0
        for (const tenant of await tenantsOf(app, values.tenant)) {
          const found = await verifyAudit(app.db, tenant.id, app.keys)
          const { displayName } = tenant
          if (found.whole) say('operator.audit.whole', { tenant: displayName, rows: found.rows, newest: found.newest })
          else {
            broken++
            warn(`operator.audit.${found.problem}`, { tenant: displayName, sequence: found.sequence })
          }
        }
        return broken === 0 ? 0 : 1
      })
    }
    const days = Number(values['older-than'])
    if (action !== 'prune' || !values.tenant || !Number.isInteger(days) || days < 1) throw new OperatorError('operator.audit.usage')
    return withApp(
      values,
      io,
      async app => {
        for (const tenant of await tenantsOf(app, values.tenant)) {
          const count = await pruneAudit(app.db, { tenantId: tenant.id, before: app.now() - days * day, keys: app.keys, now: app.now() })
          say('operator.audit.pruned', { tenant: tenant.displayName, count })
        }
        return 0
      },
      true,
    )
  })
}

async function tenantsOf(app: App, domain: string | undefined): Promise<TenantRow[]> {
  if (domain === undefined) return listTenants(app.db)
  const tenant = await findTenantByDomain(app.db, domain)
  if (!tenant) throw new OperatorError('operator.tenant.none', { domain })
  return [tenant]
}
