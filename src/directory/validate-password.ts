/** POST /users/validatePassword (sspr §7, LD-40): which rules a password fails, for the caller. The password goes nowhere. */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { isBreached } from '../credentials/breached-passwords.ts'
import { Refusal } from '../refusal.ts'
import { checkPassword } from '../rules/password-policy.ts'
import { otherLimits } from '../rules/throttle.ts'
import { reason } from '../rules/verdict.ts'
import { Secret } from '../secret.ts'
import { reserve } from '../store/limits.ts'
import { reasonText } from '../text.ts'
import { odataContext } from '../graph/answers.ts'
import { callerFacts } from '../graph/deciding.ts'
import { permitted } from '../graph/permissions.ts'

const Body = Type.Object({ '@odata.type': Type.Optional(Type.String()), password: Type.String({ maxLength: 1024 }) }, { additionalProperties: false })
const Answer = Type.Object({
  '@odata.context': Type.String(), isValid: Type.Boolean(),
  validationResults: Type.Array(Type.Object({ ruleName: Type.String(), validationPassed: Type.Boolean(), message: Type.String() })),
})

/** A password is judged for whoever asks: the rights are those of seeing oneself. */
const forOneself = permitted('GET', '/me')

export function validatePasswordRoutes(server: Server, app: App): void {
  for (const version of ['v1.0', 'beta']) {
    server.post(`/${version}/users/validatePassword`, {
      config: { access: forOneself, surface: 'graph' }, schema: { body: Body, response: { 200: Answer } },
    }, async request => {
      const caller = userCaller(request)
      const counted = await reserve(app.db, { tenantId: caller.tenantId, key: `validatePassword:${caller.userId}`, kind: otherLimits.passwordLookups, now: app.now() })
      if (!counted.served) throw new Refusal(429, [reason('LK_TOO_MANY')], { retryAfter: Math.ceil((counted.until - app.now()) / 1000) })
      const { tenant, caller: subject } = await callerFacts(app.db, caller, app.now())
      const password = new Secret(request.body.password)
      const failed = checkPassword(password.reveal(), { tenant, subject, breached: await isBreached(app.config.breachedPasswordsFile, password) })
      const results = failed.map(one => ({ ruleName: one.ruleName, validationPassed: false, message: reasonText(request.locale, one) }))
      return {
        '@odata.context': odataContext(request, 'microsoft.graph.passwordValidationInformation'), isValid: failed.length === 0,
        validationResults: failed.length === 0 ? [{ ruleName: 'AllChecks', validationPassed: true, message: '' }] : results,
      }
    })
  }
}
