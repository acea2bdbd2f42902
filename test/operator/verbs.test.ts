import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import type { App } from '../../src/app.ts'
import { accountKeyOf } from '../../src/credentials/account-key.ts'
import { matchesHash } from '../../src/credentials/hash-password.ts'
import { developmentConfig } from '../../src/development/config.ts'
import { readKeyFile } from '../../src/key-file.ts'
import { appOf, openStoreOf } from '../../src/operator/open-app.ts'
import { verbs } from '../../src/operator/verbs.ts'
import { Secret } from '../../src/secret.ts'
import { deploymentEpoch } from '../../src/store/installation.ts'
import { findPassword } from '../../src/store/passwords.ts'
import type { Store } from '../../src/store/open.ts'
import { readPolicies } from '../../src/store/policies.ts'
import { rolesOf } from '../../src/store/roles.ts'
import { findTenantByDomain, listTenants } from '../../src/store/tenants.ts'
import { resolveName } from '../../src/store/users.ts'
import { addPerson, roleIds } from '../support/people.ts'

const folders: string[] = []
after(() => folders.forEach(folder => rmSync(folder, { recursive: true, force: true })))
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-verbs-'))
  folders.push(folder)
  return folder
}

interface Said {
  status: number
  out: string
  err: string
}

/** Runs a verb in this process, on a folder. */
async function verb(folder: string, name: string, ...args: string[]): Promise<Said> {
  const said = { out: '', err: '' }
  const io = { stdout: { write: (text: string) => (said.out += text) }, stderr: { write: (text: string) => (said.err += text) }, env: {} }
  const module = await verbs[name]!()
  const status = await module.run([...args, '--data-dir', folder], io)
  return { status, ...said }
}

const main = new URL('../../src/main.ts', import.meta.url).pathname
const hook = new URL('../../bin/jsx.mjs', import.meta.url).pathname

/** Runs a verb in a process of its own. */
function command(args: string[], env: Record<string, string> = {}): Promise<Said> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, ['--import', hook, main, ...args], { env: { PATH: process.env.PATH, ...env } })
    const said = { out: '', err: '' }
    child.stdout.on('data', (data: Buffer) => (said.out += String(data)))
    child.stderr.on('data', (data: Buffer) => (said.err += String(data)))
    child.once('close', code => resolve({ status: code ?? -1, ...said }))
  })
}

async function inside<T>(folder: string, look: (app: App, store: Store) => Promise<T>): Promise<T> {
  const config = developmentConfig({ dataDir: folder })
  const store = await openStoreOf(config)
  try {
    return await look(await appOf(config, store), store)
  } finally {
    await store.close()
  }
}

const begin = ['--domain', 'contoso.example', '--admin', 'admin', '--name', 'Contoso'] as const

test('init makes tables, keys, the tenant and an administrator whose one-time password is shown once and works', async () => {
  const folder = newFolder()
  const said = await verb(folder, 'init', ...begin)
  assert.equal(said.status, 0, said.err)
  const password = /^ {2}(\S{18})$/m.exec(said.out)![1]!
  assert.equal(statSync(join(folder, 'keys.json')).mode & 0o777, 0o600)
  await inside(folder, async app => {
    const tenant = (await findTenantByDomain(app.db, 'contoso.example'))!
    const { user } = (await resolveName(app.db, tenant.id, 'admin@contoso.example'))!
    const row = (await findPassword(app.db, tenant.id, user.id))!
    assert.ok(await matchesHash(app, row.hash, new Secret(password)))
    assert.ok(row.forceChangePasswordNextSignIn)
    assert.ok(row.temporaryUntil! > app.now() + 71 * 3_600_000, 'dead after 72 hours')
    assert.deepEqual((await rolesOf(app.db, tenant.id, user.id)).map(role => role.roleTemplateId), [roleIds.globalAdministrator])
    const audited = await app.db.selectFrom('audit').select('activity').where('tenantId', '=', tenant.id).orderBy('sequence').execute()
    assert.deepEqual(audited.map(row => row.activity), ['Add verified domain', 'Add verified domain', 'Add user', 'Add member to role'])
  })
})

