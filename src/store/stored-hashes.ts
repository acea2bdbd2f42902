import { sql } from 'kysely'
import type { Db } from '../app.ts'

/** Every table that keeps Argon2id hashes, and how a row of it is known: for putting a new pepper over all of them. */
export const hashTables = [
  { table: 'passwords', column: 'hash', key: ['tenantId', 'userId'] },
  { table: 'appPasswords', column: 'hash', key: ['tenantId', 'id'] },
  { table: 'temporaryAccessPasses', column: 'hash', key: ['tenantId', 'id'] },
  { table: 'securityAnswers', column: 'answerHash', key: ['tenantId', 'userId', 'questionId'] },
] as const

export type HashTable = (typeof hashTables)[number]

export interface StoredHash {
  hash: string
  /** Values of the table's key, in its order. */
  key: string[]
}

const page = 500

/** All hashes of a table, page by page in the order of the key. */
export async function* hashesOf(db: Db, { table, column, key }: HashTable): AsyncGenerator<StoredHash> {
  const keys = sql.join(key.map(name => sql.ref(name)))
  let after: string[] | undefined
  for (;;) {
    const beyond = after ? sql`(${keys}) > (${sql.join(after)})` : sql`1 = 1`
    const { rows } = await sql<Record<string, string>>`
      select ${keys}, ${sql.ref(column)} from ${sql.table(table)}
      where ${sql.ref(column)} is not null and ${beyond} order by ${keys} limit ${sql.lit(page)}`.execute(db)
    for (const row of rows) yield { hash: row[column]!, key: key.map(name => row[name]!) }
    if (rows.length < page) return
    after = key.map(name => rows.at(-1)![name]!)
  }
}

/** Replaces one hash by an equal one; false when it was changed meanwhile. */
export async function replaceHash(db: Db, { table, column, key }: HashTable, was: StoredHash, hash: string): Promise<boolean> {
  const keys = sql.join(key.map(name => sql.ref(name)))
  const done = await sql`
    update ${sql.table(table)} set ${sql.ref(column)} = ${hash}
    where (${keys}) = (${sql.join(was.key)}) and ${sql.ref(column)} = ${was.hash}`.execute(db)
  return (done.numAffectedRows ?? 0n) > 0n
}

/** Data keys that another encryption key than this one wraps. */
export async function dataKeysNotUnder(db: Db, keyEncryptionKeyId: string): Promise<number> {
  const row = await db
    .selectFrom('dataKeys')
    .select(eb => eb.fn.countAll<number>().as('count'))
    .where('keyEncryptionKeyId', '!=', keyEncryptionKeyId)
    .executeTakeFirstOrThrow()
  return row.count
}
