/** Beginning and ending the sessions of a browser: a new id at every rise in what it may do, ids only from us (T-30). */
import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cookieOptions } from '../access.ts'
import type { Proof } from '../access.ts'
import type { App, Db } from '../app.ts'
import { endBrowserSessions, sessionCookie, sessionIdHash } from '../credentials/browser-session.ts'
import type { Level } from '../credentials/browser-session.ts'
import { insertSession } from '../store/sessions.ts'
import type { SessionRow } from '../store/sessions.ts'

/** A proof that holds for a while only, and the session with it: a temporary access pass (sspr §4.7). */
export interface PassingProof extends Proof {
  until: number
}

export interface NewBrowserSession {
  tenantId: string
  userId: string
  /** As it was when the first proof was given: a reset in between leaves the session dead. */
  credentialEpoch: number
  isAdministrator: boolean
  level: Level
  proofs: readonly Proof[]
  continueTo: string | null
}

/**
 * Signs the browser in: a new session with a new id; whatever session the browser had before ends with it. Returns the id's hash.
 * `also` is done in the same transaction.
 */
export async function beginSession(
  app: App, request: FastifyRequest, reply: FastifyReply, session: NewBrowserSession, also?: (trx: Db) => Promise<void>,
): Promise<string> {
  const id = randomBytes(32).toString('base64url')
  const idHash = sessionIdHash(id)
  const ends = session.proofs.flatMap(proof => ('until' in proof ? [Number(proof.until)] : []))
  await app.db.transaction().execute(async trx => {
    await also?.(trx)
    await endBrowserSessions(app, request, reply, trx)
    await insertSession(trx, {
      ...session,
      ...(ends.length > 0 ? { endsAt: Math.min(...ends) } : {}),
      idHash,
      publicId: randomBytes(12).toString('base64url'),
      locale: request.explicitLocale ?? null,
      ipAddress: request.clientAddress,
      userAgent: (request.headers['user-agent'] ?? '').slice(0, 300) || null,
    }, app.now())
  })
  reply.setCookie(sessionCookie[session.level], id, cookieOptions('lax'))
  return idHash
}

/** The same person's session under a new id, with more proved or a higher level; the former one ends. */
export async function renewSession(
  app: App, request: FastifyRequest, reply: FastifyReply, former: SessionRow, change: { level: Level; proofs: readonly Proof[] },
): Promise<string> {
  const { tenantId, userId, credentialEpoch, isAdministrator, continueTo } = former
  return beginSession(app, request, reply, { tenantId, userId, credentialEpoch, isAdministrator, continueTo, ...change })
}
