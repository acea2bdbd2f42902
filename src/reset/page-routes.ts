/**
 * The pages of the reset. Every form posts and is answered with 303, or with the same page and the reason (422). The state decides
 * which page is shown: addresses name forms, never steps that could be jumped to (T-07).
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { cookies } from '../access.ts'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { pageContext } from '../page/context.ts'
import type { PageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { Refusal } from '../refusal.ts'
import type { ReasonCode } from '../rules/reason.ts'
import { reason } from '../rules/verdict.ts'
import type { Reason } from '../rules/verdict.ts'
import { Secret } from '../secret.ts'
import { findTenant } from '../store/tenants.ts'
import { lastChallengeAt } from '../store/resets.ts'
import { askAdministrator } from './ask-administrator.ts'
import { finishReset, finishUnlock } from './finish-reset.ts'
import type { Finished } from './finish-reset.ts'
import { cancelReset, chooseIntent } from './intent.ts'
import { AgainPage, AskedPage, KnowPasswordPage } from './outcome-pages.tsx'
import { contextFor, giveCookie, namedIn } from './page-parts.ts'
import { CodePage, IntentPage, MethodPage, NumberPage, PasswordPage, QuestionsPage, UnlockPage } from './pages.tsx'
import { repeatedProof } from './repeat-proof.ts'
import { asksForNumber, requireOffer, resendAfter, sendChallenge } from './send-challenge.ts'
import { postStart, showStart } from './start-pages.ts'
import { journeyOf, questionsOf, standingOf } from './state.ts'
import { standingPage } from './standing-page.tsx'
import { findTransaction, requireTransaction } from './transaction.ts'
import type { Held } from './transaction.ts'
import { verifyGate } from './verify-gate.ts'
import type { Proof } from './verify-gate.ts'
import type { Offer } from './view.ts'

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
const form = (fields: Record<string, ReturnType<typeof text>>) => ({ body: Type.Object(fields, { additionalProperties: false }) })
const query = Type.Object({ username: text(320), whr: text(255), mkt: text(35), lng: text(35) }, { additionalProperties: true })
const method = text(100)
const page = { access: 'recovery', surface: 'page' } as const

export function resetPageRoutes(server: Server, app: App): void {
  const open = (url: string, show: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) =>
    server.get(url, { config: page, schema: { querystring: query } }, show)

  for (const alias of ['/sspr', '/passwordreset'])
    open(alias, async (request, reply) => reply.redirect(`/reset${queryOf(request)}`, 302))
  open('/reset', async (request, reply) => showStart(app, request, reply))
  open('/reset/know-password', async (request, reply) => sendPage(reply, KnowPasswordPage({ context: pageContext(request) })))
  open('/reset/step', async (request, reply) => showStep(app, request, reply))
  open('/reset/prove', async (request, reply) => showProof(app, request, reply, request.query as { method?: string; at?: string }))
  open('/reset/asked', async (request, reply) => showAsked(app, request, reply))

  // A form that came back with a reason stands at its own address: a reload or another language leads to the step.
  for (const name of ['method', 'number', 'resend', 'code', 'answers', 'intent', 'password', 'unlock', 'contact', 'cancel'])
    open(`/reset/${name}`, async (request, reply) => reply.redirect(`/reset/step${languageOf(request)}`, 303))

  const start = form({ username: text(1000), whr: text(255), work: text(1000), solution: text(20) })
  server.post('/reset', { config: page, schema: start }, async (request, reply) => postStart(app, request, reply, request.body))

  /** A step of a running transaction: what goes wrong is shown where it belongs. */
  const step = <Fields extends Record<string, ReturnType<typeof text>>>(
    url: string, fields: Fields, act: (on: Posted, body: Partial<Record<keyof Fields & string, string>>) => Promise<FastifyReply>,
    proofIn?: (body: Partial<Record<string, string>>) => Proof,
  ) =>
    server.post(url, { config: page, schema: form(fields) }, async (request, reply) => {
      const body = (request.body ?? {}) as Partial<Record<keyof Fields & string, string>>
      return inTransaction(app, request, reply, posted => act(posted, body), proofIn?.(body))
    })

  step('/reset/method', { method }, postMethod)
  step('/reset/number', { method, number: text(100) }, postNumber)
  step('/reset/resend', { method }, postResend)
  step('/reset/code', { method, code: text(100) }, (on, body) => prove(on, codeIn(body)), codeIn)
  const answers = Object.fromEntries([1, 2, 3, 4, 5].map(place => [`answer-${place}`, text(1000)]))
  step('/reset/answers', { method, ...answers }, (on, body) => prove(on, answersIn(body)), answersIn)
  step('/reset/intent', { intent: text(20) }, postIntent)
  step('/reset/password', { newPassword: text(4096), confirmPassword: text(4096), userName: text(400) }, postPassword)
  step('/reset/unlock', {}, async on => afterEnd(on, await finishUnlock(app, on.transaction)))
  step('/reset/contact', {}, async on => {
    await askAdministrator(app, on.transaction)
    return on.reply.redirect('/reset/asked', 303)
  })
  step('/reset/cancel', {}, async on => {
    await cancelReset(app, on.transaction)
    return toStep(on.reply)
  })
}

