/** Whether what a process remembers of a client, a resource and a tenant is still so: one small query, asked for every token. */
import { sql } from 'kysely'
import { prepared } from './prepared.ts'
import type { Db } from '../app.ts'

export interface Freshness {
  suspendedAt: number | null
  /** Of the tenant's settings; null while nothing was ever saved. */
  settingsVersion: number | null
  /** They count up with every change; null when there is no such client or resource. */
  clientVersion: number | null
  resourceVersion: number | null
}

/** By primary keys and unique ones only. What somebody changed in any process is seen by the next token (T-54). */
const freshness = prepared<{ tenantId: string; clientAppId: string; resourceAppId: string }>()((db, value) => {
  const version = (appId: 'clientAppId' | 'resourceAppId') => sql<number | null>`(
    select p.version + coalesce((select a.version from applications as a where a.tenant_id = p.tenant_id and a.app_id = p.app_id and a.deleted_date_time is null), -1)
      from service_principals as p where p.tenant_id = t.id and p.app_id = ${value(appId)} and p.deleted_date_time is null)`
  return db
    .selectFrom('tenants as t')
    .select([
      't.suspendedAt',
      sql<number | null>`(select version from policies where tenant_id = t.id and name = 'tenantSettings')`.as('settingsVersion'),
      version('clientAppId').as('clientVersion'),
      version('resourceAppId').as('resourceVersion'),
    ])
    .where('t.id', '=', value('tenantId'))
})

/** @returns undefined when there is no such tenant */
export function readFreshness(db: Db, tenantId: string, clientAppId: string, resourceAppId = ''): Promise<Freshness | undefined> {
  return freshness.first(db, { tenantId, clientAppId, resourceAppId }) as Promise<Freshness | undefined>
}
