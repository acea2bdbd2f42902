import type { App } from '../app.ts'
import type { KnownFacts } from '../rules/gates.ts'
import { maskPhone } from '../rules/masks.ts'
import { allowedOptions, methodsPolicyOptions } from '../rules/method-options.ts'
import type { MethodOption } from '../rules/method-options.ts'
import { isProvided, wayOf } from '../rules/usable-methods.ts'
import { listMethodRows, methodPlace } from '../store/methods.ts'

export interface SecondFactor {
  methodId: string
  /** `totp`: a code that an app or a token shows. `sms`: one that we send. */
  way: 'totp' | 'sms'
  /** What its owner called it. */
  name: string | null
  /** The number with all but its last two digits hidden; empty for apps. */
  hint: string
  isDefault: boolean
}

const optionOf: Readonly<Record<string, MethodOption>> = {
  microsoftAuthenticator: 'appCode', softwareOath: 'oath', hardwareOath: 'hardwareOath', mobile: 'mobileSms',
}

/**
 * The registered, verified methods by which the person can prove a second factor now, the default one first, then apps before
 * texts. A method counts when any policy of the tenant allows it (sspr §2.9) and its provider is there.
 */
export async function listSecondFactors(app: App, facts: KnownFacts): Promise<SecondFactor[]> {
  const { tenant, subject, providers } = facts
  const allowed = new Set([...methodsPolicyOptions(tenant, subject), ...allowedOptions(tenant, subject)])
  const rows = await listMethodRows(app.db, tenant.id, subject.id)
  const usable = rows.filter(row => {
    const option = optionOf[row.kind]
    return option !== undefined && row.verifiedAt !== null && allowed.has(option) && isProvided(wayOf(option), providers)
  })
  const factors = await Promise.all(usable.map(async row => {
    const way = row.kind === 'mobile' ? 'sms' as const : 'totp' as const
    const hint = way === 'sms' ? maskPhone(await app.keys.openText(methodPlace(tenant.id, row.id), row.valueSealed)) : ''
    return { methodId: row.id, way, name: row.displayName, hint, isDefault: row.isDefault }
  }))
  return factors.toSorted((a, b) => Number(b.isDefault) - Number(a.isDefault) || Number(a.way === 'sms') - Number(b.way === 'sms'))
}
