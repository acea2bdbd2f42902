/**
 * App passwords for programs behind a reverse proxy: the proxy asks here in a sub-request (nginx `auth_request`, Apache, Caddy
 * `forward_auth`) whether the Basic credentials are right. Nothing but an app password is accepted, nothing else accepts one
 * (T-56), and no cookie is ever set.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { accountKeyOf } from '../credentials/account-key.ts'
import { verifyAppPassword } from '../credentials/app-passwords.ts'
import type { AppPasswordVerdict } from '../credentials/app-passwords.ts'
import { Secret } from '../secret.ts'
import { addSignIn } from '../store/sign-ins.ts'
import { resolveTenant } from './resolve-tenant.ts'

interface BasicCredentials {
  userName: string
  appPassword: Secret
}

const longestUserName = 113
const longestHeader = 1024

export function basicRoutes(server: Server, app: App): void {
  server.route({
    method: ['GET', 'HEAD'],
    url: '/auth/basic',
    config: { access: 'basic', surface: 'plain' },
    schema: {
      summary: 'Checks a user name and an app password for a reverse proxy',
      description: '200 with X-Latchkey-User, X-Latchkey-User-Id and X-Latchkey-Tenant, or 401 with WWW-Authenticate. Never sets a cookie.',
    },
    handler: async (request, reply) => answer(app, request, reply),
  })
}

async function answer(app: App, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const given = readBasic(request.headers.authorization)
  if (!given) return refuse(reply)
  const tenantId = await resolveTenant(app.db, given.userName)
  if (tenantId === undefined) return refuse(reply)
  const verdict = await verifyAppPassword(app, {
    tenantId, typedName: given.userName, appPassword: given.appPassword, place: { address: request.clientAddress },
  })
  await note(app, request, tenantId, given.userName, verdict)
  if (verdict.outcome === 'locked') return refuse(reply.header('retry-after', String(Math.max(1, Math.ceil((verdict.until - app.now()) / 1000)))))
  if (verdict.outcome !== 'right') return refuse(reply)
  return reply
    .code(200)
    .header('x-latchkey-user', headerText(verdict.userPrincipalName))
    .header('x-latchkey-user-id', verdict.userId)
    .header('x-latchkey-tenant', tenantId)
    .send('')
}

/** One row of the sign-in log for each asking; written in batches, for a program may ask all day. */
function note(app: App, request: FastifyRequest, tenantId: string, typedName: string, verdict: AppPasswordVerdict): Promise<void> {
  const right = verdict.outcome === 'right'
  return addSignIn(app, {
    tenantId, at: app.now(), userId: right ? verdict.userId : null, accountKey: accountKeyOf(app, tenantId, typedName),
    // Somebody may have put the password where the name belongs (T-78).
    accountHint: right ? typedName : typedName.trim().slice(0, 1),
    kind: 'appPassword', result: right ? 'success' : 'failure',
    reasonCode: right ? null : verdict.outcome === 'locked' ? 'LK_LOCKED_SIGNIN' : 'LK_SIGNIN_FAILED', proofs: right ? ['appPassword'] : [],
    ipAddress: request.clientAddress, userAgent: request.headers['user-agent']?.slice(0, 300) ?? null, correlationId: request.correlationId,
  })
}

/** One answer for everything that is not right: wrong, unknown, locked, malformed (T-01). */
function refuse(reply: FastifyReply): FastifyReply {
  return reply.code(401).header('www-authenticate', 'Basic realm="Latchkey app password", charset="UTF-8"').send('')
}

/** The two halves of a Basic header; undefined for anything else. Blanks in the secret do not count: it is shown in groups. */
export function readBasic(header: string | undefined): BasicCredentials | undefined {
  if (header === undefined || header.length > longestHeader) return undefined
  const encoded = /^basic +([A-Za-z0-9+/_-]+={0,2}) *$/i.exec(header)?.[1]
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  const userName = text.slice(0, colon)
  if (colon < 1 || userName.length > longestUserName || /\p{Cc}/u.test(text)) return undefined
  return { userName, appPassword: new Secret(text.slice(colon + 1).replace(/ /g, '')) }
}

/** Header values are ASCII; a name that is not travels percent-encoded. */
const headerText = (text: string): string => (/^[\x20-\x7E]*$/.test(text) ? text : encodeURIComponent(text))
