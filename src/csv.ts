/** Tables as comma-separated values: one line, and a whole download that is written while it is read. */
import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from './app.ts'

export type Cell = string | number | boolean | null

/** What spreadsheets take for the beginning of a formula; the wide forms are what East Asian versions take for the same. */
const formula = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/

/** One line of a CSV export. A cell that a spreadsheet would take for a formula gets an apostrophe in front (T-33). */
export function csvLine(cells: readonly Cell[]): string {
  const written = cells.map(cell => {
    const text = cell === null ? '' : String(cell)
    const safe = typeof cell === 'string' && formula.test(text) ? `'${text}` : text
    return /[",;\r\n\t]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
  })
  return `${written.join(',')}\r\n`
}

/** `?format=csv` (or Graph's `$format`), or an Accept header that names text/csv and does not name JSON. */
export function wantsCsv(request: FastifyRequest): boolean {
  const query = request.query as Record<string, unknown>
  const format = query['format'] ?? query['$format']
  if (format !== undefined) return format === 'csv'
  const accept = String(request.headers.accept ?? '').toLowerCase()
  return /\btext\/csv\b/.test(accept) && !/\bapplication\/json\b/.test(accept)
}

export interface Table {
  /** Of the file, without its ending. */
  name: string
  heading: readonly string[]
  rows: AsyncIterable<readonly Cell[]> | Iterable<readonly Cell[]>
}

/**
 * Answers with a table of any length: rows are asked for as the reader takes them, so that neither side holds it whole. Rights are
 * checked before. What fails on the way breaks the connection off, so that half a table is never taken for a whole one.
 */
export function sendCsv(app: Pick<App, 'log'>, request: FastifyRequest, reply: FastifyReply, table: Table): FastifyReply {
  reply.type('text/csv; charset=utf-8').header('content-disposition', `attachment; filename="${table.name}.csv"`)
  return reply.send(Readable.from(logged(app, request, blocks(table)), { objectMode: false }))
}

/** Characters handed on at once: a write for each line would cost more than the line. */
const blockSize = 16_384

/** With a byte order mark, without which spreadsheets read UTF-8 as something else. */
async function* blocks({ heading, rows }: Table): AsyncGenerator<string, void> {
  let block = `\uFEFF${csvLine(heading)}`
  for await (const row of rows) {
    block += csvLine(row)
    if (block.length < blockSize) continue
    yield block
    block = ''
  }
  if (block !== '') yield block
}

async function* logged(app: Pick<App, 'log'>, request: FastifyRequest, text: AsyncIterable<string>): AsyncGenerator<string, void> {
  try {
    yield* text
  } catch (error) {
    app.log.error('export broken off', { correlationId: request.correlationId, route: request.routeOptions.url ?? '', error })
    throw error
  }
}
