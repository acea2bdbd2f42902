/** Who may read and who may change somebody's methods, for others and for oneself (graph §6.3, §6.4, C-11, LD-30). */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import type { Actor } from '../credentials/actor.ts'
import { holdsRole, roles } from '../rules/roles.ts'
import type { UserRow } from '../store/users.ts'
import {
  actorOf, callerFacts, callerId, decide, decidingFacts, forbidden, freshCaller, graphCaller, privilegedCaller, reachFor, requireReachOf,
} from '../graph/deciding.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'

/** Whose methods: the key in the path, or the caller's own. */
export type MethodPath = string | 'me'

const Nothing = Type.Object({})

/** Both ways to the same resource. */
export const bases = [
  { base: '/v1.0/users/:id/authentication', params: UserKey, key: (request: { params: unknown }): MethodPath => (request.params as { id: string }).id },
  { base: '/v1.0/me/authentication', params: Nothing, key: (): MethodPath => 'me' },
] as const

/**
 * Oneself, a Global Reader, whoever may manage this person's methods, or a program with the permission. Numbers and addresses are
 * shown whole to oneself, to programs and to the two roles that may act on anybody; to the others masked (C-11, graph §6.3).
 */
export async function methodReader(app: App, request: FastifyRequest, path: MethodPath): Promise<{ user: UserRow; masked: boolean }> {
  const caller = graphCaller(request)
  const user = await requireUser(app.db, caller.tenantId, path === 'me' ? callerId(caller) : path)
  requireReachOf(caller, user.id)
  if (caller.kind === 'application' || user.id === caller.userId) return { user, masked: false }
  const { caller: facts } = await callerFacts(app.db, caller, app.now())
  const masked = !holdsRole(facts.roles, roles.globalAdministrator, roles.privilegedAuthenticationAdministrator)
  if (holdsRole(facts.roles, roles.globalReader)) return { user, masked }
  const decided = await decidingFacts(app.db, caller, user.id, app.now())
  const reach = reachFor(decided, 'readMethods')
  if (!reach.allowed) throw forbidden(reach.reason!)
  return { user, masked }
}

export interface MethodWriter {
  user: UserRow
  actor: Actor
  /** People change their own under a fresh proof; others' under the matrix. */
  self: boolean
  /** Decides once more, in the transaction that makes the change (T-41). */
  again: (trx: Db) => Promise<void>
}

/**
 * @throws Refusal 401 `LK_STEP_UP` without a fresh proof, 403 with the matrix's reason
 */
export async function methodWriter(app: App, request: FastifyRequest, path: MethodPath): Promise<MethodWriter> {
  const asked = graphCaller(request)
  const user = await requireUser(app.db, asked.tenantId, path === 'me' ? callerId(asked) : path)
  const self = asked.kind === 'user' && asked.userId === user.id
  const caller = self ? freshCaller(app, request) : privilegedCaller(app, request)
  const judge = (trx: Db) => (self ? decidingFacts(trx, caller, user.id, app.now()) : decide(trx, caller, ['manageMethods'], user.id, app.now()))
  const { caller: facts } = await app.db.transaction().execute(judge)
  return {
    user, actor: actorOf(request, facts), self,
    again: async trx => {
      await judge(trx)
    },
  }
}
