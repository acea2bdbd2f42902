/** Groups: list, make, read, change, delete (graph §8). */
import { randomUUID } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { collectionOf, odataContext } from '../graph/answers.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { callerId, graphCaller, privilegedCaller } from '../graph/deciding.ts'
import type { GraphCaller } from '../graph/deciding.ts'
import { expandedAtMost } from '../graph/odata-expand.ts'
import type { Filter } from '../graph/odata-filter.ts'
import { readQuery, requireConsistency } from '../graph/odata-query.ts'
import type { Query } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { idOfReference } from '../graph/reference.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { countOf, pageOf } from '../store/directory-pages.ts'
import { groupProperties as filterable, groupResource, searchedOfGroups } from '../store/group-properties.ts'
import { countGroups, findGroup, insertGroup, softDeleteGroup, updateGroup } from '../store/groups.ts'
import type { DirectoryObject } from '../store/directory-objects.ts'
import type { GroupRow } from '../store/groups.ts'
import { PatchGroup, PostGroup, plainGroupProperties, requireOurKind, requireUnchanged } from './group-bodies.ts'
import { auditGroup } from './group-checks.ts'
import { auditJoining, changeGroup, firstOf, join } from './group-members.ts'
import { requireGroup, requireGroupWriter } from './group-rights.ts'
import { Group, expandableOfGroups, groupProperties, shapeGroup } from './group-shape.ts'
import { firstMemberships } from './memberships.ts'
import { selectableOfObjects } from './object-shape.ts'

const Key = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) })
const bodyLimit = 1024 * 1024
const expandable = Object.fromEntries(expandableOfGroups.map(name => [name, selectableOfObjects]))
const one = { selectable: groupProperties, pageable: false, expandable }
const many = { selectable: groupProperties, orderable: ['displayName'], countable: true, filterable, searchable: searchedOfGroups, expandable } as const

export function groupRoutes(server: Server, app: App): void {
  const line = (method: string, path: string) => ({ access: permitted(method, path), surface: 'graph' as const })

  server.get('/v1.0/groups', { config: line('GET', '/groups'), schema: { response: { 200: collectionOf(Group) } } }, async request => {
    const caller = graphCaller(request)
    const query = readQuery(request, many)
    const paged = { request, caller, name: 'groups', query }
    const orderBy = query.orderBy && { column: 'displayNameLower', descending: query.orderBy.descending }
    const { rows, next } = await pageOf(app.db, groupResource, { tenantId: caller.tenantId, filter: query.filter, orderBy, after: startOf(app, paged), top: query.top })
    const value = await Promise.all(rows.map(group => shapeWhole(app, caller, group, query)))
    return answerCollection(app, paged, 'groups', { value, next, count: () => countMatches(app, caller, query.filter) })
  })

  server.get('/v1.0/groups/$count', { config: line('GET', '/groups') }, async (request, reply) => {
    requireConsistency(request)
    const query = readQuery(request, { ...many, pageable: false, expandable: {} })
    return reply.type('text/plain').send(String(await countMatches(app, graphCaller(request), query.filter)))
  })

  server.get('/v1.0/groups/:id', { config: line('GET', '/groups/{id}'), schema: { params: Key, response: { 200: Group } } }, async request => {
    const caller = graphCaller(request)
    const query = readQuery(request, one)
    const group = await requireGroup(app.db, caller.tenantId, request.params.id)
    return { '@odata.context': odataContext(request, query.select ? `groups(${query.select.join(',')})/$entity` : 'groups/$entity'), ...(await shapeWhole(app, caller, group, query)) }
  })

  server.post('/v1.0/groups', { config: line('POST', '/groups'), bodyLimit, schema: { body: PostGroup, response: { 201: Group } } }, async (request, reply) => {
    const group = await makeGroup(app, request, request.body)
    reply.code(201).header('location', `${request.origin}/v1.0/groups/${group.id}`)
    return { '@odata.context': odataContext(request, 'groups/$entity'), ...shapeGroup(group) }
  })

  server.patch('/v1.0/groups/:id', { config: line('PATCH', '/groups/{id}'), bodyLimit, schema: { params: Key, body: PatchGroup } }, async (request, reply) => {
    const { body } = request
    requireOurKind(body)
    await changeGroup(app, request, request.params.id, async (trx, changing) => {
      const { group, facts } = changing
      requireUnchanged(body, group)
      const joined = await joinAll(app, trx, changing, 'members', body['members@odata.bind'])
      const changes = Object.fromEntries(plainGroupProperties.filter(name => body[name] !== undefined && body[name] !== group[name]).map(name => [name, body[name]]))
      if (Object.keys(changes).length > 0) {
        await updateGroup(trx, group.tenantId, group.id, changes)
        const modifiedProperties = Object.entries(changes).map(([name, value]) => ({ displayName: name, oldValue: JSON.stringify(group[name as keyof GroupRow]), newValue: JSON.stringify(value) }))
        await auditGroup(app, trx, request, facts, group, 'Update group', { modifiedProperties })
      }
      for (const one of joined) await auditJoining(app, trx, request, { group, facts, ...one })
    })
    return reply.code(204).send()
  })

  server.delete('/v1.0/groups/:id', { config: line('DELETE', '/groups/{id}'), schema: { params: Key } }, async (request, reply) => {
    await deleteGroup(app, request, request.params.id)
    return reply.code(204).send()
  })
}

