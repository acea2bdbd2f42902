/** Secrets and certificates of an application: seen, added, replaced, taken away (M-02). */
import { readFileSync } from 'node:fs'
import { ask } from './ask.ts'
import { WrongCall, word } from './call.ts'
import type { Call } from './call.ts'
import { Refused } from './client.ts'
import type { Client } from './client.ts'
import { findApp } from './find-app.ts'
import type { Application, Credential } from './find-app.ts'
import { withRecentProof } from './login.ts'
import { printJson, printRows } from './output.ts'
import { rotate } from './app-rotate.ts'
import { writeWhole } from './whole-file.ts'

export interface Usage {
  keyId: string
  ownerId: string
  ownerType: 'application' | 'servicePrincipal'
  kind: 'password' | 'certificate'
  displayName: string | null
  hint: string | null
  thumbprint: string | null
  startDateTime: string
  endDateTime: string
  state: 'scheduled' | 'active' | 'expiring' | 'expired'
  lastUsedDateTime: string | null
  useCount: number
  isSafeToRemove: boolean
  reasonCode: string | null
  reason: string | null
  findings: { code: string; outcome: string; message: string }[]
}

export const credentialActions: Record<string, ((call: Call, client: Client) => Promise<void>) | undefined> = { list, add, reset, delete: remove, rotate }

export const usageOf = async (client: Client, { id }: Pick<Application, 'id'>): Promise<Usage[]> =>
  (await client.get<{ value: Usage[] }>(`/beta/applications/${id}/credentialUsage`)).value

async function list(call: Call, client: Client): Promise<void> {
  const all = await usageOf(client, await findApp(call, client, 2))
  if (call.json) return printJson(call, all)
  printRows(call, [
    { title: 'keyId', value: 'keyId' }, { title: call.say('cli.column.kind'), value: 'shownKind' }, { title: call.say('cli.column.name'), value: 'displayName' },
    { title: call.say('cli.column.begins'), value: 'begins' }, { title: call.say('cli.column.state'), value: 'shownState' }, { title: call.say('cli.column.end'), value: 'endDateTime' },
    { title: call.say('cli.column.lastUsed'), value: 'lastUsedDateTime' }, { title: call.say('cli.column.uses'), value: 'useCount' }, { title: call.say('cli.column.removable'), value: 'removable' },
  ], all.map(one => ({
    ...one, shownKind: kindOf(call, one.kind), begins: one.hint === null ? one.thumbprint?.slice(0, 8) : `${one.hint}…`, shownState: call.say(`cli.state.${one.state}`),
    removable: one.isSafeToRemove ? call.say('cli.yes') : one.reasonCode,
  })))
  for (const one of all.filter(row => row.reason !== null)) call.io.stdout.write(`${one.keyId}: ${one.reason}\n`)
}

const kindOf = (call: Call, kind: Usage['kind']): string => call.say(kind === 'password' ? 'cli.kind.secret' : 'cli.kind.certificate')

interface NewSecret {
  keyId: string
  secretText: string
  endDateTime: string
}

async function add(call: Call, client: Client): Promise<void> {
  const app = await findApp(call, client, 2)
  if (call.options['cert'] !== undefined) return addCertificate(call, client, app, true)
  show(call, app, await addSecret(call, client, app))
}

export function addSecret(call: Call, client: Client, { id }: Pick<Application, 'id'>, displayName = call.options['display-name'] as string | undefined): Promise<NewSecret> {
  const passwordCredential = { ...(displayName === undefined ? {} : { displayName }), ...datesOf(call) }
  return withRecentProof(call, client, () => client.send<NewSecret>('POST', `/v1.0/applications/${id}/addPassword`, { passwordCredential }))
}

/**
 * Appends by default, and says what `--replace` would remove: with Azure CLI the same word takes every secret away, used or not, which is
 * how programs stop at night.
 */
async function reset(call: Call, client: Client): Promise<void> {
  const app = await findApp(call, client, 2)
  const before = (await usageOf(client, app)).filter(one => one.ownerType === 'application' && one.kind === (call.options['cert'] === undefined ? 'password' : 'certificate'))
  const replace = call.options['replace'] === true
  for (const one of before) {
    const key = replace ? 'cli.app.willRemove' : 'cli.app.wouldRemove'
    call.io.stderr.write(`${call.say(key, { keyId: one.keyId, name: one.displayName ?? '–', lastUsed: one.lastUsedDateTime ?? call.say('cli.never'), end: one.endDateTime })}\n`)
    if (!one.isSafeToRemove && replace) call.io.stderr.write(`  ${one.reason}\n`)
  }
  if (replace) await confirm(call, call.say('cli.app.confirmReplace', { count: before.length, app: app.displayName }))
  if (call.options['cert'] !== undefined) return addCertificate(call, client, app, !replace)
  const made = await addSecret(call, client, app)
  // The new one first: a failure in between leaves one too many and never one too few.
  if (replace) for (const one of before) await removeSecret(call, client, app, one.keyId)
  show(call, app, made)
}

