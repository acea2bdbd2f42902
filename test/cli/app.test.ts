import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { after, before, describe, test } from 'node:test'
import { run } from '../../src/cli/run.ts'
import { flushCredentialUses, noteCredentialUse } from '../../src/credentials/credential-use.ts'
import { listCredentials } from '../../src/store/application-credentials.ts'
import { certificate } from '../support/app-certificates.ts'
import { startProgram } from '../support/installation.ts'
import { makeAppOnSocket } from '../support/on-socket.ts'
import type { OnSocket } from '../support/on-socket.ts'
import { addPerson, roleIds } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import type { Program } from '../support/programs.ts'

let house: OnSocket
let home: string
let keeper: Program
const root = () => ({ XDG_CONFIG_HOME: home, XDG_STATE_HOME: join(home, 'state'), LATCHKEY_SERVER: house.origin, LANG: 'C' })
const asKeeper = () => ({ ...root(), LATCHKEY_CLIENT_ID: keeper.appId, LATCHKEY_TENANT: keeper.tenantId, LATCHKEY_CLIENT_SECRET_FILE: join(home, 'keeper-secret') })

before(async () => {
  house = await makeAppOnSocket()
  home = mkdtempSync(join(tmpdir(), 'latchkey-cli-app-'))
  keeper = await addProgram(house.t.app, house.t.tenantId, { name: 'Keeper', roles: ['Application.ReadWrite.All'] })
  writeFileSync(join(home, 'keeper-secret'), `${keeper.secret}\n`)
})
after(async () => {
  await house.close()
  rmSync(home, { recursive: true, force: true })
})

async function latchkey(args: string[], { env = asKeeper(), typed = [] as string[] } = {}): Promise<{ status: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const io = {
    stdin: Readable.from(typed.map(line => `${line}\n`)), stdout: { write: (text: string) => (out += text) }, stderr: { write: (text: string) => (err += text) },
    env: env as Record<string, string | undefined>,
  }
  return { status: await run(args, io), out, err }
}

const credentialsOf = (program: Program) => listCredentials(house.t.app.db, program.tenantId, [program.applicationId])
const json = async <T>(args: string[]): Promise<T> => {
  const { status, out, err } = await latchkey([...args, '--output', 'json'])
  assert.equal(status, 0, err)
  return JSON.parse(out) as T
}

