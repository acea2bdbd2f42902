/** Applications over REST: what engineers register, the principals that act for it, their credentials, and what they were given. */
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { speakGraph } from '../graph/speak-graph.ts'
import { appRoleAssignmentRoutes } from './app-role-assignments.ts'
import { applicationRoutes } from './applications.ts'
import { applicationWriteRoutes } from './application-writes.ts'
import { credentialRoutes } from './credentials.ts'
import { deltaRoutes } from './delta.ts'
import { credentialUsageRoutes } from './credential-usage.ts'
import { federatedCredentialRoutes } from './federated-credentials.ts'
import { managementPolicyRoutes } from './management-policies.ts'
import { ownedObjectRoutes } from './owned-objects.ts'
import { ownerRoutes } from './owners.ts'
import { permissionGrantRoutes } from './permission-grants.ts'
import { servicePrincipalRoutes } from './service-principals.ts'

export function applicationsRoutes(server: Server, app: App): void {
  speakGraph(server)
  for (const routes of [
    applicationRoutes, applicationWriteRoutes, servicePrincipalRoutes, deltaRoutes, credentialRoutes, credentialUsageRoutes, ownerRoutes, ownedObjectRoutes, federatedCredentialRoutes,
    appRoleAssignmentRoutes, permissionGrantRoutes, managementPolicyRoutes,
  ]) routes(server, app)
}
