/** The directory over REST: people, their methods, roles and policies. One file a resource. */
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { speakGraph } from '../graph/speak-graph.ts'
import { accountActionRoutes } from './account-actions.ts'
import { authenticationMethodRoutes } from './authentication-methods.ts'
import { authenticationRequirementRoutes } from './authentication-requirements.ts'
import { directoryRoleRoutes } from './directory-roles.ts'
import { passwordResetPolicyRoutes } from './password-reset-policy.ts'
import { resetPasswordRoutes } from './reset-password.ts'
import { roleAssignmentRoutes } from './role-assignments.ts'
import { roleDefinitionRoutes } from './role-definitions.ts'
import { temporaryAccessPassRoutes } from './temporary-access-passes.ts'
import { userRoutes } from './users.ts'
import { userWriteRoutes } from './user-writes.ts'
import { validatePasswordRoutes } from './validate-password.ts'

export function directoryRoutes(server: Server, app: App): void {
  speakGraph(server)
  for (const routes of [
    userRoutes, userWriteRoutes, resetPasswordRoutes, authenticationMethodRoutes, authenticationRequirementRoutes, temporaryAccessPassRoutes, directoryRoleRoutes, roleAssignmentRoutes, roleDefinitionRoutes,
    passwordResetPolicyRoutes, validatePasswordRoutes, accountActionRoutes,
  ]) routes(server, app)
}
