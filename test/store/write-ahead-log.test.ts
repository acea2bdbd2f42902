import assert from 'node:assert/strict'
import { copyFileSync, fdatasync, fstatSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { Kysely, sql } from 'kysely'
import { sqliteFile } from '../../src/store/sqlite-driver.ts'
import type { Database } from '../../src/store/tables.ts'
import type { LostLogError, Sync } from '../../src/store/write-ahead-log.ts'
import { runOther } from '../support/processes.ts'

interface Opened {
  db: Kysely<Database>
  file: string
  log: string
  settled(): Promise<void> | undefined
  woken: string[]
  lost: LostLogError[]
  put(key: string): Promise<unknown>
  keys(): Promise<string[]>
}

/** A database whose log is synced by the test. */
async function withDatabase(sync: Sync, body: (opened: Opened) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-log-'))
  const file = join(folder, 'latchkey.db')
  const woken: string[] = []
  const lost: LostLogError[] = []
  const { dialect, settled } = sqliteFile({ file, onWake: (_channel, id) => woken.push(id), onLost: error => lost.push(error), sync })
  const db = new Kysely<Database>({ dialect })
  const put = (key: string) => db.insertInto('installation').values({ key, value: 'x'.repeat(200) }).execute()
  const keys = async () => (await db.selectFrom('installation').select('key').orderBy('key').execute()).map(row => row.key)
  try {
    await sql`create table installation (key text primary key, value text)`.execute(db)
    await body({ db, file, log: `${file}-wal`, settled, woken, lost, put, keys })
  } finally {
    await db.destroy()
    rmSync(folder, { recursive: true })
  }
}

/** Syncs that end when the test says so. */
function heldSyncs(): { sync: Sync; hold(): void; begun: number[]; end(error?: Error): void } {
  const waiting: (() => void)[] = []
  const begun: number[] = []
  let held = false
  let failure: Error | null = null
  return {
    begun,
    hold: () => void (held = true),
    end: (error = undefined) => {
      failure = error ?? null
      waiting.shift()!()
    },
    sync: (descriptor, done) => {
      begun.push(descriptor)
      if (held) waiting.push(() => done(failure))
      else fdatasync(descriptor, done)
    },
  }
}

/** Whether it has come by the time everything that could run has run. */
async function hasCome(promise: Promise<unknown> | undefined): Promise<boolean> {
  let come = false
  void promise?.then(() => (come = true), () => (come = true))
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
  return come || promise === undefined
}

test('R-03: a commit is acknowledged, and its word passed on, when a sync that began after it was written has ended', async () => {
  const disk = heldSyncs()
  await withDatabase(disk.sync, async ({ db, log, put, woken }) => {
    disk.hold()
    const first = db.transaction().execute(async trx => {
      await trx.insertInto('installation').values({ key: 'first-row', value: '1' }).execute()
      await sql`select latchkey_wake('a', 'first')`.execute(trx)
    })
    assert.equal(await hasCome(first), false)
    assert.equal(fstatSync(disk.begun.at(-1)!).ino, statSync(log).ino, 'it is the log that is synced')
    assert.ok(readFileSync(log).includes('first-row'), 'which holds the commit by then')
    assert.deepEqual(woken, [])

    const later = [put('second-row'), put('third-row')]
    assert.equal(await hasCome(Promise.race(later)), false)
    const before = disk.begun.length
    disk.end()
    await first
    assert.deepEqual(woken, ['first'])
    assert.equal(await hasCome(Promise.race(later)), false, 'the sync that was under way says nothing of later commits')
    assert.equal(disk.begun.length, before + 1, 'one more serves them all')
    disk.end()
    await Promise.all(later)
  })
})

test('what was only read is told when it stays: `settled` waits for every commit that could be read, and for none when all is quiet', async () => {
  const disk = heldSyncs()
  await withDatabase(disk.sync, async ({ db, put, keys, settled }) => {
    assert.equal(settled(), undefined)
    disk.hold()
    const first = put('a')
    assert.equal(await hasCome(first), false)
    assert.deepEqual(await keys(), ['a'], 'readers do not wait')
    await db.transaction().execute(async trx => void (await trx.selectFrom('installation').select('key').execute()))
    const afterFirst = settled()
    const second = put('b')
    await hasCome(second)
    const afterSecond = settled()
    disk.end()
    await first
    assert.deepEqual([await hasCome(afterFirst), await hasCome(afterSecond)], [true, false])
    disk.end()
    await Promise.all([second, afterSecond])
    assert.equal(settled(), undefined)
  })
})

test('a sync that fails is never tried again: nothing is acknowledged or begun any more, and the process is told to end', async () => {
  const disk = heldSyncs()
  await withDatabase(disk.sync, async ({ db, put, lost, settled }) => {
    disk.hold()
    const [first, second] = [put('a'), db.transaction().execute(trx => trx.insertInto('installation').values({ key: 'b', value: '' }).execute())]
    await hasCome(Promise.race([first, second]))
    disk.end(Object.assign(new Error('i/o error, fdatasync'), { code: 'EIO' }))
    await assert.rejects(first, /could not be brought to the disk/)
    await assert.rejects(second, /could not be brought to the disk/)
    assert.deepEqual(lost.map(error => (error.cause as { code: string }).code), ['EIO'])
    const syncs = disk.begun.length
    await assert.rejects(put('c'), /could not be brought/)
    await assert.rejects(db.transaction().execute(async () => {}), /could not be brought/)
    await assert.rejects(settled()!, /could not be brought/)
    assert.equal(disk.begun.length, syncs)
  })
})

test('a server whose disk fails ends at once, and acknowledges nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-log-'))
  const other = runOther('test/store/racer.ts', 'loseLog', JSON.stringify({ file: join(folder, 'latchkey.db') }))
  const ended = new Promise<number | null>(resolve => other.process.once('exit', resolve))
  assert.deepEqual([await other.line(), await other.line(), await ended], ['before', undefined, 1])
  rmSync(folder, { recursive: true })
})

