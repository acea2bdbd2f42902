/** What of people a caller may see, select and filter by (graph §5.4, T-84). */
import type { Db } from '../app.ts'
import { callerId, forbidden, requireReachOf } from '../graph/deciding.ts'
import type { GraphCaller } from '../graph/deciding.ts'
import { holds } from '../graph/permissions.ts'
import { reason } from '../rules/verdict.ts'
import { findObjects, ownedBy } from '../store/directory-objects.ts'
import type { DirectoryObject } from '../store/directory-objects.ts'
import { rolesOf } from '../store/roles.ts'
import { basicProperties, defaultProperties } from './user-shape.ts'

const whole = ['User.Read.All', 'User.ReadWrite.All', 'Directory.Read.All', 'Directory.ReadWrite.All', 'Directory.AccessAsUser.All'] as const

/**
 * Does the caller see whole profiles? Contact data of others is what a recovery may rest on, so of people those with a directory role;
 * everybody else sees who somebody is and no more. Programs see what their permission says.
 */
export async function seesProfiles(db: Db, caller: GraphCaller, targetId?: string): Promise<boolean> {
  if (caller.kind === 'application') return holds(caller, ...whole)
  if (caller.userId === targetId) return holds(caller, ...whole, 'User.Read', 'User.ReadWrite')
  return holds(caller, ...whole) && hasRole(db, caller)
}

/** Holds any directory role, not merely could. */
export async function hasRole(db: Db, caller: GraphCaller): Promise<boolean> {
  return (await rolesOf(db, caller.tenantId, callerId(caller))).some(role => !role.eligible)
}

/**
 * The properties to answer with.
 * @param filtered what the question compares: what may not be read may not be asked about either, for a filter answers yes or no (T-65)
 * @throws Refusal 403 for a property the caller may not see
 */
export async function visibleProperties(
  db: Db, caller: GraphCaller, targetId: string | undefined, select: readonly string[] | undefined, filtered: readonly string[] = [],
): Promise<readonly string[]> {
  if (targetId !== undefined) requireReachOf(caller, targetId)
  if (await seesProfiles(db, caller, targetId)) return select ?? defaultProperties
  if ([...(select ?? []), ...filtered].some(name => !(basicProperties as readonly string[]).includes(name))) throw forbidden(reason('LK_NOT_ALLOWED'))
  return select ?? basicProperties
}

/**
 * What somebody owns, by id. Who owns a group that gives roles is a target, so that is told to the owner, to those who hold a role and
 * to programs (T-84).
 */
export async function visiblyOwned(db: Db, caller: GraphCaller, ownerId: string): Promise<DirectoryObject[]> {
  const owned = await findObjects(db, caller.tenantId, await ownedBy(db, caller.tenantId, ownerId))
  if (callerId(caller) === ownerId || caller.kind === 'application' || (await hasRole(db, caller))) return owned
  return owned.filter(one => one.kind !== 'group' || !one.row.isAssignableToRole)
}
