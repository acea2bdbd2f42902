// How far each permission of Graph reaches, for the question whether somebody may come into its possession (T-42): a credential of a
// program is the program, and so is the right to make one.

/**
 * - `plain`: reads what most of an organisation's programs may read.
 * - `applications`: what an Application Administrator does every day.
 * - `privileged`: changes people, roles, groups, policies, or hands out permissions; whoever has it can become anybody.
 */
export type PermissionTier = 'plain' | 'applications' | 'privileged'

const ofApplications = new Set(['Application.ReadWrite.OwnedBy', 'Application.ReadWrite.All', 'AppRegistration.Create', 'Policy.ReadWrite.ApplicationConfiguration'])

/** Names that change nothing. Whatever is not known to read counts as privileged, names of the future too. */
const reads = /^[\w-]+\.Read(Basic)?(\.[A-Z]\w*)?$/

/** What people may do to themselves, and what is about signing in. */
const ofOneself = /^(?:(?:User|UserAuthenticationMethod|UserAuthMethod-\w+)\.ReadWrite|openid|profile|email|offline_access)$/

/** True for a scope with which a program can change more than its own person: a browser would be asked for a fresh proof there (N-STEP). */
export const changesOthers = (scope: string): boolean => tierOf(scope) !== 'plain' && !ofOneself.test(scope)

export function tierOf(permission: string): PermissionTier {
  if (ofApplications.has(permission)) return 'applications'
  return reads.test(permission) ? 'plain' : 'privileged'
}
