import type { Proof } from '../access.ts'
import type { KnownFacts } from '../rules/gates.ts'
import { pendingInterrupts } from '../rules/interrupts.ts'
import { provedSecondFactor, skippedRegistration } from '../rules/proofs.ts'
import { hasSecondFactor } from '../rules/usable-methods.ts'

/** What stands between a right password and being signed in; `done` when nothing does. */
export type NextStep =
  | { step: 'secondFactor' }
  | { step: 'newPassword'; why: 'mustChange' | 'expired' }
  | { step: 'register' | 'reconfirm' }
  | { step: 'done' }

const recently = 10 * 60_000

/**
 * True when nothing needs proving again just now (N-STEP): a second factor within ten minutes where one is registered or was
 * given, else the password.
 */
export function provedRecently({ subject, now }: KnownFacts, proofs: readonly Proof[]): boolean {
  const strong = proofs.filter(proof => provedSecondFactor([proof]))
  const counted = strong.length > 0 || hasSecondFactor(subject) ? strong : proofs
  return counted.some(proof => now - proof.at <= recently)
}

/**
 * The next thing due, decided anew from facts and proofs each time and never remembered as a step, so that a closed tab strands
 * nobody. Whoever has a second factor proves it before anything else is opened (T-15).
 */
export function nextStep(facts: KnownFacts, proofs: readonly Proof[]): NextStep {
  if (hasSecondFactor(facts.subject) && !provedSecondFactor(proofs)) return { step: 'secondFactor' }
  for (const interrupt of pendingInterrupts(facts)) {
    if (interrupt.kind === 'mustChangePassword' || interrupt.kind === 'passwordExpired') {
      // A temporary access pass stands beside the password and does not replace it (sspr §4.7): there is nothing to change yet.
      if (!proofs.some(proof => proof.method === 'password')) continue
      return { step: 'newPassword', why: interrupt.kind === 'passwordExpired' ? 'expired' : 'mustChange' }
    }
    const skippable = interrupt.kind === 'reconfirmSecurityInfo' || interrupt.skippable
    if (skippable && proofs.some(proof => proof.method === skippedRegistration)) continue
    return { step: interrupt.kind === 'reconfirmSecurityInfo' ? 'reconfirm' : 'register' }
  }
  return { step: 'done' }
}

/** Where each step is done. */
export function pathOf(next: NextStep): string {
  switch (next.step) {
    case 'secondFactor': return '/signin/second-factor'
    case 'newPassword': return '/signin/new-password'
    case 'register':
    case 'reconfirm': return '/security-info/register?interrupt'
    case 'done': return '/signin/continue'
  }
}
