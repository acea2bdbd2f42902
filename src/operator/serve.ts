/** `latchkey serve`: the production server. Starts only with a configuration that is right and tables that are up to date. */
import { statSync } from 'node:fs'
import type { Config, VerbIo } from '../config.ts'
import { defaultTenant } from '../store/tenants.ts'
import { checkKeysFile } from './check-config.ts'
import { ConfigError } from './config-error.ts'
import { openStoreOf, OperatorError, parseArgs, requireCurrentTables, runVerb } from './open-app.ts'
import { configSource, readConfig } from './read-config.ts'
import { startServer, untilStopped } from './run-server.ts'

export function run(args: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async ({ say }) => {
    const { values } = parseArgs({ args, options: { config: { type: 'string' } } })
    const config = readConfig(configSource(values.config === undefined ? [] : ['--config', values.config], io.env))
    checkKeysFile(config)
    refuseOpenFolder(config.dataDir)
    await requireReady(config)
    try {
      const running = await startServer(config)
      const stopped = untilStopped(running)
      say('operator.serve.ready', { origin: config.publicOrigin, listener: `${config.listeners[0]!.host}:${config.listeners[0]!.port}` })
      return await stopped
    } catch (error) {
      const { code, port } = error as { code?: string; port?: number }
      if (code === 'EADDRINUSE' || code === 'EACCES') throw new OperatorError('operator.serve.port', { port: port ?? config.listeners[0]!.port, detail: code })
      throw error
    }
  })
}

/** A server never starts on tables of another version (T-82), nor before there is anybody to serve. */
async function requireReady(config: Config): Promise<void> {
  const store = await openStoreOf(config)
  try {
    await requireCurrentTables(store)
    if (!(await defaultTenant(store.db))) throw new OperatorError('operator.serve.noTenant')
  } finally {
    await store.close()
  }
}

/** The SQLite file and one-time files lie there: nobody else may even list it. */
function refuseOpenFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false })
  if (found && (found.mode & 0o007) !== 0) throw new ConfigError('operator.config.openFolder', { folder })
}
