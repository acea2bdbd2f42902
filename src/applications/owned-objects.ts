/** What a program owns: applications and service principals (graph §1). */
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { listOwnedApplications } from '../store/application-owners.ts'
import { findApplications } from '../store/applications.ts'
import { findServicePrincipals } from '../store/service-principals.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { readQuery } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { AsGraphHasIt, Key } from './application-schema.ts'
import { applicationProperties, shapeApplications } from './application-shape.ts'
import { requireServicePrincipal } from './find-target.ts'
import { hintsFor, ownOrigins, reading } from './managing.ts'
import { servicePrincipalProperties, shapeServicePrincipals } from './service-principal-shape.ts'

const selectable = [...new Set<string>([...applicationProperties, ...servicePrincipalProperties])]

export function ownedObjectRoutes(server: Server, app: App): void {
  server.get('/v1.0/servicePrincipals/:id/ownedObjects', {
    config: { access: permitted('GET', '/servicePrincipals/{id}/ownedObjects'), surface: 'graph' }, schema: { params: Key, response: { 200: AsGraphHasIt('directoryObjects') } },
  }, async request => {
    const who = await reading(app, request)
    const { tenantId } = who.caller
    const query = readQuery(request, { selectable })
    const owner = await requireServicePrincipal(app.db, tenantId, request.params.id)
    const paged = { request, caller: who.caller, name: `ownedObjects/${owner.id}`, query }
    const owned = await listOwnedApplications(app.db, { tenantId, ownerId: owner.id, after: startOf(app, paged)?.[0], top: query.top })
    const ids = (type: string) => owned.filter(one => one.ownedType === type).map(one => one.ownedId)
    const showing = { withHints: await hintsFor(app.db, who, owned.map(one => one.ownedId)), origins: ownOrigins(app, request), select: query.select }
    const typed = (type: string, shaped: Record<string, unknown>[]) => shaped.map(one => ({ '@odata.type': `#microsoft.graph.${type}`, ...one }))
    const value: Record<string, unknown>[] = [
      ...typed('application', await shapeApplications(app.db, tenantId, await findApplications(app.db, tenantId, ids('application')), showing)),
      ...typed('servicePrincipal', await shapeServicePrincipals(app.db, tenantId, await findServicePrincipals(app.db, tenantId, ids('servicePrincipal')), showing)),
    ]
    return answerCollection(app, paged, 'directoryObjects', { value, next: owned.length === query.top ? [owned.at(-1)!.ownedId] : undefined })
  })
}
