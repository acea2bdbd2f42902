import { isWellFormedAddress } from '../rules/contact-data.ts'
import type { ReasonCode } from '../rules/reason.ts'

export type EmailReading = { ok: true; value: string } | { ok: false; code: ReasonCode }

/**
 * Reads what was typed as one e-mail address. An address in the tenant's own domains is refused: whoever cannot sign in cannot
 * read it either (sspr §4.1). Control and invisible characters are refused, for two addresses could look like one (T-08, T-68).
 */
export function readEmailAddress(typed: string, ownDomains: readonly string[]): EmailReading {
  const text = typed.normalize('NFKC').trim()
  if (text.length > 254 || /[\p{Cc}\p{Cf}]/u.test(text) || !isWellFormedAddress(text)) return { ok: false, code: 'LK_METHOD_MALFORMED' }
  const at = text.lastIndexOf('@')
  const domain = text.slice(at + 1).toLowerCase()
  const own = ownDomains.some(one => domain === one || domain.endsWith(`.${one}`))
  return own ? { ok: false, code: 'LK_METHOD_OWN_DOMAIN' } : { ok: true, value: `${text.slice(0, at)}@${domain}` }
}
