import type { Config } from '../config.ts'
import type { ProviderFacts } from '../rules/facts.ts'
import { openMailbox } from './folder.ts'
import type { Senders } from './message.ts'

type SenderConfig = Pick<Config, 'mail' | 'sms' | 'dataDir'>

/** The providers the configuration names; each is loaded only when it is used. */
export async function sendersOf(config: SenderConfig): Promise<Senders> {
  const senders: Senders = {}
  if (config.mail.kind === 'folder') senders.mail = openMailbox(config.dataDir).mail
  else if (config.mail.kind === 'smtp') senders.mail = (await import('./smtp.ts')).smtpSender(config.mail)
  if (config.sms.kind === 'folder') senders.sms = openMailbox(config.dataDir).sms
  else if (config.sms.kind === 'http') senders.sms = (await import('./sms-http.ts')).httpSmsSender(config.sms)
  else if (config.sms.kind === 'twilio') senders.sms = (await import('./sms-twilio.ts')).twilioSender(config.sms)
  return senders
}

/** What rules are told of it. Calls and push approvals have no provider yet (LD-17). */
export function providersOf(config: Pick<Config, 'mail' | 'sms'>): ProviderFacts {
  return { mail: config.mail.kind !== 'none', sms: config.sms.kind !== 'none', voice: false, push: false }
}
