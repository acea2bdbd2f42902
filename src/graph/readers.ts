import { roles } from '../rules/roles.ts'
import { reason } from '../rules/verdict.ts'
import type { CallerFacts } from './calling-program.ts'
import { forbidden, requireRole } from './deciding.ts'

/** Readers of audit and reports (sspr §11.5). */
export const reportReaders = [
  roles.globalAdministrator, roles.globalReader, roles.reportsReader, roles.securityReader, roles.securityOperator, roles.securityAdministrator,
  roles.applicationAdministrator, roles.cloudApplicationAdministrator,
] as const

/** Who sees the reset policy and what depends on it; the first two may change it (C-20). */
export const policyWriters = [roles.globalAdministrator, roles.authenticationPolicyAdministrator] as const
export const policyReaders = [...policyWriters, roles.globalReader, roles.securityReader, roles.securityAdministrator] as const

export const requireReportReader = (caller: CallerFacts): void => requireRole(caller, ...reportReaders)

/** Who holds which role is for those who hold one themselves: a list of administrators is a list of targets (T-84). */
export function requireDirectoryReader(caller: CallerFacts): void {
  if (caller.program === null && !caller.roles.some(role => !role.eligible)) throw forbidden(reason('LK_NOT_ALLOWED'))
}
