/** The stop at sign-in (sspr §4.2, §4.3): what is needed, skipping where it is allowed, review, "Looks good". */
import type { FastifyRequest } from 'fastify'
import { userCaller } from '../access.ts'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { readOverview } from './list-methods.ts'
import { orSamePage } from './same-page-again.ts'
import { enterRegister, lacksSecondFactor, visitOf } from './visit.ts'
import { finishWizard, noteStart, readWizard, skipWizard } from './wizard.ts'
import { ReviewPage, WizardPage } from './wizard-pages.tsx'

const base = '/security-info/register'
const config = { access: 'firstFactor', surface: 'page' } as const

/** Where sign-in goes on; it asks the rules again and completes the session when nothing is left. */
const onwards = '/signin/continue'

export function wizardRoutes(server: Server, app: App): void {
  const gather = async (request: FastifyRequest) => {
    const visit = await enterRegister(app, request)
    const overview = await readOverview(app, visit)
    return { visit, overview, wizard: readWizard(visit, overview), questionCount: overview.questionCount, context: pageContext(request) }
  }

  server.get(base, { config }, async (request, reply) => {
    if (userCaller(request).level === 'complete') return reply.redirect('/security-info', 303)
    if (lacksSecondFactor(await visitOf(app, request, 'register'))) return reply.redirect(onwards, 303)
    const state = await gather(request)
    if (!state.wizard) return reply.redirect(onwards, 303)
    await noteStart(app, state.visit)
    const { wizard } = state
    if (wizard.purpose === 'reconfirm' || wizard.have >= wizard.needed) return sendPage(reply, ReviewPage({ ...state, wizard }))
    return sendPage(reply, WizardPage({ ...state, wizard }))
  })

  for (const [path, act] of [['skip', skipWizard], ['review', finishWizard]] as const) {
    server.post(`${base}/${path}`, { config }, async (request, reply) => {
      const state = await gather(request)
      const { wizard, visit } = state
      if (!wizard || visit.level === 'complete') return reply.redirect(onwards, 303)
      const go = async () => {
        await act(app, state.visit, wizard)
        return reply.redirect(onwards, 303)
      }
      return orSamePage(reply, go, shown => (path === 'review' && wizard.have >= wizard.needed ? ReviewPage : WizardPage)({ ...state, wizard, reasons: shown.reasons }))
    })
    server.get(`${base}/${path}`, { config }, async (_request, reply) => reply.redirect(base, 303))
  }
}
