import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { accountKeyOf } from '../credentials/account-key.ts'
import type { Client } from '../store/clients.ts'
import { addSignIn } from '../store/sign-ins.ts'
import type { UserRow } from '../store/users.ts'
import type { GivenProof } from './person.ts'

/** Signed in at a program: one row of the sign-in log, written in batches so that nobody waits for it. */
export function logPerson(app: App, request: FastifyRequest, { tenantId, user, client, resourceAppId, proofs, kind }: {
  tenantId: string
  user: UserRow
  client: Client
  resourceAppId: string
  proofs: readonly GivenProof[]
  kind: 'interactive' | 'password' | 'deviceCode'
}): void {
  void addSignIn(app, {
    tenantId, at: app.now(), userId: user.id, accountKey: accountKeyOf(app, tenantId, user.userPrincipalName), accountHint: user.userPrincipalName, kind: 'interactive',
    result: 'success', reasonCode: null, proofs: [...proofs.map(proof => proof.method), ...(kind === 'interactive' ? [] : [kind])], ipAddress: request.clientAddress,
    userAgent: request.headers['user-agent']?.slice(0, 300) ?? null, correlationId: request.correlationId, appId: client.appId, resourceId: resourceAppId,
    credentialKeyId: null, tokenId: null, errorCode: null,
  })
}
