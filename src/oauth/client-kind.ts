import type { ClientKind } from '../store/authorization-codes.ts'
import { aadsts } from './errors.ts'
import type { GrantContext } from './grants.ts'

/**
 * How a program proves that a code or a refresh token is its own: by a credential at each use, from a browser by its origin, or, where
 * nothing can be kept secret, by the challenge alone (oauth §10, RFC 9700 §2.1.1).
 * @throws TokenRefusal 7000218, 9002326 or 9002327
 */
export function requireItsClient({ method, place }: Pick<GrantContext, 'method' | 'place'>, kind: ClientKind): void {
  if (kind === 'confidential' && place.browserOrigin !== undefined) throw aadsts(9002326)
  if (kind === 'confidential' && method === 'none') throw aadsts(7000218)
  if (kind === 'spa' && place.browserOrigin === undefined) throw aadsts(9002327)
}
