/**
 * Which ways are offered at a gate, and how they are shown. Before the first gate under `private` the list is the tenant's, the
 * same for every name and without a destination (T-01); afterwards, and under `standard`, it is the person's own, masked.
 */
import type { App } from '../app.ts'
import { administratorOptions } from '../rules/admin-policy.ts'
import { shownFor, waysForStrangers } from '../rules/disclosure.ts'
import type { ResetFacts, TenantFacts } from '../rules/facts.ts'
import { nextGate } from '../rules/gates.ts'
import { maskEmail, maskPhone } from '../rules/masks.ts'
import { familyOf, isProvided, wayOf } from '../rules/usable-methods.ts'
import type { UsableMethod, Way } from '../rules/usable-methods.ts'
import type { Reason, Verdict } from '../rules/verdict.ts'
import { contactPlace, listContactRows } from '../store/contacts.ts'
import { gatherTenantFacts } from '../store/facts.ts'
import { findMethodRow, methodPlace } from '../store/methods.ts'
import { judgeAgain } from './identify.ts'
import { providersOf } from '../notify/senders.ts'
import { passedGate } from './transaction.ts'
import type { Transaction } from './transaction.ts'
import type { Offer, OfferedWay } from './view.ts'

/** People do not tell an app's code from a token's. */
export const offeredWay = (way: Way): OfferedWay => (way === 'appCode' || way === 'oathCode' ? 'code' : way)

export type Offered =
  | { kind: 'offers'; offers: Offer[]; facts?: ResetFacts }
  | { kind: 'refused'; reasons: Reason[]; verdict: Verdict }

/** What the page of the gate shows now. */
export async function offersFor(app: App, transaction: Transaction): Promise<Offered> {
  const { reset, gates } = transaction
  if (reset.disclosure === 'private' && gates.length === 0) return { kind: 'offers', offers: await strangersOffers(app, reset.tenantId) }
  const { facts, verdict } = await judgeAgain(app, app.db, reset)
  const shown = shownFor(facts, verdict, gates.length)
  if (shown.kind === 'refused') return { kind: 'refused', reasons: shown.reasons, verdict }
  return { kind: 'offers', offers: await accountOffers(app, transaction, facts), facts }
}

/** Kept with the facts they were made of, which are the same object as long as nothing of the tenant has changed. */
const offersMade = new WeakMap<TenantFacts, Offer[]>()

/** From policy alone, so the same bytes for every name. Administrators have a list of their own, marked as such (sspr §6.1). */
async function strangersOffers(app: App, tenantId: string): Promise<Offer[]> {
  const tenant = await gatherTenantFacts(app.db, tenantId)
  const offers = offersMade.get(tenant) ?? offersOf(app, tenant)
  offersMade.set(tenant, offers)
  return offers
}

function offersOf(app: App, tenant: TenantFacts): Offer[] {
  const providers = providersOf(app.config)
  const ways = distinct(waysForStrangers({ tenant, providers }).map(offeredWay))
  const administrators = tenant.authorizationPolicy.allowedToUseSSPR ? administratorOptions(tenant).map(wayOf).filter(way => isProvided(way, providers)) : []
  return [
    ...ways.map((way): Offer => ({ value: way, way })),
    ...distinct(administrators.map(offeredWay)).filter(way => !ways.includes(way)).map((way): Offer => ({ value: way, way, forAdministrators: true })),
  ]
}

const distinct = <T>(list: readonly T[]): T[] => [...new Set(list)]

/** The person's own ways that still lead on, with masks. Two destinations of one way are two cards. */
async function accountOffers(app: App, transaction: Transaction, facts: ResetFacts): Promise<Offer[]> {
  const choices = choicesOf(facts, transaction)
  const offers: Offer[] = []
  for (const choice of choices) {
    const way = offeredWay(choice.way)
    if (way === 'code' && offers.some(offer => offer.way === 'code')) continue
    const several = choices.filter(other => other.way === choice.way).length > 1 && way !== 'code'
    const masked = await maskOf(app, transaction.reset.tenantId, facts, choice)
    offers.push({ value: several ? `${way}.${choice.methodId}` : way, way, methodId: choice.methodId, ...(masked === undefined ? {} : { masked }) })
  }
  return offers
}

/** The methods that may open the next gate: another method and another destination than those before. */
export function choicesOf(facts: ResetFacts, { gates }: Pick<Transaction, 'gates'>): UsableMethod[] {
  const { tenant, subject, providers, now } = facts
  if (!subject) return []
  const next = nextGate({ tenant, subject, providers, now }, gates.map(passedGate))
  return next.done ? [] : next.choices
}

async function maskOf(app: App, tenantId: string, facts: ResetFacts, choice: UsableMethod): Promise<string | undefined> {
  const family = familyOf(choice.way)
  if (family !== 'email' && family !== 'mobilePhone' && family !== 'officePhone') return undefined
  const value = await destinationOf(app, tenantId, facts.subject!.id, choice)
  if (value === undefined) return undefined
  return family === 'email' ? maskEmail(value) : maskPhone(value)
}

/** The stored destination of a method, opened: the only thing a code is ever sent to (T-08). */
export async function destinationOf(
  app: App, tenantId: string, userId: string, method: Pick<UsableMethod, 'methodId' | 'source'>,
): Promise<string | undefined> {
  if (method.source === 'public') {
    const row = (await listContactRows(app.db, tenantId, userId)).find(one => one.id === method.methodId)
    return row && app.keys.openText(contactPlace(tenantId, row.id), row.valueSealed)
  }
  const row = await findMethodRow(app.db, tenantId, userId, method.methodId)
  return row && app.keys.openText(methodPlace(tenantId, row.id), row.valueSealed)
}

/** The offer that was posted back; undefined for anything that is not on the list (T-07). */
export const offerNamed = (offers: readonly Offer[], value: string): Offer | undefined => offers.find(offer => offer.value === value)
