import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { createAppPassword, deleteAppPassword, listAppPasswords, showAppPassword } from '../credentials/app-passwords.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { Refusal } from '../refusal.ts'
import { appPasswordGate, appPasswordLimit } from '../rules/app-password-rules.ts'
import { reason } from '../rules/verdict.ts'
import { AppPasswordDeletePage, AppPasswordMadePage, AppPasswordsOffPage, AppPasswordsPage } from './app-password-pages.tsx'
import { orSamePage } from './same-page-again.ts'
import type { Shown } from './same-page-again.ts'
import { enterManage } from './visit.ts'
import type { Visit } from './visit.ts'

const text = Type.Optional(Type.String({ maxLength: 400 }))
const params = Type.Object({ id: Type.String({ maxLength: 100 }) })

/** `/app-passwords` (sspr §10) and the same for programs. Seen and managed only where the tenant and the person's MFA allow it. */
export function appPasswordRoutes(server: Server, app: App): void {
  const look = { access: 'session', surface: 'page' } as const
  const act = { access: 'recent', surface: 'page' } as const
  const contextOf = (request: FastifyRequest, visit: Visit) => pageContext(request, { signedInAs: visit.facts.subject.displayName })
  const list = async (request: FastifyRequest, visit: Visit, more: Shown & { name?: string; deleted?: boolean } = {}) => {
    const verdict = appPasswordGate(visit.facts)
    const context = contextOf(request, visit)
    if (!verdict.allowed) return AppPasswordsOffPage({ context, reasons: verdict.reasons })
    return AppPasswordsPage({ context, appPasswords: await listAppPasswords(app.db, visit.tenantId, visit.userId), limit: appPasswordLimit, ...more })
  }

  server.get('/app-passwords', { config: look }, async (request, reply) => {
    const visit = await enterManage(app, request)
    const status = appPasswordGate(visit.facts).allowed ? 200 : 403
    return sendPage(reply, await list(request, visit, { deleted: request.url.endsWith('?deleted') }), { status })
  })

  server.post('/app-passwords', { config: act, schema: { body: Type.Object({ displayName: text }) } }, async (request, reply) => {
    const visit = await enterManage(app, request)
    const name = request.body.displayName ?? ''
    const make = async () => {
      const { displayName, groups } = await makeOwn(app, visit, name)
      return sendPage(reply, AppPasswordMadePage({ context: contextOf(request, visit), name: displayName, groups }))
    }
    return orSamePage(reply, make, shown => list(request, visit, { ...shown, name }))
  })

  server.get('/app-passwords/:id/delete', { config: act, schema: { params } }, async (request, reply) => {
    const visit = await enterManage(app, request)
    const { id, displayName } = await findOwn(app, visit, request.params.id)
    return sendPage(reply, AppPasswordDeletePage({ context: contextOf(request, visit), id, name: displayName }))
  })

  server.post('/app-passwords/:id/delete', { config: act, schema: { params } }, async (request, reply) => {
    const visit = await enterManage(app, request)
    const remove = async () => {
      await deleteOwn(app, visit, request.params.id)
      return reply.redirect('/app-passwords?deleted', 303)
    }
    return orSamePage(reply, remove, shown => list(request, visit, shown))
  })

  apiRoutes(server, app)
}

function apiRoutes(server: Server, app: App): void {
  const base = '/api/security-info/app-passwords'
  const look = { access: 'session', surface: 'api' } as const
  const act = { access: 'recent', surface: 'api' } as const
  const item = Type.Object({
    id: Type.String(), displayName: Type.String(), createdDateTime: Type.String(), lastUsedDateTime: Type.Union([Type.String(), Type.Null()]),
  })

  server.get(base, {
    config: look, schema: { summary: 'Lists one’s own app passwords', response: { 200: Type.Object({ limit: Type.Integer(), appPasswords: Type.Array(item) }) } },
  }, async request => {
    const visit = await enterManage(app, request)
    requireGate(visit)
    const own = await listAppPasswords(app.db, visit.tenantId, visit.userId)
    return {
      limit: appPasswordLimit,
      appPasswords: own.map(one => ({
        id: one.id, displayName: one.displayName, createdDateTime: new Date(one.createdDateTime).toISOString(),
        lastUsedDateTime: one.lastUsedAt === null ? null : new Date(one.lastUsedAt).toISOString(),
      })),
    }
  })

  server.post(base, {
    config: act,
    schema: {
      summary: 'Makes an app password; the answer is the only time it is seen',
      body: Type.Object({ displayName: Type.String({ maxLength: 400 }) }, { additionalProperties: false }),
      response: { 201: Type.Object({ id: Type.String(), displayName: Type.String(), appPassword: Type.String() }) },
    },
  }, async (request, reply) => {
    const visit = await enterManage(app, request)
    const { id, displayName, groups } = await makeOwn(app, visit, request.body.displayName)
    return reply.code(201).send({ id, displayName, appPassword: groups })
  })

  server.delete(`${base}/:id`, { config: act, schema: { summary: 'Deletes one of one’s own app passwords', params } }, async (request, reply) => {
    const visit = await enterManage(app, request)
    await deleteOwn(app, visit, request.params.id)
    return reply.code(204).send()
  })
}

function requireGate(visit: Visit): void {
  const verdict = appPasswordGate(visit.facts)
  if (!verdict.allowed) throw new Refusal(403, verdict.reasons)
}

/** @returns the new one in four groups of four, for the one time it is shown */
async function makeOwn(app: App, visit: Visit, name: string): Promise<{ id: string; displayName: string; groups: string }> {
  requireGate(visit)
  const { tenantId, userId, actor, correlationId } = visit
  const { id, appPassword } = await createAppPassword(app, { tenantId, userId, displayName: name, actor, correlationId })
  return { id, displayName: name.trim(), groups: showAppPassword(appPassword).reveal() }
}

async function findOwn(app: App, visit: Visit, id: string): Promise<{ id: string; displayName: string }> {
  requireGate(visit)
  const found = (await listAppPasswords(app.db, visit.tenantId, visit.userId)).find(one => one.id === id)
  if (!found) throw new Refusal(404, [reason('LK_NOT_FOUND')])
  return found
}

async function deleteOwn(app: App, visit: Visit, id: string): Promise<void> {
  requireGate(visit)
  const { tenantId, userId, actor, correlationId } = visit
  await deleteAppPassword(app, { tenantId, userId, id, actor, correlationId })
}
