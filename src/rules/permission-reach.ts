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

export function tierOf(permission: string): PermissionTier {
  if (ofApplications.has(permission)) return 'applications'
  return reads.test(permission) ? 'plain' : 'privileged'
}
