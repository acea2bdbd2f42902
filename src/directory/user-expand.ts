/** `$expand` of one relationship of people: manager, directReports, memberOf, transitiveMemberOf, ownedObjects; twenty each (graph §2.4). */
import type { App } from '../app.ts'
import type { GraphCaller } from '../graph/deciding.ts'
import { expandedAtMost } from '../graph/odata-expand.ts'
import type { Query } from '../graph/odata-query.ts'
import { findObjects } from '../store/directory-objects.ts'
import { managersOf, reportsOf } from '../store/user-details.ts'
import { firstMemberships } from './memberships.ts'
import { selectableOfObjects, shapeObjects } from './object-shape.ts'
import { expandableOfUsers } from './user-shape.ts'
import { visiblyOwned } from './visible-users.ts'

type Relationship = (typeof expandableOfUsers)[number]

export const usersExpand = Object.fromEntries(expandableOfUsers.map(name => [name, selectableOfObjects]))

/** The same users with what `$expand` asks for; nothing but the given properties beside it. */
export async function expandUsers<T extends object>(app: App, caller: GraphCaller, users: readonly T[], { expand }: Query, properties: readonly string[]): Promise<T[]> {
  if (expand === undefined) return [...users]
  const relationship = expand.relationship as Relationship
  const ids = users.map(user => (user as { id: string }).id)
  const values = relationship === 'manager' ? await managers(app, caller, ids, expand.select) : await Promise.all(ids.map(id => related(app, caller, id, relationship, expand.select)))
  return users.map((user, at) => {
    const plain = properties.includes('id') ? user : Object.fromEntries(Object.entries(user).filter(([name]) => name !== 'id')) as T
    // Whoever has no manager has no such property, as upstream answers.
    return values[at] === undefined ? plain : { ...plain, [relationship]: values[at] }
  })
}

async function managers(app: App, caller: GraphCaller, ids: readonly string[], select: string[] | undefined): Promise<unknown[]> {
  const leads = await managersOf(app.db, caller.tenantId, ids)
  const objects = await findObjects(app.db, caller.tenantId, [...new Set(leads.values())], { kinds: ['user'] })
  const shaped = await shapeObjects(app, caller, objects, select)
  const byId = new Map(objects.map((one, at) => [one.id, shaped[at]]))
  return ids.map(id => byId.get(leads.get(id) ?? ''))
}

async function related(app: App, caller: GraphCaller, id: string, relationship: Exclude<Relationship, 'manager'>, select: string[] | undefined): Promise<unknown[]> {
  if (relationship === 'memberOf' || relationship === 'transitiveMemberOf') return firstMemberships(app, caller, { id, kind: 'user' }, relationship, expandedAtMost, select)
  const { tenantId } = caller
  const found = relationship === 'directReports' ? await findObjects(app.db, tenantId, await reportsOf(app.db, { tenantId, managerId: id, top: expandedAtMost })) : await visiblyOwned(app.db, caller, id)
  return shapeObjects(app, caller, found.slice(0, expandedAtMost), select)
}