async function remove(call: Call, client: Client): Promise<void> {
  const app = await findApp(call, client, 2)
  const keyId = word(call, 3, 'cli.word.keyId').toLowerCase()
  const one = (await usageOf(client, app)).find(row => row.keyId === keyId && row.ownerType === 'application')
  if (!one) throw new Refused(call.say('cli.app.noCredential', { keyId }), 'LK_CREDENTIAL_UNKNOWN', 404)
  if (!one.isSafeToRemove && call.options['force'] !== true) throw new Refused(call.say('cli.app.notSafe', { reason: one.reason ?? '' }), one.reasonCode ?? 'UNKNOWN', 409)
  if (one.kind === 'certificate') await writeKeys(call, client, app, keys => keys.filter(key => key.keyId !== keyId))
  else await removeSecret(call, client, app, keyId)
  call.io.stdout.write(`${call.say('cli.app.removed', { keyId })}\n`)
}

/** Gone already is as good as gone. */
export async function removeSecret(call: Call, client: Client, { id }: Pick<Application, 'id'>, keyId: string): Promise<void> {
  try {
    await withRecentProof(call, client, () => client.send('POST', `/v1.0/applications/${id}/removePassword`, { keyId }))
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== 'LK_CREDENTIAL_UNKNOWN') throw error
  }
}

async function addCertificate(call: Call, client: Client, app: Application, append: boolean): Promise<void> {
  const file = String(call.options['cert']).replace(/^@/, '')
  const key = readText(call, file)
  if (key.includes('PRIVATE KEY')) throw new WrongCall(call.say('cli.app.privateKey', { file }))
  const displayName = call.options['display-name'] as string | undefined
  const entry = { type: 'AsymmetricX509Cert', usage: 'Verify', key, ...(displayName === undefined ? {} : { displayName }), ...datesOf(call) }
  await writeKeys(call, client, app, keys => [...(append ? keys : []), entry])
  const { keyCredentials } = await client.get<Application>(`/v1.0/applications/${app.id}?$select=keyCredentials`)
  const made = keyCredentials.find(one => !app.keyCredentials.some(before => before.keyId === one.keyId))
  if (call.json) return printJson(call, { appId: app.appId, keyId: made?.keyId, endDateTime: made?.endDateTime })
  call.io.stdout.write(`${call.say('cli.app.certificateAdded', { keyId: made?.keyId ?? '', end: made?.endDateTime ?? '' })}\n`)
}

/** The list goes back as it was read, which keeps what is there (graph §3.5). */
function writeKeys(call: Call, client: Client, { id, keyCredentials }: Application, change: (keys: Credential[]) => unknown[]): Promise<unknown> {
  return withRecentProof(call, client, () => client.send('PATCH', `/v1.0/applications/${id}`, { keyCredentials: change(keyCredentials) }))
}

function datesOf(call: Call): { startDateTime?: string; endDateTime?: string } {
  const { days, years, 'start-date': start, 'end-date': end } = call.options as Record<string, string | undefined>
  if ([days, years, end].filter(one => one !== undefined).length > 1) throw new WrongCall(call.say('cli.app.oneEnd'))
  const startDateTime = start === undefined ? undefined : moment(call, 'start-date', start)
  const from = new Date(startDateTime ?? Date.now())
  if (days !== undefined) from.setUTCDate(from.getUTCDate() + wholeNumber(call, 'days', days))
  if (years !== undefined) from.setUTCFullYear(from.getUTCFullYear() + wholeNumber(call, 'years', years))
  const endDateTime = end === undefined ? (days ?? years) === undefined ? undefined : from.toISOString() : moment(call, 'end-date', end)
  return { ...(startDateTime === undefined ? {} : { startDateTime }), ...(endDateTime === undefined ? {} : { endDateTime }) }
}

function moment(call: Call, option: string, text: string): string {
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? new Date(text) : new Date(Number.NaN)
  if (Number.isNaN(at.getTime())) throw new WrongCall(call.say('cli.wrongDate', { option: `--${option}`, text }))
  return at.toISOString()
}

function wholeNumber(call: Call, option: string, text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new WrongCall(call.say('cli.wrongNumber', { option: `--${option}`, text }))
  return Number(text)
}

function readText(call: Call, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new WrongCall(call.say('cli.fileUnreadable', { file }))
  }
}

/** The one time the secret is seen: on standard output alone, or in a file that only its owner reads. */
function show(call: Call, { appId, displayName }: Application, { keyId, secretText, endDateTime }: NewSecret): void {
  const file = call.options['secret-file'] as string | undefined
  if (file !== undefined) {
    writeWhole(file, `${secretText}\n`)
    if (call.json) return printJson(call, { appId, keyId, endDateTime, secretFile: file })
    return void call.io.stdout.write(`${call.say('cli.app.secretWritten', { keyId, file, end: endDateTime })}\n`)
  }
  if (call.json) return printJson(call, { appId, keyId, endDateTime, secretText })
  call.io.stderr.write(`${call.say('cli.app.newSecret', { app: displayName, keyId, end: endDateTime })}\n`)
  call.io.stdout.write(`${secretText}\n`)
}

async function confirm(call: Call, question: string): Promise<void> {
  if (call.options['yes'] === true) return
  const answer = await ask(call.io, `${question} [${call.say('cli.yes')}/${call.say('cli.no')}]`)
  if (answer.toLowerCase() !== call.say('cli.yes').toLowerCase()) throw new Refused(call.say('cli.nothingChanged'), 'CANCELLED', 0)
}
