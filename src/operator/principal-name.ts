import { locales } from '../text.ts'
import { OperatorError } from './open-app.ts'

const domainForm = /^(?=.{3,48}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/i
const localForm = /^[A-Za-z0-9'.\-_!#^~]{1,64}$/

/** True for what may be a tenant's domain: at most 48 characters, with a dot (sspr §2.3). */
export const isDomainName = (text: string): boolean => domainForm.test(text)

/** Checks what `init` and `tenant add` are told; @returns the administrator's user principal name in that domain. */
export function readAdministratorName(admin: string, domain: string, locale: string): string {
  if (!isDomainName(domain)) throw new OperatorError('operator.tenant.domainForm', { value: domain.slice(0, 100) })
  if (!locales.some(known => known === locale)) throw new OperatorError('operator.tenant.locale', { value: locale.slice(0, 20), locales: locales.join(', ') })
  const full = admin.includes('@') ? admin : `${admin}@${domain}`
  const [local = '', of = '', ...more] = full.split('@')
  if (more.length > 0 || !localForm.test(local) || local.endsWith('.') || of.toLowerCase() !== domain.toLowerCase()) {
    throw new OperatorError('operator.tenant.adminForm', { value: admin.slice(0, 120), domain })
  }
  return full
}
