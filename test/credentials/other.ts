/** A second process for the tests of credentials: `other.ts <what> <ticket> <JSON>`; answers in lines. */
import { createInterface } from 'node:readline'
import { checkCode } from '../../src/credentials/check-code.ts'
import type { CodeCheck } from '../../src/credentials/check-code.ts'
import { setPassword } from '../../src/credentials/set-password.ts'
import { Secret } from '../../src/secret.ts'
import { joinStage } from './stage.ts'

const [what, ticket, given] = process.argv.slice(2)
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const heard = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const { app, store, tenantId } = await joinStage(ticket!)
// A domain that takes everything, for people who have one.
app.agents = { ...app.agents, writePassword: async () => ({ status: 'done', agentId: 'a' }) }

const errands: Record<string, () => Promise<void>> = {
  /** Says "ready", waits for a line, checks the same code `count` times at once and says the verdicts. */
  async checkCode() {
    const { check, count } = JSON.parse(given!) as { check: CodeCheck; count: number }
    say('ready')
    await heard.next()
    say(JSON.stringify(await Promise.all(Array.from({ length: count }, () => checkCode(app, check)))))
  },
  /** Sets a password as the last step of a reset whose transaction is a row in `onceOnly`; may be killed on the way. */
  async setPassword() {
    const { userId, newPassword } = JSON.parse(given!) as { userId: string; newPassword: string }
    const set = await setPassword(app, {
      tenantId, userId, newPassword: new Secret(newPassword), channel: 'sspr-portal', actor: { kind: 'user', userId }, correlationId: 'c', idempotencyKey: 'reset-1',
      alsoInTransaction: async trx => {
        await trx.insertInto('onceOnly').values({ tenantId, key: 'reset:1', outcome: 'done', expiresAt: app.now() + 600_000 }).execute()
      },
    })
    say(set.outcome)
  },
}

await errands[what!]!()
await store.close()
process.stdin.destroy()
