/** People, groups and service principals in one list, each with its type: who holds a role (graph §2.2). */
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { App } from '../app.ts'
import { findServicePrincipals } from '../store/service-principals.ts'
import { listUsers } from '../store/users.ts'
import { Nullable } from '../graph/answers.ts'
import { User, basicProperties, shapeUsers } from './user-shape.ts'

const text = Type.Optional(Nullable(Type.String()))
export const Principal = Type.Object({
  '@odata.type': Type.String(), ...User.properties,
  description: text, securityEnabled: Type.Optional(Nullable(Type.Boolean())), isAssignableToRole: Type.Optional(Nullable(Type.Boolean())),
  appId: text, servicePrincipalType: text,
})

/** What these ids lead to, by id; what is deleted is left out. Three queries. */
export async function principalsOf(app: App, tenantId: string, wanted: readonly string[]): Promise<Map<string, Static<typeof Principal>>> {
  const ids = [...new Set(wanted)].slice(0, 999)
  if (ids.length === 0) return new Map()
  const people = await shapeUsers(app, tenantId, await listUsers(app.db, { tenantId, top: 999, filter: { ids } }), basicProperties)
  const groups = await app.db.selectFrom('groups').select(['id', 'displayName', 'description', 'isAssignableToRole'])
    .where('tenantId', '=', tenantId).where('id', 'in', ids).where('deletedDateTime', 'is', null).execute()
  const programs = await findServicePrincipals(app.db, tenantId, ids)
  const found: Static<typeof Principal>[] = [
    ...people.map(one => ({ '@odata.type': '#microsoft.graph.user', ...one })),
    ...groups.map(one => ({ '@odata.type': '#microsoft.graph.group', ...one, securityEnabled: true })),
    ...programs.map(({ id, displayName, appId }) => ({ '@odata.type': '#microsoft.graph.servicePrincipal', id, displayName, appId, servicePrincipalType: 'Application' })),
  ]
  return new Map(found.map(one => [one.id!, one]))
}
