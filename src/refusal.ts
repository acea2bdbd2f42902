import type { ReasonCode } from './rules/reason.ts'
import type { Reason } from './rules/verdict.ts'

/**
 * An expected no. A journey turns a negative verdict into one of these exactly once; the renderer of the surface that asked
 * (pages, /api, Graph) turns it into that surface's voice. Anything else that is thrown is a bug: 500, logged, nothing shown.
 */
export class Refusal extends Error {
  readonly status: number
  readonly reasons: readonly Reason[]
  /** The field of the request that is at fault, so that a page can point at it. */
  readonly field: string | undefined
  /** For the log and the audit, never for the caller. */
  readonly detail: string | undefined
  /** Seconds after which another try makes sense. */
  readonly retryAfter: number | undefined

  constructor(status: number, reasons: readonly Reason[], options: { field?: string; detail?: string; retryAfter?: number } = {}) {
    super(reasons.map(reason => reason.code).join(', '))
    this.name = 'Refusal'
    this.status = status
    this.reasons = reasons
    this.field = options.field
    this.detail = options.detail
    this.retryAfter = options.retryAfter
  }

  get code(): ReasonCode {
    return this.reasons[0]!.code
  }
}
