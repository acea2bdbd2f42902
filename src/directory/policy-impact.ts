import type { App } from '../app.ts'
import { providersOf } from '../notify/senders.ts'
import type { TenantFacts } from '../rules/facts.ts'
import { resetReadiness } from '../rules/registration.ts'
import type { PasswordResetPolicy } from '../rules/tenant-settings.ts'
import { everySubject } from '../store/subjects.ts'

export interface FallsBelow {
  id: string
  userPrincipalName: string
  displayName: string
  usable: number
  required: number
}

/** Settings on which nobody's reset depends: saving one of them looks at nobody. */
const harmless = new Set<keyof PasswordResetPolicy>([
  'notifyUsersOnPasswordReset', 'notifyOnAdminPasswordReset', 'customizeHelpdeskLink', 'customHelpdeskEmailOrUrl', 'registrationRequiredOnSignIn',
  'registrationReconfirmIntevalInDays',
])

/** Everybody who could reset now and could not under the new policy: what-if and the reset itself ask one function (A-04, LD-23). */
export async function* peopleBelow(app: App, tenant: TenantFacts, next: PasswordResetPolicy): AsyncGenerator<FallsBelow, void> {
  const names = (Object.keys(next) as (keyof PasswordResetPolicy)[]).filter(name => JSON.stringify(tenant.passwordResetPolicy[name]) !== JSON.stringify(next[name]))
  if (names.every(name => harmless.has(name))) return
  const changed: TenantFacts = { ...tenant, passwordResetPolicy: next }
  const common = { providers: providersOf(app.config), now: app.now() }
  for await (const { subject } of everySubject(app.db, tenant, common.now)) {
    const then = resetReadiness({ ...common, tenant: changed, subject })
    if (!then.isSsprEnabled || then.isSsprCapable || !resetReadiness({ ...common, tenant, subject }).isSsprCapable) continue
    yield { id: subject.id, userPrincipalName: subject.userPrincipalName, displayName: subject.displayName, usable: then.usable, required: then.required }
  }
}
