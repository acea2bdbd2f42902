/** /beta/policies/passwordResetPolicy and the preview of what a change does to people (sspr §2.7, A-04, T-45). */
import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { initiatedBy } from '../credentials/actor.ts'
import { tellGlobalAdministrators } from '../notify/notices.ts'
import { Refusal } from '../refusal.ts'
import type { TenantFacts } from '../rules/facts.ts'
import { validatePasswordResetPolicy } from '../rules/policy-checks.ts'
import type { PasswordResetPolicy } from '../rules/tenant-settings.ts'
import { reason } from '../rules/verdict.ts'
import { appendAudit } from '../store/audit.ts'
import { gatherTenantFacts } from '../store/facts.ts'
import { findGroup } from '../store/groups.ts'
import { readPolicies, writePolicy } from '../store/policies.ts'
import { Nullable, odataContext } from '../graph/answers.ts'
import { actorOf, callerFacts, callerId, freshCaller, graphCaller, privilegedCaller, requireRole } from '../graph/deciding.ts'
import { permittedHere } from '../graph/permissions.ts'
import { weakeningsOf } from '../rules/policy-weakening.ts'
import { peopleBelow } from './policy-impact.ts'
import type { FallsBelow } from './policy-impact.ts'
import { policyReaders, policyWriters } from '../graph/readers.ts'

const Question = Type.Object({ id: Type.String({ maxLength: 64 }), text: Nullable(Type.String({ maxLength: 200 })) }, { additionalProperties: false })
const settings = {
  enablementType: Type.Union([Type.Literal(0), Type.Literal(1), Type.Literal(2)]),
  passwordResetEnabledGroupIds: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 20 }),
  numberOfAuthenticationMethodsRequired: Type.Integer(),
  mobileAppNotificationEnabled: Type.Boolean(),
  mobileAppCodeEnabled: Type.Boolean(),
  emailOptionEnabled: Type.Boolean(),
  mobilePhoneOptionEnabled: Type.Boolean(),
  officePhoneOptionEnabled: Type.Boolean(),
  securityQuestionsOptionEnabled: Type.Boolean(),
  numberOfQuestionsToRegister: Type.Integer(),
  numberOfQuestionsToReset: Type.Integer(),
  securityQuestions: Type.Array(Question, { maxItems: 60 }),
  registrationRequiredOnSignIn: Type.Boolean(),
  registrationReconfirmIntevalInDays: Type.Integer(),
  skipRegistrationAllowed: Type.Boolean(),
  skipRegistrationMaxAllowedDays: Type.Integer(),
  notifyUsersOnPasswordReset: Type.Boolean(),
  notifyOnAdminPasswordReset: Type.Boolean(),
  customizeHelpdeskLink: Type.Boolean(),
  customHelpdeskEmailOrUrl: Nullable(Type.String({ maxLength: 500 })),
} as const satisfies Record<keyof PasswordResetPolicy, TSchema>

const optional = Object.fromEntries(Object.entries(settings).map(([name, schema]) => [name, Type.Optional(schema)])) as {
  [K in keyof typeof settings]: ReturnType<typeof Type.Optional<(typeof settings)[K]>>
}
const Patch = Type.Object({ '@odata.type': Type.Optional(Type.String()), ...optional }, { additionalProperties: false })
type PolicyPatch = Partial<PasswordResetPolicy> & Static<typeof Patch>

const Warning = Type.Object({ code: Type.String(), field: Nullable(Type.String()) })
const Answer = Type.Object({
  '@odata.context': Type.String(), id: Type.String(), version: Type.Integer(), lastModifiedDateTime: Nullable(Type.String()), ...settings,
  warnings: Type.Array(Warning),
})
const Person = Type.Object({ id: Type.String(), userPrincipalName: Type.String(), displayName: Type.String(), usable: Type.Integer(), required: Type.Integer() })
const Impact = Type.Object({ count: Type.Integer(), more: Type.Boolean(), people: Type.Array(Person), findings: Type.Array(Type.Object({ code: Type.String(), outcome: Type.String(), field: Nullable(Type.String()) })) })

