// Every reason Latchkey can give, once. The code is at once the reason recorded, the finding, the anchor in docs/reasons.md
// and the key of its sentence (`reason.<code>` in locales/*/reason.json), LD-62. To add one: a line here, a sentence in
// each of the four languages, and `node bin/write-reasons.mjs`.

/** What an administrator does about it; the sentence is `remedy.<code>` in locales/*\/remedy.json. */
export const remedies = [
  'none', 'tryAgain', 'startAgain', 'signInAgain', 'correctInput', 'askAdministrator', 'reportSupportCode', 'operator',
  'enableReset', 'definePolicy', 'assignLicence', 'addToGroup', 'addMethods', 'sendToRegistration', 'enableMethod', 'configureProvider',
  'enableWriteback', 'startAgent', 'agentRights', 'agentConfiguration', 'updateAgent', 'fixSync', 'configureSync', 'resetOnPremises',
  'resetWithWriteback', 'enableOnPremises', 'unlockOnPremises', 'waitForSync', 'clearThrottle', 'unlockAccount', 'enableAccount',
  'allowAdministratorReset', 'askAnotherAdministrator', 'requestRole', 'useChangePassword', 'useHomeTenant', 'changeMembership',
  'testWithUser', 'correctData', 'checkDelivery', 'alternateSignIn', 'choosePassword', 'correctPolicy', 'confirmImpact', 'deleteOne',
  'stepUp', 'temporaryPass', 'seeOnPremisesRules', 'renewCredential', 'allowFeature', 'requireRegistration', 'checkPublicOrigin',
] as const

export type RemedyCode = (typeof remedies)[number]

/** `anyone`: may be told to the person it concerns. `admin`: only to an administrator who may see that person's facts. */
export type Audience = 'anyone' | 'admin'

interface ReasonRow {
  audience: Audience
  remedy: RemedyCode
  /** HTTP status when the reason ends a request; 403 where none is given. */
  status?: number
}

const anyone = (remedy: RemedyCode, status?: number): ReasonRow => ({ audience: 'anyone', remedy, status })
const admin = (remedy: RemedyCode, status?: number): ReasonRow => ({ audience: 'admin', remedy, status })

