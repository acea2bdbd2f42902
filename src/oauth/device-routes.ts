/**
 * The page where a person types the code that a device shows. Whoever sent somebody such a code wants to be signed in as them, so the
 * page says which program it is and from where it was started, takes no code from a link, and asks for a plain yes (R9700).
 */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { userCaller } from '../access.ts'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { sessionOf } from '../credentials/browser-session.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { consentRights, mayConsentForSelf, usersMayConsent } from '../rules/consent.ts'
import { approveDevice, declineDevice, findWaitingDevice } from '../store/device-codes.ts'
import type { DeviceCode } from '../store/device-codes.ts'
import { addGrant } from '../store/grants.ts'
import { reserve } from '../store/limits.ts'
import type { SessionRow } from '../store/sessions.ts'
import { findUser } from '../store/users.ts'
import { actorOf, auditConsent, scopesByResource } from './consent.ts'
import { readUserCode, userCodeMacs } from './device-code.ts'
import { DeviceAnsweredPage, DeviceCodePage, DeviceConfirmPage } from './device-pages.tsx'
import { TokenRefusal } from './errors.ts'
import { tokenFacts } from './known-clients.ts'
import { logPerson } from './person-log.ts'
import { dueAtSignIn, factsOf } from './person.ts'
import { scopeText } from './permission-texts.ts'
import { originsOf } from './request-place.ts'
import { markOfScopes } from './shown-permissions.ts'
import { requireAssigned } from './user-token.ts'
import { missingConsent, readConsent, readWanted } from './wanted-scopes.ts'

/** Whoever says yes gives a device what their session may do, so they show once more that it is theirs (N-STEP). */
const config = { access: 'recent', surface: 'page' } as const
const path = '/common/oauth2/deviceauth'
const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const body = Type.Object({ code: text(50), answer: text(20), shown: text(100) }, { additionalProperties: false })

/** Codes somebody may type in ten minutes; one that is right costs nothing worth having. */
const perPerson = { limit: 20, windowMs: 600_000 }

export function deviceRoutes(server: Server, app: App): void {
  server.get(path, { config }, async (request, reply) => {
    if (await isInterrupted(app, request)) return reply.redirect(`/signin?prompt=login&continue=${encodeURIComponent(path)}`, 303)
    return sendPage(reply, DeviceCodePage({ context: await contextOf(app, request), action: path }))
  })

  server.post(path, { config, schema: { body } }, async (request, reply) => {
    const { code: typed = '', answer, shown } = request.body
    const context = await contextOf(app, request)
    const again = (problem: 'unknown' | 'tooMany') => sendPage(reply, DeviceCodePage({ context, action: path, typed, problem }), { status: problem === 'unknown' ? 422 : 429 })
    if (await isInterrupted(app, request)) return reply.redirect(`/signin?prompt=login&continue=${encodeURIComponent(path)}`, 303)
    const { tenantId, userId } = userCaller(request)
    const counted = await reserve(app.db, { tenantId, key: `device-code:${userId}`, kind: perPerson, now: app.now() })
    if (!counted.served) return again('tooMany')
    const code = readUserCode(typed)
    const device = code === undefined ? undefined : await findWaitingDevice(app.db, tenantId, userCodeMacs(app, tenantId, code), app.now())
    const known = device && (await considerDevice(app, request, device))
    if (!known) return again('unknown')
    // A yes to what was not on the page is none: the page comes again, with what is asked now.
    const asShown = known.missing.length === 0 || shown === markOfScopes(known.missing)
    if (answer === undefined || (answer === 'agree' && !asShown)) return sendPage(reply, DeviceConfirmPage({ context, action: path, ...confirmation(app, context, known), code: code! }))
    return sendPage(reply, DeviceAnsweredPage({ context, outcome: await answerDevice(app, request, known, answer === 'agree'), programName: known.client.displayName }))
  })
}

