/** What the papers point to is there. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
const papers = ['README.md', 'CHANGELOG.md', ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.md')).map(name => join('docs', name))]
const text = (name: string) => readFileSync(join(root, name), 'utf8')

test('every link in README, CHANGELOG and docs leads to a file that is there, every script to one of package.json', () => {
  const scripts = Object.keys((JSON.parse(text('package.json')) as { scripts: Record<string, string> }).scripts)
  for (const paper of papers) {
    for (const [, to = ''] of text(paper).matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)) assert.ok(existsSync(join(root, dirname(paper), to)), `${paper}: ${to}`)
    for (const [, run = ''] of text(paper).matchAll(/\bnpm run ([\w:]+)/g)) assert.ok(scripts.includes(run), `${paper}: npm run ${run}`)
  }
})

