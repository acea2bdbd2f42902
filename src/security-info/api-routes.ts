/** The pages' twins for programs: the same functions behind each door, JSON in and out. Unknown properties are refused (T-44). */
import { Type } from 'typebox'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { Refusal } from '../refusal.ts'
import { registrableKinds } from '../rules/registration.ts'
import { reason } from '../rules/verdict.ts'
import { beginAuthenticator, confirmAuthenticator } from './authenticators.ts'
import { confirmDestination, resendCode, startDestination, verifyRegistered } from './destinations.ts'
import type { Door } from './doors.ts'
import { isAuthenticator, isDestination } from './kinds.ts'
import type { AuthenticatorKind, DestinationKind } from './kinds.ts'
import { findDestination, readOverview } from './list-methods.ts'
import { overviewJson, overviewSchema, wizardJson, wizardSchema } from './overview-json.ts'
import { questionChoices, saveQuestions } from './questions.ts'
import { makeDefault, removeOwnMethod } from './remove-method.ts'
import { enterManage, enterRegister } from './visit.ts'
import { finishWizard, readWizard, skipWizard } from './wizard.ts'

const strict = { additionalProperties: false }
const kind = Type.Union(registrableKinds.map(one => Type.Literal(one)))

export function apiRoutes(server: Server, app: App, door: Door): void {
  if (door.name === 'manage') manageApi(server, app, door)
  else registerApi(server, app, door)
  codeApi(server, app, door)
  authenticatorApi(server, app, door)
  questionApi(server, app, door)
}

function manageApi(server: Server, app: App, { api }: Door): void {
  const look = { access: 'session', surface: 'api' } as const
  const act = { access: 'recent', surface: 'api' } as const
  const params = Type.Object({ id: Type.String({ maxLength: 100 }) })

  server.get(api, { config: look, schema: { summary: 'Lists one’s own methods, and what may be added', response: { 200: overviewSchema } } }, async request => {
    const visit = await enterManage(app, request)
    return overviewJson(await readOverview(app, visit))
  })

  server.delete(`${api}/methods/:id`, { config: act, schema: { summary: 'Deletes one of one’s own methods', params } }, async (request, reply) => {
    const visit = await enterManage(app, request)
    await removeOwnMethod(app, visit, request.params.id)
    return reply.code(204).send()
  })

  server.post(`${api}/methods/:id/code`, {
    config: act,
    schema: {
      summary: 'Sends a code to change a destination, or without a new one to verify it', params,
      body: Type.Object({ destination: Type.Optional(Type.String({ maxLength: 400 })) }, strict),
    },
  }, async (request, reply) => {
    const visit = await enterManage(app, request)
    const method = await findDestination(app, visit, request.params.id)
    const { destination } = request.body
    if (destination === undefined) await verifyRegistered(app, visit, method.id)
    else await startDestination(app, visit, method.kind, destination, method.id)
    return reply.code(202).send({ kind: method.kind })
  })

  server.post(`${api}/default`, {
    config: act, schema: { summary: 'Chooses the method sign-in asks for first', body: Type.Object({ methodId: Type.String({ maxLength: 100 }) }, strict) },
  }, async (request, reply) => {
    const visit = await enterManage(app, request)
    await makeDefault(app, visit, request.body.methodId)
    return reply.code(204).send()
  })
}

function registerApi(server: Server, app: App, { api, access }: Door): void {
  const config = { access, surface: 'api' } as const

  server.get(api, { config, schema: { summary: 'What sign-in still asks for', response: { 200: wizardSchema } } }, async request => {
    const visit = await enterRegister(app, request)
    const overview = await readOverview(app, visit)
    return wizardJson(readWizard(visit, overview), overview)
  })

  for (const [path, act, summary] of [['review', finishWizard, '“Looks good”'], ['skip', skipWizard, '“Not now”']] as const) {
    server.post(`${api}/${path}`, { config, schema: { summary } }, async (request, reply) => {
      const visit = await enterRegister(app, request)
      const wizard = readWizard(visit, await readOverview(app, visit))
      if (wizard && visit.level !== 'complete') await act(app, visit, wizard)
      return reply.code(204).send()
    })
  }
}

function codeApi(server: Server, app: App, door: Door): void {
  const config = { access: door.access, surface: 'api' } as const
  server.post(`${door.api}/codes`, {
    config,
    schema: {
      summary: 'Sends a code to an address or a number; without one, another code to the same',
      body: Type.Object({ kind, destination: Type.Optional(Type.String({ maxLength: 400 })) }, strict),
    },
  }, async (request, reply) => {
    const visit = await door.enter(app, request)
    const { destination } = request.body
    const destinationKind = destinationOf(request.body.kind)
    if (destination === undefined) await resendCode(app, visit, destinationKind)
    else await startDestination(app, visit, destinationKind, destination)
    return reply.code(202).send({ kind: destinationKind })
  })

  server.post(`${door.api}/codes/confirm`, {
    config, schema: { summary: 'Brings the code back, and keeps the destination', body: Type.Object({ kind, code: Type.String({ maxLength: 40 }) }, strict) },
  }, async (request, reply) => {
    const visit = await door.enter(app, request)
    const outcome = await confirmDestination(app, visit, destinationOf(request.body.kind), request.body.code)
    return reply.code(outcome === 'added' ? 201 : 200).send({ outcome })
  })
}

function authenticatorApi(server: Server, app: App, door: Door): void {
  const config = { access: door.access, surface: 'api' } as const
  server.post(`${door.api}/authenticators`, {
    config, schema: { summary: 'A new seed for an authenticator app, shown once and not kept yet', body: Type.Object({ kind }, strict) },
  }, async request => {
    const visit = await door.enter(app, request)
    return beginAuthenticator(app, visit, authenticatorOf(request.body.kind))
  })

  const body = Type.Object({
    kind, registration: Type.String({ maxLength: 2000 }), code: Type.String({ maxLength: 40 }), displayName: Type.Optional(Type.String({ maxLength: 200 })),
  }, strict)
  server.post(`${door.api}/authenticators/confirm`, { config, schema: { summary: 'Keeps the app when its code is right', body } }, async (request, reply) => {
    const visit = await door.enter(app, request)
    const id = await confirmAuthenticator(app, visit, { ...request.body, kind: authenticatorOf(request.body.kind) })
    return reply.code(201).send({ id })
  })
}

function questionApi(server: Server, app: App, door: Door): void {
  const config = { access: door.access, surface: 'api' } as const
  server.get(`${door.api}/questions`, { config, schema: { summary: 'The questions one may choose from' } }, async request =>
    questionChoices(await door.enter(app, request)))

  const answer = Type.Object({ questionId: Type.String({ maxLength: 100 }), answer: Type.String({ maxLength: 400 }) }, strict)
  server.post(`${door.api}/questions`, {
    config, schema: { summary: 'Answers security questions; the whole set is replaced', body: Type.Object({ answers: Type.Array(answer, { maxItems: 10 }) }, strict) },
  }, async (request, reply) => {
    const visit = await door.enter(app, request)
    await saveQuestions(app, visit, request.body.answers)
    return reply.code(201).send({ count: request.body.answers.length })
  })
}

function destinationOf(given: Parameters<typeof isDestination>[0]): DestinationKind {
  if (!isDestination(given)) throw invalidKind()
  return given
}

function authenticatorOf(given: Parameters<typeof isAuthenticator>[0]): AuthenticatorKind {
  if (!isAuthenticator(given)) throw invalidKind()
  return given
}

const invalidKind = () => new Refusal(422, [reason('LK_FIELD_INVALID', { field: 'kind' })], { field: 'kind' })
