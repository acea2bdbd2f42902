/**
 * Who the client is: nobody in particular, the holder of a secret, or of a certificate's key (oauth §6.1, LD-32). Every answer costs
 * the same work, whether the application exists or not (T-52); what is wrong is told by its AADSTS code all the same, as clients expect.
 */
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { networkOf } from '../client-address.ts'
import { checkClientSecret } from '../credentials/client-secret.ts'
import { noteCredentialUse } from '../credentials/credential-use.ts'
import { Secret } from '../secret.ts'
import type { Client } from '../store/clients.ts'
import { reserve } from '../store/limits.ts'
import type { ClientMethod } from './access-token.ts'
import { type AssertionPlace, verifyAssertion } from './assertion.ts'
import { type AadstsCode, TokenRefusal, aadsts } from './errors.ts'

/** A form's fields, each once. */
export type Form = Readonly<Record<string, string>>

/** What a client says of itself; nothing of it is believed yet. */
export interface Presented {
  /** As it was written. */
  clientId: string
  secret?: Secret
  assertion?: string
}

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const unprintable = /\p{Cc}/u
const secretNames = ['client_secret', 'client_assertion', 'password', 'refresh_token', 'code']

/**
 * Reads the client's id and its proof from the body or from HTTP Basic.
 * @throws TokenRefusal when it is there twice, in the address, or not to be read
 */
export function presentedBy(request: Pick<FastifyRequest, 'headers' | 'query'>, form: Form): Presented {
  const query = request.query as Record<string, unknown> | undefined
  // Addresses stand in logs (T-52). Everything else may trail there, as MSAL's own ids do.
  if (query && secretNames.some(name => query[name] !== undefined)) throw aadsts(9002346)
  const basic = basicOf(request.headers.authorization)
  const secret = form['client_secret']
  const assertion = form['client_assertion']
  if (assertion !== undefined && form['client_assertion_type'] !== assertionType) throw aadsts(900144, { name: 'client_assertion_type' })
  if ([basic, secret || undefined, assertion].filter(one => one !== undefined).length > 1) throw aadsts(9002313, { reason: 'the client proves itself in more than one way' })
  const clientId = form['client_id'] ?? basic?.id ?? subjectOf(assertion)
  if (!clientId) throw aadsts(900144, { name: 'client_id' })
  // In Basic and in an assertion's subject it may be written in ways that no parser of bodies has seen; PostgreSQL keeps no NUL.
  if (unprintable.test(clientId)) throw aadsts(9002313, { reason: "'client_id' holds characters that no id has" })
  if (basic && form['client_id'] !== undefined && form['client_id'].toLowerCase() !== basic.id.toLowerCase()) throw aadsts(9002313, { reason: "'client_id' and the Authorization header name two clients" })
  const found = basic?.secret ?? (secret ? new Secret(secret) : undefined)
  return { clientId, ...(found ? { secret: found } : {}), ...(assertion === undefined ? {} : { assertion }) }
}

/** Id and secret are form-encoded inside the base64 (RFC 6749 §2.3.1): openid-client encodes even `-` and `~`. */
function basicOf(header: string | undefined): { id: string; secret: Secret } | undefined {
  if (header === undefined) return undefined
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(header)?.[1]
  const [id, ...rest] = encoded === undefined ? [] : Buffer.from(encoded, 'base64').toString('utf8').split(':')
  try {
    if (id && rest.length > 0) return { id: formDecoded(id), secret: new Secret(formDecoded(rest.join(':'))) }
  } catch {
    // Falls through: a broken percent sign is as unreadable as the rest.
  }
  throw aadsts(9002313, { reason: 'the Authorization header is not HTTP Basic with id and secret' })
}

const formDecoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '))

/** An assertion may stand alone (RFC 7521 §4.2): then its subject says whose it is. Only for looking up. */
function subjectOf(assertion: string | undefined): string | undefined {
  try {
    const claims = JSON.parse(Buffer.from(assertion?.split('.')[1] ?? '', 'base64url').toString('utf8')) as { sub?: unknown }
    return typeof claims.sub === 'string' ? claims.sub : undefined
  } catch {
    return undefined
  }
}

export interface Authenticated {
  client: Client
  method: ClientMethod
  /** The credential that was used. */
  keyId: string | null
}

export interface ClientPlace extends AssertionPlace {
  ipAddress: string
}

/**
 * The client, with its proof checked. Without any proof the method is `none`: whether that will do is the grant's decision.
 * A disabled client is told so only after the right proof.
 * @throws TokenRefusal
 */
export async function authenticateClient(app: App, client: Client | undefined, presented: Presented, place: ClientPlace): Promise<Authenticated> {
  const { clientId, secret, assertion } = presented
  try {
    const proof = await proofOf(app, client, presented, place)
    if (client === undefined) throw aadsts(700016, { app: clientId, tenant: place.tenantId })
    if (client.disabled) throw aadsts(7000112, { app: clientId })
    if (proof) noteCredentialUse(app, { tenantId: place.tenantId, ownerId: proof.ownerId, keyId: proof.keyId, at: app.now(), ipAddress: place.ipAddress })
    return { client, method: secret ? 'secret' : assertion ? 'certificate' : 'none', keyId: proof?.keyId ?? null }
  } catch (error) {
    if (!(error instanceof TokenRefusal) || !wrongProof.has(error.code)) throw error
    await countFailure(app, client, place)
    // The work was the same; the word for it is that there is no such application (LD-32).
    throw client === undefined ? aadsts(700016, { app: clientId, tenant: place.tenantId }) : error
  }
}

const wrongProof: ReadonlySet<AadstsCode> = new Set<AadstsCode>([7000215, 7000222, 700016, 700027, 700024, 700021, 700023, 50027, 70021])

interface Proof {
  ownerId: string
  keyId: string
}

async function proofOf(app: App, client: Client | undefined, { clientId, secret, assertion }: Presented, place: ClientPlace): Promise<Proof | undefined> {
  const provesNothing = client?.isFallbackPublicClient === true && client.passwords.length + client.keys.length + client.federated.length === 0
  if (provesNothing && (secret || assertion)) throw aadsts(700025)
  if (secret) return checkSecret(client, secret, clientId, app.now())
  if (assertion === undefined) return undefined
  return verifyAssertion(app, client, assertion, place)
}

function checkSecret(client: Client | undefined, secret: Secret, app: string, now: number): Proof {
  const found = checkClientSecret(client?.passwords ?? [], secret, now)
  if (found.outcome === 'right') return found.password
  throw aadsts(found.outcome === 'expired' ? 7000222 : 7000215, { app })
}

/** Wrong proofs of one client from one address: thirty a minute, then 429. The right one is always let in, so nobody can lock another's program out. */
const failures = { limit: 30, windowMs: 60_000 }

async function countFailure(app: App, client: Client | undefined, { tenantId, ipAddress }: ClientPlace): Promise<void> {
  const now = app.now()
  const counted = await reserve(app.db, { tenantId, key: `client-auth:${client?.appId ?? 'nobody'} ${app.keys.mac('limit', networkOf(ipAddress, 'limit'))}`, kind: failures, now })
  if (!counted.served) throw aadsts(50196, {}, { retryAfter: Math.min(60, Math.max(1, (counted.until - now) / 1000)) })
}
