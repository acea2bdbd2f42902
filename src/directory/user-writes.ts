/** Creating, changing and deleting users (graph §5). Each body names what it takes; anything else is 400 (T-44). */
import { randomUUID } from 'node:crypto'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { writeContacts } from '../credentials/contacts.ts'
import { hashPassword } from '../credentials/hash-password.ts'
import { revokeSessions } from '../credentials/revoke-sessions.ts'
import { isBreached } from '../credentials/breached-passwords.ts'
import { Refusal } from '../refusal.ts'
import { checkPassword } from '../rules/password-policy.ts'
import { roles } from '../rules/roles.ts'
import type { TenantFacts } from '../rules/facts.ts'
import { nobody } from '../graph/calling-program.ts'
import { Secret } from '../secret.ts'
import { savePassword } from '../store/passwords.ts'
import { writeDetails } from '../store/user-details.ts'
import { findUser, insertUser, resolveName, softDeleteUser } from '../store/users.ts'
import { odataContext } from '../graph/answers.ts'
import { actorOf, badRequest, callerFacts, callerId, decide, privilegedCaller, requireReachOf, requireRole } from '../graph/deciding.ts'
import { permitted } from '../graph/permissions.ts'
import { updateUserByGraph } from './update-user.ts'
import { PatchUser, PostUser, detailsGiven, plainUserProperties } from './user-bodies.ts'
import { asObjectConflict, auditUser, requireOwnDomain } from './user-checks.ts'
import { User } from './user-shape.ts'
import { answerNewUser } from './users.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'

export function userWriteRoutes(server: Server, app: App): void {
  server.post('/v1.0/users', {
    config: { access: permitted('POST', '/users'), surface: 'graph' }, bodyLimit: 1024 * 1024, schema: { body: PostUser, response: { 201: User } },
  }, async (request, reply) => {
    const id = await createUser(app, request, request.body)
    const user = (await findUser(app.db, privilegedCaller(app, request).tenantId, id))!
    reply.code(201).header('location', `${request.origin}/v1.0/users/${id}`)
    return answerNewUser(app, request, user)
  })

  server.patch('/v1.0/users/:id', {
    config: { access: permitted('PATCH', '/users/{id}'), surface: 'graph' }, bodyLimit: 1024 * 1024, schema: { params: UserKey, body: PatchUser },
  }, async (request, reply) => {
    await updateUserByGraph(app, request, request.params.id, request.body)
    return reply.code(204).send()
  })

  server.patch('/v1.0/me', { config: { access: permitted('PATCH', '/me'), surface: 'graph' }, bodyLimit: 1024 * 1024, schema: { body: PatchUser } }, async (request, reply) => {
    await updateUserByGraph(app, request, userCaller(request).userId, request.body)
    return reply.code(204).send()
  })

  server.delete('/v1.0/users/:id', { config: { access: permitted('DELETE', '/users/{id}'), surface: 'graph' }, schema: { params: UserKey } }, async (request, reply) => {
    await deleteUser(app, request, request.params.id)
    return reply.code(204).send()
  })

  const Done = Type.Object({ '@odata.context': Type.String(), value: Type.Boolean() })
  server.post('/v1.0/users/:id/revokeSignInSessions', {
    config: { access: permitted('POST', '/users/{id}/revokeSignInSessions'), surface: 'graph' }, schema: { params: UserKey, response: { 200: Done } },
  }, async request => {
    const user = await requireUser(app.db, privilegedCaller(app, request).tenantId, request.params.id)
    return signOutEverywhere(app, request, user.id)
  })

  server.post('/v1.0/me/revokeSignInSessions', {
    config: { access: permitted('POST', '/me/revokeSignInSessions'), surface: 'graph' }, schema: { response: { 200: Done } },
  }, async request => signOutEverywhere(app, request, userCaller(request).userId))
}

async function signOutEverywhere(app: App, request: FastifyRequest, userId: string) {
  const caller = privilegedCaller(app, request)
  requireReachOf(caller, userId)
  const { caller: facts } = await callerFacts(app.db, caller, app.now())
  await revokeSessions(app, {
    tenantId: caller.tenantId, userId, actor: actorOf(request, facts), correlationId: request.correlationId,
    alsoInTransaction: async trx => {
      // Anyone may sign themself out everywhere.
      if (userId !== callerId(caller)) await decide(trx, caller, ['revokeSessions'], userId, app.now())
    },
  })
  return { '@odata.context': odataContext(request, 'Edm.Boolean'), value: true }
}

