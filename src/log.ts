import pino from 'pino'

/**
 * What may be written to the log: a field that is not named here does not compile, and a value that is not plain is cut out.
 * The list is the first wall (T-75), `Secret` the second.
 */
export interface LogFields {
  correlationId?: string
  supportCode?: string
  tenantId?: string
  userId?: string
  method?: string
  /** The route's pattern, never the URL: a query string can hold anything. */
  route?: string
  status?: number
  milliseconds?: number
  code?: string
  kind?: string
  count?: number
  attempt?: number
  id?: string
  origin?: string
  detail?: string
  error?: unknown
}

export interface Log {
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** JSON lines on standard output; control characters are escaped by JSON, long values cut (T-76). */
export function openLog(level: 'info' | 'warn' | 'error' | 'silent' = 'info', destination?: pino.DestinationStream): Log {
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination as pino.DestinationStream)
  const write = (severity: 'info' | 'warn' | 'error') => (event: string, fields: LogFields = {}) => {
    const { error, ...plain } = fields
    const cut = Object.fromEntries(Object.entries(plain).map(([key, value]) => [key, typeof value === 'string' ? value.slice(0, 300) : value]))
    logger[severity]({ ...cut, ...(error === undefined ? {} : { error: describe(error) }) }, event)
  }
  return { info: write('info'), warn: write('warn'), error: write('error') }
}

/** An error's name, message and place; never its other properties, for a driver may hang the statement's values on it. */
function describe(error: unknown): { name: string; message: string; stack?: string } {
  if (!(error instanceof Error)) return { name: 'Unknown', message: String(error).slice(0, 300) }
  return { name: error.name, message: error.message.slice(0, 500), ...(error.stack ? { stack: error.stack.slice(0, 3000) } : {}) }
}
