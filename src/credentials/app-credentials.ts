/**
 * The one place where credentials of applications and service principals come and go: dates and the tenant's policy are checked, every
 * change is audited, and whoever keeps a record of the client is told (M-02). Whether the caller may is decided before (rules/app-reach.ts).
 */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { Refusal } from '../refusal.ts'
import { checkCertificateDates, checkDates, mostCredentials } from '../rules/app-credentials.ts'
import { policyInForce, refusedByPolicy } from '../rules/app-management-policy.ts'
import { reason } from '../rules/verdict.ts'
import type { Reason } from '../rules/verdict.ts'
import { Secret } from '../secret.ts'
import { policiesFor } from '../store/app-management-policies.ts'
import { deleteCredential, insertCredential, listCredentials } from '../store/application-credentials.ts'
import type { CredentialRow, OwnerType } from '../store/application-credentials.ts'
import { noteClientChange } from '../store/applications.ts'
import { appendAudit } from '../store/audit.ts'
import { noteChange } from '../store/changes.ts'
import { initiatedBy } from './actor.ts'
import type { Actor } from './actor.ts'
import { readCertificate } from './app-certificate.ts'

/** The application or service principal that has them. Its row is held by the caller's transaction. */
export interface CredentialOwner {
  tenantId: string
  id: string
  type: OwnerType
  appId: string
  displayName: string
  createdDateTime: number
}

export interface ByWhom {
  actor: Actor
  correlationId: string
}

export interface NewPassword {
  displayName?: string | null | undefined
  startDateTime?: number | undefined
  endDateTime?: number | undefined
}

/** A secret of our own making: its text is in this answer and nowhere else. */
export async function addPassword(app: App, trx: Db, owner: CredentialOwner, wanted: NewPassword, by: ByWhom): Promise<{ row: CredentialRow; secretText: Secret }> {
  const now = wholeSecond(app.now())
  const startDateTime = wanted.startDateTime ?? now
  const endDateTime = wanted.endDateTime ?? twoYearsAfter(startDateTime)
  const wrong = checkDates({ startDateTime, endDateTime }, app.now())
  if (wrong) throw refusedDates(wrong, 'passwordCredential')
  await requirePolicy(trx, owner, { kind: 'password', startDateTime, endDateTime })
  await requireRoom(trx, owner, 'password')
  const secretText = newSecret()
  const row = blank(owner, {
    keyId: randomUUID(), kind: 'password', displayName: wanted.displayName ?? null, startDateTime, endDateTime, createdDateTime: app.now(),
    hint: secretText.reveal().slice(0, 3), secretHash: hashSecret(secretText),
  })
  await insertCredential(trx, row)
  await changed(app, trx, owner, by, { added: [row], removed: [] })
  return { row, secretText }
}

/** @throws Refusal 400 when the owner has no such secret; two who remove the same: the second is told so */
export async function removePassword(app: App, trx: Db, owner: CredentialOwner, keyId: string, by: ByWhom): Promise<void> {
  const removed = await deleteCredential(trx, owner.tenantId, owner.id, keyId.toLowerCase(), 'password')
  if (removed.length === 0) throw unknown('password', keyId)
  await changed(app, trx, owner, by, { added: [], removed })
}

export interface NewKey {
  keyId?: string | null | undefined
  displayName?: string | null | undefined
  key?: string | null | undefined
  type?: string | null | undefined
  usage?: string | null | undefined
  customKeyIdentifier?: string | null | undefined
  startDateTime?: number | undefined
  endDateTime?: number | undefined
}

export async function addKey(app: App, trx: Db, owner: CredentialOwner, wanted: NewKey, by: ByWhom): Promise<CredentialRow> {
  const row = keyRow(app, owner, wanted, 'keyCredential')
  await requirePolicy(trx, owner, row)
  const there = await requireRoom(trx, owner, 'certificate')
  if (there.some(one => one.keyId === row.keyId)) throw unchangeable(row.keyId)
  await insertCredential(trx, row)
  await changed(app, trx, owner, by, { added: [row], removed: [] })
  return row
}

export async function removeKey(app: App, trx: Db, owner: CredentialOwner, keyId: string, by: ByWhom): Promise<void> {
  const removed = await deleteCredential(trx, owner.tenantId, owner.id, keyId.toLowerCase(), 'certificate')
  if (removed.length === 0) throw unknown('key', keyId)
  await changed(app, trx, owner, by, { added: [], removed })
}

/**
 * Makes the owner's certificates these and no others (graph §3.5): one that is sent back by its keyId without its key stays, those left out
 * go, the rest are new. Changing one that is there is refused; dates count as the same whatever their parts of a second.
 */
