// The pages in docs/clients are run as they stand, so that none of them promises what does not work.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { startDevelopment } from '../support/installation.ts'

const root = join(import.meta.dirname, '..', '..')
const pages = join(root, 'docs', 'clients')
const folder = mkdtempSync(join(tmpdir(), 'latchkey-docs-'))
let program: Awaited<ReturnType<typeof startDevelopment>>

before(async () => {
  program = await startDevelopment(join(folder, 'data'))
})
after(async () => {
  await program.stop()
  rmSync(folder, { recursive: true, force: true })
})

interface Block {
  language: string
  /** A file to be written: ```js token.mjs. */
  file: string | undefined
  text: string
}

const blocksOf = (page: string): Block[] =>
  Array.from(readFileSync(join(pages, page), 'utf8').matchAll(/^```(\w+)(?: (\S+))?\n([^]*?)^```$/gm), ([, language, file, text]) => ({ language: language!, file, text: text! }))

/** Runs a page's commands in one shell, in the order in which they stand, with its files beside them. */
function run(page: string): Promise<{ status: number; output: string }> {
  const here = join(folder, page)
  mkdirSync(here)
  symlinkSync(join(root, 'node_modules'), join(here, 'node_modules'))
  symlinkSync(join(folder, 'data'), join(here, 'data'))
  const commands = ['set -euo pipefail']
  for (const { language, file, text } of blocksOf(page)) {
    const onThisPort = text.replaceAll('https://localhost:8443', program.dev.httpsOrigin).replaceAll('http://localhost:8080', program.dev.httpOrigin)
    if (file !== undefined) writeFileSync(join(here, file), onThisPort)
    else if (language === 'sh') commands.push(onThisPort)
  }
  // `latchkey` from the sources, as a link in the path.
  writeFileSync(join(here, 'latchkey'), `#!/bin/sh\nexec ${process.execPath} --import ${root}/bin/jsx.mjs ${root}/src/main.ts "$@"\n`, { mode: 0o755 })
  const env = { PATH: `${dirname(process.execPath)}:${here}:${process.env.PATH}`, HOME: here, AZURE_CORE_COLLECT_TELEMETRY: 'no', LANG: 'C.UTF-8', PYTHONDONTWRITEBYTECODE: '1' }
  return new Promise(resolve =>
    execFile('bash', ['-c', commands.join('\n')], { cwd: here, env, maxBuffer: 4 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code ?? 1) : 0, output: `${stdout}\n${stderr}` })))
}

for (const page of readdirSync(pages).filter(name => name.endsWith('.md'))) {
  test(`${page} says what happens`, async () => {
    const { status, output } = await run(page)
    assert.equal(status, 0, output)
    for (const line of blocksOf(page).filter(block => block.language === 'text').flatMap(block => block.text.trim().split('\n'))) {
      assert.ok(output.includes(line), `"${line}" is not in what came out:\n${output}`)
    }
  })
}

test('the index names every page', () => {
  const index = readFileSync(join(pages, 'README.md'), 'utf8')
  for (const page of readdirSync(pages).filter(name => name !== 'README.md')) assert.ok(index.includes(`(${page})`), page)
})
