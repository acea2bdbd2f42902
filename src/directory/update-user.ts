/** PATCH /users/{id}: every property is a change of its own kind, and each kind has its own reach (LD-30, T-39). */
import type { Static } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App, Db } from '../app.ts'
import { writeContacts } from '../credentials/contacts.ts'
import { endSessions } from '../credentials/revoke-sessions.ts'
import { setPassword } from '../credentials/set-password.ts'
import type { SubjectFacts } from '../rules/facts.ts'
import type { Action } from '../rules/role-matrix.ts'
import { roles } from '../rules/roles.ts'
import { Secret } from '../secret.ts'
import { updatePassword } from '../store/passwords.ts'
import { updateUser } from '../store/users.ts'
import type { UserRow } from '../store/users.ts'
import { actorOf, badRequest, decide, decidingFacts, privilegedCaller, requireRole } from '../graph/deciding.ts'
import type { PatchUser } from './user-bodies.ts'
import { asObjectConflict, auditUser, requireOwnDomain } from './user-checks.ts'
import { requireUser } from '../graph/find-user.ts'

type Body = Static<typeof PatchUser>

/** What each property needs beyond its own column; the others need a role that edits profiles. */
const sensitive = {
  mobilePhone: 'updateMobilePhone', businessPhones: 'updateBusinessPhones', otherMails: 'updateOtherMails', accountEnabled: 'updateAccountEnabled',
  userPrincipalName: 'updateUserPrincipalName', passwordProfile: 'resetPassword', passwordPolicies: 'resetPassword',
} as const satisfies Partial<Record<keyof Body, Action>>

const plainProperties = ['displayName', 'givenName', 'surname', 'jobTitle', 'department', 'officeLocation', 'preferredLanguage', 'usageLocation'] as const
const directoryProperties = [...plainProperties, 'accountEnabled', 'userPrincipalName', 'passwordPolicies'] as const

/**
 * Applies the change whole or not at all.
 * @throws Refusal 403 with the matrix's reason, 400 for what the account or the tenant does not allow, 404 for nobody
 */
export async function updateUserByGraph(app: App, request: FastifyRequest, key: string, body: Body): Promise<void> {
  const caller = privilegedCaller(app, request)
  const user = await requireUser(app.db, caller.tenantId, key)
  const names = Object.keys(body).filter(name => !name.startsWith('@')) as (keyof Body)[]
  const actions = [...new Set(names.flatMap(name => (name in sensitive ? [sensitive[name as keyof typeof sensitive]] : [])))]
  const plain = names.some(name => (plainProperties as readonly string[]).includes(name))
  if (body.passwordPolicies !== undefined) requirePasswordPolicies(body.passwordPolicies)

  const change = async (trx: Db) => {
    const decided = actions.length > 0 ? await decide(trx, caller, actions, user.id, app.now()) : await decidingFacts(trx, caller, user.id, app.now())
    if (plain || names.length === 0) requireRole(decided.caller, roles.globalAdministrator, roles.userAdministrator)
    if (body.userPrincipalName !== undefined) requireOwnDomain(decided.tenant, body.userPrincipalName)
    await write(app, trx, request, decided, user, body)
  }

  const password = body.passwordProfile?.password
  if (password == null) return asObjectConflict(app.db.transaction().execute(change))
  // Decided before the password is judged, too: what the rules say about it is not for those who may not set it.
  const { tenant, caller: facts } = await app.db.transaction().execute(trx => decide(trx, caller, actions, user.id, app.now()))
  if (!tenant.settings.adminChosenPasswords) throw badRequest('LK_PASSWORD_ADMIN_CHOSEN', {}, 'passwordProfile.password')
  await asObjectConflict(setPassword(app, {
    tenantId: user.tenantId, userId: user.id, newPassword: new Secret(password), channel: 'graph-patch-passwordProfile', actor: actorOf(request, facts),
    correlationId: request.correlationId, mustChange: body.passwordProfile?.forceChangePasswordNextSignIn ?? true, alsoInTransaction: change,
  }))
}

