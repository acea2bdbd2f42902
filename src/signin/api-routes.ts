/**
 * Signing in for programs: the same functions as the pages, JSON in and out, the same cookies. Every answer says what is next,
 * so that a program can follow without knowing the rules.
 */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import { userCaller } from '../access.ts'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { endBrowserSessions } from '../credentials/browser-session.ts'
import { Secret } from '../secret.ts'
import { endOwnSession, ownSessions, signOutEverywhere } from './account-routes.ts'
import { hasSecondFactor } from '../rules/usable-methods.ts'
import { chooseNewPassword } from './new-password.ts'
import { nextStep } from './next-step.ts'
import { proveAgain, proveSecondFactor, sendFactorCode } from './prove.ts'
import { listSecondFactors } from './second-factors.ts'
import { goOn, signInWithPass, signInWithPassword } from './sign-in.ts'
import type { SignedIn } from './sign-in.ts'
import { clearSite } from './sign-in-routes.ts'
import { visitorOf } from './visitor.ts'

const strict = { additionalProperties: false }
const passwordText = Type.String({ minLength: 1, maxLength: 4096 })
const userName = Type.String({ minLength: 1, maxLength: 320, description: 'The user principal name' })
const credentials = Type.Object({ userName, password: passwordText }, strict)
const pass = Type.Object({ userName, temporaryAccessPass: Type.String({ minLength: 1, maxLength: 64 }) }, strict)
const method = Type.Object({ methodId: Type.String({ maxLength: 100 }) }, strict)
const code = Type.Object({ methodId: Type.String({ maxLength: 100 }), code: Type.String({ minLength: 1, maxLength: 50 }) }, strict)
const newPassword = Type.Object({ currentPassword: Type.Optional(passwordText), newPassword: passwordText }, strict)
const again = Type.Union([Type.Object({ password: passwordText }, strict), code])

const next = Type.Object({
  next: Type.Union(
    [Type.Literal('secondFactor'), Type.Literal('newPassword'), Type.Literal('register'), Type.Literal('reconfirm'), Type.Literal('done')],
    { description: 'What is due before the session is complete; done = signed in' },
  ),
})
const factor = Type.Object({
  methodId: Type.String(), way: Type.Union([Type.Literal('totp'), Type.Literal('sms')]), name: Type.Union([Type.String(), Type.Null()]), hint: Type.String(),
})
const session = Type.Object({
  id: Type.String(), current: Type.Boolean(), createdDateTime: Type.String(), lastSeenDateTime: Type.String(),
  ipAddress: Type.Union([Type.String(), Type.Null()]), userAgent: Type.Union([Type.String(), Type.Null()]),
})

const open = { access: 'public', surface: 'api' } as const
const halfWay = { access: 'firstFactor', surface: 'api' } as const
const signedIn = { access: 'session', surface: 'api' } as const
const told = ({ next: { step } }: SignedIn) => ({ next: step })

