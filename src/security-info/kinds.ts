import type { IconName } from '../page/icon.tsx'
import { registrableKinds } from '../rules/registration.ts'
import type { RegistrableKind } from '../rules/registration.ts'
import type { MessageKey } from '../text.ts'

/** What may stand in the list: administrators hand out hardware tokens. */
export type ListedKind = RegistrableKind | 'hardwareOath'

/** Proved by a code sent to it, by a code it shows, or by answers. */
export type DestinationKind = 'email' | 'mobile' | 'office' | 'alternateMobile'
export type AuthenticatorKind = 'microsoftAuthenticator' | 'softwareOath'

interface KindRow {
  /** Its part of a page's address. */
  slug: string
  icon: IconName
  proof: 'sentCode' | 'shownCode' | 'answers' | 'none'
}

const rows: Record<ListedKind, KindRow> = {
  microsoftAuthenticator: { slug: 'authenticator-app', icon: 'app', proof: 'shownCode' },
  softwareOath: { slug: 'other-app', icon: 'app', proof: 'shownCode' },
  mobile: { slug: 'phone', icon: 'phone', proof: 'sentCode' },
  email: { slug: 'email', icon: 'mail', proof: 'sentCode' },
  office: { slug: 'office-phone', icon: 'office', proof: 'sentCode' },
  alternateMobile: { slug: 'alternate-phone', icon: 'phone', proof: 'sentCode' },
  securityQuestions: { slug: 'questions', icon: 'question', proof: 'answers' },
  hardwareOath: { slug: 'hardware-token', icon: 'key', proof: 'none' },
}

export const slugOf = (kind: ListedKind): string => rows[kind].slug
export const iconOf = (kind: ListedKind): IconName => rows[kind].icon
export const kindOfSlug = (slug: string): RegistrableKind | undefined => registrableKinds.find(kind => rows[kind].slug === slug)
export const nameKey = (kind: ListedKind): MessageKey => `security-info.method.${kind}`

export const isDestination = (kind: ListedKind): kind is DestinationKind => rows[kind].proof === 'sentCode'
export const isAuthenticator = (kind: ListedKind): kind is AuthenticatorKind => rows[kind].proof === 'shownCode'
