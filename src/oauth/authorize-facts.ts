/** What decides about a request to `/authorize`, once somebody is signed in. */
import type { FastifyRequest } from 'fastify'
import { hasRecentProof } from '../access.ts'
import type { App } from '../app.ts'
import { sessionOf } from '../credentials/browser-session.ts'
import type { PermissionScope } from '../rules/application-document.ts'
import type { ConsentFacts, SessionFacts } from '../rules/authorize-steps.ts'
import { consentRights, mayConsentForSelf, usersMayConsent } from '../rules/consent.ts'
import type { ConsentRights } from '../rules/consent.ts'
import { graphAppId } from '../rules/first-party.ts'
import type { KnownFacts } from '../rules/gates.ts'
import { changesOthers } from '../rules/permission-reach.ts'
import { findRedirect } from '../rules/redirect-uris.ts'
import { isAssignedTo } from '../store/app-roles.ts'
import type { Client } from '../store/clients.ts'
import { firstPartyId } from '../store/first-party.ts'
import { consentedScopes } from '../store/grants.ts'
import type { Resource } from '../store/resources.ts'
import type { SessionRow } from '../store/sessions.ts'
import { findUserByName } from '../store/users.ts'
import type { ReturnAddress } from './answer-program.ts'
import type { Pending } from './authorize-pending.ts'
import { TokenRefusal, aadsts } from './errors.ts'
import { tokenFacts } from './known-clients.ts'
import type { KnownTenant } from './known-clients.ts'
import { dueAtSignIn, factsOf, provedAt } from './person.ts'
import { originsOf } from './request-place.ts'
import { missingConsent, readConsent, readWanted } from './wanted-scopes.ts'
import type { Consent } from './wanted-scopes.ts'

export interface PersonStanding {
  facts: KnownFacts
  session: SessionFacts
  consentFacts: ConsentFacts
  rights: ConsentRights
  /** Undefined together with `refusal`. */
  consent: Consent | undefined
  /** Everything asked for by name, agreed to or not. */
  wantedScopes: { resource: Resource | null; scope: PermissionScope }[]
  /** The scopes mean nothing here: for the program to hear. */
  refusal: TokenRefusal | undefined
}

/** A request with everything that decides about it, looked up at this moment. */
export interface Considered {
  pending: Pending
  client: Client
  known: KnownTenant
  session: SessionRow | undefined
  /** Undefined while nobody of the tenant is signed in. */
  person: PersonStanding | undefined
  to: ReturnAddress
}

/** @throws TokenRefusal to be shown on our page: the program is gone, or its address is registered no more */
export async function consider(app: App, request: FastifyRequest, pending: Pending): Promise<Considered> {
  const session = await sessionOf(app, request, 'complete')
  const tenantId = pending.anyTenant && session ? session.tenantId : pending.tenantId
  const origins = originsOf(app, request.origin)
  const facts = await tokenFacts(app, { tenantId, appId: pending.appId, origins })
  if (!facts?.client) throw aadsts(700016, { app: pending.appId, tenant: tenantId })
  const { client, tenant: known } = facts
  const { redirect, responseMode, state } = pending.request
  if (client.disabled) throw aadsts(7000112, { app: client.appId })
  if (findRedirect(redirect.uri, client)?.kind !== redirect.kind) throw aadsts(50011, { redirectUri: redirect.uri, app: client.appId })
  const to = { redirectUri: redirect.uri, responseMode, state, programName: client.displayName }
  const person = session?.tenantId === tenantId ? await standingOf(app, { client, pending, session, origins }) : undefined
  return { pending, client, known, session, person, to }
}

async function standingOf(
  app: App, { client, pending, session, origins }: { client: Client; pending: Pending; session: SessionRow; origins: readonly string[] },
): Promise<PersonStanding | undefined> {
  const { tenantId, userId, publicId, proofs } = session
  const facts = await factsOf(app, tenantId, userId)
  if (!facts) return undefined
  const rights = consentRights(facts.subject.roles)
  const wanted = await quietly(readWanted(app, client, pending.request.scope, origins))
  const consent = wanted instanceof TokenRefusal ? undefined : await readConsent(app, app.db, client, userId, wanted)
  const missing = consent ? missingConsent(consent) : []
  const assigned = !client.appRoleAssignmentRequired || (await isAssignedTo(app.db, tenantId, userId, client.servicePrincipalId))
  return {
    facts, rights, consent,
    session: {
      createdAt: session.createdAt, provedAt: provedAt(proofs), isOfTenant: true, assigned, chosen: pending.answers.chosenSession === publicId,
      isHinted: await isHinted(app, session, pending.request.loginHint), interrupted: dueAtSignIn(facts, proofs) !== undefined,
      proofIsOld: !hasRecentProof({ session }, app.now()) && (await mayChangeOthers(app, client, userId, consent)),
    },
    consentFacts: {
      missing: missing.length > 0, agreedNow: pending.answers.agreedSession === publicId,
      mayConsent: mayConsentForSelf(missing.map(({ scope }) => ({ value: scope.value ?? '', type: scope.type })), { userConsent: usersMayConsent(facts.tenant.authorizationPolicy), rights }),
    },
    wantedScopes: wanted instanceof TokenRefusal ? [] : wanted.resources.flatMap(({ resource, scopes }) => scopes.map(scope => ({ resource, scope }))),
    refusal: wanted instanceof TokenRefusal ? wanted : undefined,
  }
}

/**
 * Whether a token of the program could change more than its own person. What was agreed to before counts whole: whoever redeems the code
 * may ask for any of it.
 */
async function mayChangeOthers(app: App, { tenantId, servicePrincipalId }: Client, userId: string, consent: Consent | undefined): Promise<boolean> {
  const agreed = await consentedScopes(app.db, tenantId, servicePrincipalId, firstPartyId(tenantId, graphAppId), userId)
  const asked = consent?.resources.filter(one => one.resource.appId === graphAppId).flatMap(one => one.missing.flatMap(scope => scope.value ?? [])) ?? []
  return [...agreed, ...asked].some(changesOthers)
}

/** A refusal as a value: it is told only when nothing else is due first. */
async function quietly<T>(work: Promise<T>): Promise<T | TokenRefusal> {
  try {
    return await work
  } catch (error) {
    if (error instanceof TokenRefusal) return error
    throw error
  }
}

async function isHinted(app: App, { tenantId, userId }: SessionRow, hint: string | null): Promise<boolean> {
  return hint === null || (await findUserByName(app.db, tenantId, hint))?.id === userId
}
