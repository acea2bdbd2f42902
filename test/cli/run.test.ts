import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { run } from '../../src/cli/run.ts'
import { type Listening, listen } from '../../src/listen.ts'
import { type TestApp, makeApp } from '../support/make-app.ts'
import { type Person, addPerson, roleIds } from '../support/people.ts'

let house: TestApp
let socket: Listening
let home: string
let gus: Person

before(async () => {
  house = await makeApp()
  socket = await listen(house.server, { origin: 'http://localhost:0', host: '127.0.0.1', port: 0 })
  home = mkdtempSync(join(tmpdir(), 'latchkey-cli-'))
  gus = await addPerson(house.app, house.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })
  await addPerson(house.app, house.tenantId, { name: 'ann', displayName: 'Ann Ærø', email: 'ann@mail.example' })
  await addPerson(house.app, house.tenantId, { name: 'eve', displayName: 'Eve \u001b[31mred' })
})
after(async () => {
  await socket.close()
  await house.close()
  rmSync(home, { recursive: true, force: true })
})

/** One call of the command with what is typed into it; its exit status and everything it said. */
async function latchkey(args: string[], typed: string[] = []): Promise<{ status: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const io = {
    stdin: Readable.from(typed.map(line => `${line}\n`)),
    stdout: { write: (text: string) => (out += text) },
    stderr: { write: (text: string) => (err += text) },
    env: { XDG_CONFIG_HOME: home, LATCHKEY_SERVER: socket.origin, LANG: 'C' },
  }
  const status = await run(args, io)
  return { status, out, err }
}

test('whoever is not signed in is told how to sign in', async () => {
  const { status, err } = await latchkey(['user', 'list'])
  assert.equal(status, 1)
  assert.match(err, /latchkey login/)
})

test('a wrong password is refused in words, and nothing is kept', async () => {
  const { status, err } = await latchkey(['login', gus.userPrincipalName], ['not-my-password'])
  assert.equal(status, 1)
  assert.match(err, /LK_SIGNIN_FAILED/)
  assert.equal(existsSync(join(home, 'latchkey/session.json')), false)
})

test('signing in keeps the session for its owner alone', async () => {
  const { status, out } = await latchkey(['login', gus.userPrincipalName], [gus.password])
  assert.equal(status, 0)
  assert.match(out, /gus@contoso\.example/)
  assert.equal(statSync(join(home, 'latchkey/session.json')).mode & 0o777, 0o600)
  assert.doesNotMatch(readFileSync(join(home, 'latchkey/session.json'), 'utf8'), new RegExp(gus.password))
})

test('people are listed as a table or as JSON, and no name moves the cursor (T-76)', async () => {
  const table = await latchkey(['user', 'list'])
  assert.equal(table.status, 0, table.err)
  assert.match(table.out, /Ann Ærø\s+ann@contoso\.example\s+yes/)
  assert.ok(!table.out.includes('\u001b'))
  const json = JSON.parse((await latchkey(['user', 'list', '--output', 'json', '--search', 'Ann'])).out) as { userPrincipalName: string }[]
  assert.deepEqual(json.map(one => one.userPrincipalName), ['ann@contoso.example'])
})

test('a reset shows a generated password once, and it works once', async () => {
  const { status, out, err } = await latchkey(['user', 'reset-password', 'ann@contoso.example'])
  assert.equal(status, 0, err)
  const password = out.trim()
  assert.equal(password.length, 18)
  const reply = await house.browser().json('POST', '/api/signin', { userName: 'ann@contoso.example', password })
  assert.equal((reply.json() as { next: string }).next, 'newPassword')
})

test('one’s own password is not reset this way, and the reason says what to do instead', async () => {
  const { status, err } = await latchkey(['user', 'reset-password', gus.userPrincipalName])
  assert.equal(status, 1)
  assert.match(err, /SELF/)
})

