/** The directory over REST: people, their methods, roles and policies. One file a resource. */
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { speakGraph } from '../graph/speak-graph.ts'
import { accountActionRoutes } from './account-actions.ts'
import { authenticationMethodsPolicyRoutes } from './authentication-methods-policy.ts'
import { authenticationMethodRoutes } from './authentication-methods.ts'
import { authenticationRequirementRoutes } from './authentication-requirements.ts'
import { authorizationPolicyRoutes } from './authorization-policy.ts'
import { batchRoutes } from './batch.ts'
import { changeOwnPasswordRoutes } from './change-own-password.ts'
import { deletedItemRoutes } from './deleted-items.ts'
import { deltaRoutes } from './delta.ts'
import { directoryObjectRoutes } from './directory-objects.ts'
import { directoryRoleRoutes } from './directory-roles.ts'
import { domainRoutes } from './domains.ts'
import { groupMemberRoutes } from './group-members.ts'
import { groupRoutes } from './groups.ts'
import { licenceRoutes } from './licences.ts'
import { membershipRoutes } from './memberships.ts'
import { organizationRoutes } from './organization.ts'
import { ownPolicyRoutes } from './own-policies.ts'
import { passwordResetPolicyRoutes } from './password-reset-policy.ts'
import { phoneAndEmailRoutes } from './phone-and-email-methods.ts'
import { resetPasswordRoutes } from './reset-password.ts'
import { roleAssignmentRoutes } from './role-assignments.ts'
import { roleDefinitionRoutes } from './role-definitions.ts'
import { subscribedSkuRoutes } from './subscribed-skus.ts'
import { temporaryAccessPassRoutes } from './temporary-access-passes.ts'
import { userRelationshipRoutes } from './user-relationships.ts'
import { userWriteRoutes } from './user-writes.ts'
import { userRoutes } from './users.ts'
import { validatePasswordRoutes } from './validate-password.ts'

export function directoryRoutes(server: Server, app: App): void {
  speakGraph(server)
  for (const routes of [
    userRoutes, userWriteRoutes, userRelationshipRoutes, membershipRoutes, groupRoutes, groupMemberRoutes, directoryObjectRoutes,
    deletedItemRoutes, deltaRoutes, batchRoutes, changeOwnPasswordRoutes, resetPasswordRoutes, authenticationMethodRoutes,
    authenticationRequirementRoutes, temporaryAccessPassRoutes, phoneAndEmailRoutes, directoryRoleRoutes, roleAssignmentRoutes,
    roleDefinitionRoutes, passwordResetPolicyRoutes, validatePasswordRoutes, accountActionRoutes, authenticationMethodsPolicyRoutes,
    authorizationPolicyRoutes, ownPolicyRoutes, organizationRoutes, domainRoutes, subscribedSkuRoutes, licenceRoutes,
  ]) routes(server, app)
}
