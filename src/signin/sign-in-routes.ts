/** The pages of the first proof, of a password that is due, and of signing out. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { endBrowserSessions, sessionOf } from '../credentials/browser-session.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { Refusal } from '../refusal.ts'
import { Secret } from '../secret.ts'
import { continueTarget } from './continue-target.ts'
import { asksCurrentPassword, chooseNewPassword, newPasswordDue } from './new-password.ts'
import { ExpiredPasswordPage } from './new-password-page.tsx'
import { pathOf } from './next-step.ts'
import { goOn, signInWithPass, signInWithPassword } from './sign-in.ts'
import type { SignedIn } from './sign-in.ts'
import { PassPage, SignedOutPage, SignInPage, SignOutPage, StartPage } from './sign-in-pages.tsx'
import { visitorOf } from './visitor.ts'

const open = { access: 'public', surface: 'page' } as const
const halfWay = { access: 'firstFactor', surface: 'page' } as const

const text = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
/** What sign-in reads of a password is bounded, so that nobody makes it hash megabytes (T-24). */
export const passwordText = text(4096)
export const nameText = text(320)
const addressText = text(4000)

/** Unknown query parameters are left alone: links to pages carry all sorts of them. */
/** `prompt`: the page is shown to somebody who is signed in as well, as a program asked for (oauth §10). */
const query = Type.Object({ continue: addressText, username: nameText, prompt: text(20) }, { additionalProperties: true })
const signInBody = Type.Object({ userName: nameText, password: passwordText, continue: addressText }, { additionalProperties: false })
const passBody = Type.Object({ userName: nameText, pass: passwordText, continue: addressText }, { additionalProperties: false })
const newPasswordBody = Type.Object(
  { userName: nameText, password: passwordText, newPassword: passwordText, confirmPassword: passwordText }, { additionalProperties: false },
)

/** Onwards after a step: to the next one, or to where the person wanted to go. */
export function redirectOnwards(reply: FastifyReply, { next, continueTo }: SignedIn): FastifyReply {
  return reply.redirect(next.step === 'done' ? (continueTo ?? '/account') : pathOf(next), 303)
}

/** The reasons a form can show again; whatever else was thrown goes on to the hall. */
export function shownAgain(error: unknown): Refusal {
  if (!(error instanceof Refusal) || error.status >= 500) throw error
  return error
}

/** The same page again, with the reasons in words. */
export function pageAgain(reply: FastifyReply, refusal: Refusal, page: Parameters<typeof sendPage>[1]): FastifyReply {
  if (refusal.retryAfter !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(refusal.retryAfter))))
  return sendPage(reply, page, { status: refusal.status === 429 ? 429 : 422 })
}

