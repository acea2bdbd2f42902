import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { destinationIndex } from '../notify/destination.ts'
import { queueNotice } from '../notify/notices.ts'
import { isWellFormedAddress, isWellFormedPhone } from '../rules/contact-data.ts'
import { contactPlace, listContactRows, replaceContacts } from '../store/contacts.ts'
import type { Actor } from './actor.ts'

export type ContactOrigin = 'administrator' | 'import' | 'application' | 'sync' | 'self'
export type ContactKind = 'mobilePhone' | 'businessPhone' | 'otherMail'

export interface Contacts {
  mobilePhone: string | null
  businessPhones: string[]
  otherMails: string[]
}

/** One value with where it came from; its id is the id of the method that rules make of it. */
export interface OpenContact {
  id: string
  kind: ContactKind
  value: string
  wellFormed: boolean
  origin: ContactOrigin
}

/** A person's contact data, opened. */
export async function readContactList(app: App, tenantId: string, userId: string, db: Db = app.db): Promise<OpenContact[]> {
  const rows = await listContactRows(db, tenantId, userId)
  return Promise.all(
    rows.map(async row => ({
      id: row.id,
      kind: row.kind as ContactKind,
      value: await app.keys.openText(contactPlace(tenantId, row.id), row.valueSealed, db),
      wellFormed: row.wellFormed,
      origin: row.origin as ContactOrigin,
    })),
  )
}

/** The same as Graph shows it: `mobilePhone`, `businessPhones`, `otherMails`. */
export async function readContacts(app: App, tenantId: string, userId: string, db: Db = app.db): Promise<Contacts> {
  const list = await readContactList(app, tenantId, userId, db)
  const valuesOf = (kind: ContactKind) => list.filter(one => one.kind === kind).map(one => one.value)
  return { mobilePhone: valuesOf('mobilePhone')[0] ?? null, businessPhones: valuesOf('businessPhone'), otherMails: valuesOf('otherMail') }
}

/**
 * Writes contact data in the caller's transaction; a kind that is not given stays as it is, null or [] empties it. What does not
 * have the form of a number or an address is kept and does not count (sspr §2.5). The origin decides whether it proves anything
 * (LD-24). The former addresses hear of a change that a person made, not of imports and syncs. The caller writes the audit.
 */
export async function writeContacts(
  app: App,
  trx: Db,
  change: {
    tenantId: string
    userId: string
    mobilePhone?: string | null
    businessPhones?: readonly string[]
    otherMails?: readonly string[]
    origin: ContactOrigin
    actor: Actor
  },
): Promise<void> {
  const { tenantId, userId, origin, actor } = change
  const before = await readContactList(app, tenantId, userId, trx)
  const given: [ContactKind, readonly string[] | undefined][] = [
    ['mobilePhone', change.mobilePhone === undefined ? undefined : change.mobilePhone === null ? [] : [change.mobilePhone]],
    ['businessPhone', change.businessPhones],
    ['otherMail', change.otherMails],
  ]
  for (const [kind, values] of given) {
    const former = before.filter(one => one.kind === kind)
    if (values === undefined || isSame(former.map(one => one.value), values)) continue
    const now = app.now()
    const rows = await Promise.all(values.map(async (value, position) => {
      const id = randomUUID()
      return {
        tenantId, id, userId, kind, position, origin, updatedAt: now,
        valueSealed: await app.keys.sealText(contactPlace(tenantId, id), value, trx),
        valueIndex: destinationIndex(app, tenantId, value),
        wellFormed: kind === 'otherMail' ? isWellFormedAddress(value) : isWellFormedPhone(value),
      }
    }))
    await replaceContacts(trx, tenantId, userId, kind, rows)
    if (origin === 'import' || origin === 'sync' || former.length === 0) continue
    const previous = kind === 'otherMail' ? former.filter(one => one.wellFormed).map(one => one.value) : []
    await queueNotice(app, trx, { event: 'methodChanged', tenantId, userId, ipAddress: actor.ipAddress, values: { method: methodOf[kind] }, previous })
  }
}

const methodOf: Record<ContactKind, string> = { mobilePhone: 'mobile', businessPhone: 'office', otherMail: 'email' }

const isSame = (one: readonly string[], other: readonly string[]): boolean => one.length === other.length && one.every((value, place) => value === other[place])
