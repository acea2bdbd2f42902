// People sign in by clients we did not write, unmodified, over https: MSAL and Azure Identity for JavaScript, the Azure CLI.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { ensureCertificate } from '../../src/development/certificate.ts'
import { listen } from '../../src/listen.ts'
import type { Listening } from '../../src/listen.ts'
import { graphAppId, resourceManagerAppId } from '../../src/rules/first-party.ts'
import { firstPartyId } from '../../src/store/first-party.ts'
import { addGrant } from '../../src/store/grants.ts'
import { azFor } from '../support/az.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { freePort } from '../support/on-socket.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import { documents } from '../support/relying-party.ts'
import { signedIn } from '../support/signed-in.ts'
import type { PeopleStage, Said } from './people-clients.ts'

const page = '/common/oauth2/deviceauth'
const callback = 'https://app.example/callback'

describe('people with clients we did not write', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-people-'))
  let t: TestApp
  let socket: Listening
  let origin: string
  let caFile: string
  let ann: Person
  const outcomes = new Map<string, { value?: unknown; error?: string }>()

  before(async () => {
    const files = await ensureCertificate(folder)
    caFile = files.caFile
    const port = await freePort()
    origin = `https://localhost:${port}`
    const listener = { origin, host: '127.0.0.1', port, tls: files }
    t = await makeApp({ config: { publicOrigin: origin, listeners: [listener] } })
    socket = await listen(t.server, listener)
    await changePolicy(t.app, t.tenantId, 'tenantSettings', { passwordGrant: true })
    ann = await addPerson(t.app, t.tenantId, { name: 'ann' })
    const tool = await addProgram(t.app, t.tenantId, { name: 'Tool', document: documents.public, withoutSecret: true })
    const shop = await addProgram(t.app, t.tenantId, { name: 'Shop', document: documents.confidential })
    for (const { servicePrincipalId: clientId } of [tool, shop]) {
      const grant = (appId: string, scopes: string[]) => addGrant(t.app.db, { tenantId: t.tenantId, clientId, resourceId: firstPartyId(t.tenantId, appId), principalId: null, scopes, at: t.app.now() })
      await grant(graphAppId, ['openid', 'profile', 'offline_access', 'User.Read'])
      await grant(resourceManagerAppId, ['user_impersonation'])
    }
    await drive({ origin, tenantId: t.tenantId, toolId: tool.appId, shopId: shop.appId, shopSecret: shop.secret, callback, userName: ann.userPrincipalName, password: ann.password })
  })
  after(async () => {
    await socket.close()
    await t.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What Ann does in her browser with a code that some device shows her. */
  const approve = async (code: string) => {
    const { browser } = await signedIn(t, ann)
    await browser.get(page)
    const reply = await browser.post(page, { code, answer: 'agree' })
    assert.equal(reply.statusCode, 200, reply.payload)
  }

  /** Runs the clients and plays the person they ask for. */
  const drive = async (stage: PeopleStage) => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'people-clients.ts'), JSON.stringify(stage)], {
      env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: caFile, NODE_NO_WARNINGS: '1' }, stdio: ['pipe', 'pipe', 'inherit'],
    })
    for await (const line of createInterface({ input: child.stdout })) {
      const said = JSON.parse(line) as Said
      if ('name' in said) outcomes.set(said.name, said)
      else if (said.ask === 'device') {
        await approve(said.code)
        child.stdin.write('done\n')
      } else {
        const { browser } = await signedIn(t, ann)
        const reply = await browser.request({ method: 'GET', url: said.url.slice(origin.length) })
        child.stdin.write(`${new URL(String(reply.headers.location)).searchParams.get('code')}\n`)
      }
    }
  }
  const valueOf = (name: string) => {
    const outcome = outcomes.get(name)
    assert.equal(outcome?.error, undefined, name)
    return outcome!.value as Record<string, unknown>
  }

  test('MSAL signs somebody in by a device code, keeps the account, refreshes and asks for another resource', () => {
    const value = valueOf('msal-node, device code')
    assert.equal(value['account'], `${ann.id}.${t.tenantId}`)
    assert.equal(value['user'], ann.userPrincipalName)
    assert.equal(value['silentFromCache'], true)
    assert.equal(value['freshFromCache'], false)
    assert.ok((value['otherScopes'] as string[]).includes(`${origin}/arm/user_impersonation`))
  })

  test('MSAL signs somebody in by a code with PKCE, its nonce and state, and refreshes', () => {
    const value = valueOf('msal-node, code with PKCE')
    assert.equal(value['user'], ann.userPrincipalName)
    assert.equal((value['claims'] as { nonce: string }).nonce, 'n')
    assert.equal(value['freshFromCache'], false)
  })

  test('MSAL hears that a code was used already', () => {
    assert.match(outcomes.get('msal-node, the same code again')?.error ?? '', /invalid_grant.*AADSTS54005/s)
  })

  test('MSAL signs somebody in by a password, and hears of a wrong one', () => {
    assert.equal(valueOf('msal-node, password')['user'], ann.userPrincipalName)
    assert.match(outcomes.get('msal-node, wrong password')?.error ?? '', /AADSTS50126/)
  })

  test('Azure Identity signs somebody in by a device code for the Graph SDK, and by a password', () => {
    assert.equal(valueOf('@azure/identity, device code, and the Graph SDK')['user'], ann.userPrincipalName)
    assert.ok(Number(valueOf('@azure/identity, password')['length']) > 500)
  })

  test('the Azure CLI signs somebody in by a device code, and then says who they are', async () => {
    const az = await azFor({ httpsOrigin: origin, caFile }, join(folder, 'az'))
    const login = spawn('az', ['login', '--use-device-code', '--allow-no-subscriptions', '-o', 'json'], { env: az.env })
    const ended = new Promise<number | null>(done => login.once('close', done))
    let said = ''
    let typed: Promise<void> | undefined
    const hear = (data: Buffer) => {
      said += String(data)
      const code = /enter the code ([A-Z0-9]{9})/.exec(said)?.[1]
      if (code !== undefined) typed ??= approve(code)
    }
    login.stderr.on('data', hear)
    login.stdout.on('data', hear)
    assert.equal(await ended, 0, said)
    await typed
    const me = await az.json<{ id: string; userPrincipalName: string }>('ad', 'signed-in-user', 'show')
    assert.deepEqual([me.id, me.userPrincipalName], [ann.id, ann.userPrincipalName])
  })

  test('the Azure CLI signs somebody in by a browser: code, PKCE and an address on this machine', async () => {
    const az = await azFor({ httpsOrigin: origin, caFile }, join(folder, 'az-browser'))
    const seen = join(folder, 'address')
    const opener = join(folder, 'browser.sh')
    writeFileSync(opener, `#!/bin/sh\nprintf '%s' "$1" > '${seen}.new' && mv '${seen}.new' '${seen}'\n`, { mode: 0o755 })
    const login = spawn('az', ['login', '--allow-no-subscriptions', '-o', 'json'], { env: { ...az.env, BROWSER: `${opener} %s` } })
    const ended = new Promise<number | null>(done => login.once('close', done))
    let said = ''
    for (const stream of [login.stdout, login.stderr]) stream.on('data', (data: Buffer) => (said += String(data)))
    while (!existsSync(seen) && login.exitCode === null) await new Promise(done => setTimeout(done, 50))
    const url = readFileSync(seen, 'utf8')
    assert.ok(url.startsWith(`${origin}/`), url)
    const { browser } = await signedIn(t, ann)
    // It asks which account (prompt=select_account).
    await browser.get(url.slice(origin.length))
    const reply = await browser.post(browser.path, { answer: 'thisAccount' })
    const back = /^0;url=(http:\/\/localhost:\d+[/?].*)$/.exec(String(reply.headers['refresh']))?.[1]
    if (back === undefined) login.kill()
    assert.ok(back, reply.payload)
    await fetch(back)
    assert.equal(await ended, 0, said)
    const me = await az.json<{ id: string }>('ad', 'signed-in-user', 'show')
    assert.equal(me.id, ann.id)
  })
})
