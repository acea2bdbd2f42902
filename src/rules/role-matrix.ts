// Who may act on whom: the table of sspr §8.3, cell by cell (LD-08, LD-30). One function for resets and for every other
// sensitive change, so that no side door reaches further than the front door (T-39).
import type { RoleFacts, SubjectFacts } from './facts.ts'
import { roleName, roles } from './roles.ts'
import { reason } from './verdict.ts'
import type { Reason } from './verdict.ts'

/** The six roles that reset: Password, Helpdesk, Authentication, User, Privileged Authentication, Global Administrator. */
export const resetColumns = {
  PW: roles.passwordAdministrator,
  HD: roles.helpdeskAdministrator,
  AA: roles.authenticationAdministrator,
  UA: roles.userAdministrator,
  PAA: roles.privilegedAuthenticationAdministrator,
  GA: roles.globalAdministrator,
} as const
export type Column = keyof typeof resetColumns

const row = (text: string) => text.split(' ') as readonly Column[]

/** Callers that reach a target without any role. */
export const noRoleRow = row('PW HD AA UA PAA GA')
/** Callers that reach members and owners of role-assignable groups, restricted units, and every role not in the table. */
export const protectedRow = row('PAA GA')

/** Callers that reach a target, by the role the target holds. */
export const resetMatrix: ReadonlyMap<string, readonly Column[]> = new Map([
  [roles.directoryReaders, row('PW HD AA UA PAA GA')],
  [roles.guestInviter, row('PW HD AA UA PAA GA')],
  [roles.passwordAdministrator, row('PW HD AA UA PAA GA')],
  [roles.messageCenterReader, row('HD AA UA PAA GA')],
  [roles.reportsReader, row('HD AA UA PAA GA')],
  [roles.userExperienceSuccessManager, row('HD AA UA PAA GA')],
  [roles.usageSummaryReportsReader, row('HD AA UA PAA GA')],
  [roles.helpdeskAdministrator, row('HD UA PAA GA')],
  [roles.authenticationAdministrator, row('AA PAA GA')],
  [roles.userAdministrator, row('UA PAA GA')],
  [roles.groupsAdministrator, row('UA PAA GA')],
  [roles.privilegedRoleAdministrator, protectedRow],
  [roles.privilegedAuthenticationAdministrator, protectedRow],
  [roles.globalAdministrator, protectedRow],
])

const all = noRoleRow
const users = row('AA UA PAA GA')
const methods = row('AA PAA GA')

/** What may be done to another person, and which columns of the table may do it at all (LD-30). */
export const actions = {
  resetPassword: { columns: all, self: false },
  unlock: { columns: all, self: false },
  clearThrottle: { columns: all, self: false },
  revokeSessions: { columns: all, self: true },
  updateMobilePhone: { columns: all, self: true },
  updateBusinessPhones: { columns: all, self: true },
  updateOtherMails: { columns: all, self: true },
  updateAccountEnabled: { columns: users, self: false },
  updateUserPrincipalName: { columns: users, self: false },
  updateOnPremisesImmutableId: { columns: users, self: false },
  deleteUser: { columns: users, self: false },
  restoreUser: { columns: users, self: false },
  readMethods: { columns: methods, self: true },
  manageMethods: { columns: methods, self: false },
  createTemporaryAccessPass: { columns: methods, self: false },
  deleteAppPasswords: { columns: methods, self: false },
} as const satisfies Record<string, { columns: readonly Column[]; self: boolean }>
export type Action = keyof typeof actions

/** What the table needs of a caller. */
export type CallerFacts = Pick<SubjectFacts, 'id' | 'roles'>
/** What it needs of a target. */
export type TargetFacts = Pick<SubjectFacts, 'id' | 'roles' | 'roleAssignableGroupMember' | 'roleAssignableGroupOwner' | 'administrativeUnits'>

export interface Reach {
  allowed: boolean
  /** Null when allowed. */
  reason: Reason | null
  /** Names of the roles that could do it to this target, whether or not the caller has one. */
  rolesThatSuffice: string[]
}

/** May the caller do this to the target, and if not, who could? Nobody resets their own password here (sspr §8.2). */
export function mayActOn(caller: CallerFacts, action: Action, target: TargetFacts): Reach {
  const reach = reachOf(caller, action, target)
  if (caller.id !== target.id || actions[action].self) return reach
  return { ...reach, allowed: false, reason: reason('SELF') }
}

