/**
 * Every message Latchkey sends, in one list. The words are `mail.<name>.*` in locales/<language>/mail.json; what a message may
 * contain is said by its values and by nothing else: no secret but a code, and no link that does anything by being opened
 * (T-10, sspr §9.2).
 */
export interface MessageDefinition {
  channel: 'mail' | 'sms'
  /** Names its sentences need, besides `organisation`. */
  values: readonly string[]
  /** Adds the lines with time, place and account. */
  details?: true
  /** Adds what to do if it was not you. */
  notYou?: true
  /** A page of ours to go to; the origin comes from the configuration, always (T-09). */
  path?: string
}

const code = ['code', 'minutes'] as const
const text = ['code'] as const
const person = ['name'] as const
const method = ['name', 'method', 'hint'] as const
const notice = { channel: 'mail', details: true, notYou: true } as const

export const messages = {
  // Codes (N-3, N-4): 8 digits, shown in two groups (LD-02).
  resetCode: { channel: 'mail', values: code },
  registrationCode: { channel: 'mail', values: code },
  signInCode: { channel: 'mail', values: code },
  callerCode: { channel: 'mail', values: code },
  resetCodeText: { channel: 'sms', values: text },
  registrationCodeText: { channel: 'sms', values: text },
  signInCodeText: { channel: 'sms', values: text },
  callerCodeText: { channel: 'sms', values: text },

  // In place of a code when a reset is refused (LD-22). `reasonCode` is a ReasonCode; its sentence is chosen when it is written.
  resetNotPossible: { channel: 'mail', values: ['account', 'reasonCode', 'supportCode'] },
  resetNotPossibleText: { channel: 'sms', values: ['reasonCode', 'supportCode'] },

  // Notices (T-18, LD-47).
  passwordReset: { ...notice, values: person }, // N-1
  passwordChanged: { ...notice, values: person },
  passwordResetByAdministrator: { ...notice, values: person }, // N-6
  accountUnlocked: { ...notice, values: person },
  methodAdded: { ...notice, values: method }, // N-7
  methodChanged: { ...notice, values: method },
  methodRemoved: { ...notice, values: method },
  appPasswordCreated: { ...notice, values: ['name', 'appPasswordName'] },
  sessionsRevoked: { ...notice, values: person },
  lockedByGuessing: { channel: 'mail', details: true, values: person, path: '/reset' },
  recoveryPaused: { channel: 'mail', details: true, values: person },

  // To administrators.
  administratorReset: { channel: 'mail', details: true, values: ['actorName', 'actorAccount'] }, // N-2
  contactAdministrator: { channel: 'mail', details: true, values: ['userName', 'userAccount', 'supportCode'] }, // N-5
  contactDigest: { channel: 'mail', values: ['count'] },
  policyWeakened: { channel: 'mail', details: true, values: ['actorName', 'actorAccount', 'policy', 'changes'] },
  resetAfterChange: { channel: 'mail', details: true, values: ['userName', 'userAccount', 'changed', 'supportCode'] }, // T-84
  spendAlarm: { channel: 'mail', values: ['sent', 'budget'] },
  prefixPaused: { channel: 'mail', values: ['prefix'] },

  // From administrators to people, and tests.
  registrationReminder: { channel: 'mail', values: person, path: '/security-info' },
  // To owners of programs (M-02). `used` is 'yes' or 'no', `kind` 'password' or 'certificate'.
  credentialExpires: { channel: 'mail', values: ['name', 'application', 'appId', 'credential', 'kind', 'days', 'ends', 'used', 'lastUsed'] },
  passwordExpires: { channel: 'mail', values: ['name', 'days'], path: '/changepassword' },
  testMail: { channel: 'mail', values: [] },
  testText: { channel: 'sms', values: [] },
} as const satisfies Record<string, MessageDefinition>

export type MessageName = keyof typeof messages

export function messageDefinition(name: MessageName): MessageDefinition {
  return messages[name]
}

/** Codes and what stands in their place are news for minutes; notices wait for a provider that is down. */
export function lifetimeOf(name: MessageName): number {
  return name.includes('Code') || name.startsWith('resetNotPossible') ? 10 * 60_000 : 3 * 86_400_000
}
