/**
 * What an installation is told from outside: the settled form, after files, environment and defaults have been read and
 * checked (operator/read-config.ts for production, development/config.ts for the development mode). What a tenant may decide
 * for itself is not here but in its policies.
 */
import type { Secret } from './secret.ts'

export interface Config {
  mode: 'development' | 'production'
  /** Where links in mail and texts lead; no slash at the end (LD-42). */
  publicOrigin: string
  listeners: readonly Listener[]
  /** A folder of ours alone (0700): the SQLite file, the development mailbox and certificate, one-time files. */
  dataDir: string
  /** The SQLite file; of no consequence when databaseUrl is set. */
  databaseFile: string
  /** PostgreSQL. Secret, for it carries the password. */
  databaseUrl?: Secret
  /** The role that owns the tables: for `migrate` only (LD-38). */
  databaseOwnerUrl?: Secret
  /** Keys that seal and sign (key-file.ts), 0600, kept apart from every backup of the database (T-74). */
  keysFile: string
  /** Addresses and networks whose X-Forwarded-For is believed: '10.0.0.7', '10.1.0.0/16', 'fd00::/8' (T-28). */
  trustedProxies: readonly string[]
  mail: MailConfig
  sms: SmsConfig
  logLevel: 'info' | 'warn' | 'error' | 'silent'
  /** SHA-1 hashes of passwords known from breaches, given by the operator (LD-51). */
  breachedPasswordsFile?: string
}

/** A socket, and the origin by which people and programs know it (LD-13). */
export interface Listener {
  /** 'https://reset.example.org': no path, no slash at the end. */
  origin: string
  host: string
  port: number
  /** Absent: plain HTTP, either for a proxy in front or on loopback. */
  tls?: { certificateFile: string; keyFile: string }
}

export type MailConfig =
  /** Messages become files that /dev/mailbox shows. Development only. */
  | { kind: 'folder' }
  /** Nobody can be written to: the e-mail method and every notice are off. */
  | { kind: 'none' }
  | {
      kind: 'smtp'
      host: string
      port: number
      /** 'tls' from the first byte, 'startTls' demanded, 'none' only towards a loopback relay. */
      security: 'tls' | 'startTls' | 'none'
      username?: string
      password?: Secret
      /** 'Contoso <no-reply@contoso.example>' or the bare address. */
      from: string
    }

export type SmsConfig =
  | { kind: 'folder' }
  | { kind: 'none' }
  /** A gateway that takes a POST of JSON {to, text, from}; documented in docs/guide/configure.md. */
  | { kind: 'http'; url: string; token?: Secret; from?: string }
  | { kind: 'twilio'; accountSid: string; authToken: Secret; from: string; url?: string }

/** Verbs that operators run write here, so that tests can read what they said. */
export interface VerbIo {
  stdout: { write(text: string): unknown }
  stderr: { write(text: string): unknown }
  env: Record<string, string | undefined>
}
