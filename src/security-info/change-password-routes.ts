import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Server } from '../access.ts'
import type { App } from '../app.ts'
import { listAppPasswords } from '../credentials/app-passwords.ts'
import { pageContext } from '../page/context.ts'
import { sendPage } from '../page/send-page.ts'
import { Refusal } from '../refusal.ts'
import { appPasswordGate } from '../rules/app-password-rules.ts'
import { reason } from '../rules/verdict.ts'
import { Secret } from '../secret.ts'
import { reasonText } from '../text.ts'
import { ChangePasswordPage, PasswordChangedPage } from './change-password-page.tsx'
import { asksCurrent, changePassword, shownRules, validatePassword } from './change-password.ts'
import { orSamePage } from './same-page-again.ts'
import type { Shown } from './same-page-again.ts'
import { visitOf } from './visit.ts'
import type { Visit } from './visit.ts'

const text = Type.Optional(Type.String({ maxLength: 4096 }))
const page = { access: 'session', surface: 'page' } as const
const api = { access: 'session', surface: 'api' } as const

/** `/changepassword`, where browsers' password managers look for it too, and the same for programs. */
export function changePasswordRoutes(server: Server, app: App): void {
  const contextOf = (request: FastifyRequest, visit: Visit) => pageContext(request, { signedInAs: visit.facts.subject.displayName })
  const form = (request: FastifyRequest, visit: Visit, shown: Shown = {}) => ChangePasswordPage({
    context: contextOf(request, visit), userPrincipalName: visit.facts.subject.userPrincipalName, askCurrent: asksCurrent(visit), rules: shownRules(visit), ...shown,
  })

  server.get('/.well-known/change-password', { config: { access: 'public', surface: 'page' } }, async (_request, reply) => reply.redirect('/changepassword', 303))

  server.get('/changepassword', { config: page }, async (request, reply) => sendPage(reply, form(request, await visitOf(app, request, 'manage'))))

  const body = Type.Object({ userName: Type.Optional(Type.String()), currentPassword: text, newPassword: text, confirmPassword: text })
  server.post('/changepassword', { config: page, schema: { body } }, async (request, reply) => {
    const visit = await visitOf(app, request, 'manage')
    const { currentPassword = '', newPassword = '', confirmPassword = '' } = request.body
    const change = async () => {
      if (newPassword !== '' && newPassword !== confirmPassword) throw new Refusal(422, [reason('LK_PASSWORD_MISMATCH')], { field: 'confirmPassword' })
      const { pending } = await changePassword(app, visit, {
        currentPassword: new Secret(currentPassword), newPassword: new Secret(newPassword), address: request.clientAddress,
      })
      return reply.redirect(`/changepassword/done${pending ? '?pending' : ''}`, 303)
    }
    return orSamePage(reply, change, shown => form(request, visit, shown))
  })

  server.get('/changepassword/done', { config: page }, async (request, reply) => {
    const visit = await visitOf(app, request, 'manage')
    const appPasswords = appPasswordGate(visit.facts).allowed ? await listAppPasswords(app.db, visit.tenantId, visit.userId) : []
    return sendPage(reply, PasswordChangedPage({ context: contextOf(request, visit), pending: request.url.endsWith('?pending'), appPasswords: appPasswords.length }))
  })

  apiRoutes(server, app)
}

function apiRoutes(server: Server, app: App): void {
  server.post('/api/change-password', {
    config: api,
    schema: {
      summary: 'Changes the password of the signed-in person',
      body: Type.Object({ currentPassword: text, newPassword: Type.String({ maxLength: 4096 }) }, { additionalProperties: false }),
      response: { 200: Type.Object({ outcome: Type.Union([Type.Literal('done'), Type.Literal('pendingCloud')]) }) },
    },
  }, async request => {
    const visit = await visitOf(app, request, 'manage')
    const { currentPassword = '', newPassword } = request.body
    const { pending } = await changePassword(app, visit, {
      currentPassword: new Secret(currentPassword), newPassword: new Secret(newPassword), address: request.clientAddress,
    })
    return { outcome: pending ? ('pendingCloud' as const) : ('done' as const) }
  })

  // Rule names and shape as in POST /users/validatePassword (sspr §7.1).
  const result = Type.Object({ ruleName: Type.String(), validationPassed: Type.Boolean(), message: Type.String() })
  server.post('/api/validate-password', {
    config: api,
    schema: {
      summary: 'Says which rules a new password would fail',
      body: Type.Object({ password: Type.String({ maxLength: 4096 }) }, { additionalProperties: false }),
      response: { 200: Type.Object({ isValid: Type.Boolean(), validationResults: Type.Array(result) }) },
    },
  }, async request => {
    const visit = await visitOf(app, request, 'manage')
    const failed = await validatePassword(app, visit, new Secret(request.body.password))
    if (failed.length === 0) return { isValid: true, validationResults: [{ ruleName: 'AllChecks', validationPassed: true, message: '' }] }
    return {
      isValid: false,
      validationResults: failed.map(one => ({ ruleName: one.ruleName, validationPassed: false, message: reasonText(request.locale, one) })),
    }
  })
}
