/**
 * What only the development mode has, and only for callers on this machine (the hall sees to both): its people with their
 * passwords, the mail and texts that went nowhere, and the server's clock.
 */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Access, Server } from '../access.ts'
import { readMailbox, type KeptMessage } from '../notify/folder.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { Refusal } from '../refusal.ts'
import { dialledNumber } from '../rules/contact-data.ts'
import { reason } from '../rules/verdict.ts'
import type { Store } from '../store/open.ts'
import { parseDuration } from './duration.ts'
import { faultRoutes } from './fault-routes.ts'
import { wantsHtml } from './wants-html.ts'
import { clockPage, indexPage, messagesPage } from './pages.tsx'

const page = { access: 'development' as Access, surface: 'page' as const }
const api = { access: 'development' as Access, surface: 'api' as const }

const recipient = Type.Object({ to: Type.Optional(Type.String({ maxLength: 254, description: 'Only messages to this address or number.' })) })
const move = Type.Object(
  {
    advance: Type.Optional(Type.String({ maxLength: 60, description: 'An ISO 8601 duration: PT25H.' })),
    set: Type.Optional(Type.String({ maxLength: 60, description: 'An ISO 8601 moment: 2027-01-31T08:00:00Z.' })),
  },
  { additionalProperties: false },
)

export function developmentRoutes(server: Server, app: App, store: Store): void {
  faultRoutes(server, app)
  server.get('/dev', { config: page }, async (request, reply) => sendPage(reply, indexPage(pageContext(request), app.config)))

  server.get('/dev/mailbox', { config: page, schema: { querystring: recipient } }, async (request, reply) =>
    sendPage(reply, messagesPage(pageContext(request), 'mail', messages(app, 'mail', request.query.to))))
  server.get('/dev/phone', { config: page, schema: { querystring: recipient } }, async (request, reply) =>
    sendPage(reply, messagesPage(pageContext(request), 'sms', messages(app, 'sms', request.query.to))))

  // Arrays, the newest message first.
  server.get('/dev/mailbox.json', { config: api, schema: { summary: 'Mail that was sent', querystring: recipient } }, async request =>
    messages(app, 'mail', request.query.to).map(asJson))
  server.get('/dev/phone.json', { config: api, schema: { summary: 'Texts that were sent', querystring: recipient } }, async request =>
    messages(app, 'sms', request.query.to).map(asJson))

  const time = () => ({ now: new Date(app.now()).toISOString(), offsetInMilliseconds: store.clock.offset() })
  server.get('/dev/clock.json', { config: api, schema: { summary: "The server's time" } }, async () => time())
  server.get('/dev/clock', { config: page }, async (request, reply) => {
    if (!wantsHtml(request)) return reply.send(time())
    return sendPage(reply, clockPage(pageContext(request), app.now(), store.clock.offset()))
  })
  server.post('/dev/clock', { config: api, schema: { summary: "Sets or advances the server's time", body: move } }, async request => {
    await moveClock(store, request.body)
    return time()
  })
  /** The page's own form, which says the same. */
  server.post('/dev/clock/move', { config: page, schema: { body: Type.Object({ by: Type.Optional(Type.String({ maxLength: 60 })) }) } }, async (request, reply) => {
    const { by } = request.body
    try {
      if (by === undefined) await store.clock.advance(-store.clock.offset())
      else await moveClock(store, { advance: by.trim() })
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return sendPage(reply, clockPage(pageContext(request), app.now(), store.clock.offset(), by), { status: 422 })
    }
    return reply.redirect('/dev/clock', 303)
  })
}

async function moveClock(store: Store, { advance, set }: { advance?: string; set?: string }): Promise<void> {
  const invalid = (field: string) => new Refusal(400, [reason('LK_FIELD_INVALID', { field })], { field })
  if ((advance === undefined) === (set === undefined)) throw invalid('advance')
  if (advance !== undefined) {
    const milliseconds = parseDuration(advance)
    if (milliseconds === undefined) throw invalid('advance')
    return store.clock.advance(milliseconds)
  }
  const at = /^\d{4}-\d{2}-\d{2}T/.test(set!) ? Date.parse(set!) : Number.NaN
  if (Number.isNaN(at)) throw invalid('set')
  return store.clock.set(at)
}

/** The messages of one kind, newest first; numbers are compared by their digits (a `+` in an address becomes a blank). */
function messages(app: App, kind: KeptMessage['kind'], to: string | undefined): KeptMessage[] {
  const wanted = to === undefined ? undefined : kind === 'mail' ? to.trim().toLowerCase() : dialledNumber(to).replace('+', '')
  return readMailbox(app.config.dataDir).filter(message => {
    if (message.kind !== kind) return false
    if (wanted === undefined) return true
    return kind === 'mail' ? message.to.toLowerCase() === wanted : dialledNumber(message.to).replace('+', '') === wanted
  })
}

function asJson(message: KeptMessage) {
  const { at, to, text, name, locale, dedupeId } = message
  // The code it carries, if any, without the blank that makes it readable: what a program wants of a message.
  const code = /(?<!\d)\d{3,4} \d{3,4}(?!\d)|(?<!\d)\d{6,8}(?!\d)/.exec(text)?.[0].replace(' ', '') ?? null
  const common = { id: dedupeId, sentDateTime: new Date(at).toISOString(), name, locale, to, code }
  return message.kind === 'mail' ? { ...common, subject: message.subject, text, html: message.html } : { ...common, text }
}
