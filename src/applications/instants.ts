/** Moments in bodies: ISO 8601 with a zone, as clients write them. */
import { badRequest } from '../graph/deciding.ts'

/** @throws Refusal 400 naming the field */
export function readInstant(value: string | null | undefined, field: string): number | undefined {
  if (value === null || value === undefined) return undefined
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/.test(value) ? Date.parse(value) : Number.NaN
  if (Number.isNaN(at)) throw badRequest('LK_FIELD_INVALID', { field }, field)
  return at
}

/** Whole seconds without parts of one, as clients compare them. */
export const plainInstant = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z')
