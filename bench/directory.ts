/**
 * `npm run bench:directory [sqlite|postgres] [people]`: the directory at a million people, on both engines. Every question is asked of the
 * large tenant and of one with ten thousand people in turns, over the server's own routes, and the medians are compared; the import is
 * compared with the engine's own bulk load (COPY, `.import`) of the same rows into the same tables. Takes about ten minutes.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { FastifyInstance } from 'fastify'
import { cookies } from '../src/access.ts'
import { importFile } from '../src/operator/import.ts'
import { buildServer } from '../src/server.ts'
import { openTestStore } from '../test/support/store.ts'
import { type TestApp, makeApp } from '../test/support/make-app.ts'
import { addPerson, roleIds } from '../test/support/people.ts'
import { signedIn } from '../test/support/signed-in.ts'

type Engine = 'sqlite' | 'postgres'
const rounds = 5
const asksARound = 60
const small = 10_000
const tables = ['tenants', 'domains', 'users', 'user_aliases', 'passwords', 'audit'] as const

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
const seconds = (since: number): number => (performance.now() - since) / 1000
const missed: string[] = []

function report(name: string, value: number, bound: number, atLeast: boolean, note: string): void {
  const kept = atLeast ? value >= bound : value <= bound
  if (!kept) missed.push(name)
  process.stdout.write(`${kept ? 'kept  ' : 'MISSED'} ${name}: ${value.toFixed(2)} (${atLeast ? 'at least' : 'at most'} ${bound}) ${note}\n`)
}

const firsts = ['Anna', 'Bo', 'Clara', 'David', 'Elina', 'Freja', 'Gatis', 'Hanne', 'Ida', 'Jānis', 'Kari', 'Lise', 'Māra', 'Nils', 'Ole', 'Pia', 'Rasmus', 'Sanne', 'Tuva', 'Uldis']
const nameOf = (n: number): string => `${firsts[n % firsts.length]} Person ${String((n * 7919) % 1_000_003).padStart(7, '0')}`
const principalOf = (n: number): string => `p${n}@contoso.example`

interface Directory {
  t: TestApp
  server: FastifyInstance
  people: number
  ids: string[]
  session: string
}

async function fill(engine: Engine, people: number, folder: string): Promise<Directory & { importSeconds: number }> {
  const t = await makeApp({ engine })
  const file = join(folder, `people-${people}.csv`)
  const lines = Array.from({ length: people }, (_, n) => `${principalOf(n)},${nameOf(n)},Person`)
  writeFileSync(file, ['userPrincipalName,displayName,surname', ...lines].join('\n'))
  const target = { tenantId: t.tenantId, domains: new Set(['contoso.example']), dryRun: false, correlationId: 'bench', passwordProblem: async () => undefined }
  const began = performance.now()
  const { created, problems } = await importFile(t.app, target, file)
  const importSeconds = seconds(began)
  if (created !== people) throw new Error(`${created} of ${people} were imported: ${JSON.stringify(problems[0])}`)
  rmSync(file)
  const gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
  const ids: string[] = []
  for (let n = 0; n < 2000; n++) {
    const row = await t.app.db.selectFrom('userAliases').select('userId').where('tenantId', '=', t.tenantId).where('aliasLower', '=', principalOf(Math.floor((n / 2000) * people))).executeTakeFirstOrThrow()
    ids.push(row.userId)
  }
  // Without the watch over every answer that tests have.
  return { t, server: await buildServer(t.app, t.store), people, ids, session: gus.browser.cookies.get(cookies.session)!, importSeconds }
}

async function ask({ server, session }: Directory, url: string, headers: Record<string, string> = {}): Promise<{ milliseconds: number; body: string }> {
  const began = performance.now()
  const reply = await server.inject({ method: 'GET', url, headers: { ...headers, host: 'reset.contoso.example', cookie: `${cookies.session}=${session}` } })
  const milliseconds = performance.now() - began
  if (reply.statusCode !== 200) throw new Error(`${url}: ${reply.statusCode} ${reply.payload.slice(0, 300)}`)
  return { milliseconds, body: reply.payload }
}

const somebody = ({ people }: Directory): number => Math.floor(Math.random() * people)
/** Beginnings that more people than asked for have, in the small directory too. */
const beginning = (): string => `${firsts[Math.floor(Math.random() * firsts.length)]} Person 0${Math.floor(Math.random() * 8)}`

const questions: Record<string, (one: Directory) => string> = {
  'get by id': one => `/v1.0/users/${one.ids[Math.floor(Math.random() * one.ids.length)]}`,
  'get by principal name': one => `/v1.0/users/${principalOf(somebody(one))}`,
  'startswith(displayName)': () => `/v1.0/users?$top=20&$filter=startswith(displayName,'${encodeURIComponent(beginning())}')`,
  'page of 100 by id': () => '/v1.0/users?$top=100',
  'page of 100 by name': () => '/v1.0/users?$top=100&$orderby=displayName',
}

