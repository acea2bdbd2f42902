/**
 * What someone has registered, what each of it is good for, and what may be done with it. Read by the page, by the wizard and by
 * /api/security-info alike. Values leave masked, even to their owner: a screen left open shows no address (T-13).
 */
import type { App } from '../app.ts'
import { readContactList } from '../credentials/contacts.ts'
import { readMethods } from '../credentials/methods.ts'
import type { OpenMethod } from '../credentials/methods.ts'
import { Refusal } from '../refusal.ts'
import { isAdministrator } from '../rules/admin-policy.ts'
import { appPasswordGate } from '../rules/app-password-rules.ts'
import type { KnownFacts } from '../rules/gates.ts'
import { maskEmail, maskPhone } from '../rules/masks.ts'
import { allowedOptions, methodsPolicyOptions, optionsOfKind } from '../rules/method-options.ts'
import type { MethodOption } from '../rules/method-options.ts'
import { registrationOffers, resetReadiness } from '../rules/registration.ts'
import type { RegistrableKind, RegistrationOffer } from '../rules/registration.ts'
import { isProvided, wayOf } from '../rules/usable-methods.ts'
import { reason } from '../rules/verdict.ts'
import { findPass } from '../store/passes.ts'
import { isDestination } from './kinds.ts'
import type { DestinationKind, ListedKind } from './kinds.ts'
import type { Visit } from './visit.ts'

export interface ListedMethod {
  id: string
  kind: ListedKind
  /** The masked address or number, or the name its owner gave it; may be empty. */
  value: string
  /** `directory`: contact data that the organisation keeps, which the person has not made their own by a code. */
  source: 'registered' | 'directory'
  verified: boolean
  /** Epoch milliseconds until which it does not count for a reset; null when it counts. */
  heldUntil: number | null
  isDefault: boolean
  createdDateTime: number | null
  lastUsedAt: number | null
  /** Of security questions: how many are answered. */
  answers: number | null
  use: 'both' | 'signInOnly' | 'resetOnly' | 'unusable'
  may: { change: boolean; verify: boolean; delete: boolean; makeDefault: boolean }
}

export interface Overview {
  now: number
  methods: ListedMethod[]
  /** The temporary access pass, while it lives. */
  pass: { startsAt: number; expiresAt: number; isUsableOnce: boolean } | undefined
  offers: RegistrationOffer[]
  readiness: { state: 'capable' | 'missing' | 'off'; missing: number }
  /** An administrator's own policy, or that it is switched off (sspr §4.3, §6.5). */
  administrator: 'rules' | 'off' | undefined
  /** Whether the way to app passwords is shown at all. */
  appPasswords: boolean
  /** How many questions one has to answer to register them. */
  questionCount: number
}

export async function readOverview(app: App, visit: Visit): Promise<Overview> {
  const { facts, tenantId, userId } = visit
  const own = await readMethods(app, tenantId, userId)
  const methods = own.map(method => listed(method, facts))
  const contacts = await readContactList(app, tenantId, userId)
  const questions = facts.subject.methods.find(method => method.kind === 'securityQuestions')
  const administrator = isAdministrator(facts.subject)
  return {
    now: facts.now,
    methods: [
      ...methods,
      ...directoryMethods(contacts, methods, facts),
      ...(questions?.answeredQuestions ? [questionsItem(questions.answeredQuestions, facts)] : []),
    ],
    pass: await livePass(app, visit),
    offers: registrationOffers(facts),
    readiness: readinessOf(facts),
    administrator: !administrator ? undefined : facts.tenant.authorizationPolicy.allowedToUseSSPR ? 'rules' : 'off',
    appPasswords: appPasswordGate(facts).allowed,
    questionCount: facts.tenant.passwordResetPolicy.numberOfQuestionsToRegister,
  }
}

/** One of one's own methods, with whether the person could still reset the password without it. */
export async function findListed(app: App, visit: Visit, id: string): Promise<{ method: ListedMethod; tooFewAfter: boolean }> {
  const { methods } = await readOverview(app, visit)
  const method = methods.find(one => one.id === id && one.source === 'registered')
  if (!method) throw new Refusal(404, [reason('LK_NOT_FOUND')])
  const left = visit.facts.subject.methods.filter(one => one.id !== id && !(method.kind === 'securityQuestions' && one.kind === 'securityQuestions'))
  const before = resetReadiness(visit.facts)
  const after = resetReadiness({ ...visit.facts, subject: { ...visit.facts.subject, methods: left } })
  return { method, tooFewAfter: before.isSsprCapable && !after.isSsprCapable }
}

/** One of one's own that a code can be sent to. */
export async function findDestination(app: App, visit: Visit, id: string): Promise<ListedMethod & { kind: DestinationKind }> {
  const { method } = await findListed(app, visit, id)
  const { kind } = method
  if (!isDestination(kind)) throw new Refusal(422, [reason('LK_METHOD_NOT_CHANGEABLE')])
  return { ...method, kind }
}

