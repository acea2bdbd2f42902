import type { FastifyReply } from 'fastify'
import type { VNode } from 'preact'
import { sendPage } from '../page/send-page.ts'
import { Refusal } from '../refusal.ts'
import type { Reason } from '../rules/verdict.ts'

/** What a page shows of a refusal: why, and which field is at fault. */
export interface Shown {
  reasons?: readonly Reason[]
  field?: string
}

/** Reasons that name a field by its name in the form, with the words that stand before the field instead. */
export function inWords(reasons: readonly Reason[], labels: Readonly<Record<string, string>>): Reason[] {
  return reasons.map(one => {
    const label = labels[String(one.values?.['field'])]
    return label === undefined ? one : { ...one, values: { ...one.values, field: label } }
  })
}

/** Refusals that end the visit instead of the form: not signed in, step up, session over, no such thing, overloaded. */
const endsTheVisit = new Set([401, 404, 410, 500, 503])

/**
 * Runs what a form asked for; a refusal shows the same page again with the reason in words (422), and nothing typed is lost but
 * secrets. Anything that ends the visit goes on to the surface's own voice.
 */
export async function orSamePage(reply: FastifyReply, act: () => Promise<FastifyReply>, page: (shown: Shown) => VNode | Promise<VNode>): Promise<FastifyReply> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof Refusal) || endsTheVisit.has(error.status)) throw error
    if (error.retryAfter !== undefined) reply.header('retry-after', String(Math.ceil(error.retryAfter)))
    return sendPage(reply, await page({ reasons: error.reasons, field: error.field }), { status: error.status === 429 ? 429 : 422 })
  }
}
