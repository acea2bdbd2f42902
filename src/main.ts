/**
 * The command. Verbs that work on the database (`dev`, `serve`, `init`, `migrate`, …) are the operator's; all others are clients of
 * a running server (LD-61). Each loads only its own room.
 */
import { availableParallelism } from 'node:os'
import { verbs } from './operator/verbs.ts'

// Hashes run in libuv's pool, one for each core (LD-37), and must leave room for the disk's turn, for which every commit waits
// (decision 010). The pool has four threads unless told before its first use.
process.env['UV_THREADPOOL_SIZE'] ??= String(Math.max(4, availableParallelism() + 2))

async function main([verb = 'help', ...rest]: string[]): Promise<number> {
  const io = { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin, env: process.env }
  const load = verbs[verb]
  return load ? (await load()).run(rest, io) : (await import('./cli/run.ts')).run([verb, ...rest], io)
}

// Not awaited here: the bundle is CommonJS, which cannot wait at its top.
void main(process.argv.slice(2)).then(status => {
  process.exitCode = status
})
