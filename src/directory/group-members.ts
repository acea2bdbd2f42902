/** Members and owners: who joins, who leaves, and what that gives them (graph §8, T-40). */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { startMemberAfresh } from '../credentials/start-afresh.ts'
import { collectionOf } from '../graph/answers.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { badRequest, forbidden, graphCaller, notFound, privilegedCaller } from '../graph/deciding.ts'
import type { CallerFacts, GraphCaller } from '../graph/deciding.ts'
import { notOffered, readQuery, requireConsistency } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { Reference, idOfReference } from '../graph/reference.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { findObject, findObjects } from '../store/directory-objects.ts'
import type { DirectoryObject } from '../store/directory-objects.ts'
import { addMember, addOwner, findGroup, listOwners, lockGroup, removeMember, removeOwner } from '../store/groups.ts'
import type { GroupRow, MemberType } from '../store/groups.ts'
import { countMembers, countTransitiveMembers, memberIds, transitiveMemberIds } from '../store/memberships.ts'
import { auditGroup, requireHere } from './group-checks.ts'
import { requireGroup, requireGroupWriter, requireMembersVisible } from './group-rights.ts'
import { AnyObject, selectableOfObjects, shapeObjects } from './object-shape.ts'

const Key = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) })
const CastKey = Type.Object({ ...Key.properties, cast: Type.String({ maxLength: 60 }) })
const MemberKey = Type.Object({ ...Key.properties, memberId: Type.String({ minLength: 1, maxLength: 64 }) })
const offer = { selectable: selectableOfObjects, countable: true } as const
const kinds: Record<string, 'user' | 'group' | 'servicePrincipal'> = { user: 'user', group: 'group', serviceprincipal: 'servicePrincipal' }

type Relation = 'members' | 'transitiveMembers' | 'owners'

export function groupMemberRoutes(server: Server, app: App): void {
  for (const relation of ['members', 'transitiveMembers', 'owners'] as const) {
    const config = { access: permitted('GET', `/groups/{id}/${relation}`), surface: 'graph' } as const
    const response = { 200: collectionOf(AnyObject) }
    server.get(`/v1.0/groups/:id/${relation}`, { config, schema: { params: Key, response } }, async request => answerRelation(app, request, relation, undefined))
    server.get(`/v1.0/groups/:id/${relation}/:cast`, { config, schema: { params: CastKey, response } }, async request =>
      answerRelation(app, request, relation, (request.params as { cast: string }).cast))
    server.get(`/v1.0/groups/:id/${relation}/$count`, { config, schema: { params: Key } }, async (request, reply) => {
      const caller = graphCaller(request)
      requireConsistency(request)
      const group = await requireGroup(app.db, caller.tenantId, request.params.id)
      await requireMembersVisible(app.db, caller, group)
      return reply.type('text/plain').send(String(await countRelation(app.db, group, relation, undefined)))
    })
  }

  for (const relation of ['members', 'owners'] as const) {
    const writing = (method: string, path: string) => ({ config: { access: permitted(method, path), surface: 'graph' as const } })
    server.post(`/v1.0/groups/:id/${relation}/$ref`, { ...writing('POST', `/groups/{id}/${relation}`), schema: { params: Key, body: Reference } }, async (request, reply) => {
      await changeGroup(app, request, request.params.id, async (trx, { group, caller, facts }) => {
        const joined = await join(app, trx, { group, caller, relation, memberId: idOfReference(request.body['@odata.id'], '@odata.id') })
        await auditJoining(app, trx, request, { group, facts, relation, joined })
      })
      return reply.code(204).send()
    })

    server.delete(`/v1.0/groups/:id/${relation}/:memberId/$ref`, { ...writing('DELETE', `/groups/{id}/${relation}/{id}`), schema: { params: MemberKey } }, async (request, reply) => {
      await changeGroup(app, request, request.params.id, (trx, { group, facts }) => leave(app, trx, request, { group, facts, relation, memberId: request.params.memberId.toLowerCase() }))
      return reply.code(204).send()
    })
  }
}

interface Changing {
  group: GroupRow
  caller: GraphCaller
  facts: CallerFacts
}

/** Everything that changes a group happens with its row held, decided on the group as it is then (T-41). */
export async function changeGroup(app: App, request: FastifyRequest, key: string, change: (trx: Db, changing: Changing) => Promise<void>): Promise<void> {
  const caller = privilegedCaller(app, request)
  const { id } = await requireGroup(app.db, caller.tenantId, key)
  await app.db.transaction().execute(async trx => {
    await lockGroup(trx, caller.tenantId, id)
    const group = await findGroup(trx, caller.tenantId, id)
    if (!group) throw notFound()
    const facts = await requireGroupWriter(trx, caller, group, app.now())
    requireHere(group)
    await change(trx, { group, caller, facts })
  })
}

interface Joining extends Changing {
  relation: 'members' | 'owners'
  memberId: string
}

/**
 * To be followed by `auditJoining`, after everybody who joins in the same transaction: people are locked before the audit's end is.
 * @throws Refusal 400 for somebody who is there already, for nobody, and for a group where none may be; 403 for a program that raises itself (T-42)
 */