/** Throws with the rules' own reason when this kind may not be added now. */
export function requireOffer(visit: Visit, kind: RegistrableKind): void {
  const verdict = registrationOffers(visit.facts).find(offer => offer.kind === kind)?.verdict
  if (verdict && !verdict.allowed) throw new Refusal(422, verdict.reasons)
}

function listed(method: OpenMethod, facts: KnownFacts): ListedMethod {
  const kind = method.kind as ListedKind
  const verified = method.verifiedAt !== null
  const destination = isDestination(kind)
  const use = useOf(kind, facts)
  return {
    id: method.id,
    kind,
    value: destination ? masked(kind, method.value ?? '') : (method.displayName ?? ''),
    source: 'registered',
    verified,
    heldUntil: method.heldUntil !== null && method.heldUntil > facts.now ? method.heldUntil : null,
    isDefault: method.isDefault,
    createdDateTime: method.createdDateTime,
    lastUsedAt: method.lastUsedAt,
    answers: null,
    use,
    may: {
      change: destination,
      verify: destination && !verified,
      delete: true,
      makeDefault: verified && !method.isDefault && (use === 'both' || use === 'signInOnly'),
    },
  }
}

const masked = (kind: DestinationKind, value: string) => (kind === 'email' ? maskEmail(value) : maskPhone(value))

/** Contact data for which nothing is registered: shown, so that it can be made one's own; alternate mail is not (sspr §4.5). */
function directoryMethods(contacts: { kind: string; value: string }[], own: readonly ListedMethod[], facts: KnownFacts): ListedMethod[] {
  const pairs = [['mobilePhone', 'mobile'], ['businessPhone', 'office']] as const
  return pairs.flatMap(([contactKind, kind]) => {
    const contact = contacts.find(one => one.kind === contactKind)
    if (!contact || own.some(method => method.kind === kind)) return []
    return [{
      id: `directory-${kind}`, kind, value: maskPhone(contact.value), source: 'directory' as const, verified: false, heldUntil: null, isDefault: false,
      createdDateTime: null, lastUsedAt: null, answers: null, use: useOf(kind, facts) === 'unusable' ? ('unusable' as const) : ('resetOnly' as const),
      may: { change: false, verify: registrationOffers(facts).some(offer => offer.kind === kind && offer.verdict.allowed), delete: false, makeDefault: false },
    }]
  })
}

function questionsItem(answers: number, facts: KnownFacts): ListedMethod {
  return {
    id: 'securityQuestions', kind: 'securityQuestions', value: '', source: 'registered', verified: true, heldUntil: null, isDefault: false,
    createdDateTime: null, lastUsedAt: null, answers, use: useOf('securityQuestions', facts),
    may: { change: false, verify: false, delete: true, makeDefault: false },
  }
}

const optionKinds = {
  microsoftAuthenticator: ['appNotification', 'appCode'], softwareOath: ['oath'], hardwareOath: ['hardwareOath'], mobile: ['mobile'], email: ['email'],
  office: ['office'], alternateMobile: ['alternateMobile'], securityQuestions: ['securityQuestions'],
} as const

const isSecondFactorOption = (option: MethodOption): boolean => option !== 'email' && option !== 'securityQuestions'

/** What the kind can be used for now: by any policy that allows it (sspr §2.9), with the providers there are. */
function useOf(kind: ListedKind, facts: KnownFacts): ListedMethod['use'] {
  const forReset = allowedOptions(facts.tenant, facts.subject)
  const anywhere = [...forReset, ...methodsPolicyOptions(facts.tenant, facts.subject)]
  const options = optionKinds[kind].flatMap(one => (one === 'alternateMobile' ? (['mobileCall'] as const) : optionsOfKind[one]))
  const open = options.filter(option => isProvided(wayOf(option), facts.providers))
  const resets = kind !== 'alternateMobile' && open.some(option => forReset.includes(option))
  const signsIn = open.some(option => isSecondFactorOption(option) && anywhere.includes(option))
  if (resets && signsIn) return 'both'
  return resets ? 'resetOnly' : signsIn ? 'signInOnly' : 'unusable'
}

async function livePass(app: App, { tenantId, userId }: Visit): Promise<Overview['pass']> {
  const pass = await findPass(app.db, tenantId, userId)
  if (!pass) return undefined
  const expiresAt = pass.startDateTime + pass.lifetimeInMinutes * 60_000
  const spent = pass.isUsableOnce && pass.usedAt !== null
  return spent || expiresAt <= app.now() ? undefined : { startsAt: pass.startDateTime, expiresAt, isUsableOnce: pass.isUsableOnce }
}

function readinessOf(facts: KnownFacts): Overview['readiness'] {
  const { isSsprEnabled, isSsprCapable, usable, required } = resetReadiness(facts)
  if (!isSsprEnabled) return { state: 'off', missing: 0 }
  return isSsprCapable ? { state: 'capable', missing: 0 } : { state: 'missing', missing: required - usable }
}