interface Posted {
  app: App
  request: FastifyRequest
  reply: FastifyReply
  transaction: Held
  context: PageContext
}

/** The query as it came, with its question mark. */
const queryOf = ({ url }: FastifyRequest) => (url.includes('?') ? url.slice(url.indexOf('?')) : '')
/** Only the language goes on: whatever else stands in an address may have come from anywhere (T-10). */
const languageOf = (request: FastifyRequest) => (request.explicitLocale ? `?mkt=${request.explicitLocale}` : '')
const toStep = (reply: FastifyReply) => reply.redirect('/reset/step', 303)
const cookieOf = (request: FastifyRequest) => request.cookies[cookies.reset]

/** `proof`: what this step proves, for it may be the repetition of a request whose answer was lost. */
async function inTransaction(
  app: App, request: FastifyRequest, reply: FastifyReply, act: (on: Posted) => Promise<FastifyReply>, proof?: Proof,
): Promise<FastifyReply> {
  try {
    const transaction = await requireTransaction(app, cookieOf(request))
    const context = await contextFor(app, request, await findTenant(app.db, transaction.reset.tenantId))
    return await act({ app, request, reply, transaction, context })
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    if (error.code === 'LK_SESSION_EXPIRED') return toStep(reply)
    if (error.code === 'LK_OUT_OF_ORDER') {
      const repeated = proof && (await repeatedProof(app, cookieOf(request), proof))
      if (!repeated) return showAgain(request, reply)
      giveCookie(reply, repeated.cookie, repeated.reset.expiresAt - app.now())
      return toStep(reply)
    }
    if (error.status === 403) return toStep(reply) // the checks turned: the step says why
    throw error
  }
}

/**
 * A step that does not fit. Whoever came with a handle is led back to where things stand, even when it is an old one: of two quick
 * presses the first may have changed it (T-30), and the browser has the new one by now.
 */
async function showAgain(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  return sendPage(reply, AgainPage({ context: pageContext(request), running: cookieOf(request) !== undefined }), { status: 409 })
}

async function showStep(app: App, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const transaction = await findTransaction(app, cookieOf(request))
  if (!transaction) return reply.redirect('/reset', 303)
  const context = await contextFor(app, request, await findTenant(app.db, transaction.reset.tenantId))
  const standing = await standingOf(app, transaction)
  const journey = await journeyOf(app, transaction)
  // The next person at this computer finds nothing kept (T-35). The handle stays for its minutes, so that a repeated request and a
  // reload still say "done" (R-02); it opens nothing any more.
  if (/^(DONE|DONE_PENDING_CLOUD|UNLOCKED)$/.test(standing.state)) reply.header('clear-site-data', '"cache", "storage"')
  const waited = app.now() - (transaction.reset.finishedAt ?? app.now())
  return sendPage(reply, standingPage({ context, journey, standing, waited }))
}

