import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import { promisify } from 'node:util'
import { startDevelopment, startProgram } from '../support/installation.ts'
import { sharedCluster, asSuperuser, ownerRole } from '../support/postgres.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'latchkey-dev-'))
let program: Awaited<ReturnType<typeof startDevelopment>>

before(async () => {
  program = await startDevelopment(folder)
})
after(async () => {
  await program.stop()
  rmSync(folder, { recursive: true, force: true })
})

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${program.dev.httpOrigin}${path}`, { headers })
const postClock = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${program.dev.httpOrigin}/dev/clock`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })

test('it prints its progress, what to open and who to sign in as', () => {
  const { dev } = program
  const words = program.said()
  for (const text of ['25 of 25 people', dev.httpOrigin, dev.httpsOrigin, dev.user.userPrincipalName, dev.user.password, dev.globalAdministrator.password, '/reset']) {
    assert.ok(words.includes(text), `"${text}" is not in what it said`)
  }
})

test('dev.json holds everything a program needs, for its owner only', () => {
  assert.equal(statSync(join(folder, 'dev.json')).mode & 0o777, 0o600)
  const { dev } = program
  assert.deepEqual(Object.keys(dev), [
    'httpOrigin', 'httpsOrigin', 'caFile', 'tenantId', 'domain', 'globalAdministrator', 'passwordAdministrator', 'helpdeskAdministrator', 'user', 'application',
  ])
  assert.deepEqual(Object.keys(dev.user), ['userPrincipalName', 'password', 'email', 'mobilePhone'])
  assert.deepEqual(Object.keys(dev.application), ['appId', 'id', 'secret'])
  assert.equal(Buffer.from(dev.application.secret, 'base64url').length, 30, '240 random bits (LD-35)')
})

test('nobody else on this machine may read what lies in the data folder', () => {
  assert.equal(statSync(folder).mode & 0o077, 0)
  for (const name of ['keys.json', 'latchkey.db', 'certificate/ca-key.pem', 'certificate/localhost-key.pem']) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name)
})

test('curl and fetch accept the certificate once they trust its authority, and not before', async () => {
  const { httpsOrigin, caFile } = program.dev
  const { stdout } = await run('curl', ['-sS', '--cacert', caFile, `${httpsOrigin}/livez`])
  assert.equal(stdout, 'ok\n')
  await assert.rejects(run('curl', ['-sS', `${httpsOrigin}/livez`]))
  const script = `const answer = await fetch('${httpsOrigin}/readyz'); console.log(answer.status)`
  const trusting = await run(process.execPath, ['-e', script], { env: { ...process.env, NODE_EXTRA_CA_CERTS: caFile } })
  assert.equal(trusting.stdout.trim(), '200')
  await assert.rejects(run(process.execPath, ['-e', script], { env: { PATH: process.env.PATH } }))
})

test('a strict verifier finds no fault with the certificate', async () => {
  const { stdout } = await run('openssl', ['verify', '-x509_strict', '-CAfile', program.dev.caFile, join(folder, 'certificate/localhost.pem')])
  assert.match(stdout, /OK/)
})

test('the index shows pages and people in the language asked for', async () => {
  const page = await (await get('/dev', { 'accept-language': 'lv' })).text()
  assert.match(page, /<html lang="lv">/)
  assert.match(page, /Žanete Ozoliņa/)
  assert.match(page, /Kestrel-Anchor-58/)
  assert.match(page, /bloķēts/)
})

test('the clock can be shown, advanced and set, and goes on from there', async () => {
  const before = (await (await get('/dev/clock.json')).json()) as { now: string }
  const moved = (await (await postClock({ advance: 'PT25H' })).json()) as { now: string; offsetInMilliseconds: number }
  assert.equal(moved.offsetInMilliseconds, 25 * 3_600_000)
  assert.ok(Date.parse(moved.now) - Date.parse(before.now) >= 25 * 3_600_000)
  const set = (await (await postClock({ set: '2030-01-31T08:00:00Z' })).json()) as { now: string }
  assert.match(set.now, /^2030-01-31T08:00:0/)
  const asJson = (await (await get('/dev/clock', { accept: 'application/json' })).json()) as { now: string }
  assert.match(asJson.now, /^2030-01-31T08:00:/)
  assert.match(await (await get('/dev/clock')).text(), /2030/)
  await postClock({ set: new Date().toISOString() })
})

