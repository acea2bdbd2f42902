/** addPassword, removePassword, addKey, removeKey, on applications and on service principals (graph §3.1, §3.6). */
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { App, Db } from '../app.ts'
import type { Server } from '../access.ts'
import { addKey, addPassword, removeKey, removePassword } from '../credentials/app-credentials.ts'
import type { CredentialOwner } from '../credentials/app-credentials.ts'
import { requireProof } from '../credentials/proof-of-possession.ts'
import { Refusal } from '../refusal.ts'
import { firstParty } from '../rules/first-party.ts'
import { mayManageApp } from '../rules/app-reach.ts'
import { reason } from '../rules/verdict.ts'
import { listCredentials } from '../store/application-credentials.ts'
import { lockApplication } from '../store/applications.ts'
import { lockServicePrincipal } from '../store/service-principals.ts'
import { Nullable, odataContext } from '../graph/answers.ts'
import { badRequest } from '../graph/deciding.ts'
import { permitted } from '../graph/permissions.ts'
import type { GraphAccess } from '../graph/permissions.ts'
import { AsGraphHasIt, Key, KeyCredential, PasswordCredential, largeBody } from './application-schema.ts'
import { keyCredential, passwordCredential } from './application-shape.ts'
import { requireTarget } from './find-target.ts'
import type { Collection, Target } from './find-target.ts'
import { readInstant } from './instants.ts'
import { actorTowards, changing, requireImpersonating, requireManaging, requireReach } from './managing.ts'
import type { Asking } from './managing.ts'

