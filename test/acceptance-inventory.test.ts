/** Nothing that has to be accepted is forgotten: every id of the specification stands in the name of a test that is run. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const here = import.meta.dirname
const sources = readdirSync(here, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.test.ts')).map(name => readFileSync(join(here, name), 'utf8'))

/** `test('…')`, under whatever name a file calls it. What is skipped or still to do does not count. */
const declarations = /(?<![.\w])(?:test|it|check|describe|onStage)\(\s*(['"`])((?:\\.|(?!\1).)*)\1(?!, \{ (?:skip|todo))/g
const namesIn = (source: string) => [...source.matchAll(declarations)].map(match => match[2]!)
const ids = (text: string) => text.match(/(?<![A-Z])[ABD]-\d\d(?!\d)/g) ?? []

/** The ids in names. A name made of a table's column, `${id} …`, stands for each row that begins with an id. */
function idsNamed(source: string): string[] {
  const names = namesIn(source)
  const rows = names.some(name => name.includes('${id}')) ? [...source.matchAll(/^ {2}\['([ABD]-\d\d)',/gm)].map(row => row[1]!) : []
  return [...names.flatMap(ids), ...rows]
}

const named = new Set(sources.flatMap(idsNamed))
const series = (letter: string, first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, at) => `${letter}-${String(first + at).padStart(2, '0')}`)

for (const [what, wanted] of [
  ['acceptance check of sspr §14', series('A', 1, 30)], ['password of sspr §7.3', series('B', 1, 28)], ['question of sspr §1.2', series('D', 3, 19)],
] as const) test(`every ${what} has a test of its name`, () => assert.deepEqual(wanted.filter(id => !named.has(id)), []))

test('a ruling is no check, and a test that is skipped or in a comment does not count', () => {
  const of = (source: string) => idsNamed(source)
  assert.deepEqual(of(`test('A-01: counts', () => {})`), ['A-01'])
  assert.deepEqual(of(`test('LD-03, CLD-04: no', () => {})`), [])
  assert.deepEqual(of(`test('A-02: no', { skip: true }, () => {})`), [])
  assert.deepEqual(of(`test.skip('A-03: no', () => {})\ntest.todo('A-04')\n// A-05`), [])
  assert.deepEqual(of("const rows = [\n  ['B-01', 1],\n]\ntest(`${id} counts`, () => {})"), ['B-01'])
})
