/** The pages of the second factor, and of proving it again before something delicate: the same pages at two addresses. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { hasSecondFactor } from '../rules/usable-methods.ts'
import type { Reason } from '../rules/verdict.ts'
import { Secret } from '../secret.ts'
import { updateSession } from '../store/sessions.ts'
import { continueTarget } from './continue-target.ts'
import { nextStep, provedRecently } from './next-step.ts'
import { proveAgain, proveSecondFactor, sendFactorCode, sentAt, waitFor } from './prove.ts'
import { listSecondFactors } from './second-factors.ts'
import { AgainPasswordPage, ChooseFactorPage, FactorCodePage } from './second-factor-page.tsx'
import { pageAgain, passwordText, redirectOnwards, shownAgain } from './sign-in-routes.ts'
import { visitorOf } from './visitor.ts'
import type { Visitor } from './visitor.ts'

type Base = '/signin/second-factor' | '/signin/again'

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const query = Type.Object({ methodId: text(100), choose: text(5), continue: text(4000) }, { additionalProperties: true })
const sendBody = Type.Object({ methodId: text(100) }, { additionalProperties: false })
const codeBody = Type.Object({ methodId: text(100), code: text(50), userName: text(320), password: passwordText }, { additionalProperties: false })
const config = { access: 'firstFactor', surface: 'page' } as const

export function factorRoutes(server: Server, app: App): void {
  for (const base of ['/signin/second-factor', '/signin/again'] as const) {
    server.get(base, { config, schema: { querystring: query } }, async (request, reply) => {
      const visitor = await visitorOf(app, request)
      const elsewhere = await notHere(app, request, base, visitor)
      if (elsewhere !== undefined) return reply.redirect(elsewhere, 303)
      return sendPage(reply, await pageFor(app, request, base, visitor, { methodId: request.query.methodId, choose: request.query.choose !== undefined }))
    })

    server.post(`${base}/send`, { config, schema: { body: sendBody } }, async (request, reply) => {
      const visitor = await visitorOf(app, request)
      const elsewhere = await notHere(app, request, base, visitor)
      if (elsewhere !== undefined) return reply.redirect(elsewhere, 303)
      const methodId = request.body.methodId ?? ''
      return orAgain(app, request, reply, base, methodId, async () => {
        await sendFactorCode(app, request, visitor, methodId)
        return reply.redirect(`${base}?methodId=${encodeURIComponent(methodId)}`, 303)
      })
    })
    server.get(`${base}/send`, { config }, async (_request, reply) => reply.redirect(base, 303))

    server.post(base, { config, schema: { body: codeBody } }, async (request, reply) => {
      const visitor = await visitorOf(app, request)
      const elsewhere = await notHere(app, request, base, visitor)
      if (elsewhere !== undefined) return reply.redirect(elsewhere, 303)
      const { methodId = '', code = '', password = '' } = request.body
      return orAgain(app, request, reply, base, methodId, async () => {
        if (base === '/signin/second-factor') return redirectOnwards(reply, await proveSecondFactor(app, request, reply, visitor, { methodId, code }))
        const byPassword = !hasSecondFactor(visitor.facts.subject)
        await proveAgain(app, request, reply, visitor, byPassword ? { password: new Secret(password) } : { methodId, code })
        return reply.redirect(visitor.session.continueTo ?? '/account', 303)
      })
    })
  }
}

/** Where somebody belongs who is not at the right page: half signed in at "again", or with nothing to prove. */
async function notHere(app: App, request: FastifyRequest, base: Base, visitor: Visitor): Promise<string | undefined> {
  const { session, facts } = visitor
  if (base === '/signin/second-factor') return nextStep(facts, session.proofs).step === 'secondFactor' && session.level === 'firstFactor' ? undefined : '/signin/continue'
  if (session.level !== 'complete') return '/signin/continue'
  const wanted = continueTarget(request.origin, (request.query as { continue?: string }).continue)
  if (provedRecently(facts, session.proofs)) return wanted ?? session.continueTo ?? '/account'
  if (wanted !== undefined) await rememberTarget(app, visitor, wanted)
  return undefined
}

async function rememberTarget(app: App, { session }: Visitor, continueTo: string): Promise<void> {
  if (session.continueTo === continueTo) return
  session.continueTo = continueTo
  await updateSession(app.db, session.tenantId, session.idHash, { continueTo })
}

async function orAgain(
  app: App, request: FastifyRequest, reply: FastifyReply, base: Base, methodId: string, act: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  try {
    return await act()
  } catch (error) {
    const refusal = shownAgain(error)
    if (refusal.status === 401) throw refusal
    return pageAgain(reply, refusal, await pageFor(app, request, base, await visitorOf(app, request), { methodId, reasons: refusal.reasons }))
  }
}

async function pageFor(
  app: App, request: FastifyRequest, base: Base, visitor: Visitor, at: { methodId?: string; choose?: boolean; reasons?: readonly Reason[] },
) {
  const { subject } = visitor.facts
  const context = pageContext(request, base === '/signin/again' ? { signedInAs: subject.displayName } : {})
  const { reasons } = at
  if (base === '/signin/again' && !hasSecondFactor(subject)) return AgainPasswordPage({ context, userName: subject.userPrincipalName, reasons })
  const factors = await listSecondFactors(app, visitor.facts)
  const chosen = factors.find(one => one.methodId === at.methodId) ?? (at.choose ? undefined : factors[0])
  if (!chosen) return ChooseFactorPage({ context, base, factors, reasons })
  const sent = await sentAt(app, visitor, chosen)
  return FactorCodePage({
    context, base, factor: chosen, sent: sent !== undefined, waitSeconds: sent === undefined ? undefined : waitFor(app, sent),
    hasOthers: factors.length > 1, reasons,
  })
}
