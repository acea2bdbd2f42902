/** `/livez`: the process answers. `/readyz`: it can do its work; if not, it names what cannot. */
import { access, constants, statfs } from 'node:fs/promises'
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { readKeyFile } from '../key-file.ts'
import { pendingMigrations } from '../store/migrate.ts'
import type { Store } from '../store/open.ts'

export const healthChecks = ['database', 'migrations', 'keys', 'disk', 'dispatcher', 'clock'] as const
export type HealthCheck = (typeof healthChecks)[number]

export interface HealthResult {
  check: HealthCheck
  ok: boolean
  /** For operators, never for the public answer. */
  detail?: string
}

/** Less free space than this and nothing new is accepted: audit records must always find room. */
const leastFreeBytes = 64 * 1024 * 1024
/** A message that has been due this long means that nobody sends. */
const longestWait = 5 * 60_000
/** the server's and the database's clocks may be this far apart. */
const largestStep = 30_000

/** How many seconds an answer of /readyz is shown again, so that a stranger asking often costs nothing. */
const answerLasts = 1000

/** Every check, in a fixed order; none throws. */
export async function checkHealth(app: App, store: Store): Promise<HealthResult[]> {
  const database = await attempt('database', async () => {
    await app.db.selectFrom('installation').select('key').limit(1).execute()
  })
  if (!database.ok) {
    const skipped = (check: HealthCheck): HealthResult => ({ check, ok: false, detail: 'database' })
    return [database, skipped('migrations'), await checkKeys(app), await checkDisk(app), skipped('dispatcher'), skipped('clock')]
  }
  return [
    database,
    await attempt('migrations', async () => {
      const pending = await pendingMigrations(store)
      if (pending.length > 0) throw new Error(`${pending.length} pending`)
    }),
    await checkKeys(app, true),
    await checkDisk(app),
    await attempt('dispatcher', () => oldestDue(app)),
    await attempt('clock', async () => {
      const before = app.now()
      await store.clock.refresh()
      const step = Math.abs(app.now() - before)
      if (step > largestStep) throw new Error(`stepped by ${step} ms`)
    }),
  ]
}

/** The file is whole and ours alone; and, where there is a database to ask, it is the file that belongs to this database. */
const checkKeys = (app: App, withDatabase = false): Promise<HealthResult> =>
  attempt('keys', async () => {
    readKeyFile(app.config.keysFile)
    app.keys.mac('nonce', 'health')
    const row = withDatabase ? await app.db.selectFrom('dataKeys').select('tenantId').limit(1).executeTakeFirst() : undefined
    if (row) await app.keys.sealText({ tenantId: row.tenantId, table: 'health', column: 'none', rowId: 'none' }, 'health').catch(() => {
      throw new Error('the key file is not the one of this database')
    })
  })

const checkDisk = (app: App): Promise<HealthResult> =>
  attempt('disk', async () => {
    await access(app.config.dataDir, constants.W_OK)
    const { bavail, bsize } = await statfs(app.config.dataDir)
    if (bavail * bsize < leastFreeBytes) throw new Error(`${Math.floor((bavail * bsize) / 1024 / 1024)} MiB free`)
  })

async function oldestDue(app: App): Promise<void> {
  const now = app.now()
  const waiting = await app.db
    .selectFrom('outbox')
    .select('availableAt')
    .where('availableAt', '<', now - longestWait)
    .where('expiresAt', '>', now)
    .where(eb => eb.or([eb('leaseUntil', 'is', null), eb('leaseUntil', '<', now - longestWait)]))
    .orderBy('availableAt')
    .limit(1)
    .executeTakeFirst()
  if (waiting) throw new Error(`a message has been due for ${Math.round((now - waiting.availableAt) / 1000)} s`)
}

async function attempt(check: HealthCheck, work: () => Promise<void>): Promise<HealthResult> {
  try {
    await work()
    return { check, ok: true }
  } catch (error) {
    return { check, ok: false, detail: error instanceof Error ? error.message.slice(0, 200) : 'unknown' }
  }
}

/** The two routes that a supervisor, a load balancer or `latchkey doctor` asks. No name, version or detail leaves here (T-72). */
export function healthRoutes(server: Server, app: App, store: Store): void {
  let last: { at: number; results: Promise<HealthResult[]> } | undefined
  let known: string | undefined

  server.get('/livez', { config: { access: 'public', surface: 'plain' } }, async (_request, reply) => {
    return reply.type('text/plain; charset=utf-8').send('ok\n')
  })

  server.get(
    '/readyz',
    {
      config: { access: 'public', surface: 'api' },
      schema: {
        summary: 'Whether this server can do its work',
        description: '200 when everything works, else 503; `failing` names what does not: database, migrations, keys, disk, dispatcher, clock.',
        response: { '2xx': readiness, 503: readiness },
      },
    },
    async (_request, reply) => {
      const moment = performance.now()
      if (!last || moment - last.at > answerLasts) last = { at: moment, results: checkHealth(app, store) }
      const failing = (await last.results).filter(result => !result.ok)
      const names = failing.map(result => result.check).join(' ')
      if (names !== (known ?? '')) {
        if (names === '') app.log.info('ready again')
        else app.log.warn('not ready', { code: names, detail: failing.map(result => `${result.check}: ${result.detail}`).join('; ') })
        known = names
      }
      return reply
        .code(failing.length === 0 ? 200 : 503)
        .send({ status: failing.length === 0 ? ('ready' as const) : ('notReady' as const), failing: failing.map(result => result.check) })
    },
  )
}

const readiness = Type.Object({
  status: Type.Union([Type.Literal('ready'), Type.Literal('notReady')]),
  failing: Type.Array(Type.Unsafe<HealthCheck>({ type: 'string', enum: [...healthChecks] })),
})
