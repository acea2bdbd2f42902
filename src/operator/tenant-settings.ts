/** `latchkey tenant settings --tenant contoso.example [name=value …]`: an organisation's own switches, shown and changed by the operator. */
import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import type { VerbIo } from '../config.ts'
import { tellGlobalAdministrators } from '../notify/notices.ts'
import { isWeakened, validateTenantSettings } from '../rules/policy-checks.ts'
import { defaultTenantSettings, type TenantSettings } from '../rules/tenant-settings.ts'
import { appendAudit } from '../store/audit.ts'
import { readPolicies, writePolicy } from '../store/policies.ts'
import { findTenantByDomain, type TenantRow } from '../store/tenants.ts'
import { reasonText, type Locale } from '../text.ts'
import { operatorActor } from './found-tenant.ts'
import { nearest } from './nearest.ts'
import { OperatorError, parseArgs, runVerb, whereOptions, withApp } from './open-app.ts'

type Name = keyof TenantSettings
const names = Object.keys(defaultTenantSettings) as Name[]

const choices: { readonly [K in Name]?: readonly TenantSettings[K][] } = {
  disclosure: ['private', 'standard'], passwordRules: ['entra', 'nist'], licensing: ['off', 'organisation', 'user'], kind: ['business', 'education'],
}

export function run(args: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async ({ locale, say }) => {
    const { values, positionals } = parseArgs({ args, options: { ...whereOptions, tenant: { type: 'string' } }, allowPositionals: true })
    const domain = values.tenant
    if (domain === undefined) throw new OperatorError('operator.tenant.usage')
    const change = readChange(positionals)
    return withApp(values, io, async app => {
      const tenant = await findTenantByDomain(app.db, domain)
      if (!tenant) throw new OperatorError('operator.tenant.none', { domain })
      if (positionals.length > 0) await app.db.transaction().execute(trx => save(app, trx, tenant, change, locale))
      const { tenantSettings } = await readPolicies(app.db, tenant.id)
      const width = Math.max(...names.map(name => name.length))
      for (const name of names) io.stdout.write(`${name.padEnd(width)}  ${JSON.stringify(tenantSettings[name])}\n`)
      if (positionals.length > 0) say('operator.tenant.settingsSaved', { tenant: tenant.displayName })
      return 0
    })
  })
}

/** `name=value`, the value as JSON where it is JSON, else as text. */
function readChange(pairs: readonly string[]): Partial<TenantSettings> {
  return Object.fromEntries(pairs.map(pair => {
    const at = pair.indexOf('=')
    if (at < 1) throw new OperatorError('operator.tenant.usage')
    const name = pair.slice(0, at) as Name
    if (!names.includes(name)) throw new OperatorError('operator.tenant.settingUnknown', { name: name.slice(0, 100), nearest: nearest(name, names) })
    const value = readValue(pair.slice(at + 1))
    if (!fits(name, value)) throw new OperatorError('operator.tenant.settingForm', { name, form: formOf(name) })
    return [name, value]
  }))
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Of the right type; whether it is within its range is for the rules to say. */
function fits(name: Name, value: unknown): boolean {
  const first = defaultTenantSettings[name]
  if (choices[name]) return (choices[name] as readonly unknown[]).includes(value)
  if (name === 'feedbackUrl') return value === null || typeof value === 'string'
  if (name === 'methodsRequiredToRegister') return value === null || typeof value === 'number'
  if (Array.isArray(first)) return Array.isArray(value) && value.every(one => typeof one === (name === 'allowedCountryCodes' ? 'string' : 'number'))
  return typeof value === typeof first
}

/** How a value is written, the same in every language. */
function formOf(name: Name): string {
  if (choices[name]) return choices[name].join(' | ')
  if (name === 'feedbackUrl') return 'https://… | null'
  if (name === 'methodsRequiredToRegister') return '1 … 3 | null'
  if (name === 'allowedCountryCodes') return '["45","47","371"]'
  if (name === 'expiryNoticeDays') return '[7,3,1]'
  return typeof defaultTenantSettings[name] === 'boolean' ? 'true | false' : '0, 1, 2 …'
}

/** Checks, writes and audits old and new, and tells the Global Administrators of a weakening, in one transaction (T-45). */
async function save(app: App, trx: Db, tenant: TenantRow, change: Partial<TenantSettings>, locale: Locale): Promise<void> {
  const { tenantSettings: before, versions } = await readPolicies(trx, tenant.id)
  const next = { ...before, ...change }
  const refused = validateTenantSettings(next).find(one => one.outcome === 'blocks')
  if (refused) throw new OperatorError('operator.tenant.settingRefused', { sentence: reasonText(locale, refused) })
  const at = app.now()
  const saved = await writePolicy(trx, { tenantId: tenant.id, name: 'tenantSettings', value: next, by: null, at, expectedVersion: versions.tenantSettings })
  if (!saved) throw new OperatorError('operator.tenant.settingRefused', { sentence: reasonText(locale, { code: 'LK_CHANGED_MEANWHILE' }) })
  const changed = names.filter(name => JSON.stringify(before[name]) !== JSON.stringify(next[name]))
  const weakened = isWeakened(before, next)
  if (weakened) {
    await tellGlobalAdministrators(app, trx, tenant.id, 'policyWeakened', {
      actorName: operatorActor.app, actorAccount: '–', policy: 'tenantSettings', time: at,
      changes: changed.map(name => `${name}: ${JSON.stringify(before[name])} → ${JSON.stringify(next[name])}`).join('; '),
    })
  }
  await appendAudit(trx, {
    tenantId: tenant.id, at, service: 'Core Directory', category: 'DirectoryManagement', activity: 'Set Company Information', result: 'success',
    correlationId: randomUUID(), initiatedBy: operatorActor,
    targets: [{
      type: 'Policy', id: 'tenantSettings', displayName: 'tenantSettings',
      modifiedProperties: changed.map(name => ({ displayName: name, oldValue: JSON.stringify(before[name]), newValue: JSON.stringify(next[name]) })),
    }],
    ...(weakened ? { additionalDetails: [{ key: 'weakened', value: changed.join(', ') }] } : {}),
  })
}
