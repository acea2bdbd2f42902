import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { newKeyFile } from '../../src/key-file.ts'
import { checkKeysFile } from '../../src/operator/check-config.ts'
import { ConfigError } from '../../src/operator/config-error.ts'
import { configKeys, envName, publishedSchema } from '../../src/operator/config-schema.ts'
import { configSource, readConfig } from '../../src/operator/read-config.ts'
import { locales, translate } from '../../src/text.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-config-'))
after(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
function file(content: string, mode = 0o600): string {
  const path = join(folder, `file-${++count}.yaml`)
  writeFileSync(path, content)
  chmodSync(path, mode)
  return path
}

const good = 'publicOrigin: https://reset.example.org\n'
const read = (yaml: string, env: Record<string, string> = {}, mode = 0o600) => readConfig({ file: file(yaml, mode), env })

/** The refusal, as the operator reads it; it must be one sentence that names what is at fault. */
function refusal(work: () => unknown, key: string, names: readonly string[]): string {
  let found: unknown
  try {
    work()
  } catch (error) {
    found = error
  }
  assert.ok(found instanceof ConfigError, `expected a refusal, got ${String(found)}`)
  assert.equal(found.messageKey, key)
  for (const locale of locales) {
    const sentence = translate(locale, found.messageKey, found.values)
    for (const name of names) assert.ok(sentence.includes(name), `${locale}: "${sentence}" does not name ${name}`)
    assert.ok(!sentence.includes('\n'))
  }
  return translate('en', found.messageKey, found.values)
}

test('a small file is enough; everything else has a default', () => {
  const config = read(good)
  assert.equal(config.mode, 'production')
  assert.deepEqual(config.listeners, [{ origin: 'https://reset.example.org', host: '127.0.0.1', port: 8080 }])
  assert.equal(config.databaseFile, '/var/lib/latchkey/latchkey.db')
  assert.deepEqual(config.mail, { kind: 'none' })
})

test('every key of the file can be given by the environment instead, and the environment wins', () => {
  for (const key of configKeys) assert.match(key.env, /^LATCHKEY_[A-Z_]+$/)
  assert.equal(new Set(configKeys.map(key => key.env)).size, configKeys.length)
  assert.equal(envName(['listen', 'tls', 'certificateFile']), 'LATCHKEY_LISTEN_TLS_CERTIFICATE_FILE')
  const config = read(`${good}listen: { port: 1000 }\n`, {
    LATCHKEY_LISTEN_PORT: '2000',
    LATCHKEY_TRUSTED_PROXIES: '10.0.0.7, 10.1.0.0/16',
    LATCHKEY_MAIL_PROVIDER: 'smtp',
    LATCHKEY_MAIL_HOST: 'mail.example.org',
    LATCHKEY_MAIL_FROM: 'Contoso <no-reply@example.org>',
    DATABASE_URL: 'postgres://one@db/latchkey',
  })
  assert.equal(config.listeners[0]!.port, 2000)
  assert.deepEqual(config.trustedProxies, ['10.0.0.7', '10.1.0.0/16'])
  assert.equal(config.mail.kind === 'smtp' && config.mail.port, 587)
  assert.equal(config.databaseUrl!.reveal(), 'postgres://one@db/latchkey')
  assert.equal(JSON.stringify(config).includes('postgres://'), false, 'the URL carries a password and must not print')
})

test('a secret can stand in a file of its own, without its line end', () => {
  const secret = file('s3cret\n')
  const mail = `mail: { provider: smtp, host: m.example.org, from: a@example.org, username: u, passwordFile: ${secret} }\n`
  const config = read(good + mail)
  assert.equal(config.mail.kind === 'smtp' && config.mail.password!.reveal(), 's3cret')
  const byEnv = read(good, { LATCHKEY_DATABASE_URL_FILE: file('postgres://x@db/y') })
  assert.equal(byEnv.databaseUrl!.reveal(), 'postgres://x@db/y')
})

test('T-79: whatever a production server must not start with stops it with one sentence', async t => {
  const cases: [name: string, yaml: string, key: string, names: string[], env?: Record<string, string>][] = [
    ['an unknown key', `${good}mial: {}\n`, 'operator.config.unknownKey', ['mial', 'mail', '.yaml']],
    ['an unknown key further in', `${good}mail: { hots: x }\n`, 'operator.config.unknownKey', ['mail.hots', 'mail.host']],
    ['an unknown variable', good, 'operator.config.unknownVariable', ['LATCHKEY_MAIL_HOTS', 'LATCHKEY_MAIL_HOST'], { LATCHKEY_MAIL_HOTS: 'x' }],
    ['no origin', 'logLevel: info\n', 'operator.config.originMissing', ['publicOrigin']],
    ['an origin without TLS', 'publicOrigin: http://reset.example.org\n', 'operator.config.originHttp', ['publicOrigin', 'http://reset.example.org', 'https']],
    ['an origin with a path', 'publicOrigin: https://example.org/reset\n', 'operator.config.originForm', ['publicOrigin', 'https://example.org/reset']],
    ['an origin that is no web address', 'publicOrigin: "javascript:alert(1)"\n', 'operator.config.originForm', ['publicOrigin']],
    ['every IPv4 address as proxy', `${good}trustedProxies: [0.0.0.0/0]\n`, 'operator.config.proxyEverybody', ['trustedProxies', '0.0.0.0/0']],
    ['half of the IPv4 addresses as proxies', `${good}trustedProxies: [128.0.0.0/1]\n`, 'operator.config.proxyEverybody', ['trustedProxies', '128.0.0.0/1']],
    ['every IPv6 address as proxy', `${good}trustedProxies: ["::/0"]\n`, 'operator.config.proxyEverybody', ['trustedProxies', '::/0']],
    ['a proxy that is a name', `${good}trustedProxies: [proxy.local]\n`, 'operator.config.proxyForm', ['trustedProxies', 'proxy.local']],
    ['a proxy from the environment', good, 'operator.config.proxyEverybody', ['LATCHKEY_TRUSTED_PROXIES'], { LATCHKEY_TRUSTED_PROXIES: '0.0.0.0/0' }],
    ['the test provider for mail', `${good}mail: { provider: folder }\n`, 'operator.config.testProvider', ['mail.provider', 'folder']],
    ['the test provider for texts', `${good}sms: { provider: folder }\n`, 'operator.config.testProvider', ['sms.provider', 'folder']],
    ['a provider nobody knows', `${good}sms: { provider: pigeon }\n`, 'operator.config.choice', ['sms.provider', 'twilio']],
    ['mail without a server', `${good}mail: { provider: smtp, from: a@example.org }\n`, 'operator.config.needed', ['mail.host']],
    ['mail without a sender', `${good}mail: { provider: smtp, host: m }\n`, 'operator.config.needed', ['mail.from']],
    ['mail in clear text to another machine', `${good}mail: { provider: smtp, host: m.example.org, from: a@example.org, security: none }\n`, 'operator.config.mailPlain', ['mail.security', 'm.example.org']],
    ['a user name without its password', `${good}mail: { provider: smtp, host: m, from: a@example.org, username: u }\n`, 'operator.config.needed', ['mail.password']],
    ['a sender with a line break', `${good}mail: { provider: smtp, host: m, from: "a@example.org\\nBcc: b@example.org" }\n`, 'operator.config.mailFrom', ['mail.from']],
    ['texts in clear text', `${good}sms: { provider: http, url: "http://sms.example.org" }\n`, 'operator.config.smsPlain', ['sms.url', 'https']],
    ['texts without an account', `${good}sms: { provider: twilio, from: "+45" }\n`, 'operator.config.needed', ['sms.accountSid']],
    ['a port that is none', `${good}listen: { port: 70000 }\n`, 'operator.config.range', ['listen.port']],
    ['a port that is no number', `${good}listen: { port: many }\n`, 'operator.config.type', ['listen.port']],
    ['a port that is no number in the environment', good, 'operator.config.type', ['listen.port', 'LATCHKEY_LISTEN_PORT'], { LATCHKEY_LISTEN_PORT: '80a' }],
    ['a certificate that is not there', `${good}listen: { tls: { certificateFile: no.pem, keyFile: no.key } }\n`, 'operator.config.noSuchFile', ['listen.tls.certificateFile', 'no.pem']],
    ['a certificate without its key', `${good}listen: { tls: { certificateFile: ${file('x')} } }\n`, 'operator.config.needed', ['listen.tls.keyFile']],
    ['a database that is not PostgreSQL', `${good}database: { url: "mysql://x" }\n`, 'operator.config.databaseUrl', ['database.url', 'postgres://']],
    ['a secret and its file at once', `${good}database: { url: "postgres://x", urlFile: ${file('postgres://y')} }\n`, 'operator.config.twice', ['database.url']],
    ['an empty value', `${good}dataDir: ""\n`, 'operator.config.empty', ['dataDir']],
    ['a key given twice', `${good}${good}`, 'operator.config.yaml', ['2']],
    ['YAML that is none', 'publicOrigin: [', 'operator.config.yaml', ['.yaml']],
    ['a file that is a list', '- publicOrigin\n', 'operator.config.yaml', ['.yaml']],
  ]
  for (const [name, yaml, key, names, env] of cases) await t.test(name, () => void refusal(() => read(yaml, env), key, names))
})

test('T-79: files that others can read are refused, each by its name', () => {
  const withSecret = `${good}database: { url: "postgres://u:topsecret@db/x" }\n`
  const sentence = refusal(() => read(withSecret, {}, 0o644), 'operator.config.secretInOpenFile', ['database.url', 'chmod 600'])
  assert.ok(!sentence.includes('topsecret'))
  assert.doesNotThrow(() => read(good, {}, 0o644), 'a file without secrets may be read by anyone')
  const open = file('s3cret', 0o644)
  refusal(() => read(good, { LATCHKEY_DATABASE_URL_FILE: open }), 'operator.config.openFile', ['database.urlFile', open, 'chmod 600'])
  refusal(() => read(good, { LATCHKEY_DATABASE_URL_FILE: join(folder, 'gone') }), 'operator.config.noSuchFile', ['database.urlFile'])
  refusal(() => read(good, { LATCHKEY_DATABASE_URL_FILE: file('') }), 'operator.config.emptyFile', ['database.urlFile'])
  const certificate = file('x')
  const tls = `${good}listen: { tls: { certificateFile: ${certificate}, keyFile: ${file('x', 0o644)} } }\n`
  refusal(() => read(tls), 'operator.config.openFile', ['listen.tls.keyFile', 'chmod 600'])
})

test('T-79: a key file that is missing, open, short or broken is refused', () => {
  const keysFile = join(folder, 'keys.json')
  const config = { ...read(good), keysFile }
  refusal(() => checkKeysFile(config), 'operator.config.keysMissing', [keysFile, 'latchkey init'])
  newKeyFile(keysFile)
  assert.doesNotThrow(() => checkKeysFile(config))
  chmodSync(keysFile, 0o640)
  refusal(() => checkKeysFile(config), 'operator.config.keysOpen', [keysFile, '0640', 'chmod 600'])
  chmodSync(keysFile, 0o600)
  const whole = readFileSync(keysFile, 'utf8')
  const keys = JSON.parse(whole) as { pepper: { secret: string }[] }
  keys.pepper[0]!.secret = 'c2hvcnQ'
  writeFileSync(keysFile, JSON.stringify(keys))
  assert.match(refusal(() => checkKeysFile(config), 'operator.config.keysBad', [keysFile]), /shorter than 32 bytes/)
  writeFileSync(keysFile, whole.slice(0, 40))
  refusal(() => checkKeysFile(config), 'operator.config.keysBad', [keysFile])
})

test('the configuration file is found by --config, then by LATCHKEY_CONFIG, and must be there', () => {
  const path = file(good)
  assert.equal(configSource(['--config', path], { LATCHKEY_CONFIG: '/elsewhere' }).file, path)
  assert.equal(configSource([], { LATCHKEY_CONFIG: path }).file, path)
  refusal(() => configSource(['--config'], {}), 'operator.config.fileMissing', ['--config'])
  refusal(() => readConfig({ file: join(folder, 'gone.yaml'), env: {} }), 'operator.config.fileMissing', ['gone.yaml'])
})

test('loopback may be plain HTTP, and paths are taken from where the file lies', () => {
  const config = read('publicOrigin: http://localhost:8080\ndataDir: data\nkeysFile: keys.json\n')
  assert.equal(config.dataDir, join(folder, 'data'))
  assert.equal(config.keysFile, join(folder, 'keys.json'))
})

test('config.schema.json is what the program checks with (renew it with: latchkey config-schema > config.schema.json)', () => {
  assert.equal(readFileSync(new URL('../../config.schema.json', import.meta.url), 'utf8'), publishedSchema())
})