export async function replaceKeys(app: App, trx: Db, owner: CredentialOwner, wanted: readonly NewKey[], by: ByWhom): Promise<void> {
  if (wanted.length > mostCredentials) throw new Refusal(400, [reason('LK_CREDENTIAL_MAX')], { field: 'keyCredentials' })
  const there = (await listCredentials(trx, owner.tenantId, [owner.id])).filter(one => one.kind === 'certificate')
  const byId = new Map(there.map(one => [one.keyId, one]))
  const kept = new Set<string>()
  const added: CredentialRow[] = []
  for (const [index, entry] of wanted.entries()) {
    const keyId = entry.keyId?.toLowerCase()
    const known = keyId === undefined ? undefined : byId.get(keyId)
    if (keyId !== undefined && (kept.has(keyId) || added.some(one => one.keyId === keyId))) throw unchangeable(keyId)
    if (known) {
      if (!isEcho(entry, known)) throw unchangeable(known.keyId)
      kept.add(known.keyId)
    } else added.push(keyRow(app, owner, entry, `keyCredentials[${index}]`))
  }
  const removed = there.filter(one => !kept.has(one.keyId))
  for (const row of added) await requirePolicy(trx, owner, row)
  for (const { keyId } of removed) await deleteCredential(trx, owner.tenantId, owner.id, keyId, 'certificate')
  for (const row of added) await insertCredential(trx, row)
  if (added.length + removed.length > 0) await changed(app, trx, owner, by, { added, removed })
}

/** Secrets that are echoed in a PATCH must be the ones there are, all or some; new ones come from addPassword alone (graph §3.5). */
export async function requireEchoOfPasswords(trx: Db, owner: CredentialOwner, sent: readonly { keyId?: string | null; secretText?: string | null }[]): Promise<void> {
  const there = new Set((await listCredentials(trx, owner.tenantId, [owner.id])).filter(one => one.kind === 'password').map(one => one.keyId))
  const strange = sent.find(one => !one.keyId || (one.secretText ?? null) !== null || !there.has(one.keyId.toLowerCase()))
  if (strange || sent.length !== there.size) throw new Refusal(400, [reason('LK_SECRET_CHOSEN')], { field: 'passwordCredentials' })
}

/** SHA-256 is enough: 240 random bits are guessed by nobody, and every token request compares them (T-52, LD-35). */
export const hashSecret = (secret: Secret): string => createHash('sha256').update(secret.reveal()).digest('base64url')

/** 40 characters of 6 random bits each; the first is no hyphen, which command lines would take for an option (LD-35). */
export function newSecret(): Secret {
  for (;;) {
    const text = randomBytes(30).toString('base64url')
    if (!text.startsWith('-')) return new Secret(text)
  }
}

function keyRow(app: App, owner: CredentialOwner, wanted: NewKey, field: string): CredentialRow {
  if ((wanted.type ?? 'AsymmetricX509Cert') !== 'AsymmetricX509Cert' || (wanted.usage ?? 'Verify') !== 'Verify') {
    // X509CertAndPassword carries a private key, Symmetric a secret that somebody chose.
    throw new Refusal(400, [reason(wanted.type === 'X509CertAndPassword' || wanted.usage === 'Sign' ? 'LK_PRIVATE_KEY' : 'LK_FIELD_INVALID', { field: `${field}.type` })], { field: `${field}.type` })
  }
  if (!wanted.key) throw new Refusal(400, [reason('LK_FIELD_REQUIRED', { field: `${field}.key` })], { field: `${field}.key` })
  const its = readCertificate(wanted.key, `${field}.key`)
  const startDateTime = wanted.startDateTime ?? its.startDateTime
  const endDateTime = wanted.endDateTime ?? its.endDateTime
  const wrong = checkCertificateDates({ startDateTime, endDateTime }, its, app.now())
  if (wrong) throw refusedDates(wrong, field)
  return blank(owner, {
    keyId: wanted.keyId?.toLowerCase() ?? randomUUID(), kind: 'certificate', displayName: wanted.displayName ?? its.commonName, startDateTime, endDateTime,
    createdDateTime: app.now(), keyType: 'AsymmetricX509Cert', keyUsage: 'Verify', certificate: its.certificate, sha1Thumbprint: its.sha1Thumbprint,
    sha256Thumbprint: its.sha256Thumbprint,
    customKeyIdentifier: wanted.customKeyIdentifier ?? Buffer.from(its.sha1Thumbprint, 'base64url').toString('hex').toUpperCase(),
  })
}

type Given = Pick<CredentialRow, 'keyId' | 'kind' | 'displayName' | 'startDateTime' | 'endDateTime' | 'createdDateTime'> & Partial<CredentialRow>
const blank = (owner: CredentialOwner, row: Given): CredentialRow => ({
  tenantId: owner.tenantId, ownerId: owner.id, ownerType: owner.type, hint: null, secretHash: null, keyType: null, keyUsage: null, customKeyIdentifier: null,
  sha1Thumbprint: null, sha256Thumbprint: null, certificate: null, ...row,
})

