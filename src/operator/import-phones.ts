import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import { isWellFormedPhone } from '../rules/contact-data.ts'
import type { RowProblem } from './import-columns.ts'
import type { ImportPerson } from './import-rows.ts'

/**
 * Numbers written out in full, but not as the directory writes them (`+4520123456`, `0045 20 12 34 56`, `+1 (555) 010-1234`),
 * are rewritten as `+45 20123456`. Anything else stays as it is and does not count (sspr §2.5); each such number is reported.
 */
export function tidyPhones(person: ImportPerson): RowProblem[] {
  const malformed: RowProblem[] = []
  const tidy = (column: string, value: string): string => {
    const written = inFull(value)
    if (!isWellFormedPhone(written)) malformed.push({ line: person.line, column, messageKey: 'operator.import.phone', values: {} })
    return written
  }
  if (person.mobilePhone !== undefined) person.mobilePhone = tidy('mobilePhone', person.mobilePhone)
  if (person.businessPhones) person.businessPhones = person.businessPhones.map(value => tidy('businessPhones', value))
  return malformed
}

function inFull(value: string): string {
  if (isWellFormedPhone(value)) return value
  const number = parsePhoneNumberFromString(value.replace(/^00/, '+'))
  if (!number?.isPossible()) return value
  return `+${number.countryCallingCode} ${number.nationalNumber}${number.ext ? `x${number.ext}` : ''}`
}
