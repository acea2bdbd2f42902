/**
 * The keys that sign tokens: each tenant has its own, for access tokens and for id tokens apart, so that one kind is never taken for
 * another (T-48). A key is published before it signs and stays published until what it signed has ended; which one signs is
 * read off the clock, so no process has to be told.
 */
import { KeyObject, X509Certificate, createPrivateKey, generateKeyPair, randomBytes, sign, webcrypto } from 'node:crypto'
import { promisify } from 'node:util'
import type { App } from '../app.ts'
import { inTransaction } from '../store/engine.ts'
import { readPolicies } from '../store/policies.ts'
import { type SigningKeyRow, dropRetiredSigningKeys, insertSigningKey, listSigningKeys, lockSigningKeys, useSigningKeys } from '../store/signing-keys.ts'
import { type Jwt, JwtInvalid, readJwt, signatureFits } from './jwt.ts'
import { type SigningAlgorithm, selfSigned, thumbprint } from './signing-certificate.ts'

export type KeyUse = 'access' | 'id'
const uses: readonly KeyUse[] = ['access', 'id']

const hour = 3_600_000
const day = 24 * hour
/** Clients keep the key set for a day (oauth §3): so long before it signs a key is there to be seen, with a day to spare. */
const publishedAhead = 2 * day
const signsFor = 90 * day
/** The longest life of a token is ninety minutes; a day for whoever keeps what they read of keys. */
const keptAfter = 25 * hour

type PrivateKey = KeyObject | webcrypto.CryptoKey

export interface SigningKey {
  kid: string
  use: KeyUse
  algorithm: SigningAlgorithm
  activeFrom: number
  retireAt: number | null
  publicKey: KeyObject
  /** As JWKS has it. */
  jwk: Readonly<Record<string, unknown>>
  row: SigningKeyRow
  privateKey?: Promise<PrivateKey>
}

interface TenantKeys {
  keys: SigningKey[]
  algorithm: SigningAlgorithm
  /** Of the tenant's settings, which name the algorithm. */
  settingsVersion: number
  /** On the monotonic clock. */
  loadedAt: number
}

const rings = new WeakMap<App, Map<string, Promise<TenantKeys>>>()
/** No process goes longer by what it read before. */
const freshFor = 5_000

/** The tenant's keys; made when there are none yet. Read again with `atOnce`, and when the settings have another version than known. */
async function keysOf(app: App, tenantId: string, { atOnce = false, settingsVersion }: { atOnce?: boolean; settingsVersion?: number | undefined } = {}): Promise<TenantKeys> {
  let ring = rings.get(app)
  if (ring === undefined) rings.set(app, (ring = new Map()))
  const held = ring.get(tenantId)
  const known = await held?.catch(() => undefined)
  const current = settingsVersion === undefined || settingsVersion === known?.settingsVersion
  if (known !== undefined && !atOnce && current && performance.now() - known.loadedAt < freshFor) return known
  // Whoever came first reads for all who wait.
  const begun = ring.get(tenantId)
  if (begun !== undefined && begun !== held) return begun
  const loading = load(app, tenantId, known)
  ring.set(tenantId, loading)
  loading.catch(() => ring.delete(tenantId))
  return loading
}

async function load(app: App, tenantId: string, known: TenantKeys | undefined): Promise<TenantKeys> {
  const now = app.now()
  const { tenantSettings, versions } = await readPolicies(app.db, tenantId)
  const algorithm = tenantSettings.signingAlgorithm
  let rows = await listSigningKeys(app.db, tenantId, now)
  if (uses.some(use => activeOf(rows, use, algorithm, now) === undefined)) {
    await makeFirstKeys(app, tenantId, algorithm)
    rows = await listSigningKeys(app.db, tenantId, now)
  }
  const parsed = new Map(known?.keys.map(key => [key.kid, key]))
  const keys = rows.map(row => {
    const before = parsed.get(row.kid)
    return before ? Object.assign(before, { activeFrom: row.activeFrom, retireAt: row.retireAt }) : parse(row)
  })
  return { keys, algorithm, settingsVersion: versions.tenantSettings, loadedAt: performance.now() }
}

function parse(row: SigningKeyRow): SigningKey {
  const { publicKey } = new X509Certificate(Buffer.from(row.certificate, 'base64'))
  const algorithm = row.algorithm as SigningAlgorithm
  const jwk = { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: algorithm, kid: row.kid, x5t: row.kid, x5c: [row.certificate] }
  return { kid: row.kid, use: row.purpose as KeyUse, algorithm, activeFrom: row.activeFrom, retireAt: row.retireAt, publicKey, jwk, row }
}

