import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { csvLine } from '../../src/csv.ts'
import { CsvError, csvLimits, readCsv, type CsvLimits, type CsvRecord } from '../../src/operator/csv.ts'

async function* inChunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(text: string | Uint8Array, limits: CsvLimits = csvLimits, size = 7): Promise<CsvRecord[]> {
  const records = []
  for await (const record of readCsv(inChunks(typeof text === 'string' ? Buffer.from(text) : text, size), limits)) records.push(record)
  return records
}

const refused = (key: string) => (error: unknown) => error instanceof CsvError && error.messageKey === key

test('what is written comes back, whatever the values and wherever the chunks are cut', async () => {
  // A first value that is plain keeps the heading from looking like a preamble; the apostrophe of safe cells is tried below.
  const value = fc.string({ unit: 'grapheme', maxLength: 12 }).filter(text => !/^[=+\-@\t\r\0]|\0/.test(text))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(value, value), { maxLength: 6 }), fc.integer({ min: 1, max: 40 }), async (rows, size) => {
      const text = [['first', 'second'], ...rows].map(row => csvLine(row)).join('')
      const back = (await read(text, csvLimits, size)).map(record => record.fields)
      assert.deepEqual(back, [['first', 'second'], ...rows.filter(row => row.some(one => one.trim() !== ''))])
    }),
  )
})

test('the heading decides between comma, semicolon and tab', async () => {
  for (const delimiter of [',', ';', '\t']) {
    const [, record] = await read(`a${delimiter}b\nx${delimiter}"y,;\tz"\n`)
    assert.deepEqual(record!.fields, ['x', 'y,;\tz'])
  }
})

test('a byte order mark, a version line and a sep line do not disturb', async () => {
  const records = await read('\uFEFFversion:v1.0,,\r\nName [displayName] Required,b,c\r\nĀrija Bērziņa,ø,å\r\n')
  assert.deepEqual(records.map(record => record.fields), [['version:v1.0', '', ''], ['Name [displayName] Required', 'b', 'c'], ['Ārija Bērziņa', 'ø', 'å']])
  assert.deepEqual((await read('sep=;\na;b\n1;2\n')).at(-1)!.fields, ['1', '2'])
})

test('line numbers are those of the file, also after a value of several lines', async () => {
  const records = await read('a,b\r\n"one\r\ntwo",x\r\n\r\nlast,y')
  assert.deepEqual(records.map(record => record.line), [1, 2, 5])
})

test('archives, spreadsheets, UTF-16, Latin-1 and NUL bytes are refused by what they are, not by their name', async () => {
  await assert.rejects(read(Buffer.from([0x50, 0x4b, 3, 4, 20, 0])), refused('operator.csv.archive'))
  await assert.rejects(read(Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 1])), refused('operator.csv.archive'))
  await assert.rejects(read(Buffer.from('\uFEFFa,b', 'utf16le')), refused('operator.csv.encoding'))
  await assert.rejects(read(Buffer.from('navn\nS\xf8ren\n', 'latin1')), refused('operator.csv.encoding'))
  await assert.rejects(read('a,b\nx,y\0z\n'), refused('operator.csv.binary'))
})

test('size, columns and fields are bounded', async () => {
  const small = { bytes: 1000, columns: 5, fieldLength: 20 }
  await assert.rejects(read('a\n' + 'x\n'.repeat(600), small), refused('operator.csv.tooLarge'))
  await assert.rejects(read('a,b\n' + 'x,'.repeat(6), small), refused('operator.csv.tooManyColumns'))
  await assert.rejects(read(`a\n${'x'.repeat(21)}\n`, small), refused('operator.csv.fieldTooLong'))
  await assert.rejects(read(`a\n"${'x\n'.repeat(30)}`, small), refused('operator.csv.fieldTooLong'))
})

test('a million columns are refused after the first few', async () => {
  let taken = 0
  const endless = (async function* () {
    for (;;) {
      taken++
      yield Buffer.from('a,'.repeat(1000))
    }
  })()
  await assert.rejects(async () => {
    for await (const record of readCsv(endless)) assert.fail(`nothing should come out, but line ${record.line} did`)
  }, refused('operator.csv.tooManyColumns'))
  assert.ok(taken < 40, `took ${taken} chunks`)
})

test('a quote that is never closed, and text behind a closed one, name their line', async () => {
  await assert.rejects(read('a,b\nx,"y\n'), error => refused('operator.csv.openQuote')(error) && (error as CsvError).values.line === 2)
  await assert.rejects(read('a,b\n1,2\n"x"y,z\n'), error => refused('operator.csv.quote')(error) && (error as CsvError).values.line === 3)
})

test('cells that a spreadsheet would run are written as text (T-33)', () => {
  assert.equal(csvLine(['=1+1', '+45', '-x', '@a', '\tb', 'plain', 7, null]), `'=1+1,'+45,'-x,'@a,"'\tb",plain,7,\r\n`)
})
