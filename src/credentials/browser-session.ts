/** The sessions a browser holds: read and ended in one way, whichever room asks. */
import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cookieOptions, cookies } from '../access.ts'
import type { App, Db } from '../app.ts'
import { endSession, findSession } from '../store/sessions.ts'
import type { SessionRow } from '../store/sessions.ts'

/** `complete`: signed in. `firstFactor`: on the way, and never taken for the other (T-15). */
export type Level = 'firstFactor' | 'complete'

/** The cookie that carries a session of this level. */
export const sessionCookie: Readonly<Record<Level, string>> = { firstFactor: cookies.firstFactor, complete: cookies.session }

/** As the store knows a session. */
export const sessionIdHash = (id: string): string => createHash('sha256').update(id).digest('base64url')

/** This browser's session of that level, if it holds; for public pages, where the hall reads no cookie. */
export async function sessionOf(app: App, request: FastifyRequest, level: Level): Promise<SessionRow | undefined> {
  const id = request.cookies[sessionCookie[level]]
  if (id === undefined || !/^[\w-]{43}$/.test(id)) return undefined
  const session = await findSession(app.db, sessionIdHash(id), app.now())
  return session?.level === level ? session : undefined
}

/** Ends what this browser holds, of either kind, and takes the cookies away. */
export async function endBrowserSessions(app: App, request: FastifyRequest, reply: FastifyReply, db: Db = app.db): Promise<void> {
  for (const level of ['firstFactor', 'complete'] as const) {
    const session = await sessionOf(app, request, level)
    if (session) await endSession(db, { tenantId: session.tenantId, idHash: session.idHash })
    if (request.cookies[sessionCookie[level]] !== undefined) reply.clearCookie(sessionCookie[level], cookieOptions('lax'))
  }
}
