/**
 * The stop at sign-in as state: what is needed, what is there, what to offer first. Read from the rules each time; the only
 * things written are that it began, that it was skipped, and that it ended (sspr §4.3).
 */
import type { App, Db } from '../app.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { Refusal } from '../refusal.ts'
import { asIfSettled } from '../rules/interrupts.ts'
import type { RegistrableKind, RegistrationOffer } from '../rules/registration.ts'
import { familyOf, usableMethods } from '../rules/usable-methods.ts'
import type { MethodFamily } from '../rules/usable-methods.ts'
import { reason } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import { claimOnce } from '../store/once-only.ts'
import { updateSession } from '../store/sessions.ts'
import { addUsageEvent } from '../store/usage-events.ts'
import { updateUser } from '../store/users.ts'
import type { Overview } from './list-methods.ts'
import { registrationInterrupt } from './visit.ts'
import type { RegisterVisit, Visit } from './visit.ts'

export interface WizardState {
  purpose: 'register' | 'reconfirm'
  /** Different methods wanted, and how many of them are there. */
  needed: number
  have: number
  skippable: boolean
  /** The most secure method that helps; undefined when there is nothing to register. */
  suggested: RegistrationOffer | undefined
  others: RegistrationOffer[]
}

/** Undefined: nothing is asked, and sign-in can go on. */
export function readWizard(visit: RegisterVisit, overview: Overview): WizardState | undefined {
  const { interrupt } = visit
  const [suggested, ...others] = helpfulOffers(visit, overview)
  if (!interrupt) return registeredJustNow(visit, overview) ? { purpose: 'register', needed: 1, have: 1, skippable: true, suggested, others } : undefined
  if (interrupt.kind === 'reconfirmSecurityInfo') return { purpose: 'reconfirm', needed: 0, have: 0, skippable: false, suggested, others }
  return {
    purpose: 'register', needed: interrupt.required, have: interrupt.required - interrupt.missing, skippable: interrupt.skippable || !suggested, suggested, others,
  }
}

/** What may be added and brings the person nearer to what is asked, the most secure first (sspr §4.2). */
export function helpfulOffers(visit: Visit, overview: Overview): RegistrationOffer[] {
  const open = overview.offers.filter(offer => offer.verdict.allowed)
  const interrupt = registrationInterrupt(visit.facts)
  if (interrupt?.kind !== 'registerSecurityInfo') return open
  return open.filter(offer => (interrupt.secondFactorNeeded ? isSecondFactor(offer.kind) : addsProof(offer.kind, visit)))
}

// An app's code and another app's are one family: a second one adds no second gate (sspr §5.5).
const families: Readonly<Record<RegistrableKind, MethodFamily | undefined>> = {
  microsoftAuthenticator: 'code', softwareOath: 'code', mobile: 'mobilePhone', email: 'email', office: 'officePhone',
  alternateMobile: undefined, securityQuestions: 'securityQuestions',
}

const isSecondFactor = (kind: RegistrableKind): boolean => kind !== 'email' && kind !== 'securityQuestions'

/** True when a method of this kind brings the person nearer to what is needed. */
function addsProof(kind: RegistrableKind, { facts }: Visit): boolean {
  const have = new Set(usableMethods(asIfSettled(facts)).map(method => familyOf(method.way)))
  const family = families[kind]
  return family !== undefined && !have.has(family)
}

/** Everything needed has been registered in this very sign-in: the review comes before going on (sspr §4.2). */
function registeredJustNow(visit: RegisterVisit, overview: Overview): boolean {
  const newest = Math.max(0, ...overview.methods.map(method => method.createdDateTime ?? 0))
  const reviewed = (visit.facts.subject.lastConfirmedAt ?? 0) >= newest
  return visit.level === 'firstFactor' && newest >= visit.signedInAt && !reviewed
}

/** The first look at the wizard in a sign-in: prompted, for the reports of D-14, and started, for the audit. */
export async function noteStart(app: App, visit: Visit): Promise<void> {
  const { tenantId } = visit
  const now = app.now()
  await app.db.transaction().execute(async trx => {
    if (!(await claimOnce(trx, { tenantId, key: `prompted:${visit.transactionId}`, expiresAt: now + 15 * 60_000, now }))) return
    await noteUsage(trx, visit, now, 'started')
    await note(trx, visit, now, 'User started security info registration')
  })
}

/** "Not now": remembered in this session only, so that the next sign-in asks again. */
export async function skipWizard(app: App, visit: RegisterVisit, wizard: WizardState): Promise<void> {
  if (!wizard.skippable) throw new Refusal(422, [reason('LK_REGISTER')])
  const now = app.now()
  await app.db.transaction().execute(async trx => {
    await addProof(trx, visit, 'registrationSkipped', now)
    await noteUsage(trx, visit, now, 'skipped')
    await note(trx, visit, now, 'User canceled security info registration')
    await note(trx, visit, now, 'User registered all required security info', 'failure', 'canceled')
  })
}

/** "Looks good": starts the time until the next question anew. */
export async function finishWizard(app: App, visit: RegisterVisit, wizard: WizardState): Promise<void> {
  if (wizard.have < wizard.needed) throw new Refusal(422, [reason('LK_REGISTER')])
  const now = app.now()
  await app.db.transaction().execute(async trx => {
    await updateUser(trx, visit.tenantId, visit.userId, { lastConfirmedAt: now })
    await noteUsage(trx, visit, now, 'success')
    await note(trx, visit, now, 'User reviewed security info')
    if (wizard.purpose === 'register') await note(trx, visit, now, 'User registered all required security info')
  })
}

/**
 * Notes a proof given in this session. What one registers with a code in hand is also proved by that code: sign-in does not ask
 * for another at once.
 */
export async function addProof(trx: Db, visit: Visit, method: 'totp' | 'sms' | 'registrationSkipped', at: number): Promise<void> {
  await updateSession(trx, visit.tenantId, visit.sessionIdHash, { proofs: [...visit.proofs, { method, at }] })
}

function noteUsage(trx: Db, { tenantId, userId }: Visit, at: number, status: 'started' | 'skipped' | 'success'): Promise<void> {
  return addUsageEvent(trx, { tenantId, at, userId, feature: 'prompt', method: null, status, failureReason: null })
}

function note(trx: Db, visit: Visit, at: number, activity: string, result: 'success' | 'failure' = 'success', resultReason?: string): Promise<void> {
  const { tenantId, correlationId, actor, facts: { subject } } = visit
  return appendAudit(trx, {
    tenantId, at, service: 'Authentication Methods', category: 'UserManagement', activity, result, resultReason, correlationId,
    initiatedBy: initiatedBy(actor), targets: [{ type: 'User', id: subject.id, displayName: subject.displayName }],
  })
}
