import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { sql } from 'kysely'
import type { Db } from '../../src/app.ts'
import { appendAudit, hashOf } from '../../src/store/audit.ts'
import { checkpointAudit, oldestAudit, pruneAudit, verifyAudit } from '../../src/store/audit-chain.ts'
import { columns } from '../../src/store/columns.ts'
import { openStore } from '../../src/store/open.ts'
import { asSuperuser } from '../support/postgres.ts'
import { bothEngines } from '../support/store.ts'
import type { TestStore } from '../support/store.ts'
import { addTenant, hour, start } from './rows.ts'

const sign = (purpose: string, text: string): string => createHmac('sha256', 'a key from outside').update(`${purpose}:${text}`).digest('base64url')
const keys = { mac: sign, macMatches: (purpose: string, text: string, mac: string) => sign(purpose, text) === mac }
const checkpoint = (db: Db, now = start) => checkpointAudit(db, { tenantId: 't1', keys, now })

async function write(db: Db, count: number): Promise<void> {
  for (let n = 1; n <= count; n++) {
    await db.transaction().execute(trx =>
      appendAudit(trx, {
        tenantId: 't1', at: start + n * hour, service: 'Core Directory', category: 'UserManagement', activity: 'Update user', result: 'success',
        correlationId: `c${n}`, initiatedBy: { app: 'test' }, targets: [{ type: 'User', id: `u${n}` }],
      }),
    )
  }
}

/** Someone with every right on the database, who switches off what stands in the way. */
async function tamper(store: TestStore, statements: string[]): Promise<void> {
  if (store.engine === 'sqlite') {
    const guards = await sql<{ name: string; sql: string }>`select name, sql from sqlite_master where type = 'trigger'`.execute(store.db)
    for (const guard of guards.rows) await sql.raw(`drop trigger ${guard.name}`).execute(store.db)
    for (const statement of statements) await sql.raw(statement).execute(store.db)
    for (const guard of guards.rows) await sql.raw(guard.sql).execute(store.db)
    return
  }
  const url = new URL(store.options.databaseUrl!)
  await asSuperuser(Number(url.port), url.pathname.slice(1), async client => {
    await client.query('set session_replication_role = replica')
    for (const statement of statements) await client.query(statement)
  })
}

bothEngines('T-77: an untouched log is whole, and so is an empty one', async store => {
  await addTenant(store.db)
  assert.deepEqual(await verifyAudit(store.db, 't1', keys), { whole: true, rows: 0, newest: 0 })
  await write(store.db, 5)
  await checkpoint(store.db)
  await write(store.db, 2)
  assert.deepEqual(await verifyAudit(store.db, 't1', keys), { whole: true, rows: 7, newest: 7 })
})

const damages = [
  { what: 'a row that was altered', how: [`update audit set activity = 'Nothing happened' where sequence = 3`], found: { sequence: 3, problem: 'altered' } },
  { what: 'a row that is gone', how: ['delete from audit where sequence = 4'], found: { sequence: 4, problem: 'missing' } },
  { what: 'the oldest row gone', how: ['delete from audit where sequence = 1'], found: { sequence: 1, problem: 'missing' } },
  {
    what: 'two rows that changed places',
    how: ['update audit set sequence = -1 where sequence = 2', 'update audit set sequence = 2 where sequence = 3', 'update audit set sequence = 3 where sequence = -1'],
    found: { sequence: 2, problem: 'reordered' },
  },
  { what: 'the newest rows gone', how: ['delete from audit where sequence > 4'], found: { sequence: 5, problem: 'truncated' } },
  { what: 'the newest rows gone and the head with them', how: ['delete from audit where sequence > 4', 'delete from audit_heads'], found: { sequence: 5, problem: 'truncated' } },
  { what: 'a head that tells of another row', how: [`update audit_heads set hash = 'other'`], found: { sequence: 6, problem: 'altered' } },
] as const

for (const { what, how, found } of damages) {
  bothEngines(`T-77: ${what}: the place is named`, async store => {
    await addTenant(store.db)
    await write(store.db, 6)
    await tamper(store, [...how])
    const { whole, ...told } = await verifyAudit(store.db, 't1', keys)
    assert.equal(whole, false)
    assert.deepEqual({ sequence: (told as { sequence: number }).sequence, problem: (told as { problem: string }).problem }, found)
  })
}