/** The newest that signs already. */
function activeOf<Key extends { algorithm: string; activeFrom: number } & ({ purpose: string } | { use: string })>(keys: readonly Key[], use: KeyUse, algorithm: SigningAlgorithm, now: number): Key | undefined {
  return keys.findLast(key => ('purpose' in key ? key.purpose : key.use) === use && key.algorithm === algorithm && key.activeFrom <= now)
}

const generate = promisify(generateKeyPair)

async function newKeyRow(app: App, tenantId: string, { use, algorithm, activeFrom }: { use: KeyUse; algorithm: SigningAlgorithm; activeFrom: number }) {
  const now = app.now()
  const { publicKey, privateKey } = algorithm === 'RS256' ? await generate('rsa', { modulusLength: 2048 }) : await generate('ec', { namedCurve: 'P-256' })
  const certificate = await selfSigned({
    commonName: `Latchkey ${use} tokens`, algorithm, publicKey, privateKey, serial: randomBytes(16), from: now - day, until: activeFrom + 5 * 365 * day,
  })
  const kid = thumbprint(certificate)
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string
  const privateKeySealed = await app.keys.sealText(sealedAt(tenantId, kid), pem)
  return { tenantId, kid, purpose: use, algorithm, privateKeySealed, certificate: certificate.toString('base64'), createdAt: now, activeFrom, retireAt: null }
}

const sealedAt = (tenantId: string, kid: string) => ({ tenantId, table: 'signingKeys', column: 'privateKeySealed', rowId: kid })

/** In one process or in several at once: one key comes of it. */
async function makeFirstKeys(app: App, tenantId: string, algorithm: SigningAlgorithm): Promise<void> {
  const made = await Promise.all(uses.map(use => newKeyRow(app, tenantId, { use, algorithm, activeFrom: app.now() })))
  await inTransaction(app.db, async trx => {
    await lockSigningKeys(trx, tenantId)
    const now = app.now()
    const there = await listSigningKeys(trx, tenantId, now)
    for (const row of made) if (!activeOf(there, row.purpose, algorithm, now)) await insertSigningKey(trx, row, now + keptAfter)
  })
}

/** When this process has read the keys the tenant signs with; at once when it has. */
export async function keyIsKnown(app: App, tenantId: string, settingsVersion: number): Promise<void> {
  await keysOf(app, tenantId, { settingsVersion })
}

/**
 * Signs claims as a JWT, in the thread pool.
 * @param options.x5t v1 tokens name the key twice (oauth §14)
 * @param options.settingsVersion of the tenant's settings, where it is known: a new algorithm is then in force at once
 */
