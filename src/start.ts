/**
 * From a configuration to a running installation, and back: the store is opened, the keys are read, the loops are started, the
 * sockets are opened. `serve` and the development mode differ in their configuration, not in their parts.
 */
import type { FastifyInstance } from 'fastify'
import type { App } from './app.ts'
import { noAgents } from './agents-none.ts'
import type { Config } from './config.ts'
import { openKeyring } from './keyring.ts'
import { startIsOver } from './lean-start.ts'
import { type Listening, listen } from './listen.ts'
import { type Log, openLog } from './log.ts'
import { startDispatcher } from './notify/dispatch.ts'
import { sendersOf } from './notify/senders.ts'
import { buildServer } from './server.ts'
import { startHousekeeping } from './housekeeping.ts'
import { startCredentialUseLog } from './credentials/credential-use.ts'
import { startSignInLog } from './store/sign-ins.ts'
import { type Store, openStore } from './store/open.ts'

/** An installation that answers; `stop` lets requests under way finish and loses nothing. */
export interface Running {
  app: App
  store: Store
  server: FastifyInstance
  /** The origins that really listen, in the order of the configuration. */
  origins: string[]
  stop(): Promise<void>
}

/** The App without sockets or loops: for verbs that work on the database, and for what starts below. */
export async function openApp(config: Config, log: Log = openLog(config.logLevel)): Promise<{ app: App; store: Store; close(): Promise<void> }> {
  const databaseUrl = config.databaseUrl?.reveal()
  const store = await openStore(databaseUrl === undefined ? { file: config.databaseFile } : { databaseUrl })
  const keys = await openKeyring({ keyFile: config.keysFile, db: store.db, now: () => store.clock.now() })
  const app: App = { config, db: store.db, now: () => store.clock.now(), keys, wake: store.wake, agents: noAgents, log }
  return { app, store, close: () => store.close() }
}

/**
 * Starts everything the configuration names.
 * @throws what made the start impossible; nothing is left running then
 */
export async function start(config: Config): Promise<Running> {
  const { app, store } = await openApp(config)
  const server = await buildServer(app, store)
  const signIns = startSignInLog(app)
  const credentialUses = startCredentialUseLog(app)
  const dispatcher = startDispatcher(app, await sendersOf(config))
  const housekeeping = startHousekeeping(app)
  const sockets: Listening[] = []
  const stop = async () => {
    await Promise.all(sockets.map(socket => socket.close()))
    await server.close()
    await housekeeping.stop()
    await dispatcher.stop()
    await signIns.stop()
    await credentialUses.stop()
    await store.close()
  }
  try {
    for (const listener of config.listeners) sockets.push(await listen(server, listener))
  } catch (error) {
    await stop()
    throw error
  }
  startIsOver()
  return { app, store, server, origins: sockets.map(socket => socket.origin), stop }
}