async function write(
  app: App, trx: Db, request: FastifyRequest, { caller, target }: { caller: SubjectFacts; target: SubjectFacts }, user: UserRow, body: Body,
): Promise<void> {
  const changed = directoryProperties.filter(name => body[name] !== undefined && body[name] !== user[name])
  const synced = changed.filter(name => target.onPremisesSyncEnabled && name !== 'passwordPolicies' && name !== 'usageLocation')
  // The domain is where these are kept: a change here would be gone with the next synchronisation.
  if (synced.length > 0) throw badRequest('LK_FIELD_INVALID', { field: synced[0]! }, synced[0])
  if (target.onPremisesSyncEnabled && body.businessPhones !== undefined) throw badRequest('LK_FIELD_INVALID', { field: 'businessPhones' }, 'businessPhones')
  if (changed.length > 0) await updateUser(trx, user.tenantId, user.id, Object.fromEntries(changed.map(name => [name, body[name]])))
  if (changed.includes('accountEnabled') && body.accountEnabled === false) await endSessions(trx, { tenantId: user.tenantId, userId: user.id, at: app.now() })
  const { mobilePhone, businessPhones, otherMails, passwordProfile } = body
  await writeContacts(app, trx, {
    tenantId: user.tenantId, userId: user.id, mobilePhone, businessPhones, otherMails, actor: actorOf(request, caller),
    // What people write about themselves proves nothing, whatever role they hold while they write it (LD-24).
    origin: caller.id === target.id ? 'self' : 'administrator',
  })
  const force = passwordProfile && passwordProfile.password == null ? passwordProfile : undefined
  if (force) await forceChange(trx, user, force)
  await record(app, trx, request, caller, target, { user, body, changed })
}

async function forceChange(trx: Db, user: UserRow, { forceChangePasswordNextSignIn, forceChangePasswordNextSignInWithMfa }: NonNullable<Body['passwordProfile']>): Promise<void> {
  await updatePassword(trx, user.tenantId, user.id, {
    ...(forceChangePasswordNextSignIn === undefined ? {} : { forceChangePasswordNextSignIn }),
    ...(forceChangePasswordNextSignInWithMfa === undefined ? {} : { forceChangePasswordNextSignInWithMfa }),
  })
}

/** Old and new for the directory's properties; of contact data only that it changed, for it may prove who somebody is. */
async function record(
  app: App, trx: Db, request: FastifyRequest, caller: SubjectFacts, target: SubjectFacts,
  { user, body, changed }: { user: UserRow; body: Body; changed: readonly (typeof directoryProperties)[number][] },
): Promise<void> {
  const contacts = (['mobilePhone', 'businessPhones', 'otherMails'] as const).filter(name => body[name] !== undefined)
  const properties = [
    ...changed.map(name => ({ displayName: name, oldValue: JSON.stringify(user[name]), newValue: JSON.stringify(body[name]) })),
    ...contacts.map(name => ({ displayName: name, oldValue: null, newValue: null })),
  ]
  if (properties.length > 0) await auditUser(app, trx, request, caller, target, 'Update user', properties)
  if (changed.includes('accountEnabled')) await auditUser(app, trx, request, caller, target, body.accountEnabled ? 'Enable account' : 'Disable account')
  if (body.passwordProfile?.password == null && body.passwordProfile?.forceChangePasswordNextSignIn) {
    await auditUser(app, trx, request, caller, target, 'Set force change user password')
  }
}

function requirePasswordPolicies(text: string | null): void {
  const known = ['none', 'disablepasswordexpiration', 'disablestrongpassword']
  const good = text === null || text.split(',').every(one => known.includes(one.trim().toLowerCase()))
  if (!good) throw badRequest('LK_FIELD_INVALID', { field: 'passwordPolicies' }, 'passwordPolicies')
}

