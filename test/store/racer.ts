/** A second process for the store's tests: `racer.ts <what> <store options as JSON> …`; answers in lines. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { createInterface } from 'node:readline'
import { isUnavailable } from '../../src/store/errors.ts'
import { reserve } from '../../src/store/limits.ts'
import { migrate } from '../../src/store/migrate.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store, StoreOptions } from '../../src/store/open.ts'
import { start } from './rows.ts'

const [what, given, ...more] = process.argv.slice(2)
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const heard = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

const errands: Record<string, (store: Store) => Promise<void>> = {
  /** Says "ready", waits for a line, then tries `count` times at once and says how many were served. */
  async reserve(store) {
    say('ready')
    await heard.next()
    const tries = Array.from({ length: Number(more[0]) }, () =>
      reserve(store.db, { tenantId: 't1', key: 'proof:ann', kind: 'proof', now: start }),
    )
    say(String((await Promise.all(tries)).filter(one => one.served).length))
  },
  async migrate(store) {
    say('ready')
    await heard.next()
    say(JSON.stringify(await migrate(store)))
  },
  /** Writes one row after the other and says each number after its commit, until it is killed. */
  async write(store) {
    for (let n = 1; ; n++) {
      await store.db.transaction().execute(trx => trx.insertInto('installation').values({ key: `n${String(n).padStart(6, '0')}`, value: '' }).execute())
      say(String(n))
    }
  },
  /** A disk that takes no more: says what was acknowledged. */
  async loseLog(store) {
    await migrate(store)
    const put = (key: string) => store.db.insertInto('installation').values({ key, value: '' }).execute().then(() => say(key))
    await put('before')
    const failing = (_descriptor: number, done: (error: Error) => void): void => void setImmediate(done, new Error('EIO'))
    Object.assign(fs, { fdatasync: failing })
    syncBuiltinESMExports()
    await put('after').catch(() => say('refused'))
    say('still there')
  },
  async wake(store) {
    say('ready')
    await heard.next()
    await store.db.transaction().execute(trx => store.wake.wake(trx, 'letters', 'from-the-other'))
    say('done')
  },
  /** Says its idea of the time whenever it is asked, until there is nobody to ask. */
  async clock(store) {
    say('ready')
    for (let line = await heard.next(); !line.done; line = await heard.next()) {
      if (line.value === 'refresh') await store.clock.refresh()
      say(String(store.clock.offset()))
    }
  },
}

const store = await openStore(JSON.parse(given!) as StoreOptions)
try {
  await errands[what!]!(store)
} catch (error) {
  say(`failed: ${isUnavailable(error) ? 'unavailable' : String(error)}`)
  process.exitCode = 1
} finally {
  await store.close()
  process.stdin.destroy()
}
