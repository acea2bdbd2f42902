/** Applications and service principals as a path names them: by id, by appId, by a name of their own (graph §2.1). */
import type { Db } from '../app.ts'
import { parseKey } from '../odata-path.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { findApplication, findApplicationByAppId, findApplicationByUniqueName } from '../store/applications.ts'
import type { ApplicationRow } from '../store/applications.ts'
import { findServicePrincipal, findServicePrincipalByAppId } from '../store/service-principals.ts'
import type { ServicePrincipalRow } from '../store/service-principals.ts'
import type { Managed } from './managing.ts'

/** The same for a foreign, a deleted and an unknown one (T-43). */
export const nothingThere = (id: string): Refusal => new Refusal(404, [reason('LK_OBJECT_NOT_FOUND', { id: id.slice(0, 100) })])

type Named = { by: 'id' | 'appId' | 'uniqueName'; value: string }

export function readKey(written: string): Named | undefined {
  if (!written.startsWith('(')) return { by: 'id', value: written.toLowerCase() }
  const [one, ...more] = parseKey(written) ?? []
  if (!one || more.length > 0) return undefined
  const [name, value] = one
  const by = ({ '': 'id', id: 'id', appid: 'appId', uniquename: 'uniqueName' } as const)[name.toLowerCase()]
  return by && { by, value: by === 'uniqueName' ? value : value.toLowerCase() }
}

/** @throws Refusal 404 */
export async function requireApplication(db: Db, tenantId: string, written: string): Promise<ApplicationRow> {
  const key = readKey(written)
  const find = key && { id: findApplication, appId: findApplicationByAppId, uniqueName: findApplicationByUniqueName }[key.by]
  const found = find && (await find(db, tenantId, key.value))
  if (!found) throw nothingThere(key?.value ?? written)
  return found
}

/** @throws Refusal 404 */
export async function requireServicePrincipal(db: Db, tenantId: string, written: string): Promise<ServicePrincipalRow> {
  const key = readKey(written)
  const found = key?.by === 'id' ? await findServicePrincipal(db, tenantId, key.value) : key?.by === 'appId' ? await findServicePrincipalByAppId(db, tenantId, key.value) : undefined
  if (!found) throw nothingThere(key?.value ?? written)
  return found
}

export type Collection = 'applications' | 'servicePrincipals'

/** One of either kind, with both its halves: what credentials, owners and policies hang on. */
export interface Target extends Managed {
  id: string
  type: 'application' | 'servicePrincipal'
  displayName: string
  createdDateTime: number
}

/** @throws Refusal 404 */
export async function requireTarget(db: Db, tenantId: string, collection: Collection, written: string): Promise<Target> {
  if (collection === 'applications') {
    const { id, appId, displayName, createdDateTime } = await requireApplication(db, tenantId, written)
    const principal = await findServicePrincipalByAppId(db, tenantId, appId)
    return { id, type: 'application', appId, displayName, createdDateTime, applicationId: id, servicePrincipalId: principal?.id ?? null }
  }
  const { id, appId, displayName, createdDateTime } = await requireServicePrincipal(db, tenantId, written)
  const application = await findApplicationByAppId(db, tenantId, appId)
  return { id, type: 'servicePrincipal', appId, displayName, createdDateTime, applicationId: application?.id ?? null, servicePrincipalId: id }
}
