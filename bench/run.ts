/**
 * `npm run bench`: five rounds, each beside its peer in the same run, medians of ratios. Absolute figures are printed for scale only;
 * the machine's own speed drifts. Bounds are the product's promises; one that is missed ends with status 1.
 */
import { execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { type Installation, type Person, importPeople, residentMiB, startInstallation, throwAwayFolder } from './installation.ts'
import { type Outcome, load, median } from './load.ts'
import { startTokenPeers, tokens } from './tokens.ts'

const rounds = 5
const port = 18080
const peerPort = 18090
const here = import.meta.dirname
const headers = (origin: string) => ({ 'content-type': 'application/json', 'x-latchkey': '1', origin })

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
  process.stderr.write(`  ${name}: ${value.toFixed(2)} (${note})\n`)
  const line = lines.find(one => one.name === name)
  if (line) Object.assign(line, { values: [...line.values, value], note })
  else lines.push({ name, values: [value], bound, atLeast, note })
}

/** A figure of requests that were refused would be a fine one, and worth nothing. */
function allAnswered(what: string, status: number, { statuses }: Outcome): void {
  if (Object.keys(statuses).some(one => Number(one) !== status)) throw new Error(`${what} were answered ${JSON.stringify(statuses)}, not ${status}`)
}

async function startAndRest(latchkey: Installation): Promise<void> {
  record('cold start to first page, ms', latchkey.startMs, 500, false, 'process start to the sign-in page, existing data')
  await new Promise(resolve => setTimeout(resolve, 2000))
  record('idle memory, MiB', residentMiB(latchkey.pid), 100, false, 'VmRSS two seconds later')
}

const signInOf = (latchkey: Installation, { userName, password }: Person) => ({
  method: 'POST' as const, path: '/api/signin', headers: headers(latchkey.origin), body: JSON.stringify({ userName, password }),
})

/** Both sides of a comparison have run a while when it begins: a server is started once and asked for months. */
const warmUp = 400
let asked = 0
/** Somebody who has not been asked for lately: what limits count is counted for each person. */
const nextOf = (people: readonly Person[]): Person => people[asked++ % people.length]!

/** Sign-ins a second over HTTP, of many people, against the bare verifications a second on the same cores. */
async function signIn(latchkey: Installation, people: readonly Person[]): Promise<void> {
  const many = { inFlight: 8, perAddress: 10 }
  const shot = () => signInOf(latchkey, nextOf(people))
  allAnswered('sign-ins', 200, await load(latchkey.origin, { ...many, wanted: warmUp }, shot))
  const bare = Number(execFileSync(process.execPath, [join(here, 'argon2-alone.ts'), '400', '8'], { encoding: 'utf8' }))
  const done = await load(latchkey.origin, { ...many, wanted: 400 }, shot)
  allAnswered('sign-ins', 200, done)
  record('sign-in / argon2 alone', done.perSecond / bare, 0.88, true, `${done.perSecond.toFixed(0)}/s against ${bare.toFixed(0)}/s`)
}

/** Does the work while eight sign-ins are always wanted. */
async function amongSignIns<T>(latchkey: Installation, people: readonly Person[], work: () => Promise<T>): Promise<T> {
  let asking = true
  const flood = load(latchkey.origin, { inFlight: 8, wanted: () => asking, perAddress: 10 }, () => signInOf(latchkey, nextOf(people)))
  await new Promise(resolve => setTimeout(resolve, 300))
  const done = await work()
  asking = false
  allAnswered('sign-ins', 200, await flood)
  return done
}

/** The health request's median while eight sign-ins are always wanted, against its quiet median. */
async function health(latchkey: Installation, people: readonly Person[]): Promise<void> {
  const ask = () => load(latchkey.origin, { inFlight: 1, wanted: 500 }, () => ({ method: 'GET', path: '/livez' }))
  await ask()
  const quiet = await ask()
  const busy = await amongSignIns(latchkey, people, ask)
  record('health among sign-ins / quiet', busy.median / quiet.median, 2, false, `${busy.median.toFixed(2)} ms against ${quiet.median.toFixed(2)} ms`)
}

