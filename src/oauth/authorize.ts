/**
 * `/authorize`: a program wants somebody to sign in (oauth §10). A request that cannot be answered at once is kept under a random id
 * while its owner signs in; `/oauth2/continue/{id}` looks again at what is due each time somebody comes by.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { checkAuthorize } from '../rules/authorize-checks.ts'
import type { AuthorizeParameters, AuthorizeVerdict } from '../rules/authorize-checks.ts'
import { nextAuthorizeStep } from '../rules/authorize-steps.ts'
import type { Client } from '../store/clients.ts'
import type { SessionRow } from '../store/sessions.ts'
import { answerProgram, refuseProgram } from './answer-program.ts'
import { consider } from './authorize-facts.ts'
import type { Considered } from './authorize-facts.ts'
import { issueCode } from './authorize-issue.ts'
import { findPending, keep, pathOf } from './authorize-pending.ts'
import type { Pending } from './authorize-pending.ts'
import { TokenRefusal, aadsts } from './errors.ts'
import { tokenFacts } from './known-clients.ts'
import { AccountPage, ApprovalPage, ConsentPage, GonePage, NotAssignedPage, RequestErrorPage } from './pages.tsx'
import { scopeText } from './permission-texts.ts'
import { markOfScopes } from './shown-permissions.ts'
import { resolveTenant } from './tenant-segment.ts'
import { originsOf } from './request-place.ts'
import { missingConsent } from './wanted-scopes.ts'

/** Reads what the program asks; `cookies` says whether the browser's session may be looked at (a form from elsewhere brings none). */
export async function beginAuthorize(app: App, request: FastifyRequest, reply: FastifyReply, text: string, { cookies, version }: { cookies: boolean; version: 1 | 2 }): Promise<FastifyReply> {
  const { parameters, repeated } = readParameters(text, version)
  return onOurPage(request, reply, parameters['client_id'], async () => {
    const { tenant: segment } = request.params as { tenant: string }
    const tenant = await resolveTenant(app, segment, parameters['login_hint'] ?? hintOf(parameters['domain_hint']))
    const known = await tokenFacts(app, { tenantId: tenant.tenantId, appId: parameters['client_id'] ?? '', origins: originsOf(app, request.origin) })
    const client = known?.client
    const verdict = checkAuthorize({ parameters, repeated, client })
    if (!verdict.accepted) return refuse(app, request, reply, verdict, client, tenant.tenantId)
    const pending: Pending = {
      kind: 'authorize', appId: client!.appId, request: verdict.request, anyTenant: tenant.kind !== 'tenant', clientInfo: parameters['client_info'] === '1',
      tenantId: tenant.tenantId, id: null, askedAt: app.now(), answers: {},
    }
    if (!cookies) return reply.redirect(pathOf((await keep(app, pending, request.clientAddress)).id!), 303)
    return proceed(app, request, reply, pending, 'atOnce')
  })
}

const hintOf = (domain: string | undefined): string | undefined => (domain ? `@${domain}` : undefined)

/** Every parameter once; the first name that comes twice is remembered. v1 names the resource apart, and means everything agreed to. */
function readParameters(text: string, version: 1 | 2): { parameters: AuthorizeParameters; repeated: string | undefined } {
  const parameters: Record<string, string> = Object.create(null)
  let repeated: string | undefined
  for (const [name, value] of new URLSearchParams(text)) {
    if (name in parameters) repeated ??= name.slice(0, 100)
    else if (value !== '') parameters[name] = value
  }
  if (version === 1 && parameters['resource']) parameters['scope'] = `openid profile offline_access ${parameters['resource']}/.default`
  return { parameters, repeated }
}

function refuse(app: App, request: FastifyRequest, reply: FastifyReply, verdict: Extract<AuthorizeVerdict, { accepted: false }>, client: Client | undefined, tenantId: string): FastifyReply {
  const { code, values, error } = verdict.no
  const refusal = aadsts(code, { tenant: tenantId, ...values }, error === undefined ? {} : { error })
  if (!verdict.redirect) throw refusal
  const to = { redirectUri: verdict.redirect.uri, responseMode: verdict.responseMode, state: verdict.state, programName: client!.displayName }
  return refuseProgram(app, request, reply, to, refusal, 'atOnce')
}