bothEngines('T-77: a chain rewritten from end to end, head included, is betrayed by a checkpoint', async store => {
  await addTenant(store.db)
  await write(store.db, 4)
  await checkpoint(store.db)
  const rows = await store.db.selectFrom('audit').select(columns.audit).orderBy('sequence').execute()
  const statements: string[] = []
  let previousHash = 'genesis'
  for (const row of rows) {
    const forged = { ...row, activity: row.sequence === 2 ? 'Forged' : row.activity, previousHash }
    previousHash = hashOf(forged)
    statements.push(`update audit set activity = '${forged.activity}', previous_hash = '${forged.previousHash}', hash = '${previousHash}' where sequence = ${row.sequence}`)
  }
  statements.push(`update audit_heads set hash = '${previousHash}'`)
  await tamper(store, statements)
  assert.deepEqual(await verifyAudit(store.db, 't1', keys), { whole: false, rows: 3, sequence: 4, problem: 'checkpoint' })
  await tamper(store, [`update audit_checkpoints set hash = '${previousHash}'`])
  assert.deepEqual(await verifyAudit(store.db, 't1', keys), { whole: false, rows: 0, sequence: 4, problem: 'checkpoint' })
})

bothEngines('T-77: the newest rows cut off with the head put back are betrayed by a checkpoint', async store => {
  await addTenant(store.db)
  await write(store.db, 5)
  await checkpoint(store.db)
  await tamper(store, ['delete from audit where sequence > 3', 'update audit_heads set sequence = 3, hash = (select hash from audit where sequence = 3)'])
  assert.deepEqual(await verifyAudit(store.db, 't1', keys), { whole: false, rows: 3, sequence: 4, problem: 'truncated' })
})

bothEngines('LD-53: pruning cuts the oldest end only, leaves a signed checkpoint, and the rest is provably whole', async store => {
  await addTenant(store.db)
  await write(store.db, 1203)
  const owner = await openStore(store.ownerOptions)
  const prune = (before: number) => pruneAudit(owner.db, { tenantId: 't1', before, keys, now: start })
  const oldest = () => oldestAudit(store.db, 't1')
  const before = (await oldest())!
  assert.equal(await prune(start + 1200 * hour), 1199)
  assert.equal(await oldest(), before + 1199 * hour)
  assert.deepEqual(await verifyAudit(store.db, 't1', keys), { whole: true, rows: 4, newest: 1203 })
  assert.equal(await prune(start + 1200 * hour), 0)
  assert.equal(await prune(start + 9999 * hour), 3, 'the newest row stays')
  assert.equal(await oldest(), undefined, 'and is no reason to prune')
  assert.deepEqual(await verifyAudit(store.db, 't1', keys), { whole: true, rows: 1, newest: 1203 })
  await write(store.db, 1)
  assert.deepEqual(await verifyAudit(store.db, 't1', keys), { whole: true, rows: 2, newest: 1204 })
  await owner.close()
})

bothEngines('T-77: the tables themselves refuse changes, and deletions that no checkpoint stands for, of their owner too', async store => {
  await addTenant(store.db)
  await write(store.db, 3)
  await checkpoint(store.db)
  await write(store.db, 2)
  const owner = await openStore(store.ownerOptions)
  const refused = [
    `update audit set activity = 'x'`, 'delete from audit where sequence = 5', `update audit_checkpoints set hash = 'x'`, 'delete from audit_checkpoints',
    'update audit_heads set sequence = 1', ...(store.engine === 'postgres' ? ['truncate audit'] : []),
  ]
  for (const statement of refused) await assert.rejects(sql.raw(statement).execute(owner.db), /append-only/, statement)
  if (store.engine === 'sqlite') {
    const replace = `insert or replace into audit select * from audit where sequence = 5`
    await assert.rejects(sql.raw(replace).execute(owner.db), /append-only/)
  }
  assert.deepEqual(await verifyAudit(store.db, 't1', keys), { whole: true, rows: 5, newest: 5 })
  await sql.raw('delete from audit where sequence <= 3').execute(owner.db)
  assert.deepEqual(await verifyAudit(store.db, 't1', keys), { whole: true, rows: 2, newest: 5 })
  await owner.close()
})
