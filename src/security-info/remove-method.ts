import type { App } from '../app.ts'
import { removeAnswers } from '../credentials/answers.ts'
import { removeMethod, setDefaultMethod } from '../credentials/methods.ts'
import { Refusal } from '../refusal.ts'
import { reason } from '../rules/verdict.ts'
import { findListed } from './list-methods.ts'
import type { ListedMethod } from './list-methods.ts'
import type { Visit } from './visit.ts'

/**
 * Deletes one of one's own methods; the address or number it had is told (T-18), and the next one stays as it is: nothing is asked
 * anew before its time (sspr §4.3).
 * @throws Refusal 404 LK_NOT_FOUND
 */
export async function removeOwnMethod(app: App, visit: Visit, id: string): Promise<ListedMethod> {
  const { method } = await findListed(app, visit, id)
  const { tenantId, userId, actor, correlationId } = visit
  const whose = { tenantId, userId, actor, correlationId }
  if (method.kind === 'securityQuestions') await removeAnswers(app, whose)
  else await removeMethod(app, { ...whose, id: method.id })
  return method
}

/**
 * The method sign-in asks for first.
 * @throws Refusal 404 LK_NOT_FOUND, 422 LK_METHOD_UNVERIFIED
 */
export async function makeDefault(app: App, visit: Visit, id: string): Promise<ListedMethod> {
  const { method } = await findListed(app, visit, id)
  if (!method.may.makeDefault && !method.isDefault) throw new Refusal(422, [reason('LK_METHOD_UNVERIFIED')])
  const { tenantId, userId, actor, correlationId } = visit
  await setDefaultMethod(app, { tenantId, userId, id: method.id, actor, correlationId })
  return method
}
