/**
 * Every sentence anyone reads, in the reader's language. Sentences are ICU messages in locales/<language>/<file>.json: the English
 * files are the source, and their keys are the type of what may be asked for, so a misspelt key does not compile.
 */
import { IntlMessageFormat } from 'intl-messageformat'
import enPage from '../locales/en/page.json' with { type: 'json' }
import enField from '../locales/en/field.json' with { type: 'json' }
import enSignin from '../locales/en/signin.json' with { type: 'json' }
import enReset from '../locales/en/reset.json' with { type: 'json' }
import enSecurityInfo from '../locales/en/security-info.json' with { type: 'json' }
import enHelp from '../locales/en/help.json' with { type: 'json' }
import enDiagnosis from '../locales/en/diagnosis.json' with { type: 'json' }
import enReason from '../locales/en/reason.json' with { type: 'json' }
import enRemedy from '../locales/en/remedy.json' with { type: 'json' }
import enQuestions from '../locales/en/questions.json' with { type: 'json' }
import enMail from '../locales/en/mail.json' with { type: 'json' }
import enOperator from '../locales/en/operator.json' with { type: 'json' }
import enDevelopment from '../locales/en/development.json' with { type: 'json' }
import enGraph from '../locales/en/graph.json' with { type: 'json' }
import enCli from '../locales/en/cli.json' with { type: 'json' }
import daPage from '../locales/da/page.json' with { type: 'json' }
import daField from '../locales/da/field.json' with { type: 'json' }
import daSignin from '../locales/da/signin.json' with { type: 'json' }
import daReset from '../locales/da/reset.json' with { type: 'json' }
import daSecurityInfo from '../locales/da/security-info.json' with { type: 'json' }
import daHelp from '../locales/da/help.json' with { type: 'json' }
import daDiagnosis from '../locales/da/diagnosis.json' with { type: 'json' }
import daReason from '../locales/da/reason.json' with { type: 'json' }
import daRemedy from '../locales/da/remedy.json' with { type: 'json' }
import daQuestions from '../locales/da/questions.json' with { type: 'json' }
import daMail from '../locales/da/mail.json' with { type: 'json' }
import daOperator from '../locales/da/operator.json' with { type: 'json' }
import daDevelopment from '../locales/da/development.json' with { type: 'json' }
import daGraph from '../locales/da/graph.json' with { type: 'json' }
import daCli from '../locales/da/cli.json' with { type: 'json' }
import nbPage from '../locales/nb/page.json' with { type: 'json' }
import nbField from '../locales/nb/field.json' with { type: 'json' }
import nbSignin from '../locales/nb/signin.json' with { type: 'json' }
import nbReset from '../locales/nb/reset.json' with { type: 'json' }
import nbSecurityInfo from '../locales/nb/security-info.json' with { type: 'json' }
import nbHelp from '../locales/nb/help.json' with { type: 'json' }
import nbDiagnosis from '../locales/nb/diagnosis.json' with { type: 'json' }
import nbReason from '../locales/nb/reason.json' with { type: 'json' }
import nbRemedy from '../locales/nb/remedy.json' with { type: 'json' }
import nbQuestions from '../locales/nb/questions.json' with { type: 'json' }
import nbMail from '../locales/nb/mail.json' with { type: 'json' }
import nbOperator from '../locales/nb/operator.json' with { type: 'json' }
import nbDevelopment from '../locales/nb/development.json' with { type: 'json' }
import nbGraph from '../locales/nb/graph.json' with { type: 'json' }
import nbCli from '../locales/nb/cli.json' with { type: 'json' }
import lvPage from '../locales/lv/page.json' with { type: 'json' }
import lvField from '../locales/lv/field.json' with { type: 'json' }
import lvSignin from '../locales/lv/signin.json' with { type: 'json' }
import lvReset from '../locales/lv/reset.json' with { type: 'json' }
import lvSecurityInfo from '../locales/lv/security-info.json' with { type: 'json' }
import lvHelp from '../locales/lv/help.json' with { type: 'json' }
import lvDiagnosis from '../locales/lv/diagnosis.json' with { type: 'json' }
import lvReason from '../locales/lv/reason.json' with { type: 'json' }
import lvRemedy from '../locales/lv/remedy.json' with { type: 'json' }
import lvQuestions from '../locales/lv/questions.json' with { type: 'json' }
import lvMail from '../locales/lv/mail.json' with { type: 'json' }
import lvOperator from '../locales/lv/operator.json' with { type: 'json' }
import lvDevelopment from '../locales/lv/development.json' with { type: 'json' }
import lvGraph from '../locales/lv/graph.json' with { type: 'json' }
import lvCli from '../locales/lv/cli.json' with { type: 'json' }

const en = {
  ...enPage, ...enField, ...enSignin, ...enReset, ...enSecurityInfo,
  ...enHelp, ...enDiagnosis, ...enReason, ...enRemedy, ...enQuestions,
  ...enMail, ...enOperator, ...enDevelopment, ...enGraph, ...enCli,
}
const da: Partial<Record<string, string>> = {
  ...daPage, ...daField, ...daSignin, ...daReset, ...daSecurityInfo,
  ...daHelp, ...daDiagnosis, ...daReason, ...daRemedy, ...daQuestions,
  ...daMail, ...daOperator, ...daDevelopment, ...daGraph, ...daCli,
}
const nb: Partial<Record<string, string>> = {
  ...nbPage, ...nbField, ...nbSignin, ...nbReset, ...nbSecurityInfo,
  ...nbHelp, ...nbDiagnosis, ...nbReason, ...nbRemedy, ...nbQuestions,
  ...nbMail, ...nbOperator, ...nbDevelopment, ...nbGraph, ...nbCli,
}
const lv: Partial<Record<string, string>> = {
  ...lvPage, ...lvField, ...lvSignin, ...lvReset, ...lvSecurityInfo,
  ...lvHelp, ...lvDiagnosis, ...lvReason, ...lvRemedy, ...lvQuestions,
  ...lvMail, ...lvOperator, ...lvDevelopment, ...lvGraph, ...lvCli,
}

export const locales = ['en', 'da', 'nb', 'lv'] as const
export type Locale = (typeof locales)[number]
export type MessageKey = keyof typeof en
export type MessageValues = Record<string, string | number | Date>

/** A language's own name for itself, for the language menu. */
export const localeNames: Readonly<Record<Locale, string>> = { en: 'English', da: 'Dansk', nb: 'Norsk', lv: 'Latviešu' }

const sources: Readonly<Record<Locale, Partial<Record<string, string>>>> = { en, da, nb, lv }

/** Compiled when first asked for: a message that has nothing to fill in is kept as the plain text it is. */
const compiled: Readonly<Record<Locale, Map<string, string | IntlMessageFormat>>> = {
  en: new Map(), da: new Map(), nb: new Map(), lv: new Map(),
}

// `<` is an ordinary character in our sentences, never a tag.
const options = { ignoreTag: true }

function compile(locale: Locale, key: string): string | IntlMessageFormat {
  const source = sources[locale][key] ?? sources.en[key] ?? key
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
  return Object.hasOwn(en, key)
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
