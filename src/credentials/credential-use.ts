/**
 * When a program's secret or certificate was used last, how often, and from where. Counted in memory and written about once a second,
 * off the path of the token; a process that is killed loses its last second.
 */
import type { App } from '../app.ts'
import { saveCredentialUses } from '../store/application-credentials.ts'
import type { CredentialUse } from '../store/application-credentials.ts'

export interface UsedCredential {
  tenantId: string
  /** Object id of the application or service principal that has it. */
  ownerId: string
  keyId: string
  at: number
  ipAddress: string | null
}

export interface CredentialUseLog {
  note(use: UsedCredential): void
  /** Writes what waits now. */
  flush(): Promise<void>
  stop(): Promise<void>
}

const writeEvery = 1000
const together = 200
/** As many different credentials may wait while the database is away. */
const atMostWaiting = 10_000

const logs = new WeakMap<App, CredentialUseLog>()

/** Starts the writer of this App's credential uses; `noteCredentialUse` finds it. */
export function startCredentialUseLog(app: App): CredentialUseLog {
  let waiting = new Map<string, CredentialUse>()
  let writing: Promise<void> = Promise.resolve()

  const writeAll = async (): Promise<void> => {
    const batch = waiting
    waiting = new Map()
    const rows = [...batch.values()]
    try {
      for (let from = 0; from < rows.length; from += together) await saveCredentialUses(app.db, rows.slice(from, from + together))
    } catch (error) {
      // Nothing may be counted twice: what one statement of several has written stays, the rest is lost with a word in the log.
      app.log.warn('credential use not written', { error, count: rows.length })
    }
  }
  const flush = (): Promise<void> => (writing = writing.then(writeAll))
  const timer = setInterval(() => void (waiting.size > 0 && flush()), writeEvery)
  timer.unref()
  const log: CredentialUseLog = {
    note: use => {
      const key = `${use.tenantId} ${use.ownerId} ${use.keyId}`
      const before = waiting.get(key)
      if (!before && waiting.size >= atMostWaiting) return
      waiting.set(key, {
        tenantId: use.tenantId, ownerId: use.ownerId, keyId: use.keyId, firstUsedAt: before?.firstUsedAt ?? use.at, lastUsedAt: Math.max(use.at, before?.lastUsedAt ?? 0),
        useCount: (before?.useCount ?? 0) + 1, lastIpAddress: use.ipAddress,
      })
    },
    flush,
    stop: async () => {
      clearInterval(timer)
      await flush()
      logs.delete(app)
    },
  }
  logs.set(app, log)
  return log
}

/** Notes that a credential was accepted. Never waits. */
export function noteCredentialUse(app: App, use: UsedCredential): void {
  const log = logs.get(app) ?? startCredentialUseLog(app)
  log.note(use)
}

/** Writes what waits now, so that whoever asks right afterwards sees it. */
export async function flushCredentialUses(app: App): Promise<void> {
  await logs.get(app)?.flush()
}