describe('latchkey app', () => {
  test('lists applications, and those of which something ends soon', async () => {
    await addProgram(house.t.app, house.t.tenantId, { name: 'Ends soon', secretUntil: house.t.app.now() + 10 * 86_400_000 })
    await addProgram(house.t.app, house.t.tenantId, { name: 'Lives long', secretUntil: house.t.app.now() + 400 * 86_400_000 })
    const all = await latchkey(['app', 'list'])
    assert.equal(all.status, 0, all.err)
    assert.match(all.out, /Ends soon[^]*Lives long/)
    const names = (await json<{ displayName: string }[]>(['app', 'list', '--expiring', '30d'])).map(one => one.displayName)
    assert.ok(names.includes('Ends soon') && !names.includes('Lives long'), names.join())
    const wrong = await latchkey(['app', 'list', '--expiring', 'soon'])
    assert.deepEqual([wrong.status, /--expiring/.test(wrong.err)], [2, true])
  })

  test('adds a secret and shows it once, alone on standard output, or puts it into a file for its owner', async () => {
    const shop = await addProgram(house.t.app, house.t.tenantId, { name: 'Shop' })
    const { status, out, err } = await latchkey(['app', 'credential', 'add', shop.appId, '--display-name', 'ci', '--days', '30'])
    assert.equal(status, 0, err)
    assert.match(out, /^\w[\w-]{39}\n$/)
    assert.ok(!err.includes(out.trim()))
    const file = join(home, 'shop-secret')
    const written = await latchkey(['app', 'credential', 'add', 'Shop', '--secret-file', file])
    assert.equal(written.status, 0, written.err)
    assert.match(readFileSync(file, 'utf8'), /^\w[\w-]{39}\n$/)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.ok(!written.out.includes(readFileSync(file, 'utf8').trim()))
    const rows = await credentialsOf(shop)
    assert.equal(rows.length, 3)
    const [ci] = rows.filter(row => row.displayName === 'ci')
    assert.ok(Math.abs(ci!.endDateTime - house.t.app.now() - 30 * 86_400_000) < 60_000)
  })

  test('adds a certificate beside the ones there are; a private key does not leave the machine', async () => {
    const shop = await addProgram(house.t.app, house.t.tenantId, { name: 'With certificates' })
    for (const name of ['One', 'Two']) {
      const { certificate: pem, privateKeyPem } = certificate({ name })
      writeFileSync(join(home, `${name}.pem`), pem)
      writeFileSync(join(home, `${name}-both.pem`), privateKeyPem + pem)
      const { status, err } = await latchkey(['app', 'credential', 'add', shop.appId, '--cert', `@${join(home, `${name}.pem`)}`])
      assert.equal(status, 0, err)
    }
    const kept = (await latchkey(['app', 'credential', 'add', shop.appId, '--cert', join(home, 'One-both.pem')]))
    assert.equal(kept.status, 2)
    assert.match(kept.err, /private key/)
    assert.deepEqual((await credentialsOf(shop)).map(row => row.displayName).sort(), ['One', 'Two', 'test'])
    const removed = (await credentialsOf(shop)).find(row => row.displayName === 'One')!
    assert.equal((await latchkey(['app', 'credential', 'delete', shop.appId, removed.keyId])).status, 0)
    assert.deepEqual((await credentialsOf(shop)).map(row => row.displayName).sort(), ['Two', 'test'])
  })

  test('shows when each was used and whether it is safe to remove, and removes none that is in use unless told so', async () => {
    const shop = await addProgram(house.t.app, house.t.tenantId, { name: 'Used' })
    noteCredentialUse(house.t.app, { tenantId: shop.tenantId, ownerId: shop.applicationId, keyId: shop.secretKeyId, at: house.t.app.now(), ipAddress: '192.0.2.7' })
    await flushCredentialUses(house.t.app)
    const table = await latchkey(['app', 'credential', 'list', shop.appId])
    assert.match(table.out, /CREDENTIAL_IN_USE/)
    const refused = await latchkey(['app', 'credential', 'delete', shop.appId, shop.secretKeyId])
    assert.equal(refused.status, 1)
    assert.match(refused.err, /CREDENTIAL_IN_USE/)
    assert.equal((await credentialsOf(shop)).length, 1)
    assert.equal((await latchkey(['app', 'credential', 'delete', shop.appId, shop.secretKeyId, '--force'])).status, 0)
    assert.equal((await credentialsOf(shop)).length, 0)
  })

  test('reset appends and says what --replace would remove; with it, and a yes, the others go', async () => {
    const shop = await addProgram(house.t.app, house.t.tenantId, { name: 'Reset' })
    const appended = await latchkey(['app', 'credential', 'reset', shop.appId])
    assert.equal(appended.status, 0, appended.err)
    assert.ok(appended.err.includes(shop.secretKeyId) && /--replace would remove/.test(appended.err))
    assert.equal((await credentialsOf(shop)).length, 2)
    const declined = await latchkey(['app', 'credential', 'reset', shop.appId, '--replace'], { typed: ['no'] })
    assert.deepEqual([declined.status, (await credentialsOf(shop)).length], [1, 2])
    const replaced = await latchkey(['app', 'credential', 'reset', shop.appId, '--replace', '--yes'])
    assert.equal(replaced.status, 0, replaced.err)
    const [only, ...more] = await credentialsOf(shop)
    assert.deepEqual([only!.hint, more.length], [replaced.out.slice(0, 3), 0])
  })

  test('what it is called wrongly with is said, and nothing is done', async () => {
    const shop = await addProgram(house.t.app, house.t.tenantId, { name: 'Wrong calls' })
    for (const [args, status, words] of [
      [['app'], 2, /Something is missing/], [['app', 'nonsense'], 2, /nonsense/], [['app', 'credential', 'nonsense', shop.appId], 2, /rotate/], [['app', 'credential', 'list'], 2, /appId/],
      [['app', 'credential', 'list', 'No such thing'], 1, /No such thing/], [['app', 'credential', 'add', shop.appId, '--days', '0'], 2, /--days/],
      [['app', 'credential', 'add', shop.appId, '--days', '3', '--years', '1'], 2, /only one/], [['app', 'credential', 'add', shop.appId, '--end-date', 'tomorrow'], 2, /--end-date/],
      [['app', 'credential', 'add', shop.appId, '--end-date', '2020-01-01'], 1, /end date is invalid/], [['app', 'credential', 'add', shop.appId, '--cert', '/nowhere'], 2, /nowhere/],
      [['app', 'credential', 'delete', shop.appId], 2, /keyId/], [['app', 'credential', 'delete', shop.appId, 'x'], 1, /x/], [['app', 'credential', 'rotate', shop.appId], 2, /--secret-file/],
    ] as const) {
      const said = await latchkey([...args])
      assert.equal(said.status, status, `${args.join(' ')}: ${said.err}`)
      assert.match(said.err, words)
    }
    assert.equal((await credentialsOf(shop)).length, 1)
    const wrongSecret = await latchkey(['app', 'list'], { env: { ...asKeeper(), LATCHKEY_CLIENT_SECRET_FILE: join(home, 'shop-secret') } })
    assert.deepEqual([wrongSecret.status, /7000215/.test(wrongSecret.err)], [1, true])
  })

  test('a person does the same with their session', async () => {
    const gus = await addPerson(house.t.app, house.t.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })
    const signedIn = await latchkey(['login', gus.userPrincipalName], { env: root() as ReturnType<typeof asKeeper>, typed: [gus.password] })
    assert.equal(signedIn.status, 0, signedIn.err)
    const shop = await addProgram(house.t.app, house.t.tenantId, { name: 'By a person' })
    const { status, out, err } = await latchkey(['app', 'credential', 'add', shop.appId], { env: root() as ReturnType<typeof asKeeper> })
    assert.equal(status, 0, err)
    assert.match(out, /^\w[\w-]{39}\n$/)
  })
})

