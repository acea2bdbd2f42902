/** Signing in on another device (oauth §9): the program asks for two codes, a person types the short one, the program polls with the long one. */
import { randomInt } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { networkOf } from '../client-address.ts'
import { findDeviceCode, insertDeviceCode, redeemDevice } from '../store/device-codes.ts'
import type { DeviceCode } from '../store/device-codes.ts'
import { reserve } from '../store/limits.ts'
import { readStanding } from '../store/standing.ts'
import { chooseLocale, translate } from '../text.ts'
import { authenticateClient, presentedBy } from './client-authentication.ts'
import type { Form } from './client-authentication.ts'
import { tokenHeaders } from './error-answer.ts'
import { aadsts } from './errors.ts'
import { revoked } from './family-end.ts'
import { isPublicClient, requireClientProof } from './grants.ts'
import type { Grant, GrantContext } from './grants.ts'
import { tokenFacts } from './known-clients.ts'
import { newFamilyId, newOpaqueToken, readOpaqueToken } from './opaque-token.ts'
import { scopeAsked } from './person-scope.ts'
import { resolveTenant } from './tenant-segment.ts'
import { placeOf } from './request-place.ts'
import { beginFamily, grantScopes, personAnswer } from './user-token.ts'
import { readWanted } from './wanted-scopes.ts'

/** Seconds. */
const lifetime = 900
const interval = 5

/** No vowels, so that no words come of it, and nothing that looks like another: 9 of 24 letters and digits are 41 bits. */
const alphabet = 'BCDFGHJKLMNPQRSTVWXZ3479'
const userCodeLength = 9
const newUserCode = (): string => Array.from({ length: userCodeLength }, () => alphabet[randomInt(alphabet.length)]).join('')

/** As somebody may type it: blanks, dashes and small letters do not count. Undefined for what cannot be one. */
export function readUserCode(typed: string): string | undefined {
  const code = typed.replace(/[\s-]/g, '').toUpperCase()
  return code.length === userCodeLength && [...code].every(letter => alphabet.includes(letter)) ? code : undefined
}

/** How the store knows a typed code, under every key in use. */
export const userCodeMacs = (app: App, tenantId: string, code: string): string[] => app.keys.macs('code', `device\n${tenantId}\n${code}`)

/** Begun from one address in ten minutes: more than a room full of people at their devices. */
const perAddress = { limit: 100, windowMs: 600_000 }

/** POST `/{tenant}/oauth2/v2.0/devicecode`. */
export async function beginDeviceCode(app: App, request: FastifyRequest, reply: FastifyReply, version: 1 | 2): Promise<FastifyReply> {
  const form = (request.body ?? {}) as Form
  const place = placeOf(app, request)
  const { tenantId } = await resolveTenant(app, (request.params as { tenant: string }).tenant)
  const presented = presentedBy(request, form)
  const facts = await tokenFacts(app, { tenantId, appId: presented.clientId, origins: place.origins })
  const { client, method } = await authenticateClient(app, facts?.client, presented, { tenantId, origins: place.origins, ipAddress: place.ipAddress })
  requireClientProof({ client, method })
  const scope = scopeAsked({ form, version }, undefined)
  // What means nothing is said now, to the program, and not to somebody with a code in their hand.
  await readWanted(app, client, scope, place.origins)
  const now = app.now()
  const counted = await reserve(app.db, { tenantId, key: `device-start:${app.keys.mac('limit', networkOf(place.ipAddress, 'limit'))}`, kind: perAddress, now })
  if (!counted.served) throw aadsts(50196, {}, { retryAfter: Math.max(1, (counted.until - now) / 1000) })
  const { text, userCode } = await writeDeviceCode(app, { tenantId, appId: client.appId, scope, ipAddress: place.ipAddress, userAgent: place.userAgent })
  const address = `${request.origin}/common/oauth2/deviceauth`
  const asked = request.query as { mkt?: string }
  const locale = chooseLocale({ query: typeof asked.mkt === 'string' ? asked.mkt : undefined, acceptLanguage: request.headers['accept-language'] })
  tokenHeaders(request, reply)
  return reply.type('application/json; charset=utf-8').serializer(JSON.stringify).send({
    user_code: userCode, device_code: text, verification_uri: address, ...(version === 1 ? { verification_url: address } : {}),
    expires_in: version === 1 ? String(lifetime) : lifetime, interval: version === 1 ? String(interval) : interval,
    message: translate(locale, 'oauth.device.message', { address, code: userCode }),
  })
}

async function writeDeviceCode(app: App, of: Pick<DeviceCode, 'tenantId' | 'appId' | 'scope' | 'ipAddress' | 'userAgent'>): Promise<{ text: string; userCode: string }> {
  const now = app.now()
  for (;;) {
    const userCode = newUserCode()
    const { text, hash } = newOpaqueToken('device', of.tenantId)
    const userCodeMac = userCodeMacs(app, of.tenantId, userCode)[0]!
    if (await insertDeviceCode(app.db, { ...of, deviceCodeHash: hash, userCodeMac, createdAt: now, expiresAt: now + lifetime * 1000 })) return { text, userCode }
  }
}

/** The poll. Whoever asks too often gets the same answer as everybody: `slow_down` would end MSAL's waiting (LD-33). */
export const deviceCode: Grant = {
  run: async context => {
    const { app, tenant, client } = context
    requireClientProof(context)
    const device = await findDevice(context)
    if (device.status === 'pending') throw aadsts(device.expiresAt <= app.now() ? 70020 : 70016)
    if (device.status === 'declined') throw aadsts(70017)
    if (device.status === 'redeemed' || device.userId === null) throw aadsts(70018)
    if (device.expiresAt <= app.now()) throw aadsts(70020)
    const epochs = { credentialEpoch: device.credentialEpoch!, deploymentEpoch: device.deploymentEpoch! }
    const standing = await readStanding(app.db, tenant.tenantId, device.userId, epochs)
    if (!standing.holds) throw revoked(standing, device.createdAt)
    const scopes = await grantScopes(context, device.userId, device.scope, 'first')
    const signIn = { user: standing.user, proofs: device.proofs, sessionId: null, ...epochs }
    const redeemed = await app.db.transaction().execute(async trx => {
      if (!(await redeemDevice(trx, tenant.tenantId, device.deviceCodeHash))) return { first: false } as const
      if (!scopes.signIn.includes('offline_access')) return { first: true, token: undefined } as const
      const family = { familyId: newFamilyId(), clientKind: isPublicClient(client) ? 'public' : 'confidential', scope: device.scope } as const
      return { first: true, token: await beginFamily(trx, context, signIn, family) } as const
    })
    if (!redeemed.first) throw aadsts(70018)
    return personAnswer(context, signIn, scopes, { nonce: null, refreshToken: redeemed.token })
  },
}

/** v1 clients call it `code`; msal for Python sends both. */
async function findDevice({ app, tenant, client, form }: GrantContext): Promise<DeviceCode> {
  const text = form['device_code'] || form['code']
  if (!text) throw aadsts(900144, { name: 'device_code' })
  const read = readOpaqueToken('device', text)
  const device = read?.tenantId === tenant.tenantId ? await findDeviceCode(app.db, tenant.tenantId, read.hash) : undefined
  if (!device || device.appId !== client.appId) throw aadsts(70018)
  return device
}
