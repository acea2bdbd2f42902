/** Registration and reset events, and what became of them: Latchkey's own reports (sspr §11.5). */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { countUsage, listUsageEvents } from '../store/usage-events.ts'
import { listUsers } from '../store/users.ts'
import { Nullable, instant } from './answers.ts'
import { readableTenant } from './reports.ts'

const day = 24 * 60 * 60_000
const periods = { D1: day, D7: 7 * day, D30: 30 * day } as const
const Period = Type.Union([Type.Literal('D1'), Type.Literal('D7'), Type.Literal('D30')])

const Event = Type.Object({
  id: Type.String(), eventDateTime: Type.String(), userId: Nullable(Type.String()), userPrincipalName: Nullable(Type.String()),
  userDisplayName: Nullable(Type.String()), feature: Type.String(), authMethod: Nullable(Type.String()), isSuccess: Type.Boolean(), status: Type.String(),
  failureReason: Nullable(Type.String()),
})

export function usageReportRoutes(server: Server, app: App): void {
  const config = { access: 'session', surface: 'api' } as const

  server.get('/api/reports/events', {
    config, schema: {
      querystring: Type.Object({
        period: Type.Optional(Period), feature: Type.Optional(Type.String({ maxLength: 20 })), top: Type.Optional(Type.Integer({ minimum: 1, maximum: 999 })),
        before: Type.Optional(Type.Integer({ minimum: 0 })), beforeId: Type.Optional(Type.String({ maxLength: 64 })),
      }, { additionalProperties: false }),
      response: { 200: Type.Object({ value: Type.Array(Event), next: Nullable(Type.Object({ before: Type.Integer(), beforeId: Type.String() })) }) },
    },
  }, async request => {
    await readableTenant(app, request)
    const { tenantId } = userCaller(request)
    const { period = 'D7', feature, top = 100, before, beforeId } = request.query
    const after = before === undefined ? undefined : { at: before, id: beforeId ?? '' }
    const events = await listUsageEvents(app.db, { tenantId, feature, from: app.now() - periods[period], after, top })
    const ids = [...new Set(events.flatMap(event => event.userId ?? []))]
    const users = new Map((await listUsers(app.db, { tenantId, top: 999, filter: { ids } })).map(user => [user.id, user]))
    const last = events.length === top ? events.at(-1) : undefined
    return {
      value: events.map(event => ({
        id: event.id, eventDateTime: instant(event.at)!, userId: event.userId, userPrincipalName: users.get(event.userId ?? '')?.userPrincipalName ?? null,
        userDisplayName: users.get(event.userId ?? '')?.displayName ?? null, feature: event.feature, authMethod: event.method,
        isSuccess: event.status === 'success', status: event.status, failureReason: event.failureReason,
      })),
      next: last ? { before: last.at, beforeId: last.id } : null,
    }
  })

  server.get('/api/reports/usage', {
    config, schema: {
      querystring: Type.Object({ period: Type.Optional(Period) }, { additionalProperties: false }),
      response: { 200: Type.Object({ value: Type.Array(Type.Object({ feature: Type.String(), method: Nullable(Type.String()), status: Type.String(), count: Type.Integer() })) }) },
    },
  }, async request => {
    await readableTenant(app, request)
    const now = app.now()
    return { value: await countUsage(app.db, { tenantId: userCaller(request).tenantId, from: now - periods[request.query.period ?? 'D7'], to: now + 1 }) }
  })
}
