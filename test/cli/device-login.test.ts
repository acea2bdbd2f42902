/** `latchkey login --device`: no password passes through the command line, and what it keeps are tokens (LD-61). */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { clientId } from '../../src/cli/device-login.ts'
import { run } from '../../src/cli/run.ts'
import { latchkeyCliAppId } from '../../src/rules/first-party.ts'
import { makeAppOnSocket } from '../support/on-socket.ts'
import type { OnSocket } from '../support/on-socket.ts'
import { addPerson, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'

const page = '/common/oauth2/deviceauth'
let house: OnSocket
let home: string
let gus: Person
const file = () => join(home, 'latchkey/session.json')

before(async () => {
  house = await makeAppOnSocket()
  home = mkdtempSync(join(tmpdir(), 'latchkey-cli-'))
  gus = await addPerson(house.t.app, house.t.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })
  await addPerson(house.t.app, house.t.tenantId, { name: 'ann', displayName: 'Ann Ærø' })
})
after(async () => {
  await house.close()
  rmSync(home, { recursive: true, force: true })
})

/** One call; `heard` sees what it says on standard error as it comes. */
async function latchkey(args: string[], heard: (text: string) => void = () => {}): Promise<{ status: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const io = {
    stdin: Readable.from([]),
    stdout: { write: (text: string) => (out += text) },
    stderr: {
      write: (text: string) => {
        err += text
        heard(text)
      },
    },
    env: { XDG_CONFIG_HOME: home, LATCHKEY_SERVER: house.origin, LANG: 'C' },
  }
  const status = await run(args, io)
  return { status, out, err }
}

/** Types the code that was shown, in a browser of Gus's. */
async function answer(text: string, say: 'agree' | 'refuse'): Promise<void> {
  const code = /code ([A-Z0-9]{9})/.exec(text)?.[1]
  assert.ok(code, text)
  const { browser } = await signedIn(house.t, gus)
  await browser.get(page)
  await browser.post(page, { code, answer: say })
}

test('is the program that every organisation knows under this id', () => {
  assert.equal(clientId, latchkeyCliAppId)
})

test('shows a code, waits until somebody has signed in with it, and keeps tokens for its owner alone', async () => {
  let answered: Promise<void> = Promise.resolve()
  const { status, out, err } = await latchkey(['login', '--device'], text => (answered = answer(text, 'agree')))
  await answered
  assert.equal(status, 0, err)
  assert.match(out, /gus@contoso\.example/)
  assert.equal(statSync(file()).mode & 0o777, 0o600)
})

test('then serves calls by the token, within what its owner may do', async () => {
  const { status, out, err } = await latchkey(['user', 'list'])
  assert.equal(status, 0, err)
  assert.match(out, /Ann Ærø/)
  const reset = await latchkey(['user', 'reset-password', 'ann@contoso.example'])
  assert.equal(reset.status, 0, reset.err)
})

test('gets itself a new token when the one it has is over, and keeps it', async () => {
  const kept = JSON.parse(readFileSync(file(), 'utf8')) as { token: { expiresAt: number; refreshToken: string } }
  const before = kept.token.refreshToken
  kept.token.expiresAt = 0
  writeFileSync(file(), JSON.stringify(kept))
  assert.equal((await latchkey(['user', 'list'])).status, 0)
  const now = JSON.parse(readFileSync(file(), 'utf8')) as typeof kept
  assert.notEqual(now.token.refreshToken, before)
  assert.ok(now.token.expiresAt > 0)
})

test('says to sign in again when the tokens are good no more, and forgets them at logout', async () => {
  const kept = JSON.parse(readFileSync(file(), 'utf8')) as { token: { expiresAt: number; refreshToken: string } }
  writeFileSync(file(), JSON.stringify({ ...kept, token: { ...kept.token, expiresAt: 0, refreshToken: 'x' } }))
  const { status, err } = await latchkey(['user', 'list'])
  assert.equal(status, 1)
  assert.match(err, /latchkey login/)
  assert.equal((await latchkey(['logout'])).status, 0)
  assert.throws(() => readFileSync(file()))
})

test('ends with a sentence when it is refused in the browser', async () => {
  let answered: Promise<void> = Promise.resolve()
  const { status, err } = await latchkey(['login', '--device'], text => {
    if (text.includes('code ')) answered = answer(text, 'refuse')
  })
  await answered
  assert.equal(status, 1)
  assert.match(err, /refused in the browser/)
})
