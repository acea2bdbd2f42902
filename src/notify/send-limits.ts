import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { App } from '../app.ts'
import { dialledNumber } from '../rules/contact-data.ts'
import { otherLimits } from '../rules/throttle.ts'
import { countPoints, countPointsEverywhere, peek, reserve } from '../store/limits.ts'
import type { PlainLimit } from '../store/limits.ts'
import { claimOnce } from '../store/once-only.ts'
import { readPolicies } from '../store/policies.ts'
import { destinationIndex } from './destination.ts'
import type { Destination } from './message.ts'
import { tellGlobalAdministrators } from './notices.ts'

export type LetOut = { served: true } | { served: false; why: 'destination' | 'account' | 'country' | 'numberType' | 'budget' | 'paused' }

const hour = 3_600_000
const day = 24 * hour

/** From the shortest window to the longest, so that a refused message spends nothing of the longer ones. */
const windows = [
  ['30s', otherLimits.sendPerDestinationBurst],
  ['1h', otherLimits.sendPerDestinationHour],
  ['24h', otherLimits.sendPerDestinationDay],
] as const

/**
 * N-SEND: may a message that somebody asked for go out? Counted for the destination over all purposes and for the account (T-20,
 * T-21); texts have budgets of their own on top. Notices of what has happened are not asked about: nobody can cause one without
 * proving something first, or more often than once a day.
 */
export async function reserveSend(app: App, message: { tenantId: string; to: Destination; account: string | null }): Promise<LetOut> {
  const { tenantId, to, account } = message
  const now = app.now()
  const places: ['destination' | 'account', string][] = [['destination', destinationIndex(app, tenantId, to.address)]]
  if (account !== null) places.push(['account', account])
  for (const [window, kind] of windows) {
    for (const [why, id] of places) {
      // Whoever passes a gate by mail quickly must get the text of the next one: the half minute counts for each kind apart.
      const whose = why === 'account' && window === '30s' ? `${to.kind}:${id}` : id
      const kept = await reserve(app.db, { tenantId, key: `send-${why}-${window}:${whose}`, kind, now })
      if (!kept.served) return { served: false, why }
    }
  }
  return to.kind === 'sms' ? reserveText(app, tenantId, to.address, now) : { served: true }
}

/** Texts an hour (T-20): to numbers with the same first six digits, to one country, of one tenant, of all tenants together. */
const hourly = { prefix: 20, country: 200, tenant: 300, installation: 1_000 }

/** Below this share of codes that come back, over so many sends, a prefix is left alone for a day. */
const conversion = { over: 20, share: 0.3, windowMs: day, pauseMs: day }

/** Lines that cost more than a call, or that no person holds; what cannot be told is let through to the budgets. */
const refusedTypes = new Set(['PREMIUM_RATE', 'SHARED_COST', 'TOLL_FREE', 'PERSONAL_NUMBER', 'PAGER', 'UAN', 'VOICEMAIL'])
/** Satellite and other networks of no country. */
const refusedNetworks = new Set(['800', '808', '870', '878', '881', '882', '883', '888', '979'])

/** May texts go to this number at all, by its country and kind (T-20)? Asked at registration too, before a code is wasted on it. */
export function mayText(address: string, allowedCountryCodes: readonly string[]): LetOut {
  const parsed = parsePhoneNumberFromString(dialledNumber(address))
  if (!parsed || refusedNetworks.has(parsed.countryCallingCode) || refusedTypes.has(parsed.getType() ?? '')) return { served: false, why: 'numberType' }
  const allowed = allowedCountryCodes.length === 0 || allowedCountryCodes.includes(parsed.countryCallingCode)
  return allowed ? { served: true } : { served: false, why: 'country' }
}

async function reserveText(app: App, tenantId: string, address: string, now: number): Promise<LetOut> {
  const { tenantSettings } = await readPolicies(app.db, tenantId)
  const number = dialledNumber(address)
  const may = mayText(address, tenantSettings.allowedCountryCodes)
  if (!may.served) return may
  const country = parsePhoneNumberFromString(number)!.countryCallingCode
  const prefix = prefixOf(number)
  if (await isPaused(app, tenantId, prefix, now)) return { served: false, why: 'paused' }
  // Read and not reserved: a few at the same moment may go beyond it, which costs less than one lock for every tenant.
  if ((await countPointsEverywhere(app.db, 'text-tenant-hour:all', now - hour)) >= hourly.installation) {
    app.log.error('the hourly budget of texts of the whole installation is used up', { tenantId })
    return { served: false, why: 'budget' }
  }
  const budgets: [string, number, number][] = [
    [`text-prefix:${prefix}`, hourly.prefix, hour],
    [`text-country:${country}`, hourly.country, hour],
    ['text-tenant-hour:all', hourly.tenant, hour],
    ['text-tenant-day:all', tenantSettings.smsBudgetPerDay, day],
  ]
  for (const [key, limit, windowMs] of budgets) {
    const kept = limit > 0 ? await reserve(app.db, { tenantId, key, kind: { limit, windowMs }, now }) : { served: false }
    if (!kept.served) {
      app.log.warn('text budget used up', { tenantId, kind: key.split(':')[0]! })
      return { served: false, why: 'budget' }
    }
  }
  await warnOfSpending(app, tenantId, tenantSettings.smsBudgetPerDay, now)
  await reserve(app.db, { tenantId, key: `text-sent:${prefix}`, kind: counted, now })
  return { served: true }
}

const counted: PlainLimit = { limit: 10_000, windowMs: conversion.windowMs }

const prefixOf = (number: string): string => number.replace(/\D/g, '').slice(0, 6)

/** A code that was texted came back: the number belongs to somebody. */
export async function noteTextVerified(app: App, tenantId: string, address: string): Promise<void> {
  await reserve(app.db, { tenantId, key: `text-verified:${prefixOf(dialledNumber(address))}`, kind: counted, now: app.now() })
}

/** True while a prefix is left alone: many codes went there and few came back, which is how pumping looks (T-20). */
async function isPaused(app: App, tenantId: string, prefix: string, now: number): Promise<boolean> {
  const [sent, verified] = await Promise.all(['text-sent', 'text-verified'].map(name => countPoints(app.db, tenantId, `${name}:${prefix}`, now - conversion.windowMs)))
  const paused = { tenantId, key: `text-paused:${prefix}`, kind: { limit: 1, windowMs: conversion.pauseMs }, now }
  if (!(await peek(app.db, paused)).served) return true
  if (sent! < conversion.over || verified! >= sent! * conversion.share) return false
  await reserve(app.db, paused)
  app.log.warn('texts to a prefix are paused', { tenantId, detail: prefix })
  await app.db.transaction().execute(trx => tellGlobalAdministrators(app, trx, tenantId, 'prefixPaused', { prefix: `+${prefix}` }))
  return true
}

/** One word a day to the Global Administrators when four fifths of the day's texts are gone (sspr §5.7). */
async function warnOfSpending(app: App, tenantId: string, budget: number, now: number): Promise<void> {
  const sent = await countPoints(app.db, tenantId, 'text-tenant-day:all', now - day)
  if (sent < budget * 0.8) return
  await app.db.transaction().execute(async trx => {
    if (!(await claimOnce(trx, { tenantId, key: 'spend-alarm:sms', expiresAt: now + day, now }))) return
    await tellGlobalAdministrators(app, trx, tenantId, 'spendAlarm', { sent, budget })
  })
}