export function apiRoutes(server: Server, app: App): void {
  server.post('/api/signin', {
    config: open, schema: { summary: 'Sign in with a password or a temporary access pass', body: Type.Union([credentials, pass]), response: { 200: next } },
  }, async (request, reply) => {
    const { body } = request
    const given = { userName: body.userName, continueTo: undefined }
    return told('password' in body
      ? await signInWithPassword(app, request, reply, { ...given, password: new Secret(body.password) })
      : await signInWithPass(app, request, reply, { ...given, pass: new Secret(body.temporaryAccessPass) }))
  })

  server.get('/api/signin', {
    config: halfWay, schema: {
      summary: 'Who is signed in, what is due next, and the second factors to choose from',
      response: { 200: Type.Object({ ...next.properties, userId: Type.String(), userPrincipalName: Type.String(), displayName: Type.String(), methods: Type.Array(factor) }) },
    },
  }, async request => {
    const visitor = await visitorOf(app, request)
    const { subject } = visitor.facts
    const { step } = visitor.session.level === 'complete' ? { step: 'done' as const } : nextStep(visitor.facts, visitor.session.proofs)
    const methods = (await listSecondFactors(app, visitor.facts)).map(({ methodId, way, name, hint }) => ({ methodId, way, name, hint }))
    return { next: step, userId: subject.id, userPrincipalName: subject.userPrincipalName, displayName: subject.displayName, methods }
  })

  server.post('/api/signin/continue', { config: halfWay, schema: { summary: 'Ask again what is due; completes the session when nothing is', response: { 200: next } } },
    async (request, reply) => told(await goOn(app, request, reply, await visitorOf(app, request))))

  server.post('/api/signin/second-factor/challenges', {
    config: halfWay, schema: { summary: 'Text a code to a registered phone', body: method, response: { 202: Type.Object({ methodId: Type.String() }) } },
  }, async (request, reply) => {
    await sendFactorCode(app, request, await visitorOf(app, request), request.body.methodId)
    return reply.code(202).send({ methodId: request.body.methodId })
  })

  server.post('/api/signin/second-factor', { config: halfWay, schema: { summary: 'Prove the second factor with a code', body: code, response: { 200: next } } },
    async (request, reply) => told(await proveSecondFactor(app, request, reply, await visitorOf(app, request), request.body)))

  server.post('/api/signin/new-password', { config: halfWay, schema: { summary: 'Choose the new password that is due', body: newPassword, response: { 200: next } } },
    async (request, reply) => {
      const chosen = new Secret(request.body.newPassword)
      const given = { password: new Secret(request.body.currentPassword ?? ''), newPassword: chosen, confirmPassword: chosen }
      return told(await chooseNewPassword(app, request, reply, await visitorOf(app, request), given))
    })

  server.post('/api/signin/again', { config: signedIn, schema: { summary: 'Prove again, before something delicate', body: again, response: { 200: next } } },
    async (request, reply) => {
      const visitor = await visitorOf(app, request)
      const { body } = request
      // Whoever has a second factor proves that; a password alone would be the weaker one of the two.
      const weak = 'password' in body && hasSecondFactor(visitor.facts.subject)
      await proveAgain(app, request, reply, visitor, weak ? { methodId: '', code: '' } : 'password' in body ? { password: new Secret(body.password) } : body)
      return { next: 'done' as const }
    })

  server.post('/api/signout', { config: open, schema: { summary: 'End this session', response: { 204: Type.Null() } } }, async (request, reply) => {
    await endBrowserSessions(app, request, reply)
    return clearSite(reply).code(204).send(null)
  })

  sessionRoutes(server, app)
}

function sessionRoutes(server: Server, app: App): void {
  const listed = async (request: FastifyRequest) => {
    const current = userCaller(request).session.publicId
    const iso = (at: number) => new Date(at).toISOString()
    return (await ownSessions(app, request)).map(({ publicId, createdAt, lastSeenAt, ipAddress, userAgent }) =>
      ({ id: publicId, current: publicId === current, createdDateTime: iso(createdAt), lastSeenDateTime: iso(lastSeenAt), ipAddress, userAgent }))
  }
  server.get('/api/sessions', { config: signedIn, schema: { summary: 'One’s own sessions', response: { 200: Type.Object({ value: Type.Array(session) }) } } },
    async request => ({ value: await listed(request) }))

  server.delete('/api/sessions/:id', {
    config: signedIn, schema: { summary: 'End one of one’s own sessions', params: Type.Object({ id: Type.String({ maxLength: 100 }) }), response: { 204: Type.Null() } },
  }, async (request, reply) => {
    await endOwnSession(app, request, request.params.id)
    return reply.code(204).send(null)
  })

  server.post('/api/sessions/end-all', { config: signedIn, schema: { summary: 'Sign out everywhere', response: { 204: Type.Null() } } }, async (request, reply) => {
    await signOutEverywhere(app, request)
    await endBrowserSessions(app, request, reply)
    return clearSite(reply).code(204).send(null)
  })
}
