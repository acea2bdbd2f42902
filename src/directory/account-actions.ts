/** Latchkey's own actions on accounts (LD-40): verdicts for buttons, unlocking, ending a pause of recovery. */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { recoveryKeysOf } from '../credentials/proof-budget.ts'
import { unlockAccount } from '../credentials/unlock-account.ts'
import { evaluateAdminReset, resetButton } from '../rules/admin-reset-checks.ts'
import { actions, mayActOn } from '../rules/role-matrix.ts'
import type { Action } from '../rules/role-matrix.ts'
import type { Reason } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import { clearKeys } from '../store/limits.ts'
import { gatherAdminFacts } from '../store/facts.ts'
import { reasonText } from '../text.ts'
import { actorOf, decide, privilegedCaller } from '../graph/deciding.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'

const Verdict = Type.Object({
  allowed: Type.Boolean(),
  /** What a page does with the button: shown, shown disabled with the reason, or not there (M-15, M-16). */
  button: Type.String(),
  reasons: Type.Array(Type.Object({ code: Type.String(), message: Type.String(), values: Type.Record(Type.String(), Type.Unknown()) })),
  rolesThatSuffice: Type.Array(Type.String()),
})
const Verdicts = Type.Object({ userId: Type.String(), verdicts: Type.Record(Type.String(), Verdict) })

export function accountActionRoutes(server: Server, app: App): void {
  const config = { access: 'session', surface: 'api' } as const

  server.get('/api/users/:id/verdicts', { config, schema: { params: UserKey, response: { 200: Verdicts } } }, async request => {
    const caller = userCaller(request)
    const user = await requireUser(app.db, caller.tenantId, request.params.id)
    const facts = await gatherAdminFacts(app.db, { tenantId: caller.tenantId, callerId: caller.userId, targetId: user.id, now: app.now() })
    const verdicts = (Object.keys(actions) as Action[]).map(action => {
      const reach = mayActOn(facts.caller, action, facts.target!)
      const reset = action === 'resetPassword' ? evaluateAdminReset(facts) : undefined
      const reasons = reset ? (reset.allowed ? [] : reset.reasons) : reach.reason ? [reach.reason] : []
      const button = action === 'resetPassword' ? resetButton(facts).state : reasons.length === 0 ? 'enabled' : reasons[0]!.code === 'NO_RESET_ROLE' ? 'hidden' : 'disabled'
      return [action, { allowed: reasons.length === 0, button, reasons: reasons.map(one => told(request, one)), rolesThatSuffice: reach.rolesThatSuffice }]
    })
    return { userId: user.id, verdicts: Object.fromEntries(verdicts) }
  })

  server.post('/api/users/:id/unlock', { config: { access: 'recent', surface: 'api' }, schema: { params: UserKey } }, async (request, reply) => {
    const { user, actor, again } = await decided(app, request, request.params.id, 'unlock')
    await unlockAccount(app, { tenantId: user.tenantId, userId: user.id, actor, correlationId: request.correlationId, alsoInTransaction: again })
    return reply.code(204).send()
  })

  server.post('/api/users/:id/clearResetLock', { config: { access: 'recent', surface: 'api' }, schema: { params: UserKey } }, async (request, reply) => {
    const { user, actor, again } = await decided(app, request, request.params.id, 'clearThrottle')
    await app.db.transaction().execute(async trx => {
      await again(trx)
      await clearKeys(trx, user.tenantId, await recoveryKeysOf(app, trx, user.tenantId, user.id))
      await appendAudit(trx, {
        tenantId: user.tenantId, at: app.now(), service: 'Self-service Password Management', category: 'UserManagement',
        activity: 'Clear block from self-service password reset', result: 'success', correlationId: request.correlationId,
        initiatedBy: initiatedBy(actor), targets: [{ type: 'User', id: user.id, displayName: user.displayName }],
      })
    })
    return reply.code(204).send()
  })
}

const told = (request: FastifyRequest, one: Reason) => ({ code: one.code, message: reasonText(request.locale, one), values: one.values ?? {} })

/** Decided now, and again in the transaction that does it (T-41). */
async function decided(app: App, request: FastifyRequest, key: string, action: Action) {
  const caller = privilegedCaller(app, request)
  const user = await requireUser(app.db, caller.tenantId, key)
  const { caller: facts } = await app.db.transaction().execute(trx => decide(trx, caller, [action], user.id, app.now()))
  const again = async (trx: Db) => {
    await decide(trx, caller, [action], user.id, app.now())
  }
  return { user, actor: actorOf(request, facts), again }
}

