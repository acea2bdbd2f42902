/** Reading applications: the collection, its count, and one (graph §3). */
import type { App } from '../app.ts'
import type { Server } from '../access.ts'
import { odataContext } from '../graph/answers.ts'
import { answerCollection, startOf } from '../graph/collection.ts'
import { readQuery, requireConsistency } from '../graph/odata-query.ts'
import { permitted } from '../graph/permissions.ts'
import { applicationFilters, applicationResource, searchedByName } from '../store/application-properties.ts'
import { withUris } from '../store/applications.ts'
import { countOf, pageOf } from '../store/directory-pages.ts'
import { AsGraphHasIt, Key } from './application-schema.ts'
import { applicationProperties, shapeApplications } from './application-shape.ts'
import { requireApplication } from './find-target.ts'
import { hintsFor, reading } from './managing.ts'

const offer = { selectable: applicationProperties, filterable: applicationFilters, searchable: searchedByName, orderable: ['displayName'], countable: true } as const
const one = { selectable: applicationProperties, pageable: false } as const
const Application = AsGraphHasIt('application')

export function applicationRoutes(server: Server, app: App): void {
  server.get('/v1.0/applications', { config: { access: permitted('GET', '/applications'), surface: 'graph' }, schema: { response: { 200: AsGraphHasIt('applications') } } }, async request => {
    const who = await reading(app, request)
    const { tenantId } = who.caller
    const query = readQuery(request, offer)
    const paged = { request, caller: who.caller, name: 'applications', query }
    const orderBy = { column: 'displayNameLower', descending: query.orderBy?.descending ?? false }
    const { rows, next } = await pageOf(app.db, applicationResource, { tenantId, filter: query.filter, after: startOf(app, paged), top: query.top, orderBy: query.orderBy ? orderBy : undefined })
    const whole = await withUris(app.db, tenantId, rows)
    const value = await shapeApplications(app.db, tenantId, whole, { withHints: await hintsFor(app.db, who, rows.map(row => row.id)), select: query.select })
    return answerCollection(app, paged, 'applications', { value, next, count: () => countOf(app.db, applicationResource, { tenantId, filter: query.filter }) })
  })

  server.get('/v1.0/applications/$count', { config: { access: permitted('GET', '/applications'), surface: 'graph' } }, async (request, reply) => {
    const { caller } = await reading(app, request)
    requireConsistency(request)
    const { filter } = readQuery(request, { ...offer, countable: false, pageable: false })
    return reply.type('text/plain').send(String(await countOf(app.db, applicationResource, { tenantId: caller.tenantId, filter })))
  })

  server.get('/v1.0/applications/:id', { config: { access: permitted('GET', '/applications/{id}'), surface: 'graph' }, schema: { params: Key, response: { 200: Application } } }, async request => {
    const who = await reading(app, request)
    const query = readQuery(request, one)
    const row = await requireApplication(app.db, who.caller.tenantId, request.params.id)
    const showing = { withHints: await hintsFor(app.db, who, [row.id]), withKeys: query.select?.includes('keyCredentials') ?? false, select: query.select }
    const [shaped] = await shapeApplications(app.db, who.caller.tenantId, [row], showing)
    return { '@odata.context': odataContext(request, query.select ? `applications(${query.select.join(',')})/$entity` : 'applications/$entity'), ...shaped }
  })
}
