/** From a configuration to an App, for every verb that works on the database itself. */
import { mkdirSync } from 'node:fs'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { noAgents } from '../agents-none.ts'
import type { App } from '../app.ts'
import type { Config, VerbIo } from '../config.ts'
import { openKeyring } from '../keyring.ts'
import { openLog } from '../log.ts'
import { isUnavailable } from '../store/errors.ts'
import { openStore, type Store } from '../store/open.ts'
import { NewerTables, pendingMigrations, refuseNewerTables } from '../store/migrate.ts'
import { matchLocale, translate, type Locale, type MessageKey, type MessageValues } from '../text.ts'
import { checkKeysFile } from './check-config.ts'
import { ConfigError } from './config-error.ts'

/** What a verb refuses, as a sentence `operator.…`; printed without a stack, exit status 1. */
export class OperatorError extends Error {
  readonly messageKey: MessageKey
  readonly values: MessageValues

  constructor(messageKey: MessageKey, values: MessageValues = {}) {
    super(messageKey)
    this.name = 'OperatorError'
    this.messageKey = messageKey
    this.values = values
  }
}

/** The reader's language at a terminal: LATCHKEY_LANG, else the locale of the shell, else English. */
export function localeOf(env: VerbIo['env']): Locale {
  return [env.LATCHKEY_LANG, env.LC_ALL, env.LC_MESSAGES, env.LANG].map(matchLocale).find(found => found !== undefined) ?? 'en'
}

export type Say = (key: MessageKey, values?: MessageValues) => void

export interface VerbContext {
  io: VerbIo
  locale: Locale
  /** A sentence on standard output. */
  say: Say
  /** A sentence on standard error. */
  warn: Say
}

/** Runs a verb's body; whatever it refuses becomes one sentence on standard error. */
export async function runVerb(io: VerbIo, body: (context: VerbContext) => Promise<number>): Promise<number> {
  const locale = localeOf(io.env)
  const context: VerbContext = {
    io,
    locale,
    say: (key, values) => void io.stdout.write(`${translate(locale, key, values)}\n`),
    warn: (key, values) => void io.stderr.write(`latchkey: ${translate(locale, key, values)}\n`),
  }
  try {
    return await body(context)
  } catch (error) {
    if (error instanceof ConfigError || error instanceof OperatorError) {
      context.warn(error.messageKey, error.values)
      return 1
    }
    if (error instanceof NewerTables) {
      context.warn('operator.migrate.newer', { name: error.migration })
      return 1
    }
    if ((error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS_')) {
      io.stderr.write(`latchkey: ${(error as Error).message}\n`)
      return 2
    }
    // A file that is missing has the same code as a socket that is; only the file has a path.
    if (isUnavailable(error) && (error as { path?: string }).path === undefined) {
      context.warn('operator.database.away', { detail: (error as { code?: string }).code ?? 'unknown' })
      return 1
    }
    throw error
  }
}

/** Options every verb understands: which installation is meant. */
export const whereOptions = { config: { type: 'string' }, 'data-dir': { type: 'string' } } as const satisfies ParseArgsConfig['options']

export interface Where {
  config?: string | undefined
  'data-dir'?: string | undefined
}

/** The configuration meant by `--config` (production) or by `--data-dir` (a development folder). */
export async function configOf(where: Where, env: VerbIo['env']): Promise<Config> {
  if (where['data-dir'] !== undefined) {
    const { developmentConfig } = await import('../development/config.ts')
    return developmentConfig({ dataDir: where['data-dir'], ...(env.DATABASE_URL ? { databaseUrl: env.DATABASE_URL } : {}) })
  }
  const { configSource, readConfig } = await import('./read-config.ts') // not for the development mode, which has no file to read
  return readConfig(configSource(where.config === undefined ? [] : ['--config', where.config], env))
}

/** Opens the database of a configuration; `owner` for migrate and prune (LD-38). */
export async function openStoreOf(config: Config, owner = false): Promise<Store> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const url = owner ? (config.databaseOwnerUrl ?? config.databaseUrl) : config.databaseUrl
  return openStore({ databaseUrl: url?.reveal(), file: config.databaseFile, owner })
}

/** Keys, clock and log around an open store. */
export async function appOf(config: Config, store: Store): Promise<App> {
  checkKeysFile(config)
  const now = () => store.clock.now()
  const keys = await openKeyring({ keyFile: config.keysFile, db: store.db, now })
  return { config, db: store.db, now, keys, wake: store.wake, agents: noAgents, log: openLog(config.logLevel) }
}

/** Nothing works on tables of another version (T-82). */
export async function requireCurrentTables(store: Store): Promise<void> {
  await refuseNewerTables(store)
  const pending = await pendingMigrations(store)
  if (pending.length > 0) throw new OperatorError('operator.migrate.pending', { count: pending.length })
}

/** Opens an installation that is ready to use, hands it to `work` and closes it again. */
export async function withApp<T>(where: Where, io: VerbIo, work: (app: App, store: Store) => Promise<T>, owner = false): Promise<T> {
  const config = await configOf(where, io.env)
  const store = await openStoreOf(config, owner)
  try {
    await requireCurrentTables(store)
    return await work(await appOf(config, store), store)
  } finally {
    await store.close()
  }
}

export { parseArgs }
