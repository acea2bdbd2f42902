/**
 * Whose name it is, and what the checks say to it. Under `private` the worker asks, after the page has long gone on; under
 * `standard` the request does (LD-63). The answer is kept with the transaction, under its support code.
 */
import type { App, Db } from '../app.ts'
import { recoveryKey } from '../credentials/proof-budget.ts'
import type { ResetFacts, TenantFacts } from '../rules/facts.ts'
import { gatesRequired } from '../rules/gates.ts'
import { evaluateReset } from '../rules/reset-checks.ts'
import type { Verdict } from '../rules/verdict.ts'
import { defineBatch } from '../notify/jobs.ts'
import { appendAuditAll } from '../store/audit.ts'
import { gatherFacts, gatherTenantFacts } from '../store/facts.ts'
import { breathe } from '../store/old-rows.ts'
import { findReset, findResets, noteIdentity, noteRefusal, typedNamePlace } from '../store/resets.ts'
import type { ResetRow } from '../store/resets.ts'
import { resolveName } from '../store/users.ts'
import { recordStep, stepEntry } from './record.ts'
import { providersOf } from '../notify/senders.ts'

export const identifyJob = 'reset.identify'

/** Where the tries for a name as typed are counted, whoever has it (sspr §5.7, A-13). */
export const throttleKeyOf = (reset: Pick<ResetRow, 'accountKey'>): string => recoveryKey(reset.accountKey)

/** The account itself, for what is counted under every name it has; for names nobody has a stand-in that leads nowhere. */
export const accountOf = (reset: Pick<ResetRow, 'userId' | 'accountKey'>): string => reset.userId ?? `nobody ${reset.accountKey}`

export interface Identity {
  userId: string | null
  facts: ResetFacts
  verdict: Verdict
  gatesRequired: number
}

/** Looks the name up and asks every check, about the tenant as it was read a moment ago if it was. As many queries for a name that nobody has. */
export async function identify(app: App, db: Db, reset: Pick<ResetRow, 'tenantId' | 'id' | 'typedNameSealed' | 'accountKey'>, tenant?: TenantFacts): Promise<Identity> {
  const typed = await app.keys.openText(typedNamePlace(reset.tenantId, reset.id), reset.typedNameSealed)
  const found = await resolveName(db, reset.tenantId, typed)
  return judge(app, db, reset, found?.user.id ?? null, found?.foundBy ?? 'userPrincipalName', throttleKeyOf(reset), tenant)
}

/**
 * Asks the checks again about a transaction whose account is known: policies and people change while a mail is on its way (T-87).
 * A pause is not among them: every try is counted when it is made, and the one that reaches a limit is still served (sspr §5.7).
 */
export async function judgeAgain(app: App, db: Db, reset: ResetRow): Promise<Identity> {
  const typed = await app.keys.openText(typedNamePlace(reset.tenantId, reset.id), reset.typedNameSealed, db)
  const found = await resolveName(db, reset.tenantId, typed)
  // The transaction stays with its account (T-06): a name that leads to someone else by now leads nowhere.
  const resolvedBy = found && found.user.id === reset.userId ? found.foundBy : 'userPrincipalName'
  return judge(app, db, reset, reset.userId, resolvedBy, 'recovery:never counted')
}

async function judge(
  app: App, db: Db, reset: Pick<ResetRow, 'tenantId'>, userId: string | null, resolvedBy: ResetFacts['resolvedBy'], throttleKey: string, tenantRead?: TenantFacts,
): Promise<Identity> {
  const facts = await gatherFacts(db, {
    tenantId: reset.tenantId, userId, now: app.now(), providers: providersOf(app.config), resolvedBy, throttleKey, ...(tenantRead ? { tenant: tenantRead } : {}),
  })
  const { tenant, subject, providers, now } = facts
  const required = subject ? gatesRequired({ tenant, subject, providers, now }) : Math.max(1, tenant.passwordResetPolicy.numberOfAuthenticationMethodsRequired)
  return { userId, facts, verdict: evaluateReset(facts), gatesRequired: required }
}

/** What is kept of it. */
export function identityColumns({ userId, verdict, gatesRequired: required }: Identity) {
  return { userId, gatesRequired: required, refusal: verdict.allowed ? null : JSON.stringify(verdict.reasons) }
}

/** The step as the audit names it. */
export const identifiedStep = (verdict: Verdict): string => (verdict.allowed ? 'identify.ok' : `check.refused:${verdict.reasons[0]!.code}`)

/** Looks once, in the worker; a second run finds it done. Returns the row as it is known now. */
export async function identifyLater(app: App, tenantId: string, resetId: string): Promise<ResetRow | undefined> {
  const reset = await findReset(app.db, tenantId, resetId)
  if (!reset || reset.gatesRequired !== null) return reset
  const identity = await identify(app, app.db, reset)
  const columns = identityColumns(identity)
  await app.db.transaction().execute(async trx => {
    if (!(await noteIdentity(trx, tenantId, resetId, columns))) return
    await recordStep(app, trx, { ...reset, ...columns }, identifiedStep(identity.verdict), { result: identity.verdict.allowed ? 'success' : 'failure' })
  })
  return findReset(app.db, tenantId, resetId)
}

/** Keeps the latest verdict under the support code when it is another than before. */
export async function keepVerdict(db: Db, reset: ResetRow, verdict: Verdict): Promise<void> {
  const refusal = verdict.allowed ? null : JSON.stringify(verdict.reasons)
  if (refusal !== reset.refusal) await noteRefusal(db, reset.tenantId, reset.id, refusal)
}

/** So many are looked at before others get their turn. */
const lookedAtOnce = 4

/**
 * Looks at many new transactions of a tenant, and writes down what came of them in one go. As much is asked about a name that nobody
 * has as about another (T-02).
 */
defineBatch(identifyJob, async (app, { tenantId, ids }, done) => {
  const found: { reset: ResetRow; identity: Identity }[] = []
  const tenant = await gatherTenantFacts(app.db, tenantId)
  const fresh = (await findResets(app.db, tenantId, ids)).filter(reset => reset.gatesRequired === null)
  for (const [n, reset] of fresh.entries()) {
    if (n % lookedAtOnce === lookedAtOnce - 1) await breathe()
    found.push({ reset, identity: await identify(app, app.db, reset, tenant) })
  }
  await app.db.transaction().execute(async trx => {
    const steps: ReturnType<typeof stepEntry>[] = []
    for (const { reset, identity } of found) {
      const columns = identityColumns(identity)
      if (!(await noteIdentity(trx, tenantId, reset.id, columns))) continue
      steps.push(stepEntry(app, { ...reset, ...columns }, identity.facts.subject, identifiedStep(identity.verdict), { result: identity.verdict.allowed ? 'success' : 'failure' }))
    }
    await appendAuditAll(trx, tenantId, steps)
    await done(trx)
  })
})
