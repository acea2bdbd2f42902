/** Secrets of programs: full-entropy texts of our own making, so SHA-256 is what is kept and compared (T-52, LD-35). */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Secret } from '../secret.ts'
import type { ClientPassword } from '../store/clients.ts'

export type SecretVerdict = { outcome: 'right'; password: ClientPassword } | { outcome: 'expired' } | { outcome: 'wrong' }

/** So that an unknown program costs a comparison too. */
const nobody = { secretHash: createHash('sha256').update('nobody').digest('base64url') } as ClientPassword

/** Compares with every secret there is, the right one found or not: how soon it is found does not show in the time it takes. */
export function checkClientSecret(passwords: readonly ClientPassword[], secret: Secret, now: number): SecretVerdict {
  const hash = createHash('sha256').update(secret.reveal()).digest()
  let good: ClientPassword | undefined
  let expired = false
  for (const password of passwords.length === 0 ? [nobody] : passwords) {
    const same = timingSafeEqual(hash, bytesOf(password))
    const begun = password.startDateTime <= now
    if (same && begun && now < password.endDateTime) good ??= password
    if (same && now >= password.endDateTime) expired = true
  }
  if (good) return { outcome: 'right', password: good }
  return expired ? { outcome: 'expired' } : { outcome: 'wrong' }
}

const decoded = new WeakMap<ClientPassword, Buffer>()

function bytesOf(password: ClientPassword): Buffer {
  let bytes = decoded.get(password)
  if (bytes === undefined) decoded.set(password, (bytes = Buffer.from(password.secretHash, 'base64url')))
  return bytes
}
