/** What the counts of a stretch of time mean; Graph's reports and our own say it alike (sspr §11.5). */
import type { App, Db } from '../app.ts'
import { countSignIns, countUsage } from '../store/activity.ts'
import type { SignInCount, Stretch } from '../store/activity.ts'
import { flushSignIns } from '../store/sign-ins.ts'

const day = 24 * 60 * 60_000
export const periods = { D1: day, D7: 7 * day, D30: 30 * day } as const
export type Period = keyof typeof periods

/** The period of a function's argument, however it is written: d1, d7, d30. */
export function periodOf(text: string): Period | undefined {
  return (Object.keys(periods) as Period[]).find(one => one === text.toUpperCase())
}

/** Every day a stretch touches, as midnights in UTC, so that a day on which nothing happened is seen to be one. */
export function days({ from, to }: Pick<Stretch, 'from' | 'to'>): number[] {
  const first = Math.floor(from / day) * day
  return Array.from({ length: Math.max(0, Math.ceil((to - first) / day)) }, (_, n) => first + n * day)
}

/** Sign-ins are written in batches; what waits is written first, so that a report shows the newest. */
export async function signInCounts(app: App, stretch: Stretch): Promise<SignInCount[]> {
  await flushSignIns(app)
  return countSignIns(app.db, stretch)
}

export type Requirement = 'singleFactorAuthentication' | 'multiFactorAuthentication'

/** A pass counts as a strong proof by itself: an administrator gave it to this very person (sspr §4.7). */
export function requirementOf(proofs: readonly string[]): Requirement {
  return new Set(proofs).size > 1 || proofs.includes('temporaryAccessPass') ? 'multiFactorAuthentication' : 'singleFactorAuthentication'
}

/** Graph's names for what was proved, all of them that can be, so that one nobody used is seen as 0. */
const methodNames: Readonly<Record<string, string>> = {
  password: 'password', sms: 'sms', totp: 'oneTimePasscode', temporaryAccessPass: 'temporaryAccessPass',
}

/** In how many sign-ins each method was proved. */
export function signInMethods(counts: readonly SignInCount[]): Map<string, number> {
  const sums = new Map(Object.values(methodNames).map(name => [name, 0]))
  for (const { proofs, count } of counts) {
    for (const proof of new Set(proofs)) {
      const name = methodNames[proof] ?? proof
      sums.set(name, (sums.get(name) ?? 0) + count)
    }
  }
  return sums
}

export interface DailyPasswords {
  day: number
  changes: number
  resets: number
  administratorResets: number
  unlocks: number
}

const columnOf: Readonly<Record<string, keyof Omit<DailyPasswords, 'day'>>> = { change: 'changes', reset: 'resets', adminReset: 'administratorResets', unlock: 'unlocks' }

/** Passwords that were changed and reset, accounts that were unlocked, for each day. A gate of a reset bears its method and is none of them. */
export async function dailyPasswords(db: Db, stretch: Stretch): Promise<DailyPasswords[]> {
  const daily = new Map(days(stretch).map(one => [one, { day: one, changes: 0, resets: 0, administratorResets: 0, unlocks: 0 }]))
  for (const { day: at, feature, method, status, count } of await countUsage(db, stretch)) {
    const column = columnOf[feature]
    const row = daily.get(at)
    if (column !== undefined && row && method === null && status === 'success') row[column] += count
  }
  return [...daily.values()]
}
