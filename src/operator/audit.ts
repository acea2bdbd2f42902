/** `latchkey audit verify|prune`: is the log whole (T-77), and removing its oldest end (LD-53). */
import type { App } from '../app.ts'
import type { VerbIo } from '../config.ts'
import { pruneAudit, verifyAudit } from '../store/audit-chain.ts'
import { readPolicies } from '../store/policies.ts'
import { findTenantByDomain, listTenants, type TenantRow } from '../store/tenants.ts'
import { OperatorError, parseArgs, runVerb, whereOptions, withApp, type VerbContext } from './open-app.ts'

const day = 24 * 60 * 60_000

export function run([action = '', ...args]: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async context => {
    const { values } = parseArgs({ args, options: { ...whereOptions, tenant: { type: 'string' }, 'older-than': { type: 'string' } } })
    const days = values['older-than'] === undefined ? undefined : Number(values['older-than'])
    if (action === 'verify' && days === undefined) return withApp(values, io, app => forEach(app, values.tenant, tenant => verify(context, app, tenant)))
    const understood = days === undefined || (Number.isInteger(days) && days >= 1 && values.tenant !== undefined)
    if (action !== 'prune' || !understood) throw new OperatorError('operator.audit.usage')
    return withApp(values, io, app => forEach(app, values.tenant, tenant => prune(context, app, tenant, days)), true)
  })
}

async function verify({ say, warn }: VerbContext, app: App, { id, displayName }: TenantRow): Promise<boolean> {
  const found = await verifyAudit(app.db, id, app.keys)
  if (found.whole) say('operator.audit.whole', { tenant: displayName, rows: found.rows, newest: found.newest })
  else warn(`operator.audit.${found.problem}`, { tenant: displayName, sequence: found.sequence })
  return found.whole
}

/** By the days the tenant has set when none are given. A log that is not whole stays as it is: a damage must not go with its rows. */
async function prune({ say, warn }: VerbContext, app: App, { id, displayName }: TenantRow, days: number | undefined): Promise<boolean> {
  const found = await verifyAudit(app.db, id, app.keys)
  if (!found.whole) {
    warn(`operator.audit.${found.problem}`, { tenant: displayName, sequence: found.sequence })
    return false
  }
  const kept = days ?? (await readPolicies(app.db, id)).tenantSettings.auditRetentionInDays
  const count = await pruneAudit(app.db, { tenantId: id, before: app.now() - kept * day, keys: app.keys, now: app.now() })
  say('operator.audit.pruned', { tenant: displayName, count })
  return true
}

/** @returns the exit status: 1 when it went wrong for one of them */
async function forEach(app: App, domain: string | undefined, work: (tenant: TenantRow) => Promise<boolean>): Promise<number> {
  let failed = 0
  for (const tenant of await tenantsOf(app, domain)) if (!(await work(tenant))) failed++
  return failed === 0 ? 0 : 1
}

async function tenantsOf(app: App, domain: string | undefined): Promise<TenantRow[]> {
  if (domain === undefined) return listTenants(app.db)
  const tenant = await findTenantByDomain(app.db, domain)
  if (!tenant) throw new OperatorError('operator.tenant.none', { domain })
  return [tenant]
}
