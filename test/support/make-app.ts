/**
 * A whole installation for a test: real store, real keys, real server, real dispatcher; only the clock is ours, and mail and texts
 * land where the test can read them. Nothing listens: requests go through `inject()`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import type { AgentHub, App } from '../../src/app.ts'
import { noAgents } from '../../src/agents-none.ts'
import type { Config } from '../../src/config.ts'
import { newKeyFile } from '../../src/key-file.ts'
import { openKeyring } from '../../src/keyring.ts'
import { type Log, openLog } from '../../src/log.ts'
import { startDispatcher } from '../../src/notify/dispatch.ts'
import { type DeclaredRoute, buildServer, routesOf } from '../../src/server.ts'
import { startCredentialUseLog } from '../../src/credentials/credential-use.ts'
import { startSignInLog } from '../../src/store/sign-ins.ts'
import type { Store } from '../../src/store/open.ts'
import { Browser } from './browse.ts'
import { captureSenders, type CapturedMail, type CapturedText } from './capture.ts'
import { watchGraph } from './csdl.ts'
import { foundTenant } from './people.ts'
import { openTestStore } from './store.ts'

export interface TestApp {
  app: App
  store: Store
  server: FastifyInstance
  /** Every route of the server, as it was declared. */
  routes: readonly DeclaredRoute[]
  /** The tenant `contoso.example`, which is also the default one. */
  tenantId: string
  /** Everything sent so far, oldest first. */
  mail: CapturedMail[]
  texts: CapturedText[]
  clock: { now(): number; advance(milliseconds: number): Promise<void> }
  /** Runs the worker until nothing is due; returns how many rows it handled. */
  work(): Promise<number>
  /** A browser with its own cookies. */
  browser(options?: { address?: string; language?: string }): Browser
  /** Replaces the agent's end of the wire. */
  setAgents(agents: AgentHub): void
  close(): Promise<void>
}

export interface MakeAppOptions {
  engine?: 'sqlite' | 'postgres'
  /** Another instance on the same database: give the store of the first. */
  config?: Partial<Config>
  log?: Log
}

export async function makeApp(options: MakeAppOptions = {}): Promise<TestApp> {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  const keysFile = join(dataDir, 'keys.json')
  newKeyFile(keysFile)
  const store = await openTestStore(options.engine ?? 'sqlite')
  const config: Config = {
    mode: 'production',
    publicOrigin: 'https://reset.contoso.example',
    listeners: [{ origin: 'https://reset.contoso.example', host: '127.0.0.1', port: 0 }],
    dataDir,
    databaseFile: join(dataDir, 'latchkey.db'),
    keysFile,
    trustedProxies: [],
    mail: { kind: 'folder' },
    sms: { kind: 'folder' },
    logLevel: 'silent',
    ...options.config,
  }
  const keys = await openKeyring({ keyFile: keysFile, db: store.db, now: () => store.clock.now() })
  let agents = noAgents
  const app: App = {
    config,
    db: store.db,
    now: () => store.clock.now(),
    keys,
    wake: store.wake,
    agents: {
      writePassword: request => agents.writePassword(request),
      unlock: request => agents.unlock(request),
      verifyPassword: request => agents.verifyPassword(request),
    },
    log: options.log ?? openLog('silent'),
  }
  const tenantId = await foundTenant(app)
  // An open store keeps the test's process alive: a server that does not come up must end the test, not hang it.
  const server = await buildServer(app, store).catch(async (error: unknown) => {
    await store.close()
    throw error
  })
  watchGraph(server)
  const captured = captureSenders()
  const dispatcher = startDispatcher(app, captured.senders, { loop: false })
  const signIns = startSignInLog(app)
  const credentialUses = startCredentialUseLog(app)
  return {
    app,
    store,
    server,
    routes: routesOf(server),
    tenantId,
    mail: captured.mail,
    texts: captured.texts,
    clock: { now: app.now, advance: milliseconds => store.clock.advance(milliseconds) },
    work: () => workUntilIdle(dispatcher),
    browser: (how = {}) => new Browser(server, config.listeners[0]!.origin, how),
    setAgents: hub => {
      agents = hub
    },
    close: async () => {
      await dispatcher.stop()
      await server.close()
      await signIns.stop()
      await credentialUses.stop()
      await store.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

async function workUntilIdle(dispatcher: { once(): Promise<number> }): Promise<number> {
  let handled = 0
  for (let round = 0; round < 50; round++) {
    const now = await dispatcher.once()
    if (now === 0) return handled
    handled += now
  }
  throw new Error('the worker never became idle')
}
