import type { App } from '../app.ts'
import { dialledNumber } from '../rules/contact-data.ts'

/**
 * A destination without its spelling: an address in small letters, a number as `+` and digits, its extension removed. Two
 * values with the same form reach the same place. For comparing only; what is sent to is the value as stored (T-08).
 */
export function canonicalDestination(value: string): string {
  const plain = value.normalize('NFKC').trim()
  if (plain.includes('@')) return plain.toLowerCase()
  return dialledNumber(plain)
}

/** The keyed hash by which a destination is recognised without being readable (T-73). */
export function destinationIndex(app: Pick<App, 'keys'>, tenantId: string, value: string): string {
  return app.keys.mac('index', `${tenantId} ${canonicalDestination(value)}`)
}
