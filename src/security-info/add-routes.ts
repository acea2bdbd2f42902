/** Adding a method, page by page, for both doors. Every form posts and answers 303; a refusal shows the same page again. */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { Refusal } from '../refusal.ts'
import type { RegistrableKind } from '../rules/registration.ts'
import { reason } from '../rules/verdict.ts'
import { ChoosePage, CodePage, DestinationPage } from './add-pages.tsx'
import { AuthenticatorPage } from './authenticator-page.tsx'
import { beginAuthenticator, confirmAuthenticator, resumeAuthenticator } from './authenticators.ts'
import type { BegunAuthenticator } from './authenticators.ts'
import { confirmDestination, knownDestination, pendingDestination, resendCode, startDestination } from './destinations.ts'
import type { Door } from './doors.ts'
import { isAuthenticator, isDestination, kindOfSlug, slugOf } from './kinds.ts'
import type { AuthenticatorKind, DestinationKind } from './kinds.ts'
import { readOverview, requireOffer } from './list-methods.ts'
import { exampleNumber } from './phone-number.ts'
import { QuestionsPage } from './questions-page.tsx'
import { questionChoices, saveQuestions } from './questions.ts'
import { orSamePage } from './same-page-again.ts'
import type { Shown } from './same-page-again.ts'
import type { Visit } from './visit.ts'
import { DifferentMethodPage } from './wizard-pages.tsx'
import { helpfulOffers } from './wizard.ts'

// Loose on purpose: a missing or overlong field is answered by the page itself, in words.
const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const kindParams = Type.Object({ kind: Type.String({ maxLength: 40 }) })

