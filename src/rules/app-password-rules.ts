// App passwords: who may have them, and how many (sspr §10).
import type { SubjectFacts, TenantFacts } from './facts.ts'
import { allow, deny } from './verdict.ts'
import type { Verdict } from './verdict.ts'

export const appPasswordLimit = 40
export const appPasswordNameLength = { min: 1, max: 64 } as const

interface AppPasswordFacts {
  tenant: Pick<TenantFacts, 'settings'>
  subject: Pick<SubjectFacts, 'perUserMfaState'>
}

/** May the person see, make and delete app passwords? Switched off, existing ones go on working unseen. */
export function appPasswordGate({ tenant, subject }: AppPasswordFacts): Verdict {
  if (!tenant.settings.allowAppPasswords) return deny('LK_APP_PASSWORD_OFF')
  return subject.perUserMfaState === 'disabled' ? deny('LK_APP_PASSWORD_NO_MFA') : allow
}

/** May the person make another, by this name? `names`: those in use, compared without regard to case and outer blanks. */
export function mayCreateAppPassword(facts: AppPasswordFacts, names: readonly string[], name: string): Verdict {
  const gate = appPasswordGate(facts)
  if (!gate.allowed) return gate
  if (names.length >= appPasswordLimit) return deny('LK_APP_PASSWORD_MAX', { max: appPasswordLimit })
  const plain = (text: string) => text.normalize('NFKC').trim().toLowerCase()
  const { length } = [...name.trim()]
  if (length < appPasswordNameLength.min || length > appPasswordNameLength.max) return deny('LK_APP_PASSWORD_NAME', { ...appPasswordNameLength })
  return names.some(taken => plain(taken) === plain(name)) ? deny('LK_APP_PASSWORD_NAME_TAKEN') : allow
}
