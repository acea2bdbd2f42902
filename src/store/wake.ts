/**
 * "Something is there for you." In one process an emitter; on PostgreSQL also NOTIFY, so that it reaches the others. The word
 * travels with the commit of the transaction it was said in: no commit, no wake-up. It may get lost (a broken connection), so
 * whoever waits looks again every second or so all the same.
 */
import { EventEmitter } from 'node:events'
import { sql } from 'kysely'
import type { Client } from 'pg'
import type { Db, Wake } from '../app.ts'

const notifications = 'latchkey_wake'
/** How often the listening connection is asked whether it still hears, in milliseconds. */
const listenAgainAfter = 10_000

/** Those who wait, in this process. */
export class Waiters {
  readonly #emitter = new EventEmitter().setMaxListeners(0)
  /** Event names an emitter treats in ways of its own (`error`) are kept out of its reach. */
  static readonly #every = 'every'

  wake(channel: string, id: string): void {
    this.#emitter.emit(`channel:${channel}`, id)
  }

  /** After a gap in the line: everyone looks again. */
  wakeAll(): void {
    this.#emitter.emit(Waiters.#every, undefined)
  }

  waitFor(channel: string, milliseconds: number, signal?: AbortSignal): Promise<string | undefined> {
    return new Promise(resolve => {
      const name = `channel:${channel}`
      const done = (id?: string): void => {
        clearTimeout(timer)
        this.#emitter.off(name, done).off(Waiters.#every, done)
        signal?.removeEventListener('abort', ended)
        resolve(id)
      }
      const ended = (): void => done(undefined)
      const timer = setTimeout(ended, milliseconds)
      this.#emitter.on(name, done).on(Waiters.#every, done)
      if (signal?.aborted) ended()
      else signal?.addEventListener('abort', ended)
    })
  }

  /** Called on every word on the channel until the answer is called. */
  listen(channel: string, heard: (id: string) => void): () => void {
    this.#emitter.on(`channel:${channel}`, heard)
    return () => this.#emitter.off(`channel:${channel}`, heard)
  }
}

export function sqliteWake(waiters: Waiters): Wake {
  return {
    wake: async (db, channel, id) => void (await sql`select latchkey_wake(${channel}, ${id})`.execute(db)),
    waitFor: (channel, milliseconds, signal) => waiters.waitFor(channel, milliseconds, signal),
  }
}

export interface PostgresWake extends Wake {
  stop(): Promise<void>
}

/** Listens on a connection of its own and opens it again when it breaks. Resolves when it listens for the first time. */
export async function postgresWake(databaseUrl: string, waiters: Waiters): Promise<PostgresWake> {
  const ear = new Ear(databaseUrl, waiters)
  try {
    await ear.connect()
  } catch (error) {
    await ear.stop()
    throw error
  }
  return {
    wake: (db, channel, id) => notify(db, channel, id),
    waitFor: (channel, milliseconds, signal) => waiters.waitFor(channel, milliseconds, signal),
    stop: () => ear.stop(),
  }
}

/** PostgreSQL holds the word back until the transaction commits. */
async function notify(db: Db, channel: string, id: string): Promise<void> {
  await sql`select pg_notify(${notifications}, ${JSON.stringify([channel, id])})`.execute(db)
}

class Ear {
  readonly #databaseUrl: string
  readonly #waiters: Waiters
  #client: Client | undefined
  #retry: NodeJS.Timeout | undefined
  #check: NodeJS.Timeout | undefined
  #stopped = false

  constructor(databaseUrl: string, waiters: Waiters) {
    this.#databaseUrl = databaseUrl
    this.#waiters = waiters
  }

  async connect(): Promise<void> {
    const { newClient } = await import('./postgres.ts')
    const client = newClient(this.#databaseUrl)
    this.#client = client
    client.on('error', () => this.#lost(client))
    client.on('end', () => this.#lost(client))
    client.on('notification', message => {
      const [channel, id] = JSON.parse(message.payload ?? '[]') as [string?, string?]
      if (channel !== undefined && id !== undefined) this.#waiters.wake(channel, id)
    })
    await client.connect()
    await client.query(`listen ${notifications}`)
    if (this.#stopped) return client.end()
    // A line that was cut without a word stays silent for hours: asking is how one finds out.
    this.#check = setInterval(() => void client.query('select 1').catch(() => this.#lost(client)), listenAgainAfter)
    this.#check.unref()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#retry)
    clearInterval(this.#check)
    const client = this.#client
    this.#client = undefined
    await client?.end().catch(() => {})
  }

  #lost(client: Client): void {
    if (this.#stopped || this.#client !== client) return
    this.#client = undefined
    clearInterval(this.#check)
    client.end().catch(() => {})
    this.#tryLater()
  }

  #tryLater(): void {
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => {
      this.connect().then(
        () => this.#waiters.wakeAll(), // what was said meanwhile went unheard
        () => !this.#stopped && this.#tryLater(),
      )
    }, 500)
  }
}
