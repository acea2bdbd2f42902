/** What changed among people and groups (graph §12): /users/delta, /groups/delta. */
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { DeltaPage, answerDelta } from '../graph/delta.ts'
import type { DeltaSource, Span } from '../graph/delta.ts'
import type { GraphCaller } from '../graph/deciding.ts'
import { permitted } from '../graph/permissions.ts'
import { memberChanges } from '../store/changes.ts'
import { findObjects } from '../store/directory-objects.ts'
import type { DirectoryObject } from '../store/directory-objects.ts'
import { pageOf } from '../store/directory-pages.ts'
import { groupResource } from '../store/group-properties.ts'
import type { GroupRow } from '../store/groups.ts'
import { memberIds } from '../store/memberships.ts'
import { userResource } from '../store/user-properties.ts'
import { parseUser } from '../store/users.ts'
import type { UserRow } from '../store/users.ts'
import { groupProperties, shapeGroup } from './group-shape.ts'
import { selectableProperties, shapeUsers } from './user-shape.ts'
import { hasRole, visibleProperties } from './visible-users.ts'

export function deltaRoutes(server: Server, app: App): void {
  const config = (name: string) => ({ access: permitted('GET', `/${name}/delta`), surface: 'graph' as const })
  const schema = { response: { 200: DeltaPage } }
  server.get('/v1.0/users/delta', { config: config('users'), schema }, (request, reply) => answerDelta(app, request, reply, usersSource(app)))
  server.get('/v1.0/groups/delta', { config: config('groups'), schema }, (request, reply) => answerDelta(app, request, reply, groupsSource(app)))
}

type Shaped = Record<string, unknown> & { id: string }

const usersSource = (app: App): DeltaSource => ({
  kind: 'user', name: 'users', selectable: selectableProperties,
  all: async (caller, { select, after, top }) => {
    const { rows, next } = await pageOf(app.db, userResource, { tenantId: caller.tenantId, after, top })
    return { value: await shapePeople(app, caller, rows.map(parseUser), select), next }
  },
  some: async (caller, ids, { select }) => {
    const objects = await findObjects(app.db, caller.tenantId, ids, { kinds: ['user'] })
    return shapePeople(app, caller, objects.flatMap(one => (one.kind === 'user' ? [one.row] : [])), select)
  },
})

async function shapePeople(app: App, caller: GraphCaller, users: readonly UserRow[], select: string[] | undefined): Promise<Shaped[]> {
  const properties = await visibleProperties(app.db, caller, undefined, select)
  return (await shapeUsers(app, caller.tenantId, users, [...properties, 'id'])) as Shaped[]
}

/** Members of a group told at once; a larger one goes on, under the same id, on the next page. */
const membersAtOnce = 500

const groupsSource = (app: App): DeltaSource => ({
  kind: 'group', name: 'groups', selectable: [...groupProperties, 'members'],
  all: async (caller, { select, after, top }) => {
    // The place is the cursor of the groups, then the group whose members are being told and the last one told.
    const [cursor, group, member] = after ?? []
    const open = group === undefined ? undefined : (await findObjects(app.db, caller.tenantId, [group], { kinds: ['group'] }))[0]
    if (open !== undefined) return continued(app, caller, select, cursor!, open, member)
    const { rows, next } = await pageOf(app.db, groupResource, { tenantId: caller.tenantId, after: cursor ? JSON.parse(cursor) as string[] : undefined, top })
    const value: Shaped[] = []
    for (const row of rows) {
      const told = await withMembers(app, caller, row, select, undefined)
      value.push(told.shaped)
      if (told.last !== undefined) return { value, next: [JSON.stringify(['0', row.id]), row.id, told.last] }
    }
    return { value, next: next && [JSON.stringify(next)] }
  },
  some: async (caller, ids, { select, span }) => {
    const objects = await findObjects(app.db, caller.tenantId, ids, { kinds: ['group'] })
    return Promise.all(objects.flatMap(one => (one.kind === 'group' ? [changedGroup(app, caller, one.row, select, span)] : [])))
  },
})

async function continued(app: App, caller: GraphCaller, select: string[] | undefined, cursor: string, open: DirectoryObject, member: string | undefined) {
  const told = await withMembers(app, caller, open.row as GroupRow, select, member)
  return { value: [told.shaped], next: told.last === undefined ? [cursor] : [cursor, open.id, told.last] }
}

const shapeOf = (group: GroupRow, select: string[] | undefined): Shaped => ({ ...shapeGroup(group, select && [...select, 'id']), id: group.id })

/** Who is in a group that gives roles is for those who hold one (T-84). */
async function tellsMembers(app: App, caller: GraphCaller, group: GroupRow, select: string[] | undefined): Promise<boolean> {
  if (select !== undefined && !select.includes('members')) return false
  return caller.kind === 'application' || !(group.isAssignableToRole || group.visibility === 'HiddenMembership') || hasRole(app.db, caller)
}

async function withMembers(app: App, caller: GraphCaller, group: GroupRow, select: string[] | undefined, after: string | undefined): Promise<{ shaped: Shaped; last: string | undefined }> {
  const shaped = shapeOf(group, select)
  if (!(await tellsMembers(app, caller, group, select))) return { shaped, last: undefined }
  const ids = await memberIds(app.db, { tenantId: group.tenantId, groupId: group.id, after, top: membersAtOnce })
  const members = (await findObjects(app.db, group.tenantId, ids)).map(named)
  return { shaped: { ...shaped, 'members@delta': members }, last: ids.length === membersAtOnce ? ids.at(-1) : undefined }
}

async function changedGroup(app: App, caller: GraphCaller, group: GroupRow, select: string[] | undefined, span: Span): Promise<Shaped> {
  const shaped = shapeOf(group, select)
  if (!(await tellsMembers(app, caller, group, select))) return shaped
  const moved = await memberChanges(app.db, group.tenantId, group.id, { ...span, limit: 10_000 })
  const joined = (await findObjects(app.db, group.tenantId, moved.filter(one => !one.removed).map(one => one.memberId))).map(named)
  // Of what has gone for good the kind is not known any more; the id is what counts.
  const left = moved.filter(one => one.removed).map(one => ({ '@odata.type': '#microsoft.graph.user', id: one.memberId, '@removed': { reason: 'deleted' } }))
  return { ...shaped, 'members@delta': [...joined, ...left] }
}

const named = (object: DirectoryObject) => ({ '@odata.type': `#microsoft.graph.${object.kind}`, id: object.id })
