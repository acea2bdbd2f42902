/** Objects of several kinds in one list, each with its type (graph §2.2): members, owners, memberships, deleted items. */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import { collectionOf, instant, pick } from '../graph/answers.ts'
import type { GraphCaller } from '../graph/deciding.ts'
import { roleName } from '../rules/roles.ts'
import type { DirectoryObject } from '../store/directory-objects.ts'
import type { UserRow } from '../store/users.ts'
import { groupProperties, shapeGroup } from './group-shape.ts'
import { basicProperties, defaultProperties, selectableProperties, shapeUsers } from './user-shape.ts'
import { seesProfiles } from './visible-users.ts'

/** Which properties an object has depends on its kind, so the schema names none. */
export const AnyObject = Type.Record(Type.String(), Type.Any())
export const ObjectCollection = collectionOf(AnyObject)

const programProperties = ['id', 'deletedDateTime', 'accountEnabled', 'appId', 'createdDateTime', 'description', 'displayName', 'notes', 'servicePrincipalType', 'signInAudience', 'tags', 'uniqueName'] as const

/** What can be asked of objects of any kind; a property that a kind does not have is left out for it. */
export const selectableOfObjects: readonly string[] = [...new Set([...selectableProperties, ...groupProperties, ...programProperties, 'roleTemplateId'])]

/**
 * In the order given. People appear as far as the caller sees them: others' contact data is not told on the way through a group (T-84).
 */
export async function shapeObjects(app: App, caller: GraphCaller, objects: readonly DirectoryObject[], select?: readonly string[]): Promise<Record<string, unknown>[]> {
  const users = objects.flatMap(one => (one.kind === 'user' ? [one.row] : []))
  const shaped = await shapedUsers(app, caller, users, select)
  return objects.map(one => ({ '@odata.type': `#microsoft.graph.${one.kind}`, ...(one.kind === 'user' ? shaped.get(one.id) : chosen(shapeOther(one), select)) }))
}

async function shapedUsers(app: App, caller: GraphCaller, users: readonly UserRow[], select: readonly string[] | undefined): Promise<Map<string, object>> {
  if (users.length === 0) return new Map()
  const visible: readonly string[] = (await seesProfiles(app.db, caller)) ? (select ?? defaultProperties) : basicProperties
  const shaped = await shapeUsers(app, caller.tenantId, users, select ? visible.filter(name => select.includes(name)) : visible)
  return new Map(users.map((user, at) => [user.id, shaped[at]!]))
}

const chosen = (shape: object, select: readonly string[] | undefined): object => (select === undefined ? shape : pick(shape, select))

function shapeOther(one: Exclude<DirectoryObject, { kind: 'user' }>): object {
  if (one.kind === 'group') return shapeGroup(one.row)
  const document = JSON.parse(one.row.document) as Record<string, unknown>
  const common = {
    id: one.id, deletedDateTime: instant(one.row.deletedDateTime), appId: one.row.appId, displayName: one.row.displayName,
    description: document['description'] ?? null, notes: document['notes'] ?? null, tags: document['tags'] ?? [],
  }
  if (one.kind === 'application') {
    return { ...common, createdDateTime: instant(one.row.createdDateTime), signInAudience: document['signInAudience'] ?? null, uniqueName: one.row.uniqueName }
  }
  return { ...common, accountEnabled: one.row.accountEnabled, servicePrincipalType: document['servicePrincipalType'] ?? 'Application' }
}

/** A role that somebody is in, as a membership. */
export const shapeRoleMembership = (roleTemplateId: string, select?: readonly string[]): Record<string, unknown> => ({
  '@odata.type': '#microsoft.graph.directoryRole',
  ...chosen({ id: roleTemplateId, deletedDateTime: null, description: null, displayName: roleName(roleTemplateId), roleTemplateId }, select),
})