test('a second init is refused and changes nothing', async () => {
  const folder = newFolder()
  await verb(folder, 'init', ...begin)
  const file = join(folder, 'password')
  const said = await verb(folder, 'init', '--domain', 'other.example', '--admin', 'admin', '--password-file', file)
  assert.equal(said.status, 1)
  assert.match(said.err, /set up already/)
  assert.equal(existsSync(file), false, 'no password is left lying about that opens nothing')
  await inside(folder, async app => assert.deepEqual((await listTenants(app.db)).map(tenant => tenant.displayName), ['Contoso']))
})

test('T-46: of six set-ups at once one wins, and of the others nothing remains', async () => {
  const folder = newFolder()
  const tries = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      command(['init', '--data-dir', folder, '--domain', `t${index}.example`, '--admin', 'admin', '--password-file', join(folder, `password-${index}`)])),
  )
  const winners = tries.flatMap((said, index) => (said.status === 0 ? [index] : []))
  assert.equal(winners.length, 1, tries.map(said => said.err).join(''))
  await inside(folder, async app => {
    assert.equal((await listTenants(app.db)).length, 1)
    assert.ok(await findTenantByDomain(app.db, `t${winners[0]}.example`))
    assert.equal((await app.db.selectFrom('users').select('id').execute()).length, 1)
    assert.equal((await app.db.selectFrom('domains').select('id').execute()).length, 2)
  })
  for (const index of tries.keys()) assert.equal(existsSync(join(folder, `password-${index}`)), index === winners[0])
})

test('the password file is for its owner only, and never written over another', async () => {
  const folder = newFolder()
  const file = join(folder, 'password')
  writeFileSync(file, 'mine')
  const refused = await verb(folder, 'init', ...begin, '--password-file', file)
  assert.equal(refused.status, 1)
  assert.equal(readFileSync(file, 'utf8'), 'mine')
  rmSync(file)
  const said = await verb(folder, 'init', ...begin, '--password-file', file)
  assert.equal(said.status, 0, said.err)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.equal(said.out.includes(readFileSync(file, 'utf8').trim()), false)
})

test('init says what is wrong with a name', async () => {
  const folder = newFolder()
  assert.match((await verb(folder, 'init')).err, /Usage: latchkey init/)
  assert.match((await verb(folder, 'init', '--domain', 'localhost', '--admin', 'a')).err, /not a domain name/)
  assert.match((await verb(folder, 'init', '--domain', 'contoso.example', '--admin', 'søren')).err, /cannot be the administrator/)
  assert.match((await verb(folder, 'init', '--domain', 'contoso.example', '--admin', 'a@elsewhere.example')).err, /cannot be the administrator/)
  assert.match((await verb(folder, 'init', '--domain', 'contoso.example', '--admin', 'a', '--locale', 'sv')).err, /en, da, nb, lv/)
})

test('an option nobody knows is a wrong call', async () => {
  const said = await verb(newFolder(), 'migrate', '--fast')
  assert.equal(said.status, 2)
  assert.match(said.err, /--fast/)
})

test('tenant add makes another organisation; a domain belongs to one of them', async () => {
  const folder = newFolder()
  await verb(folder, 'init', ...begin)
  const said = await verb(folder, 'tenant', 'add', '--domain', 'fabrikam.example', '--admin', 'boss', '--locale', 'lv')
  assert.equal(said.status, 0, said.err)
  const taken = await verb(folder, 'tenant', 'add', '--domain', 'CONTOSO.example', '--admin', 'boss')
  assert.equal(taken.status, 1)
  assert.match(taken.err, /contoso\.example belongs to a tenant already/)
  const list = await verb(folder, 'tenant', 'list')
  assert.deepEqual(list.out.trim().split('\n').map(line => line.split('  ')[1]), ['Contoso', 'fabrikam.example'])
})

