import { WrongCall, readCall, word } from './call.ts'
import type { Call } from './call.ts'
import { Client } from './client.ts'
import { readDuration } from './durations.ts'
import { allApps } from './find-app.ts'
import type { Credential } from './find-app.ts'
import { printRows } from './output.ts'

const options = {
  expiring: { type: 'string' }, 'display-name': { type: 'string' }, days: { type: 'string' }, years: { type: 'string' }, 'start-date': { type: 'string' }, 'end-date': { type: 'string' },
  cert: { type: 'string' }, 'secret-file': { type: 'string' }, replace: { type: 'boolean' }, yes: { type: 'boolean' }, force: { type: 'boolean' }, 'key-id': { type: 'string' },
  'quiet-for': { type: 'string' }, timeout: { type: 'string' }, 'check-every': { type: 'string' },
} as const

/** `latchkey app list [--expiring 30d]`, `latchkey app credential list|add|reset|delete|rotate APP …` */
export async function app(args: string[], io: Call['io']): Promise<number> {
  const call = readCall(args, io, options)
  const action = word(call, 0, 'cli.word.action')
  if (action === 'list') return list(call, new Client(call))
  if (action !== 'credential') throw new WrongCall(call.say('cli.unknownAction', { action, known: 'list, credential' }))
  const { credentialActions } = await import('./app-credential.ts')
  const named = word(call, 1, 'cli.word.action')
  const run = credentialActions[named]
  if (!run) throw new WrongCall(call.say('cli.unknownAction', { action: named, known: Object.keys(credentialActions).join(', ') }))
  await run(call, new Client(call))
  return 0
}

interface Row extends Record<string, unknown> {
  displayName: string
  appId: string
  secrets: number
  certificates: number
  nextEnd: string | null
}

/** Applications by name; with `--expiring` those of which a credential ends within the time, or has ended, the first to end first. */
async function list(call: Call, client: Client): Promise<number> {
  const within = readDuration(call, 'expiring')
  const rows: Row[] = []
  for await (const one of allApps(client)) {
    const all = [...one.passwordCredentials, ...one.keyCredentials]
    const nextEnd = firstToEnd(all)
    if (within !== undefined && (nextEnd === null || Date.parse(nextEnd) > Date.now() + within)) continue
    rows.push({ displayName: one.displayName, appId: one.appId, secrets: one.passwordCredentials.length, certificates: one.keyCredentials.length, nextEnd })
  }
  if (within !== undefined) rows.sort((a, b) => String(a.nextEnd).localeCompare(String(b.nextEnd)))
  printRows(call, [
    { title: call.say('cli.column.name'), value: 'displayName' }, { title: 'appId', value: 'appId' }, { title: call.say('cli.column.secrets'), value: 'secrets' },
    { title: call.say('cli.column.certificates'), value: 'certificates' }, { title: call.say('cli.column.nextEnd'), value: 'nextEnd' },
  ], rows)
  return 0
}

const firstToEnd = (all: readonly Credential[]): string | null => all.map(one => one.endDateTime).toSorted()[0] ?? null
