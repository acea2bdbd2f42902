/**
 * The one way in which a policy is saved over REST: read, changed, checked, written, audited from old to new, and a weakening told to
 * every Global Administrator, in one transaction (T-45). Two writers do not overwrite one another unseen: `If-Match`, or the version read.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { tellGlobalAdministrators } from '../notify/notices.ts'
import { Refusal } from '../refusal.ts'
import type { TenantFacts } from '../rules/facts.ts'
import type { TenantPolicies } from '../rules/tenant-settings.ts'
import { reason } from '../rules/verdict.ts'
import type { Finding } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import type { AuditService } from '../store/audit.ts'
import { gatherTenantFacts } from '../store/facts.ts'
import { readPolicies, writePolicy } from '../store/policies.ts'
import { actorOf, callerFacts, callerId, freshCaller, graphCaller, privilegedCaller, requireRole } from '../graph/deciding.ts'

export interface PolicyDoor<Name extends keyof TenantPolicies> {
  name: Name
  /** What the resource is called over REST, where that is not the policy's own name. */
  shownAs?: string
  writers: readonly string[]
  service: AuditService
  activity: string
  check(next: TenantPolicies[Name], before: TenantPolicies[Name], within: { tenant: TenantFacts; trx: Db }): Finding[] | Promise<Finding[]>
  /** Which of the settings shown by `told` became weaker. */
  weakenings(before: TenantPolicies[Name], next: TenantPolicies[Name]): readonly string[]
  /** The settings as the audit and the notice name them; the policy's own properties when not given. */
  told?(policy: TenantPolicies[Name]): Record<string, unknown>
}

/**
 * @throws Refusal 400 naming the first field at fault, 403 without the role, 412 when somebody else saved meanwhile, 401 `LK_STEP_UP`
 *   for a weakening without a fresh proof
 */
export async function savePolicy<Name extends keyof TenantPolicies>(
  app: App, request: FastifyRequest, door: PolicyDoor<Name>, change: (before: TenantPolicies[Name]) => TenantPolicies[Name],
): Promise<void> {
  const caller = privilegedCaller(app, request)
  const { tenantId } = caller
  await app.db.transaction().execute(async trx => {
    const at = app.now()
    const { caller: facts } = await callerFacts(trx, caller, at)
    requireRole(facts, ...door.writers)
    const tenant = await gatherTenantFacts(trx, tenantId)
    const { versions, ...policies } = await readPolicies(trx, tenantId)
    const before: TenantPolicies[Name] = policies[door.name]
    const next = change(before)
    const told = { before: shownBy(door, before), next: shownBy(door, next) }
    const changed = Object.keys({ ...told.before, ...told.next }).filter(name => JSON.stringify(told.before[name]) !== JSON.stringify(told.next[name]))
    const refused = (await door.check(next, before, { tenant, trx })).filter(one => one.outcome === 'blocks')
    if (refused.length > 0) throw new Refusal(400, refused.map(one => reason(one.code, one.values)), { field: String(refused[0]!.evidence['field'] ?? door.name) })
    if (changed.length === 0) return
    const weaker = door.weakenings(before, next)
    if (weaker.length > 0) freshCaller(app, request)
    const saved = await writePolicy(trx, { tenantId, name: door.name, value: next, by: callerId(caller), at, expectedVersion: versionOf(request) ?? versions[door.name] })
    if (!saved) throw new Refusal(412, [reason('LK_CHANGED_MEANWHILE', { graphCode: 'PreconditionFailed' })])
    const policy = door.shownAs ?? door.name
    const values = (name: string) => ({ displayName: name, oldValue: JSON.stringify(told.before[name] ?? null), newValue: JSON.stringify(told.next[name] ?? null) })
    if (weaker.length > 0) {
      await tellGlobalAdministrators(app, trx, tenantId, 'policyWeakened', {
        actorName: facts.displayName, actorAccount: facts.program?.appId ?? facts.userPrincipalName, policy, time: at,
        changes: weaker.map(name => `${name}: ${values(name).oldValue} → ${values(name).newValue}`).join('; '),
      })
    }
    await appendAudit(trx, {
      tenantId, at, service: door.service, category: 'Policy', activity: door.activity, result: 'success', correlationId: request.correlationId,
      initiatedBy: initiatedBy(actorOf(request, facts)),
      targets: [{ type: 'Policy', id: policy, displayName: policy, modifiedProperties: changed.map(values) }],
      ...(weaker.length > 0 ? { additionalDetails: [{ key: 'weakened', value: weaker.join(', ') }] } : {}),
    })
  })
}

function shownBy<Name extends keyof TenantPolicies>(door: PolicyDoor<Name>, policy: TenantPolicies[Name]): Record<string, unknown> {
  return door.told ? door.told(policy) : { ...policy }
}

/** The version an `If-Match` demands; undefined without one. */
function versionOf(request: FastifyRequest): number | undefined {
  const given = /^(?:W\/)?"(\d{1,9})"$/.exec(String(request.headers['if-match'] ?? ''))?.[1]
  return given === undefined ? undefined : Number(given)
}

/** A tenant's policy for those who may read it, with its version as `ETag` and when it was last saved. */
export async function readPolicyFor<Name extends keyof TenantPolicies>(
  app: App, request: FastifyRequest, reply: FastifyReply, name: Name, readers: readonly string[],
): Promise<{ policy: TenantPolicies[Name]; version: number; savedAt: number | null; tenantId: string }> {
  const { tenantId } = graphCaller(request)
  requireRole((await callerFacts(app.db, graphCaller(request), app.now())).caller, ...readers)
  const { versions, ...policies } = await readPolicies(app.db, tenantId)
  const row = await app.db.selectFrom('policies').select('updatedAt').where('tenantId', '=', tenantId).where('name', '=', name).executeTakeFirst()
  reply.header('etag', `W/"${versions[name]}"`)
  return { policy: policies[name], version: versions[name], savedAt: row?.updatedAt ?? null, tenantId }
}