export async function signJwt(app: App, tenantId: string, use: KeyUse, claims: object, options: { x5t?: boolean; settingsVersion?: number } = {}): Promise<string> {
  const { keys, algorithm } = await keysOf(app, tenantId, options)
  const key = activeOf(keys, use, algorithm, app.now())!
  const header = { typ: 'JWT', alg: key.algorithm, ...(options.x5t ? { x5t: key.kid } : {}), kid: key.kid }
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${await signatureOf(await privateKeyOf(app, key), input)}`
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** RSA by the plain call, ECDSA by WebCrypto, which gives the two numbers as JWS wants them: a key beside options costs Node 10 µs more. */
async function signatureOf(key: PrivateKey, input: string): Promise<string> {
  if (!(key instanceof KeyObject)) return Buffer.from(await webcrypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, Buffer.from(input))).toString('base64url')
  return new Promise((resolve, reject) => {
    sign('sha256', Buffer.from(input), key, (error, signature) => (error ? reject(error) : resolve(signature.toString('base64url'))))
  })
}

function privateKeyOf(app: App, key: SigningKey): Promise<PrivateKey> {
  const opened = (key.privateKey ??= app.keys.openText(sealedAt(key.row.tenantId, key.kid), key.row.privateKeySealed).then(pem => readyToSign(pem, key.algorithm)))
  opened.catch(() => delete key.privateKey)
  return opened
}

function readyToSign(pem: string, algorithm: SigningAlgorithm): PrivateKey {
  const key = createPrivateKey(pem)
  return algorithm === 'RS256' ? key : key.toCryptoKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
}

/**
 * Reads one of our own tokens: the key is ours, known by the tenant and the id the token names, of this use, and used with its own
 * algorithm. Says nothing yet of issuer, audience and time.
 * @throws JwtInvalid
 */
export async function verifyJwt(app: App, token: string, use: KeyUse): Promise<Jwt & { tenantId: string }> {
  const jwt = readJwt(token)
  const { alg, kid, typ } = jwt.header
  const tenantId = jwt.claims['tid']
  if (typ !== 'JWT' || typeof kid !== 'string' || typeof tenantId !== 'string') throw new JwtInvalid('not a token of this server')
  const key = await publishedKey(app, tenantId, kid)
  if (key === undefined || key.use !== use || key.algorithm !== alg) throw new JwtInvalid('no key of this server made it')
  if (!signatureFits(jwt, key.publicKey, key.algorithm)) throw new JwtInvalid('the signature is wrong')
  return { ...jwt, tenantId }
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const thumbprintPattern = /^[\w-]{27}$/

/** Another process may have made the key a moment ago, so an unknown one is looked for: one query, less than a good token costs. */
async function publishedKey(app: App, tenantId: string, kid: string): Promise<SigningKey | undefined> {
  if (!guid.test(tenantId) || !thumbprintPattern.test(kid)) return undefined
  const known = await rings.get(app)?.get(tenantId)?.catch(() => undefined)
  const now = app.now()
  const find = (keys: readonly SigningKey[]) => keys.find(key => key.kid === kid && (key.retireAt === null || key.retireAt > now))
  const found = known && find(known.keys)
  if (found && performance.now() - known.loadedAt < freshFor) return found
  const rows = await listSigningKeys(app.db, tenantId, now)
  return rows.some(row => row.kid === kid) ? find((await keysOf(app, tenantId, { atOnce: true })).keys) : undefined
}

/** What JWKS shows of a tenant: keys that will sign, sign, or have signed what may still be shown to somebody. */
export async function publishedKeys(app: App, tenantId: string): Promise<SigningKey[]> {
  return (await keysOf(app, tenantId, { atOnce: true })).keys
}

/**
 * Rotation in three steps, each safe while every process runs: `add` publishes the next keys, `use` has them sign now (before their
 * day, for when a key is no longer trusted), `drop` removes what is past its time.
 * @returns how many keys it was about
 */
export async function rotateSigningKeys(app: App, tenantId: string, step: 'add' | 'use' | 'drop'): Promise<number> {
  if (step === 'drop') return dropRetiredSigningKeys(app.db, app.now())
  if (step === 'add') return addNextKeys(app, tenantId, () => true)
  const now = app.now()
  return inTransaction(app.db, async trx => {
    await lockSigningKeys(trx, tenantId)
    return useSigningKeys(trx, tenantId, now, now + keptAfter)
  })
}

/** What housekeeping does: keys that have signed long enough get their successors, those past their time go. @returns how many changed */
export async function tidySigningKeys(app: App, tenantId: string): Promise<number> {
  const due = await addNextKeys(app, tenantId, (key, now) => now >= key.activeFrom + signsFor - publishedAhead)
  return due + (await dropRetiredSigningKeys(app.db, app.now()))
}

/** For each use whose newest key is due a key that signs from its day on; nothing where one waits already, or none was ever needed. */
async function addNextKeys(app: App, tenantId: string, isDue: (key: SigningKeyRow, now: number) => boolean): Promise<number> {
  const now = app.now()
  const algorithm = (await readPolicies(app.db, tenantId)).tenantSettings.signingAlgorithm
  const due = (rows: readonly SigningKeyRow[]) =>
    uses.filter(use => {
      const newest = rows.findLast(row => row.purpose === use && row.algorithm === algorithm)
      return newest !== undefined && newest.activeFrom <= now && isDue(newest, now)
    })
  const wanted = due(await listSigningKeys(app.db, tenantId, now))
  if (wanted.length === 0) return 0
  const activeFrom = now + publishedAhead
  const made = await Promise.all(wanted.map(use => newKeyRow(app, tenantId, { use, algorithm, activeFrom })))
  return inTransaction(app.db, async trx => {
    await lockSigningKeys(trx, tenantId)
    const still = due(await listSigningKeys(trx, tenantId, now))
    const rows = made.filter(row => still.includes(row.purpose))
    for (const row of rows) await insertSigningKey(trx, row, activeFrom + keptAfter)
    return rows.length
  })
}
