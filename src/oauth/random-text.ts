import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(8192)
let at = pool.length

/** So many random bytes as base64url. Drawn in stock: a draw for each costs more than all the rest of a token's claims. */
export function randomText(bytes: number): string {
  if (at + bytes > pool.length) {
    randomFillSync(pool)
    at = 0
  }
  const text = pool.toString('base64url', at, at + bytes)
  pool.fill(0, at, at + bytes)
  at += bytes
  return text
}