/** To the deleted items, for thirty days: no name finds the person, every session is over. */
export async function deleteUser(app: App, request: FastifyRequest, key: string): Promise<void> {
  const caller = privilegedCaller(app, request)
  const user = await requireUser(app.db, caller.tenantId, key)
  await app.db.transaction().execute(async trx => {
    const decided = await decide(trx, caller, ['deleteUser'], user.id, app.now())
    await softDeleteUser(trx, user.tenantId, user.id, app.now())
    await auditUser(app, trx, request, decided.caller, decided.target, 'Delete user')
  })
}

/** A new account with a password an administrator chose; the person must choose another unless the body says otherwise. */
async function createUser(app: App, request: FastifyRequest, body: Static<typeof PostUser>): Promise<string> {
  const caller = privilegedCaller(app, request)
  const { tenant, caller: facts } = await callerFacts(app.db, caller, app.now())
  requireRole(facts, roles.globalAdministrator, roles.userAdministrator)
  requireOwnDomain(tenant, body.userPrincipalName)
  const id = randomUUID()
  const now = app.now()
  const password = new Secret(body.passwordProfile.password ?? '')
  const hash = await firstHash(app, tenant, body, password)
  await asObjectConflict(app.db.transaction().execute(async trx => {
    requireRole((await callerFacts(trx, caller, now)).caller, roles.globalAdministrator, roles.userAdministrator)
    const { passwordProfile, mobilePhone, businessPhones, otherMails, userPrincipalName, displayName, accountEnabled, onPremisesImmutableId = null, passwordPolicies = null } = body
    const plain = Object.fromEntries(plainUserProperties.filter(name => body[name] !== undefined).map(name => [name, body[name]]))
    await insertUser(trx, {
      ...emptyUser, ...plain, userPrincipalName, displayName, accountEnabled, onPremisesImmutableId, passwordPolicies, tenantId: caller.tenantId, id, createdDateTime: now,
    })
    await writeDetails(trx, caller.tenantId, id, detailsGiven(body))
    await savePassword(trx, {
      tenantId: caller.tenantId, userId: id, hash, changedAt: now, channel: 'admin-portal',
      forceChangePasswordNextSignIn: passwordProfile.forceChangePasswordNextSignIn ?? true,
      forceChangePasswordNextSignInWithMfa: passwordProfile.forceChangePasswordNextSignInWithMfa ?? false,
      temporaryUntil: null, temporaryUsedAt: null, lengthAtLeast15: [...password.reveal()].length >= 15,
    })
    const actor = actorOf(request, facts)
    await writeContacts(app, trx, { tenantId: caller.tenantId, userId: id, mobilePhone, businessPhones, otherMails, origin: 'administrator', actor })
    await auditUser(app, trx, request, facts, { id, displayName: body.displayName }, 'Add user')
  }), body.mail != null && !(await resolveName(app.db, caller.tenantId, body.userPrincipalName)) ? 'mail' : 'userPrincipalName')
  return id
}

const emptyUser = {
  givenName: null, surname: null, mail: null, preferredLanguage: null, usageLocation: null, department: null, jobTitle: null, officeLocation: null,
  externalKind: null, onPremisesImmutableId: null, onPremisesDomain: null, onPremisesSamAccountName: null, onPremisesDistinguishedName: null,
  onPremisesAccount: null, registrationCompletedAt: null, lastConfirmedAt: null, deletedDateTime: null,
}

/** With `adminChosenPasswords` off nobody chooses one for somebody else (LD-05, T-85): the account waits for a reset. */
async function firstHash(app: App, tenant: TenantFacts, body: Static<typeof PostUser>, password: Secret): Promise<string | null> {
  if (!tenant.settings.adminChosenPasswords) {
    if (!password.isEmpty) throw badRequest('LK_PASSWORD_ADMIN_CHOSEN', {}, 'passwordProfile.password')
    return null
  }
  if (password.isEmpty) throw badRequest('LK_FIELD_REQUIRED', { field: 'passwordProfile.password' }, 'passwordProfile.password')
  const breached = await isBreached(app.config.breachedPasswordsFile, password)
  const names = { userPrincipalName: body.userPrincipalName, givenName: body.givenName ?? null, surname: body.surname ?? null }
  const failed = checkPassword(password.reveal(), { tenant, subject: { ...nobody, ...names }, breached })
  if (failed.length > 0) throw new Refusal(400, failed, { field: 'passwordProfile.password' })
  return hashPassword(app, password)
}
