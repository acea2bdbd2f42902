/**
 * The server as a value: hooks, strict bodies, the doors of the rooms, and nothing that decides. `inject()` drives it in tests,
 * listen.ts puts sockets in front of it.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import cookie from '@fastify/cookie'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { App } from './app.ts'
import type { Access, Server, Surface } from './access.ts'
import { authenticate, describeRequest } from './authenticate.ts'
import { useStrictBodies } from './bodies.ts'
import { trustedProxies } from './client-address.ts'
import { doors } from './doors.ts'
import type { Listener } from './config.ts'
import { otherMethods, unrouted } from './graph/unrouted.ts'
import { originOfWhole } from './inner-request.ts'
import { aadsts } from './oauth/errors.ts'
import { rewriteODataPath } from './odata-path.ts'
import { documentRoutes } from './openapi.ts'
import { Refusal } from './refusal.ts'
import { reason } from './rules/verdict.ts'
import { schemaCompilers } from './schema-compilers.ts'
import { requireSameOrigin } from './same-origin.ts'
import { secureHeaders } from './secure-headers.ts'
import { renderError, surfaceOf } from './surfaces.ts'
import { chooseLocale } from './text.ts'
import type { Store } from './store/open.ts'

/** The listener a request came through; listen.ts sets it. Without one (inject) the first that is configured counts. */
export const arrivedAt = new WeakMap<IncomingMessage, Listener>()

/** Bodies of public pages may be this large, all others four times that (N-BODY); a route may declare its own (LD-50). */
const publicBodyLimit = 16 * 1024
const bodyLimit = 64 * 1024

