import { sql } from 'kysely'
import type { Db } from '../app.ts'

/** A setting that no tenant owns, undefined when it was never written. */
export async function readInstallation(db: Db, key: string): Promise<string | undefined> {
  const row = await db.selectFrom('installation').select('value').where('key', '=', key).executeTakeFirst()
  return row?.value
}

export async function writeInstallation(db: Db, key: string, value: string): Promise<void> {
  await db
    .insertInto('installation')
    .values({ key, value })
    .onConflict(clash => clash.column('key').doUpdateSet({ value }))
    .execute()
}

/** Writes the value only when the key has none: one of many that try at once gets true. */
export async function claimInstallation(db: Db, key: string, value: string): Promise<boolean> {
  const row = await db.insertInto('installation').values({ key, value }).onConflict(clash => clash.column('key').doNothing()).returning('key').executeTakeFirst()
  return row !== undefined
}

/** Ends every session, code and transaction of the installation (T-74): called after a restore. Returns the new epoch. */
export async function bumpDeploymentEpoch(db: Db): Promise<number> {
  const row = await db
    .insertInto('installation')
    .values({ key: 'deploymentEpoch', value: '1' })
    .onConflict(clash => clash.column('key').doUpdateSet({ value: sql<string>`cast(cast(installation.value as bigint) + 1 as text)` }))
    .returning('value')
    .executeTakeFirstOrThrow()
  return Number(row.value)
}

/** 0 until a backup has been restored. */
export async function deploymentEpoch(db: Db): Promise<number> {
  return Number((await readInstallation(db, 'deploymentEpoch')) ?? 0)
}