/** A program that reads its secret from the file and asks for a token all the time. */
class Consumer {
  requests = 0
  readonly failures: string[] = []
  #stopped = false
  readonly #running: Promise<void>

  constructor(program: Program, file: string) {
    this.#running = this.#work(program, file)
  }

  async #work({ tenantId, appId }: Program, file: string): Promise<void> {
    while (!this.#stopped) {
      const client_secret = readFileSync(file, 'utf8').trim()
      const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: appId, client_secret, scope: 'https://graph.microsoft.com/.default' })
      const reply = await fetch(`${house.origin}/${tenantId}/oauth2/v2.0/token`, { method: 'POST', body: form })
      const text = await reply.text()
      this.requests++
      if (reply.status !== 200) this.failures.push(`${reply.status} ${text.slice(0, 200)}`)
      await sleep(5)
    }
  }

  stop(): Promise<void> {
    this.#stopped = true
    return this.#running
  }
}

describe('a rotation', () => {
  const steps = ['rotate-begun', 'rotate-added', 'rotate-journalled', 'rotate-delivered', 'rotate-waiting', 'rotate-retiring', 'rotate-retired']

  test('adds, waits until the new secret is used and the old one is not, and retires the old one', async () => {
    const shop = await addProgram(house.t.app, house.t.tenantId, { name: 'Rotated' })
    const file = join(home, 'rotated')
    writeFileSync(file, `${shop.secret}\n`)
    const consumer = new Consumer(shop, file)
    const { status, err } = await latchkey(['app', 'credential', 'rotate', shop.appId, '--secret-file', file, '--quiet-for', '1s', '--check-every', '1s'])
    await consumer.stop()
    assert.equal(status, 0, err)
    assert.deepEqual(consumer.failures, [])
    const [only, ...more] = await credentialsOf(shop)
    assert.deepEqual([only!.hint, more.length, only!.keyId === shop.secretKeyId], [readFileSync(file, 'utf8').slice(0, 3), 0, false])
    assert.deepEqual(readdirSync(join(home, 'state/latchkey/rotations')), [])
  })

  test('leaves both in place when the new one is not used in time, and goes on when it is called again', async () => {
    const shop = await addProgram(house.t.app, house.t.tenantId, { name: 'Slow' })
    const file = join(home, 'slow')
    const args = ['app', 'credential', 'rotate', shop.appId, '--secret-file', file, '--quiet-for', '1s', '--check-every', '1s']
    const first = await latchkey([...args, '--timeout', '1s'])
    assert.equal(first.status, 1)
    assert.match(first.err, /Both secrets stay valid/)
    assert.equal((await credentialsOf(shop)).length, 2)
    const consumer = new Consumer(shop, file)
    const second = await latchkey(args)
    await consumer.stop()
    assert.equal(second.status, 0, second.err)
    assert.match(second.err, /interrupted/)
    assert.equal((await credentialsOf(shop)).length, 1)
  })

  test('asks which secret goes when there are several', async () => {
    const shop = await addProgram(house.t.app, house.t.tenantId, { name: 'Several' })
    assert.equal((await latchkey(['app', 'credential', 'add', shop.appId])).status, 0)
    const { status, err } = await latchkey(['app', 'credential', 'rotate', shop.appId, '--secret-file', join(home, 'several')])
    assert.equal(status, 2)
    assert.match(err, new RegExp(shop.secretKeyId))
    assert.equal(existsSync(join(home, 'several')), false)
  })

  test('killed at every step and started again, it ends well, and no token request fails meanwhile (M-02)', async () => {
    const shop = await addProgram(house.t.app, house.t.tenantId, { name: 'Killed' })
    const file = join(home, 'killed')
    writeFileSync(file, `${shop.secret}\n`)
    const consumer = new Consumer(shop, file)
    let current = shop.secretKeyId
    for (const step of steps) {
      const args = ['app', 'credential', 'rotate', shop.appId, '--secret-file', file, '--quiet-for', '1s', '--check-every', '1s']
      const dying = startProgram(args, { ...asKeeper(), NODE_ENV: 'test', LATCHKEY_FAULT: step })
      const signal = await new Promise<string | null>(resolve => dying.process.once('exit', (_code, with_) => resolve(with_)))
      assert.equal(signal, 'SIGKILL', `${step}: ${dying.said()}`)
      const again = startProgram(args, asKeeper())
      const code = await new Promise<number | null>(resolve => again.process.once('exit', resolve))
      // After the last step nothing is left of the old rotation but its journal: the old secret is gone already.
      assert.equal(code, 0, `${step}: ${again.said()}`)
      const [only, ...more] = await credentialsOf(shop)
      assert.deepEqual(more.map(row => row.displayName), [], `${step}: one secret is left`)
      assert.notEqual(only!.keyId, current, step)
      assert.equal(only!.hint, readFileSync(file, 'utf8').slice(0, 3), step)
      current = only!.keyId
    }
    await consumer.stop()
    assert.deepEqual(consumer.failures, [])
    assert.ok(consumer.requests > 100, `${consumer.requests} requests`)
    assert.deepEqual(readdirSync(join(home, 'state/latchkey/rotations')), [])
  })
})
