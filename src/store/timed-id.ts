import { randomBytes } from 'node:crypto'

/** Drawn a thousand at a time: a call for each would cost more than what it draws. */
const pool = { bytes: Buffer.alloc(0), at: 0 }

function tenBytes(): string {
  if (pool.at + 10 > pool.bytes.length) Object.assign(pool, { bytes: randomBytes(10_000), at: 0 })
  return pool.bytes.toString('hex', pool.at, (pool.at += 10))
}

/**
 * A GUID that begins with the time (RFC 9562, version 7): newer ones are greater, so rows written under it go to the end of their
 * table, wherever they are written. @param at epoch milliseconds
 */
export function timedId(at: number): string {
  const time = at.toString(16).padStart(12, '0')
  const random = tenBytes()
  const variant = '89ab'[Number.parseInt(random[3]!, 16) & 3]!
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`
}

/** Not greater than any id of that moment or later. */
export function earliestId(at: number): string {
  const time = Math.max(0, at).toString(16).padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-`
}
