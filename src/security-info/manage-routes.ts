/** The list of one's own methods, and what can be done with each. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { userCaller } from '../access.ts'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { registrableKinds } from '../rules/registration.ts'
import { DestinationPage } from './add-pages.tsx'
import { startDestination, verifyRegistered } from './destinations.ts'
import { slugOf } from './kinds.ts'
import { findDestination, findListed, readOverview } from './list-methods.ts'
import { OverviewPage } from './overview-page.tsx'
import type { Done } from './overview-page.tsx'
import { exampleNumber } from './phone-number.ts'
import { makeDefault, removeOwnMethod } from './remove-method.ts'
import { RemovePage } from './remove-page.tsx'
import { orSamePage } from './same-page-again.ts'
import type { Shown } from './same-page-again.ts'
import { enterManage } from './visit.ts'
import type { Visit } from './visit.ts'

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const params = Type.Object({ id: Type.String({ maxLength: 100 }) })
const base = '/security-info'
const act = { access: 'recent', surface: 'page' } as const

export function manageRoutes(server: Server, app: App): void {
  listRoutes(server, app)
  removeRoutes(server, app)
  changeRoutes(server, app)
}

const contextOf = (request: FastifyRequest, visit: Visit) => pageContext(request, { signedInAs: visit.facts.subject.displayName })

function listRoutes(server: Server, app: App): void {
  const list = async (request: FastifyRequest, visit: Visit, more: { done?: Done; reasons?: Shown['reasons'] }) =>
    OverviewPage({ context: contextOf(request, visit), overview: await readOverview(app, visit), ...more })

  // Open to both levels for one reason: a sign-in that is not complete is shown to the wizard. The list needs a complete one.
  const query = Type.Object({ done: text(20), method: text(40) }, { additionalProperties: true })
  server.get(base, { config: { access: 'firstFactor', surface: 'page' }, schema: { querystring: query } }, async (request, reply) => {
    if (userCaller(request).level !== 'complete') return reply.redirect(`${base}/register`, 303)
    const visit = await enterManage(app, request)
    return sendPage(reply, await list(request, visit, { done: doneOf(request.query) }))
  })

  server.post(`${base}/default`, { config: act, schema: { body: Type.Object({ methodId: text(100) }) } }, async (request, reply) => {
    const visit = await enterManage(app, request)
    const choose = async () => {
      const method = await makeDefault(app, visit, request.body.methodId ?? '')
      return reply.redirect(`${base}?done=default&method=${method.kind}`, 303)
    }
    return orSamePage(reply, choose, shown => list(request, visit, { reasons: shown.reasons }))
  })

  server.post(`${base}/methods/:id/verify`, { config: act, schema: { params } }, async (request, reply) => {
    const visit = await enterManage(app, request)
    const send = async () => {
      const kind = await verifyRegistered(app, visit, request.params.id)
      return reply.redirect(`${base}/confirm/${slugOf(kind)}`, 303)
    }
    return orSamePage(reply, send, shown => list(request, visit, { reasons: shown.reasons }))
  })

  // The language menu of a page that was the answer to a post asks for the same address with GET.
  for (const path of ['/default', '/methods/:id/verify']) server.get(`${base}${path}`, { config: act }, async (_request, reply) => reply.redirect(base, 303))
}

function removeRoutes(server: Server, app: App): void {
  const page = async (request: FastifyRequest, visit: Visit, id: string, shown: Shown = {}) =>
    RemovePage({ context: contextOf(request, visit), ...(await findListed(app, visit, id)), reasons: shown.reasons })

  server.get(`${base}/methods/:id/delete`, { config: act, schema: { params } }, async (request, reply) => {
    const visit = await enterManage(app, request)
    return sendPage(reply, await page(request, visit, request.params.id))
  })

  server.post(`${base}/methods/:id/delete`, { config: act, schema: { params } }, async (request, reply) => {
    const visit = await enterManage(app, request)
    const remove = async () => {
      const method = await removeOwnMethod(app, visit, request.params.id)
      return reply.redirect(`${base}?done=deleted&method=${method.kind}`, 303)
    }
    return orSamePage(reply, remove, shown => page(request, visit, request.params.id, shown))
  })
}

function changeRoutes(server: Server, app: App): void {
  const page = async (request: FastifyRequest, visit: Visit, id: string, shown: Shown & { typed?: string } = {}) => {
    const method = await findDestination(app, visit, id)
    return DestinationPage({
      context: contextOf(request, visit), base, kind: method.kind, action: `${base}/methods/${id}/change`, changing: true, value: shown.typed,
      example: exampleNumber(visit.usageLocation, visit.locale), reasons: shown.reasons, field: shown.field,
    })
  }

  server.get(`${base}/methods/:id/change`, { config: act, schema: { params } }, async (request, reply) => {
    const visit = await enterManage(app, request)
    return sendPage(reply, await page(request, visit, request.params.id))
  })

  server.post(`${base}/methods/:id/change`, { config: act, schema: { params, body: Type.Object({ destination: text(400) }) } }, async (request, reply) => {
    const visit = await enterManage(app, request)
    const { id, kind } = await findDestination(app, visit, request.params.id)
    const typed = request.body.destination ?? ''
    const start = async () => {
      await startDestination(app, visit, kind, typed, id)
      return reply.redirect(`${base}/confirm/${slugOf(kind)}`, 303)
    }
    return orSamePage(reply, start, shown => page(request, visit, id, { ...shown, typed }))
  })
}

const doneWords: readonly Done['what'][] = ['added', 'changed', 'deleted', 'verified', 'default', 'confirmed']

/** What the address says was done; two words from closed lists, so that nobody can write on our page by a link. */
function doneOf(query: { done?: string; method?: string }): Done | undefined {
  const what = doneWords.find(word => word === query.done)
  const kind = [...registrableKinds, 'hardwareOath' as const].find(one => one === query.method)
  return what && { what, kind }
}
