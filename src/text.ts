/**
 * Every sentence anyone reads, in the reader's language. Sentences are ICU messages in locales/<language>/<file>.json: the English
 * files are the source, and their keys are the type of what may be asked for, so a misspelt key does not compile.
 */
import { readFileSync } from 'node:fs'
import { IntlMessageFormat } from 'intl-messageformat'
import type enPage from '../locales/en/page.json'
import type enField from '../locales/en/field.json'
import type enSignin from '../locales/en/signin.json'
import type enReset from '../locales/en/reset.json'
import type enSecurityInfo from '../locales/en/security-info.json'
import type enHelp from '../locales/en/help.json'
import type enDiagnosis from '../locales/en/diagnosis.json'
import type enReason from '../locales/en/reason.json'
import type enRemedy from '../locales/en/remedy.json'
import type enQuestions from '../locales/en/questions.json'
import type enMail from '../locales/en/mail.json'
import type enOperator from '../locales/en/operator.json'
import type enDevelopment from '../locales/en/development.json'
import type enGraph from '../locales/en/graph.json'
import type enOAuth from '../locales/en/oauth.json'
import type enCli from '../locales/en/cli.json'

/** The files of a language; the English ones give the type. */
const files = [
  'page', 'field', 'signin', 'reset', 'security-info', 'help', 'diagnosis', 'reason', 'remedy', 'questions', 'mail', 'operator',
  'development', 'graph', 'cli', 'oauth',
] as const
type English = typeof enPage & typeof enField & typeof enSignin & typeof enReset & typeof enSecurityInfo & typeof enHelp &
  typeof enDiagnosis & typeof enReason & typeof enRemedy & typeof enQuestions & typeof enMail & typeof enOperator &
  typeof enDevelopment & typeof enGraph & typeof enCli & typeof enOAuth

export const locales = ['en', 'da', 'nb', 'lv'] as const
export type Locale = (typeof locales)[number]
export type MessageKey = keyof English
export type MessageValues = Record<string, string | number | Date>

/** A language's own name for itself, for the language menu. */
export const localeNames: Readonly<Record<Locale, string>> = { en: 'English', da: 'Dansk', nb: 'Norsk', lv: 'Latviešu' }

type Sentences = Partial<Record<string, string>>
const read = new Map<Locale, Sentences>()

/** Read when the language is first asked for: few servers speak all four, and a language takes 0.3 MiB. */
function sentences(locale: Locale): Sentences {
  const known = read.get(locale)
  if (known) return known
  const all: Sentences = {}
  for (const file of files) Object.assign(all, JSON.parse(readFileSync(new URL(`../locales/${locale}/${file}.json`, import.meta.url), 'utf8')))
  read.set(locale, all)
  return all
}

/** Compiled when first asked for: a message that has nothing to fill in is kept as the plain text it is. */
const compiled: Readonly<Record<Locale, Map<string, string | IntlMessageFormat>>> = {
  en: new Map(), da: new Map(), nb: new Map(), lv: new Map(),
}

// The package asks which languages can be formatted at all, and looking that up takes 15 ms and 6 MiB; all of ours can.
IntlMessageFormat.resolveLocale = locale => new Intl.Locale(String(locale))

// `<` is an ordinary character in our sentences, never a tag.
const options = { ignoreTag: true }

function compile(locale: Locale, key: string): string | IntlMessageFormat {
  const source = sentences(locale)[key] ?? sentences('en')[key] ?? key
  const message = /[{']/.test(source) ? new IntlMessageFormat(source, locale, undefined, options) : source
  compiled[locale].set(key, message)
  return message
}

/** The sentence of this key. Throws when the message names a placeholder that `values` does not give. */
export function translate(locale: Locale, key: MessageKey, values?: MessageValues): string {
  const message = compiled[locale].get(key) ?? compile(locale, key)
  return typeof message === 'string' ? message : String(message.format(values))
}

/** True when there is an English sentence under this key; for keys that are put together from data. */
export function isMessageKey(key: string): key is MessageKey {
  return Object.hasOwn(sentences('en'), key)
}

/**
 * The sentence of a reason. Reasons come from rules, agents and stored attempts of older versions, so a value that is missing
 * shows as an ellipsis instead of costing the reader the whole page; an unknown code shows itself.
 */
export function reasonText(locale: Locale, reason: { code: string; values?: Record<string, string | number> }): string {
  const key = `reason.${reason.code}`
  if (!isMessageKey(key)) return reason.code
  try {
    return translate(locale, key, reason.values)
  } catch {
    // A number, for a plural can be chosen by nothing else; then it is taken out again, however the language groups it.
    const values = new Proxy({ ...reason.values }, { has: () => true, get: (given, name) => given[name as string] ?? 77_777 })
    return translate(locale, key, values).replace(/77\D?777/g, '…')
  }
}

/**
 * The language of a page (sspr §13.2, A-25): what the address asks for, what the browser remembers, what it says it
 * understands, the tenant's own, English. A value nobody knows is passed over, never an error.
 */
export function chooseLocale(from: { query?: string; cookie?: string; acceptLanguage?: string; tenantDefault?: string }): Locale {
  return matchLocale(from.query) ?? matchLocale(from.cookie) ?? matchAccepted(from.acceptLanguage) ?? matchLocale(from.tenantDefault) ?? 'en'
}

/** One of our languages for a tag such as `da-DK`, `lv_LV`, `NO` or `nn`; undefined for any other. */
export function matchLocale(tag: string | undefined | null): Locale | undefined {
  const language = tag?.trim().toLowerCase().split(/[-_]/, 1)[0]
  if (language === 'no' || language === 'nn') return 'nb'
  return locales.find(one => one === language)
}

/** The best of an Accept-Language header; at most twenty entries are read, for a stranger may send any number. */
function matchAccepted(header: string | undefined): Locale | undefined {
  if (!header) return undefined
  let best: { locale: Locale; quality: number } | undefined
  for (const entry of header.slice(0, 1000).split(',').slice(0, 20)) {
    const [tag, ...parameters] = entry.split(';')
    const locale = matchLocale(tag)
    const written = parameters.map(one => /^\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*$/i.exec(one)?.[1]).find(one => one !== undefined)
    const quality = written === undefined ? 1 : Number(written)
    if (locale && quality > 0 && (!best || quality > best.quality)) best = { locale, quality }
  }
  return best?.locale
}

/** A moment as this language writes it, with its zone: '21 Nov 2026, 03:43 UTC'. */
export function formatDateTime(locale: Locale, at: number): string {
  let format = dateTimes.get(locale)
  if (!format) {
    // Day before month for English readers in Europe too, who would misread the American order.
    format = new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
    dateTimes.set(locale, format)
  }
  return `${format.format(at)} UTC`
}

const dateTimes = new Map<Locale, Intl.DateTimeFormat>()
