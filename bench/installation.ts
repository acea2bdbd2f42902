/** The development mode as a child process, as `npm start` starts it, on ports of its own and a folder that is thrown away. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fire } from './load.ts'

export interface Installation {
  origin: string
  dev: { domain: string }
  pid: number
  /** Milliseconds from the start of the process to the first page. */
  startMs: number
  stop(): Promise<void>
}

const command = join(import.meta.dirname, '..', 'bin', 'latchkey.mjs')

/** Starts on an empty folder, or on one that an earlier start has filled. */
export async function startInstallation(dataDir: string, port: number): Promise<Installation> {
  const began = performance.now()
  const child = spawn(process.execPath, [command, 'dev', '--data-dir', dataDir, '--http-port', String(port), '--https-port', String(port + 1)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const origin = `http://localhost:${port}`
  await untilAnswers(origin, child)
  const startMs = performance.now() - began
  const dev = JSON.parse(readFileSync(join(dataDir, 'dev.json'), 'utf8')) as Installation['dev']
  return { origin, dev, pid: child.pid!, startMs, stop: () => stop(child) }
}

async function untilAnswers(origin: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 10_000; tries++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
    const answer = await fire(origin, { method: 'GET', path: '/signin' }).catch(() => undefined)
    if (answer?.status === 200) return
    await new Promise(resolve => setTimeout(resolve, 3))
  }
  throw new Error('the server did not answer')
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

export interface Person {
  userName: string
  password: string
}

/** So many people with passwords that are known, by the same import that operators use. */
export function importPeople(dataDir: string, domain: string, count: number): Person[] {
  const people = Array.from({ length: count }, (_, index) => ({ userName: `person${index}@${domain}`, password: `Kelp-${index}-Gr8#71-harbour` }))
  const file = join(dataDir, 'people.csv')
  writeFileSync(file, ['userPrincipalName,displayName,password', ...people.map((one, index) => `${one.userName},Person ${index},${one.password}`)].join('\n'))
  execFileSync(process.execPath, [command, 'import', file, '--data-dir', dataDir], { stdio: ['ignore', 'ignore', 'inherit'] })
  return people
}

export function throwAwayFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Resident memory of a process in MiB, as Linux counts it. */
export function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}