test('tenant settings shows and changes what an organisation decides, with the rules, an audit record and a word to its administrators (T-45)', async () => {
  const folder = newFolder()
  await verb(folder, 'init', ...begin)
  const set = (...pairs: string[]) => verb(folder, 'tenant', 'settings', '--tenant', 'contoso.example', ...pairs)
  assert.match((await set()).out, /^disclosure +"private"$/m)
  const saved = await set('disclosure=standard', 'allowAppPasswords=true', 'allowedCountryCodes=["45","371"]')
  assert.equal(saved.status, 0, saved.err)
  assert.match(saved.out, /^allowAppPasswords +true$/m)
  for (const [pair, said] of [
    ['allowAppPassword=true', /did you mean allowAppPasswords\?/], ['disclosure=open', /write private \| standard/], ['allowAppPasswords=1', /write true \| false/],
    ['auditRetentionInDays=2', /Nothing was changed: .*30/], ['feedbackUrl=javascript:alert(1)', /Nothing was changed/], ['disclosure', /^latchkey: Usage/],
  ] as const) {
    const refused = await set('passwordRules=nist', pair)
    assert.equal(refused.status, 1, pair)
    assert.match(refused.err, said)
  }
  await inside(folder, async app => {
    const { id } = (await findTenantByDomain(app.db, 'contoso.example'))!
    const { tenantSettings } = await readPolicies(app.db, id)
    assert.deepEqual([tenantSettings.disclosure, tenantSettings.passwordRules, tenantSettings.allowedCountryCodes], ['standard', 'entra', ['45', '371']])
    const [audited, ...more] = (await app.db.selectFrom('audit').select(['targets', 'additionalDetails']).where('activity', '=', 'Set Company Information').execute())
    assert.deepEqual(more, [], 'what was refused left no record')
    assert.match(audited!.targets, /"disclosure","oldValue":"\\"private\\"","newValue":"\\"standard\\""/)
    assert.match(String(audited!.additionalDetails), /weakened/)
    assert.equal((await app.db.selectFrom('outbox').select('id').execute()).length, 1, 'the Global Administrator is told')
  })
})

test('verbs that need the tables say so when they are not up to date', async () => {
  const said = await verb(newFolder(), 'audit', 'verify')
  assert.equal(said.status, 1)
  assert.match(said.err, /run latchkey migrate/)
})

test('audit verify finds what somebody did to the log behind our back, and prune leaves a log that holds', async () => {
  const folder = newFolder()
  await verb(folder, 'init', ...begin)
  const whole = await verb(folder, 'audit', 'verify')
  assert.equal(whole.status, 0, whole.err)
  assert.match(whole.out, /Contoso: 4 records, whole/)
  const pruned = await verb(folder, 'audit', 'prune', '--tenant', 'contoso.example', '--older-than', '1')
  assert.match(pruned.out, /0 records removed/)
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(join(folder, 'latchkey.db'))
  const triggers = database.prepare("select name from sqlite_master where type = 'trigger' and tbl_name = 'audit'").all() as { name: string }[]
  for (const { name } of triggers) database.exec(`drop trigger "${name}"`)
  database.exec("update audit set activity = 'Update user' where sequence = 3")
  database.close()
  const broken = await verb(folder, 'audit', 'verify')
  assert.equal(broken.status, 1)
  assert.match(broken.err, /record 3 is not as it was written/)
})

test('LD-53: prune goes by the days each organisation has set, doctor says when nobody prunes, and a broken log is left as it is', async () => {
  const folder = newFolder()
  await verb(folder, 'init', ...begin)
  await verb(folder, 'tenant', 'add', '--domain', 'fabrikam.example', '--admin', 'boss')
  await verb(folder, 'tenant', 'settings', '--tenant', 'fabrikam.example', 'auditRetentionInDays=30')
  const age = (by: number) => inside(folder, async (_, store) => store.clock.advance(by * 86_400_000))
  await age(36)
  assert.doesNotMatch((await verb(folder, 'doctor')).out, /audit: .*keeps/)
  await age(2)
  const asked = await verb(folder, 'doctor')
  assert.match(asked.out, /^audit: fabrikam\.example has audit records older than the 30 days .*latchkey audit prune/m)
  assert.match(asked.out, /^audit: in order$/m)
  const pruned = await verb(folder, 'audit', 'prune')
  assert.equal(pruned.status, 0, pruned.err)
  assert.match(pruned.out, /^Contoso: 0 records removed.*\nfabrikam\.example: 4 records removed/)
  assert.match((await verb(folder, 'audit', 'verify')).out, /Contoso: 4 records, whole.*\nfabrikam\.example: 1 records, whole/)
  assert.doesNotMatch((await verb(folder, 'doctor')).out, /audit: .*keeps/)
  await age(365)
  const { DatabaseSync } = await import('node:sqlite')
  const database = new DatabaseSync(join(folder, 'latchkey.db'))
  database.exec("drop trigger audit_no_update; update audit set activity = 'Update user' where sequence = 3")
  database.close()
  const refused = await verb(folder, 'audit', 'prune')
  assert.equal(refused.status, 1)
  assert.match(refused.err, /^latchkey: Contoso: record 3 is not as it was written\.\n$/)
  await inside(folder, async app => assert.equal((await app.db.selectFrom('audit').select('id').where('sequence', '=', 1).execute()).length, 1))
  for (const wrong of [['prune', '--older-than', '30'], ['prune', '--tenant', 'contoso.example', '--older-than', '0'], ['verify', '--older-than', '3'], ['cut']]) {
    assert.match((await verb(folder, 'audit', ...wrong)).err, /^latchkey: Usage/, wrong.join(' '))
  }
})

