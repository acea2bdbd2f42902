/**
 * The production configuration: a YAML file, the environment over it, defaults under it. Whatever is wrong stops the start
 * with one sentence; nothing is guessed and nothing is ignored (T-79).
 */
import { readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import type { Config } from '../config.ts'
import { Secret } from '../secret.ts'
import { ConfigError } from './config-error.ts'
import { configKeys, type ConfigFile, type ConfigKey } from './config-schema.ts'
import { checkConfig } from './check-config.ts'
import { nearest } from './nearest.ts'
import { validateConfig } from './validate-config.ts'

export interface ConfigSource {
  /** The YAML file; without it everything comes from the environment. */
  file?: string
  env: Record<string, string | undefined>
}

/** Environment variables of ours that are no keys of the file. */
const otherVariables = new Set(['LATCHKEY_CONFIG', 'LATCHKEY_LANG', 'LATCHKEY_FAULT'])

/** `--config <file>`, else LATCHKEY_CONFIG, else /etc/latchkey/latchkey.yaml where there is one. */
export function configSource(args: readonly string[], env: Record<string, string | undefined>): ConfigSource {
  const at = args.indexOf('--config')
  const file = at >= 0 ? args[at + 1] : env.LATCHKEY_CONFIG
  if (at >= 0 && !file) throw new ConfigError('operator.config.fileMissing', { file: '--config' })
  if (file) return { file: resolve(file), env }
  const usual = '/etc/latchkey/latchkey.yaml'
  return statSync(usual, { throwIfNoEntry: false }) ? { file: usual, env } : { env }
}

/** Reads and checks everything. Throws ConfigError. */
export function readConfig(source: ConfigSource): Config {
  const given = source.file === undefined ? {} : readYaml(source.file)
  const origins = new Map<string, string>()
  const merged = mergeEnvironment(given, source, origins)
  validateConfig(merged, path => origins.get(path) ?? source.file ?? 'environment')
  const settled = settle(merged as ConfigFile, source, origins)
  checkConfig(settled, key => origins.get(key) ?? source.file ?? 'environment')
  return settled
}

function readYaml(file: string): Record<string, unknown> {
  let content: string
  try {
    content = readFileSync(file, 'utf8')
  } catch {
    throw new ConfigError('operator.config.fileMissing', { file })
  }
  const document = parseDocument(content, { uniqueKeys: true, prettyErrors: true })
  const problem = document.errors[0]
  if (problem) throw new ConfigError('operator.config.yaml', { file, line: problem.linePos?.[0].line ?? 1, detail: problem.code })
  const value: unknown = document.toJS({ maxAliasCount: 0 }) ?? {}
  if (typeof value !== 'object' || Array.isArray(value)) throw new ConfigError('operator.config.yaml', { file, line: 1, detail: 'NOT_A_MAP' })
  const worldReadable = (statSync(file).mode & 0o044) !== 0
  const open = worldReadable && configKeys.find(key => key.secret && valueAt(value as Record<string, unknown>, key.path) !== undefined)
  if (open) throw new ConfigError('operator.config.secretInOpenFile', { file, key: open.path.join('.') })
  return value as Record<string, unknown>
}

/** Lays LATCHKEY_… over the file. A variable of ours that names no key is a mistake, not a comment. */
function mergeEnvironment(given: Record<string, unknown>, source: ConfigSource, origins: Map<string, string>): Record<string, unknown> {
  const merged = structuredClone(given)
  const byEnv = new Map(configKeys.map(key => [key.env, key]))
  if (source.env.DATABASE_URL && !source.env.LATCHKEY_DATABASE_URL) {
    set(merged, ['database', 'url'], source.env.DATABASE_URL)
    origins.set('database.url', 'DATABASE_URL')
  }
  for (const [name, text] of Object.entries(source.env)) {
    if (!name.startsWith('LATCHKEY_') || text === undefined || text === '' || otherVariables.has(name)) continue
    const key = byEnv.get(name)
    if (!key) throw new ConfigError('operator.config.unknownVariable', { variable: name, nearest: nearest(name, [...byEnv.keys()]) })
    set(merged, key.path, fromText(key, text, name))
    origins.set(key.path.join('.'), name)
  }
  return merged
}

function fromText(key: ConfigKey, text: string, variable: string): unknown {
  if (key.kind === 'list') return text.split(',').map(part => part.trim()).filter(part => part !== '')
  if (key.kind === 'string') return text
  if (!/^\d{1,9}$/.test(text)) throw new ConfigError('operator.config.type', { key: key.path.join('.'), file: variable, expected: 'integer' })
  return Number(text)
}

/** Defaults filled in, paths made absolute, secret files read. */
function settle(file: ConfigFile, source: ConfigSource, origins: Map<string, string>): Config {
  const base = source.file ? dirname(source.file) : process.cwd()
  const path = (value: string): string => (isAbsolute(value) ? value : resolve(base, value))
  const secret = (group: 'database' | 'mail' | 'sms', name: string): Secret | undefined => {
    const section = file[group] as Record<string, unknown> | undefined
    const [direct, fromFile] = [section?.[name], section?.[`${name}File`]]
    const key = `${group}.${name}`
    if (direct !== undefined && fromFile !== undefined) {
      throw new ConfigError('operator.config.twice', { key, file: origins.get(`${key}File`) ?? source.file ?? 'environment' })
    }
    if (fromFile === undefined) return direct === undefined ? undefined : new Secret(direct as string)
    return readSecretFile(`${key}File`, path(fromFile as string))
  }
  const dataDir = path(file.dataDir ?? '/var/lib/latchkey')
  const tls = file.listen?.tls
  const databaseUrl = secret('database', 'url')
  const databaseOwnerUrl = secret('database', 'ownerUrl')
  return {
    mode: 'production',
    publicOrigin: file.publicOrigin ?? '',
    listeners: [
      {
        origin: file.publicOrigin ?? '',
        host: file.listen?.host ?? '127.0.0.1',
        port: file.listen?.port ?? 8080,
        ...(tls ? { tls: { certificateFile: tls.certificateFile ? path(tls.certificateFile) : '', keyFile: tls.keyFile ? path(tls.keyFile) : '' } } : {}),
      },
    ],
    dataDir,
    databaseFile: resolve(dataDir, 'latchkey.db'),
    ...(databaseUrl ? { databaseUrl } : {}),
    ...(databaseOwnerUrl ? { databaseOwnerUrl } : {}),
    keysFile: path(file.keysFile ?? '/etc/latchkey/keys.json'),
    trustedProxies: file.trustedProxies ?? [],
    mail: mailOf(file, secret('mail', 'password')),
    sms: smsOf(file, secret('sms', 'token'), secret('sms', 'authToken')),
    logLevel: file.logLevel ?? 'info',
    ...(file.breachedPasswordsFile ? { breachedPasswordsFile: path(file.breachedPasswordsFile) } : {}),
  }
}

const usualPorts = { tls: 465, startTls: 587, none: 25 }

function mailOf({ mail }: ConfigFile, password: Secret | undefined): Config['mail'] {
  const provider = mail?.provider ?? (mail?.host ? 'smtp' : 'none')
  if (provider !== 'smtp') return { kind: provider }
  const security = mail?.security ?? 'startTls'
  return {
    kind: 'smtp',
    host: mail?.host ?? '',
    port: mail?.port ?? usualPorts[security],
    security,
    ...(mail?.username ? { username: mail.username } : {}),
    ...(password ? { password } : {}),
    from: mail?.from ?? '',
  }
}

function smsOf({ sms }: ConfigFile, token: Secret | undefined, authToken: Secret | undefined): Config['sms'] {
  const provider = sms?.provider ?? 'none'
  if (provider === 'http') return { kind: 'http', url: sms?.url ?? '', ...(token ? { token } : {}), ...(sms?.from ? { from: sms.from } : {}) }
  if (provider === 'twilio') {
    return { kind: 'twilio', accountSid: sms?.accountSid ?? '', authToken: authToken ?? new Secret(''), from: sms?.from ?? '', ...(sms?.url ? { url: sms.url } : {}) }
  }
  return { kind: provider }
}

/** A secret's own file: not readable by everyone, except where a container's runtime put it. One line end is not part of it. */
function readSecretFile(key: string, file: string): Secret {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found?.isFile()) throw new ConfigError('operator.config.noSuchFile', { key, file })
  if ((found.mode & 0o004) !== 0 && !file.startsWith('/run/secrets/')) throw new ConfigError('operator.config.openFile', { key, file })
  const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  if (value === '') throw new ConfigError('operator.config.emptyFile', { key, file })
  return new Secret(value)
}

function valueAt(value: Record<string, unknown>, path: readonly string[]): unknown {
  return path.reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], value)
}

function set(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let node = target
  for (const name of path.slice(0, -1)) {
    if (typeof node[name] !== 'object' || node[name] === null) node[name] = {}
    node = node[name] as Record<string, unknown>
  }
  node[path.at(-1)!] = value
}