/** Pages in the middle, not only the first: each question is followed by its next page, where there is one. */
async function compare(engine: Engine, large: Directory, little: Directory): Promise<void> {
  for (const [name, urlFor] of Object.entries(questions)) {
    const ratios: number[] = []
    let note = ''
    for (let round = 0; round <= rounds; round++) {
      const times: [number[], number[]] = [[], []]
      const next: [string | undefined, string | undefined] = [undefined, undefined]
      for (let n = 0; n < asksARound * 2; n++) {
        const which = n % 2
        const one = which === 0 ? large : little
        const { milliseconds, body } = await ask(one, next[which] ?? urlFor(one))
        const link = (JSON.parse(body) as { '@odata.nextLink'?: string })['@odata.nextLink']
        next[which] = link === undefined ? undefined : link.slice('https://reset.contoso.example'.length)
        times[which]!.push(milliseconds)
      }
      if (round === 0) continue // warm
      ratios.push(median(times[0]) / median(times[1]))
      note = `${median(times[0]).toFixed(2)} ms against ${median(times[1]).toFixed(2)} ms`
    }
    report(`${engine}: ${name}, ${large.people.toLocaleString('en')} / ${little.people.toLocaleString('en')} people`, median(ratios), 1.5, false, note)
  }
  const times: [number[], number[]] = [[], []]
  for (let n = 0; n < asksARound * 2; n++) times[n % 2]!.push((await ask(n % 2 === 0 ? large : little, '/v1.0/users/$count', { consistencylevel: 'eventual' })).milliseconds)
  const [many, few] = [median(times[0]), median(times[1])]
  report(`${engine}: $count`, many / few, 1.5, false, `${many.toFixed(2)} ms against ${few.toFixed(2)} ms`)
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
/** Bytes that are really held: what nobody holds any more goes first. */
function held(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Reads everybody, page by page; what the process holds must not grow with it. */
async function pageThroughAll(engine: Engine, large: Directory): Promise<void> {
  let url: string | undefined = '/v1.0/users?$top=999&$select=id,displayName,userPrincipalName'
  let pages = 0
  let early = 0
  const began = performance.now()
  while (url !== undefined) {
    const { body } = await ask(large, url)
    await turn() // as between requests of a network: what waits for the loop's next turn is let go
    url = (JSON.parse(body) as { '@odata.nextLink'?: string })['@odata.nextLink']?.slice('https://reset.contoso.example'.length)
    if (++pages === Math.ceil(large.people / 999 / 5)) early = held()
  }
  const late = held()
  const mib = (bytes: number) => (bytes / 1024 / 1024).toFixed(0)
  report(`${engine}: memory at the end of paging through all / after a fifth of it`, late / early, 1.15, false, `${mib(late)} MiB against ${mib(early)} MiB, ${pages} pages in ${seconds(began).toFixed(0)} s`)
}

/** The engine's own bulk load of the same rows into the same tables, indexes and all. */
async function copyAll(engine: Engine, from: Directory, folder: string): Promise<number> {
  const target = await openTestStore(engine)
  const store = from.t.store as Awaited<ReturnType<typeof openTestStore>>
  try {
    return engine === 'sqlite' ? importWithShell(store.options.file!, target.options.file!, folder) : copyWithPsql(store.options.databaseUrl!, target.options.databaseUrl!, folder)
  } finally {
    await target.close()
  }
}

function importWithShell(source: string, file: string, folder: string): number {
  for (const table of tables) execFileSync('sqlite3', [source, '.mode csv', `.once ${join(folder, `${table}.csv`)}`, `select * from ${table}`])
  const began = performance.now()
  execFileSync('sqlite3', [file, 'pragma journal_mode=wal', 'pragma synchronous=full', 'begin', ...tables.map(table => `.import --csv ${join(folder, `${table}.csv`)} ${table}`), 'commit'], { stdio: ['ignore', 'ignore', 'ignore'] })
  return seconds(began)
}

function copyWithPsql(source: string, destination: string, folder: string): number {
  const psql = (url: string, ...commands: string[]) => execFileSync('psql', [asPostgres(url), '-q', '-v', 'ON_ERROR_STOP=1', ...commands.flatMap(one => ['-c', one])], { stdio: ['ignore', 'ignore', 'inherit'] })
  for (const table of tables) psql(source, `\\copy ${table} to '${join(folder, `${table}.copy`)}'`)
  const began = performance.now()
  psql(destination, ...tables.map(table => `\\copy ${table} from '${join(folder, `${table}.copy`)}'`))
  return seconds(began)
}

/** Row-level security binds everybody else, and COPY does not go through it. */
const asPostgres = (url: string): string => url.replace(/\/\/[^@/]*@/, '//postgres@')

async function measure(engine: Engine, people: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-bench-'))
  mkdirSync(folder, { recursive: true })
  const little = await fill(engine, small, folder)
  const large = await fill(engine, people, folder)
  try {
    const copied = await copyAll(engine, large, folder)
    const { importSeconds } = large
    report(`${engine}: import of ${people.toLocaleString('en')} / ${engine === 'postgres' ? 'COPY' : '.import'}`, copied / importSeconds, 0.4, true, `${(people / importSeconds).toFixed(0)} people a second against ${(people / copied).toFixed(0)}`)
    await sleep(500)
    await compare(engine, large, little)
    await pageThroughAll(engine, large)
    if (engine === 'sqlite') process.stdout.write(`       ${(statSync((large.t.store as unknown as { options: { file: string } }).options.file).size / 1024 / 1024).toFixed(0)} MiB on disk\n`)
  } finally {
    for (const one of [little, large]) {
      await one.server.close()
      await one.t.close()
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

const [engine, people = '1000000'] = process.argv.slice(2)
for (const one of engine === undefined || engine === 'both' ? (['sqlite', 'postgres'] as const) : [engine as Engine]) await measure(one, Number(people))
process.exit(missed.length === 0 ? 0 : 1)
