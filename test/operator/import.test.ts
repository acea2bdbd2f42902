import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, ftruncateSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import type { App } from '../../src/app.ts'
import { readContacts } from '../../src/credentials/contacts.ts'
import { matchesHash } from '../../src/credentials/hash-password.ts'
import { newKeyFile } from '../../src/key-file.ts'
import { appOf, openStoreOf } from '../../src/operator/open-app.ts'
import { developmentConfig } from '../../src/development/config.ts'
import { run } from '../../src/operator/import.ts'
import { Secret } from '../../src/secret.ts'
import { verifyAudit } from '../../src/store/audit-chain.ts'
import { usersByPrincipalName } from '../../src/store/import.ts'
import { migrate } from '../../src/store/migrate.ts'
import { findPassword } from '../../src/store/passwords.ts'
import { countUsers, updateUser } from '../../src/store/users.ts'
import type { Store } from '../../src/store/open.ts'
import { addPerson, foundTenant } from '../support/people.ts'
import { templateHeading } from './entra-template.ts'

interface Place {
  folder: string
  store: Store
  app: App
  tenantId: string
}

const open: Place[] = []
after(async () => {
  for (const { store, folder } of open) {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

/** An installation in a folder of its own, with the empty tenant contoso.example, as the verbs find it. */
async function place(): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-import-'))
  const config = developmentConfig({ dataDir: folder })
  newKeyFile(config.keysFile)
  const store = await openStoreOf(config)
  await migrate(store)
  const app = await appOf(config, store)
  const made = { folder, store, app, tenantId: await foundTenant(app) }
  open.push(made)
  return made
}

interface Said {
  status: number
  out: string
  err: string
}

async function importText(where: Place, content: string | Uint8Array, ...more: string[]): Promise<Said> {
  const file = join(where.folder, 'users.csv')
  writeFileSync(file, content)
  return importFile(where, file, ...more)
}

async function importFile(where: Place, file: string, ...more: string[]): Promise<Said> {
  const said = { out: '', err: '' }
  const io = { stdout: { write: (text: string) => (said.out += text) }, stderr: { write: (text: string) => (said.err += text) }, env: {} }
  const status = await run([file, '--data-dir', where.folder, ...more], io)
  return { status, ...said }
}

const personOf = async ({ app, tenantId }: Place, name: string) => (await usersByPrincipalName(app.db, tenantId, [name])).get(name)
const auditCount = async ({ app, tenantId }: Place) =>
  (await app.db.selectFrom('audit').select(eb => eb.fn.countAll<number>().as('count')).where('tenantId', '=', tenantId).executeTakeFirstOrThrow()).count

const heading = 'userPrincipalName;displayName;mobilePhone;otherMails;mail;department;accountEnabled;password'

let shared: Place
before(async () => {
  shared = await place()
})

test("Entra's template goes in as it is, and its people can be told from others afterwards only by their origin", async () => {
  const rows = [
    'version:v1.0',
    templateHeading,
    'Example: Chris Green,Example: chris@contoso.com,Example: myPassword1234,No,,,,,,,,,,,,,',
    'Søren Ærø,soren@contoso.example,Quartz-Meadow-41,No,Søren,Ærø,Sales,"Sales, north",DK,Havnen 1,,DK,Ålborg,,9000,+45 33123456,+45 20123456',
    'Žanete Ozoliņa,zanete@contoso.example,Quartz-Meadow-42,Yes,Žanete,Ozoliņa,,,LV,,,,,,,,',
  ].join('\r\n')
  const said = await importText(shared, `\uFEFF${rows}`)
  assert.equal(said.status, 0, said.err)
  assert.match(said.out, /2 people: 2 new, 0 changed/)
  assert.match(said.out, /Street address/)
  const soren = (await personOf(shared, 'soren@contoso.example'))!
  assert.equal(soren.department, 'Sales, north')
  assert.equal(soren.officeLocation, 'Ålborg')
  assert.deepEqual(await readContacts(shared.app, shared.tenantId, soren.id), { mobilePhone: '+45 20123456', businessPhones: ['+45 33123456'], otherMails: [] })
  const origins = await shared.app.db.selectFrom('userContacts').select('origin').where('userId', '=', soren.id).execute()
  assert.deepEqual(origins.map(row => row.origin), ['import', 'import'])
  const password = (await findPassword(shared.app.db, shared.tenantId, soren.id))!
  assert.ok(await matchesHash(shared.app, password.hash, new Secret('Quartz-Meadow-41')))
  assert.equal(password.forceChangePasswordNextSignIn, true, 'whoever made the file knows it')
  assert.equal((await personOf(shared, 'zanete@contoso.example'))!.accountEnabled, false)
})

test('a second run changes nothing, not even the audit', async () => {
  const where = await place()
  const text = `${heading}\nann@contoso.example;Ann Šmite;+4520123456;a@mail.example|b@mail.example;ann@contoso.example;Sales;yes;Quartz-Meadow-43\n`
  assert.match((await importText(where, text)).out, /1 new, 0 changed, 0 as they were/)
  const ann = (await personOf(where, 'ann@contoso.example'))!
  const records = await auditCount(where)
  assert.match((await importText(where, text)).out, /0 new, 0 changed, 1 as they were/)
  assert.deepEqual(await personOf(where, 'ann@contoso.example'), ann)
  assert.equal(await auditCount(where), records)
})

test('who is there is brought in line; empty cells, the password and everybody else stay as they are', async () => {
  const where = await place()
  await importText(where, `${heading}\nann@contoso.example;Ann Old;+45 20123456;a@mail.example;ann@contoso.example;Sales;yes;Quartz-Meadow-44\nbo@contoso.example;Bo;;;;;;\n`)
  const before = (await personOf(where, 'ann@contoso.example'))!
  const bo = await personOf(where, 'bo@contoso.example')
  const password = await findPassword(where.app.db, where.tenantId, before.id)
  const said = await importText(where, `${heading}\nANN@contoso.example;Ann New;;b@mail.example;;;no;Another-Meadow-45\n`)
  assert.match(said.out, /0 new, 1 changed, 0 as they were/)
  const ann = (await personOf(where, 'ann@contoso.example'))!
  assert.deepEqual([ann.id, ann.displayName, ann.department, ann.mail, ann.accountEnabled], [before.id, 'Ann New', 'Sales', 'ann@contoso.example', false])
  assert.deepEqual(await readContacts(where.app, where.tenantId, ann.id), { mobilePhone: '+45 20123456', businessPhones: [], otherMails: ['b@mail.example'] })
  assert.deepEqual(await findPassword(where.app.db, where.tenantId, ann.id), password)
  assert.ok(ann.credentialEpoch > before.credentialEpoch, 'who is disabled is signed out everywhere')
  assert.deepEqual(await personOf(where, 'bo@contoso.example'), bo)
})

test('a dry run tells the same and writes nothing', async () => {
  const where = await place()
  const records = await auditCount(where)
  const said = await importText(where, `${heading}\nann@contoso.example;Ann;;;;;;\nwrong;Bo;;;;;;\n`, '--dry-run')
  assert.match(said.out, /nothing written\. 2 people: 1 would be new, 0 changed, 0 as they are, 1 not imported/)
  assert.match(said.err, /users\.csv:3: userPrincipalName/)
  assert.deepEqual([await countUsers(where.app.db, where.tenantId), await auditCount(where)], [0, records])
})

test('what only the directory knows is told by line too, and the good rows go in all the same', async () => {
  const where = await place()
  const taken = await addPerson(where.app, where.tenantId, { name: 'taken' })
  await updateUser(where.app.db, where.tenantId, taken.id, { mail: 'info@contoso.example' })
  const synced = await addPerson(where.app, where.tenantId, { name: 'synced', synced: true })
  const said = await importText(where, [
    heading,
    'good@contoso.example;Good;;;;;;',
    'far@elsewhere.example;Far;;;;;;',
    'good@CONTOSO.example;Good again;;;;;;',
    'thief@contoso.example;Thief;;;INFO@contoso.example;;;',
    'info@contoso.example;Thief too;;;;;;',
    'synced@contoso.example;Changed;;;;;;',
    'weak@contoso.example;Weak;;;;;;password',
    'phone@contoso.example;Phone;20 12 34 56;;;;;',
  ].join('\n'))
  assert.equal(said.status, 1)
  assert.match(said.out, /8 people: 2 new, 0 changed, 0 as they were, 6 not imported/)
  const lines = said.err.trim().split('\n').map(line => line.split(': ').slice(0, 2).join(' '))
  assert.deepEqual(lines, [
    'users.csv:3 userPrincipalName', 'users.csv:4 userPrincipalName', 'users.csv:5 mail', 'users.csv:6 userPrincipalName', 'users.csv:7 userPrincipalName',
    'users.csv:8 password', 'users.csv:9 mobilePhone',
  ])
  assert.match(said.err, /elsewhere\.example is not a domain of this tenant/)
  assert.match(said.err, /line 2 already/)
  assert.match(said.err, /users\.csv:5: mail: belongs to taken@contoso\.example already/)
  assert.equal((await personOf(where, 'synced@contoso.example'))!.displayName, synced.displayName)
  const phone = (await personOf(where, 'phone@contoso.example'))!
  const kept = await where.app.db.selectFrom('userContacts').select('wellFormed').where('userId', '=', phone.id).executeTakeFirstOrThrow()
  assert.equal(kept.wellFormed, false, 'a number nobody can dial is kept and does not count')
})

test('the report is a CSV file that no spreadsheet runs', async () => {
  const where = await place()
  const report = join(where.folder, 'report.csv')
  await importText(where, `${heading}\n=cmd|calc!A1;Ann;;;;;;\n`, '--report', report)
  const written = readFileSync(report, 'utf8')
  assert.match(written, /^\uFEFFline,column,problem,message\r\n2,userPrincipalName,principalName,/)
  for (const line of written.slice(1).trimEnd().split('\r\n')) assert.doesNotMatch(line, /(^|,)"?[=+@-]/)
})

test('files that are no list of people are refused whole, in words (T-71)', async () => {
  const refused = async (content: string | Uint8Array, words: RegExp) => {
    const said = await importText(shared, content)
    assert.equal(said.status, 1)
    assert.match(said.err, words)
  }
  await refused(Buffer.from([0x50, 0x4b, 3, 4, 0, 0]), /archive or a spreadsheet/)
  await refused(Buffer.from('userPrincipalName,displayName\nann@contoso.example,A\0nn\n'), /no text/)
  await refused(Buffer.from('userPrincipalName,displayName\nann@contoso.example,S\xf8ren\n', 'latin1'), /UTF-8/)
  await refused('', /no heading/)
  await refused('version:v1.0\n', /no heading/)
  await refused('name,address\nAnn,Street 1\n', /no column userPrincipalName/)
  await refused(`${'a,'.repeat(300)}\n`, /more than 200 columns/)
  const huge = join(shared.folder, 'huge.csv')
  const descriptor = openSync(huge, 'w')
  ftruncateSync(descriptor, 2 * 1024 ** 3)
  closeSync(descriptor)
  const said = await importFile(shared, huge)
  assert.equal(said.status, 1)
  assert.match(said.err, /larger than 64 MiB/)
  assert.match((await importFile(shared, join(shared.folder, 'gone.csv'))).err, /There is no file/)
})

const first = ['Søren', 'Åse', 'Øyvind', 'Mette', 'Jānis', 'Žanete', 'Līga', 'Čārlis', 'Kristīne', 'Ģirts']
const last = ['Ærø', 'Nygård', 'Bjørnstad', 'Bērziņš', 'Šmits', 'Ķēniņš', 'Ļaviņa', 'Ūdre', 'Æbelø', 'Ozoliņa']

/** People with Nordic and Latvian names; every tenth has no contact data, every seventh a number in another form. */
function manyPeople(count: number): string {
  const rows = Array.from({ length: count }, (_, index) => {
    const name = `${first[index % 10]} ${last[Math.floor(index / 10) % 10]}`
    const number = `2${String(index).padStart(7, '0')}`
    const phone = index % 10 === 0 ? '' : index % 7 === 0 ? `+45 ${number.slice(0, 2)} ${number.slice(2, 5)} ${number.slice(5)}` : `+45 ${number}`
    return `u${index}@contoso.example,"${name}, ${index}",${phone},${index % 10 === 0 ? '' : `u${index}@mail.example`}`
  })
  return `userPrincipalName,displayName,mobilePhone,otherMails\r\n${rows.join('\r\n')}\r\n`
}

/** What an import leaves behind, without ids and times. */
async function everybody({ app, tenantId }: Place): Promise<string[]> {
  const users = await app.db.selectFrom('users').select(['id', 'upnLower', 'displayName', 'displayNameLower']).where('tenantId', '=', tenantId).orderBy('upnLower').execute()
  const contacts = await app.db.selectFrom('userContacts').select(['userId', 'kind', 'wellFormed', 'origin']).where('tenantId', '=', tenantId).orderBy('kind').execute()
  const aliases = await app.db.selectFrom('userAliases').select(['userId', 'aliasLower']).where('tenantId', '=', tenantId).execute()
  const audited = await app.db.selectFrom('audit').select('targetId').where('tenantId', '=', tenantId).where('activity', '=', 'Add user').execute()
  const [byContact, byAlias] = [Map.groupBy(contacts, row => row.userId), Map.groupBy(aliases, row => row.userId)]
  const byAudit = Map.groupBy(audited, row => row.targetId ?? '')
  return users.map(user => JSON.stringify([
    user.upnLower, user.displayName, user.displayNameLower, (byContact.get(user.id) ?? []).map(({ kind, wellFormed, origin }) => [kind, wellFormed, origin]),
    byAlias.get(user.id)?.length, byAudit.get(user.id)?.length,
  ]))
}

test('10,000 people with Nordic and Latvian names go in, and a second run finds them all', async () => {
  const where = await place()
  const text = manyPeople(10_000)
  const said = await importText(where, text)
  assert.equal(said.status, 0, said.err.slice(0, 500))
  assert.match(said.out, /10,000 people: 10,000 new/)
  assert.equal((await personOf(where, 'u4711@contoso.example'))!.displayName, 'Åse Nygård, 4711')
  assert.match((await importText(where, text)).out, /0 new, 0 changed, 10,000 as they were/)
  const audit = await verifyAudit(where.app.db, where.tenantId, where.app.keys)
  assert.ok(audit.whole)
})

test('an import that is killed half-way and run again ends like one that was not', async () => {
  const text = manyPeople(600)
  const whole = await place()
  await importText(whole, text)
  const killed = await place()
  const file = join(killed.folder, 'users.csv')
  writeFileSync(file, text)
  // Twice: once just before a batch's audit, with the batch's people already written, and once from outside, at a moment of its own.
  const died = await child(killed.folder, file, { NODE_ENV: 'test', LATCHKEY_FAULT: 'import-before-audit' })
  assert.equal(died, 'SIGKILL')
  assert.equal(await countUsers(killed.app.db, killed.tenantId), 0, 'a batch is whole or not there')
  const between = await killBetween(killed, file)
  assert.ok(between > 0 && between < 600, `${between} people were in when it was killed`)
  for (const row of await everybody(killed)) assert.equal((JSON.parse(row) as unknown[])[5], 1, 'nobody without their audit record')
  const said = await importFile(killed, file)
  assert.equal(said.status, 0, said.err)
  assert.deepEqual(await everybody(killed), await everybody(whole))
  assert.ok((await verifyAudit(killed.app.db, killed.tenantId, killed.app.keys)).whole)
})

const main = new URL('../../src/main.ts', import.meta.url).pathname
const hook = new URL('../../bin/jsx.mjs', import.meta.url).pathname
const start = (folder: string, file: string, env: Record<string, string>) =>
  spawn(process.execPath, ['--import', hook, main, 'import', file, '--data-dir', folder], { env: { ...process.env, ...env }, stdio: 'ignore' })

function child(folder: string, file: string, env: Record<string, string>): Promise<string> {
  return new Promise(resolve => start(folder, file, env).once('exit', (code, signal) => resolve(signal ?? String(code))))
}

/** Kills the import as soon as somebody is in; @returns how many were. */
async function killBetween(where: Place, file: string): Promise<number> {
  const running = start(where.folder, file, {})
  const ended = new Promise(resolve => running.once('exit', resolve))
  while ((await countUsers(where.app.db, where.tenantId)) === 0 && running.exitCode === null) await new Promise(resolve => setTimeout(resolve, 1))
  running.kill('SIGKILL')
  await ended
  return countUsers(where.app.db, where.tenantId)
}

test('two rows that want the same address: the first has it, the second is told who', async () => {
  const where = await place()
  const said = await importText(where, 'userPrincipalName,displayName,mail\nann@contoso.example,Ann,sales@contoso.example\nbo@contoso.example,Bo,sales@contoso.example\n')
  assert.match(said.out, /2 people: 1 new, 0 changed, 0 as they were, 1 not imported/)
  assert.match(said.err, /users\.csv:3: mail: belongs to ann@contoso\.example already/)
})

test('somebody who takes a name while the import runs costs that row only', async () => {
  const where = await place()
  const ann = await addPerson(where.app, where.tenantId, { name: 'ann' })
  // Between looking and writing, ann takes the address that row 3 wants: made to happen by a writer at the same time.
  const text = `userPrincipalName,displayName,mail\n${Array.from({ length: 40 }, (_, i) => `p${i}@contoso.example,P ${i},p${i}@contoso.example`).join('\n')}\n`
  const [said] = await Promise.all([importText(where, text), updateUser(where.app.db, where.tenantId, ann.id, { mail: 'p7@contoso.example' }).catch(() => undefined)])
  const owners = await where.app.db.selectFrom('userAliases').select('userId').where('aliasLower', '=', 'p7@contoso.example').execute()
  assert.equal(owners.length, 1)
  const inside = await countUsers(where.app.db, where.tenantId)
  assert.ok(inside === 41 || (inside === 40 && said.status === 1), `${inside} people, ${said.err}`)
})
