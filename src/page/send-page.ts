import type { FastifyReply } from 'fastify'
import type { VNode } from 'preact'
import { renderToString } from 'preact-render-to-string'

/** The page as the bytes that leave: for tests and for renderers that send themselves. */
export function renderPage(page: VNode): string {
  return `<!doctype html>${renderToString(page)}`
}

/**
 * Sends a page. Give 422 when it is the same page again with a reason. Never compressed: it carries a form token, and a page
 * that mixes a secret with what was typed must not tell its length (BREACH).
 */
export function sendPage(reply: FastifyReply, page: VNode, options: { status?: number } = {}): FastifyReply {
  return reply
    .code(options.status ?? 200)
    .type('text/html; charset=utf-8')
    .header('content-language', reply.request.locale)
    .send(renderPage(page))
}
