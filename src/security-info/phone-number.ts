import { getCountryCallingCode, getExampleNumber, isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { CountryCode, PhoneNumber } from 'libphonenumber-js/max'
import examples from 'libphonenumber-js/mobile/examples'
import type { ReasonCode } from '../rules/reason.ts'
import type { Locale } from '../text.ts'

/** A number as Latchkey stores it: country code, blank, the rest without blanks (sspr §2.5). */
export interface ReadNumber {
  value: string
  /** '45': what the tenant's list of countries holds (T-20). */
  countryCode: string
  /** '+45 20 12 34 56', for people. */
  shown: string
}

export type PhoneReading = { ok: true; number: ReadNumber } | { ok: false; code: ReasonCode }

interface PhoneRules {
  /** Numbers typed without a country code are read as of this country: the person's usage location. */
  country: string | null
  /** Country codes without `+`; empty = any. */
  allowedCountryCodes: readonly string[]
  /** A text goes to mobile numbers, a call also to fixed ones. */
  use: 'text' | 'call'
}

// Premium, shared-cost, satellite and personal numbers cost the sender, and earn someone else (T-20). Where a country's plan
// does not tell fixed from mobile (North America) the number may be either.
const reachable = {
  text: new Set(['MOBILE', 'FIXED_LINE_OR_MOBILE']),
  call: new Set(['MOBILE', 'FIXED_LINE', 'FIXED_LINE_OR_MOBILE', 'VOIP']),
}

/** Reads what was typed as a telephone number that a text or a call may go to. */
export function readPhoneNumber(typed: string, rules: PhoneRules): PhoneReading {
  const text = typed.normalize('NFKC').trim().replace(/^\((\+\d{1,3})\)/, '$1')
  if (text.length > 40) return { ok: false, code: 'LK_METHOD_MALFORMED' }
  const number = parsePhoneNumberFromString(text, { defaultCountry: countryOf(rules.country), extract: false })
  if (!number?.isValid()) return { ok: false, code: 'LK_METHOD_MALFORMED' }
  if (number.ext && rules.use === 'text') return { ok: false, code: 'LK_METHOD_MALFORMED' }
  if (rules.allowedCountryCodes.length > 0 && !rules.allowedCountryCodes.includes(number.countryCallingCode)) return { ok: false, code: 'LK_METHOD_COUNTRY' }
  // A number of no country is a satellite's or an international service's, whatever it calls itself.
  if (!number.country || !reachable[rules.use].has(number.getType() ?? '')) return { ok: false, code: 'LK_METHOD_NUMBER_TYPE' }
  return { ok: true, number: { value: stored(number), countryCode: number.countryCallingCode, shown: number.formatInternational() } }
}

const stored = (number: PhoneNumber) => `+${number.countryCallingCode} ${number.nationalNumber}${number.ext ? `x${number.ext}` : ''}`

/** Where somebody probably is whose country nobody has noted: by the language they read. */
const countryOfLanguage: Readonly<Record<Locale, CountryCode>> = { en: 'GB', da: 'DK', nb: 'NO', lv: 'LV' }

/** A number to imitate, of the person's own country. */
export function exampleNumber(country: string | null, locale: Locale): string {
  return getExampleNumber(countryOf(country) ?? countryOfLanguage[locale], examples)?.formatInternational() ?? '+45 20 12 34 56'
}

function countryOf(country: string | null): CountryCode | undefined {
  const upper = country?.toUpperCase()
  return upper && isSupportedCountry(upper) && getCountryCallingCode(upper) ? upper : undefined
}
