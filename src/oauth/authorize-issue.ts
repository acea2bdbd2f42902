/** The good end of a request to `/authorize`: a code, an id token, or both. */
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { appRoleValuesOfUser } from '../store/app-roles.ts'
import { insertAuthorizationCode } from '../store/authorization-codes.ts'
import { readStanding } from '../store/standing.ts'
import type { Considered } from './authorize-facts.ts'
import { endPending } from './authorize-pending.ts'
import { aadsts } from './errors.ts'
import { issueIdToken } from './id-token.ts'
import { newFamilyId, newOpaqueToken } from './opaque-token.ts'
import { logPerson } from './person-log.ts'
import { clientInfo } from './user-token.ts'

/** Long enough for a slow computer, short enough to be worth little (oauth §10). */
const codeLifetime = 10 * 60_000

/** @returns what the program is told; undefined when somebody else was quicker with the same request */
export async function issueCode(app: App, request: FastifyRequest, considered: Considered): Promise<Record<string, string> | undefined> {
  const { pending, client, known } = considered
  const session = considered.session!
  const { tenantId, userId, proofs, publicId, credentialEpoch, deploymentEpoch } = session
  const asked = pending.request
  const now = app.now()
  const standing = await readStanding(app.db, tenantId, userId, session)
  if (!standing.holds) throw aadsts(50058)
  const code = asked.responseTypes.includes('code') ? newOpaqueToken('code', tenantId) : undefined
  const first = await app.db.transaction().execute(async trx => {
    if (!(await endPending(trx, pending))) return false
    if (code) {
      await insertAuthorizationCode(trx, {
        tenantId, codeHash: code.hash, appId: client.appId, userId, credentialEpoch, deploymentEpoch, familyId: newFamilyId(), createdAt: now, expiresAt: now + codeLifetime,
        binding: {
          redirectUri: asked.redirect.uri, clientKind: asked.redirect.kind, challenge: asked.challenge, challengeMethod: asked.challengeMethod, nonce: asked.nonce, scope: asked.scope,
          proofs, sessionId: publicId,
        },
      })
    }
    return true
  })
  if (!first) return undefined
  const idToken = asked.responseTypes.includes('id_token')
    ? await issueIdToken(app, {
      origin: request.origin, tenant: known, client, clientId: client.appId, user: standing.user, version: 2, signIn: considered.person!.consent!.signIn.granted, proofs,
      nonce: asked.nonce, sessionId: publicId, ipAddress: request.clientAddress, roles: await appRoleValuesOfUser(app.db, tenantId, userId, client.servicePrincipalId), ...(code ? { code: code.text } : {}),
    })
    : undefined
  const resource = considered.person!.consent!.resources[0]!.resource
  logPerson(app, request, { tenantId, user: standing.user, client, resourceAppId: resource.appId, proofs, kind: 'interactive' })
  return {
    ...(code ? { code: code.text } : {}), ...(idToken === undefined ? {} : { id_token: idToken }),
    ...(pending.clientInfo ? { client_info: clientInfo(standing.user, tenantId) } : {}), session_state: publicId,
  }
}
