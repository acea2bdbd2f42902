import type { Config } from '../config.ts'
import { dialledNumber } from '../rules/contact-data.ts'
import { formatDateTime, isMessageKey, reasonText, translate } from '../text.ts'
import type { Locale, MessageKey } from '../text.ts'
import type { MailMessage, MessageValues, QueuedMessage, TextMessage } from './message.ts'
import { messageDefinition } from './messages.ts'

export interface RenderContext {
  config: Pick<Config, 'publicOrigin' | 'mail'>
  /** The tenant's display name. */
  organisation: string
  dedupeId: string
  at: number
}

const longest = 200

/**
 * One line of plain text, whatever came in (T-69): no line breaks or other control characters, no marks that turn the direction
 * of writing or cannot be seen (T-68), not longer than 200 characters.
 */
export function plainValue(value: string): string {
  const plain = value
    .normalize('NFC')
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .replace(/[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .replace(/ {2,}/g, ' ')
    .trim()
  const characters = Array.from(plain)
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : plain
}

export function renderMail(message: QueuedMessage, context: RenderContext): MailMessage {
  const { locale } = message
  const definition = messageDefinition(message.name)
  const values = settle(message, context)
  const say = (key: string) => translate(locale, key as MessageKey, values)
  const paragraphs = say(`mail.${message.name}.body`).split('\n\n')
  if (definition.path) paragraphs.push(`${context.config.publicOrigin}${definition.path}`)
  const details = definition.details ? detailLines(locale, values) : []
  if (details.length > 0) paragraphs.push(details.join('\n'))
  if (definition.notYou) paragraphs.push(say(values.helpdesk === undefined ? 'mail.common.notYou' : 'mail.common.notYouHelpdesk'))
  const footer = say('mail.common.footer')
  const subject = plainValue(say(`mail.${message.name}.subject`))
  return {
    dedupeId: context.dedupeId,
    at: context.at,
    name: message.name,
    locale,
    from: { name: plainValue(say('mail.from')), address: fromAddress(context.config) },
    to: message.to.address,
    subject,
    text: `${[...paragraphs, `-- \n${footer}`].join('\n\n')}\n`,
    html: html(locale, subject, paragraphs, footer, context.config.publicOrigin, message.values.code),
  }
}

export function renderText(message: QueuedMessage, context: RenderContext): TextMessage {
  const { locale, name } = message
  const text = plainValue(translate(locale, `mail.${name}.text` as MessageKey, settle(message, context)))
  return { dedupeId: context.dedupeId, at: context.at, name, locale, to: dialledNumber(message.to.address), text }
}

/** Values as the sentences want them: cleaned, moments and names of methods and reasons in the reader's language. */
function settle(message: QueuedMessage, context: RenderContext): MessageValues {
  const { locale } = message
  const values: MessageValues = { hint: 'none', organisation: plainValue(context.organisation) }
  for (const [name, value] of Object.entries(message.values)) values[name] = typeof value === 'string' ? plainValue(value) : value
  for (const moment of ['time', 'changed', 'ends', 'lastUsed']) {
    const value = values[moment]
    if (typeof value === 'number') values[moment] = formatDateTime(locale, value)
  }
  if (typeof values.reasonCode === 'string') values.reason = reasonText(locale, { code: values.reasonCode, values })
  const methodKey = `mail.method.${values.method}`
  if (isMessageKey(methodKey)) values.method = translate(locale, methodKey)
  return values
}

function detailLines(locale: Locale, values: MessageValues): string[] {
  const lines: [string, MessageKey][] = [['time', 'mail.common.when'], ['place', 'mail.common.where'], ['account', 'mail.common.account']]
  return lines.filter(([name]) => values[name] !== undefined).map(([, key]) => translate(locale, key, values))
}

/** The bare address of the setting, `Contoso <no-reply@contoso.example>` or without the name. */
function fromAddress(config: RenderContext['config']): string {
  if (config.mail.kind !== 'smtp') return `no-reply@${new URL(config.publicOrigin).hostname}`
  return /<([^<>]+)>\s*$/.exec(config.mail.from)?.[1] ?? config.mail.from.trim()
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = (text: string): string => text.replace(/[&<>"']/g, one => escapes[one]!)

/** A page without anything from elsewhere: no picture, no style sheet, no link but to our own origin. */
function html(locale: Locale, subject: string, paragraphs: string[], footer: string, origin: string, code: string | number | undefined): string {
  const body = paragraphs.map(one => paragraph(one, origin, code)).join('\n')
  return `<!doctype html>
<html lang="${locale}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escape(subject)}</title></head>
<body style="margin:0;padding:24px;background:#f5f5f5;color:#242424;font:16px/1.5 'Segoe UI',system-ui,sans-serif">
<div style="max-width:560px;margin:0 auto;padding:24px 32px;background:#ffffff;border-radius:8px">
${body}
<p style="margin:32px 0 0;border-top:1px solid #e0e0e0;padding-top:12px;color:#5c5c5c;font-size:13px">${escape(footer)}</p>
</div>
</body>
</html>
`
}

function paragraph(text: string, origin: string, code: string | number | undefined): string {
  if (code !== undefined && text === String(code)) {
    return `<p style="margin:16px 0;font-size:30px;font-weight:600;letter-spacing:2px">${escape(text)}</p>`
  }
  if (text.startsWith(`${origin}/`) && !/\s/.test(text)) return `<p><a href="${escape(text)}" style="color:#0f6cbd">${escape(text)}</a></p>`
  return `<p>${escape(text).replaceAll('\n', '<br>')}</p>`
}
