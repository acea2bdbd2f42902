import type { Kysely } from 'kysely'
import type { Database } from './store/tables.ts'
import type { Config } from './config.ts'
import type { Keyring } from './keyring.ts'
import type { Log } from './log.ts'
import type { Secret } from './secret.ts'

/** The database, or a transaction on it: queries cannot tell and need not care. */
export type Db = Kysely<Database>

/**
 * What every action is given. Queries take `db`, actions take `app`, rules take facts: the first parameter tells what a
 * function can do. A further field needs an argument in docs/decisions/.
 */
export interface App {
  config: Config
  db: Db
  /** The database's time plus development's offset, in epoch milliseconds (LD-39). Never `Date.now()`. */
  now(): number
  keys: Keyring
  wake: Wake
  agents: AgentHub
  log: Log
}

/** "Something is there for you": in this process, and on PostgreSQL in the others too. Carries ids only. */
export interface Wake {
  /** Tells whoever waits on the channel. Give it the transaction that wrote the row, so that no commit means no wake-up. */
  wake(db: Db, channel: string, id: string): Promise<void>
  /** Resolves with an id when woken, with undefined after `milliseconds` or when the signal ends. Subscribe before looking. */
  waitFor(channel: string, milliseconds: number, signal?: AbortSignal): Promise<string | undefined>
}

export type WritebackOutcome =
  | { status: 'done'; agentId: string }
  | { status: 'refused'; code: 'LK_ONPREM_POLICY' | 'AD_PROTECTED_ACCOUNT' | 'SSPR_0029'; agentId: string }
  | { status: 'unreachable' }
  /** Sent, and no answer came: it may or may not have happened. */
  | { status: 'unknown' }

/** The far end of the wire, as the rooms that set passwords need it. Never called inside a transaction. */
export interface AgentHub {
  writePassword(request: {
    tenantId: string
    userId: string
    newPassword: Secret
    oldPassword?: Secret
    mustChange: boolean
    unlock: boolean
    messageId: string
  }): Promise<WritebackOutcome>
  unlock(request: { tenantId: string; userId: string; messageId: string }): Promise<WritebackOutcome>
  verifyPassword(request: { tenantId: string; userId: string; password: Secret }): Promise<'right' | 'wrong' | 'unreachable'>
}
