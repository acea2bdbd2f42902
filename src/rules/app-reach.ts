// Who may come into possession of a program: make a credential for it, trust another issuer in its name, make somebody its owner, or
// give it roles (T-42). Ordinary changes need a role or ownership only; these also need that the program reaches no further than the
// one who asks.
import { tierOf } from './permission-reach.ts'
import type { RoleFacts } from './facts.ts'
import { holdsRole, roleName, roles } from './roles.ts'
import { reason } from './verdict.ts'
import type { Reason } from './verdict.ts'

/** Whoever asks: a person (also through a program), or a program by itself. */
export interface AppActor {
  kind: 'user' | 'application'
  /** Object id of the person or of the service principal. */
  id: string
  roles: readonly RoleFacts[]
  /** Of a program, the app roles on Graph in its token; of a person, nothing. */
  permissions: readonly string[]
  owns: boolean
}

/** The program, by what its service principal may do. */
export interface AppTarget {
  servicePrincipalId: string | null
  /** App roles it holds on Graph. */
  permissions: readonly string[]
  /** Directory roles of the service principal, eligible ones too. */
  roles: readonly RoleFacts[]
}

export interface AppReach {
  allowed: boolean
  reason: Reason | null
}

const yes: AppReach = { allowed: true, reason: null }
const no = (code: Parameters<typeof reason>[0], values?: Parameters<typeof reason>[1]): AppReach => ({ allowed: false, reason: reason(code, values) })

/** Roles that manage every program. */
export const applicationRoles = [roles.globalAdministrator, roles.applicationAdministrator, roles.cloudApplicationAdministrator] as const
/** Roles that reach whatever a program may do. */
const unboundedRoles = [roles.globalAdministrator, roles.privilegedRoleAdministrator] as const
const names = (ids: readonly string[]) => ids.map(roleName).join(', ')

/** May the actor change this application or service principal at all (graph §3.2)? `.All` reaches every one, `OwnedBy` one's own. */
export function mayManageApp(actor: AppActor): AppReach {
  if (actor.kind === 'application') {
    const all = actor.permissions.includes('Application.ReadWrite.All') || actor.permissions.includes('Directory.ReadWrite.All')
    return all || (actor.owns && actor.permissions.includes('Application.ReadWrite.OwnedBy')) ? yes : no('LK_NOT_OWNER')
  }
  return actor.owns || holdsRole(actor.roles, ...applicationRoles) ? yes : no('NO_ROLE', { rolesThatSuffice: names(applicationRoles) })
}

/** May the actor get hold of the program, by a credential or by making somebody its owner? Asked after `mayManageApp`. */
export function mayImpersonate(actor: AppActor, target: AppTarget): AppReach {
  if (holdsRole(actor.roles, ...unboundedRoles)) return yes
  if (actor.kind === 'application' && actor.id === target.servicePrincipalId) return yes
  const beyond = target.permissions.filter(permission => !reaches(actor, permission))
  const held = target.roles.map(role => roleName(role.roleTemplateId))
  if (beyond.length === 0 && held.length === 0) return yes
  return no('LK_BEYOND_REACH', { permissions: [...beyond, ...held].join(', '), rolesThatSuffice: names(unboundedRoles) })
}

function reaches(actor: AppActor, permission: string): boolean {
  const tier = tierOf(permission)
  if (tier === 'plain') return true
  if (actor.kind === 'application') return actor.permissions.includes(permission) || (permission === 'Application.ReadWrite.OwnedBy' && actor.permissions.includes('Application.ReadWrite.All'))
  return tier === 'applications' && holdsRole(actor.roles, ...applicationRoles)
}

export interface RoleGift {
  /** Who is to get the role: object id, and whether the actor owns it. */
  principalId: string
  principalOwned: boolean
  /** The resource is Graph: its roles are rights over the directory. */
  onGraph: boolean
  /** The role's value; null for access without a role. */
  role: string | null
}

/**
 * May the actor give this app role? Nobody gives themself or what they own a right over the directory, and nobody hands out more of it
 * than they have (T-42). Roles of other resources are those resources' affair: an Application Administrator's, or their owner's.
 *
 * @param actor with `owns` for the resource
 */
export function mayGiveAppRole(actor: AppActor, gift: RoleGift): AppReach {
  if (actor.kind === 'application') {
    // Ownership of programs makes no program privileged, so a gift to one's own is a gift to oneself.
    if (gift.principalId === actor.id || (gift.principalOwned && gift.onGraph)) return no('LK_SELF_GRANT')
    if (!gift.onGraph || gift.role === null || holdsRole(actor.roles, ...unboundedRoles)) return yes
    return tierOf(gift.role) === 'plain' || actor.permissions.includes(gift.role) ? yes : no('LK_BEYOND_REACH', { permissions: gift.role, rolesThatSuffice: names(unboundedRoles) })
  }
  if (gift.onGraph) return holdsRole(actor.roles, ...unboundedRoles) ? yes : no('NO_ROLE', { rolesThatSuffice: names(unboundedRoles) })
  return actor.owns || holdsRole(actor.roles, ...applicationRoles, roles.privilegedRoleAdministrator) ? yes : no('NO_ROLE', { rolesThatSuffice: names(applicationRoles) })
}

/** May the actor let a client act in people's names? Directory roles bound what the client can do then, so application administrators may. */
export function mayGrantDelegation(actor: AppActor): AppReach {
  if (actor.kind === 'application') return yes
  return holdsRole(actor.roles, ...applicationRoles, roles.privilegedRoleAdministrator) ? yes : no('NO_ROLE', { rolesThatSuffice: names(applicationRoles) })
}
