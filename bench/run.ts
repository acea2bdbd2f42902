/**
 * `npm run bench`: five rounds, each beside its peer in the same run, medians of ratios. Absolute figures are printed for scale only;
 * the machine's own speed drifts. Bounds are the product's promises; one that is missed ends with status 1.
 */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Installation, residentMiB, startInstallation, throwAwayFolder } from './installation.ts'
import { load, median } from './load.ts'

const rounds = 5
const port = 18080
const peerPort = 18090
const json = (origin: string) => ({ 'content-type': 'application/json', 'x-latchkey': '1', origin })
const here = import.meta.dirname

interface Line {
  name: string
  values: number[]
  bound: number
  /** True: at least the bound. False: at most. */
  atLeast: boolean
  note: string
}
const lines: Line[] = []
const record = (name: string, value: number, bound: number, atLeast: boolean, note: string) => {
  const line = lines.find(one => one.name === name)
  if (line) line.values.push(value)
  else lines.push({ name, values: [value], bound, atLeast, note })
}

/** Sign-ins a second over HTTP against the bare verifications a second on the same cores. */
async function signIn(latchkey: Installation): Promise<void> {
  const bare = Number(execFileSync(process.execPath, [join(here, 'argon2-alone.ts'), '300', '8'], { encoding: 'utf8' }))
  const body = JSON.stringify({ userName: latchkey.dev.user.userPrincipalName, password: latchkey.dev.user.password })
  const done = await load(latchkey.origin, 300, 8, () => ({ method: 'POST', path: '/api/signin', headers: json(latchkey.origin), body }))
  if (done.statuses[200] !== 300) throw new Error(`sign-ins answered ${JSON.stringify(done.statuses)}`)
  record('sign-in / argon2 alone', done.perSecond / bare, 0.88, true, `${done.perSecond.toFixed(0)}/s against ${bare.toFixed(0)}/s`)
}

/** The health request's median while eight sign-ins are always wanted, against its quiet median. */
async function health(latchkey: Installation): Promise<void> {
  const ask = () => load(latchkey.origin, 400, 1, () => ({ method: 'GET', path: '/livez' }))
  const quiet = await ask()
  const body = JSON.stringify({ userName: latchkey.dev.user.userPrincipalName, password: latchkey.dev.user.password })
  const flood = load(latchkey.origin, 400, 8, () => ({ method: 'POST', path: '/api/signin', headers: json(latchkey.origin), body }))
  const busy = await ask()
  await flood
  record('health, eight sign-ins wanted / quiet', busy.median / quiet.median, 2, false, `${busy.median.toFixed(2)} ms against ${quiet.median.toFixed(2)} ms`)
}

/** Reset requests a second against better-auth's, each name asked once. */
async function resets(latchkey: Installation, peer: string, round: number): Promise<void> {
  const theirs = await load(peer, 300, 8, () => ({
    method: 'POST',
    path: '/api/auth/request-password-reset',
    headers: { 'content-type': 'application/json', origin: peer },
    body: JSON.stringify({ email: 'ann@contoso.example', redirectTo: '/x' }),
  }))
  const ours = await load(latchkey.origin, 300, 8, index => ({
    method: 'POST',
    path: '/api/resets',
    headers: json(latchkey.origin),
    body: JSON.stringify({ userPrincipalName: `bench-${round}-${index}@${latchkey.dev.domain}` }),
  }))
  if ((theirs.statuses[200] ?? 0) !== 300) throw new Error(`the peer answered ${JSON.stringify(theirs.statuses)}`)
  if ((ours.statuses[201] ?? 0) !== 300) throw new Error(`reset requests answered ${JSON.stringify(ours.statuses)}`)
  record('reset request / better-auth', ours.perSecond / theirs.perSecond, 3, true, `${ours.perSecond.toFixed(0)}/s against ${theirs.perSecond.toFixed(0)}/s`)
}

/** Pages rendered a second in one process. */
function pages(): void {
  const perSecond = Number(execFileSync(process.execPath, ['--import', join(here, '../bin/jsx.mjs'), join(here, 'render-pages.ts')], { encoding: 'utf8' }))
  record('pages rendered a second', perSecond, 5000, true, `${perSecond.toFixed(0)}/s`)
}

async function startPeer(folder: string): Promise<{ origin: string; stop(): void }> {
  const peerFolder = join(here, 'peer')
  if (!existsSync(join(peerFolder, 'node_modules'))) execFileSync(process.execPath, [process.env['npm_execpath']!, 'ci', '--ignore-scripts'], { cwd: peerFolder, stdio: 'inherit' })
  const child = spawn(process.execPath, [join(peerFolder, 'server.mjs'), String(peerPort), join(folder, 'peer.db')], { stdio: ['ignore', 'pipe', 'ignore'], env: { ...process.env, NODE_ENV: 'production' } })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', code => reject(new Error(`better-auth ended with ${code}`)))
  })
  return { origin: `http://localhost:${peerPort}`, stop: () => child.kill('SIGTERM') }
}

const folder = throwAwayFolder()
const peer = await startPeer(folder.path)
let latchkey = await startInstallation(join(folder.path, 'data'), port)
try {
  for (let round = 0; round < rounds; round++) {
    await latchkey.stop()
    latchkey = await startInstallation(join(folder.path, 'data'), port)
    record('cold start to first page, s', latchkey.startMs / 1000, 0.5, false, `${latchkey.startMs.toFixed(0)} ms`)
    await new Promise(resolve => setTimeout(resolve, 2000))
    record('idle memory, MiB', residentMiB(latchkey.pid), 100, false, `${residentMiB(latchkey.pid).toFixed(0)} MiB`)
    await signIn(latchkey)
    await health(latchkey)
    await resets(latchkey, peer.origin, round)
    pages()
  }
} finally {
  await latchkey.stop()
  peer.stop()
  folder.remove()
}

let missed = 0
for (const line of lines) {
  const value = median(line.values)
  const kept = line.atLeast ? value >= line.bound : value <= line.bound
  if (!kept) missed++
  const range = `${Math.min(...line.values).toFixed(2)}–${Math.max(...line.values).toFixed(2)}`
  console.log(`${kept ? 'kept  ' : 'MISSED'} ${line.name.padEnd(40)} ${value.toFixed(2).padStart(9)} (${range}), ${line.atLeast ? 'at least' : 'at most'} ${line.bound}; last: ${line.note}`)
}
process.exitCode = missed === 0 ? 0 : 1
