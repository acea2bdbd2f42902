// better-auth with its own recommended set-up on SQLite: e-mail and password, a reset mail that is only counted. One process.
import { createServer } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'

const [port, file] = process.argv.slice(2)
const database = new DatabaseSync(file)
database.exec('pragma journal_mode = wal; pragma synchronous = full') // as Latchkey keeps its own
const options = {
  baseURL: `http://localhost:${port}`,
  secret: 'bench-bench-bench-bench-bench-bench-bench',
  database,
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  emailAndPassword: { enabled: true, sendResetPassword: async () => {} },
}
const { runMigrations } = await getMigrations(options)
await runMigrations()
const auth = betterAuth(options)
await auth.api.signUpEmail({ body: { name: 'Ann', email: 'ann@contoso.example', password: 'Gr8-ann-Kelp#71' } })
createServer(toNodeHandler(auth)).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'))
