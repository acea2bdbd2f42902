// Dates and numbers of a program's credentials (graph §3.4).
import { reason } from './verdict.ts'
import type { Reason } from './verdict.ts'

/** Of each kind on one application or service principal. */
export const mostCredentials = 100
/** A clock of the caller's may be ahead or behind; a start further back is a mistake (graph §3.7). */
const earliestStart = 24 * 3_600_000
/** Nobody means a secret to live this long: typing errors in years. */
const longestLifetime = 100 * 366 * 24 * 3_600_000

export interface Span {
  startDateTime: number
  endDateTime: number
}

/** What is wrong with the dates of a new secret; undefined when nothing is. Staged starts, in the future, are welcome. */
export function checkDates({ startDateTime, endDateTime }: Span, now: number): Reason | undefined {
  if (startDateTime < now - earliestStart || startDateTime > now + longestLifetime) return reason('LK_CREDENTIAL_START')
  if (endDateTime <= startDateTime || endDateTime <= now || endDateTime - startDateTime > longestLifetime) return reason('LK_CREDENTIAL_END')
  return undefined
}

/** The dates of a certificate's entry lie within the certificate's own; ended ones are of no use to anybody. */
export function checkCertificateDates(entry: Span, certificate: Span, now: number): Reason | undefined {
  // Graph's dates have no parts of a second, and az writes the certificate's own.
  const second = 1000
  if (entry.startDateTime < certificate.startDateTime - second || entry.startDateTime >= entry.endDateTime) return reason('LK_CREDENTIAL_START')
  if (entry.endDateTime > certificate.endDateTime + second || entry.endDateTime <= now) return reason('LK_CREDENTIAL_END')
  return undefined
}
