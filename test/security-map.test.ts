/** docs/security.md names every threat and promise, and only tests that exist. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs', 'security.md'), 'utf8')

interface Row {
  id: string
  does: string
  shown: { file: string; words: string }[]
  notYet: string
}

const rows: Row[] = page
  .split('\n')
  .filter(line => /^\| [TR]-\d\d \|/.test(line))
  .map(line => {
    const [, id, does, shown, notYet] = line.split('|').map(cell => cell.trim())
    return { id: id!, does: does!, notYet: notYet!, shown: [...shown!.matchAll(/`([^`]+)` “([^”]+)”/g)].map(([, file, words]) => ({ file: file!, words: words! })) }
  })

/** Names of tests and of what they are in, as they are written: a template keeps its holes. */
const namesIn = (file: string): string[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/\b(?:test|it|check|describe|bothEngines|onStage|onSqlite)\(\s*(['`"])((?:\\.|(?!\1).)+)\1/g)].map(match => match[2]!.replaceAll(/\\(['`"])/g, '$1'))

test('every threat and every promise has one row', () => {
  const ids = [...Array.from({ length: 88 }, (_, n) => `T-${String(n + 1).padStart(2, '0')}`), ...Array.from({ length: 15 }, (_, n) => `R-${String(n + 1).padStart(2, '0')}`)]
  assert.deepEqual(rows.map(row => row.id), ids)
})

test('every row says what is done, and is shown by a test or says what it waits for', () => {
  for (const row of rows) {
    assert.ok(row.does.length > 15, row.id)
    assert.ok(row.shown.length > 0 || /Waits for/.test(row.notYet), `${row.id} has neither a test nor a reason`)
  }
})

test('every test that is named exists under that name', () => {
  for (const { id, shown } of rows)
    for (const { file, words } of shown) {
      assert.ok(existsSync(join(root, file)), `${id}: ${file}`)
      assert.ok(namesIn(file).some(name => name.includes(words)), `${id}: no test “${words}” in ${file}`)
    }
})

test('a row of which tests speak by its id does not wait as a whole', () => {
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.test.ts'))
  const spoken = new Set(files.flatMap(file => namesIn(join('test', file))).flatMap(name => name.match(/\b[TR]-\d\d\b/g) ?? []))
  assert.ok(spoken.size > 70, `${spoken.size} ids in names of tests`)
  for (const row of rows) if (row.shown.length === 0) assert.ok(!spoken.has(row.id), `${row.id} has tests by its name and none on the page`)
})
