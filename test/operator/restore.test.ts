import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import type { App } from '../../src/app.ts'
import { readContacts } from '../../src/credentials/contacts.ts'
import { developmentConfig } from '../../src/development/config.ts'
import { newKeyFile } from '../../src/key-file.ts'
import { appOf, openStoreOf } from '../../src/operator/open-app.ts'
import { verbs } from '../../src/operator/verbs.ts'
import { verifyAudit } from '../../src/store/audit-chain.ts'
import { findSession, insertSession } from '../../src/store/sessions.ts'
import { findTenantByDomain } from '../../src/store/tenants.ts'
import { addPerson } from '../support/people.ts'
import { asSuperuser, ownerRole, sharedCluster } from '../support/postgres.ts'

interface Drill {
  folder: string
  env: Record<string, string>
  backUp(): void
  restore(): Promise<void>
  end(): Promise<void>
}

function onSqlite(): Promise<Drill> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-drill-'))
  const file = join(folder, 'latchkey.db')
  return Promise.resolve({
    folder,
    env: {},
    // As the guide says, while the database is in use.
    backUp: () => {
      const database = new DatabaseSync(file)
      database.exec(`vacuum into '${file}.backup'`)
      database.close()
    },
    restore: async () => {
      for (const ending of ['', '-wal', '-shm']) rmSync(file + ending, { force: true })
      copyFileSync(`${file}.backup`, file)
    },
    end: async () => rmSync(folder, { recursive: true, force: true }),
  })
}

async function onPostgres(): Promise<Drill> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-drill-'))
  const cluster = await sharedCluster()
  const name = `drill_${process.pid}`
  const make = () => asSuperuser(cluster.port, 'postgres', client => client.query(`create database ${name} owner ${ownerRole}`))
  const drop = () => asSuperuser(cluster.port, 'postgres', client => client.query(`drop database if exists ${name} with (force)`))
  await make()
  const url = cluster.url(name, ownerRole)
  const bin = `/usr/lib/postgresql/${readdirSync('/usr/lib/postgresql').sort().at(-1)}/bin`
  const dump = join(folder, 'latchkey.dump')
  return {
    folder,
    env: { DATABASE_URL: url },
    backUp: () => {
      const env = { ...process.env, PGOPTIONS: '-c latchkey.tenant=*' }
      execFileSync(`${bin}/pg_dump`, ['--enable-row-security', '--format=custom', '--file', dump, url], { env })
    },
    restore: async () => {
      await drop()
      await make()
      execFileSync(`${bin}/pg_restore`, ['--no-owner', '--dbname', url, dump], { stdio: 'pipe' })
    },
    end: async () => {
      await drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function verb({ folder, env }: Drill, name: string, ...args: string[]): Promise<void> {
  let said = ''
  const out = { write: (text: string) => (said += text) }
  const status = await (await verbs[name]!()).run([...args, '--data-dir', folder], { stdout: out, stderr: out, env })
  assert.equal(status, 0, `${name}: ${said}`)
}

async function inside<T>({ folder, env }: Drill, look: (app: App) => Promise<T>): Promise<T> {
  const config = developmentConfig({ dataDir: folder, ...(env.DATABASE_URL ? { databaseUrl: env.DATABASE_URL } : {}) })
  const store = await openStoreOf(config)
  try {
    return await look(await appOf(config, store))
  } finally {
    await store.close()
  }
}

for (const [engine, start] of [['sqlite', onSqlite], ['postgres', onPostgres]] as const) {
  test(`T-74, R-14: a backup is put back and marked, and what was alive in it is dead (${engine})`, async () => {
    const drill = await start()
    try {
      await verb(drill, 'init', '--domain', 'contoso.example', '--admin', 'admin')
      const { tenantId, userId, idHash } = await inside(drill, async app => {
        const tenant = (await findTenantByDomain(app.db, 'contoso.example'))!
        const ann = await addPerson(app, tenant.id, { name: 'ann', mobilePhone: '+45 20123456' })
        const session = { tenantId: tenant.id, userId: ann.id, idHash: 'stolen-cookie', level: 'complete', isAdministrator: false, credentialEpoch: 0 } as const
        await insertSession(app.db, { ...session, proofs: [{ method: 'password', at: app.now() }], publicId: 'p', locale: null, continueTo: null, ipAddress: null, userAgent: null }, app.now())
        assert.ok(await findSession(app.db, session.idHash, app.now()), 'before the backup the session is alive')
        return session
      })
      drill.backUp()
      await inside(drill, async app => {
        await app.db.deleteFrom('sessions').execute() // ended after the backup was made
      })
      await drill.restore()
      await inside(drill, async app => assert.ok(await findSession(app.db, idHash, app.now()), 'the backup alone brings it to life again'))
      await verb(drill, 'restore-mark')
      await inside(drill, async app => {
        assert.equal(await findSession(app.db, idHash, app.now()), undefined)
        assert.equal((await readContacts(app, tenantId, userId)).mobilePhone, '+45 20123456')
        assert.ok((await verifyAudit(app.db, tenantId, app.keys)).whole)
      })
      // The database without its key file is of no use.
      renameSync(join(drill.folder, 'keys.json'), join(drill.folder, 'away.json'))
      newKeyFile(join(drill.folder, 'keys.json'))
      await inside(drill, app => assert.rejects(readContacts(app, tenantId, userId)))
      let said = ''
      const out = { write: (text: string) => (said += text) }
      await (await verbs.doctor!()).run(['--data-dir', drill.folder], { stdout: out, stderr: out, env: drill.env })
      assert.match(said, /keys: the key file is not the one of this database\. Put back the key file/)
    } finally {
      await drill.end()
    }
  })
}
