import type { App, Db } from '../app.ts'
import { roles } from '../rules/roles.ts'
import { otherLimits } from '../rules/throttle.ts'
import { clearKeys, countPoints, reserve } from '../store/limits.ts'
import { listRoleHolders } from '../store/role-holders.ts'
import type { RoleHolder } from '../store/role-holders.ts'
import { findUser } from '../store/users.ts'
import { defineJob, queueJob } from './jobs.ts'
import { tellAdministrators } from './notices.ts'

const day = 86_400_000

/** One request reaches so many people at most (sspr §5.9, LD-54). */
const mostRecipients = 100

/** Counts the requests of a day that were not passed on one by one. */
const more = 'contact-more:all'

/**
 * Who is asked to help (C-10): holders of Helpdesk or Password Administrator; if there is none, User Administrators; if none,
 * Global Administrators.
 */
async function contactRecipients(db: Db, tenantId: string): Promise<RoleHolder[]> {
  const circles = [[roles.helpdeskAdministrator, roles.passwordAdministrator], [roles.userAdministrator], [roles.globalAdministrator]]
  for (const circle of circles) {
    const holders = await listRoleHolders(db, tenantId, circle, mostRecipients)
    if (holders.length > 0) return holders
  }
  return []
}

/**
 * "Contact your administrator" (N-5). The limits of LD-54 are counted on the account as it was named, whether it exists or not;
 * for nobody's account nothing is sent. The caller shows the same page whatever this answers.
 * `account` is the user's id or the keyed hash of the name; beyond 50 requests a day the tenant's helpers get one digest.
 */
export async function contactAdministrator(
  app: App,
  request: { tenantId: string; userId: string | null; account: string; supportCode: string },
): Promise<'asked' | 'limited' | 'digest' | 'nobody'> {
  const { tenantId, userId, account, supportCode } = request
  const now = app.now()
  for (const [name, kind] of [['contact-1h', otherLimits.contactPerAccountHour], ['contact-24h', otherLimits.contactPerAccountDay]] as const) {
    if (!(await reserve(app.db, { tenantId, key: `${name}:${account}`, kind, now })).served) return 'limited'
  }
  if (userId === null) return 'nobody'
  const kept = await reserve(app.db, { tenantId, key: 'contact-tenant:all', kind: otherLimits.contactPerTenantDay, now })
  return app.db.transaction().execute(async trx => {
    if (!kept.served) {
      await reserve(trx, { tenantId, key: more, kind: { limit: 100_000, windowMs: day }, now })
      await queueJob(app, trx, { tenantId, kind: 'contactDigest', payload: {}, availableAt: endOfDay(now), dedupeId: `contactDigest:${endOfDay(now)}` })
      return 'digest'
    }
    const user = await findUser(trx, tenantId, userId)
    if (!user) return 'nobody'
    const values = { userName: user.displayName, userAccount: user.userPrincipalName, supportCode, time: now }
    await tellAdministrators(app, trx, tenantId, await contactRecipients(trx, tenantId), 'contactAdministrator', values, supportCode)
    return 'asked'
  })
}

defineJob('contactDigest', async (app, _payload, { tenantId }) => {
  const count = await countPoints(app.db, tenantId, more, 0)
  if (count === 0) return
  await app.db.transaction().execute(async trx => {
    await clearKeys(trx, tenantId, [more])
    await tellAdministrators(app, trx, tenantId, await contactRecipients(trx, tenantId), 'contactDigest', { count })
  })
})

const endOfDay = (now: number): number => Math.floor(now / day) * day + day