test('contact data that an administrator writes makes a person able to reset (M-24)', async () => {
  assert.equal((await latchkey(['user', 'set-contact', 'eve@contoso.example', '--mobile-phone', '+45 20123456', '--other-mail', 'eve@mail.example'])).status, 0)
  const { out } = await latchkey(['user', 'show', 'eve@contoso.example', '--output', 'json'])
  const eve = JSON.parse(out) as { mobilePhone: string; otherMails: string[] }
  assert.equal(eve.mobilePhone, '+45 20123456')
  assert.deepEqual(eve.otherMails, ['eve@mail.example'])
})

test('per-user MFA is switched on and off, and a state nobody knows is refused', async () => {
  const set = await latchkey(['user', 'set-mfa', 'ann@contoso.example', 'enforced'])
  assert.equal(set.status, 0, set.err)
  const state = () => house.app.db.selectFrom('users').select('perUserMfaState').where('upnLower', '=', 'ann@contoso.example').executeTakeFirstOrThrow()
  assert.equal((await state()).perUserMfaState, 'enforced')
  const wrong = await latchkey(['user', 'set-mfa', 'ann@contoso.example', 'on'])
  assert.equal(wrong.status, 1)
  assert.match(wrong.err, /perUserMfaState/)
  assert.equal((await latchkey(['user', 'set-mfa', 'ann@contoso.example'])).status, 2)
  assert.equal((await latchkey(['user', 'set-mfa', 'ann@contoso.example', 'disabled'])).status, 0)
})

test('the diagnosis of a person names the reason and what to do', async () => {
  const { status, out, err } = await latchkey(['diagnose', 'ann@contoso.example'])
  assert.equal(status, 0, err)
  assert.match(out, /SSPR_0009/)
  assert.match(out, /^✓ The account exists$/m, 'a check without a value ends with its name')
  const danish = await latchkey(['diagnose', 'ann@contoso.example', '--lang', 'da'])
  assert.match(danish.out, /Det kan du gøre:/)
})

test('the reset policy is shown and changed, and a wrong value names the property', async () => {
  const set = await latchkey(['reset-policy', 'set', 'numberOfAuthenticationMethodsRequired=2'])
  assert.equal(set.status, 0, set.err)
  assert.match((await latchkey(['reset-policy', 'show'])).out, /numberOfAuthenticationMethodsRequired\s+2/)
  const wrong = await latchkey(['reset-policy', 'set', 'numberOfAuthenticationMethodsRequired="many"'])
  assert.equal(wrong.status, 1)
  assert.match(wrong.err, /numberOfAuthenticationMethodsRequired/)
})

test('a call that cannot be carried out says what is wrong with it and ends with 2', async () => {
  for (const [args, says] of [
    [['user'], /missing/], [['user', 'dance'], /dance/], [['user', 'show'], /user principal name/], [['user', 'list', '--bogus'], /--bogus/],
    [['user', 'list', '--output', 'xml'], /xml/], [['reset-policy', 'set', 'novalue'], /novalue/], [['nonsense'], /nonsense/],
  ] as const) {
    const { status, err } = await latchkey([...args])
    assert.equal(status, 2, args.join(' '))
    assert.match(err, says, args.join(' '))
  }
})

test('a server that does not answer is named, with what to try', async () => {
  const { status, err } = await latchkey(['user', 'list', '--server', 'http://127.0.0.1:9'])
  assert.equal(status, 1)
  assert.match(err, /127\.0\.0\.1:9/)
})

test('signing out ends the session here and at the server', async () => {
  const kept = JSON.parse(readFileSync(join(home, 'latchkey/session.json'), 'utf8')) as { cookies: Record<string, string> }
  assert.equal((await latchkey(['logout'])).status, 0)
  assert.equal(existsSync(join(home, 'latchkey/session.json')), false)
  const cookie = Object.entries(kept.cookies).map(([name, value]) => `${name}=${value}`).join('; ')
  const reply = await fetch(`${socket.origin}/v1.0/me`, { headers: { cookie } })
  assert.equal(reply.status, 401)
})

test('a password goes nowhere unencrypted but to this machine', async () => {
  for (const server of ['http://reset.contoso.example', 'ftp://localhost', 'nonsense']) {
    const { status, err } = await latchkey(['login', gus.userPrincipalName, '--server', server], [gus.password])
    assert.equal(status, 2, server)
    assert.match(err, /https/)
  }
})
