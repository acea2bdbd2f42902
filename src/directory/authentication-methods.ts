/** /users/{id}/authentication: what somebody can prove themself with, masked, and taking it away (graph §6). */
import { Type } from 'typebox'
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { userCaller } from '../access.ts'
import { readMethods, removeMethod } from '../credentials/methods.ts'
import type { OpenMethod } from '../credentials/methods.ts'
import { maskEmail, maskPhone } from '../rules/masks.ts'
import { mayActOn } from '../rules/role-matrix.ts'
import { holdsRole, roles } from '../rules/roles.ts'
import { Nullable, collectionOf, instant, odataContext } from '../graph/answers.ts'
import { actorOf, callerFacts, decide, decidingFacts, forbidden, notFound, privilegedCaller } from '../graph/deciding.ts'
import { readQuery } from '../graph/odata-query.ts'
import { access } from '../graph/permissions.ts'
import { UserKey, requireUser } from '../graph/find-user.ts'

/** The same for every user (graph §6.1). */
export const methodIds = {
  password: '28c10230-6103-485e-b985-444c60001490',
  mobile: '3179e48a-750b-4051-897c-87b9720928f7',
  alternateMobile: 'b6332ec1-7057-4abe-9331-3d72feddfe41',
  office: 'e37fc753-ff3b-4958-9484-eaa9425c82bc',
  email: '3ddfcfc8-9383-446f-83cc-3ab9be4be18f',
} as const

const collections = {
  passwordMethods: { type: 'passwordAuthenticationMethod', kinds: ['password'] },
  phoneMethods: { type: 'phoneAuthenticationMethod', kinds: ['mobile', 'alternateMobile', 'office'] },
  emailMethods: { type: 'emailAuthenticationMethod', kinds: ['email'] },
  softwareOathMethods: { type: 'softwareOathAuthenticationMethod', kinds: ['softwareOath'] },
  hardwareOathMethods: { type: 'hardwareOathAuthenticationMethod', kinds: ['hardwareOath'] },
  microsoftAuthenticatorMethods: { type: 'microsoftAuthenticatorAuthenticationMethod', kinds: ['microsoftAuthenticator'] },
  // No passkeys in this version (LD-56); clients ask all the same.
  fido2Methods: { type: 'fido2AuthenticationMethod', kinds: [] },
  windowsHelloForBusinessMethods: { type: 'windowsHelloForBusinessAuthenticationMethod', kinds: [] },
} as const satisfies Record<string, { type: string; kinds: readonly string[] }>
export type MethodCollection = keyof typeof collections

const Method = Type.Object({
  '@odata.type': Type.String(),
  id: Type.String(),
  createdDateTime: Nullable(Type.String()),
  password: Type.Optional(Type.Null()),
  phoneNumber: Type.Optional(Nullable(Type.String())),
  phoneType: Type.Optional(Type.String()),
  smsSignInState: Type.Optional(Type.String()),
  emailAddress: Type.Optional(Nullable(Type.String())),
  displayName: Type.Optional(Nullable(Type.String())),
  secretKey: Type.Optional(Type.Null()),
})

const fixedId = (kind: string, id: string): string => (kind in methodIds ? methodIds[kind as keyof typeof methodIds] : id)
const collectionOfKind = (kind: string): MethodCollection =>
  (Object.keys(collections) as MethodCollection[]).find(name => (collections[name].kinds as readonly string[]).includes(kind))!

/** As administrators see it: numbers and addresses masked, secrets never (graph §6.3). */
function shape(method: OpenMethod) {
  const { kind, value } = method
  return {
    '@odata.type': `#microsoft.graph.${collections[collectionOfKind(kind)].type}`,
    id: fixedId(kind, method.id),
    createdDateTime: instant(method.createdDateTime),
    ...(kind === 'email' ? { emailAddress: value === null ? null : maskEmail(value) } : {}),
    ...(['mobile', 'alternateMobile', 'office'].includes(kind)
      ? { phoneNumber: value === null ? null : maskPhone(value), phoneType: kind, smsSignInState: kind === 'mobile' ? 'notEnabled' : 'notSupported' } : {}),
    ...(kind === 'softwareOath' || kind === 'hardwareOath' ? { secretKey: null } : {}),
    ...(kind === 'microsoftAuthenticator' || kind === 'hardwareOath' ? { displayName: method.displayName } : {}),
  }
}

