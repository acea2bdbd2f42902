/** `latchkey import users.csv`: people from Entra's bulk-create template or a plain CSV file (docs/guide/import-users.md). */
import { randomUUID } from 'node:crypto'
import { createReadStream, statSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { App } from '../app.ts'
import { csvLine } from '../csv.ts'
import type { VerbIo } from '../config.ts'
import { listDomains } from '../store/domains.ts'
import { withLargeCache } from '../store/engine.ts'
import { nameKey } from '../store/names.ts'
import { defaultTenant, findTenantByDomain } from '../store/tenants.ts'
import { translate, type Locale } from '../text.ts'
import { CsvError, csvLimits, isPreamble, readCsv, type CsvRecord } from './csv.ts'
import { readHeading, type Heading, type RowProblem } from './import-columns.ts'
import { readRow, type ImportPerson } from './import-rows.ts'
import { batchSize, importBatch, type ImportTarget } from './import-users.ts'
import { OperatorError, parseArgs, runVerb, whereOptions, withApp, type VerbContext } from './open-app.ts'
import { passwordProblemOf } from './import-passwords.ts'
import { tidyPhones } from './import-phones.ts'

/** More people than this come in several files; the names seen are kept in memory to find one that comes twice. */
const mostRows = 1_000_000
const progressEvery = 1000

export interface ImportReport {
  rows: number
  created: number
  updated: number
  unchanged: number
  /** Rows of the template's own example. */
  examples: number
  /** Phone numbers that are kept and do not count until they are corrected. */
  malformedPhones: RowProblem[]
  problems: RowProblem[]
  ignoredColumns: string[]
}

export function run(args: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async context => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { ...whereOptions, tenant: { type: 'string' }, 'dry-run': { type: 'boolean', default: false }, report: { type: 'string' } },
    })
    const [file, ...more] = positionals
    if (!file || more.length > 0) throw new OperatorError('operator.import.usage')
    checkFile(file)
    return withApp(values, io, async app => {
      const target = await targetOf(app, values.tenant, values['dry-run'], context.locale)
      const report = await importFile(app, target, file, count => context.say('operator.import.progress', { count }))
      tell(context, file, report, values['dry-run'])
      if (values.report) writeReport(context, values.report, report)
      return report.problems.length > 0 ? 1 : 0
    })
  })
}

/** Refused before a byte is read: what is no file, and what is larger than any import may be (T-71). */
function checkFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found?.isFile()) throw new OperatorError('operator.import.noFile', { file })
  if (found.size > csvLimits.bytes) throw new OperatorError('operator.csv.tooLarge', { mebibytes: csvLimits.bytes / 1024 / 1024 })
}

async function targetOf(app: App, domain: string | undefined, dryRun: boolean, locale: Locale): Promise<ImportTarget> {
  const tenant = domain === undefined ? await defaultTenant(app.db) : await findTenantByDomain(app.db, domain)
  if (!tenant) throw new OperatorError('operator.tenant.none', { domain: domain ?? '' })
  const domains = (await listDomains(app.db, tenant.id)).filter(one => one.isVerified).map(one => one.id)
  const passwordProblem = await passwordProblemOf(app, tenant.id, locale)
  return { tenantId: tenant.id, domains: new Set(domains), dryRun, correlationId: randomUUID(), passwordProblem }
}

/** Reads the whole file and imports it batch by batch. @throws OperatorError when the file as a whole cannot be read */
export function importFile(app: App, target: ImportTarget, file: string, progress: (rows: number) => void = () => {}): Promise<ImportReport> {
  return withLargeCache(app.db, () => importRecords(app, target, file, progress))
}

