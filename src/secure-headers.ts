import type { FastifyReply } from 'fastify'
import type { Listener } from './config.ts'

/** LD-58. Pages hold no inline script and no inline style, and load nothing from elsewhere. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
  "require-trusted-types-for 'script'",
].join('; ')

const always = {
  'content-security-policy': contentSecurityPolicy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY', // T-32, for browsers that do not know frame-ancestors
  'referrer-policy': 'no-referrer', // T-10
  'cross-origin-opener-policy': 'same-origin', // T-38
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'cache-control': 'no-store', // T-35: the borrowed computer is our main user's; static files overrule it
}

/** On every answer, errors included. */
export function secureHeaders(reply: FastifyReply, listener: Listener): void {
  reply.headers(always)
  if (listener.origin.startsWith('https:')) reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains')
}
