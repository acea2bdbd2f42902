/**
 * The directory over REST, as Microsoft Graph has it, and Latchkey's own actions beside it. One file for each resource; here only
 * what all of them share: the headers Graph clients look for, and 422 in Graph's own number.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { parseKey } from '../odata-path.ts'
import { Refusal } from '../refusal.ts'
import { accountActionRoutes } from './account-actions.ts'
import { graphHeaders } from './answers.ts'
import { authenticationMethodRoutes } from './authentication-methods.ts'
import { authenticationRequirementRoutes } from './authentication-requirements.ts'
import { directoryAuditRoutes } from './directory-audits.ts'
import { directoryRoleRoutes } from './directory-roles.ts'
import { passwordResetPolicyRoutes } from './password-reset-policy.ts'
import { activityReportRoutes } from './activity-reports.ts'
import { reportRoutes } from './reports.ts'
import { resetPasswordRoutes } from './reset-password.ts'
import { roleAssignmentRoutes } from './role-assignments.ts'
import { temporaryAccessPassRoutes } from './temporary-access-passes.ts'
import { usageReportRoutes } from './usage-reports.ts'
import { userRoutes } from './users.ts'
import { userWriteRoutes } from './user-writes.ts'
import { validatePasswordRoutes } from './validate-password.ts'

export function graphRoutes(server: Server, app: App): void {
  server.addHook('onSend', async (request: FastifyRequest, reply: FastifyReply) => {
    if (request.routeOptions.config.surface === 'graph') graphHeaders(request, reply)
  })
  server.addHook('preValidation', async request => {
    if (request.routeOptions.config.surface === 'graph') unquoteKeys(request.params as Record<string, string>)
  })
  server.setErrorHandler((error: unknown, request) => {
    throw request.routeOptions.config.surface === 'graph' ? inGraphNumbers(error) : error
  })
  for (const routes of [
    userRoutes, userWriteRoutes, resetPasswordRoutes, authenticationMethodRoutes, authenticationRequirementRoutes, temporaryAccessPassRoutes, directoryRoleRoutes, roleAssignmentRoutes,
    reportRoutes, activityReportRoutes, usageReportRoutes, directoryAuditRoutes, passwordResetPolicyRoutes, validatePasswordRoutes, accountActionRoutes,
  ]) routes(server, app)
}

/** `users('ann')` is `users/ann`: a key without a name is what stands in its quotes. Keys with names are read where they mean something. */
function unquoteKeys(params: Record<string, string>): void {
  for (const [name, segment] of Object.entries(params)) {
    const key = segment.startsWith("('") ? parseKey(segment)?.get('') : undefined
    if (key !== undefined && key !== '') params[name] = key
  }
}

/** Graph says 400 where our pages and /api say 422 (graph §2.3). */
function inGraphNumbers(error: unknown): unknown {
  if (!(error instanceof Refusal) || error.status !== 422) return error
  const { field, detail, retryAfter } = error
  return new Refusal(400, error.reasons, {
    ...(field === undefined ? {} : { field }), ...(detail === undefined ? {} : { detail }), ...(retryAfter === undefined ? {} : { retryAfter }),
  })
}
