/**
 * The last step of a reset in a process of its own, to be killed in the middle: `finisher.ts <config> <cookie> <password>
 * <when>`, where `when` is `before:<n>` or `after:<n>` for the n-th statement, `at:<milliseconds>`, or `never`. Says how
 * many statements and milliseconds it took.
 */
import type { KyselyPlugin } from 'kysely'
import { readConfig } from '../../src/operator/read-config.ts'
import { finishReset } from '../../src/reset/finish-reset.ts'
import { findTransaction } from '../../src/reset/transaction.ts'
import { Secret } from '../../src/secret.ts'
import { openApp } from '../../src/start.ts'
import { openLog } from '../../src/log.ts'

const [configFile, cookie, password, when] = process.argv.slice(2)
const [place, number] = when!.split(':') as [string, string | undefined]
const die = () => process.kill(process.pid, 'SIGKILL')

let [begun, ended] = [0, 0]
const counting: KyselyPlugin = {
  transformQuery: ({ node }) => {
    if (++begun === Number(number) && place === 'before') die()
    return node
  },
  transformResult: async ({ result }) => {
    if (++ended === Number(number) && place === 'after') die()
    return result
  },
}

const { app, close } = await openApp(readConfig({ file: configFile!, env: {} }), openLog('silent'))
const watched = { ...app, db: app.db.withPlugin(counting) }
const transaction = await findTransaction(app, cookie)
const start = performance.now()
if (place === 'at') setTimeout(die, Number(number))
const finished = await finishReset(watched, transaction!, new Secret(password!))
const milliseconds = performance.now() - start
process.stdout.write(`${JSON.stringify({ ...finished, statements: ended, milliseconds })}\n`)
await close()