test('the log is cut and begun anew beneath the same descriptor, and commits after it are synced as before', async () => {
  const disk = heldSyncs()
  await withDatabase(disk.sync, async ({ db, log, put, keys }) => {
    for (let round = 0; round < 3; round++) {
      await put(`before-${round}`)
      await sql`pragma wal_checkpoint(truncate)`.execute(db)
      assert.equal(statSync(log).size, 0)
      await put(`after-${round}`)
      assert.equal(fstatSync(disk.begun.at(-1)!).ino, statSync(log).ino)
      assert.ok(readFileSync(log).includes(`after-${round}`))
    }
    assert.equal((await keys()).length, 6)
  })
})

test('what a dead process left in the log is in the file before the next one writes', async () => {
  const disk = heldSyncs()
  await withDatabase(disk.sync, async ({ file, log, put }) => {
    await put('left behind')
    const copy = join(file, '..', 'copy.db')
    copyFileSync(file, copy)
    copyFileSync(log, `${copy}-wal`)
    assert.ok(!readFileSync(copy).includes('left behind'))
    const again = new Kysely<Database>({ dialect: sqliteFile({ file: copy, onWake: () => {}, onLost: assert.fail }).dialect })
    await again.selectFrom('installation').select('key').execute()
    assert.ok(readFileSync(copy).includes('left behind'))
    assert.equal(statSync(`${copy}-wal`).size, 0)
    await again.destroy()
  })
})

/** A disk as a power cut may leave it: all that a sync that ended had covered, of what came after it any blocks at all. */
class Disk {
  readonly #file: string
  #log: Buffer = Buffer.alloc(0)

  constructor(file: string) {
    this.#file = file
  }

  /** The log as it is when a sync begins: what the disk has for certain when it ends. */
  look(): Buffer {
    return readFileSync(`${this.#file}-wal`)
  }

  ended(covered: Buffer): void {
    this.#log = covered
  }

  /** The file is synced by SQLite whenever it writes it, which it does only while it copies the log. */
  powerFails(into: string): void {
    copyFileSync(this.#file, into)
    const now = this.look()
    const left = Buffer.alloc(now.length)
    const header = 32 // synced by SQLite before it writes what stands behind it
    this.#log.copy(left, 0, 0, now.length)
    for (let at = 0; at < now.length; at += 512) {
      const settled = at + 512 <= this.#log.length && now.compare(this.#log, at, at + 512, at, at + 512) === 0
      if (settled || Math.random() < 0.5) now.copy(left, at, at, at + 512)
    }
    writeFileSync(`${into}-wal`, left)
    now.copy(left, 0, 0, header)
    if (Math.random() < 0.5) truncateSync(`${into}-wal`, Math.max(this.#log.length, Math.floor(Math.random() * left.length)))
  }
}

test('R-03: whenever the power fails, every commit that was acknowledged is there, and none in part', async () => {
  const state: { disk?: Disk } = {}
  const sync: Sync = (descriptor, done) => {
    const covered = state.disk?.look()
    fdatasync(descriptor, error => {
      if (covered) state.disk!.ended(covered)
      done(error)
    })
  }
  await withDatabase(sync, async ({ db, file }) => {
    const disk = (state.disk = new Disk(file))
    await sql`pragma wal_autocheckpoint = 40`.execute(db) // so that it is copied and begun anew often
    const acknowledged: number[] = []
    let next = 0
    const person = async (): Promise<void> => {
      while (next < 400) {
        const n = next++
        const pair = ['a', 'b'].map(half => ({ key: `${n}${half}`, value: String(n).repeat(n % 900) }))
        await db.transaction().execute(async trx => {
          for (const row of pair) await trx.insertInto('installation').values(row).execute()
        })
        acknowledged.push(n)
        if (n % 10 === 0) assertKept(disk, file, acknowledged)
      }
    }
    await Promise.all(Array.from({ length: 8 }, person))
  })
})

function assertKept(disk: Disk, file: string, acknowledged: readonly number[]): void {
  const copy = join(file, '..', 'after.db')
  disk.powerFails(copy)
  const after = new DatabaseSync(copy)
  const kept = new Set(after.prepare('select key from installation').all().map(row => row['key'] as string))
  assert.deepEqual(after.prepare('pragma integrity_check').get(), { __proto__: null, integrity_check: 'ok' })
  after.close()
  for (const suffix of ['', '-wal', '-shm']) rmSync(copy + suffix, { force: true })
  assert.deepEqual(acknowledged.filter(n => !kept.has(`${n}a`)), [], 'acknowledged and gone')
  assert.deepEqual([...kept].filter(key => !kept.has(key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a'))), [], 'half a commit')
}
