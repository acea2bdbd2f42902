/** What the tests of credentials and notices stand on: a real store, real keys, a tenant, and messages that are kept. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { AgentHub, App } from '../../src/app.ts'
import { noAgents } from '../../src/agents-none.ts'
import type { Config } from '../../src/config.ts'
import { newKeyFile } from '../../src/key-file.ts'
import { openKeyring } from '../../src/keyring.ts'
import { openLog } from '../../src/log.ts'
import { startDispatcher } from '../../src/notify/dispatch.ts'
import type { MailMessage, TextMessage } from '../../src/notify/message.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store, StoreOptions } from '../../src/store/open.ts'
import { captureSenders } from '../support/capture.ts'
import { foundTenant } from '../support/people.ts'
import { engines, openTestStore } from '../support/store.ts'
import type { Engine } from '../support/store.ts'

export interface Stage {
  app: App
  store: Store
  tenantId: string
  mail: MailMessage[]
  texts: TextMessage[]
  advance(milliseconds: number): Promise<void>
  /** Sends and does what is due, until nothing is. */
  work(): Promise<void>
  setAgents(agents: Partial<AgentHub>): void
  /** What another process needs to stand on the same stage: JSON for `joinStage`. */
  ticket: string
}

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

/** Declares the test for both engines, each time on a stage of its own. */
export function onStage(name: string, body: (stage: Stage) => Promise<void>, config: Partial<Config> = {}): void {
  for (const engine of engines) {
    test(`${name} (${engine})`, async () => {
      const stage = await openStage(engine, config)
      try {
        await body(stage)
      } finally {
        await stage.close()
      }
    })
  }
}

export async function openStage(engine: Engine, more: Partial<Config> = {}): Promise<Stage & { close(): Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-stage-'))
  const keysFile = join(dataDir, 'keys.json')
  newKeyFile(keysFile)
  const store = await openTestStore(engine)
  const config = configOf(dataDir, keysFile, more)
  let agents: AgentHub = noAgents
  const app = await appOn(store, config, {
    writePassword: request => agents.writePassword(request),
    unlock: request => agents.unlock(request),
    verifyPassword: request => agents.verifyPassword(request),
  })
  const tenantId = await foundTenant(app)
  const { senders, mail, texts } = captureSenders()
  const dispatcher = startDispatcher(app, senders, { loop: false })
  return {
    app, store, tenantId, mail, texts,
    advance: milliseconds => store.clock.advance(milliseconds),
    work: async () => {
      while ((await dispatcher.once()) > 0);
    },
    setAgents: some => {
      agents = { ...noAgents, ...some }
    },
    ticket: JSON.stringify({ options: store.options, dataDir, keysFile, tenantId }),
    close: async () => {
      await dispatcher.stop()
      await store.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** In another process: the same database, the same keys. */
export async function joinStage(ticket: string): Promise<{ app: App; store: Store; tenantId: string }> {
  const { options, dataDir, keysFile, tenantId } = JSON.parse(ticket) as { options: StoreOptions; dataDir: string; keysFile: string; tenantId: string }
  const store = await openStore(options)
  return { app: await appOn(store, configOf(dataDir, keysFile, {}), noAgents), store, tenantId }
}

async function appOn(store: Store, config: Config, agents: AgentHub): Promise<App> {
  const now = () => store.clock.now()
  const keys = await openKeyring({ keyFile: config.keysFile, db: store.db, now })
  return { config, db: store.db, now, keys, wake: store.wake, agents, log: openLog('silent') }
}

function configOf(dataDir: string, keysFile: string, more: Partial<Config>): Config {
  return {
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
    ...more,
  }
}
