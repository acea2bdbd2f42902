import type { Db } from '../app.ts'
import { deploymentEpochOf } from './sessions.ts'
import { findTenant } from './tenants.ts'
import { findUser } from './users.ts'
import type { UserRow } from './users.ts'

/** What a code or a refresh token remembers of the moment its owner proved who they are. */
export interface Epochs {
  credentialEpoch: number
  deploymentEpoch: number
}

/**
 * Whether what somebody proved then still counts: `disabled` and `gone` speak of the account, `revoked` of a reset, a changed
 * password, "sign out everywhere" or a restore since (T-19, T-74).
 */
export type Standing = { holds: true; user: UserRow } | { holds: false; why: 'disabled' } | { holds: false; why: 'gone' } | { holds: false; why: 'revoked'; user: UserRow }

export async function readStanding(db: Db, tenantId: string, userId: string, then: Epochs): Promise<Standing> {
  const user = await findUser(db, tenantId, userId)
  const tenant = await findTenant(db, tenantId)
  if (!user || !tenant || tenant.suspendedAt !== null) return { holds: false, why: 'gone' }
  if (!user.accountEnabled) return { holds: false, why: 'disabled' }
  const epoch = await deploymentEpochOf(db, tenantId)
  if (user.credentialEpoch !== then.credentialEpoch || epoch !== then.deploymentEpoch) return { holds: false, why: 'revoked', user }
  return { holds: true, user }
}
