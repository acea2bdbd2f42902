// Roles of a tenant's own making (graph §8): what they may list, and whether they make their holders administrators.

/** `microsoft.directory/users/password/update`; parts may be `*`, and none is empty. */
const actionForm = /^microsoft\.\w[\w.]*\/[\w.*/-]*[\w.*-]$/i

export const roleDefinitionLimits = { actions: 500, actionLength: 200, displayName: 256, description: 1024 } as const

export const isRoleAction = (action: string): boolean => action.length <= roleDefinitionLimits.actionLength && actionForm.test(action) && !action.includes('//')

/** What neither opens an account nor gives anybody a right: reading, and plain groups, contacts and devices. */
const harmless = /\/read$|^microsoft\.directory\/(contacts|devices|groups|groups\.security|groups\.unified|bitlockerKeys|deviceLocalCredentials)\//i

/**
 * True when one of the actions writes to what keeps accounts safe. Such a role puts its holders under two gates, as the built-in ones
 * flagged privileged do (sspr §6.2). A doubt counts as yes.
 */
export const isPrivilegedRole = (actions: readonly string[]): boolean => actions.some(action => !harmless.test(action))
