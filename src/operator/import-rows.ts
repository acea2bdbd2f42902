/** One record of an import file, read as a person. Nothing here looks at the database. */
import type { CsvRecord } from './csv.ts'
import { isWellFormedAddress } from '../rules/contact-data.ts'
import { importColumns, type Heading, type ImportColumn, type RowProblem } from './import-columns.ts'
import type { MessageKey, MessageValues } from '../text.ts'
import { Secret } from '../secret.ts'

/** What a file says about one person. A property that is absent was an empty cell: it stays as it is. */
export interface ImportPerson {
  line: number
  userPrincipalName: string
  displayName: string
  givenName?: string
  surname?: string
  mail?: string
  jobTitle?: string
  department?: string
  officeLocation?: string
  usageLocation?: string
  preferredLanguage?: string
  accountEnabled?: boolean
  mobilePhone?: string
  businessPhones?: string[]
  otherMails?: string[]
  /** The first password, for people who are new; nobody's password is changed by an import. */
  password?: Secret
}

export type ReadRow = { person: ImportPerson } | { problems: RowProblem[] } | { example: true }

const plainText = ['givenName', 'surname', 'jobTitle', 'department', 'officeLocation'] as const
/** sspr §2.3: what may stand before the `@`. */
const principalName = /^[A-Za-z0-9'.\-_!#^~]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,46}[A-Za-z0-9])?$/
const yes = new Set(['yes', 'true', '1', 'ja', 'jā'])
const no = new Set(['no', 'false', '0', 'nej', 'nei', 'nē', 'ne'])

/** @returns the person, or everything that is wrong with the row at once */
export function readRow(heading: Heading, record: CsvRecord): ReadRow {
  const cells = new Map<ImportColumn, string>()
  heading.columns.forEach((column, index) => {
    const value = (record.fields[index] ?? '').trim().normalize('NFC')
    if (column && value !== '') cells.set(column, value)
  })
  // Entra's template carries a row of examples, which people forget to remove.
  if (/^example:/i.test(cells.get('userPrincipalName') ?? '')) return { example: true }

  const problems: RowProblem[] = []
  const blame = (column: string, messageKey: MessageKey, values: MessageValues = {}) => {
    // One fault of a value is enough to go and look at it.
    if (problems.every(problem => problem.column !== column)) problems.push({ line: record.line, column, messageKey, values })
  }
  const extra = record.fields.slice(heading.columns.length).find(field => field.trim() !== '')
  if (extra !== undefined) blame(`${heading.columns.length + 1}`, 'operator.import.tooManyValues', { columns: heading.columns.length })
  for (const [column, value] of cells) {
    const { longest } = importColumns[column]
    if ([...value].length > longest) blame(column, 'operator.import.tooLong', { longest })
    else if (/\p{Cc}/u.test(value)) blame(column, 'operator.import.control')
  }
  for (const needed of ['userPrincipalName', 'displayName'] as const) if (!cells.has(needed)) blame(needed, 'operator.import.required')

  const person: ImportPerson = { line: record.line, userPrincipalName: cells.get('userPrincipalName') ?? '', displayName: cells.get('displayName') ?? '' }
  if (person.userPrincipalName !== '' && (!principalName.test(person.userPrincipalName) || person.userPrincipalName.includes('.@'))) {
    blame('userPrincipalName', 'operator.import.principalName')
  }
  for (const column of plainText) if (cells.has(column)) person[column] = cells.get(column)!
  readAddresses(cells, person, blame)
  readPlaces(cells, person, blame)
  readSwitches(cells, person, blame)
  readPhones(cells, person, blame)
  if (cells.has('password')) person.password = new Secret(cells.get('password')!)
  return problems.length > 0 ? { problems } : { person }
}

type Blame = (column: string, messageKey: MessageKey, values?: MessageValues) => void
type Cells = ReadonlyMap<ImportColumn, string>

function readAddresses(cells: Cells, person: ImportPerson, blame: Blame): void {
  const mail = cells.get('mail')
  if (mail !== undefined) {
    if (isWellFormedAddress(mail)) person.mail = mail
    else blame('mail', 'operator.import.mail')
  }
  const others = listOf(cells.get('otherMails'))
  if (others.some(one => !isWellFormedAddress(one))) blame('otherMails', 'operator.import.mail')
  else if (others.length > 10) blame('otherMails', 'operator.import.tooMany', { most: 10 })
  else if (others.length > 0) person.otherMails = others
}

function readPlaces(cells: Cells, person: ImportPerson, blame: Blame): void {
  const usage = cells.get('usageLocation')
  if (usage !== undefined) {
    if (/^[A-Za-z]{2}$/.test(usage)) person.usageLocation = usage.toUpperCase()
    else blame('usageLocation', 'operator.import.usageLocation')
  }
  const language = cells.get('preferredLanguage')
  if (language !== undefined) {
    if (/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(language)) person.preferredLanguage = language
    else blame('preferredLanguage', 'operator.import.language')
  }
}

function readSwitches(cells: Cells, person: ImportPerson, blame: Blame): void {
  for (const [column, inverted] of [['accountEnabled', false], ['blockSignIn', true]] as const) {
    const value = cells.get(column)?.toLowerCase()
    if (value === undefined) continue
    if (yes.has(value)) person.accountEnabled = !inverted
    else if (no.has(value)) person.accountEnabled = inverted
    else blame(column, 'operator.import.yesNo')
  }
}

function readPhones(cells: Cells, person: ImportPerson, blame: Blame): void {
  const mobile = cells.get('mobilePhone')
  if (mobile !== undefined) person.mobilePhone = phone(mobile)
  const business = listOf(cells.get('businessPhones'))
  if (business.length > 1) blame('businessPhones', 'operator.import.tooMany', { most: 1 })
  else if (business.length === 1) person.businessPhones = [phone(business[0]!)]
}

/**
 * A spreadsheet's own marks taken away: the apostrophe or `="…"` that keeps it from reckoning with the number. Whether the
 * number can be used is told apart and later (sspr §2.5: a malformed one is kept and does not count).
 */
function phone(value: string): string {
  return value.replace(/^="(.*)"$/, '$1').replace(/^'/, '').trim()
}

const listOf = (value: string | undefined): string[] => [...new Set((value ?? '').split(/[;|]/).map(part => part.trim()).filter(part => part !== ''))]
