/** What happened and how it stands: audit, activity, registration and use, over Graph. */
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { speakGraph } from '../graph/speak-graph.ts'
import { activityReportRoutes } from './activity-reports.ts'
import { directoryAuditRoutes } from './directory-audits.ts'
import { credentialRegistrationRoutes } from './credential-registration.ts'
import { reportRoutes } from './reports.ts'
import { signInRoutes } from './sign-ins.ts'
import { usageReportRoutes } from './usage-reports.ts'

export function reportingRoutes(server: Server, app: App): void {
  speakGraph(server)
  for (const routes of [reportRoutes, activityReportRoutes, usageReportRoutes, directoryAuditRoutes, signInRoutes, credentialRegistrationRoutes]) routes(server, app)
}