async function importRecords(app: App, target: ImportTarget, file: string, progress: (rows: number) => void): Promise<ImportReport> {
  const report: ImportReport = { rows: 0, created: 0, updated: 0, unchanged: 0, examples: 0, malformedPhones: [], problems: [], ignoredColumns: [] }
  const seen = new Map<string, number>()
  let heading: Heading | undefined
  let batch: ImportPerson[] = []
  const flush = async () => {
    const { counts, problems } = await importBatch(app, target, batch)
    for (const name of ['created', 'updated', 'unchanged'] as const) report[name] += counts[name]
    report.problems.push(...problems)
    batch = []
  }
  try {
    for await (const record of readCsv(createReadStream(file))) {
      if (!heading) {
        heading = headingOf(record, report)
        continue
      }
      const person = take(heading, record, report, seen)
      if (!person) continue
      report.malformedPhones.push(...tidyPhones(person))
      batch.push(person)
      if (batch.length === batchSize) await flush()
      if (report.rows % progressEvery === 0) progress(report.rows)
    }
    if (!heading) throw new OperatorError('operator.import.empty')
    if (batch.length > 0) await flush()
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    // What came before the broken place is in; say so, and where to go on.
    if (batch.length > 0) await flush()
    throw new OperatorError(error.messageKey, error.values)
  }
  return report
}

/** The heading, undefined while preambles stand before it. */
function headingOf(record: CsvRecord, report: ImportReport): Heading | undefined {
  if (isPreamble(record.fields.join(','))) return undefined
  const heading = readHeading(record)
  if ('messageKey' in heading) throw new OperatorError(heading.messageKey, { ...heading.values, column: heading.column, line: heading.line })
  report.ignoredColumns = heading.ignored
  return heading
}

function take(heading: Heading, record: CsvRecord, report: ImportReport, seen: Map<string, number>): ImportPerson | undefined {
  const row = readRow(heading, record)
  if ('example' in row) {
    report.examples++
    return undefined
  }
  if (++report.rows > mostRows) throw new OperatorError('operator.import.tooManyRows', { most: mostRows })
  if ('problems' in row) {
    report.problems.push(...row.problems)
    return undefined
  }
  const name = nameKey(row.person.userPrincipalName)
  const before = seen.get(name)
  if (before !== undefined) {
    report.problems.push({ line: record.line, column: 'userPrincipalName', messageKey: 'operator.import.duplicate', values: { first: before } })
    return undefined
  }
  seen.set(name, record.line)
  return row.person
}

/** So many problems are printed; all of them are in the report. */
const mostPrinted = 200

function tell({ io, locale, say, warn }: VerbContext, file: string, report: ImportReport, dryRun: boolean): void {
  const line = (problem: RowProblem) => `${basename(file)}:${problem.line}: ${problem.column}: ${translate(locale, problem.messageKey, problem.values)}\n`
  for (const problem of report.problems.toSorted((a, b) => a.line - b.line).slice(0, mostPrinted)) io.stderr.write(line(problem))
  if (report.problems.length > mostPrinted) warn('operator.import.morePrinted', { count: report.problems.length - mostPrinted })
  for (const problem of report.malformedPhones.slice(0, mostPrinted)) io.stderr.write(line(problem))
  if (report.ignoredColumns.length > 0) say('operator.import.ignored', { columns: report.ignoredColumns.join(', ') })
  if (report.examples > 0) say('operator.import.examples', { count: report.examples })
  const { rows, created, updated, unchanged } = report
  const failed = new Set(report.problems.map(problem => problem.line)).size
  say(dryRun ? 'operator.import.wouldBe' : 'operator.import.done', { rows, created, updated, unchanged, failed })
}

function writeReport({ locale }: VerbContext, file: string, report: ImportReport): void {
  const rows = [...report.problems, ...report.malformedPhones].toSorted((a, b) => a.line - b.line)
  const lines = rows.map(one => csvLine([one.line, one.column, one.messageKey.replace('operator.import.', ''), translate(locale, one.messageKey, one.values)]))
  try {
    writeFileSync(file, `\uFEFF${csvLine(['line', 'column', 'problem', 'message'])}${lines.join('')}`, { mode: 0o600 })
  } catch (error) {
    throw new OperatorError('operator.import.noReport', { file, detail: (error as { code?: string }).code ?? 'unknown' })
  }
}
