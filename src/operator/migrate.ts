/** `latchkey migrate`: brings the tables up to date; on PostgreSQL as their owner, so that the server needs lesser rights (LD-38). */
import type { Config, VerbIo } from '../config.ts'
import { migrate } from '../store/migrate.ts'
import { configOf, openStoreOf, parseArgs, runVerb, whereOptions } from './open-app.ts'

export function run(args: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async ({ say }) => {
    const { values } = parseArgs({ args, options: whereOptions })
    const done = await bringUpToDate(await configOf(values, io.env))
    if (done.length === 0) say('operator.migrate.nothing')
    for (const name of done) say('operator.migrate.done', { name })
    return 0
  })
}

/** @returns the names of the migrations that ran */
export async function bringUpToDate(config: Config): Promise<string[]> {
  const store = await openStoreOf(config, true)
  try {
    const serveUser = config.databaseOwnerUrl && config.databaseUrl ? URL.parse(config.databaseUrl.reveal())?.username : undefined
    return await migrate(store, serveUser ? { serveRole: decodeURIComponent(serveUser) } : {})
  } finally {
    await store.close()
  }
}
