/**
 * What someone has registered, what each of it is good for, and what may be done with it. Read by the page, by the wizard and by
 * /api/security-info alike. Values leave masked, even to their owner: a page left open shows no address (T-13).
 */
import type { App } from '../app.ts'
import { readContacts } from '../credentials/contacts.ts'
import { readMethods } from '../credentials/methods.ts'
import { isAdministrator } from '../rules/admin-policy.ts'
import { appPasswordGate } from '../rules/app-password-rules.ts'
import { differentProofs, usableMethods } from '../rules/usable-methods.ts'
import { gatesRequired } from '../rules/gates.ts'
import { maskEmail, maskPhone } from '../rules/masks.ts'
import { allowedOptions, optionsOfKind } from '../rules/method-options.ts'
import { registrationOffers } from '../rules/registration.ts'
import type { Verdict } from '../rules/verdict.ts'
import { findPass } from '../store/passes.ts'
import { isDestination } from './kinds.ts'
import type { ListedKind, RegistrableKind } from './kinds.ts'
import type { Visit } from './visit.ts'

export interface ListedMethod {
  id: string
  kind: ListedKind
  /** Masked address or number, or the name its owner gave it; for sentences, so never empty where there is one to tell. */
  value: string
  /** `directory`: contact data that the organisation keeps, not yet the person's own. */
  source: 'registered' | 'directory'
  verified: boolean
  /** Epoch milliseconds until which it does not count for a reset; null when it counts. */
  heldUntil: number | null
  isDefault: boolean
  createdDateTime: number | null
  lastUsedAt: number | null
  /** Of security questions. */
  answers: number | null
  use: 'both' | 'signInOnly' | 'resetOnly' | 'unusable'
  may: { change: boolean; verify: boolean; delete: boolean; makeDefault: boolean }
}

export interface MethodOffer {
  kind: RegistrableKind
  verdict: Verdict
}

export interface Overview {
  now: number
  methods: ListedMethod[]
  /** The temporary access pass, while it lives. */
  pass: { startsAt: number; expiresAt: number; isUsableOnce: boolean } | undefined
  offers: MethodOffer[]
  readiness: { state: 'capable' | 'missing' | 'off'; missing: number }
  /** An administrator's own policy, or that it is switched off (sspr §4.3, §6.5). */
  administrator: 'rules' | 'off' | undefined
  /** Whether the way to app passwords is shown at all. */
  appPasswords: boolean
  questionCount: number
}
