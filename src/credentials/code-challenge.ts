import { createHash, timingSafeEqual } from 'node:crypto'

/** What an authorization request left behind: the challenge, and how it was made (RFC 7636). */
export interface CodeChallenge {
  challenge: string
  challengeMethod: string | null
}

/** True when the challenge was made from this verifier, which has the form of RFC 7636 §4.1. */
export function matchesChallenge({ challenge, challengeMethod }: CodeChallenge, verifier: string): boolean {
  if (!/^[A-Za-z0-9._~-]{43,128}$/.test(verifier)) return false
  const made = Buffer.from(challengeMethod === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier)
  const kept = Buffer.from(challenge)
  return made.length === kept.length && timingSafeEqual(made, kept)
}