/**
 * Reset requests a second against better-auth's, which has no limits here; ours are kept, so both are asked from many addresses. Both
 * write to SQLite and answer when it is on the disk. Theirs looks the account up and writes one row; ours counts, writes, and has the
 * look-up, the audit and the message done by a worker in the same process, whose time is in the figure.
 */
async function resets(latchkey: Installation, peer: string, people: readonly Person[]): Promise<void> {
  const many = { inFlight: 8, perAddress: 5 }
  const theirShot = () => ({
    method: 'POST' as const,
    path: '/api/auth/request-password-reset',
    headers: { 'content-type': 'application/json', origin: peer },
    body: JSON.stringify({ email: 'ann@contoso.example', redirectTo: '/x' }),
  })
  const ourShot = () => ({
    method: 'POST' as const, path: '/api/resets', headers: headers(latchkey.origin), body: JSON.stringify({ username: nextOf(people).userName }),
  })
  await load(peer, { ...many, wanted: warmUp }, theirShot)
  const theirs = await load(peer, { ...many, wanted: 400 }, theirShot)
  allAnswered('the peer’s reset requests', 200, theirs)
  await load(latchkey.origin, { ...many, wanted: warmUp }, ourShot)
  const ours = await load(latchkey.origin, { ...many, wanted: 400 }, ourShot)
  allAnswered('reset requests', 201, ours)
  record('reset request / better-auth', ours.perSecond / theirs.perSecond, 3, true, `${ours.perSecond.toFixed(0)}/s against ${theirs.perSecond.toFixed(0)}/s`)
}

/** Pages rendered a second in one process: the slowest of the common ones counts. */
function pages(): void {
  const rates = JSON.parse(execFileSync(process.execPath, ['--import', join(here, '../bin/jsx.mjs'), join(here, 'render-pages.ts')], { encoding: 'utf8' })) as Record<string, number>
  const [[slowest, rate]] = Object.entries(rates).sort((a, b) => a[1] - b[1]) as [[string, number]]
  record('slowest page rendered, a second', rate, 5000, true, slowest)
}

async function startPeer(folder: string): Promise<{ origin: string; stop(): void }> {
  const peerFolder = join(here, 'peer')
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'], { cwd: peerFolder, stdio: ['ignore', 'ignore', 'inherit'] })
  const child = spawn(process.execPath, [join(peerFolder, 'server.mjs'), String(peerPort), join(folder, 'peer.db')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve())
    child.once('exit', code => reject(new Error(`better-auth ended with ${code}`)))
  })
  return { origin: `http://localhost:${peerPort}`, stop: () => child.kill('SIGTERM') }
}

const folder = throwAwayFolder()
const dataDir = join(folder.path, 'data')
/** `npm run bench -- tokens` measures only what has that name; without a name everything. */
const named = process.argv.slice(2)
const wants = (name: string) => named.length === 0 || named.includes(name)
const peer = await startPeer(folder.path)
const tokenPeers = await startTokenPeers(folder.path, peerPort + 10)
let latchkey = await startInstallation(dataDir, port)
try {
  const people = importPeople(dataDir, latchkey.dev.domain, 800)
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`round ${round} of ${rounds}\n`)
    await latchkey.stop()
    latchkey = await startInstallation(dataDir, port)
    if (wants('start')) await startAndRest(latchkey)
    if (wants('signin')) await signIn(latchkey, people)
    if (wants('health')) await health(latchkey, people)
    if (wants('resets')) await resets(latchkey, peer.origin, people)
    if (wants('pages')) pages()
    if (wants('tokens')) await tokens({ latchkey, dataDir, peer: tokenPeers, record, busily: work => amongSignIns(latchkey, people, work) })
  }
} finally {
  await latchkey.stop()
  peer.stop()
  tokenPeers.stop()
  folder.remove()
}

for (const line of lines) {
  const value = median(line.values)
  const kept = line.atLeast ? value >= line.bound : value <= line.bound
  if (!kept) process.exitCode = 1
  const range = `${Math.min(...line.values).toFixed(2)}–${Math.max(...line.values).toFixed(2)}`
  console.log(`${kept ? 'kept  ' : 'MISSED'} ${line.name.padEnd(32)} ${value.toFixed(2).padStart(9)} (${range}), ${line.atLeast ? 'at least' : 'at most'} ${line.bound}; last: ${line.note}`)
}
