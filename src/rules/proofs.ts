// What a sign-in proved, by the names of its proofs.

/** Noted among the proofs when somebody put off registering, so that one sign-in does not ask twice; it proves nothing. */
export const skippedRegistration = 'registrationSkipped'

/** Proofs that say nothing of a second thing one has. */
const firstFactors: ReadonlySet<string> = new Set(['password', 'email', 'securityQuestions', skippedRegistration])

/** True when something other than a password was proved: a code of an app or a phone, a temporary access pass. */
export function provedSecondFactor(proofs: readonly { method: string }[]): boolean {
  return proofs.some(proof => !firstFactors.has(proof.method))
}
