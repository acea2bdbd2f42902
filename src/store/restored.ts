import { sql } from 'kysely'
import type { Db } from '../app.ts'
import { beginLineage } from './changes.ts'

/** Ends what a backup would bring to life again: sessions, codes, recoveries, passes, waiting messages, one-time passwords (T-74). */
export async function voidPassingThings(trx: Db, now: number): Promise<void> {
  await trx.deleteFrom('sessions').execute()
  await trx.deleteFrom('challenges').execute()
  await trx.deleteFrom('resetGates').execute()
  await trx.deleteFrom('resets').execute()
  await trx.deleteFrom('temporaryAccessPasses').execute()
  await trx.deleteFrom('outbox').execute()
  await beginLineage(trx, now)
  await trx.updateTable('operations').set({ status: 'failed', statusDetail: 'restored', lastActionDateTime: now }).where('status', 'in', ['notStarted', 'running']).execute()
  await trx.updateTable('passwords').set({ temporaryUsedAt: now }).where('temporaryUntil', 'is not', null).where('temporaryUsedAt', 'is', null).execute()
  // No code of an authenticator that was shown until now counts once more (T-05).
  await trx
    .updateTable('authenticationMethods')
    .set({ lastStep: sql<number>`cast(${now} / (oath_step_seconds * 1000) as bigint)` })
    .where('oathStepSeconds', 'is not', null)
    .execute()
}
