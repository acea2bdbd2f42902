/** What the schema cannot say: the mistakes of T-79, each a sentence of its own. */
import { statSync } from 'node:fs'
import { isIP } from 'node:net'
import type { Config } from '../config.ts'
import { readKeyFile } from '../key-file.ts'
import { ConfigError } from './config-error.ts'

type Where = (key: string) => string

/** Throws ConfigError for the first thing that a production server must not start with. */
export function checkConfig(config: Config, where: Where): void {
  checkOrigin(config, where)
  checkListeners(config, where)
  for (const proxy of config.trustedProxies) checkProxy(proxy, where('trustedProxies'))
  checkMail(config.mail, where)
  checkSms(config.sms, where)
  checkDatabase(config, where)
}

/** Kept apart, since `latchkey init` is what makes the key file. */
export function checkKeysFile(config: Config): void {
  const file = config.keysFile
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found?.isFile()) throw new ConfigError('operator.config.keysMissing', { file })
  if ((found.mode & 0o077) !== 0) throw new ConfigError('operator.config.keysOpen', { file, mode: `0${(found.mode & 0o777).toString(8)}` })
  try {
    readKeyFile(file)
  } catch (error) {
    throw new ConfigError('operator.config.keysBad', { file, detail: error instanceof SyntaxError ? 'JSON' : (error as Error).message })
  }
}

const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])

function checkOrigin(config: Config, where: Where): void {
  const file = where('publicOrigin')
  if (config.publicOrigin === '') throw new ConfigError('operator.config.originMissing', { file })
  const url = URL.parse(config.publicOrigin)
  if (!url || !/^https?:$/.test(url.protocol) || url.origin !== config.publicOrigin) {
    throw new ConfigError('operator.config.originForm', { file, value: config.publicOrigin.slice(0, 200) })
  }
  if (url.protocol === 'http:' && !loopbackHosts.has(url.hostname)) {
    throw new ConfigError('operator.config.originHttp', { file, value: config.publicOrigin })
  }
}

function checkListeners(config: Config, where: Where): void {
  for (const listener of config.listeners) {
    if (!listener.tls) continue
    for (const name of ['certificateFile', 'keyFile'] as const) {
      const key = `listen.tls.${name}`
      const path = listener.tls[name]
      if (path === '') throw new ConfigError('operator.config.needed', { key, file: where(key), because: 'listen.tls' })
      const found = statSync(path, { throwIfNoEntry: false })
      if (!found?.isFile()) throw new ConfigError('operator.config.noSuchFile', { key, file: path })
      if (name === 'keyFile' && (found.mode & 0o007) !== 0) throw new ConfigError('operator.config.openFile', { key, file: path })
    }
  }
}

/** A network that holds everybody makes X-Forwarded-For a field in which strangers write their own address (T-28). */
function checkProxy(text: string, file: string): void {
  const [address = '', bits, ...more] = text.split('/')
  const family = isIP(address)
  const most = family === 4 ? 32 : 128
  const wide = bits === undefined ? most : Number(bits)
  if (family === 0 || more.length > 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits)) || wide > most) {
    throw new ConfigError('operator.config.proxyForm', { file, value: text.slice(0, 100) })
  }
  const unspecified = address === '0.0.0.0' || /^[0:]+$/.test(address)
  if (wide < (family === 4 ? 8 : 16) || unspecified) throw new ConfigError('operator.config.proxyEverybody', { file, value: text })
}

function checkMail(mail: Config['mail'], where: Where): void {
  if (mail.kind === 'folder') throw new ConfigError('operator.config.testProvider', { key: 'mail.provider', file: where('mail.provider') })
  if (mail.kind !== 'smtp') return
  for (const key of ['host', 'from'] as const) {
    if (mail[key] === '') throw new ConfigError('operator.config.needed', { key: `mail.${key}`, file: where(`mail.${key}`), because: 'mail.provider smtp' })
  }
  if (!/^[^<>\r\n]*<?[^\s<>@]+@[^\s<>@]+>?$/.test(mail.from)) throw new ConfigError('operator.config.mailFrom', { file: where('mail.from') })
  if (mail.security === 'none' && !loopbackHosts.has(mail.host) && mail.host !== '::1') {
    throw new ConfigError('operator.config.mailPlain', { file: where('mail.security'), host: mail.host })
  }
  if ((mail.username === undefined) !== (mail.password === undefined)) {
    const key = mail.username === undefined ? 'mail.username' : 'mail.password'
    throw new ConfigError('operator.config.needed', { key, file: where(key), because: mail.username === undefined ? 'mail.password' : 'mail.username' })
  }
}

function checkSms(sms: Config['sms'], where: Where): void {
  const need = (value: string, key: string) => {
    if (value === '') throw new ConfigError('operator.config.needed', { key: `sms.${key}`, file: where(`sms.${key}`), because: `sms.provider ${sms.kind}` })
  }
  if (sms.kind === 'folder') throw new ConfigError('operator.config.testProvider', { key: 'sms.provider', file: where('sms.provider') })
  if (sms.kind === 'twilio') {
    need(sms.accountSid, 'accountSid')
    need(sms.authToken.reveal(), 'authToken')
    need(sms.from, 'from')
  }
  if (sms.kind === 'http') need(sms.url, 'url')
  if ((sms.kind === 'http' || sms.kind === 'twilio') && sms.url !== undefined) {
    const url = URL.parse(sms.url)
    const fine = url && (url.protocol === 'https:' || (url.protocol === 'http:' && loopbackHosts.has(url.hostname)))
    if (!fine) throw new ConfigError('operator.config.smsPlain', { file: where('sms.url') })
  }
}

function checkDatabase(config: Config, where: Where): void {
  for (const [key, url] of [['database.url', config.databaseUrl], ['database.ownerUrl', config.databaseOwnerUrl]] as const) {
    if (url && !/^postgres(ql)?:\/\//.test(url.reveal())) throw new ConfigError('operator.config.databaseUrl', { key, file: where(key) })
  }
}