test('keys rotate while everything stays readable, and drop waits until nothing needs the old key', async () => {
  const folder = newFolder()
  const password = /^ {2}(\S{18})$/m.exec((await verb(folder, 'init', ...begin)).out)![1]!
  const [sealed, text, id] = await inside(folder, async app => {
    const tenant = (await findTenantByDomain(app.db, 'contoso.example'))!
    const { user } = (await resolveName(app.db, tenant.id, 'admin@contoso.example'))!
    const place = { tenantId: tenant.id, table: 't', column: 'c', rowId: '1' }
    return [place, await app.keys.sealText(place, 'secret'), user] as const
  })
  for (const root of ['encryption', 'pepper', 'mac']) assert.equal((await verb(folder, 'keys', 'rotate', root)).status, 0)
  const keys = readKeyFile(join(folder, 'keys.json'))
  for (const root of ['encryption', 'pepper', 'mac'] as const) assert.deepEqual(keys[root].map(key => key.state), ['retired', 'active'])
  await inside(folder, async app => {
    assert.equal(await app.keys.openText(sealed, text), 'secret')
    const row = (await findPassword(app.db, id.tenantId, id.id))!
    assert.match(row.hash!, /\$p1\+p2\$/)
    assert.ok(await matchesHash(app, row.hash, new Secret(password)))
  })
  assert.equal((await verb(folder, 'keys', 'drop', 'encryption')).status, 0)
  const needed = await verb(folder, 'keys', 'drop', 'pepper')
  assert.equal(needed.status, 1)
  assert.match(needed.err, /one value still needs/i)
  assert.equal((await verb(folder, 'keys', 'drop', 'mac')).status, 1)
  await inside(folder, async app => assert.equal(await app.keys.openText(sealed, text), 'secret'))
})

test('T-74: restore-mark makes void what a backup would bring to life again, and says so in the audit', async () => {
  const folder = newFolder()
  await verb(folder, 'init', ...begin)
  await inside(folder, async app => {
    const tenantId = (await findTenantByDomain(app.db, 'contoso.example'))!.id
    const ann = await addPerson(app, tenantId, { name: 'ann', totp: 'JBSWY3DPEHPK3PXP' })
    await app.db.insertInto('sessions').values({
      idHash: 'h', tenantId, publicId: 'p', userId: ann.id, level: 'complete', isAdministrator: false, credentialEpoch: 0, deploymentEpoch: 0, proofs: '[]',
      locale: null, continueTo: null, ipAddress: null, userAgent: null, wrongReauthentications: 0, createdAt: app.now(), lastSeenAt: app.now(), expiresAt: app.now() + 1000,
    }).execute()
    await app.db.insertInto('challenges').values({
      tenantId, id: 'c1', purpose: 'reset', transactionId: 't', userId: ann.id, method: 'email', methodId: null, destinationSealed: null, destinationIndex: null,
      codeMac: 'm', triesLeft: 5, createdAt: app.now(), expiresAt: app.now() + 1000, supersededAt: null, consumedAt: null,
    }).execute()
  })
  const said = await verb(folder, 'restore-mark')
  assert.equal(said.status, 0, said.err)
  await inside(folder, async app => {
    assert.equal(await deploymentEpoch(app.db), 1)
    for (const table of ['sessions', 'challenges', 'resets', 'outbox', 'temporaryAccessPasses'] as const) {
      assert.deepEqual(await app.db.selectFrom(table).select('tenantId').execute(), [], table)
    }
    const step = await app.db.selectFrom('authenticationMethods').select('lastStep').where('oathStepSeconds', 'is not', null).executeTakeFirstOrThrow()
    assert.equal(step.lastStep, Math.floor(app.now() / 30_000))
    const password = await app.db.selectFrom('passwords').select('temporaryUsedAt').where('temporaryUntil', 'is not', null).executeTakeFirstOrThrow()
    assert.ok(password.temporaryUsedAt !== null, 'the one-time password of the backup opens nothing')
    const last = await app.db.selectFrom('audit').select('activity').orderBy('sequence', 'desc').limit(1).executeTakeFirstOrThrow()
    assert.equal(last.activity, 'Restore from backup')
  })
  assert.equal((await verb(folder, 'audit', 'verify')).status, 0)
})

