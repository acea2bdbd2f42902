// A table of any length as a download: neither side holds it whole, and half of one is never taken for all (T-33).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { csvLine, sendCsv, wantsCsv } from '../src/csv.ts'
import type { Cell } from '../src/csv.ts'
import { openLog } from '../src/log.ts'

let server: FastifyInstance
let origin: string
let rows: AsyncIterable<readonly Cell[]> | Iterable<readonly Cell[]> = []
const failed: string[] = []
const log = { ...openLog('silent'), error: (event: string) => void failed.push(event) }

before(async () => {
  server = Fastify()
  server.get('/table', async (request, reply) => {
    if (!wantsCsv(request)) return 'no table'
    return sendCsv({ log }, request, reply, { name: 'people', heading: ['name', 'count'], rows })
  })
  origin = await server.listen({ host: '127.0.0.1', port: 0 })
})
after(() => server.close())

test('a table has its heading and its rows, whatever their cells hold', async () => {
  rows = [['Ærø; "x"', 1], ['=1+1', null], ['two\nlines', true]]
  const reply = await fetch(`${origin}/table?format=csv`)
  assert.equal(Buffer.from(await reply.arrayBuffer()).toString(), `\uFEFFname,count\r\n"Ærø; ""x""",1\r\n'=1+1,\r\n"two\nlines",true\r\n`)
  rows = []
  assert.equal(Buffer.from(await (await fetch(`${origin}/table?format=csv`)).arrayBuffer()).toString(), '\uFEFFname,count\r\n')
})

test('cells that a spreadsheet would run are written as text, wide forms too; numbers stay numbers (T-33)', () => {
  for (const start of ['=', '+', '-', '@', '\t', '\r', '\n', '\uFF1D', '\uFF0B', '\uFF0D', '\uFF20']) assert.match(csvLine([`${start}1`]), /^"?'/, JSON.stringify(start))
  assert.equal(csvLine([-1, 'a=1', false]), '-1,a=1,false\r\n')
})

test('whoever says nothing, or takes JSON as well, gets no table', async () => {
  const asked = async (query: string, accept: string) => (await (await fetch(`${origin}/table${query}`, { headers: { accept } })).text()) !== 'no table'
  assert.deepEqual(
    [await asked('', '*/*'), await asked('', 'text/csv'), await asked('', 'TEXT/CSV;q=0.9'), await asked('', 'application/json, text/csv'), await asked('?format=json', 'text/csv'), await asked('?$format=csv', '*/*')],
    [false, true, true, false, false, true],
  )
})

test('rows are asked for as the reader takes them, and no more once it has gone', async () => {
  let made = 0
  let ended = false
  rows = (async function* () {
    try {
      for (;;) {
        made++
        if (made % 1000 === 0) await new Promise(resolve => setImmediate(resolve))
        yield ['x'.repeat(1000), made] as const
      }
    } finally {
      ended = true
    }
  })()
  const reader = (await fetch(`${origin}/table?format=csv`)).body!.getReader()
  await reader.read()
  let before = -1
  while (before !== made) {
    before = made
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  assert.ok(made < 100_000, `${made} rows wait for a reader who takes none`)
  await reader.cancel()
  while (!ended) await new Promise(resolve => setTimeout(resolve, 10))
})

test('what fails on the way breaks the download off and is logged', async () => {
  rows = (async function* () {
    for (let n = 0; n < 5000; n++) yield ['x'.repeat(20), n] as const
    throw new Error('the database is away')
  })()
  const reply = await fetch(`${origin}/table?format=csv`)
  assert.equal(reply.status, 200)
  await assert.rejects(reply.text())
  assert.deepEqual(failed, ['export broken off'])
})