const Annotation = Type.Optional(Type.String({ maxLength: 100 }))
const AddPassword = Type.Object({ '@odata.type': Annotation, passwordCredential: Type.Optional(Nullable(PasswordCredential)) }, { additionalProperties: false })
const guid = Type.String({ pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' })
const RemovePassword = Type.Object({ '@odata.type': Annotation, keyId: guid }, { additionalProperties: false })
const AddKey = Type.Object({
  '@odata.type': Annotation, keyCredential: KeyCredential, passwordCredential: Type.Optional(Nullable(PasswordCredential)), proof: Type.Optional(Nullable(Type.String({ maxLength: 20_000 }))),
}, { additionalProperties: false })
const RemoveKey = Type.Object({ '@odata.type': Annotation, keyId: guid, proof: Type.Optional(Nullable(Type.String({ maxLength: 20_000 }))) }, { additionalProperties: false })

export function credentialRoutes(server: Server, app: App): void {
  for (const collection of ['applications', 'servicePrincipals'] as const) {
    const path = (action: string) => `/v1.0/${collection}/:id/${action}` as const
    const line = (action: string) => ({ access: permitted('POST', `/${collection}/{id}/${action}`), surface: 'graph' }) as const
    /** A program needs no permission to roll its own keys: the proof shows that they are its own (graph §3.2). */
    const rolling = (action: string) => ({ access: alsoWithout(permitted('POST', `/${collection}/{id}/${action}`)), surface: 'graph' }) as const

    server.post(path('addPassword'), {
      config: line('addPassword'), preValidation: async request => void (request.body ??= {}), // The whole body may be left out.
      schema: { params: Key, body: AddPassword, response: { 200: AsGraphHasIt('passwordCredential; the only time its secretText is shown') } },
    }, async request => {
      const wanted = request.body.passwordCredential ?? {}
      // Never chosen by anybody (T-52): a text of one's own, or a key id, is refused and not ignored.
      if (wanted.secretText) throw badRequest('LK_SECRET_CHOSEN', {}, 'passwordCredential.secretText')
      const { row, secretText } = await app.db.transaction().execute(async trx => {
        const { who, target, owner } = await targeted(app, trx, request, collection)
        await requireImpersonating(trx, who, target)
        return addPassword(app, trx, owner, {
          displayName: wanted.displayName, startDateTime: readInstant(wanted.startDateTime, 'passwordCredential.startDateTime'),
          endDateTime: readInstant(wanted.endDateTime, 'passwordCredential.endDateTime'),
        }, who.by)
      })
      return { '@odata.context': odataContext(request, 'microsoft.graph.passwordCredential'), ...passwordCredential(row, true, secretText.reveal()) }
    })

    server.post(path('removePassword'), { config: line('removePassword'), schema: { params: Key, body: RemovePassword } }, async (request, reply) => {
      await app.db.transaction().execute(async trx => {
        const { who, target, owner } = await targeted(app, trx, request, collection)
        await requireManaging(trx, who, target)
        await removePassword(app, trx, owner, request.body.keyId, who.by)
      })
      return reply.code(204).send()
    })

    server.post(path('addKey'), {
      config: rolling('addKey'), bodyLimit: largeBody, schema: { params: Key, body: AddKey, response: { 200: AsGraphHasIt('keyCredential') } },
    }, async request => {
      const { keyCredential: wanted, passwordCredential: keyPassword, proof } = request.body
      // A password belongs to a private key, and those stay where they are.
      if (keyPassword?.secretText) throw badRequest('LK_PRIVATE_KEY', {}, 'passwordCredential')
      const row = await app.db.transaction().execute(async trx => {
        const { who, owner } = await proving(app, trx, request, collection, proof)
        return addKey(app, trx, owner, {
          ...wanted, startDateTime: readInstant(wanted.startDateTime, 'keyCredential.startDateTime'), endDateTime: readInstant(wanted.endDateTime, 'keyCredential.endDateTime'),
        }, who.by)
      })
      return { '@odata.context': odataContext(request, 'microsoft.graph.keyCredential'), ...keyCredential(row) }
    })

    server.post(path('removeKey'), { config: rolling('removeKey'), schema: { params: Key, body: RemoveKey } }, async (request, reply) => {
      await app.db.transaction().execute(async trx => {
        const { who, owner } = await proving(app, trx, request, collection, request.body.proof)
        await removeKey(app, trx, owner, request.body.keyId, who.by)
      })
      return reply.code(204).send()
    })
  }
}

/** The line, and beside it any program at all. */
const alsoWithout = ({ graph }: GraphAccess): GraphAccess => ({ graph: { delegated: graph.delegated, application: [...graph.application, []] } })

interface Targeted {
  who: Asking
  target: Target
  owner: CredentialOwner
}

/** The object with its row held: of two who change its credentials at once, one comes after the other. */
async function targeted(app: App, trx: Db, request: FastifyRequest, collection: Collection): Promise<Targeted> {
  const who = await changing(app, trx, request)
  const { tenantId } = who.caller
  const target = await requireTarget(trx, tenantId, collection, (request.params as { id: string }).id)
  await (target.type === 'application' ? lockApplication : lockServicePrincipal)(trx, tenantId, target.id)
  const { id, type, appId, displayName, createdDateTime } = target
  return { who, target, owner: { tenantId, id, type, appId, displayName, createdDateTime } }
}

/** Whoever shows a proof has a key of the program already, so a further one gives them nothing new (T-42). */
async function proving(app: App, trx: Db, request: FastifyRequest, collection: Collection, proof: string | null | undefined): Promise<Targeted> {
  const all = await targeted(app, trx, request, collection)
  const { who, target } = all
  if (firstParty(target.appId)) throw badRequest('LK_BUILT_IN')
  const own = who.caller.kind === 'application' && who.caller.appId === target.appId
  if (!own) {
    // The route is open to programs that roll their own keys: of all others the permission is asked here.
    requireReach(mayManageApp(await actorTowards(trx, who, target.applicationId, target.servicePrincipalId)))
  }
  if (!proof) throw new Refusal(403, [reason('LK_NOT_ALLOWED')], { field: 'proof', detail: 'no proof of possession' })
  const issuers = [target.id, ...(own ? [target.applicationId, target.servicePrincipalId].filter(id => id !== null) : [])]
  requireProof(proof, { credentials: await listCredentials(trx, who.caller.tenantId, [target.id]), issuers, now: app.now() })
  return all
}
