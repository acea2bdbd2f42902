/** `@odata.id`: an object named by its address, as `$ref` and `@odata.bind` do (graph §8). */
import { Type } from 'typebox'
import { badRequest } from './deciding.ts'

export const Reference = Type.Object({ '@odata.type': Type.Optional(Type.String({ maxLength: 100 })), '@odata.id': Type.String({ maxLength: 500 }) }, { additionalProperties: false })

/**
 * The id of the object. The host says nothing: scripts write the public one, whoever they talk to; an id is looked up in the caller's
 * own tenant alone (T-43).
 * @throws Refusal 400 naming the property
 */
export function idOfReference(address: string, property: string): string {
  const found = /\/(?:directoryObjects|users|groups|servicePrincipals)(?:\/|\(')([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?:'\))?\/?$/i.exec(address)
  if (!found) throw badRequest('LK_REFERENCE_INVALID', { property, example: '…/v1.0/directoryObjects/{id}' }, property)
  return found[1]!.toLowerCase()
}
