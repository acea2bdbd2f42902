/** What the keys do: keyed hashes, sealed values, peppers. Code never sees a key itself; it names a purpose or a place. */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { Db } from './app.ts'
import { checkKeys, readKeyFile, stampOfFile } from './key-file.ts'
import type { KeyFile, KeyRoot } from './key-file.ts'

export type KeyPurpose =
  | 'code'
  | 'session'
  | 'accountKey'
  | 'index'
  | 'limit'
  | 'csrf'
  | 'device'
  | 'place'
  | 'paging'
  | 'badPassword'
  | 'appPasswordLookup'
  | 'nonce'
  | 'audit'
  | 'proofOfWork'
  | 'idempotency'
  | 'resetHandle'

/** Where a sealed value lives. It opens in no other place, so rows and columns cannot be swapped. */
export interface SealedPlace {
  tenantId: string
  table: string
  column: string
  rowId: string
}

export interface Keyring {
  /** Keyed hash of a text: `<key id>.<base64url>`. */
  mac(purpose: KeyPurpose, text: string): string
  /** The hash under every key that is still accepted, the active one first: for look-ups of stored hashes. */
  macs(purpose: KeyPurpose, text: string): string[]
  /** Compares in constant time; retired keys are accepted. */
  macMatches(purpose: KeyPurpose, text: string, mac: string): boolean
  /** Seals with the tenant's data key. Inside a transaction give it, so that a first data key is written with it. */
  sealText(place: SealedPlace, text: string, trx?: Db): Promise<string>
  /** Throws `SealBroken` when the value was changed, moved from another row, or its key is gone. */
  openText(place: SealedPlace, sealed: string, trx?: Db): Promise<string>
  /** Puts the active pepper on a hash: which key, and the outcome. */
  pepper(hash: Uint8Array): Peppered
  /** The same with the peppers named (`p1` or `p1+p2`), for comparing with a stored value. */
  pepperWith(keyIds: string, hash: Uint8Array): Buffer
  /** Adds the active pepper to a stored value without knowing the password; undefined when it has it already. */
  repepper(keyIds: string, value: Uint8Array): Peppered | undefined
  /** The id of the key in use. */
  activeId(root: KeyRoot): string
  /** Wraps every data key with the active encryption key; returns how many were wrapped anew. */
  rewrap(): Promise<number>
  /** Reads the key file again. An unknown key id does so by itself, so that rotation needs no restart. */
  reload(): void
}

export interface Peppered {
  keyIds: string
  value: Buffer
}

/** A sealed value that does not open: changed, moved, or of a lost key. Never shown to anyone. */
export class SealBroken extends Error {
  constructor(place: SealedPlace, cause?: unknown) {
    super(`A sealed value of ${place.table}.${place.column} does not open`, { cause })
    this.name = 'SealBroken'
  }
}

