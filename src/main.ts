/**
 * The command. Verbs that work on the database (`dev`, `serve`, `init`, `migrate`, …) are the operator's; all others are clients of
 * a running server (LD-61). Each loads only its own room.
 */
const io = { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin, env: process.env }
const [verb = 'help', ...rest] = process.argv.slice(2)

const { verbs } = await import('./operator/verbs.ts')
const load = verbs[verb]
const status = load ? await (await load()).run(rest, io) : await (await import('./cli/run.ts')).run([verb, ...rest], io)
process.exitCode = status
export {}
