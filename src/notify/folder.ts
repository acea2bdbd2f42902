import { appendFileSync, chmodSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MailMessage, Sender, TextMessage } from './message.ts'

/** A message that went nowhere: the development mode shows it on /dev/mailbox. */
export type KeptMessage = ({ kind: 'mail' } & MailMessage) | ({ kind: 'sms' } & TextMessage)

export interface Mailbox {
  mail: Sender<MailMessage>
  sms: Sender<TextMessage>
}

/** So many are kept; the file is cut when it holds twice as many. */
const kept = 200

export function mailboxFile(dataDir: string): string {
  return join(dataDir, 'mailbox.jsonl')
}

/**
 * A mailbox in a file of JSON lines, readable by its owner alone, for development. It holds codes in clear: the configuration
 * of production does not accept it (T-79).
 */
export function openMailbox(dataDir: string): Mailbox {
  const file = mailboxFile(dataDir)
  const keep = (message: KeptMessage) => {
    if (!existsSync(file)) writeFileSync(file, '', { mode: 0o600 })
    chmodSync(file, 0o600)
    const lines = readLines(file)
    // A message sent twice (the worker died between sending and noting it) is one message, as with a provider.
    if (lines.some(line => (JSON.parse(line) as KeptMessage).dedupeId === message.dedupeId)) return
    if (lines.length >= kept * 2) {
      writeFileSync(`${file}.new`, lines.slice(-kept).map(line => `${line}\n`).join(''), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    }
    appendFileSync(file, `${JSON.stringify(message)}\n`)
  }
  return {
    mail: { send: async message => keep({ kind: 'mail', ...message }) },
    sms: { send: async message => keep({ kind: 'sms', ...message }) },
  }
}

/** The newest messages, newest first; at most 200. */
export function readMailbox(dataDir: string): KeptMessage[] {
  const file = mailboxFile(dataDir)
  if (!existsSync(file) || statSync(file).size === 0) return []
  return readLines(file).slice(-kept).reverse().map(line => JSON.parse(line) as KeptMessage)
}

function readLines(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').filter(line => line !== '')
}