const second = 1000
const sameMoment = (a: number | undefined, b: number): boolean => a === undefined || Math.abs(a - b) < second

/** What a client read and sends back unchanged: the key may be left out, and if it is there it is the same one. */
function isEcho(entry: NewKey, row: CredentialRow): boolean {
  return sameMoment(entry.startDateTime, row.startDateTime) && sameMoment(entry.endDateTime, row.endDateTime)
    && (entry.type ?? row.keyType) === row.keyType && (entry.usage ?? row.keyUsage) === row.keyUsage
    && (entry.displayName === undefined || entry.displayName === row.displayName)
    && (entry.customKeyIdentifier ?? row.customKeyIdentifier) === row.customKeyIdentifier
    && (!entry.key || readCertificate(entry.key, 'keyCredentials').sha256Thumbprint === row.sha256Thumbprint)
}

async function requirePolicy(trx: Db, owner: CredentialOwner, credential: Pick<CredentialRow, 'kind' | 'startDateTime' | 'endDateTime'>): Promise<void> {
  const { own, tenantDefault } = await policiesFor(trx, owner.tenantId, owner.id, owner.type)
  const refused = refusedByPolicy(policyInForce(own, tenantDefault), { ...credential, ownerCreatedAt: owner.createdDateTime })
  if (!refused) return
  const graphCode = refused.code === 'LK_CREDENTIAL_LIFETIME' ? 'CredentialInvalidLifetimeAsPerAppPolicy' : 'CredentialTypeNotAllowedAsPerAppPolicy'
  throw new Refusal(400, [reason(refused.code, { ...refused.values, graphCode })])
}

async function requireRoom(trx: Db, owner: CredentialOwner, kind: CredentialRow['kind']): Promise<CredentialRow[]> {
  const there = (await listCredentials(trx, owner.tenantId, [owner.id])).filter(one => one.kind === kind)
  if (there.length >= mostCredentials) throw new Refusal(400, [reason('LK_CREDENTIAL_MAX')])
  return there
}

function refusedDates({ code }: Reason, field: string): Refusal {
  const graphCode = code === 'LK_CREDENTIAL_START' ? 'KeyCredentialsInvalidStartDate' : 'KeyCredentialsInvalidEndDate'
  return new Refusal(400, [reason(code, { graphCode })], { field: `${field}.${code === 'LK_CREDENTIAL_START' ? 'startDateTime' : 'endDateTime'}` })
}

const unknown = (kind: string, keyId: string) => new Refusal(400, [reason('LK_CREDENTIAL_UNKNOWN', { kind, keyId: keyId.slice(0, 64) })], { field: 'keyId' })
const unchangeable = (keyId: string) => new Refusal(400, [reason('LK_CREDENTIAL_CHANGED', { keyId })], { field: 'keyCredentials' })

/** Graph's clients compare dates as texts of whole seconds. */
const wholeSecond = (at: number): number => Math.floor(at / second) * second

function twoYearsAfter(at: number): number {
  const date = new Date(at)
  date.setUTCFullYear(date.getUTCFullYear() + 2)
  return date.getTime()
}

interface Difference {
  added: readonly CredentialRow[]
  removed: readonly CredentialRow[]
}

async function changed(app: App, trx: Db, owner: CredentialOwner, by: ByWhom, difference: Difference): Promise<void> {
  await noteChange(trx, owner.tenantId, owner.type, owner.id)
  await noteClientChange(app, trx, owner.tenantId, owner.appId)
  await audit(app, trx, owner, by, difference)
}

/** Ids and names of credentials, never what they are (graph §11.1). */
async function audit(app: App, trx: Db, owner: CredentialOwner, { actor, correlationId }: ByWhom, { added, removed }: Difference): Promise<void> {
  const describe = (rows: readonly CredentialRow[]) => JSON.stringify(rows.map(row =>
    `[KeyIdentifier=${row.keyId},KeyType=${row.kind === 'password' ? 'Password' : row.keyType},KeyUsage=${row.keyUsage ?? 'Verify'},DisplayName=${row.displayName ?? ''}]`))
  const common = {
    tenantId: owner.tenantId, at: app.now(), service: 'Core Directory', category: 'ApplicationManagement', result: 'success', correlationId, initiatedBy: initiatedBy(actor),
    targets: [{
      type: owner.type === 'application' ? 'Application' : 'ServicePrincipal', id: owner.id, displayName: owner.displayName,
      modifiedProperties: [{ displayName: 'KeyDescription', oldValue: describe(removed), newValue: describe(added) }],
    }],
  } as const
  if (owner.type === 'application') return void (await appendAudit(trx, { ...common, activity: 'Update application – Certificates and secrets management' }))
  if (added.length > 0) await appendAudit(trx, { ...common, activity: 'Add service principal credentials' })
  if (removed.length > 0) await appendAudit(trx, { ...common, activity: 'Remove service principal credentials' })
}
