/** D-13 to take away: who lacks data for a reset, and an empty file in which to bring it (M-24, sspr §1.2). */
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { sendCsv } from '../csv.ts'
import type { Cell } from '../csv.ts'
import { providersOf } from '../notify/senders.ts'
import { Refusal } from '../refusal.ts'
import type { SubjectFacts, TenantFacts } from '../rules/facts.ts'
import { reason } from '../rules/verdict.ts'
import { gatherSubject, gatherTenantFacts } from '../store/facts.ts'
import { everySubject } from '../store/subjects.ts'
import { mayAsk } from './may-ask.ts'
import { countPerson, nobody } from './readiness.ts'

/** What `latchkey import` reads, as far as it is needed to reset without registering. */
export const templateColumns = ['userPrincipalName', 'displayName', 'mobilePhone', 'businessPhones', 'otherMails'] as const
const gapColumns = ['userPrincipalName', 'displayName', 'usable', 'required', 'missing', 'malformed', 'switchedOff'] as const

export function gapRoutes(server: Server, app: App): void {
  const config = { access: 'session', surface: 'api' } as const

  /** Everybody in scope who lacks something, as far as the asker reaches, with counts only: no number, no address (T-84). */
  server.get('/api/diagnose/gap.csv', { config }, async (request, reply) => {
    const { tenant, asker } = await requireAsker(app, request)
    return sendCsv(app, request, reply, { name: 'latchkey-gap', heading: gapColumns, rows: gapRows(app, tenant, asker) })
  })

  server.get('/api/diagnose/import-template.csv', { config }, async (request, reply) => {
    await requireAsker(app, request)
    return sendCsv(app, request, reply, { name: 'latchkey-import', heading: templateColumns, rows: [] })
  })
}

async function requireAsker(app: App, request: FastifyRequest): Promise<{ tenant: TenantFacts; asker: SubjectFacts }> {
  const { tenantId, userId } = userCaller(request)
  const tenant = await gatherTenantFacts(app.db, tenantId)
  const asker = await gatherSubject(app.db, tenant, userId, app.now())
  if (!asker || !mayAsk('D-13', asker, null).allowed) throw new Refusal(403, [reason('LK_NOT_ALLOWED')])
  return { tenant, asker }
}

async function* gapRows(app: App, tenant: TenantFacts, asker: SubjectFacts): AsyncGenerator<Cell[], void> {
  const circumstances = { tenant, providers: providersOf(app.config), now: app.now() }
  const seen = nobody()
  for await (const { subject } of everySubject(app.db, tenant, circumstances.now)) {
    const gap = countPerson(seen, circumstances, subject)
    if (gap && gap.missing > 0 && mayAsk('D-13', asker, subject).allowed) yield gapColumns.map(name => gap[name])
  }
}
