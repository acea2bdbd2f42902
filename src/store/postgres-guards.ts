/**
 * What PostgreSQL holds for us on top (LD-38): every table with a tenant shows a connection only the tenant it is set to, and
 * the server's role can neither change tables nor rewrite the audit log. Renewed after every migration, so that no new table
 * is forgotten.
 */
import { sql } from 'kysely'
import type { Db } from '../app.ts'

/** The role the server's user is let into. It belongs to the whole cluster, its grants to this database. */
export const serveGroup = 'latchkey_serve'

/** Rows are added here and nothing else; the heads move on, for they are the chain's lock. */
const appendOnly = ['audit', 'audit_checkpoints']

export async function guardTables(db: Db, serveRole?: string): Promise<void> {
  await db.transaction().execute(async trx => {
    await sql`select pg_advisory_xact_lock(hashtext('latchkey guards'))`.execute(trx)
    for (const { table, column } of await tenantColumns(trx)) await narrowToTenant(trx, table, column)
    if (await mayHaveServeGroup(trx)) await grantToServeGroup(trx, serveRole)
  })
}

/** The column that holds the tenant, for each table that has one; for `tenants` its own id. */
async function tenantColumns(db: Db): Promise<{ table: string; column: string }[]> {
  const { rows } = await sql<{ table: string; column: string }>`
    select c.table_name as "table", c.column_name as "column"
      from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where c.table_schema = current_schema() and t.table_type = 'BASE TABLE'
       and (c.column_name = 'tenant_id' or (c.table_name = 'tenants' and c.column_name = 'id'))
     order by 1`.execute(db)
  return rows
}

/** Forced, so that it binds the tables' owner too; superusers are the only ones it cannot bind. */
async function narrowToTenant(db: Db, table: string, column: string): Promise<void> {
  const setting = sql`(select current_setting('latchkey.tenant', true))`
  const own = sql`(${sql.ref(column)} = ${setting} or ${setting} = '*')`
  await sql`alter table ${sql.table(table)} enable row level security`.execute(db)
  await sql`alter table ${sql.table(table)} force row level security`.execute(db)
  await sql`drop policy if exists own_tenant on ${sql.table(table)}`.execute(db)
  await sql`create policy own_tenant on ${sql.table(table)} using ${own} with check ${own}`.execute(db)
}

/** Makes the role when it is not there and this user may; without it (a hosted database, say) one user does both. */
async function mayHaveServeGroup(db: Db): Promise<boolean> {
  const { rows } = await sql<{ known: boolean; mayMake: boolean }>`
    select exists (select 1 from pg_roles where rolname = ${serveGroup}) as known,
           (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) as may_make`.execute(db)
  const { known, mayMake } = rows[0]!
  if (known) return true
  if (!mayMake) return false
  // Another database of the cluster may be doing the same just now.
  await sql.raw(`do $$ begin create role ${serveGroup} nologin; exception when duplicate_object or unique_violation then null; end $$`).execute(db)
  return true
}

async function grantToServeGroup(db: Db, serveRole?: string): Promise<void> {
  const group = sql.id(serveGroup)
  const { rows } = await sql<{ schema: string }>`select current_schema() as schema`.execute(db)
  const schema = sql.id(rows[0]!.schema)
  await sql`grant usage on schema ${schema} to ${group}`.execute(db)
  await sql`grant select, insert, update, delete on all tables in schema ${schema} to ${group}`.execute(db)
  for (const table of appendOnly) await sql`revoke update, delete, truncate on ${sql.table(table)} from ${group}`.execute(db)
  await sql`revoke delete, truncate on audit_heads from ${group}`.execute(db)
  for (const table of ['kysely_migration', 'kysely_migration_lock']) {
    await sql`revoke insert, update, delete, truncate on ${sql.table(table)} from ${group}`.execute(db)
  }
  if (serveRole !== undefined && !(await isMember(db, serveRole))) await sql`grant ${group} to ${sql.id(serveRole)}`.execute(db)
}

/** Letting in again would need the right to, which whoever migrates a second database of the cluster may not have. */
async function isMember(db: Db, role: string): Promise<boolean> {
  const { rows } = await sql<{ member: boolean | null }>`
    select (select pg_has_role(oid, ${serveGroup}, 'member') from pg_roles where rolname = ${role}) as member`.execute(db)
  return rows[0]?.member === true
}

export interface DatabaseRights {
  /** Row-level security does not bind this user: one tenant's rows are kept from another by the statements alone. */
  bypassesRowSecurity: boolean
  /** This user could rewrite the audit log after dropping what guards it. */
  ownsTables: boolean
}

/** What the user of this connection may do beyond what a server needs (LD-38); for `doctor`. PostgreSQL only. */
export async function databaseRights(db: Db): Promise<DatabaseRights> {
  const { rows } = await sql<DatabaseRights>`
    select (rolsuper or rolbypassrls) as bypasses_row_security,
           exists (select 1 from pg_tables where schemaname = current_schema() and tablename = 'audit' and pg_has_role(current_user, tableowner, 'member')) as owns_tables
      from pg_roles where rolname = current_user`.execute(db)
  return rows[0]!
}
