/** "Who are you?": shown, and taken. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { knownDevice } from '../device.ts'
import { sendPage } from '../page/send-page.ts'
import { Refusal } from '../refusal.ts'
import { readPolicies } from '../store/policies.ts'
import { contextFor, giveCookie, namedIn } from './page-parts.ts'
import { StartPage, WaitPage } from './pages.tsx'
import { issueWork } from './proof-of-work.ts'
import { startReset, startRoute, tenantOf } from './start-reset.ts'

/** The page for the name; with work to do where the tenant always asks for it (LD-21). */
export async function showStart(app: App, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { username, whr } = request.query as { username?: string; whr?: string }
  const tenant = await tenantOf(app.db, username, whr)
  const context = await contextFor(app, request, username || whr ? tenant : undefined)
  const standard = tenant && (await readPolicies(app.db, tenant.id)).tenantSettings.disclosure === 'standard'
  const work = standard ? issueWork(app, { route: startRoute, tenantId: tenant.id }) : undefined
  return sendPage(reply, StartPage({ context, ...(username ? { username } : {}), ...(whr ? { whr } : {}), ...(work ? { work } : {}) }))
}

/** Takes the name: on to the first gate, or work and patience first. */
export async function postStart(
  app: App, request: FastifyRequest, reply: FastifyReply, body: { username?: string; whr?: string; work?: string; solution?: string },
): Promise<FastifyReply> {
  const { username = '', whr } = body
  const kept = { username, ...(whr ? { whr } : {}) }
  try {
    const started = await startReset(app, {
      username, whr, locale: request.locale, clientAddress: request.clientAddress, clientType: 'browser', device: knownDevice(app, request),
      work: { token: body.work || undefined, solution: body.solution || undefined },
    })
    if (started.kind === 'started') {
      giveCookie(reply, started.cookie)
      return reply.redirect('/reset/step', 303)
    }
    const context = await contextFor(app, request, started.tenant)
    if (started.wait) return sendPage(reply, WaitPage({ context, ...kept, work: started.ticket }))
    return sendPage(reply, StartPage({ context, ...kept, work: started.ticket, busy: true }))
  } catch (error) {
    if (!(error instanceof Refusal) || error.status !== 422) throw error
    const tenant = await tenantOf(app.db, username, whr)
    const context = await contextFor(app, request, whr ? tenant : undefined)
    const standard = tenant && (await readPolicies(app.db, tenant.id)).tenantSettings.disclosure === 'standard'
    const work = tenant && (standard || error.code === 'LK_CAPTCHA') ? issueWork(app, { route: startRoute, tenantId: tenant.id }) : undefined
    return sendPage(reply, StartPage({ context, ...kept, reasons: namedIn(context, error.reasons), ...(work ? { work } : {}) }), { status: 422 })
  }
}

