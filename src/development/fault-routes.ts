/** `/dev/faults`: faults to order, the list of those that wait, and a page that shows them. */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Access, Server } from '../access.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { formatDuration } from './duration.ts'
import { faultsPage } from './fault-page.tsx'
import { FaultOrder, faultsOf, readFault } from './faults.ts'
import type { Fault } from './faults.ts'
import { wantsHtml } from './wants-html.ts'

const page = { access: 'development' as Access, surface: 'page' as const }
const api = { access: 'development' as Access, surface: 'api' as const }

export function faultRoutes(server: Server, app: App): void {
  const faults = faultsOf(app)
  const list = () => ({ faults: faults.list().map(asOrder) })

  server.get('/dev/faults', { config: page }, async (request, reply) => {
    if (!wantsHtml(request)) return reply.send(list())
    return sendPage(reply, faultsPage(pageContext(request), faults.list().map(asOrder)))
  })
  server.get('/dev/faults.json', { config: api, schema: { summary: 'Faults that wait' } }, async () => list())
  // All or none: a mistake in one of several orders nothing.
  server.post('/dev/faults', {
    config: api, schema: { summary: 'Orders faults', body: Type.Union([FaultOrder, Type.Array(FaultOrder, { minItems: 1, maxItems: 100 })]) },
  }, async (request, reply) => {
    for (const fault of [request.body].flat().map(order => readFault(order as FaultOrder))) faults.add(fault)
    reply.code(201)
    return list()
  })
  server.delete('/dev/faults', { config: api, schema: { summary: 'Forgets all faults' } }, async (_request, reply) => {
    faults.clear()
    return reply.code(204).send()
  })
  server.post('/dev/faults/clear', { config: page }, async (_request, reply) => {
    faults.clear()
    return reply.redirect('/dev/faults', 303)
  })
}

/** A fault as it would be ordered again. */
function asOrder({ on, left, method, path, aadsts, status, retryAfter, delay, consistency }: Readonly<Fault>): FaultOrder {
  return {
    on, times: left,
    ...(method === undefined ? {} : { method }),
    ...(path === undefined ? {} : { path }),
    ...(aadsts === undefined ? {} : { aadsts }),
    ...(status === undefined ? {} : { status }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(delay === 0 ? {} : { delay: formatDuration(delay) }),
    ...(consistency === 0 ? {} : { consistency: formatDuration(consistency) }),
  }
}