const path = '/beta/policies/passwordResetPolicy'
const readers = permittedHere(['Policy.Read.All', 'Policy.ReadWrite.AuthenticationMethod'])
const writers = permittedHere(['Policy.ReadWrite.AuthenticationMethod'])
/** How many of those who would fall below are named in a preview; all of them are counted. */
const shownPeople = 200

export function passwordResetPolicyRoutes(server: Server, app: App): void {
  server.get(path, { config: { access: readers, surface: 'graph' }, schema: { response: { 200: Answer } } }, async (request, reply) => {
    const { caller } = await callerFacts(app.db, graphCaller(request), app.now())
    requireRole(caller, ...policyReaders)
    const answer = await policyAnswer(app.db, request, [])
    reply.header('etag', `W/"${answer.version}"`)
    return answer
  })

  const Confirm = Type.Object({ impactConfirmed: Type.Optional(Type.Boolean()) })
  server.patch(path, { config: { access: writers, surface: 'graph' }, schema: { body: Patch, querystring: Confirm, response: { 200: Answer } } }, async request => {
    const caller = privilegedCaller(app, request)
    const now = app.now()
    const { caller: facts, tenant } = await callerFacts(app.db, caller, now)
    requireRole(facts, ...policyWriters)
    // Whoever would fall below the number is looked for before the transaction: it may take a while.
    const below: string[] = []
    for await (const { id } of peopleBelow(app, tenant, merge(tenant.passwordResetPolicy, request.body))) below.push(id)
    const warnings = await app.db.transaction().execute(async trx => {
      requireRole((await callerFacts(trx, caller, now)).caller, ...policyWriters)
      return save(app, trx, request, { below, confirmed: request.query.impactConfirmed ?? false })
    })
    return policyAnswer(app.db, request, warnings)
  })

  server.post('/api/policies/passwordResetPolicy/impact', { config: { access: 'session', surface: 'api' }, schema: { body: Patch, response: { 200: Impact } } }, async request => {
    const { caller, tenant } = await callerFacts(app.db, userCaller(request), app.now())
    requireRole(caller, ...policyWriters)
    const next = merge(tenant.passwordResetPolicy, request.body)
    const below: string[] = []
    const people: FallsBelow[] = []
    for await (const one of peopleBelow(app, tenant, next)) {
      below.push(one.id)
      if (people.length < shownPeople) people.push(one)
    }
    const findings = await judge(app.db, tenant, next, below, true)
    return { count: below.length, more: below.length > people.length, people, findings: findings.filter(one => one.outcome !== 'ok').map(one => ({ code: one.code, outcome: one.outcome, field: fieldOf(one.evidence) })) }
  })
}

const fieldOf = (evidence: Record<string, unknown>): string | null => (typeof evidence['field'] === 'string' ? evidence['field'] : null)

function merge(before: PasswordResetPolicy, patch: PolicyPatch): PasswordResetPolicy {
  const { '@odata.type': _, ...change } = patch
  return { ...before, ...change }
}

async function judge(db: Db, tenant: TenantFacts, next: PasswordResetPolicy, fallBelow: readonly string[], impactConfirmed: boolean) {
  const id = next.passwordResetEnabledGroupIds[0]
  const group = id === undefined ? undefined : await findGroup(db, tenant.id, id)
  const members = group
    ? Number((await db.selectFrom('groupMembers').select(eb => eb.fn.countAll<number>().as('count')).where('tenantId', '=', tenant.id).where('groupId', '=', group.id).executeTakeFirstOrThrow()).count)
    : 0
  const helpdesk = next.customHelpdeskEmailOrUrl?.replace(/^mailto:/i, '').toLowerCase()
  const own = helpdesk === undefined ? undefined : await db.selectFrom('users').select('mailLower').where('tenantId', '=', tenant.id).where('mailLower', '=', helpdesk).executeTakeFirst()
  return validatePasswordResetPolicy(next, {
    group: group ? { id: group.id, members } : null, fallBelow, impactConfirmed, primaryAddresses: own?.mailLower ? [own.mailLower] : [],
    methodsPolicy: tenant.authenticationMethodsPolicy,
  })
}