/** To the deleted items; what it gave its members is gone at once. */
export async function deleteGroup(app: App, request: FastifyRequest, key: string): Promise<void> {
  await changeGroup(app, request, key, async (trx, { group, facts }) => {
    await softDeleteGroup(trx, group.tenantId, group.id, app.now())
    await auditGroup(app, trx, request, facts, group, 'Delete group')
  })
}

async function makeGroup(app: App, request: FastifyRequest, body: Static<typeof PostGroup>): Promise<GroupRow> {
  const caller = privilegedCaller(app, request)
  const { tenantId } = caller
  requireOurKind(body)
  const id = randomUUID()
  const plain = Object.fromEntries(plainGroupProperties.filter(name => body[name] !== undefined).map(name => [name, body[name]]))
  return asClash(app.db.transaction().execute(async trx => {
    const isAssignableToRole = body.isAssignableToRole ?? false
    const facts = await requireGroupWriter(trx, caller, { id: '', isAssignableToRole }, app.now())
    await insertGroup(trx, {
      tenantId, id, displayName: body.displayName, mailNickname: body.mailNickname, description: null, onPremisesImmutableId: null, deletedDateTime: null,
      createdDateTime: app.now(), ...plain, isAssignableToRole, uniqueName: body.uniqueName ?? null,
    })
    const group = (await findGroup(trx, tenantId, id))!
    const changing = { group, caller, facts }
    // Whoever makes a group owns it; a program does not, as upstream.
    const owned = body['owners@odata.bind'] === undefined && caller.kind === 'user' && !isAssignableToRole ? [`/users/${callerId(caller)}`] : body['owners@odata.bind']
    const joined = [...(await joinAll(app, trx, changing, 'owners', owned)), ...(await joinAll(app, trx, changing, 'members', body['members@odata.bind']))]
    await auditGroup(app, trx, request, facts, group, 'Add group')
    for (const one of joined) await auditJoining(app, trx, request, { group, facts, ...one })
    return group
  }))
}

type Joined = { relation: 'members' | 'owners'; joined: DirectoryObject }

async function joinAll(app: App, trx: Db, changing: { group: GroupRow; caller: GraphCaller }, relation: Joined['relation'], addresses: readonly string[] = []): Promise<Joined[]> {
  const all: Joined[] = []
  for (const address of addresses) all.push({ relation, joined: await join(app, trx, { ...changing, relation, memberId: idOfReference(address, `${relation}@odata.bind`) }) })
  return all
}

/** A unique name somebody gave: 400 with ObjectConflict (LD-49). */
async function asClash<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isUniqueViolation(error)) throw new Refusal(400, [reason('LK_CONFLICT', { graphCode: 'Request_BadRequest' })], { field: 'uniqueName' })
    throw error
  }
}

const countMatches = (app: App, { tenantId }: GraphCaller, filter: Filter | undefined): Promise<number> =>
  filter === undefined ? countGroups(app.db, tenantId) : countOf(app.db, groupResource, { tenantId, filter })

async function shapeWhole(app: App, caller: GraphCaller, group: GroupRow, { select, expand }: Query): Promise<Static<typeof Group>> {
  const shaped = shapeGroup(group, select)
  if (expand === undefined) return shaped
  const relationship = expand.relationship as (typeof expandableOfGroups)[number]
  const value = relationship === 'memberOf' || relationship === 'transitiveMemberOf'
    ? await firstMemberships(app, caller, { id: group.id, kind: 'group' }, relationship, expandedAtMost, expand.select)
    : await firstOf(app, caller, group, relationship, expandedAtMost, expand.select)
  return { ...shaped, [relationship]: value }
}

