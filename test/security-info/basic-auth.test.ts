/** App passwords through a program we did not write: nginx from Debian asks /auth/basic by `auth_request` before it lets anyone in. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test as check } from 'node:test'
import { readBasic } from '../../src/security-info/basic-auth.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { seed, signedIn } from './signed-in.ts'

describe('the Basic header', () => {
  const header = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

  check('gives name and app password, blanks in the latter left out', () => {
    const read = readBasic(header('ann@contoso.example:abcd efgh ijkl mnop'))
    assert.equal(read?.userName, 'ann@contoso.example')
    assert.equal(read?.appPassword.reveal(), 'abcdefghijklmnop')
    assert.equal(readBasic('basic  YTpi')?.userName, 'a', 'the scheme is read in any case')
  })

  for (const bad of [undefined, '', 'Basic', 'Basic ', 'Bearer abc', 'Basic ***', header('no colon'), header(':nobody'), header('a\r\nb:c'), header(`${'x'.repeat(114)}:y`), header('x'.repeat(2000))]) {
    check(`gives nothing for ${String(bad).slice(0, 30)}`, () => assert.equal(readBasic(bad), undefined))
  }
})

interface Answer {
  status: number
  headers: IncomingMessage['headers']
  body: string
}

function get(port: number, path: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, headers }, reply => {
      let body = ''
      reply.on('data', chunk => { body += String(chunk) })
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body }))
    })
    asking.on('error', reject)
    asking.end()
  })
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return portOf(server)
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  server.close()
  await once(server, 'close')
  return port
}

describe('behind nginx', () => {
  let test: TestApp
  let ann: Person
  let secret: string
  let port: number
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-nginx-'))
  const closing: (() => void)[] = []

  before(async () => {
    test = await makeApp({ config: { trustedProxies: ['127.0.0.1'] } })
    await changePolicy(test.app, test.tenantId, 'tenantSettings', { allowAppPasswords: true })
    ann = await addPerson(test.app, test.tenantId, { name: 'ann', perUserMfaState: 'enforced', totp: seed })
    const browser = await signedIn(test, ann)
    const made = await browser.json('POST', '/api/security-info/app-passwords', { displayName: 'Calendar' })
    secret = (made.json() as { appPassword: string }).appPassword

    const latchkey = createServer((req, res) => test.server.routing(req, res))
    const calendar = createServer((req, res) => res.end(`calendar of ${req.headers['x-user']}`))
    const [latchkeyPort, calendarPort] = [await listen(latchkey), await listen(calendar)]
    closing.push(() => { latchkey.close() }, () => { calendar.close() })
    port = await freePort()
    const config = join(folder, 'nginx.conf')
    writeFileSync(config, `
      daemon off;
      worker_processes 1;
      pid ${folder}/nginx.pid;
      error_log ${folder}/error.log;
      events { worker_connections 64; }
      http {
        access_log off;
        client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
        server {
          listen 127.0.0.1:${port};
          location / {
            auth_request /latchkey;
            auth_request_set $user $upstream_http_x_latchkey_user;
            proxy_set_header X-User $user;
            proxy_set_header Authorization "";
            proxy_pass http://127.0.0.1:${calendarPort};
          }
          location = /latchkey {
            internal;
            proxy_pass http://127.0.0.1:${latchkeyPort}/auth/basic;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Host reset.contoso.example;
            proxy_set_header X-Forwarded-For $remote_addr;
          }
        }
      }
    `)
    const nginx = spawn('/usr/sbin/nginx', ['-c', config, '-p', folder], { stdio: 'ignore' })
    closing.push(() => { nginx.kill('SIGTERM') })
    for (let tries = 0; ; tries++) {
      const up = await get(port, '/').then(() => true, () => false)
      if (up) return
      if (tries > 100 || nginx.exitCode !== null) throw new Error('nginx does not answer')
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  })

  after(async () => {
    for (const close of closing.reverse()) close()
    await test?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const as = (name: string, password: string) => ({ authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` })

  check('the right app password reaches the program behind, which is told who it is', async () => {
    const answer = await get(port, '/calendar', as(ann.userPrincipalName, secret))
    assert.deepEqual([answer.status, answer.body], [200, `calendar of ${ann.userPrincipalName}`])
    assert.equal(answer.headers['set-cookie'], undefined)
  })

  check('without one the client is asked for name and password', async () => {
    const answer = await get(port, '/calendar')
    assert.equal(answer.status, 401)
    assert.match(String(answer.headers['www-authenticate']), /^Basic realm=/)
    assert.doesNotMatch(answer.body, /calendar of/)
  })

  check('the account’s own password, another’s app password and a name in a header open nothing', async () => {
    const bob = await addPerson(test.app, test.tenantId, { name: 'bob' })
    for (const headers of [as(ann.userPrincipalName, ann.password), as(bob.userPrincipalName, secret), { 'x-latchkey-user': ann.userPrincipalName, 'x-user': ann.userPrincipalName }]) {
      assert.equal((await get(port, '/calendar', headers)).status, 401)
    }
  })

  check('a name in a header does not replace the one that was proved', async () => {
    const answer = await get(port, '/calendar', { ...as(ann.userPrincipalName, secret), 'x-user': 'gus@contoso.example' })
    assert.equal(answer.body, `calendar of ${ann.userPrincipalName}`)
  })

  check('once deleted it opens nothing', async () => {
    await test.app.db.deleteFrom('appPasswords').where('userId', '=', ann.id).execute()
    assert.equal((await get(port, '/calendar', as(ann.userPrincipalName, secret))).status, 401)
  })
})
