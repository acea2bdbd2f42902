import type { App } from '../app.ts'
import { providersOf } from '../notify/senders.ts'
import type { TenantFacts } from '../rules/facts.ts'
import { resetReadiness } from '../rules/registration.ts'
import type { PasswordResetPolicy } from '../rules/tenant-settings.ts'
import { gatherSubject } from '../store/facts.ts'
import { listUsers } from '../store/users.ts'
import type { UserPage } from '../store/users.ts'

export interface FallsBelow {
  id: string
  userPrincipalName: string
  displayName: string
  usable: number
  required: number
}

/** How many people a preview looks at; the answer says when there are more. */
const looked = 2000

/** People who could reset now and could not under the new policy: what-if and the reset itself ask one function (A-04, LD-23). */
export async function peopleBelow(app: App, tenant: TenantFacts, next: PasswordResetPolicy): Promise<{ people: FallsBelow[]; more: boolean }> {
  const changed: TenantFacts = { ...tenant, passwordResetPolicy: next }
  const common = { providers: providersOf(app.config), now: app.now() }
  const people: FallsBelow[] = []
  let after: UserPage['after']
  for (let seen = 0; seen < looked; ) {
    const users = await listUsers(app.db, { tenantId: tenant.id, after, top: 200 })
    for (const user of users) {
      const subject = await gatherSubject(app.db, tenant, user.id, common.now)
      if (!subject) continue
      const before = resetReadiness({ ...common, tenant, subject })
      const then = resetReadiness({ ...common, tenant: changed, subject })
      if (before.isSsprCapable && then.isSsprEnabled && !then.isSsprCapable) {
        people.push({ id: user.id, userPrincipalName: user.userPrincipalName, displayName: user.displayName, usable: then.usable, required: then.required })
      }
    }
    seen += users.length
    const last = users.at(-1)
    if (users.length < 200 || !last) return { people, more: false }
    after = { displayNameLower: last.displayNameLower, id: last.id }
  }
  return { people, more: true }
}
