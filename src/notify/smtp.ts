import { createHash } from 'node:crypto'
import { createTransport } from 'nodemailer'
import type { MailConfig } from '../config.ts'
import { PermanentFailure } from './message.ts'
import type { MailMessage, Sender } from './message.ts'

export type SmtpConfig = Extract<MailConfig, { kind: 'smtp' }>

/** Milliseconds; a provider that hangs is given up well before the lease on its messages ends. */
const patience = { connect: 10_000, greeting: 10_000, silence: 15_000 }

/** One address and nothing that a mail system might read as more than one (T-08, T-69). */
const oneAddress = /^[^\s,;:<>()[\]"\\@]+@[^\s,;:<>()[\]"\\@]+$/

/**
 * Mail through an SMTP server. With `startTls` a server that offers no TLS is refused, with `tls` encryption comes first; the
 * certificate is checked in both cases.
 */
export function smtpSender(config: SmtpConfig, options: { ca?: string } = {}): Sender<MailMessage> {
  const transport = createTransport({ ...connection(config, options), pool: true, maxConnections: 4 })
  return {
    send: async message => {
      if (!oneAddress.test(message.to)) throw new PermanentFailure('the stored address is not one address')
      const host = message.from.address.split('@').at(-1)!
      try {
        await transport.sendMail({
          from: message.from,
          to: { name: '', address: message.to },
          subject: message.subject,
          text: message.text,
          html: message.html,
          date: new Date(message.at),
          messageId: `<${createHash('sha256').update(message.dedupeId).digest('hex').slice(0, 40)}@${host}>`,
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All', 'Content-Language': message.locale },
        })
      } catch (error) {
        if (isFinal(error)) throw new PermanentFailure(shortly(error), error)
        // A server's answer repeats the address; the row and the log that keep the reason must not hold it in clear (T-73, T-75).
        throw answered(error) ? new Error(shortly(error)) : error
      }
    },
    close: async () => transport.close(),
  }
}

/** Connects, encrypts and signs in as for a message, and sends none. @throws Error in the words of the network or of the server */
export async function tryMailServer(config: SmtpConfig, options: { ca?: string } = {}): Promise<void> {
  const transport = createTransport(connection(config, options))
  try {
    await transport.verify()
  } finally {
    transport.close()
  }
}

function connection(config: SmtpConfig, { ca }: { ca?: string }) {
  return {
    host: config.host,
    port: config.port,
    secure: config.security === 'tls',
    requireTLS: config.security === 'startTls',
    ignoreTLS: config.security === 'none',
    ...(config.username !== undefined ? { auth: { user: config.username, pass: config.password?.reveal() ?? '' } } : {}),
    ...(ca === undefined ? {} : { tls: { ca } }),
    connectionTimeout: patience.connect,
    greetingTimeout: patience.greeting,
    socketTimeout: patience.silence,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** A 5xx to the recipient or the content is final; TLS that fails or a refused login is the operator's to mend. */
function isFinal(error: unknown): boolean {
  const { code, responseCode } = error as { code?: string; responseCode?: number }
  return (code === 'EENVELOPE' || code === 'EMESSAGE') && responseCode !== undefined && responseCode >= 500
}

const answered = (error: unknown): boolean => (error as { responseCode?: number }).responseCode !== undefined

function shortly(error: unknown): string {
  const { responseCode } = error as { responseCode?: number }
  return `the mail server answered ${responseCode}`
}
