/**
 * GET /beta/applications/{id}/credentialUsage, and the same for service principals (M-02). Ours alone: Graph has nothing like it in v1.0.
 * For each credential when it was used last, how often, from where, and whether it is safe to remove, with every reason.
 */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { flushCredentialUses } from '../credentials/credential-use.ts'
import { mayManageApp } from '../rules/app-reach.ts'
import { credentialState, diagnoseCredentialRemoval, evaluateCredentialRemoval } from '../rules/credential-removal.ts'
import type { CredentialFacts } from '../rules/credential-removal.ts'
import { firstParty } from '../rules/first-party.ts'
import { holdsRole, roles } from '../rules/roles.ts'
import { listCredentialUses, listCredentials } from '../store/application-credentials.ts'
import type { CredentialRow, CredentialUse } from '../store/application-credentials.ts'
import { findApplicationByAppId } from '../store/applications.ts'
import { findServicePrincipal } from '../store/service-principals.ts'
import { Nullable, collectionOf, instant, odataContext } from '../graph/answers.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { reasonText } from '../text.ts'
import { Key } from './application-schema.ts'
import { requireTarget } from './find-target.ts'
import type { Target } from './find-target.ts'
import { plainInstant } from './instants.ts'
import { actorTowards, reading, requireReach } from './managing.ts'
import type { Asking } from './managing.ts'

const text = Nullable(Type.String())
const Finding = Type.Object({ check: Type.String(), code: Type.String(), outcome: Type.String(), message: Type.String() })
const Usage = Type.Object({
  keyId: Type.String(), ownerId: Type.String(), ownerType: Type.String(), kind: Type.String(), displayName: text, hint: text, thumbprint: text, startDateTime: Type.String(),
  endDateTime: Type.String(), state: Type.String({ description: 'scheduled, active, expiring (within 30 days) or expired' }), firstUsedDateTime: text, lastUsedDateTime: text,
  useCount: Type.Integer(), lastIpAddress: text, isSafeToRemove: Type.Boolean(), reasonCode: text, reason: text, findings: Type.Array(Finding),
})

export function credentialUsageRoutes(server: Server, app: App): void {
  for (const collection of ['applications', 'servicePrincipals'] as const) {
    server.get(`/beta/${collection}/:id/credentialUsage`, {
      config: { access: permitted('GET', `/${collection}/{id}`), surface: 'graph' },
      schema: { params: Key, description: 'Use of each credential of the application and of its service principal, and whether it is safe to remove.', response: { 200: collectionOf(Usage) } },
    }, async request => {
      const who = await reading(app, request)
      readQuery(request, { selectable: [], pageable: false })
      const target = await requireTarget(app.db, who.caller.tenantId, collection, request.params.id)
      await requireLooking(app.db, who, target)
      await flushCredentialUses(app)
      return { '@odata.context': odataContext(request, `${collection}('${target.id}')/credentialUsage`), value: await usageOf(app, request, who.caller.tenantId, target) }
    })
  }
}

/** From where a program signs in is for those who look after it, and for those who read everything. */
async function requireLooking(db: Db, who: Asking, target: Target): Promise<void> {
  if (who.caller.kind === 'application' || holdsRole(who.facts.roles, roles.globalReader, roles.securityReader, roles.securityAdministrator)) return
  requireReach(mayManageApp(await actorTowards(db, who, target.applicationId, target.servicePrincipalId)))
}

async function usageOf(app: App, request: FastifyRequest, tenantId: string, target: Target) {
  const owners = [target.applicationId, target.servicePrincipalId].filter(id => id !== null)
  const credentials = await listCredentials(app.db, tenantId, owners)
  const uses = await listCredentialUses(app.db, tenantId, owners)
  const facts = credentials.map(row => ({ row, facts: factsOf(row, uses.find(one => one.ownerId === row.ownerId && one.keyId === row.keyId)) }))
  const disabled = await isDisabled(app.db, tenantId, target)
  const now = app.now()
  return facts.map(({ row, facts: mine }) => {
    const all = { now, credential: mine, others: facts.filter(one => one.row !== row).map(one => one.facts), disabled }
    const verdict = evaluateCredentialRemoval(all)
    const first = verdict.allowed ? undefined : verdict.reasons[0]
    return {
      keyId: row.keyId, ownerId: row.ownerId, ownerType: row.ownerType, kind: row.kind, displayName: row.displayName, hint: row.hint, thumbprint: row.customKeyIdentifier,
      startDateTime: plainInstant(row.startDateTime), endDateTime: plainInstant(row.endDateTime), state: credentialState(mine, now), firstUsedDateTime: instant(mine.firstUsedAt),
      lastUsedDateTime: instant(mine.lastUsedAt), useCount: mine.useCount, lastIpAddress: mine.lastIpAddress, isSafeToRemove: verdict.allowed, reasonCode: first?.code ?? null,
      reason: first ? reasonText(request.locale, first) : null,
      findings: diagnoseCredentialRemoval(all).filter(one => one.outcome === 'blocks' || one.outcome === 'warns')
        .map(one => ({ check: one.check, code: one.code, outcome: one.outcome, message: reasonText(request.locale, { code: one.code, ...(one.values ? { values: one.values } : {}) }) })),
    }
  })
}

const factsOf = (row: CredentialRow, use: CredentialUse | undefined): CredentialFacts => ({
  keyId: row.keyId, startDateTime: row.startDateTime, endDateTime: row.endDateTime, createdDateTime: row.createdDateTime, firstUsedAt: use?.firstUsedAt ?? null,
  lastUsedAt: use?.lastUsedAt ?? null, useCount: use?.useCount ?? 0, lastIpAddress: use?.lastIpAddress ?? null,
})

async function isDisabled(db: Db, tenantId: string, { appId, servicePrincipalId }: Target): Promise<boolean> {
  const principal = servicePrincipalId === null ? undefined : await findServicePrincipal(db, tenantId, servicePrincipalId)
  const application = firstParty(appId) ? undefined : await findApplicationByAppId(db, tenantId, appId)
  return !principal?.accountEnabled || application?.isDisabled === true
}