export async function join(app: App, trx: Db, { group, caller, relation, memberId }: Omit<Joining, 'facts'>): Promise<DirectoryObject> {
  const { tenantId } = group
  if (group.isAssignableToRole && caller.kind === 'application' && memberId === caller.servicePrincipalId) throw forbidden(reason('SELF'))
  const object = await findObject(trx, tenantId, memberId, { kinds: ['user', 'group', 'servicePrincipal'] })
  if (!object || object.id === group.id) throw badRequest('LK_REFERENCE_INVALID', { property: relation, example: '…/v1.0/directoryObjects/{id}' }, relation)
  if (relation === 'members') requireNesting(group, object)
  else if (object.kind === 'group') throw badRequest('LK_REFERENCE_INVALID', { property: 'owners', example: '…/v1.0/users/{id}' }, 'owners')
  const added = relation === 'members' ? await addMember(trx, { tenantId, groupId: group.id, memberId, memberType: object.kind as MemberType }) : await addOwner(trx, { tenantId, groupId: group.id, ownerId: memberId })
  if (!added) throw new Refusal(400, [reason('LK_REFERENCE_EXISTS', { property: relation })], { field: relation })
  const self = caller.kind === 'user' && caller.token === undefined ? { userId: caller.userId, session: caller.session.idHash } : undefined
  if (relation === 'members') await startMemberAfresh(trx, { tenantId, groupId: group.id, memberId, self, at: app.now() })
  return object
}

export function auditJoining(app: App, trx: Db, request: FastifyRequest, { group, facts, relation, joined }: Pick<Joining, 'group' | 'facts' | 'relation'> & { joined: DirectoryObject }): Promise<void> {
  return auditGroup(app, trx, request, facts, group, relation === 'members' ? 'Add member to group' : 'Add owner to group', { other: named(joined) })
}

/** A group that can hold roles has no groups inside and is in none: who gets its roles must be plain to see (T-40). */
function requireNesting(group: GroupRow, member: DirectoryObject): void {
  if (member.kind !== 'group') return
  if (group.isAssignableToRole || member.row.isAssignableToRole) throw badRequest('LK_GROUP_NESTING', {}, 'members')
}

async function leave(app: App, trx: Db, request: FastifyRequest, { group, facts, relation, memberId }: Omit<Joining, 'caller'>): Promise<void> {
  const { tenantId, id: groupId } = group
  const removed = relation === 'members' ? await removeMember(trx, { tenantId, groupId, memberId }) : await removeOwner(trx, { tenantId, groupId, ownerId: memberId })
  if (!removed) throw notFound()
  const object = await findObject(trx, tenantId, memberId)
  await auditGroup(app, trx, request, facts, group, relation === 'members' ? 'Remove member from group' : 'Remove owner from group', { other: object ? named(object) : { type: 'Other', id: memberId, displayName: memberId } })
}

const types = { user: 'User', group: 'Group', application: 'Application', servicePrincipal: 'ServicePrincipal' } as const
const named = (object: DirectoryObject) => ({ type: types[object.kind], id: object.id, displayName: object.row.displayName })

async function answerRelation(app: App, request: FastifyRequest, relation: Relation, cast: string | undefined) {
  const caller = graphCaller(request)
  const query = readQuery(request, offer)
  const kind = cast === undefined ? undefined : kinds[cast.toLowerCase()]
  if (cast !== undefined && kind === undefined) throw notOffered(cast, ['microsoft.graph.user', 'microsoft.graph.group', 'microsoft.graph.servicePrincipal'])
  const group = await requireGroup(app.db, caller.tenantId, request.params ? (request.params as { id: string }).id : '')
  await requireMembersVisible(app.db, caller, group)
  const paged = { request, caller, name: `groups/${group.id}/${relation}/${kind ?? ''}`, query }
  const ids = await idsOf(app.db, group, relation, { after: startOf(app, paged)?.[0], top: query.top, kind })
  const objects = await findObjects(app.db, caller.tenantId, ids, kind === undefined ? {} : { kinds: [kind] })
  return answerCollection(app, paged, kind === undefined ? 'directoryObjects' : `${kind}s`, {
    value: await shapeObjects(app, caller, objects, query.select), next: ids.length === query.top ? [ids.at(-1)!] : undefined,
    count: () => countRelation(app.db, group, relation, kind),
  })
}

async function idsOf(db: Db, { tenantId, id: groupId }: GroupRow, relation: Relation, { after, top, kind }: { after: string | undefined; top: number; kind?: string | undefined }): Promise<string[]> {
  if (relation === 'members') return memberIds(db, { tenantId, groupId, after, top, kind })
  if (relation === 'transitiveMembers') return transitiveMemberIds(db, { tenantId, groupId, after, top, kind })
  return (await listOwners(db, tenantId, groupId)).filter(id => after === undefined || id > after).slice(0, top)
}

async function countRelation(db: Db, { tenantId, id: groupId }: GroupRow, relation: Relation, kind: string | undefined): Promise<number> {
  if (relation === 'members') return countMembers(db, { tenantId, groupId, kind })
  if (relation === 'transitiveMembers') return countTransitiveMembers(db, { tenantId, groupId, kind })
  return (await findObjects(db, tenantId, await listOwners(db, tenantId, groupId))).filter(one => kind === undefined || one.kind === kind).length
}

/** For $expand: the first of a relation. */
export async function firstOf(app: App, caller: GraphCaller, group: GroupRow, relation: Relation, most: number, select: string[] | undefined): Promise<Record<string, unknown>[]> {
  await requireMembersVisible(app.db, caller, group)
  const ids = await idsOf(app.db, group, relation, { after: undefined, top: most })
  return shapeObjects(app, caller, await findObjects(app.db, caller.tenantId, ids), select)
}
