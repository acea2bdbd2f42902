/** What happened and how it stands: audit, activity, registration and use, over Graph. */
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { speakGraph } from '../graph/speak-graph.ts'
import { activityReportRoutes } from './activity-reports.ts'
import { directoryAuditRoutes } from './directory-audits.ts'
import { reportRoutes } from './reports.ts'
import { usageReportRoutes } from './usage-reports.ts'

export function reportingRoutes(server: Server, app: App): void {
  speakGraph(server)
  for (const routes of [reportRoutes, activityReportRoutes, usageReportRoutes, directoryAuditRoutes]) routes(server, app)
}
