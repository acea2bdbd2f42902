/**
 * A throw-away PostgreSQL from the machine's own binaries, on loopback, in a temporary folder. The files of one test run share
 * one cluster, each test has a database of its own; a watcher ends the cluster when the run has ended, however it ended.
 */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** May make databases and roles and is bound by row-level security, unlike the superuser. */
export const ownerRole = 'latchkey_owner'
/** What the server connects as. */
export const serverRole = 'latchkey_server'

export interface Cluster {
  port: number
  folder: string
  /** The address of a database for one of the roles above, or for `postgres`. */
  url(database: string, role?: string): string
}

export interface PrivateCluster extends Cluster {
  stop(): Promise<void>
  start(): Promise<void>
  /** The server stays connected and says nothing, as when the line is cut, until it is let go on. */
  freeze(): void
  thaw(): void
  remove(): Promise<void>
}

/** A cluster that the caller may stop and start. Call `remove()` in the end. */
export async function privateCluster(): Promise<PrivateCluster> {
  const folder = newFolder()
  const port = await freePort()
  await initialise(folder)
  let server: ChildProcess | undefined
  const start = async (): Promise<void> => {
    server = await startServer(folder, port)
  }
  const stop = async (): Promise<void> => {
    const running = server
    server = undefined
    if (!running || running.exitCode !== null) return
    const ended = new Promise(resolve => running.once('exit', resolve))
    running.kill('SIGINT')
    await ended
  }
  await start()
  await makeRoles(port)
  const signalAll = (signal: 'SIGSTOP' | 'SIGCONT'): void => {
    const main = server!.pid!
    const children = execFileSync('pgrep', ['-P', String(main)], { encoding: 'utf8' }).trim().split('\n').map(Number)
    for (const pid of [main, ...children]) process.kill(pid, signal)
  }
  const remove = async (): Promise<void> => {
    await stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return { port, folder, url: urlFor(port), start, stop, freeze: () => signalAll('SIGSTOP'), thaw: () => signalAll('SIGCONT'), remove }
}

let shared: Promise<Cluster> | undefined

/** The cluster of this test run: started by whoever asks first. */
export function sharedCluster(): Promise<Cluster> {
  return (shared ??= findOrStart())
}

async function findOrStart(): Promise<Cluster> {
  // The runner starts a process for each test file: its pid is what they have in common.
  const run = process.env.NODE_TEST_CONTEXT ? process.ppid : process.pid
  const meeting = join(tmpdir(), `latchkey-test-${run}`)
  const card = join(meeting, 'cluster.json')
  let first = true
  try {
    mkdirSync(meeting)
  } catch {
    first = false
  }
  if (first) {
    const folder = newFolder()
    const port = await freePort()
    await initialise(folder)
    const server = await startServer(folder, port)
    watch(run, server.pid!, [folder, meeting])
    server.unref()
    await makeRoles(port)
    writeFileSync(`${card}.new`, JSON.stringify({ port, folder }))
    renameSync(`${card}.new`, card)
  }
  for (let waited = 0; !existsSync(card); waited += 50) {
    if (waited > 60_000) throw new Error(`No PostgreSQL came up; remove ${meeting} if a run was killed`)
    await sleep(50)
  }
  const { port, folder } = JSON.parse(readFileSync(card, 'utf8')) as { port: number; folder: string }
  return { port, folder, url: urlFor(port) }
}

/** Outlives the test processes, also those killed: ends the server when the run is over. */
function watch(run: number, server: number, folders: string[]): void {
  const script = `
    run=$1 server=$2; shift 2
    while kill -0 $run 2>/dev/null; do sleep 0.5; done
    kill -INT $server
    for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 $server 2>/dev/null || break; sleep 0.3; done
    rm -rf "$@"`
  spawn('sh', ['-c', script, 'sh', String(run), String(server), ...folders], { detached: true, stdio: 'ignore' }).unref()
}

const urlFor =
  (port: number) =>
  (database: string, role = serverRole): string =>
    `postgres://${role}@127.0.0.1:${port}/${database}`

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-pg-'))
  const { uid, gid } = serverUser()
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid)
  return folder
}

/** PostgreSQL refuses to run as root: the packaged user stands in. */
function serverUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {}
  const line = readFileSync('/etc/passwd', 'utf8').match(/^postgres:[^:]*:(\d+):(\d+):/m)
  if (!line) throw new Error('Run as root, the PostgreSQL tests need the user "postgres" (bin/install-test-packages.sh)')
  return { uid: Number(line[1]), gid: Number(line[2]) }
}

function binaries(): string {
  const packaged = '/usr/lib/postgresql'
  const versions = existsSync(packaged) ? readdirSync(packaged).filter(name => existsSync(join(packaged, name, 'bin/postgres'))) : []
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0]
  if (newest === undefined) throw new Error('PostgreSQL is not installed: run bin/install-test-packages.sh')
  return join(packaged, newest, 'bin')
}

async function initialise(folder: string): Promise<void> {
  const options = ['--no-sync', '--no-instructions', '--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C.UTF-8']
  const log = openSync(join(folder, 'initdb.log'), 'a')
  const made = spawn(join(binaries(), 'initdb'), [...options, '-D', join(folder, 'data')], { ...serverUser(), cwd: folder, stdio: ['ignore', log, log] })
  const code = await new Promise(resolve => made.once('exit', resolve))
  if (code !== 0) throw new Error(`initdb failed: ${readFileSync(join(folder, 'initdb.log'), 'utf8')}`)
}

async function startServer(folder: string, port: number): Promise<ChildProcess> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: folder,
    fsync: 'off', // the machine is not going to lose power for a test; killed processes lose nothing by it
    full_page_writes: 'off',
    shared_buffers: '32MB',
    max_connections: '200',
  }
  const log = openSync(join(folder, 'server.log'), 'a')
  const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(join(binaries(), 'postgres'), ['-D', join(folder, 'data'), ...given], {
    ...serverUser(),
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log],
  })
  for (let tries = 0; !(await answers(port)); tries++) {
    if (server.exitCode !== null || tries > 300) throw new Error(`PostgreSQL did not start: ${readFileSync(join(folder, 'server.log'), 'utf8')}`)
    await sleep(50)
  }
  return server
}

async function answers(port: number): Promise<boolean> {
  try {
    await asSuperuser(port, 'postgres', async client => void (await client.query('select 1')))
    return true
  } catch {
    return false
  }
}

async function makeRoles(port: number): Promise<void> {
  await asSuperuser(port, 'postgres', async client => {
    await client.query(`create role ${ownerRole} login createdb createrole`)
    await client.query(`create role ${serverRole} login`)
  })
}

export async function asSuperuser<T>(port: number, database: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: urlFor(port)(database, 'postgres') })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}
