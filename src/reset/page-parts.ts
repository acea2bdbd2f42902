/** What the pages' routes share: the cookie, the look of the tenant, the names of fields. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cookieOptions, cookies } from '../access.ts'
import type { App } from '../app.ts'
import { pageContext } from '../page/context.ts'
import type { PageContext } from '../page/context.ts'
import type { Reason } from '../rules/verdict.ts'
import { readPolicies } from '../store/policies.ts'
import type { TenantRow } from '../store/tenants.ts'
import { recoveryLifetime } from './transaction.ts'

/** Gives the browser its handle for as long as the transaction lasts (milliseconds). */
export function giveCookie(reply: FastifyReply, cookie: string, lifetime = recoveryLifetime): void {
  reply.setCookie(cookies.reset, cookie, cookieOptions('strict', Math.max(1, Math.ceil(lifetime / 1000))))
}

/** The tenant's own name and colour, once its domain is known; never anything of an account (T-01). */
export async function contextFor(app: App, request: FastifyRequest, tenant: TenantRow | undefined): Promise<PageContext> {
  if (!tenant) return pageContext(request)
  const { branding } = await readPolicies(app.db, tenant.id)
  return pageContext(request, { branding: { displayName: tenant.displayName, ...(branding.accentColor ? { accentColor: branding.accentColor } : {}) } })
}

/** Fields are named as the page names them. */
export function namedIn({ t }: PageContext, reasons: readonly Reason[]): Reason[] {
  const names: Record<string, string> = {
    username: t('field.username'), number: t('reset.number.label'), code: t('field.code'), answer: t('reset.questions.title'),
  }
  return reasons.map(one => {
    const field = one.values?.['field']
    return field === undefined ? one : { ...one, values: { ...one.values, field: names[field] ?? field } }
  })
}
