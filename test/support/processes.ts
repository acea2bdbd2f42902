/** Other processes, so that a test can see what two of them do at once, or what is left of one that was killed. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Other {
  process: ChildProcess
  /** The next line it writes, or undefined when it has ended. */
  line(): Promise<string | undefined>
  /** Every line until it ends by itself; throws when it ends badly. */
  rest(): Promise<string[]>
  say(line: string): void
}

/** Starts a module of the test folder in a Node process of its own: `runOther('test/store/racer.ts', 'argument')`. */
export function runOther(module: string, ...given: string[]): Other {
  const child = spawn(process.execPath, ['--import', './bin/jsx.mjs', module, ...given], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = new Promise<number | null>(resolve => child.once('exit', resolve))
  const line = async (): Promise<string | undefined> => {
    const next = await lines.next()
    return next.done ? undefined : next.value
  }
  const rest = async (): Promise<string[]> => {
    const all: string[] = []
    for (let next = await line(); next !== undefined; next = await line()) all.push(next)
    const code = await ended
    if (code !== 0) throw new Error(`${module} ended with ${code}: ${all.slice(-3).join(' | ')}`)
    return all
  }
  return { process: child, line, rest, say: text => void child.stdin.write(`${text}\n`) }
}
