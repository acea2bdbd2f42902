/** `latchkey doctor`: looks at everything an installation needs and says, of each thing that is wrong, what to do. */
import type { App } from '../app.ts'
import type { Config, VerbIo } from '../config.ts'
import { oldestAudit } from '../store/audit-chain.ts'
import { readPolicies } from '../store/policies.ts'
import { listRoleHolders } from '../store/role-holders.ts'
import { listTenants, type TenantRow } from '../store/tenants.ts'
import { NewerTables, refuseNewerTables } from '../store/migrate.ts'
import type { Store } from '../store/open.ts'
import { translate, type Locale, type MessageKey } from '../text.ts'
import { ConfigError } from './config-error.ts'
import { globalAdministrator } from './found-tenant.ts'
import { checkHealth } from './health.ts'
import { appOf, configOf, openStoreOf, parseArgs, runVerb, whereOptions, type VerbContext } from './open-app.ts'

interface Examined {
  check: string
  /** What is wrong, in words; absent when all is well. */
  what?: string
  remedy?: MessageKey
}

export function run(args: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async context => {
    const { values } = parseArgs({ args, options: whereOptions })
    const results = await examine(context, values)
    for (const { check, what, remedy } of results) {
      if (what === undefined) context.say('operator.doctor.ok', { check })
      else context.say('operator.doctor.bad', { check, what, remedy: remedy ? translate(context.locale, remedy) : '' })
    }
    const bad = results.filter(result => result.what !== undefined).length
    if (bad === 0) context.say('operator.doctor.allGood')
    else context.say('operator.doctor.some', { count: bad })
    return bad === 0 ? 0 : 1
  })
}

async function examine(context: VerbContext, where: { config?: string; 'data-dir'?: string }): Promise<Examined[]> {
  const { locale, io } = context
  let config: Config
  try {
    config = await configOf(where, io.env)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [{ check: 'configuration', what: translate(locale, error.messageKey, error.values), remedy: 'operator.doctor.remedy.config' }]
  }
  const results: Examined[] = [{ check: 'configuration' }, await lookAtMail(context, config), lookAtListeners(context, config)]
  let store: Store
  try {
    store = await openStoreOf(config)
  } catch (error) {
    return [...results, { check: 'database', what: failing(context, error), remedy: 'operator.doctor.remedy.database' }]
  }
  try {
    await refuseNewerTables(store)
    return [...results, ...(await lookInside(context, config, store))]
  } catch (error) {
    if (!(error instanceof NewerTables)) throw error
    return [...results, { check: 'migrations', what: translate(context.locale, 'operator.migrate.newer', { name: error.migration }) }]
  } finally {
    await store.close()
  }
}

const failing = ({ locale }: VerbContext, error: unknown): string =>
  translate(locale, 'operator.doctor.what.failing', { detail: error instanceof Error ? error.message.slice(0, 200) : 'unknown' })

/** Where there is a mail server it is asked: a wrong name, port, certificate or password shows here and not in a row of waiting mail. */
async function lookAtMail(context: VerbContext, { mail }: Config): Promise<Examined> {
  const { locale } = context
  if (mail.kind === 'none') return { check: 'mail', what: translate(locale, 'operator.doctor.what.noMail'), remedy: 'operator.doctor.remedy.mail' }
  if (mail.kind !== 'smtp') return { check: 'mail' }
  const { tryMailServer } = await import('../notify/smtp.ts')
  try {
    await tryMailServer(mail)
    return { check: 'mail' }
  } catch (error) {
    return { check: 'mail', what: failing(context, error), remedy: 'operator.doctor.remedy.mailServer' }
  }
}

function lookAtListeners({ locale }: VerbContext, config: Config): Examined {
  const open = config.listeners.find(listener => !listener.tls && !/^(127\.|::1$|localhost$)/.test(listener.host))
  if (open === undefined || config.trustedProxies.length > 0) return { check: 'listener' }
  const listener = `${open.host}:${open.port}`
  return { check: 'listener', what: translate(locale, 'operator.doctor.what.plainListener', { listener }), remedy: 'operator.doctor.remedy.listener' }
}

async function lookInside(context: VerbContext, config: Config, store: Store): Promise<Examined[]> {
  let app: App
  try {
    app = await appOf(config, store)
  } catch (error) {
    const what = error instanceof ConfigError ? translate(context.locale, error.messageKey, error.values) : failing(context, error)
    return [{ check: 'keys', what, remedy: 'operator.doctor.remedy.keys' }]
  }
  const health = await checkHealth(app, store)
  const results = health.map((one): Examined => (
    one.ok
      ? { check: one.check }
      : { check: one.check, what: translate(context.locale, 'operator.doctor.what.failing', { detail: one.detail ?? '' }), remedy: `operator.doctor.remedy.${one.check}` }
  ))
  const ready = health.every(one => one.ok || (one.check !== 'database' && one.check !== 'migrations'))
  return ready ? [...results, ...(await lookAtTenants(context, app))] : results
}

async function lookAtTenants({ locale }: VerbContext, app: App): Promise<Examined[]> {
  const tenants = await listTenants(app.db)
  if (tenants.length === 0) return [{ check: 'tenant', what: translate(locale, 'operator.doctor.what.noTenant'), remedy: 'operator.doctor.remedy.tenant' }]
  const results: Examined[] = [{ check: 'tenant' }]
  for (const tenant of tenants) {
    const count = (await listRoleHolders(app.db, tenant.id, [globalAdministrator], 2)).length
    results.push(
      count >= 2
        ? { check: 'administrators' }
        : { check: 'administrators', what: translate(locale, 'operator.doctor.what.fewAdministrators', { tenant: tenant.displayName, count }), remedy: 'operator.doctor.remedy.administrators' },
      await lookAtRetention(locale, app, tenant),
    )
  }
  return results
}

const day = 86_400_000
/** A nightly pruning may be missed for so many days before anybody is told. */
const pruneGrace = 7

/** The server may not remove audit records (LD-38), so whether somebody does shows here only. */
async function lookAtRetention(locale: Locale, app: App, { id, displayName }: TenantRow): Promise<Examined> {
  const { auditRetentionInDays: days } = (await readPolicies(app.db, id)).tenantSettings
  const oldest = await oldestAudit(app.db, id)
  if (oldest === undefined || oldest >= app.now() - (days + pruneGrace) * day) return { check: 'audit' }
  return { check: 'audit', what: translate(locale, 'operator.doctor.what.oldAudit', { tenant: displayName, days }), remedy: 'operator.doctor.remedy.audit' }
}