/** The ring over a key file, or over keys at hand (tests). Data keys of tenants are read from `db` and kept, opened, in memory. */
export async function openKeyring(options: { keyFile: string | KeyFile; db: Db; now?: () => number }): Promise<Keyring> {
  const { keyFile, db, now = Date.now } = options
  let keys = typeof keyFile === 'string' ? readKeyFile(keyFile) : checkKeys(keyFile)
  // As key objects: Node makes one of bytes each time they are used, which costs five times the use itself.
  const derived = new Map<string, KeyObject>()
  const dataKeys = new Map<string, KeyObject>()
  const currentDataKey = new Map<string, string>()
  /** Data keys written in a transaction of this process: not to be kept before they are seen outside it. */
  const unconfirmed = new Set<string>()

  const stampOf = () => (typeof keyFile === 'string' ? stampOfFile(keyFile) : '')
  let stamp = stampOf()
  const reload = () => {
    if (typeof keyFile !== 'string') return
    stamp = stampOf()
    keys = readKeyFile(keyFile)
    derived.clear()
  }
  const find = (root: KeyRoot, id: string) => keys[root].find(one => one.id === id)
  const active = (root: KeyRoot) => keys[root].find(one => one.state === 'active')!
  const keyFor = (root: KeyRoot, id: string, purpose: string): KeyObject | undefined => {
    const name = `${root}/${id}/${purpose}`
    const kept = derived.get(name)
    if (kept) return kept
    // Strangers can send any id: the file is read again only when it is another one.
    if (!find(root, id) && stampOf() !== stamp) reload()
    const found = find(root, id)
    if (!found) return undefined
    const key = createSecretKey(Buffer.from(hkdfSync('sha256', Buffer.from(found.secret, 'base64url'), 'latchkey', `${root}:${purpose}`, 32)))
    derived.set(name, key)
    return key
  }
  const macWith = (id: string, purpose: KeyPurpose, text: string): string | undefined => {
    const key = keyFor('mac', id, purpose)
    return key && `${id}.${createHmac('sha256', key).update(text, 'utf8').digest('base64url')}`
  }

  const wrapPlace = (tenantId: string, id: string) => `latchkey:dataKey\n${tenantId}\n${id}`
  const wrap = (tenantId: string, id: string, dataKey: Buffer) => {
    const kek = active('encryption').id
    return { keyEncryptionKeyId: kek, wrappedKey: encrypt(keyFor('encryption', kek, 'dataKey')!, wrapPlace(tenantId, id), dataKey) }
  }
  const unwrap = (row: { tenantId: string; id: string; wrappedKey: string; keyEncryptionKeyId: string }) => {
    const kek = keyFor('encryption', row.keyEncryptionKeyId, 'dataKey')
    if (!kek) throw new Error(`The encryption key ${row.keyEncryptionKeyId} is not in the key file`)
    return decrypt(kek, wrapPlace(row.tenantId, row.id), row.wrappedKey)
  }
  const columns = ['tenantId', 'id', 'wrappedKey', 'keyEncryptionKeyId'] as const
  const keep = (row: { tenantId: string; id: string; wrappedKey: string; keyEncryptionKeyId: string }, seenOutside: boolean) => {
    const name = `${row.tenantId}/${row.id}`
    const key = createSecretKey(unwrap(row))
    if (seenOutside) unconfirmed.delete(name)
    if (!unconfirmed.has(name)) dataKeys.set(name, key)
    return key
  }
  const newestRow = (from: Db, tenantId: string) =>
    from.selectFrom('dataKeys').select(columns).where('tenantId', '=', tenantId).orderBy('createdAt', 'desc').orderBy('id').limit(1).executeTakeFirst()

  async function sealingKey(tenantId: string, trx?: Db): Promise<{ id: string; key: KeyObject }> {
    const current = currentDataKey.get(tenantId)
    const kept = current && dataKeys.get(`${tenantId}/${current}`)
    if (kept) return { id: current, key: kept }
    const row = await newestRow(trx ?? db, tenantId)
    if (row) {
      const key = keep(row, !trx)
      if (!unconfirmed.has(`${tenantId}/${row.id}`)) currentDataKey.set(tenantId, row.id)
      return { id: row.id, key }
    }
    // Two processes may both make a first key: each is found by its id, so neither is lost.
    const id = `d${randomBytes(6).toString('hex')}`
    const key = randomBytes(32)
    if (trx) unconfirmed.add(`${tenantId}/${id}`)
    await (trx ?? db).insertInto('dataKeys').values({ tenantId, id, ...wrap(tenantId, id, key), createdAt: now() }).execute()
    return { id, key: createSecretKey(key) }
  }

  async function openingKey(tenantId: string, id: string, trx?: Db): Promise<KeyObject | undefined> {
    const kept = dataKeys.get(`${tenantId}/${id}`)
    if (kept) return kept
    const row = await (trx ?? db).selectFrom('dataKeys').select(columns).where('tenantId', '=', tenantId).where('id', '=', id).executeTakeFirst()
    return row && keep(row, !trx)
  }

  const pepperWith = (keyIds: string, hash: Uint8Array): Buffer =>
    keyIds.split('+').reduce((value, id) => {
      const key = keyFor('pepper', id, 'hash')
      if (!key) throw new Error(`The pepper ${id} is not in the key file`)
      return createHmac('sha256', key).update(value).digest()
    }, Buffer.from(hash))

  return {
    mac: (purpose, text) => macWith(active('mac').id, purpose, text)!,
    macs: (purpose, text) => {
      const first = active('mac').id
      return [first, ...keys.mac.map(one => one.id).filter(id => id !== first)].map(id => macWith(id, purpose, text)!)
    },
    macMatches: (purpose, text, mac) => {
      const expected = macWith(mac.slice(0, Math.max(0, mac.indexOf('.'))), purpose, text)
      if (expected === undefined) return false
      const [one, other] = [Buffer.from(expected), Buffer.from(mac)]
      return one.length === other.length && timingSafeEqual(one, other)
    },
    sealText: async (place, text, trx) => {
      const { id, key } = await sealingKey(place.tenantId, trx)
      return `s1.${id}.${encrypt(key, placeText(place), Buffer.from(text, 'utf8'))}`
    },
    openText: async (place, sealed, trx) => {
      const [scheme, id, ...rest] = sealed.split('.')
      if (scheme !== 's1' || !id) throw new SealBroken(place)
      const key = await openingKey(place.tenantId, id, trx)
      if (!key) throw new SealBroken(place)
      try {
        return decrypt(key, placeText(place), rest.join('.')).toString('utf8')
      } catch (error) {
        throw new SealBroken(place, error)
      }
    },
    pepper: hash => ({ keyIds: active('pepper').id, value: pepperWith(active('pepper').id, hash) }),
    pepperWith,
    repepper: (keyIds, value) => {
      const id = active('pepper').id
      return keyIds.split('+').includes(id) ? undefined : { keyIds: `${keyIds}+${id}`, value: pepperWith(id, value) }
    },
    activeId: root => active(root).id,
    rewrap: async () => {
      reload()
      const rows = await db.selectFrom('dataKeys').select(columns).where('keyEncryptionKeyId', '!=', active('encryption').id).execute()
      let count = 0
      for (const row of rows) {
        // Only over the wrapping that was read: two rewraps at once do not undo each other.
        const changed = await db
          .updateTable('dataKeys')
          .set(wrap(row.tenantId, row.id, unwrap(row)))
          .where('tenantId', '=', row.tenantId)
          .where('id', '=', row.id)
          .where('wrappedKey', '=', row.wrappedKey)
          .executeTakeFirst()
        count += Number(changed.numUpdatedRows)
      }
      return count
    },
    reload,
  }
}

/** Line breaks cannot be part of an id, so no two places read alike. */
function placeText(place: SealedPlace): string {
  return `latchkey:sealed\n${place.tenantId}\n${place.table}\n${place.column}\n${place.rowId}`
}

function encrypt(key: KeyObject, additionalData: string, plain: Buffer): string {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(additionalData, 'utf8'))
  const body = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()])
  return `${nonce.toString('base64url')}.${body.toString('base64url')}`
}

function decrypt(key: KeyObject, additionalData: string, sealed: string): Buffer {
  const [nonce, body, more] = sealed.split('.').map(part => Buffer.from(part, 'base64url'))
  if (nonce?.length !== 12 || !body || body.length < 16 || more) throw new Error('not a sealed value')
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(Buffer.from(additionalData, 'utf8'))
  decipher.setAuthTag(body.subarray(body.length - 16))
  return Buffer.concat([decipher.update(body.subarray(0, body.length - 16)), decipher.final()])
}
