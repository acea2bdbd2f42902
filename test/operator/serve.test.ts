import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test, { after } from 'node:test'
import { freePort } from '../../src/development/config.ts'
import { startProgram, untilAnswers, untilSaid } from '../support/installation.ts'
import { startMailServer } from '../support/smtp.ts'
import { asSuperuser, ownerRole, serverRole, sharedCluster } from '../support/postgres.ts'

const folders: string[] = []
after(() => folders.forEach(folder => rmSync(folder, { recursive: true, force: true })))

interface Place {
  folder: string
  config: string
  port: number
  origin: string
}

/** A production configuration on loopback, in a folder of its own. */
async function place(more = ''): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-serve-'))
  folders.push(folder)
  chmodSync(folder, 0o700)
  const port = await freePort()
  const config = join(folder, 'latchkey.yaml')
  writeFileSync(config, `publicOrigin: http://localhost:${port}\nlisten: { port: ${port} }\ndataDir: .\nkeysFile: keys.json\n${more}`, { mode: 0o600 })
  return { folder, config, port, origin: `http://localhost:${port}` }
}

async function run(args: string[], env: Record<string, string> = {}): Promise<{ code: number; said: string }> {
  const program = startProgram(args, env)
  const code = await new Promise<number>(resolve => program.process.once('close', status => resolve(status ?? -1)))
  return { code, said: program.said() }
}

const init = (where: Place, env = {}) => run(['init', '--config', where.config, '--domain', 'contoso.example', '--admin', 'admin', '--password-file', join(where.folder, 'password')], env)

test('from nothing to a running server: init, serve, an answer, and a kind end', async () => {
  const where = await place()
  const begun = await init(where)
  assert.equal(begun.code, 0, begun.said)
  const program = startProgram(['serve', '--config', where.config])
  await untilAnswers(program, `${where.origin}/readyz`)
  await untilSaid(program, /Latchkey is ready: http/)
  assert.deepEqual(await run(['ready', '--config', where.config]), { code: 0, said: 'The server is ready.\n' })
  assert.equal((await fetch(`${where.origin}/dev`)).status, 404, 'nothing of the development mode is there')
  assert.equal((await fetch(`${where.origin}/dev/mailbox.json`)).status, 404)
  assert.equal(await program.stop(), 0)
  const gone = await run(['ready', '--config', where.config])
  assert.equal(gone.code, 1)
  assert.match(gone.said, /Nobody answers on 127\.0\.0\.1/)
  for (const line of program.said().split('\n').filter(one => one.startsWith('{'))) assert.doesNotThrow(() => JSON.parse(line))
})

test('serve refuses, each time in one sentence: no keys, no tables, no tenant, an open folder, a port in use', async () => {
  const where = await place()
  const refused = async (words: RegExp) => {
    const { code, said } = await run(['serve', '--config', where.config])
    assert.equal(code, 1)
    assert.match(said, words)
    assert.equal(said.trim().split('\n').length, 1, said)
  }
  await refused(/keysFile: there is no .*latchkey init/)
  await run(['doctor', '--config', where.config]) // makes nothing
  await refused(/keysFile: there is no/)
  const { newKeyFile } = await import('../../src/key-file.ts')
  newKeyFile(join(where.folder, 'keys.json'))
  await refused(/run latchkey migrate/)
  assert.equal((await run(['migrate', '--config', where.config])).code, 0)
  await refused(/no tenant yet; run latchkey init/)
  assert.equal((await init(where)).code, 0)
  chmodSync(where.folder, 0o755)
  await refused(/dataDir: everyone .* chmod 700/)
  chmodSync(where.folder, 0o700)
  const other = createServer().listen(where.port, '127.0.0.1')
  await refused(new RegExp(`Port ${where.port} cannot be opened`))
  other.close()
})

test('T-82: an older program starts nothing on the tables of a newer one, and says so in one sentence', async () => {
  const where = await place()
  assert.equal((await init(where)).code, 0)
  const database = new DatabaseSync(join(where.folder, 'latchkey.db'))
  database.prepare('insert into kysely_migration (name, timestamp) values (?, ?)').run('9999-of-a-newer-version', '2100-01-01T00:00:00.000Z')
  database.close()
  for (const verb of [['serve'], ['migrate'], ['audit', 'verify']]) {
    const { code, said } = await run([...verb, '--config', where.config])
    assert.equal(code, 1, verb.join(' '))
    assert.match(said, /^latchkey: A newer Latchkey has brought the tables up to date \(9999-of-a-newer-version\): [^\n]+\n$/)
  }
  assert.match((await run(['doctor', '--config', where.config])).said, /^migrations: A newer Latchkey/m)
})

