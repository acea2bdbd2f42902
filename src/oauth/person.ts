/** Whoever a code, a refresh token or an id token speaks of. */
import { createHash } from 'node:crypto'
import type { App } from '../app.ts'
import { providersOf } from '../notify/senders.ts'
import type { KnownFacts } from '../rules/gates.ts'
import { pendingInterrupts } from '../rules/interrupts.ts'
import { provedSecondFactor, skippedRegistration } from '../rules/proofs.ts'
import { hasSecondFactor } from '../rules/usable-methods.ts'
import type { Client } from '../store/clients.ts'
import { gatherFacts } from '../store/facts.ts'

export interface GivenProof {
  method: string
  at: number
  /** It holds no longer than this: a temporary access pass. */
  until?: number
}

/** Facts about somebody who exists; undefined when the account is gone. */
export async function factsOf(app: App, tenantId: string, userId: string): Promise<KnownFacts | undefined> {
  const facts = await gatherFacts(app.db, { tenantId, userId, now: app.now(), providers: providersOf(app.config) })
  return facts.subject ? { ...facts, subject: facts.subject } : undefined
}

/**
 * The person as this client knows them (oauth §14): the same at every sign-in, another one for every client, and no way back to the
 * object id. It outlives every rotation of keys, so it is made of the ids alone.
 */
export function pairwiseSubject(client: Pick<Client, 'tenantId' | 'appId'>, userId: string): string {
  return createHash('sha256').update(`pairwise subject\n${client.tenantId}\n${client.appId}\n${userId}`).digest('base64url')
}

/** As `amr` names them. */
export function amrOf(proofs: readonly GivenProof[]): string[] {
  const password = proofs.some(proof => proof.method === 'password')
  return [...(password ? ['pwd'] : []), ...(provedSecondFactor(proofs) ? ['mfa'] : [])]
}

/** The newest proof, in epoch milliseconds: `auth_time`. */
export const provedAt = (proofs: readonly GivenProof[]): number => Math.max(0, ...proofs.filter(proof => proof.method !== skippedRegistration).map(proof => proof.at))

/**
 * What a sign-in with these proofs has not done yet, although it is due by now: a second factor, a new password, registering one.
 * What may be skipped is not asked here; signing in has asked it (sspr §4.3).
 */
export function dueAtSignIn(facts: KnownFacts, proofs: readonly GivenProof[]): 'secondFactor' | 'newPassword' | 'register' | undefined {
  if (hasSecondFactor(facts.subject) && !provedSecondFactor(proofs)) return 'secondFactor'
  const interrupts = pendingInterrupts(facts)
  const byPassword = proofs.some(proof => proof.method === 'password')
  if (byPassword && interrupts.some(one => one.kind === 'mustChangePassword' || one.kind === 'passwordExpired')) return 'newPassword'
  return interrupts.some(one => one.kind === 'registerSecurityInfo' && !one.skippable) ? 'register' : undefined
}
