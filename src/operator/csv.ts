/**
 * Comma-separated values, read as they come and bounded in every direction (T-71): neither a huge file nor one of a million
 * columns takes more memory than one record may. UTF-8 only, with or without a byte order mark; `,` or `;` or a tab, whichever
 * the heading line uses; fields in double quotes may hold anything, line ends too.
 */
import type { MessageKey, MessageValues } from '../text.ts'

export interface CsvRecord {
  /** The line of the file on which the record begins, counted from 1. */
  line: number
  fields: string[]
}

export interface CsvLimits {
  bytes: number
  columns: number
  /** UTF-16 units in one field. */
  fieldLength: number
}

export const csvLimits: CsvLimits = { bytes: 64 * 1024 * 1024, columns: 200, fieldLength: 8192 }

/** The file as a whole cannot be read; the sentence is `operator.csv.…`. */
export class CsvError extends Error {
  readonly messageKey: MessageKey
  readonly values: MessageValues

  constructor(messageKey: MessageKey, values: MessageValues = {}) {
    super(messageKey)
    this.name = 'CsvError'
    this.messageKey = messageKey
    this.values = values
  }
}

/** @throws CsvError as soon as something cannot be; records already yielded stand. */
export async function* readCsv(chunks: AsyncIterable<Uint8Array>, limits: CsvLimits = csvLimits): AsyncGenerator<CsvRecord> {
  const text = decode(chunks, limits)
  let head = ''
  // The heading decides the delimiter, so hold the beginning back until it is there whole.
  for (;;) {
    const next = await text.next()
    if (!next.done) head += next.value
    if (next.done || head.length > 4 * limits.fieldLength || headingLine(head) !== undefined) break
  }
  const parser = new Parser(delimiterOf(headingLine(head) ?? head), limits)
  yield* parser.push(head)
  for await (const part of text) yield* parser.push(part)
  yield* parser.end()
}

/** `sep=;` (as spreadsheets write it) and `version:v1.0` (as Entra's template has it) stand before the heading. */
export const isPreamble = (line: string): boolean => /^(version:v[\d.]+|sep=.)[\s,;"]*$/i.test(line)

function headingLine(head: string): string | undefined {
  const lines = head.split(/\r\n|\n|\r/)
  return lines.slice(0, -1).find(line => line.trim() !== '' && !isPreamble(line))
}

function delimiterOf(heading: string): string {
  const bare = heading.replace(/"[^"]*"/g, '')
  const count = (delimiter: string) => bare.split(delimiter).length
  return [',', ';', '\t'].reduce((best, one) => (count(one) > count(best) ? one : best))
}

const magics: readonly [MessageKey, number[]][] = [
  ['operator.csv.archive', [0x50, 0x4b, 0x03, 0x04]], // zip, and so every .xlsx
  ['operator.csv.archive', [0x50, 0x4b, 0x05, 0x06]],
  ['operator.csv.archive', [0x1f, 0x8b]], // gzip
  ['operator.csv.archive', [0xd0, 0xcf, 0x11, 0xe0]], // .xls
  ['operator.csv.encoding', [0xff, 0xfe]], // UTF-16
  ['operator.csv.encoding', [0xfe, 0xff]],
]

async function* decode(chunks: AsyncIterable<Uint8Array>, limits: CsvLimits): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let bytes = 0
  let lines = 1
  const decodeOrThrow = (chunk?: Uint8Array): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode()
    } catch {
      throw new CsvError('operator.csv.encoding', { line: lines })
    }
  }
  for await (const chunk of chunks) {
    if (bytes === 0) {
      const found = magics.find(([, magic]) => magic.every((byte, index) => chunk[index] === byte))
      if (found) throw new CsvError(found[0], { line: 1 })
    }
    bytes += chunk.byteLength
    if (bytes > limits.bytes) throw new CsvError('operator.csv.tooLarge', { mebibytes: limits.bytes / 1024 / 1024 })
    if (chunk.includes(0)) throw new CsvError('operator.csv.binary', { line: lines })
    const part = decodeOrThrow(chunk)
    for (let at = part.indexOf('\n'); at >= 0; at = part.indexOf('\n', at + 1)) lines++
    if (part !== '') yield part
  }
  const rest = decodeOrThrow()
  if (rest !== '') yield rest
}

class Parser {
  readonly #delimiter: string
  readonly #limits: CsvLimits
  #state: 'start' | 'plain' | 'quoted' | 'closed' = 'start'
  #field = ''
  #fields: string[] = []
  #line = 1
  #recordLine = 1
  #afterReturn = false

  constructor(delimiter: string, limits: CsvLimits) {
    this.#delimiter = delimiter
    this.#limits = limits
  }

  *push(text: string): Generator<CsvRecord> {
    for (let at = 0; at < text.length; at++) {
      const character = text[at]!
      if (character === '\n' && this.#afterReturn) {
        this.#afterReturn = false
        if (this.#state === 'quoted') this.#add(character)
        continue
      }
      this.#afterReturn = character === '\r'
      const lineEnd = character === '\n' || character === '\r'
      if (lineEnd) this.#line++
      if (this.#state === 'quoted') {
        if (character === '"') this.#state = 'closed'
        else this.#add(character)
      } else if (this.#state === 'closed' && character === '"') {
        this.#state = 'quoted' // two quotes inside quotes are one
        this.#add('"')
      } else if (character === this.#delimiter) this.#endField()
      else if (lineEnd) {
        const record = this.#endRecord()
        if (record) yield record
      } else if (this.#state === 'closed') {
        if (character !== ' ') throw new CsvError('operator.csv.quote', { line: this.#line })
      } else if (this.#state === 'start' && character === '"') this.#state = 'quoted'
      else {
        this.#state = 'plain'
        this.#add(character)
      }
    }
  }

  *end(): Generator<CsvRecord> {
    if (this.#state === 'quoted') throw new CsvError('operator.csv.openQuote', { line: this.#recordLine })
    const record = this.#endRecord()
    if (record) yield record
  }

  #add(character: string): void {
    if (this.#field.length >= this.#limits.fieldLength) {
      throw new CsvError('operator.csv.fieldTooLong', { line: this.#recordLine, most: this.#limits.fieldLength })
    }
    this.#field += character
  }

  #endField(): void {
    if (this.#fields.length >= this.#limits.columns) {
      throw new CsvError('operator.csv.tooManyColumns', { line: this.#recordLine, most: this.#limits.columns })
    }
    this.#fields.push(this.#field)
    this.#field = ''
    this.#state = 'start'
  }

  /** Lines with nothing on them are no records. */
  #endRecord(): CsvRecord | undefined {
    this.#endField()
    const record = { line: this.#recordLine, fields: this.#fields }
    this.#fields = []
    this.#recordLine = this.#line
    return record.fields.every(field => field.trim() === '') ? undefined : record
  }
}