/** Merges, checks, writes, audits old and new, and tells the Global Administrators of a weakening, in one transaction (T-45). */
async function save(
  app: App, trx: Db, request: FastifyRequest, impact: { below: readonly string[]; confirmed: boolean },
): Promise<{ code: string; field: string | null }[]> {
  const caller = privilegedCaller(app, request)
  const at = app.now()
  const tenant = await gatherTenantFacts(trx, caller.tenantId)
  const { versions } = await readPolicies(trx, caller.tenantId)
  const before = tenant.passwordResetPolicy
  const next = merge(before, request.body as PolicyPatch)
  const findings = await judge(trx, tenant, next, impact.below, impact.confirmed)
  const blocking = findings.filter(one => one.outcome === 'blocks')
  if (blocking.length > 0) {
    throw new Refusal(400, blocking.map(one => reason(one.code, one.values)), { field: fieldOf(blocking[0]!.evidence) ?? 'policy' })
  }
  const expectedVersion = versionOf(request) ?? versions.passwordResetPolicy
  const saved = await writePolicy(trx, { tenantId: caller.tenantId, name: 'passwordResetPolicy', value: next, by: callerId(caller), at, expectedVersion })
  if (!saved) throw new Refusal(412, [reason('LK_CHANGED_MEANWHILE', { graphCode: 'PreconditionFailed' })])
  const { caller: facts } = await callerFacts(trx, caller, at)
  const weaker = weakeningsOf(before, next)
  if (weaker.length > 0) {
    freshCaller(app, request)
    await tellGlobalAdministrators(app, trx, caller.tenantId, 'policyWeakened', {
      actorName: facts.displayName, actorAccount: facts.program?.appId ?? facts.userPrincipalName, policy: 'passwordResetPolicy',
      changes: weaker.map(name => `${name}: ${JSON.stringify(before[name])} → ${JSON.stringify(next[name])}`).join('; '), time: at,
    })
  }
  await auditPolicy(trx, request, { tenantId: caller.tenantId, at, before, next, by: initiatedBy(actorOf(request, facts)), weaker })
  return findings.filter(one => one.outcome === 'warns').map(one => ({ code: one.code, field: fieldOf(one.evidence) }))
}

/** The version an `If-Match` demands; undefined without one. */
function versionOf(request: FastifyRequest): number | undefined {
  const given = /^(?:W\/)?"(\d{1,9})"$/.exec(String(request.headers['if-match'] ?? ''))?.[1]
  return given === undefined ? undefined : Number(given)
}

async function auditPolicy(trx: Db, request: FastifyRequest, change: {
  tenantId: string; at: number; before: PasswordResetPolicy; next: PasswordResetPolicy; by: ReturnType<typeof initiatedBy>; weaker: readonly string[]
}): Promise<void> {
  const { tenantId, at, before, next, by, weaker } = change
  const names = (Object.keys(next) as (keyof PasswordResetPolicy)[]).filter(name => JSON.stringify(before[name]) !== JSON.stringify(next[name]))
  await appendAudit(trx, {
    tenantId, at, service: 'Self-service Password Management', category: 'DirectoryManagement', activity: 'Self-service password reset policy changes',
    result: 'success', correlationId: request.correlationId, initiatedBy: by,
    targets: [{
      type: 'Policy', id: 'passwordResetPolicy', displayName: 'passwordResetPolicy',
      modifiedProperties: names.map(name => ({ displayName: name, oldValue: JSON.stringify(before[name]), newValue: JSON.stringify(next[name]) })),
    }],
    ...(weaker.length > 0 ? { additionalDetails: [{ key: 'weakened', value: weaker.join(', ') }] } : {}),
  })
}

async function policyAnswer(db: Db, request: FastifyRequest, warnings: { code: string; field: string | null }[]) {
  const { tenantId } = graphCaller(request)
  const row = await db.selectFrom('policies').select('updatedAt').where('tenantId', '=', tenantId).where('name', '=', 'passwordResetPolicy').executeTakeFirst()
  const { passwordResetPolicy, versions } = await readPolicies(db, tenantId)
  return {
    '@odata.context': odataContext(request, 'policies/passwordResetPolicy/$entity'), id: 'passwordResetPolicy', version: versions.passwordResetPolicy,
    lastModifiedDateTime: row ? new Date(row.updatedAt).toISOString() : null, ...passwordResetPolicy, warnings,
  }
}
