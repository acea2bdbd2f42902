/** The bundle that npm start runs: made from a copy of the sources, so that the checkout's own stays as it is. */
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { once } from 'node:events'
import { sampleDomain } from '../../src/development/sample-people.ts'

const root = join(import.meta.dirname, '..', '..')
let copy: string
before(() => {
  copy = mkdtempSync(join(tmpdir(), 'latchkey-build-'))
  for (const name of ['bin', 'src', 'locales', 'package.json', 'package-lock.json', 'tsconfig.json']) cpSync(join(root, name), join(copy, name), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
})
after(() => rmSync(copy, { recursive: true, force: true }))

const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: copy, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
const bundles = () => readdirSync(join(copy, 'dist')).sort()
const prepare = () => node('bin/prepare.mjs', '--build')

/** The development mode from the bundle, until `look` is done. */
async function running(look: (origin: string) => Promise<void>): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'latchkey-built-'))
  const child = spawn(process.execPath, ['bin/latchkey.mjs', 'dev', '--data-dir', data, '--http-port', '0', '--https-port', '0'], { cwd: copy, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  try {
    let said = ''
    // Left open: what nobody reads any more ends the one who writes it.
    for await (const part of child.stdout.iterator({ destroyOnReturn: false })) if ((said += String(part)).includes('http://localhost:') && existsSync(join(data, 'dev.json'))) break
    child.stdout.resume()
    await look((JSON.parse(readFileSync(join(data, 'dev.json'), 'utf8')) as { httpOrigin: string }).httpOrigin)
  } finally {
    child.kill('SIGTERM')
    await ended
    rmSync(data, { recursive: true, force: true })
  }
}

describe('the bundle', () => {
  test('is one whole folder when two starts build it at once', async () => {
    const builds = [1, 2].map(() => spawn(process.execPath, ['bin/prepare.mjs', '--build'], { cwd: copy, stdio: 'ignore' }))
    assert.deepEqual(await Promise.all(builds.map(async one => (await once(one, 'exit'))[0])), [0, 0])
    assert.equal(bundles().length, 1, bundles().join(' '))
    assert.match(node('bin/latchkey.mjs', 'help'), /serve/)
  })

  test('is what the command runs, and shows pages, files and every language', async () => {
    prepare()
    await running(async origin => {
      for (const [language, word] of [['en', 'Sign in'], ['da', 'Log'], ['nb', 'Logg'], ['lv', 'Pierakst']]) {
        const page = await (await fetch(`${origin}/signin?mkt=${language}`)).text()
        assert.ok(page.includes(word!), `${language}: ${page.slice(0, 300)}`)
        for (const [, file] of page.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) assert.equal((await fetch(origin + file)).status, 200, file)
      }
      assert.equal((await fetch(`${origin}/api/openapi.json`)).status, 200)
      assert.equal((await fetch(`${origin}/reset`)).status, 200)
    })
  })

  test('reads of each path its own parameters, though paths with the same names share the reader', async () => {
    prepare()
    await running(async origin => {
      const realm = (await (await fetch(`${origin}/common/userrealm/somebody@${sampleDomain}`)).json()) as { domain_name?: string }
      assert.equal(realm.domain_name, sampleDomain)
      for (const [tenant, status] of [['common', 200], ['nobody.example', 400]] as const) {
        for (const path of ['v2.0/.well-known/openid-configuration', 'discovery/v2.0/keys']) assert.equal((await fetch(`${origin}/${tenant}/${path}`)).status, status, `${tenant} ${path}`)
      }
      assert.equal((await fetch(`${origin}/assets/nothing.css`)).status, 404)
    })
  })

  test('is left alone while nothing changes, and made anew when a sentence does', () => {
    prepare()
    const before = bundles()
    prepare()
    assert.deepEqual(bundles(), before)
    const file = join(copy, 'locales', 'en', 'signin.json')
    writeFileSync(file, `${readFileSync(file, 'utf8')}\n`)
    prepare()
    assert.equal(bundles().length, before.length + 1, 'the old one stays for servers that run from it')
  })

  test('does not stand in the way of sources that are newer: the command then runs those', () => {
    prepare()
    const main = join(copy, 'src', 'main.ts')
    const source = readFileSync(main, 'utf8')
    writeFileSync(main, `process.stdout.write('from the sources')\n${source}`)
    try {
      assert.match(node('bin/latchkey.mjs', 'help'), /^from the sources/)
    } finally {
      writeFileSync(main, source)
    }
  })

  test('loads every file of its own', () => {
    prepare()
    const [newest] = bundles().slice(-1)
    const folder = join(copy, 'dist', newest!, 'src')
    const files = readdirSync(folder).filter(name => name.endsWith('.cjs') && name !== 'main.cjs')
    assert.ok(files.length > 10)
    node('-e', `for (const file of ${JSON.stringify(files)}) require(${JSON.stringify(`${folder}/`)} + file)`)
  })

  test('is pure ASCII, which V8 keeps in half the space', () => {
    for (const folder of bundles()) {
      for (const name of readdirSync(join(copy, 'dist', folder, 'src')).filter(one => one.endsWith('.cjs'))) {
        assert.ok(readFileSync(join(copy, 'dist', folder, 'src', name)).every(byte => byte < 128), name)
      }
    }
  })
})
