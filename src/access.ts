/**
 * Who may call a route, said once, in the route's own declaration. `authenticate.ts` enforces the same line that the OpenAPI
 * document prints, and a route without one stops the start: the house is closed by default (T-15, T-83).
 */
import type { FastifyInstance, FastifyRequest, FastifyTypeProvider, RawServerDefault, FastifyBaseLogger } from 'fastify'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Static, TSchema } from 'typebox'
import type { Locale } from './text.ts'
import { Refusal } from './refusal.ts'

/** Any one of these is enough; an alternative is one permission, or several that are needed together. */
export type Alternatives = readonly (string | readonly string[])[]

/** Our own resources that take bearer tokens: Graph (which `/oidc/userinfo` belongs to) and the resource manager `{origin}/arm`. */
export type Audience = 'graph' | 'arm'

/**
 * - `public`: anyone, and no cookie is read.
 * - `recovery`: anyone; the reset room reads its own cookie.
 * - `basic`: the route checks HTTP Basic itself.
 * - `firstFactor`: a browser that has proved a password but not yet everything, or one that is signed in.
 * - `session`: signed in completely.
 * - `recent`: signed in, and the strongest proof is at most ten minutes old (N-STEP).
 * - `development`: mounted in development mode only, and only for callers on this machine.
 * - `graph`: our session cookie, judged by directory roles, or a bearer token for Graph with these permissions. An empty list means
 *   that this kind of caller has no business here.
 * - `bearer`: any good bearer token for this resource, and no cookie.
 */
export type Access =
  | 'public'
  | 'recovery'
  | 'basic'
  | 'firstFactor'
  | 'session'
  | 'recent'
  | 'development'
  | { graph: { delegated: Alternatives; application: Alternatives } }
  | { bearer: Audience }

/** Whose voice answers: a page, our JSON, Graph's JSON, the token service's JSON, or plain text for machines. */
export type Surface = 'page' | 'api' | 'graph' | 'oauth' | 'plain'

/** A proof given in a session, and when (epoch milliseconds). */
export interface Proof {
  method: string
  at: number
}

/** A signed-in browser, as a request carries it. */
export interface CallerSession {
  idHash: string
  publicId: string
  proofs: readonly Proof[]
  createdAt: number
  continueTo: string | null
  locale: string | null
}

export interface UserCaller {
  kind: 'user'
  tenantId: string
  userId: string
  level: 'firstFactor' | 'complete'
  isAdministrator: boolean
  /** For a bearer token it is made from the token: no ids, and the proofs its sign-in gave. */
  session: CallerSession
  /** The person came with an access token of a program they gave these scopes to. */
  token?: { appId: string; servicePrincipalId: string; scopes: readonly string[] }
}

export interface ApplicationCaller {
  kind: 'application'
  tenantId: string
  servicePrincipalId: string
  appId: string
  permissions: readonly string[]
  /** The token's `uti`, as the sign-in log has it. */
  tokenId: string
}

export type Caller = UserCaller | ApplicationCaller

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
    surface?: Surface
  }
  interface FastifyRequest {
    caller: Caller | undefined
    locale: Locale
    /** Chosen in this request by ?mkt= or ?lng=, so worth remembering. */
    explicitLocale: Locale | undefined
    correlationId: string
    /** The caller's address; behind a configured proxy the one it names (T-28). */
    clientAddress: string
    /** The configured origin of the listener that was asked: 'https://localhost:8443'. */
    origin: string
    /** Goes into every form as `_csrf`. */
    formToken: string
    /** The handler has waited for a commit of its own that came after everything it read: its answer need not wait for anybody else's. */
    isSettled: boolean
  }
}

/** Fastify's hook for TypeBox schemas: what a handler reads and returns has the type its schema says. */
export interface TypeBoxProvider extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown
  serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown
}

export type Server = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, FastifyBaseLogger, TypeBoxProvider>

export const cookies = {
  session: '__Host-latchkey-session',
  firstFactor: '__Host-latchkey-signin',
  reset: '__Host-latchkey-reset',
  device: '__Host-latchkey-device',
  form: '__Host-latchkey-form',
  locale: 'latchkey-locale',
} as const

/** For every `__Host-` cookie; `strict` for recovery, so that no link from elsewhere carries it along (LD-19). */
export const cookieOptions = (sameSite: 'lax' | 'strict', maxAgeSeconds?: number) => ({
  path: '/',
  secure: true,
  httpOnly: true,
  sameSite,
  ...(maxAgeSeconds === undefined ? {} : { maxAge: maxAgeSeconds }),
})

/** The signed-in person behind this request; for routes whose access line promises one. */
export function userCaller(request: FastifyRequest): UserCaller {
  if (request.caller?.kind !== 'user') throw new Refusal(401, [{ code: 'LK_NOT_SIGNED_IN', audience: 'anyone' }])
  return request.caller
}

/** A proof this recent opens security info, resets of others and new secrets (N-STEP). */
const recentProof = 10 * 60_000

/** The newest proof that counts as strong for a session: the second factor if one was given, else the password. */
export function hasRecentProof(caller: { session: Pick<CallerSession, 'proofs'> }, now: number): boolean {
  // A registration that was skipped is noted among the proofs, so that sign-in does not ask twice; it proves nothing.
  const proofs = caller.session.proofs.filter(proof => proof.method !== 'registrationSkipped')
  const strong = proofs.filter(proof => proof.method !== 'password')
  const counted = strong.length > 0 ? strong : proofs
  return counted.some(proof => now - proof.at <= recentProof)
}
