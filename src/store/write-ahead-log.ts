/**
 * Brings SQLite's commits to the disk without holding up the loop (decision 010). SQLite writes a commit into its write-ahead log and
 * leaves it to us to have the log synced; one fdatasync serves everybody who committed before it began.
 */
import { closeSync, fdatasync, openSync } from 'node:fs'

/** What syncs a descriptor: node:fs's `fdatasync`, or a test's own. */
export type Sync = (descriptor: number, done: (error: Error | null) => void) => void

/** The disk did not take what was committed. What it holds is unknown from then on: nothing may be acknowledged by this process. */
export class LostLogError extends Error {
  constructor(cause: unknown) {
    super('The database’s log could not be brought to the disk; nothing more is acknowledged', { cause })
    this.name = 'LostLogError'
  }
}

export interface LogOptions {
  /** Called once, when the disk has failed: the process must end. */
  onLost: (error: LostLogError) => void
  sync?: Sync | undefined
}

type Waiting = PromiseWithResolvers<void>

export class WriteAheadLog {
  readonly #file: string
  readonly #options: LogOptions
  #descriptor: number | undefined
  /** Being synced: who waits for it committed before the sync began. */
  #running: Waiting | undefined
  /** Who committed since: the next sync is theirs. */
  #next: Waiting | undefined
  #lost: LostLogError | undefined

  /** @param file the database's, where it really is: SQLite follows symbolic links */
  constructor(file: string, options: LogOptions) {
    this.#file = `${file}-wal`
    this.#options = options
  }

  /** Throws when the disk has failed: what cannot be acknowledged is not begun. */
  refuseWhenLost(): void {
    if (this.#lost) throw this.#lost
  }

  /** To be called right after a commit, before anything else can run. @returns when the commit is on the disk */
  written(): Promise<void> {
    if (this.#lost) return Promise.reject(this.#lost)
    const waiting = (this.#next ??= newWaiting())
    if (!this.#running) this.#begin()
    return waiting.promise
  }

  /** When all that is committed by now is on the disk; undefined when it is. */
  settled(): Promise<void> | undefined {
    if (this.#lost) return Promise.reject(this.#lost)
    return (this.#next ?? this.#running)?.promise
  }

  async close(): Promise<void> {
    await this.settled()?.catch(() => {})
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  #begin(): void {
    const waiting = this.#next!
    this.#running = waiting
    this.#next = undefined
    this.#syncLog(error => {
      this.#running = undefined
      if (error) return this.#lose(error, waiting)
      waiting.resolve()
      if (this.#next) this.#begin()
    })
  }

  #syncLog(done: (error: Error | null) => void): void {
    try {
      // The first commit has made the file, and while a connection is open nobody removes it: SQLite rewrites it and cuts it.
      this.#descriptor ??= openSync(this.#file, 'r+')
    } catch (error) {
      return done(error as Error)
    }
    const sync = this.#options.sync ?? fdatasync
    sync(this.#descriptor, done)
  }

  /** Never tried again: after a failure the kernel takes the pages for written, and a second sync would say that all is well. */
  #lose(cause: unknown, waiting: Waiting): void {
    this.#lost = new LostLogError(cause)
    waiting.reject(this.#lost)
    this.#next?.reject(this.#lost)
    this.#next = undefined
    this.#options.onLost(this.#lost)
  }
}

function newWaiting(): Waiting {
  const waiting = Promise.withResolvers<void>()
  waiting.promise.catch(() => {}) // whoever waits hears of it; that nobody waits is no error
  return waiting
}
