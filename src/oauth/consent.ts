/** What a person says on the pages of a request: which account, yes, no (oauth §10, §13.2). */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasRecentProof, userCaller } from '../access.ts'
import type { App, Db } from '../app.ts'
import { initiatedBy } from '../credentials/actor.ts'
import type { Actor } from '../credentials/actor.ts'
import { Refusal } from '../refusal.ts'
import { consentRights } from '../rules/consent.ts'
import { roleName } from '../rules/roles.ts'
import { reason } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import type { Client } from '../store/clients.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { addGrant } from '../store/grants.ts'
import { rolesOf } from '../store/roles.ts'
import { refuseProgram } from './answer-program.ts'
import { consider } from './authorize-facts.ts'
import type { Considered, PersonStanding } from './authorize-facts.ts'
import { gone, onOurPage } from './authorize.ts'
import { endPending, findPending, noteAnswers, pathOf } from './authorize-pending.ts'
import { aadsts } from './errors.ts'
import { markOfScopes } from './shown-permissions.ts'
import { missingConsent } from './wanted-scopes.ts'

export interface Said {
  answer?: string | undefined
  forEverybody?: string | undefined
  /** Of the page that was answered (shown-permissions.ts). */
  shown?: string | undefined
}

export async function answerRequest(app: App, request: FastifyRequest, reply: FastifyReply, id: string, said: Said): Promise<FastifyReply> {
  const pending = await findPending(app, id)
  if (!pending) return gone(request, reply)
  return onOurPage(request, reply, pending.appId, async () => {
    const considered = await consider(app, request, pending)
    const { session, person, to } = considered
    if (!session || !person) return reply.redirect(pathOf(id), 303)
    if (said.answer === 'refuse') {
      if (!(await app.db.transaction().execute(trx => endPending(trx, pending)))) return gone(request, reply)
      return refuseProgram(app, request, reply, to, refusalOf(person, considered.client), 'byPage')
    }
    if (said.answer === 'thisAccount') await noteAnswers(app.db, pending, { chosenSession: session.publicId })
    const asShown = person.consent !== undefined && said.shown === markOfScopes(missingConsent(person.consent))
    if (said.answer === 'agree' && asShown) await agree(app, request, considered, said.forEverybody === 'yes')
    return reply.redirect(pathOf(id), 303)
  })
}

function refusalOf({ session, consentFacts }: PersonStanding, client: Client) {
  if (!session.assigned) return aadsts(50105, { app: client.appId }, { error: 'access_denied' })
  return consentFacts.missing && !consentFacts.mayConsent ? aadsts(90094, {}, { error: 'access_denied' }) : aadsts(65004)
}

/** Writes down what was agreed to; what the person may not agree to stays open, and the page says so again. */
async function agree(app: App, request: FastifyRequest, { pending, client, session, person }: Considered, forEverybody: boolean): Promise<void> {
  const { facts, consent, consentFacts, rights } = person!
  if (!consent || !consentFacts.mayConsent) return
  // For everybody a fresh proof is wanted, as on the page that asks for nothing else; and for whatever changes more than the person
  // themself, for the page may have stood open since its proof was fresh (N-STEP).
  const everybodyUnproved = forEverybody && rights.forEverybody && !hasRecentProof(userCaller(request), app.now())
  if (everybodyUnproved || person!.session.proofIsOld) throw new Refusal(401, [reason('LK_STEP_UP')])
  const grants = scopesByResource(consent)
  const write = () => app.db.transaction().execute(async trx => {
    // A role that was taken away a moment ago gives no right any more (T-41).
    const everybody = forEverybody && consentRights(await rolesOf(trx, client.tenantId, session!.userId)).forEverybody
    for (const { resourceId, scopes } of grants) {
      await addGrant(trx, { tenantId: client.tenantId, clientId: client.servicePrincipalId, resourceId, principalId: everybody ? null : session!.userId, scopes, at: app.now() })
    }
    if (grants.length > 0) await auditConsent(app, trx, { client, actor: actorOf(facts.subject, request.clientAddress), correlationId: request.correlationId, everybody, scopes: grants.flatMap(one => one.scopes) })
    await noteAnswers(trx, pending, { agreedSession: session!.publicId })
  })
  // The same person agreed in another window at the same moment: then it is added to that.
  await write().catch((error: unknown) => (isUniqueViolation(error) ? write() : Promise.reject(error)))
}

/** What is missing, under the resource it belongs to; signing in belongs to Graph. */
export function scopesByResource({ signIn, resources, graphId }: NonNullable<PersonStanding['consent']>): { resourceId: string; scopes: string[] }[] {
  const wanted = new Map<string, string[]>()
  const add = (resourceId: string, values: (string | null)[]) => wanted.set(resourceId, [...(wanted.get(resourceId) ?? []), ...values.filter(one => one !== null)])
  add(graphId, signIn.missing.map(one => one.value))
  for (const { resource, missing } of resources) add(resource.servicePrincipalId, missing.map(one => one.value))
  return [...wanted].flatMap(([resourceId, scopes]) => (scopes.length > 0 ? [{ resourceId, scopes }] : []))
}

export function actorOf(subject: PersonStanding['facts']['subject'], ipAddress: string): Actor {
  const roles = subject.roles.filter(role => !role.eligible).map(role => roleName(role.roleTemplateId))
  return { kind: 'user', userId: subject.id, userPrincipalName: subject.userPrincipalName, displayName: subject.displayName, roles, ipAddress }
}

/** Under the name the original gives it. */
export function auditConsent(app: App, trx: Db, { client, actor, correlationId, everybody, scopes, roles = [] }: {
  client: Client
  actor: Actor
  correlationId: string
  everybody: boolean
  scopes: readonly string[]
  roles?: readonly string[]
}): Promise<void> {
  const changed = [
    { displayName: 'ConsentContext.IsAdminConsent', oldValue: null, newValue: String(everybody) },
    { displayName: 'ConsentAction.Permissions', oldValue: null, newValue: [...scopes, ...roles].join(' ') },
  ]
  return appendAudit(trx, {
    tenantId: client.tenantId, at: app.now(), service: 'Core Directory', category: 'ApplicationManagement', activity: 'Consent to application', result: 'success', correlationId,
    initiatedBy: initiatedBy(actor), targets: [{ type: 'ServicePrincipal', id: client.servicePrincipalId, displayName: client.displayName, modifiedProperties: changed }],
  })
}
