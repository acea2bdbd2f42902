import type { Config } from '../config.ts'
import type { ProviderFacts } from '../rules/facts.ts'

/** Which ways to reach people this installation has (C-18); voice and push have no provider yet (LD-17). */
export function providersOf(config: Config): ProviderFacts {
  return { mail: config.mail.kind !== 'none', sms: config.sms.kind !== 'none', voice: false, push: false }
}
