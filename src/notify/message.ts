import type { Locale } from '../text.ts'
import type { MessageName } from './messages.ts'

/** A message as it waits in the outbox, sealed: what to say, not how. */
export interface QueuedMessage {
  name: MessageName
  to: Destination
  locale: Locale
  values: MessageValues
  supportCode?: string
}

/** Byte for byte as it is stored with the person (T-08). */
export interface Destination {
  kind: 'mail' | 'sms'
  address: string
}

/** `time` (epoch milliseconds), `place` and `account` go into the detail lines of messages that have them. */
export type MessageValues = Record<string, string | number>

/** A mail in words, ready for a provider. */
export interface MailMessage {
  /** Equal for every try to send this message: its Message-ID is made of it. */
  dedupeId: string
  at: number
  name: MessageName
  locale: Locale
  from: { name: string; address: string }
  to: string
  subject: string
  text: string
  html: string
}

export interface TextMessage {
  /** Equal for every try to send this message. */
  dedupeId: string
  at: number
  name: MessageName
  locale: Locale
  /** E.164, no blanks. */
  to: string
  text: string
}

export interface Sender<Message> {
  /** Resolves when the provider has taken the message over. Throws `PermanentFailure` when trying again is pointless. */
  send(message: Message): Promise<void>
  close?(): Promise<void>
}

/** Who carries messages out. Absent: there is no provider, and methods that need one are refused (LK_METHOD_UNAVAILABLE, LD-17). */
export interface Senders {
  mail?: Sender<MailMessage>
  sms?: Sender<TextMessage>
}

/** The provider says no for good: a wrong address, a refused content. Its words are for the log of deliveries. */
export class PermanentFailure extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'PermanentFailure'
  }
}