const password = (changedAt: number | null) => ({
  '@odata.type': '#microsoft.graph.passwordAuthenticationMethod', id: methodIds.password, createdDateTime: instant(changedAt), password: null,
})

export function authenticationMethodRoutes(server: Server, app: App): void {
  const reading = { access: access.readMethods, surface: 'graph' } as const
  const writing = { access: access.writeMethods, surface: 'graph' } as const
  const list = async (request: FastifyRequest, key: string, collection: MethodCollection | undefined) => {
    readQuery(request, { selectable: [], pageable: false })
    const user = await requireReadable(app, request, key)
    const kinds: readonly string[] | undefined = collection && collections[collection].kinds
    const methods = (await readMethods(app, user.tenantId, user.id)).filter(one => kinds === undefined || kinds.includes(one.kind))
    const withPassword = kinds === undefined || kinds.includes('password')
    return {
      '@odata.context': odataContext(request, `users('${user.id}')/authentication/${collection ?? 'methods'}`),
      value: [...(withPassword ? [password(await passwordChangedAt(app, user.tenantId, user.id))] : []), ...methods.map(shape)],
    }
  }

  server.get('/v1.0/users/:id/authentication/methods', { config: reading, schema: { params: UserKey, response: { 200: collectionOf(Method) } } },
    request => list(request, request.params.id, undefined))
  for (const collection of Object.keys(collections) as MethodCollection[]) {
    server.get(`/v1.0/users/:id/authentication/${collection}`, { config: reading, schema: { params: UserKey, response: { 200: collectionOf(Method) } } },
      request => list(request, request.params.id, collection))
  }

  const OneMethod = Type.Object({ ...UserKey.properties, methodId: Type.String({ maxLength: 64 }) })
  for (const collection of ['methods', 'phoneMethods', 'emailMethods', 'softwareOathMethods', 'microsoftAuthenticatorMethods', 'hardwareOathMethods'] as const) {
    server.delete(`/v1.0/users/:id/authentication/${collection}/:methodId`, { config: writing, schema: { params: OneMethod } }, async (request, reply) => {
      const caller = privilegedCaller(app, request)
      const user = await requireUser(app.db, caller.tenantId, request.params.id)
      const kinds: readonly string[] | undefined = collection === 'methods' ? undefined : collections[collection].kinds
      const { caller: facts } = await app.db.transaction().execute(trx => decide(trx, caller, ['manageMethods'], user.id, app.now()))
      const method = (await readMethods(app, user.tenantId, user.id))
        .find(one => (fixedId(one.kind, one.id) === request.params.methodId || one.id === request.params.methodId) && (kinds === undefined || kinds.includes(one.kind)))
      if (!method) throw notFound()
      await removeMethod(app, {
        tenantId: user.tenantId, userId: user.id, id: method.id, actor: actorOf(request, facts), correlationId: request.correlationId,
        alsoInTransaction: async trx => {
          await decide(trx, caller, ['manageMethods'], user.id, app.now())
        },
      })
      return reply.code(204).send()
    })
  }
}

/** Oneself, a Global Reader, or whoever may manage this person's methods (C-11, LD-30). */
export async function requireReadable(app: App, request: FastifyRequest, key: string) {
  const caller = userCaller(request)
  const user = await requireUser(app.db, caller.tenantId, key)
  if (user.id === caller.userId) return user
  const { caller: facts } = await callerFacts(app.db, caller, app.now())
  if (holdsRole(facts.roles, roles.globalReader)) return user
  const { target } = await decidingFacts(app.db, caller, user.id, app.now())
  const reach = mayActOn(facts, 'readMethods', target)
  if (!reach.allowed) throw forbidden(reach.reason!)
  return user
}

async function passwordChangedAt(app: App, tenantId: string, userId: string): Promise<number | null> {
  const row = await app.db.selectFrom('passwords').select('changedAt').where('tenantId', '=', tenantId).where('userId', '=', userId).executeTakeFirst()
  return row?.changedAt ?? null
}