async function contextOf(app: App, request: FastifyRequest) {
  const { tenantId, userId } = userCaller(request)
  const displayName = (await findUser(app.db, tenantId, userId))?.displayName
  return pageContext(request, displayName === undefined ? {} : { signedInAs: displayName })
}

/** A new password or a second factor is due, of which this session knows nothing yet. */
async function isInterrupted(app: App, request: FastifyRequest): Promise<boolean> {
  const { tenantId, userId, session } = userCaller(request)
  const facts = await factsOf(app, tenantId, userId)
  return !facts || dueAtSignIn(facts, session.proofs) !== undefined
}

/** A waiting device with all that decides about it; undefined when its program is gone. */
async function considerDevice(app: App, request: FastifyRequest, device: DeviceCode) {
  const { tenantId, userId } = userCaller(request)
  const origins = originsOf(app, request.origin)
  const known = await tokenFacts(app, { tenantId, appId: device.appId, origins })
  const facts = await factsOf(app, tenantId, userId)
  const client = known?.client
  if (!client || client.disabled || !facts) return undefined
  try {
    await requireAssigned(app.db, client, userId)
    const consent = await readConsent(app, app.db, client, userId, await readWanted(app, client, device.scope, origins))
    const missing = missingConsent(consent)
    const wanted = missing.map(({ scope }) => ({ value: scope.value ?? '', type: scope.type }))
    const rights = { userConsent: usersMayConsent(facts.tenant.authorizationPolicy), rights: consentRights(facts.subject.roles) }
    return { device, client, facts, consent, missing, may: missing.length === 0 || mayConsentForSelf(wanted, rights), unassigned: false }
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error
    return { device, client, facts, consent: undefined, missing: [], may: false, unassigned: true }
  }
}

type KnownDevice = NonNullable<Awaited<ReturnType<typeof considerDevice>>>

function confirmation(app: App, context: Awaited<ReturnType<typeof contextOf>>, { device, client, missing, may, unassigned }: KnownDevice) {
  return {
    programName: client.displayName, address: device.ipAddress, browser: device.userAgent, minutes: Math.max(0, Math.floor((app.now() - device.createdAt) / 60_000)),
    shown: markOfScopes(missing), permissions: missing.map(({ resource, scope }) => scopeText(context, resource, scope)), obstacle: may ? undefined : unassigned ? 'assigned' as const : 'approval' as const,
  }
}

async function answerDevice(app: App, request: FastifyRequest, known: KnownDevice, agreed: boolean): Promise<'agreed' | 'refused' | 'gone'> {
  const { device, client, facts, consent, may } = known
  const { tenantId, deviceCodeHash } = device
  const now = app.now()
  const session = await sessionOf(app, request, 'complete')
  if (!agreed || !may || !consent || !session) {
    return (await declineDevice(app.db, { tenantId, deviceCodeHash, now })) ? 'refused' : 'gone'
  }
  const grants = scopesByResource(consent)
  const done = await app.db.transaction().execute(async trx => {
    if (!(await approveDevice(trx, { tenantId, deviceCodeHash, now, ...proofOf(session) }))) return false
    for (const { resourceId, scopes } of grants) await addGrant(trx, { tenantId, clientId: client.servicePrincipalId, resourceId, principalId: session.userId, scopes, at: now })
    if (grants.length > 0) {
      const actor = actorOf(facts.subject, request.clientAddress)
      await auditConsent(app, trx, { client, actor, correlationId: request.correlationId, everybody: false, scopes: grants.flatMap(one => one.scopes) })
    }
    return true
  })
  if (!done) return 'gone'
  const user = await findUser(app.db, tenantId, session.userId)
  if (user) logPerson(app, request, { tenantId, user, client, resourceAppId: consent.resources[0]!.resource.appId, proofs: session.proofs, kind: 'deviceCode' })
  return 'agreed'
}

const proofOf = ({ userId, proofs, credentialEpoch, deploymentEpoch }: SessionRow) => ({ userId, proofs, credentialEpoch, deploymentEpoch })
