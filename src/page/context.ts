import type { FastifyRequest } from 'fastify'
import { translate } from '../text.ts'
import type { Locale, MessageKey, MessageValues } from '../text.ts'

/** What a tenant may change about its pages: its name, one colour, a sentence. No markup, no style sheet, no script (T-33). */
export interface Branding {
  displayName: string
  /** Six hexadecimal digits after `#`; anything else is ignored. */
  accentColor?: string
  /** Shown under the card to people who are not signed in, as typed; where a language has none, English has it. */
  textByLocale?: Partial<Record<Locale, string>>
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The tenant's own look, where the hall knows which tenant is meant. */
    branding?: Branding
  }
}

/** What every part of a page is given, and nothing else: no database, no request, no secret. */
export interface PageContext {
  locale: Locale
  t(key: MessageKey, values?: MessageValues): string
  formToken: string
  /** Path of the page that was asked for, without its query. */
  path: string
  /** The query as it came, without `?`; the language menu keeps it. */
  query: string
  branding: Branding
  /** Shown in the header with the way to the account page. */
  signedInAs?: string
  correlationId: string
}

/** The context of a page for this request. Give `signedInAs` (a display name) where the room knows it. */
export function pageContext(request: FastifyRequest, known: { signedInAs?: string; branding?: Branding } = {}): PageContext {
  const { locale } = request
  const question = request.url.indexOf('?')
  return {
    locale,
    t: (key, values) => translate(locale, key, values),
    formToken: request.formToken,
    path: question < 0 ? request.url : request.url.slice(0, question),
    query: question < 0 ? '' : request.url.slice(question + 1),
    branding: known.branding ?? request.branding ?? { displayName: 'Latchkey' },
    signedInAs: known.signedInAs,
    correlationId: request.correlationId,
  }
}
