/**
 * Which column of a file means what. Two kinds of heading are understood: those of Entra's bulk-create template, where the
 * property stands in brackets (`Name [displayName] Required`), and plain property names as Microsoft Graph spells them.
 */
import type { CsvRecord } from './csv.ts'
import type { MessageKey, MessageValues } from '../text.ts'

export type ImportColumn =
  | 'userPrincipalName' | 'displayName' | 'givenName' | 'surname' | 'mail' | 'jobTitle' | 'department' | 'officeLocation'
  | 'usageLocation' | 'preferredLanguage' | 'accountEnabled' | 'blockSignIn' | 'password' | 'mobilePhone' | 'businessPhones' | 'otherMails'

/** Longest value of each column; what the directory itself allows. */
export const importColumns: Readonly<Record<ImportColumn, { longest: number }>> = {
  userPrincipalName: { longest: 113 },
  displayName: { longest: 256 },
  givenName: { longest: 64 },
  surname: { longest: 64 },
  mail: { longest: 254 },
  jobTitle: { longest: 128 },
  department: { longest: 64 },
  officeLocation: { longest: 128 },
  usageLocation: { longest: 64 },
  preferredLanguage: { longest: 20 },
  accountEnabled: { longest: 10 },
  blockSignIn: { longest: 10 },
  password: { longest: 256 },
  mobilePhone: { longest: 64 },
  businessPhones: { longest: 256 },
  otherMails: { longest: 2048 },
}

/** Other names under which a column comes, in small letters. */
const otherNames: Readonly<Record<string, ImportColumn>> = {
  passwordprofile: 'password',
  initialpassword: 'password',
  mobile: 'mobilePhone',
  telephonenumber: 'businessPhones',
  businessphone: 'businessPhones',
  physicaldeliveryofficename: 'officeLocation',
  othermail: 'otherMails',
  alternateemailaddress: 'otherMails',
  upn: 'userPrincipalName',
  blocksignin: 'blockSignIn',
}

const byName = new Map<string, ImportColumn>([
  ...(Object.keys(importColumns) as ImportColumn[]).map(name => [name.toLowerCase(), name] as const),
  ...Object.entries(otherNames),
])

export interface Heading {
  /** For each field of a record, what it is; undefined for columns that are not kept. */
  columns: (ImportColumn | undefined)[]
  /** Headings that are not kept, as they stand in the file. */
  ignored: string[]
}

/** Something is wrong in the file, and where. */
export interface RowProblem {
  line: number
  column: string
  messageKey: MessageKey
  values: MessageValues
}

/** @returns the heading's meaning, or what is wrong with it */
export function readHeading(record: CsvRecord): Heading | RowProblem {
  const columns = record.fields.map(columnOf)
  const problem = (column: string, messageKey: MessageKey, values: MessageValues = {}): RowProblem => ({ line: record.line, column, messageKey, values })
  const twice = columns.find((column, index) => column !== undefined && columns.indexOf(column) !== index)
  if (twice) return problem(twice, 'operator.import.columnTwice')
  for (const needed of ['userPrincipalName', 'displayName'] as const) {
    if (!columns.includes(needed)) return problem(needed, 'operator.import.columnMissing')
  }
  if (columns.includes('accountEnabled') && columns.includes('blockSignIn')) return problem('accountEnabled', 'operator.import.columnTwice')
  return { columns, ignored: record.fields.filter((field, index) => columns[index] === undefined && field.trim() !== '').map(field => field.trim().slice(0, 80)) }
}

function columnOf(heading: string): ImportColumn | undefined {
  const bracketed = /\[\s*([A-Za-z]+)\s*\]/.exec(heading)?.[1]
  const column = byName.get((bracketed ?? heading).trim().toLowerCase())
  // Entra's template asks "Block sign in (Yes/No)" under this property's name, which means the opposite.
  return bracketed && column === 'accountEnabled' ? 'blockSignIn' : column
}