test('recover-admin lets somebody in who is locked, disabled and without a telephone', async () => {
  const folder = newFolder()
  await verb(folder, 'init', ...begin)
  const ann = await inside(folder, async app => {
    const tenantId = (await findTenantByDomain(app.db, 'contoso.example'))!.id
    const person = await addPerson(app, tenantId, { name: 'ann', disabled: true, mobile: '+45 20123456', email: 'ann@mail.example' })
    const accountKey = accountKeyOf(app, tenantId, person.userPrincipalName)
    const lockedUntil = app.now() + 1e9
    await app.db.insertInto('signInLockouts').values({ tenantId, accountKey, place: 'familiar', failures: 0, lockCount: 3, lockedUntil, lastBad: '[]', lastFailureAt: null, expiresAt: lockedUntil }).execute()
    return person
  })
  const file = join(folder, 'password')
  const said = await verb(folder, 'recover-admin', '--user', 'ANN@contoso.example', '--remove-methods', '--password-file', file)
  assert.equal(said.status, 0, said.err)
  assert.match(said.out, /2 registered methods were removed/)
  await inside(folder, async app => {
    const { user } = (await resolveName(app.db, ann.tenantId, ann.userPrincipalName))!
    assert.equal(user.accountEnabled, true)
    const row = (await findPassword(app.db, ann.tenantId, ann.id))!
    assert.ok(await matchesHash(app, row.hash, new Secret(readFileSync(file, 'utf8').trim())))
    assert.ok(row.forceChangePasswordNextSignIn && row.temporaryUntil !== null)
    assert.deepEqual((await rolesOf(app.db, ann.tenantId, ann.id)).map(role => role.roleTemplateId), [roleIds.globalAdministrator])
    assert.deepEqual(await app.db.selectFrom('signInLockouts').select('place').execute(), [])
    assert.deepEqual(await app.db.selectFrom('authenticationMethods').select('id').execute(), [])
    const told = await app.db.selectFrom('outbox').select('kind').where('kind', '=', 'mail').execute()
    assert.ok(told.length > 0, 'the person hears of it')
  })
  assert.match((await verb(folder, 'recover-admin', '--user', 'nobody@contoso.example')).err, /nobody with the name/)
})

test('doctor names each thing that is wrong, with its remedy, and finds nothing where all is well', async () => {
  const folder = newFolder()
  assert.match((await verb(folder, 'doctor')).out, /keys: keysFile: there is no .*keys\.json/)
  await verb(folder, 'init', ...begin)
  const one = await verb(folder, 'doctor')
  assert.equal(one.status, 1)
  assert.match(one.out, /administrators: Contoso has only one Global Administrator\. Give a second person/)
  assert.match(one.out, /migrations: in order/)
  await inside(folder, async app => {
    const tenantId = (await findTenantByDomain(app.db, 'contoso.example'))!.id
    await addPerson(app, tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })
  })
  const well = await verb(folder, 'doctor')
  assert.equal(well.status, 0, well.out)
  assert.match(well.out, /Everything is in order/)
})

test('sentences come in the language of the shell', async () => {
  const folder = newFolder()
  assert.match((await command(['init', '--data-dir', folder], { LANG: 'lv_LV.UTF-8' })).err, /Lietošana/)
  assert.match((await command(['init', '--data-dir', folder], { LATCHKEY_LANG: 'da', LANG: 'lv_LV.UTF-8' })).err, /Brug:/)
})
