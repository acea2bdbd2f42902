import type { App } from '../app.ts'
import type { Client } from '../store/clients.ts'
import { type Line, addProgramSignIn } from '../store/program-sign-ins.ts'
import type { Resource } from '../store/resources.ts'
import type { Presented } from './client-authentication.ts'
import type { AadstsCode } from './errors.ts'
import type { RequestPlace } from './grants.ts'

export interface ProgramAttempt {
  tenantId: string
  place: RequestPlace
  /** As it was typed. */
  clientId: string
  client: Client | undefined
  resource: Resource | undefined
  presented: Presented
}

/** The sign-in log's row of a program's attempt. A refusal resolves when it is on disk; a success is begun beside the signature and awaited after it. */
export function logProgram(app: App, { tenantId, place, clientId, client, resource, presented }: ProgramAttempt) {
  const write = (errorCode: AadstsCode | null, used: { credentialKeyId: string | null; tokenId: string | null }): Line =>
    addProgramSignIn(app, {
      tenantId,
      at: app.now(),
      servicePrincipalId: client?.servicePrincipalId ?? null,
      appId: client?.appId ?? null,
      displayName: client?.displayName ?? `${clientId.slice(0, 1)}…`,
      resourceId: resource?.appId ?? null,
      method: presented.secret ? 'clientSecret' : presented.assertion ? 'clientAssertion' : 'none',
      ...used,
      errorCode,
      ipAddress: place.ipAddress,
      userAgent: place.userAgent,
      correlationId: place.correlationId,
    })
  return {
    success: (credentialKeyId: string | null, tokenId: string) => write(null, { credentialKeyId, tokenId }),
    failure: (code: AadstsCode) => write(code, { credentialKeyId: null, tokenId: null }).written(),
  }
}
