/** Roles that somebody holds, and who holds them (graph §8): two views of one list of assignments. */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { roleName, roleTemplates } from '../rules/roles.ts'
import { listRoleAssignments, usersWithRole } from '../store/roles.ts'
import { listUsers } from '../store/users.ts'
import { Nullable, collectionOf, odataContext } from '../graph/answers.ts'
import { callerFacts, notFound } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { requireDirectoryReader } from '../graph/readers.ts'
import { access } from '../graph/permissions.ts'
import { User, basicProperties, shapeUsers } from './user-shape.ts'

const Role = Type.Object({
  id: Type.String(), deletedDateTime: Nullable(Type.String()), description: Nullable(Type.String()), displayName: Type.String(), roleTemplateId: Type.String(),
})

/** For built-in roles the id is the template's. */
const shapeRole = (id: string) => ({ id, deletedDateTime: null, description: null, displayName: roleName(id), roleTemplateId: id })

const Member = Type.Object({ '@odata.type': Type.String(), ...User.properties })

export function directoryRoleRoutes(server: Server, app: App): void {
  const config = { access: access.readRoles, surface: 'graph' } as const

  server.get('/v1.0/directoryRoles', { config, schema: { response: { 200: collectionOf(Role) } } }, async request => {
    const { tenantId } = userCaller(request)
    requireDirectoryReader((await callerFacts(app.db, userCaller(request), app.now())).caller)
    readQuery(request, { selectable: Object.keys(Role.properties), pageable: false })
    const ids = await rolesInUse(app, tenantId)
    return { '@odata.context': odataContext(request, 'directoryRoles'), value: ids.map(shapeRole) }
  })

  const schema = { params: Type.Object({ id: Type.String({ maxLength: 64 }) }), response: { 200: collectionOf(Member) } }
  server.get('/v1.0/directoryRoles/:id/members', { config, schema }, async request => {
    const { tenantId } = userCaller(request)
    requireDirectoryReader((await callerFacts(app.db, userCaller(request), app.now())).caller)
    const { id } = request.params
    if (!roleTemplates.has(id) && !(await rolesInUse(app, tenantId)).includes(id)) throw notFound()
    const users = await listUsers(app.db, { tenantId, top: 999, filter: { ids: await usersWithRole(app.db, tenantId, id) } })
    const value = (await shapeUsers(app, tenantId, users, basicProperties)).map(user => ({ '@odata.type': '#microsoft.graph.user', ...user }))
    return { '@odata.context': odataContext(request, 'directoryObjects'), value }
  })
}

/** A role is there once it has been given to somebody (graph §8). */
async function rolesInUse(app: App, tenantId: string): Promise<string[]> {
  const found = new Set<string>()
  let after: string | undefined
  for (;;) {
    const page = await listRoleAssignments(app.db, { tenantId, after, top: 999 })
    for (const one of page) found.add(one.roleDefinitionId)
    if (page.length < 999) return [...found].toSorted()
    after = page.at(-1)!.id
  }
}