test('a wrong configuration stops it before anything is touched', async () => {
  const where = await place('mail: { provider: folder }\n')
  const { code, said } = await run(['serve', '--config', where.config])
  assert.equal(code, 1)
  assert.match(said, /mail\.provider in .*latchkey\.yaml is the test provider/)
})

test('on PostgreSQL the owner makes the tables and a lesser role serves; every verb works so (LD-38)', async () => {
  const cluster = await sharedCluster()
  const database = `serve_${process.pid}`
  await asSuperuser(cluster.port, 'postgres', client => client.query(`create database ${database} owner ${ownerRole}`))
  try {
    const where = await place(`database: { url: "${cluster.url(database, serverRole)}", ownerUrl: "${cluster.url(database, ownerRole)}" }\n`)
    const begun = await init(where)
    assert.equal(begun.code, 0, begun.said)
    const program = startProgram(['serve', '--config', where.config])
    await untilAnswers(program, `${where.origin}/readyz`)
    assert.equal(await program.stop(), 0, program.said())
    const users = join(where.folder, 'users.csv')
    writeFileSync(users, 'userPrincipalName,displayName,mobilePhone,password\nann@contoso.example,Ann Šmite,+4520123456,Quartz-Meadow-41\nbo@contoso.example,Bo,,\n')
    const imported = await run(['import', users, '--config', where.config])
    assert.match(imported.said, /2 new/, imported.said)
    assert.match((await run(['import', users, '--config', where.config])).said, /0 new, 0 changed, 2 as they were/)
    for (const args of [['tenant', 'add', '--domain', 'fabrikam.example', '--admin', 'boss'], ['restore-mark'], ['audit', 'verify'], ['keys', 'rotate', 'pepper'], ['keys', 'rotate', 'encryption'],
      ['recover-admin', '--user', 'ann@contoso.example'], ['audit', 'prune', '--tenant', 'contoso.example', '--older-than', '30'], ['audit', 'prune'], ['migrate']]) {
      const { code, said } = await run([...args, '--config', where.config])
      assert.equal(code, 0, `${args.join(' ')}: ${said}`)
    }
    assert.match((await run(['doctor', '--config', where.config])).said, /database: in order/)
  } finally {
    await asSuperuser(cluster.port, 'postgres', client => client.query(`drop database if exists ${database} with (force)`))
  }
})

test('doctor asks the mail server: one that answers is in order, one that is away or refuses the login is named', async () => {
  const server = await startMailServer({ kind: 'plain', login: true })
  try {
    const doctor = async (port: number, password: string) => {
      const where = await place(`mail: { provider: smtp, host: 127.0.0.1, port: ${port}, security: none, username: latchkey, password: ${password}, from: a@contoso.example }\n`)
      return (await run(['doctor', '--config', where.config])).said
    }
    assert.match(await doctor(server.port, 'letter-box'), /mail: in order/)
    const refused = await doctor(server.port, 'wrong-word')
    assert.match(refused, /mail: .*535.*Correct mail\.host/)
    assert.doesNotMatch(refused, /wrong-word/)
    assert.match(await doctor(await freePort(), 'letter-box'), /mail: .*ECONNREFUSED/)
    assert.deepEqual(server.received, [])
  } finally {
    await server.close()
  }
})

test('a database that is away is said in words', async () => {
  const where = await place(`database: { url: "postgres://nobody:secret-word@127.0.0.1:${await freePort()}/nothing" }\n`)
  const { newKeyFile } = await import('../../src/key-file.ts')
  newKeyFile(join(where.folder, 'keys.json'))
  for (const verb of [['serve'], ['migrate'], ['tenant', 'list']]) {
    const { code, said } = await run([...verb, '--config', where.config])
    assert.equal(code, 1, said)
    assert.match(said, /database cannot be reached/)
    assert.doesNotMatch(said, /secret-word|at async/)
  }
  const doctor = await run(['doctor', '--config', where.config])
  assert.match(doctor.said, /database: .*\n?/)
  assert.doesNotMatch(doctor.said, /secret-word/)
})
