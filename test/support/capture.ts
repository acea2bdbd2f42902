/** Providers that keep what they are given. */
import type { MailMessage, Senders, TextMessage } from '../../src/notify/message.ts'

export type CapturedMail = MailMessage
export type CapturedText = TextMessage

export function captureSenders(): { senders: Senders; mail: CapturedMail[]; texts: CapturedText[] } {
  const mail: CapturedMail[] = []
  const texts: CapturedText[] = []
  const senders: Senders = {
    mail: { send: async message => void mail.push(message) },
    sms: { send: async message => void texts.push(message) },
  }
  return { senders, mail, texts }
}

/** The code in a message, without its blank: eight digits. */
export function codeIn(text: string): string {
  const found = /\b(\d{4}) (\d{4})\b/.exec(text)
  if (!found) throw new Error(`no code in: ${text}`)
  return `${found[1]}${found[2]}`
}
