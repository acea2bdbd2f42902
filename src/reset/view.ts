import type { Reason } from '../rules/verdict.ts'

/** How a way is offered: an app's code and a token's code are one choice, for people do not tell them apart. */
export type OfferedWay = 'code' | 'email' | 'mobileSms' | 'mobileCall' | 'officeCall' | 'securityQuestions' | 'appNotification'

/** One way to show who one is, as it may be shown to whoever is asking. */
export interface Offer {
  /** What is posted back: the way, and behind a dot the method, where there is a choice between two. */
  value: string
  way: OfferedWay
  methodId?: string
  /** `an******n@example.org`; only where the account may be spoken of (LD-01). */
  masked?: string
  /** Allowed by the administrators' own policy only (sspr §6.1). */
  forAdministrators?: true
}

/** Where people turn when it does not work (sspr §5.9). */
export type Helpdesk = { kind: 'request' } | { kind: 'link'; href: string } | { kind: 'mail'; address: string }

/** What every page of a running transaction shows, and no more. */
export interface Journey {
  supportCode: string
  /** The gate being asked for. */
  gate: 1 | 2
  helpdesk: Helpdesk
}

export interface Problem {
  reasons: readonly Reason[]
  /** Seconds until it may be tried again. */
  seconds?: number
}
