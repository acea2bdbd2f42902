/** The development mode as a child process, on ports of its own and a folder that is thrown away. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Installation {
  origin: string
  dev: { user: { userPrincipalName: string; password: string }; domain: string }
  pid: number
  /** Milliseconds from the start of the process to the first answer. */
  startMs: number
  stop(): Promise<void>
}

const root = join(import.meta.dirname, '..')

/** Starts on an empty folder, or on one that an earlier start has filled. */
export async function startInstallation(dataDir: string, port: number): Promise<Installation> {
  const began = performance.now()
  const child = spawn(process.execPath, ['--import', join(root, 'bin/jsx.mjs'), join(root, 'src/main.ts'), 'dev', '--data-dir', dataDir, '--http-port', String(port), '--https-port', String(port + 1)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const origin = `http://localhost:${port}`
  await untilAnswers(`${origin}/signin`, child)
  const startMs = performance.now() - began
  const dev = JSON.parse(readFileSync(join(dataDir, 'dev.json'), 'utf8')) as Installation['dev']
  return { origin, dev, pid: child.pid!, startMs, stop: () => stop(child) }
}

async function untilAnswers(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 6000; tries++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
    const answer = await fetch(url).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok) return
    await new Promise(resolve => setTimeout(resolve, 5))
  }
  throw new Error('the server did not answer')
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise(resolve => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}

export function throwAwayFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Resident memory of a process in MiB, as Linux counts it. */
export function residentMiB(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}