export function signInRoutes(server: Server, app: App): void {
  const target = (request: FastifyRequest, said: string | undefined) => continueTarget(request.origin, said)

  server.get('/', { config: open }, async (request, reply) =>
    (await sessionOf(app, request, 'complete')) ? reply.redirect('/account', 303) : sendPage(reply, StartPage({ context: pageContext(request) })))

  server.get('/signin', { config: open, schema: { querystring: query } }, async (request, reply) => {
    const continueTo = target(request, request.query.continue)
    if (request.query.prompt !== 'login' && (await sessionOf(app, request, 'complete'))) return reply.redirect(continueTo ?? '/account', 303)
    return sendPage(reply, SignInPage({ context: pageContext(request), continueTo, userName: request.query.username }))
  })

  server.post('/signin', { config: open, schema: { body: signInBody } }, async (request, reply) => {
    const { userName = '', password = '' } = request.body
    const continueTo = target(request, request.body.continue)
    const context = pageContext(request)
    const missing = [...(userName.trim() ? [] : ['userName' as const]), ...(password ? [] : ['password' as const])]
    if (missing.length > 0) return sendPage(reply, SignInPage({ context, userName, continueTo, missing }), { status: 422 })
    try {
      return redirectOnwards(reply, await signInWithPassword(app, request, reply, { userName, password: new Secret(password), continueTo }))
    } catch (error) {
      const refusal = shownAgain(error)
      return pageAgain(reply, refusal, SignInPage({ context, userName, continueTo, reasons: refusal.reasons }))
    }
  })

  server.get('/signin/pass', { config: open, schema: { querystring: query } }, async (request, reply) =>
    sendPage(reply, PassPage({ context: pageContext(request), continueTo: target(request, request.query.continue), userName: request.query.username })))

  server.post('/signin/pass', { config: open, schema: { body: passBody } }, async (request, reply) => {
    const { userName = '', pass = '' } = request.body
    const continueTo = target(request, request.body.continue)
    const context = pageContext(request)
    const missing = [...(userName.trim() ? [] : ['userName' as const]), ...(pass.trim() ? [] : ['pass' as const])]
    if (missing.length > 0) return sendPage(reply, PassPage({ context, userName, continueTo, missing }), { status: 422 })
    try {
      return redirectOnwards(reply, await signInWithPass(app, request, reply, { userName, pass: new Secret(pass.trim()), continueTo }))
    } catch (error) {
      const refusal = shownAgain(error)
      return pageAgain(reply, refusal, PassPage({ context, userName, continueTo, reasons: refusal.reasons }))
    }
  })

  // Every step ends here, and so does whoever comes back to a sign-in left half-way.
  for (const path of ['/signin/continue', '/signin/interrupt']) {
    server.get(path, { config: halfWay }, async (request, reply) =>
      redirectOnwards(reply, await goOn(app, request, reply, await visitorOf(app, request))))
  }

  newPasswordRoutes(server, app)
  signOutRoutes(server, app)
}

function newPasswordRoutes(server: Server, app: App): void {
  const page = async (request: FastifyRequest, refusal?: Refusal) => {
    const visitor = await visitorOf(app, request)
    const why = newPasswordDue(visitor)
    if (why === undefined) return undefined
    const { subject, tenant } = visitor.facts
    return ExpiredPasswordPage({
      context: pageContext(request), why, userName: subject.userPrincipalName, asksCurrent: asksCurrentPassword(app, visitor),
      minimumLength: tenant.settings.passwordRules === 'nist' ? 15 : 8, reasons: refusal?.reasons,
    })
  }

  server.get('/signin/new-password', { config: halfWay }, async (request, reply) => {
    const shown = await page(request)
    return shown ? sendPage(reply, shown) : reply.redirect('/signin/continue', 303)
  })

  server.post('/signin/new-password', { config: halfWay, schema: { body: newPasswordBody } }, async (request, reply) => {
    const { password = '', newPassword = '', confirmPassword = '' } = request.body
    const given = { password: new Secret(password), newPassword: new Secret(newPassword), confirmPassword: new Secret(confirmPassword) }
    try {
      return redirectOnwards(reply, await chooseNewPassword(app, request, reply, await visitorOf(app, request), given))
    } catch (error) {
      const refusal = shownAgain(error)
      if (refusal.status === 401) throw refusal
      const shown = await page(request, refusal)
      return shown ? pageAgain(reply, refusal, shown) : reply.redirect('/signin/continue', 303)
    }
  })
}

function signOutRoutes(server: Server, app: App): void {
  server.get('/signout', { config: open }, async (request, reply) => {
    const held = (await sessionOf(app, request, 'complete')) ?? (await sessionOf(app, request, 'firstFactor'))
    const context = pageContext(request)
    return sendPage(reply, held ? SignOutPage({ context }) : SignedOutPage({ context }))
  })

  server.post('/signout', { config: open, schema: { body: Type.Object({}, { additionalProperties: false }) } }, async (request, reply) => {
    await endBrowserSessions(app, request, reply)
    return clearSite(reply).redirect('/signout', 303)
  })
}

/** What the browser kept goes too (T-35); the device and language cookies stay, and so does the place's good name (T-22). */
export function clearSite(reply: FastifyReply): FastifyReply {
  return reply.header('clear-site-data', '"cache", "storage"')
}