/** The form in which the chosen proof is given. */
async function showProof(app: App, request: FastifyRequest, reply: FastifyReply, asked: { method?: string; at?: string }): Promise<FastifyReply> {
  const transaction = await findTransaction(app, cookieOf(request))
  if (!transaction) return reply.redirect('/reset', 303)
  if (!/^GATE[12]$/.test(transaction.reset.state)) return toStep(reply)
  try {
    const offer = await requireOffer(app, transaction, asked.method ?? '')
    const context = await contextFor(app, request, await findTenant(app.db, transaction.reset.tenantId))
    return await proofPage({ app, request, reply, transaction, context }, offer, { sent: asked.at === 'again', typing: asked.at === 'number' })
  } catch (error) {
    if (error instanceof Refusal && (error.status === 403 || error.code === 'LK_METHOD_UNAVAILABLE')) return toStep(reply)
    throw error
  }
}

interface ProofShown {
  /** Another code was just asked for. */
  sent?: boolean
  reasons?: readonly Reason[]
  /** As typed, to be corrected. */
  number?: string
  status?: number
  /** The number is to be typed (again), whether or not a code was asked for. */
  typing?: boolean
}

async function proofPage({ app, reply, transaction, context }: Posted, offer: Offer, how: ProofShown): Promise<FastifyReply> {
  const journey = await journeyOf(app, transaction)
  const common = { context, journey, offer, reasons: how.reasons ?? [] }
  const status = how.status ?? (common.reasons.length > 0 ? 422 : 200)
  if (offer.way === 'securityQuestions')
    return sendPage(reply, QuestionsPage({ ...common, questions: await questionsOf(app, transaction, context.locale) }), { status })
  const last = await lastChallengeAt(app.db, transaction.reset, offer.way)
  if (asksForNumber(offer) && (how.typing || last === undefined)) return sendPage(reply, NumberPage({ ...common, number: how.number ?? '' }), { status })
  const waitSeconds = last === undefined ? 0 : Math.max(0, Math.ceil((last + resendAfter - app.now()) / 1000))
  return sendPage(reply, CodePage({ ...common, waitSeconds, resent: how.sent === true }), { status })
}

/** `number`: to where the number is typed; `again`: to the code, with a word that another one is asked for. */
const proofAt = (reply: FastifyReply, offer: Offer, at?: 'number' | 'again') =>
  reply.redirect(`/reset/prove?method=${encodeURIComponent(offer.value)}${at ? `&at=${at}` : ''}`, 303)

async function postMethod(on: Posted, body: { method?: string }): Promise<FastifyReply> {
  const { app, transaction, reply, context } = on
  const chosen = body.method ?? ''
  try {
    const offer = await requireOffer(app, transaction, chosen)
    if (asksForNumber(offer)) return proofAt(reply, offer, 'number')
    const sent = await sendChallenge(app, transaction, { method: chosen, locale: context.locale })
    return sent.kind === 'blocked' ? toStep(reply) : proofAt(reply, sent.offer)
  } catch (error) {
    if (error instanceof Refusal && error.code === 'LK_RESEND_TOO_SOON') return proofAt(reply, await requireOffer(app, transaction, chosen))
    if (!(error instanceof Refusal) || error.code !== 'LK_METHOD_UNAVAILABLE') throw error
    const standing = await standingOf(app, transaction)
    if (standing.state !== 'GATE') return toStep(reply)
    const journey = await journeyOf(app, transaction)
    const reasons = chosen === '' ? [reason('LK_FIELD_REQUIRED', { field: context.t('reset.method.legend') })] : error.reasons
    return sendPage(reply, MethodPage({ context, journey, offers: standing.offers, reasons }), { status: 422 })
  }
}

async function postNumber(on: Posted, body: { method?: string; number?: string }): Promise<FastifyReply> {
  const { app, transaction, reply, context } = on
  try {
    const sent = await sendChallenge(app, transaction, { method: body.method ?? '', number: body.number ?? '', locale: context.locale })
    return sent.kind === 'blocked' ? toStep(reply) : proofAt(reply, sent.offer)
  } catch (error) {
    if (!(error instanceof Refusal) || !isOf(error, ['LK_FIELD_REQUIRED', 'LK_FIELD_INVALID', 'LK_PHONE_MISMATCH', 'LK_RESEND_TOO_SOON'])) throw error
    const offer = await requireOffer(app, transaction, body.method ?? '')
    return proofPage(on, offer, { reasons: namedIn(context, error.reasons), number: body.number ?? '', typing: true })
  }
}

