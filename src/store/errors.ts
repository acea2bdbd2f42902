/** Questions about database errors, so that no other file needs to know how an engine spells them. */

/** A statement waited for the one writing connection longer than any transaction should take. */
export class TurnTimeoutError extends Error {
  constructor(milliseconds: number) {
    super(`No turn to write within ${milliseconds} ms: is \`db\` used inside a transaction where \`trx\` was meant?`)
    this.name = 'TurnTimeoutError'
  }
}

interface DriverError {
  code?: unknown
  errcode?: unknown
  constraint?: unknown
  message?: unknown
}

const asDriverError = (error: unknown): DriverError => (typeof error === 'object' && error !== null ? error : {})

/** SQLite's SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY. */
const uniqueViolations = new Set<unknown>([2067, 1555])

/**
 * True when a row with this key is there already. Inside a transaction the error ends the transaction on both engines:
 * catch it outside, or use `on conflict`.
 */
export function isUniqueViolation(error: unknown): boolean {
  const { code, errcode } = asDriverError(error)
  return code === '23505' || uniqueViolations.has(errcode)
}

/** True when a row that is pointed at is missing, or is still pointed at. */
export function isForeignKeyViolation(error: unknown): boolean {
  const { code, errcode } = asDriverError(error)
  return code === '23503' || errcode === 787
}

/** True when the tables have not been made yet. */
export function isMissingTable(error: unknown): boolean {
  const { code, message } = asDriverError(error)
  return code === '42P01' || (typeof message === 'string' && message.startsWith('no such table'))
}

/** SQLite: busy, locked, out of memory, input/output, full, cannot open, not to be written. */
const sqliteUnavailable = new Set([5, 6, 7, 10, 13, 14, 8])
const socketErrors = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENOTFOUND', 'EAI_AGAIN', 'ENOSPC'])
/**
 * PostgreSQL's classes: connection (08), resources such as a full disk (53), an operator's intervention and time-outs (57),
 * input/output (58); read-only after a switch of servers (25006), lock not available (55P03), serialization and deadlock (40).
 */
const postgresUnavailable = /^(08|53|57|58|40)...$|^25006$|^55P03$/
const lostConnection = /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Query read timeout|Client was closed|Postgres connection has been discarded)/

/**
 * True when the database cannot answer now and may soon: the caller is told 503 and when to come back, never that
 * something was wrong with what they asked.
 */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof TurnTimeoutError) return true
  if (error instanceof AggregateError) return error.errors.some(isUnavailable)
  const { code, errcode, message } = asDriverError(error)
  if (typeof errcode === 'number' && sqliteUnavailable.has(errcode & 0xff)) return true
  if (typeof code === 'string' && (socketErrors.has(code) || postgresUnavailable.test(code))) return true
  return typeof message === 'string' && lostConnection.test(message)
}
