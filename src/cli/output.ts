import type { Call } from './call.ts'

/** Rows as a table for people, or as they are for programs. Control characters in names cannot move the cursor (T-76). */
export function printRows(call: Call, columns: readonly { title: string; value: string }[], rows: readonly Record<string, unknown>[]): void {
  if (call.json) return printJson(call, rows)
  const cells = rows.map(row => columns.map(column => plain(row[column.value])))
  const widths = columns.map((column, index) => Math.max(column.title.length, ...cells.map(row => row[index]!.length)))
  const line = (row: readonly string[]) => `${row.map((cell, index) => cell.padEnd(widths[index]!)).join('  ').trimEnd()}\n`
  call.io.stdout.write(line(columns.map(column => column.title)))
  call.io.stdout.write(line(widths.map(width => '─'.repeat(width))))
  for (const row of cells) call.io.stdout.write(line(row))
}

/** One thing, a line for each property. */
export function printFields(call: Call, fields: readonly [title: string, value: unknown][], whole: unknown): void {
  if (call.json) return printJson(call, whole)
  const width = Math.max(...fields.map(([title]) => title.length))
  for (const [title, value] of fields) call.io.stdout.write(`${title.padEnd(width)}  ${plain(value)}\n`)
}

export function printJson(call: Call, value: unknown): void {
  call.io.stdout.write(`${JSON.stringify(value, null, 2)}\n`)
}

function plain(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–'
  const text = Array.isArray(value) ? value.map(plain).join(', ') : typeof value === 'object' ? JSON.stringify(value) : String(value as string | number | boolean)
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '?')
}