test('what the clock cannot understand is refused by field', async () => {
  for (const body of [{}, { advance: 'PT25H', set: '2030-01-31T08:00:00Z' }, { advance: '25 hours' }, { set: 'tomorrow' }, { set: '1' }, { advance: 'P' }]) {
    const answer = await postClock(body)
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.equal(((await answer.json()) as { reasons: { code: string }[] }).reasons[0]!.code, 'LK_FIELD_INVALID')
  }
})

test('another site cannot move the clock, and no other name leads here', async () => {
  assert.equal((await postClock({ advance: 'PT1H' }, { origin: 'https://evil.example' })).status, 403)
  assert.equal((await postClock({ advance: 'PT1H' }, { 'sec-fetch-site': 'cross-site' })).status, 403)
  const { stdout } = await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', 'Host: evil.example', `${program.dev.httpOrigin}/dev/mailbox.json`])
  assert.equal(stdout, '421')
})

test('the development mode listens on loopback only', async t => {
  const outside = Object.values(networkInterfaces()).flat().find(one => one && !one.internal && one.family === 'IPv4')
  if (!outside) return t.skip('this machine has no other address')
  await assert.rejects(fetch(`http://${outside.address}:${new URL(program.dev.httpOrigin).port}/livez`))
})

test('a second start finds everything as it was: the same ids, secret and certificate', async () => {
  const again = mkdtempSync(join(tmpdir(), 'latchkey-dev-'))
  const first = await startDevelopment(again)
  const certificate = readFileSync(join(again, 'certificate/localhost.pem'), 'utf8')
  assert.equal(await first.stop(), 0)
  const second = await startDevelopment(again)
  try {
    assert.doesNotMatch(second.said(), /of 25 people|tables/)
    const { httpOrigin: _a, httpsOrigin: _b, ...then } = first.dev
    const { httpOrigin: _c, httpsOrigin: _d, ...now } = second.dev
    assert.deepEqual(now, then)
    assert.equal(readFileSync(join(again, 'certificate/localhost.pem'), 'utf8'), certificate)
    assert.equal(then.tenantId, program.dev.tenantId, 'ids are the same in every installation')
    assert.notEqual(then.application.secret, program.dev.application.secret, 'secrets are not')
    const readiness = await fetch(`${second.dev.httpOrigin}/readyz`)
    assert.deepEqual(await readiness.json(), { status: 'ready', failing: [] })
  } finally {
    await second.stop()
    rmSync(again, { recursive: true, force: true })
  }
})

test('a port in use is said in one sentence, and nothing goes on running', async () => {
  const other = mkdtempSync(join(tmpdir(), 'latchkey-dev-'))
  const port = new URL(program.dev.httpOrigin).port
  const late = startProgram(['dev', '--data-dir', other, '--http-port', port, '--https-port', '0'])
  const code = await new Promise(resolve => late.process.once('close', resolve))
  assert.equal(code, 1)
  assert.match(late.said(), new RegExp(`Port ${port} is in use; .*--http-port`))
  rmSync(other, { recursive: true, force: true })
})

test('DATABASE_URL puts the sample into PostgreSQL', async () => {
  const cluster = await sharedCluster()
  const database = `dev_${process.pid}`
  await asSuperuser(cluster.port, 'postgres', client => client.query(`create database ${database} owner ${ownerRole}`))
  const other = mkdtempSync(join(tmpdir(), 'latchkey-dev-'))
  try {
    const onPostgres = await startDevelopment(other, { DATABASE_URL: cluster.url(database, ownerRole) })
    assert.deepEqual(await (await fetch(`${onPostgres.dev.httpOrigin}/readyz`)).json(), { status: 'ready', failing: [] })
    assert.equal(await onPostgres.stop(), 0)
    const people = await asSuperuser(cluster.port, database, client => client.query('select count(*)::int as count from users'))
    assert.equal(people.rows[0].count, 25)
  } finally {
    rmSync(other, { recursive: true, force: true })
    await asSuperuser(cluster.port, 'postgres', client => client.query(`drop database if exists ${database} with (force)`))
  }
})
