/** GET and POST `/oidc/userinfo`: who the token's person is, as far as they agreed to tell (oauth §1). */
import type { FastifyRequest } from 'fastify'
import { userCaller } from '../access.ts'
import type { App } from '../app.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { findUser } from '../store/users.ts'
import { pairwiseSubject } from './person.ts'

export async function userInfo(app: App, request: FastifyRequest): Promise<Record<string, string>> {
  const { tenantId, userId, token } = userCaller(request)
  const user = await findUser(app.db, tenantId, userId)
  if (!user || !token) throw new Refusal(401, [reason('LK_NOT_SIGNED_IN')])
  const profile = token.scopes.includes('profile')
  return {
    sub: pairwiseSubject({ tenantId, appId: token.appId }, userId),
    ...(profile ? { name: user.displayName, preferred_username: user.userPrincipalName } : {}),
    ...(profile && user.givenName ? { given_name: user.givenName } : {}),
    ...(profile && user.surname ? { family_name: user.surname } : {}),
    ...(token.scopes.includes('email') && user.mail ? { email: user.mail } : {}),
  }
}
