/** The least of a tenant and its people that the queries under test need. */
import type { Db } from '../../src/app.ts'
import { insertDomain } from '../../src/store/domains.ts'
import { insertGroup } from '../../src/store/groups.ts'
import type { NewGroup } from '../../src/store/groups.ts'
import { insertTenant } from '../../src/store/tenants.ts'
import { insertUser } from '../../src/store/users.ts'
import type { NewUser } from '../../src/store/users.ts'

/** A morning in November, on which every test begins. */
export const start = 1_795_248_000_000
export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

export async function addTenant(db: Db, id = 't1', domain = `${id}.example`): Promise<string> {
  await insertTenant(db, { id, displayName: id, createdAt: start, defaultLocale: 'en', sessionEpoch: 0, suspendedAt: null })
  await insertDomain(db, {
    tenantId: id, id: domain, isInitial: true, isDefault: true, isVerified: true, authenticationType: 'Managed', signInModel: null,
    capturedCopy: false, passwordValidityPeriodInDays: null, passwordNotificationWindowInDays: null, createdAt: start,
  })
  return id
}

export async function addUser(db: Db, name: string, more: Partial<NewUser> = {}): Promise<string> {
  const tenantId = more.tenantId ?? 't1'
  const id = more.id ?? `${name}-id`
  await db.transaction().execute(trx =>
    insertUser(trx, { tenantId, id, userPrincipalName: `${name}@${tenantId}.example`, displayName: name, createdDateTime: start, ...more }),
  )
  return id
}

export async function addGroup(db: Db, id: string, more: Partial<NewGroup> = {}): Promise<string> {
  await insertGroup(db, { tenantId: 't1', id, displayName: id, mailNickname: id, createdDateTime: start, ...more })
  return id
}
