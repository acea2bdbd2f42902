import type { AuditEntry } from '../store/audit.ts'

/** Who does something to a credential, as the audit records it (sspr §11.1). */
export interface Actor {
  kind: 'user' | 'application' | 'system' | 'operator'
  userId?: string
  userPrincipalName?: string
  displayName?: string
  roles?: readonly string[]
  ipAddress?: string
  /** The application's id, for `kind: 'application'`. */
  app?: string
  /** The object id of its service principal. */
  servicePrincipalId?: string
}

export const system: Actor = { kind: 'system' }

/** The actor in the audit's own words; people of the machine room stand under a name. */
export function initiatedBy(actor: Actor): AuditEntry['initiatedBy'] {
  return {
    ...(actor.userId ? { userId: actor.userId } : {}),
    ...(actor.userPrincipalName ? { userPrincipalName: actor.userPrincipalName } : {}),
    ...(actor.displayName ? { displayName: actor.displayName } : {}),
    ...(actor.roles ? { roles: [...actor.roles] } : {}),
    ...(actor.ipAddress ? { ipAddress: actor.ipAddress } : {}),
    ...(actor.kind === 'application' ? { app: actor.app ?? 'unknown' } : {}),
    ...(actor.servicePrincipalId ? { servicePrincipalId: actor.servicePrincipalId } : {}),
    ...(actor.kind === 'system' || actor.kind === 'operator' ? { app: `latchkey ${actor.kind}` } : {}),
  }
}

/** True when someone acts on their own account. */
export function isSelf(actor: Actor, userId: string): boolean {
  return actor.kind === 'user' && actor.userId === userId
}
