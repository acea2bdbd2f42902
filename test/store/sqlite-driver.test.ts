import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { sql } from 'kysely'
import { isUniqueViolation } from '../../src/store/errors.ts'
import { openStore } from '../../src/store/open.ts'
import { runOther } from '../support/processes.ts'
import { bothEngines, openTestStore } from '../support/store.ts'

bothEngines('a transaction in which a statement failed keeps nothing, even if the error is caught', async store => {
  const caught = store.db.transaction().execute(async trx => {
    await trx.insertInto('installation').values({ key: 'a', value: '1' }).execute()
    await trx.insertInto('installation').values({ key: 'a', value: '2' }).execute().catch(error => assert.ok(isUniqueViolation(error)))
    return 'went on'
  })
  await assert.rejects(caught, /transaction/i)
  assert.deepEqual(await store.db.selectFrom('installation').select('key').execute(), [])
})

bothEngines('reads beside an open transaction see the last committed state and do not wait', async store => {
  await store.db.transaction().execute(async trx => {
    await trx.insertInto('installation').values({ key: 'a', value: '1' }).execute()
    assert.deepEqual(await store.db.selectFrom('installation').select('key').execute(), [])
    assert.equal((await trx.selectFrom('installation').select('key').execute()).length, 1)
  })
  assert.equal((await store.db.selectFrom('installation').select('key').execute()).length, 1)
})

bothEngines('of fifty who take a thing at once one gets it', async store => {
  await store.db.insertInto('installation').values({ key: 'setupToken', value: 'free' }).execute()
  const takers = Array.from({ length: 50 }, (_, n) =>
    store.db.updateTable('installation').set({ value: String(n) }).where('key', '=', 'setupToken').where('value', '=', 'free').returning('value').execute(),
  )
  assert.equal((await Promise.all(takers)).flat().length, 1)
})

bothEngines('a counter that is read and written in transactions loses nothing', async store => {
  await store.db.insertInto('installation').values({ key: 'n', value: '0' }).execute()
  const add = () =>
    store.db.transaction().execute(async trx => {
      await trx.updateTable('installation').set({ value: sql<string>`value` }).where('key', '=', 'n').execute() // takes the row
      const { value } = await trx.selectFrom('installation').select('value').where('key', '=', 'n').executeTakeFirstOrThrow()
      await trx.updateTable('installation').set({ value: String(Number(value) + 1) }).where('key', '=', 'n').execute()
    })
  await Promise.all(Array.from({ length: 40 }, add))
  const { value } = await store.db.selectFrom('installation').select('value').executeTakeFirstOrThrow()
  assert.equal(value, '40')
})

test('values that no column holds are refused by name, a Date above all', async () => {
  const store = await openTestStore('sqlite')
  const write = (value: unknown) => store.db.insertInto('installation').values({ key: 'a', value: value as string }).execute()
  await assert.rejects(write(new Date(0)), /Parameter 2 is a Date/)
  await assert.rejects(write(['a']), /Parameter 2 is an array/)
  await assert.rejects(write({ a: 1 }), /Parameter 2 is object/)
  await store.close()
})

test('writing with db inside its own transaction fails with a hint instead of hanging', { timeout: 30_000 }, async () => {
  const store = await openTestStore('sqlite')
  const wrong = store.db.transaction().execute(() => store.db.insertInto('installation').values({ key: 'a', value: '' }).execute())
  await assert.rejects(wrong, /trx.*was meant/)
  await store.db.insertInto('installation').values({ key: 'b', value: '' }).execute() // and the line is free again
  await store.close()
})

test('another process that holds the file is waited for', async () => {
  const store = await openTestStore('sqlite')
  const other = new DatabaseSync(store.options.file!)
  other.exec('begin immediate')
  const write = store.db.insertInto('installation').values({ key: 'a', value: '' }).execute()
  const read = await store.db.selectFrom('installation').select('key').execute() // the loop is not held up
  assert.deepEqual(read, [])
  other.exec('commit')
  await write
  other.close()
  await store.close()
})

test('kill -9 of a writing process loses no commit that it was told of', async () => {
  const store = await openTestStore('sqlite')
  for (let round = 0; round < 3; round++) {
    await store.db.deleteFrom('installation').execute()
    const writer = runOther('test/store/racer.ts', 'write', JSON.stringify(store.options))
    let told = 0
    while (told < 50 + round * 17) told = Number(await writer.line())
    writer.process.kill('SIGKILL')
    for (let line = await writer.line(); line !== undefined; line = await writer.line()) told = Number(line)
    const kept = await store.db.selectFrom('installation').select(eb => eb.fn.countAll<number>().as('count')).executeTakeFirstOrThrow()
    assert.ok(kept.count >= told && kept.count <= told + 1, `told of ${told}, kept ${kept.count}`)
  }
  const check = await sql<{ integrityCheck: string }>`pragma integrity_check`.execute(store.db)
  assert.equal(check.rows[0]!.integrityCheck, 'ok')
  await store.close()
})

test('the file is for its owner alone and keeps a log, whose order SQLite itself brings to the disk', async () => {
  const store = await openTestStore('sqlite')
  assert.equal(statSync(store.options.file!).mode & 0o777, 0o600)
  const pragma = async (name: string): Promise<unknown> => Object.values((await sql<Record<string, unknown>>`pragma ${sql.raw(name)}`.execute(store.db)).rows[0]!)[0]
  assert.deepEqual([await pragma('journal_mode'), await pragma('synchronous'), await pragma('foreign_keys')], ['wal', 1, 1])
  await store.close()
})

test('a store without a place to be in says what to give it', () => {
  assert.throws(() => void openStore({}), /DATABASE_URL/)
})
