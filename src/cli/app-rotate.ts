/**
 * `latchkey app credential rotate APP --secret-file FILE`: adds a secret, puts it where programs read it, waits until it is seen in use
 * and the old one is not used any more, then retires the old one. At every moment at least one secret that somebody may hold is valid;
 * killed at any step and started again, it goes on where it was (rotation-journal.ts).
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { faultPoint } from '../fault-point.ts'
import { addSecret, removeSecret, usageOf } from './app-credential.ts'
import type { Usage } from './app-credential.ts'
import { WrongCall } from './call.ts'
import type { Call } from './call.ts'
import { Refused } from './client.ts'
import type { Client } from './client.ts'
import { readDuration } from './durations.ts'
import { findApp } from './find-app.ts'
import type { Application } from './find-app.ts'
import { RotationJournal } from './rotation-journal.ts'
import type { Adding, Delivering, Retiring, Rotation, Waiting } from './rotation-journal.ts'
import { writeWhole } from './whole-file.ts'

export async function rotate(call: Call, client: Client): Promise<void> {
  const waits = { quietFor: readDuration(call, 'quiet-for', '10m')!, timeout: readDuration(call, 'timeout', '7d')!, checkEvery: readDuration(call, 'check-every', '5s')! }
  const app = await findApp(call, client, 2)
  const journal = new RotationJournal(call.io.env, client.server, app.appId)
  const underWay = journal.read()
  if (underWay) say(call, 'cli.rotate.resumed', { app: app.displayName, step: underWay.step })
  let rotation: Rotation = underWay ?? (await begin(call, client, app, journal))
  if (rotation.step === 'adding') rotation = await adding(call, client, app, journal, rotation)
  if (rotation.step === 'delivering') rotation = deliver(call, journal, rotation)
  if (rotation.step === 'waiting') rotation = await waiting(call, client, journal, rotation, waits)
  if (rotation.step === 'retiring') await retire(call, client, journal, rotation)
}

const say = (call: Call, key: Parameters<Call['say']>[0], values: Parameters<Call['say']>[1] = {}): void => void call.io.stderr.write(`${call.say(key, values)}\n`)

/** Which secret goes is settled before anything happens: the one named, or the only one there is. */
async function begin(call: Call, client: Client, app: Application, journal: RotationJournal): Promise<Adding> {
  const secretFile = call.options['secret-file'] as string | undefined
  if (secretFile === undefined) throw new WrongCall(call.say('cli.rotate.fileNeeded'))
  const old = oldSecret(call, (await usageOf(client, app)).filter(one => one.kind === 'password' && one.ownerType === 'application'))
  const rotation: Adding = {
    step: 'adding', appId: app.appId, applicationId: app.id, server: client.server, oldKeyId: old.keyId, secretFile, marker: `rotation ${randomUUID()}`,
  }
  journal.write(rotation)
  faultPoint('rotate-begun')
  return rotation
}

function oldSecret(call: Call, secrets: readonly Usage[]): Usage {
  const keyId = (call.options['key-id'] as string | undefined)?.toLowerCase()
  const [one, ...more] = keyId === undefined ? secrets.filter(secret => secret.state !== 'expired') : secrets.filter(secret => secret.keyId === keyId)
  if (!one) throw new Refused(call.say('cli.rotate.noOld'), 'LK_CREDENTIAL_UNKNOWN', 404)
  if (more.length > 0) throw new WrongCall(call.say('cli.rotate.whichOld', { keyIds: [one, ...more].map(secret => secret.keyId).join(', ') }))
  return one
}

/** A secret of an earlier try that was interrupted here was seen by nobody: its text is lost, so it goes. */
async function adding(call: Call, client: Client, app: Application, journal: RotationJournal, rotation: Adding): Promise<Delivering> {
  for (const lost of (await usageOf(client, app)).filter(one => one.displayName === rotation.marker)) await removeSecret(call, client, app, lost.keyId)
  const { keyId, secretText } = await addSecret(call, client, app, rotation.marker)
  faultPoint('rotate-added')
  const next: Delivering = { ...rotation, step: 'delivering', newKeyId: keyId, secretText }
  journal.write(next)
  faultPoint('rotate-journalled')
  return next
}

function deliver(call: Call, journal: RotationJournal, { secretText, ...rotation }: Delivering): Waiting {
  writeWhole(rotation.secretFile, `${secretText}\n`)
  faultPoint('rotate-delivered')
  const next: Waiting = { ...rotation, step: 'waiting' }
  journal.write(next)
  faultPoint('rotate-waiting')
  say(call, 'cli.rotate.delivered', { file: rotation.secretFile, newKeyId: rotation.newKeyId, oldKeyId: rotation.oldKeyId })
  return next
}

interface Waits {
  quietFor: number
  timeout: number
  checkEvery: number
}

/** Counts by what the server has seen and by this machine's steady clock: nobody's time of day is trusted. */
async function waiting(call: Call, client: Client, journal: RotationJournal, rotation: Waiting, { quietFor, timeout, checkEvery }: Waits): Promise<Retiring> {
  const began = performance.now()
  let quietSince = began
  let oldUses: number | undefined
  for (let told = false; ; await sleep(checkEvery)) {
    const seen = await patiently(() => usageOf(client, { id: rotation.applicationId }), { until: began + timeout, every: checkEvery })
    const [fresh, old] = [rotation.newKeyId, rotation.oldKeyId].map(keyId => seen.find(one => one.keyId === keyId && one.ownerType === 'application'))
    if (!fresh) throw new Refused(call.say('cli.rotate.newGone', { keyId: rotation.newKeyId }), 'LK_CREDENTIAL_UNKNOWN', 409)
    if (old && old.useCount !== oldUses) [oldUses, quietSince] = [old.useCount, performance.now()]
    if (fresh.useCount > 0 && !told) {
      say(call, 'cli.rotate.seen', { newKeyId: fresh.keyId })
      told = true
    }
    if (fresh.useCount > 0 && (!old || performance.now() - quietSince >= quietFor)) break
    if (performance.now() - began > timeout) throw new Refused(call.say(fresh.useCount > 0 ? 'cli.rotate.oldStillUsed' : 'cli.rotate.newNotUsed', { oldKeyId: rotation.oldKeyId, newKeyId: rotation.newKeyId }), 'TIMEOUT', 0)
  }
  const next: Retiring = { ...rotation, step: 'retiring' }
  journal.write(next)
  faultPoint('rotate-retiring')
  return next
}

async function retire(call: Call, client: Client, journal: RotationJournal, { applicationId, oldKeyId, newKeyId }: Retiring): Promise<void> {
  await removeSecret(call, client, { id: applicationId }, oldKeyId)
  faultPoint('rotate-retired')
  journal.clear()
  say(call, 'cli.rotate.done', { oldKeyId, newKeyId })
}

/** A server that is away for a while ends no rotation that may take days. */
async function patiently<T>(work: () => Promise<T>, { until, every }: { until: number; every: number }): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      const passing = error instanceof Refused && (error.status === 0 || error.status === 401 || error.status === 429 || error.status >= 500)
      if (!passing || performance.now() > until) throw error
    }
    await sleep(every)
  }
}
