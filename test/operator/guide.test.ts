import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import test from 'node:test'
import { parse } from 'yaml'
import { configKeys } from '../../src/operator/config-schema.ts'
import { importColumns } from '../../src/operator/import-columns.ts'
import { verbs } from '../../src/operator/verbs.ts'
import { translate } from '../../src/text.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const guide = ['install', 'configure', 'import-users', 'backup', 'postgresql'].map(name => read(`docs/guide/${name}.md`)).join('\n')

test('the guide lists every key of the configuration with its variable', () => {
  const configure = read('docs/guide/configure.md')
  for (const key of configKeys) assert.ok(configure.includes(`| \`${key.path.join('.')}\` | \`${key.env}\` |`), key.env)
})

test('the guide names every column of an import', () => {
  const columns = read('docs/guide/import-users.md')
  for (const column of Object.keys(importColumns)) assert.ok(columns.includes(`\`${column}\``), column)
})

test('every verb that the guide tells people to run is one, and every verb is told of', () => {
  const told = new Set([...guide.matchAll(/latchkey(?:\.mjs)? ([a-z-]+)/g)].map(match => match[1]!))
  for (const name of Object.keys(verbs)) if (name !== 'dev') assert.ok(told.has(name), `${name} is nowhere in the guide`)
  // Those that ask a running server stand in the help of the command.
  const asking = new Set([...translate('en', 'cli.help', { operator: '' }).matchAll(/^ {2}([a-z-]+)/gm)].map(match => match[1]!))
  for (const name of told) assert.ok(name in verbs || asking.has(name) || !guide.includes(`\`latchkey ${name}`), `latchkey ${name} is no verb`)
})

test('every systemd unit starts the command with a verb there is, and the guide builds what it starts', () => {
  const units = readdirSync(new URL('../../deploy', import.meta.url)).filter(name => name.endsWith('.service'))
  assert.ok(units.length >= 2)
  for (const unit of units) {
    const [, verb] = /^ExecStart=\/usr\/bin\/node bin\/latchkey\.mjs ([a-z-]+) /m.exec(read(`deploy/${unit}`)) ?? []
    assert.ok(verb !== undefined && verb in verbs, unit)
  }
  const install = read('docs/guide/install.md')
  assert.equal(install.match(/npm ci --omit=dev --ignore-scripts && sudo npm run build --ignore-scripts/g)?.length, 2, 'at first and for a new version')
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
  assert.ok('rolldown' in dependencies, 'the build works without the tools of development')
})

test('compose and the image name only variables that exist', () => {
  const compose = parse(read('compose.yaml')) as { services: { latchkey: { environment: Record<string, string> } } }
  const known = new Set(configKeys.map(key => key.env))
  for (const name of Object.keys(compose.services.latchkey.environment)) assert.ok(known.has(name), name)
  assert.doesNotMatch(read('Dockerfile'), /LATCHKEY_[A-Z_]*(PASSWORD|TOKEN|URL)=/)
})