/** The same without the question whether caller and target are one person: a list of checks asks that on its own. */
export function reachOf(caller: CallerFacts, action: Action, target: TargetFacts): Reach {
  const columns: readonly Column[] = actions[action].columns
  const suffices = columns.filter(column => reaches(column, target))
  // Who could act on somebody tells what that person is: people without any role hear of those who could act on anybody (T-84).
  const knows = caller.roles.some(role => !role.eligible)
  const rolesThatSuffice = (knows ? suffices : columns.filter(column => protectedRow.includes(column))).map(column => roleName(resetColumns[column]))
  const held = caller.roles.filter(role => !role.eligible && columns.some(column => resetColumns[column] === role.roleTemplateId))
  const refuse = (code: Parameters<typeof reason>[0], values: Parameters<typeof reason>[1] = {}): Reach =>
    ({ allowed: false, reason: reason(code, values), rolesThatSuffice })

  if (held.length === 0) return refuse('NO_RESET_ROLE', { rolesThatSuffice: rolesThatSuffice.join(', ') })
  const inRange = held.filter(role => covers(role, target))
  if (inRange.length === 0) return refuse('OUT_OF_SCOPE_UNIT', { callerRoles: names(held) })
  if (inRange.some(role => suffices.some(column => resetColumns[column] === role.roleTemplateId) || runsRestrictedUnit(role, target))) {
    return { allowed: true, reason: null, rolesThatSuffice }
  }
  if (isRestricted(target)) return refuse('TARGET_IN_RESTRICTED_UNIT', { rolesThatSuffice: rolesThatSuffice.join(', ') })
  const rolesAlone = { ...target, roleAssignableGroupMember: false, roleAssignableGroupOwner: false }
  if (inRange.some(role => columns.some(column => resetColumns[column] === role.roleTemplateId && reaches(column, rolesAlone)))) {
    return refuse('TARGET_IN_ROLE_ASSIGNABLE_GROUP', { rolesThatSuffice: rolesThatSuffice.join(', ') })
  }
  return refuse('ROLE_TOO_LOW', {
    callerRoles: names(held), targetRoles: names(target.roles), rolesThatSuffice: rolesThatSuffice.join(', '),
  })
}

/**
 * The same for a program, whose right is a permission and not a role: that reaches people of no standing. Whoever holds a role of any
 * kind, or is shielded, is reached only as a person with the program's own roles would reach them (T-42).
 */
export function mayProgramActOn(program: CallerFacts, action: Action, target: TargetFacts): Reach {
  const shielded = target.roles.length > 0 || target.roleAssignableGroupMember || target.roleAssignableGroupOwner || isRestricted(target)
  return shielded ? reachOf(program, action, target) : { allowed: true, reason: null, rolesThatSuffice: [] }
}

/** The old question in its own words. */
export function mayResetPassword(caller: CallerFacts, target: TargetFacts): Reach {
  return mayActOn(caller, 'resetPassword', target)
}

/** True when the person holds, now, any of the roles that reset: decides whether the menu entry exists (M-16). */
export function hasResetRole(caller: CallerFacts): boolean {
  return caller.roles.some(role => !role.eligible && Object.values<string>(resetColumns).includes(role.roleTemplateId))
}

// Every role the target holds must be within reach, eligible and unit-scoped ones included (T-39).
function reaches(column: Column, target: TargetFacts): boolean {
  const rows = target.roles.map(role => (role.restrictedScope ? protectedRow : (resetMatrix.get(role.roleTemplateId) ?? protectedRow)))
  const shielded = target.roleAssignableGroupMember || target.roleAssignableGroupOwner || isRestricted(target)
  return [...rows, noRoleRow, ...(shielded ? [protectedRow] : [])].every(reachable => reachable.includes(column))
}

// A unit-scoped caller acts on people of the unit, and not on those who hold a role in the whole tenant.
function covers(role: RoleFacts, target: TargetFacts): boolean {
  if (role.directoryScopeId === '/') return true
  const inUnit = target.administrativeUnits.some(unit => `/administrativeUnits/${unit.id}` === role.directoryScopeId)
  return inUnit && target.roles.every(held => held.directoryScopeId !== '/')
}

// A restricted unit shields its members from the rest of the tenant, not from the unit's own administrators.
function runsRestrictedUnit(role: RoleFacts, target: TargetFacts): boolean {
  const own = target.administrativeUnits.some(unit => unit.restricted && `/administrativeUnits/${unit.id}` === role.directoryScopeId)
  if (!own || target.roleAssignableGroupMember || target.roleAssignableGroupOwner) return false
  return (Object.keys(resetColumns) as Column[]).some(column =>
    resetColumns[column] === role.roleTemplateId && reaches(column, { ...target, administrativeUnits: [] }))
}

function isRestricted(target: TargetFacts): boolean {
  return target.administrativeUnits.some(unit => unit.restricted)
}

function names(held: readonly RoleFacts[]): string {
  return [...new Set(held.map(role => roleName(role.roleTemplateId)))].join(', ')
}
