/** The grants of people, by `grant_type`. */
import { authorizationCode } from './authorization-code.ts'
import { deviceCode } from './device-code.ts'
import type { Grant } from './grants.ts'
import { passwordGrant } from './password-grant.ts'
import { refreshToken } from './refresh-token.ts'

export const personGrants: ReadonlyMap<string, Grant> = new Map([
  ['authorization_code', authorizationCode],
  ['refresh_token', refreshToken],
  // Two spellings of one (real-clients §1.8).
  ['urn:ietf:params:oauth:grant-type:device_code', deviceCode],
  ['device_code', deviceCode],
  ['password', passwordGrant],
])