async function postResend(on: Posted, body: { method?: string }): Promise<FastifyReply> {
  const { app, transaction, reply } = on
  try {
    const sent = await sendChallenge(app, transaction, { method: body.method ?? '', again: true, locale: on.context.locale })
    return sent.kind === 'blocked' ? toStep(reply) : proofAt(reply, sent.offer, 'again')
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'LK_RESEND_TOO_SOON') throw error
    return proofPage(on, await requireOffer(app, transaction, body.method ?? ''), { reasons: error.reasons, status: 429 })
  }
}

const codeIn = (body: Partial<Record<string, string>>): Proof => ({ method: body['method'] ?? '', code: body['code'] ?? '' })

const answersIn = (body: Partial<Record<string, string>>): Proof => ({
  method: body['method'] ?? '', answers: [1, 2, 3, 4, 5].map(place => body[`answer-${place}`]).filter(answer => answer !== undefined),
})

async function prove(on: Posted, proof: Proof): Promise<FastifyReply> {
  const { app, transaction, reply, context } = on
  try {
    const verified = await verifyGate(app, transaction, proof)
    if (verified.kind === 'wrong') return await proofPage(on, verified.offer, { reasons: verified.reasons })
    if (verified.kind === 'passed') giveCookie(reply, verified.cookie, verified.reset.expiresAt - app.now())
    return toStep(reply)
  } catch (error) {
    if (!(error instanceof Refusal) || !isOf(error, ['LK_FIELD_REQUIRED'])) throw error
    return proofPage(on, await requireOffer(app, transaction, proof.method), { reasons: namedIn(context, error.reasons) })
  }
}

async function postIntent(on: Posted, body: { intent?: string }): Promise<FastifyReply> {
  const { app, transaction, reply, context } = on
  try {
    await chooseIntent(app, transaction, body.intent ?? '')
    return toStep(reply)
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'LK_FIELD_INVALID') throw error
    return sendPage(reply, IntentPage({ context, journey: await journeyOf(app, transaction), wrong: true }), { status: 422 })
  }
}

async function postPassword(on: Posted, body: { newPassword?: string; confirmPassword?: string }): Promise<FastifyReply> {
  const { newPassword = '', confirmPassword = '' } = body
  if (on.transaction.reset.state === 'CHOOSE' && newPassword !== confirmPassword) return passwordAgain(on, [reason('LK_PASSWORD_MISMATCH')])
  return afterEnd(on, await finishReset(on.app, on.transaction, new Secret(newPassword)))
}

async function afterEnd(on: Posted, finished: Finished): Promise<FastifyReply> {
  if (finished.kind !== 'rejected') return toStep(on.reply)
  return passwordAgain(on, finished.reasons)
}

/** The same page with every rule that failed; nothing typed comes back. */
async function passwordAgain({ app, request, reply, context }: Posted, reasons: readonly Reason[]): Promise<FastifyReply> {
  const transaction = await findTransaction(app, cookieOf(request))
  const standing = transaction && (await standingOf(app, transaction))
  if (!transaction || (standing?.state !== 'CHOOSE' && standing?.state !== 'UNLOCK')) return toStep(reply)
  const journey = await journeyOf(app, transaction)
  if (standing.state === 'UNLOCK') return sendPage(reply, UnlockPage({ context, journey, reasons }), { status: 422 })
  return sendPage(reply, PasswordPage({ context, journey, userName: standing.userName, rules: standing.rules, reasons }), { status: 422 })
}

async function showAsked(app: App, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const transaction = await findTransaction(app, cookieOf(request))
  if (!transaction) return reply.redirect('/reset', 303)
  const context = await contextFor(app, request, await findTenant(app.db, transaction.reset.tenantId))
  const back = /^(GATE[12]|CHOOSE|UNLOCK|INTENT)$/.test(transaction.reset.state)
  return sendPage(reply, AskedPage({ context, journey: await journeyOf(app, transaction), back }))
}

const isOf = (error: Refusal, codes: readonly ReasonCode[]) => codes.includes(error.code)
