import type { Db } from '../app.ts'

/** So long after a change of security info a reset is worth a second look (T-84). Milliseconds. */
export const worthALook = 24 * 3_600_000

const changes = ['User', 'Admin'].flatMap(who => ['registered', 'updated', 'deleted'].map(what => `${who} ${what} security info`))

/**
 * When a method or a contact of the person was last added, changed or removed by somebody since `from`; null when never. What
 * an import or the synchronisation brought is nobody's doing.
 */
export async function lastChangeOfSecurityInfo(db: Db, { tenantId, userId, from }: { tenantId: string; userId: string; from: number }): Promise<number | null> {
  const method = await db
    .selectFrom('audit')
    .select('activityDateTime as at')
    .where('tenantId', '=', tenantId)
    .where('targetId', '=', userId)
    .where('activity', 'in', changes)
    .where('activityDateTime', '>=', from)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  const contact = await db
    .selectFrom('userContacts')
    .select(eb => eb.fn.max('updatedAt').as('at'))
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .where('origin', 'in', ['administrator', 'self', 'application'])
    .where('updatedAt', '>=', from)
    .executeTakeFirst()
  const latest = Math.max(method?.at ?? 0, Number(contact?.at ?? 0))
  return latest > 0 ? latest : null
}
