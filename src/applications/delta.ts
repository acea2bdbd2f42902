/** What changed among applications and service principals (graph §12). Credentials count: theirs are changes of the object. */
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { DeltaPage, answerDelta } from '../graph/delta.ts'
import type { DeltaSource } from '../graph/delta.ts'
import { permitted } from '../graph/permissions.ts'
import { applicationResource, servicePrincipalResource } from '../store/application-properties.ts'
import { findApplications, withUris } from '../store/applications.ts'
import { pageOf } from '../store/directory-pages.ts'
import { findServicePrincipals, parseServicePrincipal } from '../store/service-principals.ts'
import { applicationProperties, shapeApplications } from './application-shape.ts'
import { servicePrincipalProperties, shapeServicePrincipals } from './service-principal-shape.ts'

type Shaped = Record<string, unknown> & { id: string }

export function deltaRoutes(server: Server, app: App): void {
  const config = (name: string) => ({ access: permitted('GET', `/${name}/delta`), surface: 'graph' }) as const
  const schema = { response: { 200: DeltaPage } }
  server.get('/v1.0/applications/delta', { config: config('applications'), schema }, (request, reply) => answerDelta(app, request, reply, applications(app)))
  server.get('/v1.0/servicePrincipals/delta', { config: config('servicePrincipals'), schema }, (request, reply) =>
    answerDelta(app, request, reply, servicePrincipals(app, app.config.listeners.map(one => one.origin))))
}

/** Nobody's hints: whose secret changed is news, how it begins is not. */
const showing = (select: string[] | undefined) => ({ withHints: () => false, select: select && [...select, 'id'] })

const applications = (app: App): DeltaSource => ({
  kind: 'application', name: 'applications', selectable: applicationProperties,
  all: async ({ tenantId }, { select, after, top }) => {
    const { rows, next } = await pageOf(app.db, applicationResource, { tenantId, after, top })
    return { value: (await shapeApplications(app.db, tenantId, await withUris(app.db, tenantId, rows), showing(select))) as Shaped[], next }
  },
  some: async ({ tenantId }, ids, { select }) => (await shapeApplications(app.db, tenantId, await findApplications(app.db, tenantId, ids), showing(select))) as Shaped[],
})

const servicePrincipals = (app: App, origins: readonly string[]): DeltaSource => ({
  kind: 'servicePrincipal', name: 'servicePrincipals', selectable: servicePrincipalProperties,
  all: async ({ tenantId }, { select, after, top }) => {
    const { rows, next } = await pageOf(app.db, servicePrincipalResource(origins), { tenantId, after, top })
    return { value: (await shapeServicePrincipals(app.db, tenantId, rows.map(parseServicePrincipal), { ...showing(select), origins })) as Shaped[], next }
  },
  some: async ({ tenantId }, ids, { select }) =>
    (await shapeServicePrincipals(app.db, tenantId, await findServicePrincipals(app.db, tenantId, ids), { ...showing(select), origins })) as Shaped[],
})
