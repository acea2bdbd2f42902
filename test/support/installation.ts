/** The program itself as a child process: the development mode or the production server, on ports of its own. */
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DevFile } from '../../src/development/dev-file.ts'

const root = join(import.meta.dirname, '..', '..')

export interface Program {
  process: ChildProcess
  /** Everything it has written so far. */
  said(): string
  /** Ends it kindly; @returns its exit status */
  stop(): Promise<number | null>
}

/** Starts `latchkey …`; `env` is all the environment it has beside PATH. */
export function startProgram(args: string[], env: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, ['--import', join(root, 'bin/jsx.mjs'), join(root, 'src/main.ts'), ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  child.stdout.on('data', (data: Buffer) => (text += String(data)))
  child.stderr.on('data', (data: Buffer) => (text += String(data)))
  const ended = new Promise<number | null>(resolve => child.once('close', code => resolve(code)))
  return {
    process: child,
    said: () => text,
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

/** Waits until the address answers; throws with what the program said when it ends before. */
export async function untilAnswers(program: Program, url: string): Promise<void> {
  while (program.process.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.ok) return
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error(`the program ended: ${program.said()}`)
}

/** Waits until the program has said something. */
export async function untilSaid(program: Program, words: RegExp): Promise<void> {
  while (!words.test(program.said())) {
    if (program.process.exitCode !== null) throw new Error(`the program ended: ${program.said()}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** The development mode on any free ports. */
export async function startDevelopment(dataDir: string, env: Record<string, string> = {}, more: readonly string[] = []): Promise<Program & { dev: DevFile }> {
  const program = startProgram(['dev', '--data-dir', dataDir, '--http-port', '0', '--https-port', '0', ...more], env)
  await untilSaid(program, /\/dev\/mailbox/)
  return { ...program, dev: JSON.parse(readFileSync(join(dataDir, 'dev.json'), 'utf8')) as DevFile }
}
