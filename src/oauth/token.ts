/** POST `/{tenant}/oauth2/v2.0/token` and its elder `/{tenant}/oauth2/token` (oauth §6). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { tokenHeaders } from './error-answer.ts'
import { type Form, authenticateClient, presentedBy } from './client-authentication.ts'
import { clientCredentials } from './client-credentials.ts'
import { TokenRefusal, aadsts } from './errors.ts'
import type { Grant, RequestPlace, TokenAnswer } from './grants.ts'
import { tokenFacts } from './known-clients.ts'
import { tenantShown } from './opaque-token.ts'
import { personGrants } from './person-grants.ts'
import { logProgram } from './program-log.ts'
import { placeOf } from './request-place.ts'
import { resolveTenant, tenantById } from './tenant-segment.ts'

/** By `grant_type`. */
const grants = new Map<string, Grant>([['client_credentials', clientCredentials], ...personGrants])

export async function answerToken(app: App, request: FastifyRequest, reply: FastifyReply, version: 1 | 2): Promise<FastifyReply> {
  const form = (request.body ?? {}) as Form
  const place = placeOf(app, request)
  const { tenant: segment } = request.params as { tenant: string }
  const answer = await tokenFor(app, { request, reply, form, place, segment, version })
  tokenHeaders(request, reply)
  request.isSettled = answer.isSettled === true
  return reply.type('application/json; charset=utf-8').serializer(asIs).send(JSON.stringify(bodyOf(answer, version)))
}

const asIs = (payload: unknown): string => payload as string

interface Asked {
  request: FastifyRequest
  reply: FastifyReply
  form: Form
  place: RequestPlace
  segment: string
  version: 1 | 2
}

async function tokenFor(app: App, { request, reply, form, place, segment, version }: Asked): Promise<TokenAnswer> {
  const grantType = form['grant_type']
  if (!grantType) throw aadsts(900144, { name: 'grant_type' })
  const grant = grants.get(grantType)
  if (grant === undefined) throw aadsts(70003, { grant: grantType })
  const presented = presentedBy(request, form)
  if (place.browserOrigin !== undefined && (presented.secret || presented.assertion)) throw aadsts(9002326)
  // Whether there is such a tenant is answered with the client, in one query.
  const tenant = tenantById(segment) ?? (await resolveTenant(app, segment, form['username'], tenantShown(form)))
  const own = grantType === 'client_credentials'
  if (own && tenant.kind === 'common') throw aadsts(50059)
  const { tenantId } = tenant
  const identifier = quietly(() => grant.resource?.({ form, version }))
  const facts = await tokenFacts(app, { tenantId, appId: presented.clientId, identifier, origins: place.origins })
  if (facts === undefined) throw aadsts(90002, { tenant: segment })
  if (place.browserOrigin !== undefined && isOriginOf(facts.client?.spaRedirectUris ?? [], place.browserOrigin)) {
    reply.headers({ 'access-control-allow-origin': place.browserOrigin, vary: 'origin' })
  }
  const note = own ? logProgram(app, { tenantId, place, clientId: presented.clientId, client: facts.client, resource: facts.reached?.resource, presented }) : undefined
  try {
    const { client, method, keyId } = await authenticateClient(app, facts.client, presented, { tenantId, origins: place.origins, ipAddress: place.ipAddress })
    return await grant.run({
      app, tenant, known: facts.tenant, client, method, keyId, form, version, place, reached: facts.reached, noteSuccess: tokenId => note?.success(keyId, tokenId),
    })
  } catch (error) {
    // The thirty before it are in the log; a flood is not to fill it.
    if (error instanceof TokenRefusal && error.code !== 50196) await note?.failure(error.code)
    throw error
  }
}

/** What cannot be read is said after the client is known, not before. */
function quietly<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** A single-page app's own origin may read the answer; nobody else's page may (T-36). */
function isOriginOf(redirectUris: readonly string[], origin: string): boolean {
  return redirectUris.some(uri => URL.canParse(uri) && new URL(uri).origin === origin)
}

/** v1 writes numbers as text (oauth §6). */
function bodyOf({ accessToken, resource, scope, refreshToken, idToken, clientInfo, refreshIn }: TokenAnswer, version: 1 | 2): Record<string, unknown> {
  const { expiresIn, expiresOn, notBefore, token } = accessToken
  const times = version === 2
    ? { expires_in: expiresIn, ext_expires_in: expiresIn, ...(refreshIn === undefined ? {} : { refresh_in: refreshIn }) }
    : { expires_in: String(expiresIn), ext_expires_in: String(expiresIn), expires_on: String(expiresOn), not_before: String(notBefore), ...(resource === undefined ? {} : { resource }) }
  return {
    token_type: 'Bearer',
    ...(scope === undefined ? {} : { scope }),
    ...times,
    access_token: token,
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(idToken === undefined ? {} : { id_token: idToken }),
    ...(clientInfo === undefined ? {} : { client_info: clientInfo }),
  }
}
