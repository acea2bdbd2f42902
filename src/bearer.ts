import type { App } from './app.ts'
import type { Access, ApplicationCaller } from './access.ts'
import { Refusal } from './refusal.ts'
import { reason } from './rules/verdict.ts'

/**
 * Callers that show an access token. Tokens are issued by the token service, which this version does not have yet, so every
 * bearer is refused here, in one place, instead of being overlooked.
 */
export async function bearerCaller(_app: App, _access: Access, _authorization: string): Promise<ApplicationCaller | undefined> {
  throw new Refusal(401, [reason('LK_NOT_SIGNED_IN')], { detail: 'no token service' })
}