export async function buildServer(app: App, store: Store): Promise<FastifyInstance> {
  const server = Fastify({
    bodyLimit,
    loggerInstance: undefined,
    logger: false,
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    schemaController: { compilersFactory: schemaCompilers() },
    rewriteUrl: request => rewriteODataPath(request.url ?? '/'),
    routerOptions: { caseSensitive: false, maxParamLength: 512, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => void renderUnrouted(app, error, request, reply),
  })
  useStrictBodies(server)
  declareOnce(server)
  await server.register(cookie)
  useHooks(server, app)
  tellOnlyWhatStays(server, store)
  server.setErrorHandler((error, request, reply) => renderError(app, error, request, reply))
  server.setNotFoundHandler((request, reply) => {
    const graph = unrouted(request.method, request.url, routesOf(server))
    if (graph?.allow !== undefined) reply.header('allow', graph.allow)
    if (surfaceOf(request) === 'oauth') refuseMethod(request, reply, routesOf(server))
    throw graph?.refusal ?? new Refusal(404, [reason('LK_NOT_FOUND')])
  })
  documentRoutes(server)
  // Before the doors are hung: a hook holds for what comes after it.
  if (app.config.mode === 'development') (await import('./development/fault-hooks.ts')).useFaults(server, app)
  for (const door of await doors(app)) await server.register(async room => door(room as unknown as Server, app, store))
  await server.ready()
  return server
}

/** A route as it was declared: what the inventory of the tests and the OpenAPI document are made of. */
export interface DeclaredRoute {
  method: string
  url: string
  access: Access
  surface: Surface
}

const declared = new WeakMap<object, DeclaredRoute[]>()

/** Every route of a server that buildServer made. */
export const routesOf = (server: FastifyInstance): readonly DeclaredRoute[] => declared.get(server) ?? []

/** A route that does not say who may call it, or in whose voice it answers, stops the start. */
function declareOnce(server: FastifyInstance): void {
  const routes: DeclaredRoute[] = []
  declared.set(server, routes)
  server.addHook('onRoute', route => {
    const { access, surface } = route.config ?? {}
    if (access === undefined || surface === undefined) throw new Error(`${String(route.method)} ${route.url} does not say who may call it (access, surface)`)
    // No cookie is read on that surface, for what is asked there comes from other origins by its nature.
    if (surface === 'oauth' && access !== 'public' && !(typeof access === 'object' && 'bearer' in access)) throw new Error(`${route.url}: a route of the token service is public or for bearers`)
    if ((access === 'public' || access === 'recovery') && route.bodyLimit === undefined) route.bodyLimit = publicBodyLimit
    for (const method of [route.method].flat()) routes.push({ method, url: route.url, access, surface })
  })
}

function useHooks(server: FastifyInstance, app: App): void {
  const proxies = trustedProxies(app.config.trustedProxies)
  for (const name of ['caller', 'explicitLocale'] as const) server.decorateRequest(name, undefined)
  for (const name of ['correlationId', 'clientAddress', 'origin', 'formToken'] as const) server.decorateRequest(name, '')
  server.decorateRequest('locale', 'en')
  server.decorateRequest('isSettled', false)

  server.addHook('onRequest', async (request, reply) => {
    const listener = arrivedAt.get(request.raw) ?? app.config.listeners.find(one => one.origin === originOfWhole()) ?? app.config.listeners[0]!
    request.origin = listener.origin
    secureHeaders(reply, listener)
    refuseUnknownHost(request.raw, listener)
    await describeRequest(app, proxies, request, reply)
    if (!request.is404) await authenticate(app, request)
  })
  server.addHook('preParsing', async (request, _reply, payload) => {
    requireBodyOfItsSurface(request.headers['content-type'], request.routeOptions.config.surface)
    return payload
  })
  server.addHook('preValidation', async request => {
    if (!request.is404) requireSameOrigin(app, request)
  })
  server.addHook('onResponse', async (request, reply) => {
    const milliseconds = Math.round(reply.elapsedTime * 10) / 10
    const { correlationId, method } = request
    app.log.info('request', { correlationId, method, route: request.routeOptions.url ?? '', status: reply.statusCode, milliseconds })
  })
}

/** Whatever an answer is made of is on the disk before it leaves (R-03, decision 010). `/livez` looks at nothing. */
function tellOnlyWhatStays(server: FastifyInstance, store: Store): void {
  server.addHook('onSend', (request, _reply, payload, done) => {
    const settled = request.isSettled || request.routeOptions.url === '/livez' ? undefined : store.settled()
    if (settled) settled.then(() => done(null, payload), done)
    else done(null, payload)
  })
}

/** @throws TokenRefusal 900561 at an address of the token service that takes other methods (oauth §13.1) */
function refuseMethod({ method, url }: FastifyRequest, reply: FastifyReply, routes: readonly DeclaredRoute[]): void {
  const accepted = otherMethods(method, url.split('?', 1)[0]!, routes).join(', ')
  if (accepted === '') return
  reply.header('allow', accepted)
  throw aadsts(900561, { accepted, method })
}

/** A path that cannot be decoded reaches no hook: what the hooks would have settled is settled here, as far as an answer needs it. */
function renderUnrouted(app: App, error: Error, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  request.correlationId = randomUUID()
  request.locale = chooseLocale({ acceptLanguage: request.headers['accept-language'] })
  request.formToken = ''
  secureHeaders(reply, arrivedAt.get(request.raw) ?? app.config.listeners[0]!)
  reply.header('x-correlation-id', request.correlationId)
  return renderError(app, error, request, reply)
}

/** Only the configured name is ours; any other Host would end up in links and cookies (T-09). */
function refuseUnknownHost(raw: IncomingMessage, listener: Listener): void {
  let hosts = 0
  for (let at = 0; at < raw.rawHeaders.length; at += 2) if (raw.rawHeaders[at]!.toLowerCase() === 'host') hosts++
  const known = raw.headers.host === new URL(listener.origin).host
  if (hosts > 1 || !known || raw.url?.[0] !== '/') throw new Refusal(421, [reason('LK_MISDIRECTED')])
}

/** Forms go to pages and to the token service, JSON to programs; a form can cross origins where JSON cannot (T-31). */
function requireBodyOfItsSurface(contentType: string | undefined, surface: Surface | undefined): void {
  if (contentType === undefined || surface === undefined) return // what leads nowhere is 404, whatever it brings
  const form = /^\s*application\/x-www-form-urlencoded/i.test(contentType)
  if (form !== (surface === 'page' || surface === 'oauth')) throw new Refusal(415, [reason('LK_MEDIA_TYPE')])
}