/** Goes on with a request that is kept. */
export async function continueAuthorize(app: App, request: FastifyRequest, reply: FastifyReply, id: string): Promise<FastifyReply> {
  const pending = await findPending(app, id)
  if (!pending) return gone(request, reply)
  return onOurPage(request, reply, pending.appId, () => proceed(app, request, reply, pending, 'byPage'))
}

/** Nothing waits under that id any more. */
export const gone = (request: FastifyRequest, reply: FastifyReply): FastifyReply => sendPage(reply, GonePage({ context: pageContext(request) }), { status: 410 })

async function proceed(app: App, request: FastifyRequest, reply: FastifyReply, pending: Pending, how: 'atOnce' | 'byPage'): Promise<FastifyReply> {
  const considered = await consider(app, request, pending)
  const { session, person, to } = considered
  try {
    if (person?.refusal) throw person.refusal
    const { next, silently } = nextAuthorizeStep({
      request: pending.request, askedAt: pending.askedAt, now: app.now(),
      session: session && (person?.session ?? notOfTenant(session)), consent: person?.consentFacts ?? { missing: false, mayConsent: false, agreedNow: false },
    })
    if (pending.request.prompt === 'none' && silently) throw aadsts(silently.code, { app: pending.appId }, { error: silently.error })
    if (next.step === 'done') {
      const answer = await issueCode(app, request, considered)
      // Somebody pressed twice: one answer has gone out.
      return answer ? answerProgram(request, reply, to, answer, how) : gone(request, reply)
    }
    const kept = await keep(app, pending, request.clientAddress)
    if (next.step === 'signIn') return reply.redirect(signInPath(kept, next.again), 303)
    if (next.step === 'proveAgain') return reply.redirect(`/signin/again?continue=${encodeURIComponent(pathOf(kept.id!))}`, 303)
    // Pages with forms stand at the address that goes on, so that a change of language finds them again.
    if (pending.id === null) return reply.redirect(pathOf(kept.id!), 303)
    return sendPage(reply, pageFor(request, { ...considered, pending: kept }, next.step))
  } catch (error) {
    // Too many from one address is no news about the request: it stays here.
    if (!(error instanceof TokenRefusal) || error.code === 50196) throw error
    return refuseProgram(app, request, reply, to, error, how)
  }
}

const notOfTenant = ({ createdAt }: SessionRow) =>
  ({ createdAt, provedAt: createdAt, isOfTenant: false, isHinted: true, interrupted: false, proofIsOld: false, assigned: true, chosen: false })

function signInPath({ id, request: { loginHint } }: Pending, again: boolean): string {
  const hint = loginHint === null ? '' : `&username=${encodeURIComponent(loginHint)}`
  return `/signin?continue=${encodeURIComponent(pathOf(id!))}${again ? '&prompt=login' : ''}${hint}`
}

function pageFor(request: FastifyRequest, { pending, client, person, to }: Considered, step: 'chooseAccount' | 'notAssigned' | 'consent' | 'askAdministrator') {
  const { displayName } = person!.facts.subject
  const context = pageContext(request, { signedInAs: displayName })
  const common = { context, action: pathOf(pending.id!), programName: client.displayName, otherHref: signInPath({ ...pending, request: { ...pending.request, loginHint: null } }, true) }
  const missing = missingConsent(person!.consent!)
  const permissions = missing.map(({ resource, scope }) => scopeText(context, resource, scope))
  switch (step) {
    case 'chooseAccount': return AccountPage({ ...common, name: displayName })
    case 'notAssigned': return NotAssignedPage(common)
    case 'askAdministrator': return ApprovalPage({ ...common, permissions })
    case 'consent': {
      const host = URL.parse(to.redirectUri)?.host || to.redirectUri
      const all = permissions.length > 0 ? permissions : person!.wantedScopes.map(({ resource, scope }) => scopeText(context, resource, scope))
      return ConsentPage({ ...common, name: displayName, host, permissions: all, forEverybody: person!.rights.forEverybody && missing.length > 0, shown: markOfScopes(missing) })
    }
  }
}

/** Runs it; a refusal that is not the program's business is shown to the person. */
export async function onOurPage(request: FastifyRequest, reply: FastifyReply, appId: string | undefined, work: () => Promise<FastifyReply>): Promise<FastifyReply> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TokenRefusal)) throw error
    const { retryAfter } = error.options
    if (retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(retryAfter)))
    return sendPage(reply, RequestErrorPage({ context: pageContext(request), description: error.description, appId: appId?.slice(0, 100) }), { status: retryAfter === undefined ? 400 : 429 })
  }
}
