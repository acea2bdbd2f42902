import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { cookieOptions, cookies } from './access.ts'
import type { App } from './app.ts'

const kept = 90 * 86_400

export interface Device {
  /** 128 random bits that mean this browser, and nothing else. */
  id: string
  /** Made just now: the browser does not have it yet. */
  fresh: boolean
}

/**
 * The browser by which an account knows one of its usual places (T-22). The cookie is signed, so that ids come only from us;
 * which accounts it is familiar to stands in the database and not in the cookie.
 */
export function deviceOf(app: App, request: FastifyRequest): Device {
  const [id, ...mac] = (request.cookies[cookies.device] ?? '').split('~')
  if (id && /^[\w-]{22}$/.test(id) && app.keys.macMatches('device', id, mac.join('~'))) return { id, fresh: false }
  return { id: randomBytes(16).toString('base64url'), fresh: true }
}

/** The id of a browser somebody has signed in with before; undefined for one we do not know. */
export function knownDevice(app: App, request: FastifyRequest): string | undefined {
  const { id, fresh } = deviceOf(app, request)
  return fresh ? undefined : id
}

/** Gives the browser its cookie, or renews it: only after a sign-in that was right. */
export function rememberDevice(app: App, reply: FastifyReply, device: Device): void {
  reply.setCookie(cookies.device, `${device.id}~${app.keys.mac('device', device.id)}`, cookieOptions('lax', kept))
}
