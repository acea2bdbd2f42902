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
import { detailsOf, writeDetails } from '../store/user-details.ts'
import { updateUser } from '../store/users.ts'
import type { UserRow } from '../store/users.ts'
import { actorOf, badRequest, callerId, decide, decidingFacts, privilegedCaller, requireRole } from '../graph/deciding.ts'
import type { GraphCaller } from '../graph/deciding.ts'
import { requirePermission } from '../graph/permissions.ts'
import { detailProperties, detailsGiven, plainUserProperties } from './user-bodies.ts'
import type { PatchUser } from './user-bodies.ts'
import { asObjectConflict, auditUser, requireOwnDomain } from './user-checks.ts'
import { requireUser } from '../graph/find-user.ts'

type Body = Static<typeof PatchUser>

/** What each property needs beyond its own column; the others need a role that edits profiles. */
const sensitive = {
  mobilePhone: 'updateMobilePhone', businessPhones: 'updateBusinessPhones', otherMails: 'updateOtherMails', accountEnabled: 'updateAccountEnabled',
  userPrincipalName: 'updateUserPrincipalName', passwordProfile: 'resetPassword', passwordPolicies: 'resetPassword',
  // An address by which somebody may sign in, and to which notices go.
  mail: 'updateOtherMails', onPremisesImmutableId: 'updateOnPremisesImmutableId',
} as const satisfies Partial<Record<keyof Body, Action>>

const plainProperties = [...plainUserProperties.filter(name => name !== 'mail'), ...detailProperties] as const
const directoryProperties = [...plainUserProperties, 'accountEnabled', 'userPrincipalName', 'passwordPolicies', 'onPremisesImmutableId'] as const

/** Permissions to write people as a whole, and those that open one property each (graph §5.4). */
const wholePermissions = ['User.ReadWrite.All', 'Directory.ReadWrite.All', 'Directory.AccessAsUser.All'] as const
const ownPermissions: Partial<Record<keyof Body, string>> = {
  passwordProfile: 'User-PasswordProfile.ReadWrite.All', mobilePhone: 'User-Phone.ReadWrite.All', businessPhones: 'User-Phone.ReadWrite.All',
  mail: 'User-Mail.ReadWrite.All', otherMails: 'User-Mail.ReadWrite.All', accountEnabled: 'User.EnableDisableAccount.All',
}

/** @throws Refusal 403 for a property that the caller's token does not open */
function requirePermissions(caller: GraphCaller, targetId: string, names: readonly (keyof Body)[]): void {
  const self = callerId(caller) === targetId ? ['User.ReadWrite'] : []
  for (const name of names) requirePermission(caller, ...wholePermissions, ...self, ...(ownPermissions[name] ? [ownPermissions[name]] : []))
}

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
  requirePermissions(caller, user.id, names)
  if (body.passwordPolicies !== undefined) requirePasswordPolicies(body.passwordPolicies)

  const change = async (trx: Db) => {
    const decided = actions.length > 0 ? await decide(trx, caller, actions, user.id, app.now()) : await decidingFacts(trx, caller, user.id, app.now())
    if (plain || names.length === 0) requireRole(decided.caller, roles.globalAdministrator, roles.userAdministrator)
    if (body.userPrincipalName !== undefined) requireOwnDomain(decided.tenant, body.userPrincipalName)
    await write(app, trx, request, decided, user, body)
  }

  const password = body.passwordProfile?.password
  const clash = async (work: Promise<unknown>): Promise<void> => void (await asObjectConflict(work, body.userPrincipalName === undefined ? 'mail' : 'userPrincipalName'))
  if (password == null) return clash(app.db.transaction().execute(change))
  // Decided before the password is judged, too: what the rules say about it is not for those who may not set it.
  const { tenant, caller: facts } = await app.db.transaction().execute(trx => decide(trx, caller, actions, user.id, app.now()))
  if (!tenant.settings.adminChosenPasswords) throw badRequest('LK_PASSWORD_ADMIN_CHOSEN', {}, 'passwordProfile.password')
  await clash(setPassword(app, {
    tenantId: user.tenantId, userId: user.id, newPassword: new Secret(password), channel: 'graph-patch-passwordProfile', actor: actorOf(request, facts),
    correlationId: request.correlationId, mustChange: body.passwordProfile?.forceChangePasswordNextSignIn ?? true, alsoInTransaction: change,
  }))
}

async function write(
  app: App, trx: Db, request: FastifyRequest, { caller, target }: { caller: SubjectFacts; target: SubjectFacts }, user: UserRow, body: Body,
): Promise<void> {
  const changed = directoryProperties.filter(name => body[name] !== undefined && body[name] !== user[name])
  const before = (await detailsOf(trx, user.tenantId, [user.id])).get(user.id)
  const details = detailsGiven(body, before?.onPremisesExtensionAttributes ?? null)
  // The domain is where these are kept: a change here would be gone with the next synchronisation.
  const kept = [...changed, ...Object.keys(details), ...(body.businessPhones === undefined ? [] : ['businessPhones'])].filter(name => name !== 'passwordPolicies' && name !== 'usageLocation')
  if (target.onPremisesSyncEnabled && kept.length > 0) throw badRequest('LK_SYNCED_READ_ONLY', { property: kept[0]! }, kept[0])
  await writeDetails(trx, user.tenantId, user.id, details)
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
  await record(app, trx, request, caller, target, { user, body, changed, details: Object.keys(details) })
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
  { user, body, changed, details }: { user: UserRow; body: Body; changed: readonly (typeof directoryProperties)[number][]; details: readonly string[] },
): Promise<void> {
  const contacts = (['mobilePhone', 'businessPhones', 'otherMails'] as const).filter(name => body[name] !== undefined)
  const properties = [
    ...changed.map(name => ({ displayName: name, oldValue: JSON.stringify(user[name]), newValue: JSON.stringify(body[name]) })),
    ...details.map(name => ({ displayName: name, oldValue: null, newValue: JSON.stringify(body[name as keyof Body] ?? null) })),
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

