import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { Refusal } from '../refusal.ts'
import { isReasonCode, reasons } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import { readPolicies } from '../store/policies.ts'
import { defaultTenant } from '../store/tenants.ts'
import { helpPage } from './help-pages.ts'
import { helpAnswer, helpCode, helpIndex, helpList, helpResults } from './pages.tsx'
import { searchHelp } from './search-help.ts'

const open = { access: 'public', surface: 'page' } as const

/** Public help in four languages (M-03 … M-09, M-26, M-30, M-40, sspr §12): works without script and without signing in. */
export function helpRoutes(server: Server, app: App): void {
  server.get('/help', { config: open, schema: { querystring: Type.Object({ q: Type.Optional(Type.String({ maxLength: 2000 })) }) } }, async (request, reply) => {
    const context = pageContext(request)
    const query = request.query.q?.trim() ?? ''
    if (query !== '') return sendPage(reply, helpResults(context, query.slice(0, 200), searchHelp(request.locale, query)))
    return sendPage(reply, helpIndex(context, await feedbackUrl(app)))
  })

  server.get('/help/:id', { config: open, schema: { params: Type.Object({ id: Type.String({ maxLength: 60 }) }) } }, async (request, reply) => {
    const context = pageContext(request)
    const { id } = request.params
    if (id === 'questions') return sendPage(reply, helpList(context, 'question'))
    if (id === 'administrators') return sendPage(reply, helpList(context, 'administrator'))
    const page = helpPage(id)
    if (page) return sendPage(reply, helpAnswer(context, page))
    const code = id.toUpperCase()
    if (isReasonCode(code) && reasons[code].audience === 'anyone') return sendPage(reply, helpCode(context, code))
    throw new Refusal(404, [reason('LK_NOT_FOUND')])
  })
}

/** Where ideas go (M-28). Only a web address is shown: anything else could be made to run in the reader's browser. */
async function feedbackUrl(app: App): Promise<string | null> {
  const tenant = await defaultTenant(app.db)
  if (!tenant) return null
  const { feedbackUrl: url } = (await readPolicies(app.db, tenant.id)).tenantSettings
  return url !== null && /^https?:\/\//i.test(url) ? url : null
}