export function addRoutes(server: Server, app: App, door: Door): void {
  const config = { access: door.access, surface: 'page' } as const
  const contextOf = (request: FastifyRequest, visit: Visit) => pageContext(request, { signedInAs: door.name === 'manage' ? visit.facts.subject.displayName : undefined })

  server.get(`${door.base}/add`, { config }, async (request, reply) => {
    const visit = await door.enter(app, request)
    const overview = await readOverview(app, visit)
    const { offers, questionCount } = overview
    const context = contextOf(request, visit)
    if (visit.door === 'manage') return sendPage(reply, ChoosePage({ context, base: door.base, offers, questionCount }))
    return sendPage(reply, DifferentMethodPage({ context, offers: helpfulOffers(visit, overview), questionCount }))
  })

  server.post(`${door.base}/add`, { config, schema: { body: Type.Object({ method: text(40) }) } }, async (request, reply) => {
    const visit = await door.enter(app, request)
    const { offers, questionCount } = await readOverview(app, visit)
    return orSamePage(
      reply,
      async () => {
        const kind = kindOfSlug(request.body.method ?? '')
        if (!kind) throw new Refusal(422, [reason('LK_FIELD_REQUIRED', { field: 'method' })], { field: 'method' })
        return reply.redirect(`${door.base}/add/${slugOf(kind)}`, 303)
      },
      shown => ChoosePage({ context: contextOf(request, visit), base: door.base, offers, questionCount, ...shown }),
    )
  })

  server.get(`${door.base}/add/:kind`, { config, schema: { params: kindParams } }, async (request, reply) => {
    const visit = await door.enter(app, request)
    const kind = kindOf(request.params.kind)
    requireOffer(visit, kind)
    if (isDestination(kind)) return sendPage(reply, await destinationPage(request, visit, kind))
    if (isAuthenticator(kind)) return sendPage(reply, authenticatorPage(request, visit, kind, await beginAuthenticator(app, visit, kind)))
    return sendPage(reply, questionsPage(request, visit))
  })

  const answers = Object.fromEntries([1, 2, 3, 4, 5].flatMap(number => [[`question${number}`, text(100)], [`answer${number}`, text(400)]]))
  const body = Type.Object({ destination: text(400), registration: text(2000), code: text(40), displayName: text(200), ...answers })
  server.post(`${door.base}/add/:kind`, { config, schema: { params: kindParams, body } }, async (request, reply) => {
    const visit = await door.enter(app, request)
    const kind = kindOf(request.params.kind)
    const given = request.body
    if (isDestination(kind)) {
      const start = async () => {
        await startDestination(app, visit, kind, given.destination ?? '')
        return reply.redirect(`${door.base}/confirm/${slugOf(kind)}`, 303)
      }
      return orSamePage(reply, start, shown => destinationPage(request, visit, kind, { ...shown, typed: given.destination ?? '' }))
    }
    const done = () => reply.redirect(door.afterwards(kind), 303)
    if (isAuthenticator(kind)) {
      const confirm = async () => {
        await confirmAuthenticator(app, visit, { kind, registration: given.registration ?? '', code: given.code ?? '', displayName: given.displayName })
        return done()
      }
      return orSamePage(reply, confirm, async shown => {
        const begun = await resumeAuthenticator(app, visit, kind, given.registration ?? '')
        return authenticatorPage(request, visit, kind, begun, { ...shown, displayName: given.displayName })
      })
    }
    const pairs = pairsOf(given as Record<string, string | undefined>)
    const save = async () => {
      await saveQuestions(app, visit, pairs)
      return done()
    }
    return orSamePage(reply, save, shown => questionsPage(request, visit, { ...shown, chosen: pairs.map(pair => pair.questionId || undefined) }))
  })

  server.get(`${door.base}/confirm/:kind`, { config, schema: { params: kindParams } }, async (request, reply) => {
    const visit = await door.enter(app, request)
    const kind = destinationKind(request.params.kind)
    const pending = await pendingDestination(app, visit, kind)
    if (!pending) return reply.redirect(`${door.base}/add/${slugOf(kind)}`, 303)
    return sendPage(reply, codePage(request, visit, kind, pending.shown))
  })

  server.post(`${door.base}/confirm/:kind`, { config, schema: { params: kindParams, body: Type.Object({ code: text(40) }) } }, async (request, reply) => {
    const visit = await door.enter(app, request)
    const kind = destinationKind(request.params.kind)
    const confirm = async () => {
      const what = await confirmDestination(app, visit, kind, request.body.code ?? '')
      return reply.redirect(door.name === 'register' ? door.afterwards(kind) : `${door.base}?done=${what}&method=${kind}`, 303)
    }
    return orSamePage(reply, confirm, async shown => {
      const pending = await pendingDestination(app, visit, kind)
      return pending ? codePage(request, visit, kind, pending.shown, shown) : destinationPage(request, visit, kind, { reasons: shown.reasons })
    })
  })

  server.post(`${door.base}/confirm/:kind/resend`, { config, schema: { params: kindParams } }, async (request, reply) => {
    const visit = await door.enter(app, request)
    const kind = destinationKind(request.params.kind)
    const resend = async () => {
      await resendCode(app, visit, kind)
      return reply.redirect(`${door.base}/confirm/${slugOf(kind)}`, 303)
    }
    return orSamePage(reply, resend, async shown => {
      const pending = await pendingDestination(app, visit, kind)
      return pending ? codePage(request, visit, kind, pending.shown, shown) : destinationPage(request, visit, kind, { reasons: shown.reasons })
    })
  })

  // The language menu of the page that a refused resend shows asks for its address with GET.
  server.get(`${door.base}/confirm/:kind/resend`, { config, schema: { params: kindParams } }, async (request, reply) =>
    reply.redirect(`${door.base}/confirm/${slugOf(destinationKind(request.params.kind))}`, 303))

  async function destinationPage(request: FastifyRequest, visit: Visit, kind: DestinationKind, shown: Shown & { typed?: string } = {}) {
    const known = shown.typed === undefined ? await knownDestination(app, visit, kind) : undefined
    return DestinationPage({
      context: contextOf(request, visit), base: door.base, kind, action: `${door.base}/add/${slugOf(kind)}`, value: shown.typed ?? known,
      prefilled: known !== undefined, example: exampleNumber(visit.usageLocation, visit.locale), reasons: shown.reasons, field: shown.field,
    })
  }

  function codePage(request: FastifyRequest, visit: Visit, kind: DestinationKind, destination: string, shown: Shown = {}) {
    const here = `${door.base}/confirm/${slugOf(kind)}`
    return CodePage({
      context: contextOf(request, visit), base: door.base, destination, action: here, resendAction: `${here}/resend`,
      otherHref: `${door.base}/add/${slugOf(kind)}`, ...shown,
    })
  }

  function authenticatorPage(request: FastifyRequest, visit: Visit, kind: AuthenticatorKind, begun: BegunAuthenticator, shown: Shown & { displayName?: string } = {}) {
    return AuthenticatorPage({ context: contextOf(request, visit), base: door.base, action: `${door.base}/add/${slugOf(kind)}`, ...begun, ...shown })
  }

  function questionsPage(request: FastifyRequest, visit: Visit, shown: Shown & { chosen?: readonly (string | undefined)[] } = {}) {
    const { count, questions } = questionChoices(visit)
    return QuestionsPage({ context: contextOf(request, visit), base: door.base, action: `${door.base}/add/questions`, count, questions, ...shown })
  }
}

function kindOf(slug: string): RegistrableKind {
  const kind = kindOfSlug(slug)
  if (!kind) throw new Refusal(404, [reason('LK_NOT_FOUND')])
  return kind
}

function destinationKind(slug: string): DestinationKind {
  const kind = kindOf(slug)
  if (!isDestination(kind)) throw new Refusal(404, [reason('LK_NOT_FOUND')])
  return kind
}

const pairsOf = (given: Record<string, string | undefined>) =>
  [1, 2, 3, 4, 5]
    .map(number => ({ questionId: given[`question${number}`] ?? '', answer: given[`answer${number}`] ?? '' }))
    .filter(pair => pair.questionId !== '' || pair.answer !== '')
