/**
 * `latchkey recover-admin`: the last way in, when no administrator can help any other (sspr §6.5). Whoever runs Latchkey on its own
 * machine makes a person Global Administrator with a one-time password; it is in the audit, and the person is told by mail.
 */
import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import type { VerbIo } from '../config.ts'
import { initiatedBy, type Actor } from '../credentials/actor.ts'
import { readMethods, removeMethod } from '../credentials/methods.ts'
import { setPassword } from '../credentials/set-password.ts'
import { generateTemporaryPassword } from '../credentials/temporary-password.ts'
import { Refusal } from '../refusal.ts'
import type { Secret } from '../secret.ts'
import { appendAudit } from '../store/audit.ts'
import { gatherSubject, gatherTenantFacts } from '../store/facts.ts'
import { assignRole, listRoleAssignments } from '../store/roles.ts'
import { findTenantByDomain } from '../store/tenants.ts'
import { resolveName, updateUser, type UserRow } from '../store/users.ts'
import { globalAdministrator } from './found-tenant.ts'
import { tellPassword, writeOneTimeFile } from './one-time-file.ts'
import { OperatorError, parseArgs, runVerb, whereOptions, withApp } from './open-app.ts'

const actor: Actor = { kind: 'operator' }

export function run(args: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async context => {
    const { values } = parseArgs({
      args,
      options: { ...whereOptions, user: { type: 'string' }, 'remove-methods': { type: 'boolean', default: false }, 'password-file': { type: 'string' } },
    })
    const name = values.user
    if (!name) throw new OperatorError('operator.recover.usage')
    return withApp(values, io, async app => {
      const user = await findByName(app, name)
      if (user.onPremisesSyncEnabled) throw new OperatorError('operator.recover.synced', { user: name })
      const correlationId = randomUUID()
      const password = await generateFor(app, user)
      const takeBack = values['password-file'] ? writeOneTimeFile(values['password-file'], `${password.reveal()}\n`) : undefined
      try {
        await letIn(app, user, password, correlationId)
      } catch (error) {
        takeBack?.()
        if (error instanceof Refusal) throw new OperatorError('operator.recover.refused', { code: error.code })
        throw error
      }
      if (values['remove-methods']) context.say('operator.recover.methods', { count: await removeAll(app, user, correlationId) })
      context.say('operator.recover.done', { user: user.userPrincipalName })
      tellPassword(context, password, values['password-file'])
      return 0
    })
  })
}

async function findByName(app: App, name: string): Promise<UserRow> {
  const tenant = await findTenantByDomain(app.db, name.split('@').at(-1) ?? '')
  const found = tenant && (await resolveName(app.db, tenant.id, name))
  if (!found) throw new OperatorError('operator.recover.unknown', { user: name.slice(0, 120) })
  return found.user
}

async function generateFor(app: App, user: UserRow): Promise<Secret> {
  const tenant = await gatherTenantFacts(app.db, user.tenantId)
  return generateTemporaryPassword({ tenant, subject: await gatherSubject(app.db, tenant, user.id, app.now()) })
}

/** Password, role and enabled account in one transaction: never the one without the others. */
async function letIn(app: App, user: UserRow, password: Secret, correlationId: string): Promise<void> {
  const { tenantId, id } = user
  await setPassword(app, {
    tenantId, userId: id, newPassword: password, channel: 'admin-portal', actor, correlationId, temporary: true, mustChange: true, unlock: true,
    alsoInTransaction: async trx => {
      await updateUser(trx, tenantId, id, { accountEnabled: true })
      await makeGlobalAdministrator(app, trx, user, correlationId)
    },
  })
}

async function makeGlobalAdministrator(app: App, trx: Db, user: UserRow, correlationId: string): Promise<void> {
  const { tenantId, id } = user
  const held = await listRoleAssignments(trx, { tenantId, principalId: id, roleDefinitionId: globalAdministrator, state: 'active' })
  if (held.some(one => one.directoryScopeId === '/')) return
  const at = app.now()
  await assignRole(trx, {
    tenantId, id: randomUUID(), roleDefinitionId: globalAdministrator, principalId: id, principalType: 'user', directoryScopeId: '/', state: 'active', createdAt: at,
  })
  await appendAudit(trx, {
    tenantId, at, service: 'Core Directory', category: 'RoleManagement', activity: 'Add member to role', result: 'success', correlationId,
    initiatedBy: initiatedBy(actor),
    targets: [{ type: 'User', id, displayName: user.displayName }, { type: 'Role', id: globalAdministrator, displayName: 'Global Administrator' }],
  })
}

/** For somebody who has lost the telephone too: every registered method goes, a backup number before the number it backs. */
async function removeAll(app: App, { tenantId, id }: UserRow, correlationId: string): Promise<number> {
  const methods = await readMethods(app, tenantId, id)
  const ordered = methods.toSorted((a, b) => Number(a.kind === 'mobile') - Number(b.kind === 'mobile'))
  for (const method of ordered) await removeMethod(app, { tenantId, userId: id, id: method.id, actor, correlationId })
  return ordered.length
}
