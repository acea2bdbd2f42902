/** One page of a collection as Graph answers it: context, count, next link, values (graph §2.2, §2.4). */
import type { FastifyRequest } from 'fastify'
import type { App } from '../app.ts'
import { odataContext } from './answers.ts'
import type { GraphCaller } from './deciding.ts'
import type { Query } from './odata-query.ts'
import { nextLink, readSkipToken, skipToken } from './paging.ts'

/** What a page is asked with, and how it is answered. `name` is bound into its tokens: give the path's ids with it. */
export interface Paged {
  request: FastifyRequest
  caller: GraphCaller
  name: string
  query: Query
}

/** Where the page begins; undefined for the first. */
export const startOf = (app: App, { caller, name, query }: Paged): string[] | undefined => readSkipToken(app, caller, name, query)

/**
 * @param context the fragment behind `$metadata#`; properties chosen by `$select` are added
 * @param count asked for on the first page only
 */
export async function answerCollection<T>(
  app: App, { request, caller, name, query }: Paged, context: string, page: { value: T[]; next: readonly string[] | undefined; count?: (() => Promise<number>) | undefined },
) {
  return {
    '@odata.context': odataContext(request, query.select ? `${context}(${query.select.join(',')})` : context),
    ...(query.count && query.skipToken === undefined && page.count ? { '@odata.count': await page.count() } : {}),
    ...(page.next ? { '@odata.nextLink': nextLink(request, skipToken(app, caller, name, query, page.next)) } : {}),
    value: page.value,
  }
}

/** A list that is held whole, cut into pages by the id of each: what somebody is a member of, for instance. */
export function cutById<T extends { id: string }>(sorted: readonly T[], after: string | undefined, top: number): { rows: T[]; next: string[] | undefined } {
  const from = after === undefined ? 0 : sorted.findIndex(one => one.id > after)
  const rows = from < 0 ? [] : sorted.slice(from, from + top)
  const more = from >= 0 && from + top < sorted.length
  return { rows, next: more ? [rows.at(-1)!.id] : undefined }
}
