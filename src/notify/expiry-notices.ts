/** Mail before a password expires by the organisation's own policy (sspr §7.4), on the days it has set: `expiryNoticeDays`. */
import type { App } from '../app.ts'
import type { SubjectFacts, TenantFacts } from '../rules/facts.ts'
import { expiryNotice, mayExpireWithin, passwordExpiry } from '../rules/password-expiry.ts'
import type { ExpiryNotice } from '../rules/password-expiry.ts'
import { gatherTenantFacts } from '../store/facts.ts'
import { breathe } from '../store/old-rows.ts'
import { claimOnce } from '../store/once-only.ts'
import { listPasswordAges } from '../store/passwords.ts'
import { subjectsOf } from '../store/subjects.ts'
import { findUser } from '../store/users.ts'
import { localeOfUser, recipientsOf } from './notices.ts'
import { queueMessage } from './queue-message.ts'

/** Five a second, so that a thousand people whose passwords were set on one day hold up nobody's code. Milliseconds. */
const spacing = 200

/**
 * Queues the notices that are due now; each of a person's password goes once, whoever looks and however often. A day that was missed
 * is made up for with the days that are left. @returns how many were queued
 */
export async function queueExpiryNotices(app: App, tenantId: string): Promise<number> {
  const tenant = await gatherTenantFacts(app.db, tenantId)
  const days = tenant.settings.expiryNoticeDays
  if (days.length === 0) return 0
  let queued = 0
  for (let after = ''; ; await breathe()) {
    const ages = await listPasswordAges(app.db, tenantId, after)
    const near = ages.filter(age => mayExpireWithin(tenant, age.changedAt, Math.max(...days), app.now()))
    for (const subject of (await subjectsOf(app.db, tenant, near.map(age => age.userId), app.now())).values()) {
      const notice = noticeFor(subject, tenant, app.now())
      if (notice && (await queueOne(app, tenantId, subject, notice, queued * spacing))) queued++
    }
    const last = ages.at(-1)
    if (!last) return queued
    after = last.userId
  }
}

/** Nothing for those who cannot sign in, or must choose another at the next sign-in anyway. */
function noticeFor(subject: SubjectFacts, tenant: TenantFacts, now: number): ExpiryNotice | undefined {
  if (subject.deleted || !subject.accountEnabled || subject.forceChangePasswordNextSignIn || subject.temporaryPasswordExpiresAt !== null) return undefined
  return expiryNotice(passwordExpiry(subject, tenant, now), tenant.settings.expiryNoticeDays, now)
}

/** To the primary address, else to where the person's other mail goes. */
async function queueOne(app: App, tenantId: string, { id: userId, passwordChangedAt }: SubjectFacts, notice: ExpiryNotice, delay: number): Promise<boolean> {
  const now = app.now()
  const key = `password-expires:${userId} ${passwordChangedAt} ${notice.of}`
  return app.db.transaction().execute(async trx => {
    if (!(await claimOnce(trx, { tenantId, key, expiresAt: notice.at, now }))) return false
    const user = await findUser(trx, tenantId, userId)
    const [address] = await recipientsOf(app, trx, { tenantId, userId })
    if (!user || address === undefined) return false
    await queueMessage(app, trx, {
      tenantId, name: 'passwordExpires', to: { kind: 'mail', address }, locale: await localeOfUser(trx, tenantId, user.preferredLanguage),
      values: { name: user.displayName, days: notice.daysLeft }, dedupeId: key, availableAt: now + delay, expiresAt: notice.at,
    })
    return true
  })
}
