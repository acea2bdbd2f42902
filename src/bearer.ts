/**
 * Callers that show an access token of ours, and nobody else's (T-47, T-48): signed by this tenant's key for access tokens, for this
 * resource, in its time, and of somebody who may still act (T-54). Then the route's access line: one alternative of permissions.
 */
import type { FastifyRequest } from 'fastify'
import type { Alternatives, Access, ApplicationCaller, Audience, Caller, Proof, UserCaller } from './access.ts'
import type { App } from './app.ts'
import { issuerOf } from './oauth/access-token.ts'
import { type Jwt, JwtInvalid, timeFault } from './oauth/jwt.ts'
import { tokenFacts } from './oauth/known-clients.ts'
import { verifyJwt } from './oauth/signing-keys.ts'
import { Refusal } from './refusal.ts'
import { firstPartyByIdentifier, graphAppId, resourceManagerAppId } from './rules/first-party.ts'
import type { ReasonCode } from './rules/reason.ts'
import { reason } from './rules/verdict.ts'
import { readStanding } from './store/standing.ts'

const appIds: Record<Audience, string> = { graph: graphAppId, arm: resourceManagerAppId }

const refused = (status: number, code: ReasonCode, detail: string, values = {}) => new Refusal(status, [reason(code, values)], { detail })

/** @throws Refusal 401 for a token that is not good, 403 or (under `/me`) 400 for one that is not enough */
export async function bearerCaller(app: App, access: Extract<Access, object>, request: FastifyRequest): Promise<Caller> {
  const token = /^bearer +([\w.-]+) *$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) throw refused(401, 'LK_TOKEN_INVALID', 'no bearer token')
  const origins = [request.origin, ...app.config.listeners.map(one => one.origin)]
  const audience = 'bearer' in access ? access.bearer : 'graph'
  const jwt = await goodToken(app, token, audience, origins)
  const caller = await callerOf(app, jwt, origins)
  if ('graph' in access) requireAlternative(caller, access.graph, request)
  return caller
}

type GoodToken = Jwt & { tenantId: string }

async function goodToken(app: App, token: string, audience: Audience, origins: readonly string[]): Promise<GoodToken> {
  try {
    const jwt = await verifyJwt(app, token, 'access')
    const { iss, aud, ver } = jwt.claims
    const version = ver === '1.0' ? 1 : ver === '2.0' ? 2 : undefined
    if (version === undefined || !origins.some(origin => iss === issuerOf(origin, jwt.tenantId, version))) throw new JwtInvalid('of another issuer')
    if (typeof aud !== 'string' || firstPartyByIdentifier(aud, origins)?.appId !== appIds[audience]) throw new JwtInvalid('for another resource')
    const fault = timeFault(jwt.claims, app.now())
    if (fault === 'expired') throw refused(401, 'LK_TOKEN_EXPIRED', 'expired')
    if (fault) throw new JwtInvalid('not valid yet')
    return jwt
  } catch (error) {
    if (error instanceof JwtInvalid) throw refused(401, 'LK_TOKEN_INVALID', error.message)
    throw error
  }
}

/** Whoever the token speaks of, as they stand now: a disabled application or person is out at once, whatever the token still says. */
async function callerOf(app: App, { claims, tenantId }: GoodToken, origins: readonly string[]): Promise<Caller> {
  const appId = textClaim(claims, claims['ver'] === '1.0' ? 'appid' : 'azp')
  const facts = await tokenFacts(app, { tenantId, appId, origins })
  const client = facts?.client
  if (client === undefined || client.disabled) throw refused(401, 'LK_TOKEN_INVALID', 'the application is gone or disabled')
  const { servicePrincipalId } = client
  if (claims['idtyp'] === 'app') {
    if (claims['oid'] !== servicePrincipalId || claims['scp'] !== undefined) throw refused(401, 'LK_TOKEN_INVALID', 'of another service principal')
    return { kind: 'application', tenantId, servicePrincipalId, appId, permissions: textsIn(claims['roles']), tokenId: textClaim(claims, 'uti') } satisfies ApplicationCaller
  }
  return personOf(app, claims, { tenantId, appId, servicePrincipalId })
}

async function personOf(app: App, claims: Jwt['claims'], by: { tenantId: string; appId: string; servicePrincipalId: string }): Promise<UserCaller> {
  const userId = textClaim(claims, 'oid')
  const epochs = claims['lk_epochs'] as readonly number[] | undefined
  if (claims['idtyp'] !== 'user' || !Array.isArray(epochs)) throw refused(401, 'LK_TOKEN_INVALID', 'of nobody')
  const standing = await readStanding(app.db, by.tenantId, userId, { credentialEpoch: epochs[0]!, deploymentEpoch: epochs[1]! })
  if (!standing.holds) throw refused(401, 'LK_TOKEN_INVALID', `the person is ${standing.why}`)
  const at = typeof claims['auth_time'] === 'number' ? claims['auth_time'] * 1000 : 0
  const session = { idHash: '', publicId: '', proofs: proofsOf(textsIn(claims['amr']), at), createdAt: at, continueTo: null, locale: null }
  return {
    kind: 'user', tenantId: by.tenantId, userId, level: 'complete', isAdministrator: textsIn(claims['wids']).length > 0, session,
    token: { appId: by.appId, servicePrincipalId: by.servicePrincipalId, scopes: textClaim(claims, 'scp').split(' ').filter(one => one !== '') },
  }
}

/** As a session has them; `mfa` and whatever else is no password counts as the stronger proof. */
const proofsOf = (amr: readonly string[], at: number): Proof[] => amr.map(method => ({ method: method === 'pwd' ? 'password' : method, at }))

function textClaim(claims: Jwt['claims'], name: string): string {
  const value = claims[name]
  if (typeof value !== 'string') throw refused(401, 'LK_TOKEN_INVALID', `no ${name}`)
  return value
}

const textsIn = (value: unknown): string[] => (Array.isArray(value) ? value.filter(one => typeof one === 'string') : [])

function requireAlternative(caller: Caller, line: { delegated: Alternatives; application: Alternatives }, request: FastifyRequest): void {
  const held = new Set(caller.kind === 'application' ? caller.permissions : caller.token!.scopes)
  const alternatives = caller.kind === 'application' ? line.application : line.delegated
  if (alternatives.some(one => (typeof one === 'string' ? held.has(one) : one.every(name => held.has(name))))) return
  const forPeople = caller.kind === 'application' && alternatives.length === 0 && /^\/(v1\.0|beta)\/me(\/|$)/i.test(request.routeOptions.url ?? '')
  if (forPeople) throw refused(400, 'LK_TOKEN_ME', 'a program asks for /me', { graphCode: 'BadRequest' })
  throw refused(403, 'LK_TOKEN_PRIVILEGES', `needs one of ${alternatives.flat().join(', ').slice(0, 300)}`)
}