export const reasons = {
  // Reset refused: the original's own codes (sspr §12.1). Numbers not listed there do not exist; never invent one.
  SSPR_0009: anyone('enableReset'),
  SSPR_0010: anyone('enableWriteback'),
  SSPR_0011: anyone('definePolicy'),
  SSPR_0012: anyone('assignLicence'),
  SSPR_0013: anyone('addToGroup'),
  SSPR_0014: anyone('addMethods'),
  SSPR_0029: anyone('agentRights', 502),
  SSPR_0030: anyone('startAgent', 503),

  // Reset and registration: Latchkey's keys (sspr §12.3).
  LK_ACCOUNT_UNKNOWN: admin('correctInput', 404),
  LK_ACCOUNT_DELETED: admin('enableAccount'),
  LK_ACCOUNT_DISABLED: admin('enableAccount'),
  LK_ADMIN_SSPR_OFF: anyone('allowAdministratorReset'),
  LK_ANSWERS_WRONG: anyone('tryAgain', 422),
  LK_APP_DENIED: anyone('tryAgain', 422),
  LK_APP_TIMEOUT: anyone('tryAgain', 422),
  LK_BLOCKED: anyone('clearThrottle', 429),
  LK_CAPTCHA: anyone('tryAgain', 422),
  LK_CODE_EXPIRED: anyone('tryAgain', 422),
  LK_CODE_NONE: anyone('tryAgain', 422),
  LK_CODE_SPENT: anyone('tryAgain', 422),
  LK_CODE_USED: anyone('tryAgain', 422),
  LK_CODE_WRONG: anyone('tryAgain', 422),
  LK_EMAIL_ID_NOT_UPN: admin('alternateSignIn'),
  LK_EXTERNAL: anyone('useHomeTenant'),
  LK_GATE_NOT_PASSED: anyone('startAgain', 409),
  LK_INTERNAL: anyone('reportSupportCode', 500),
  LK_METHOD_SAME: anyone('tryAgain', 422),
  LK_METHOD_UNAVAILABLE: anyone('configureProvider', 422),
  LK_NOT_DELIVERED: anyone('checkDelivery', 502),
  LK_ONPREM_POLICY: anyone('seeOnPremisesRules', 422),
  LK_OUT_OF_ORDER: anyone('startAgain', 409),
  LK_PHONE_MISMATCH: anyone('correctData', 422),
  LK_RESEND_TOO_SOON: anyone('tryAgain', 429),
  LK_SESSION_EXPIRED: anyone('startAgain', 410),
  LK_WRITEBACK_UNKNOWN: anyone('waitForSync', 504),
  LK_CLOUD_PENDING: anyone('waitForSync', 202),

  // A new password (sspr §7.1, LD-04, LD-26).
  LK_PASSWORD_TOO_SHORT: anyone('choosePassword', 422),
  LK_PASSWORD_TOO_LONG: anyone('choosePassword', 422),
  LK_PASSWORD_HAS_UNSUPPORTED_CHARACTERS: anyone('choosePassword', 422),
  LK_PASSWORD_NOT_MEET_COMPLEXITY: anyone('choosePassword', 422),
  LK_PASSWORD_BANNED: anyone('choosePassword', 422),
  LK_PASSWORD_BANNED_CUSTOM: anyone('choosePassword', 422),
  LK_PASSWORD_BREACHED: anyone('choosePassword', 422),
  LK_PASSWORD_CONTAINS_NAME: anyone('choosePassword', 422),
  LK_PASSWORD_SAME_AS_CURRENT: anyone('choosePassword', 422),
  LK_PASSWORD_MISMATCH: anyone('correctInput', 422),
  LK_PASSWORD_CURRENT_WRONG: anyone('correctInput', 422),
  LK_PASSWORD_ADMIN_CHOSEN: anyone('allowFeature', 422),
  LK_PASSWORD_NEVER_SET: anyone('askAdministrator'),

  // Signing in.
  LK_SIGNIN_FAILED: anyone('correctInput', 401),
  LK_LOCKED_SIGNIN: anyone('unlockAccount', 429),
  LK_SIGNIN_DISABLED: anyone('enableAccount'),
  LK_MUST_CHANGE: anyone('useChangePassword'),
  LK_PASSWORD_EXPIRED: anyone('useChangePassword'),
  LK_TEMPORARY_PASSWORD_EXPIRED: anyone('askAdministrator', 401),
  LK_SECOND_FACTOR: anyone('signInAgain', 401),
  LK_SECOND_FACTOR_FAILED: anyone('tryAgain', 422),
  LK_REGISTER: anyone('sendToRegistration'),
  LK_RECONFIRM: anyone('sendToRegistration'),
  LK_NOT_SIGNED_IN: anyone('signInAgain', 401),
  LK_STEP_UP: anyone('stepUp', 401),
  LK_NOT_ALLOWED: anyone('requestRole', 403),
  LK_SESSION_ENDED: anyone('signInAgain', 401),

  // Access tokens (graph §1.3, T-47, T-54).
  LK_TOKEN_INVALID: anyone('signInAgain', 401),
  LK_TOKEN_EXPIRED: anyone('signInAgain', 401),
  LK_TOKEN_PRIVILEGES: anyone('requestRole', 403),
  LK_TOKEN_ME: anyone('correctInput', 400),

  // Temporary access pass (sspr §4.7, LD-27).
  LK_TAP_WRONG: anyone('tryAgain', 401),
  LK_TAP_EXPIRED: anyone('temporaryPass', 401),
  LK_TAP_NOT_YET: anyone('temporaryPass', 401),
  LK_TAP_USED: anyone('temporaryPass', 401),
  LK_TAP_NEEDED: anyone('temporaryPass', 403),
  LK_TAP_LIFETIME: anyone('correctInput', 422),
  LK_TAP_DISABLED: anyone('enableMethod', 422),

  // Security info (sspr §4.1, T-13, T-15).
  LK_METHOD_DISABLED: anyone('enableMethod', 422),
  LK_METHOD_MAX_REACHED: anyone('deleteOne', 422),
  LK_METHOD_DUPLICATE: anyone('correctInput', 409),
  LK_METHOD_UNVERIFIED: anyone('tryAgain', 422),
  LK_METHOD_MALFORMED: anyone('correctData', 422),
  LK_METHOD_HELD: anyone('tryAgain', 403),
  LK_METHOD_OWN_DOMAIN: anyone('correctInput', 422),
  LK_METHOD_NEEDS_MOBILE: anyone('correctInput', 422),
  LK_METHOD_NOT_CHANGEABLE: anyone('correctInput', 422),
  LK_METHOD_ADMIN_ONLY: anyone('askAdministrator'),
  LK_METHOD_COUNTRY: anyone('askAdministrator', 422),
  LK_METHOD_NUMBER_TYPE: anyone('correctInput', 422),
  LK_METHOD_LAST: anyone('addMethods', 422),
  LK_REGISTRATION_OFF: anyone('addToGroup'),
  LK_QUESTIONS_COUNT: anyone('correctInput', 422),
  LK_QUESTION_UNKNOWN: anyone('correctInput', 422),
  LK_QUESTION_TWICE: anyone('correctInput', 422),
  LK_ANSWER_LENGTH: anyone('correctInput', 422),
  LK_ANSWER_TWICE: anyone('correctInput', 422),

  // App passwords (sspr §10).
  LK_APP_PASSWORD_OFF: anyone('allowFeature'),
  LK_APP_PASSWORD_MAX: anyone('deleteOne', 422),
  LK_APP_PASSWORD_NAME: anyone('correctInput', 422),
  LK_APP_PASSWORD_NAME_TAKEN: anyone('correctInput', 409),
  LK_APP_PASSWORD_NO_MFA: anyone('allowFeature'),

  // Any request.
  LK_FIELD_REQUIRED: anyone('correctInput', 422),
  LK_FIELD_INVALID: anyone('correctInput', 422),
  LK_FIELD_UNKNOWN: anyone('correctInput', 400),
  LK_FIELD_REPEATED: anyone('correctInput', 400),
  LK_NOT_FOUND: anyone('correctInput', 404),
  LK_CONFLICT: anyone('tryAgain', 409),
  LK_CHANGED_MEANWHILE: anyone('tryAgain', 412),
  LK_CSRF: anyone('tryAgain', 403),
  LK_BUSY: anyone('tryAgain', 503),
  LK_UNAVAILABLE: anyone('tryAgain', 503),
  LK_TOO_MANY: anyone('tryAgain', 429),
  LK_TOO_LARGE: anyone('correctInput', 413),
  LK_MEDIA_TYPE: anyone('correctInput', 415),
  LK_METHOD_NOT_ALLOWED: anyone('correctInput', 405),
  LK_MISDIRECTED: anyone('checkPublicOrigin', 421),

  // What is asked of the directory over Graph (graph §2, §8, §12, §13).
  LK_OBJECT_NOT_FOUND: anyone('correctInput', 404),
  LK_FILTER_UNREADABLE: anyone('correctInput', 400),
  LK_FILTER_UNSUPPORTED: anyone('correctInput', 400),
  LK_FILTER_TOO_LARGE: anyone('correctInput', 400),
  LK_QUERY_ADVANCED: anyone('correctInput', 400),
  LK_QUERY_OPTION: anyone('correctInput', 400),
  LK_SEARCH_UNREADABLE: anyone('correctInput', 400),
  LK_SEGMENT_UNKNOWN: anyone('correctInput', 400),
  LK_NOT_IMPLEMENTED: anyone('correctInput', 501),
  LK_RESYNC: anyone('tryAgain', 410),
  LK_REFERENCE_EXISTS: anyone('correctInput', 400),
  LK_REFERENCE_INVALID: anyone('correctInput', 400),
  LK_SYNCED_READ_ONLY: anyone('correctInput', 400),
  LK_GROUP_KIND: anyone('correctInput', 400),
  LK_GROUP_NESTING: anyone('correctInput', 400),
  LK_GROUP_IMMUTABLE: anyone('correctInput', 400),
  LK_BATCH_INVALID: anyone('correctInput', 400),
  LK_DEPENDENCY_FAILED: anyone('correctInput', 424),
  LK_WRONG_ORIGIN: anyone('checkPublicOrigin', 403),
  LK_SETUP_DONE: anyone('operator', 409),
  LK_CONTACT_LIMIT: anyone('tryAgain', 429),

  // Resetting another person's password (sspr §1.2 D-06 … D-08, §8.3, §8.4).
  OK: admin('none', 200),
  NO_RESET_ROLE: admin('requestRole'),
  ROLE_TOO_LOW: admin('askAnotherAdministrator'),
  SELF: admin('useChangePassword'),
  EXTERNAL_USER: admin('useHomeTenant'),
  OUT_OF_SCOPE_UNIT: admin('askAnotherAdministrator'),
  TARGET_IN_ROLE_ASSIGNABLE_GROUP: admin('askAnotherAdministrator'),
  TARGET_IN_RESTRICTED_UNIT: admin('askAnotherAdministrator'),
  NOT_GREY: admin('none', 200),
  VISIBLE: admin('none', 200),
  ORG_UNLICENSED: admin('assignLicence'),
  NO_ROLE: admin('requestRole'),
  TARGET_NOT_FOUND: admin('correctInput', 404),
  APPLICATION_CALLER: admin('requestRole'),

  // Writing back to the domain (sspr §1.2 D-09, D-11, §8.5).
  NOT_HYBRID: admin('configureSync'),
  WRITEBACK_NOT_USED: admin('enableWriteback'),
  WRITEBACK_OFF: admin('enableWriteback'),
  WRITEBACK_DOWN: admin('startAgent', 503),
  WRITEBACK_AGENT_DOWN: admin('startAgent', 503),
  WRITEBACK_MISCONFIGURED: admin('agentConfiguration', 502),
  WRITEBACK_FAILED: admin('startAgent', 502),
  WRITEBACK_SUSPECT: admin('startAgent'),
  WRITEBACK_NOT_SUPPORTED: admin('resetWithWriteback', 400),
  NO_WRITEBACK_LICENCE: admin('assignLicence'),
  FEDERATED_DOMAIN: admin('resetOnPremises'),
  AD_PROTECTED_ACCOUNT: admin('resetOnPremises', 502),
  AGENT_OUTDATED: admin('updateAgent'),
  CONNECTOR_DOWN: admin('fixSync'),
  CHANNEL_WITHOUT_WRITEBACK: admin('resetWithWriteback'),
  SYNC_OVERWROTE: admin('resetWithWriteback'),
  ONPREM_ACCOUNT_DISABLED: admin('enableOnPremises'),
  ONPREM_LOCKED: admin('unlockOnPremises'),
  HASH_SYNC_PENDING: admin('waitForSync'),
  CLOUD_LOCKED: admin('unlockAccount'),
  CLOUD_DISABLED: admin('enableAccount'),
  SIGNED_IN_SINCE: admin('none', 200),
  NO_PASSWORD_EVENT: admin('none', 200),

  // Questions about the tenant and its policy (sspr §1.2 D-03, D-04, D-05, D-12 … D-19).
  READY: admin('none', 200),
  SSPR_OFF: admin('enableReset'),
  NO_LICENCE: admin('assignLicence'),
  NOBODY_REGISTERED: admin('requireRegistration'),
  CHANGE_AVAILABLE: admin('none', 200),
  CHANGE_ONPREM_ONLY: admin('enableWriteback'),
  CHANGE_BLOCKED_IN_AD: admin('resetOnPremises'),
  WOULD_SUCCEED_NOW: admin('none', 200),
  NOT_IN_SCOPE: admin('addToGroup'),
  METHOD_DISABLED: admin('enableMethod'),
  METHOD_MAX_REACHED: admin('deleteOne'),
  ADMIN_METHOD_DIFFERENCES: admin('testWithUser'),
  POLICY_RECENT: admin('tryAgain'),
  COMBINED_ALWAYS_ON: admin('none', 200),
  CAPABLE: admin('none', 200),
  MISSING: admin('addMethods'),
  MALFORMED: admin('correctData'),
  METHOD_OFF: admin('enableMethod'),
  ON: admin('none', 200),
  OFF: admin('requireRegistration'),
  ON_BUT_SCOPE_EMPTY: admin('addToGroup'),
  ON_ADMINS_BLOCKED: admin('allowAdministratorReset'),
  CAN_MANAGE: admin('none', 200),
  EXPIRING: admin('renewCredential'),
  ADMIN_POLICY_APPLIES: admin('testWithUser'),
  TESTING_WITH_ADMIN: admin('testWithUser'),
  NOT_IN_GROUP: admin('addToGroup'),
  POLICY_NOT_EVERYWHERE: admin('tryAgain'),
  SEND_TO_REGISTRATION: admin('sendToRegistration'),
  CAN_RESET_NOW: admin('none', 200),
  OTHER: admin('reportSupportCode'),

  // Applications and their credentials (graph §2.3, §3, M-02, T-42).
  LK_NOT_OWNER: anyone('requestRole'),
  LK_BEYOND_REACH: anyone('requestRole'),
  LK_SELF_GRANT: anyone('askAnotherAdministrator'),
  LK_BUILT_IN: anyone('none', 400),
  LK_NO_SUCH_APPLICATION: anyone('correctInput', 400),
  LK_SERVICE_PRINCIPAL_EXISTS: anyone('correctInput', 409),
  LK_ASSIGNMENT_EXISTS: anyone('correctInput', 400),
  LK_PROPERTY_TAKEN: anyone('correctInput', 400),
  LK_SCOPE_UNKNOWN: anyone('correctInput', 400),
  LK_ENTITLEMENT_ENABLED: anyone('correctInput', 400),
  LK_CREDENTIAL_UNKNOWN: anyone('correctInput', 400),
  LK_CREDENTIAL_START: anyone('correctInput', 400),
  LK_CREDENTIAL_END: anyone('correctInput', 400),
  LK_CREDENTIAL_LIFETIME: anyone('correctInput', 400),
  LK_CREDENTIAL_FORBIDDEN: anyone('correctInput', 400),
  LK_CREDENTIAL_MAX: anyone('deleteOne', 400),
  LK_CREDENTIAL_CHANGED: anyone('correctInput', 400),
  LK_SECRET_CHOSEN: anyone('correctInput', 400),
  LK_CERTIFICATE_INVALID: anyone('correctInput', 400),
  LK_CERTIFICATE_WEAK: anyone('correctInput', 400),
  LK_PRIVATE_KEY: anyone('correctInput', 400),
  LK_PROOF_INVALID: anyone('correctInput', 401),
  LK_PROOF_EXPIRED: anyone('correctInput', 401),
  CREDENTIAL_IN_USE: admin('renewCredential'),
  CREDENTIAL_LAST: admin('renewCredential'),
  CREDENTIAL_REPLACEMENT_UNUSED: admin('renewCredential'),
  CREDENTIAL_USED_RARELY: admin('renewCredential'),
  CREDENTIAL_JUST_ADDED: admin('renewCredential'),

  // Saving a policy (sspr §2.7, LD-25, T-45).
  'policy.group.missing': admin('correctPolicy', 422),
  'policy.group.empty': admin('addToGroup', 422),
  'policy.methods.app_needs_company': admin('correctPolicy', 422),
  'policy.methods.too_few': admin('correctPolicy', 422),
  'policy.methods.number': admin('correctPolicy', 422),
  'policy.questions.too_few': admin('correctPolicy', 422),
  'policy.questions.alone': admin('correctPolicy', 422),
  'policy.questions.range': admin('correctPolicy', 422),
  'policy.questions.custom': admin('correctPolicy', 422),
  'policy.questions.guessable': admin('correctPolicy', 422),
  'policy.reconfirm.range': admin('correctPolicy', 422),
  'policy.impact': admin('confirmImpact', 422),
  'policy.helpdesk.self': admin('correctPolicy', 422),
  'policy.helpdesk.invalid': admin('correctPolicy', 422),
  'policy.register.range': admin('correctPolicy', 422),
  'policy.migration.direction': admin('correctPolicy', 422),
  'policy.banned.term': admin('correctPolicy', 422),
  'policy.banned.too_many': admin('correctPolicy', 422),
  'policy.banned.licence': admin('assignLicence', 422),
  'policy.lockout.range': admin('correctPolicy', 422),
  'policy.lockout.licence': admin('assignLicence', 422),
  'policy.expiry.range': admin('correctPolicy', 422),
  'policy.setting.range': admin('correctPolicy', 422),
} satisfies Record<string, ReasonRow>

export type ReasonCode = keyof typeof reasons

/** Who may be told. */
export function audienceOf(code: ReasonCode): Audience {
  return reasons[code].audience
}

/** What an administrator can do about it. */
export function remedyOf(code: ReasonCode): RemedyCode {
  return reasons[code].remedy
}

/** The HTTP status of an answer that gives this reason. */
export function statusOf(code: ReasonCode): number {
  const row: ReasonRow = reasons[code]
  return row.status ?? 403
}

/** True for text that is one of the codes: agents and stored rows carry codes as text. */
export function isReasonCode(text: string): text is ReasonCode {
  return Object.hasOwn(reasons, text)
}
