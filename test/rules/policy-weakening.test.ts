import assert from 'node:assert/strict'
import { test } from 'node:test'
import { weakeningsOf } from '../../src/rules/policy-weakening.ts'
import { defaultPasswordResetPolicy } from '../../src/rules/tenant-settings.ts'
import type { PasswordResetPolicy } from '../../src/rules/tenant-settings.ts'

const strict: PasswordResetPolicy = {
  ...defaultPasswordResetPolicy, numberOfAuthenticationMethodsRequired: 2, emailOptionEnabled: false, notifyOnAdminPasswordReset: true, registrationReconfirmIntevalInDays: 180,
}

// change, what of it is a weakening (T-45)
const rows: [Partial<PasswordResetPolicy>, (keyof PasswordResetPolicy)[]][] = [
  [{}, []],
  [{ numberOfAuthenticationMethodsRequired: 1 }, ['numberOfAuthenticationMethodsRequired']],
  [{ notifyUsersOnPasswordReset: false }, ['notifyUsersOnPasswordReset']],
  [{ notifyOnAdminPasswordReset: false, registrationRequiredOnSignIn: false }, ['notifyOnAdminPasswordReset', 'registrationRequiredOnSignIn']],
  [{ emailOptionEnabled: true }, ['emailOptionEnabled']],
  [{ securityQuestionsOptionEnabled: true }, ['securityQuestionsOptionEnabled']],
  [{ customizeHelpdeskLink: true, customHelpdeskEmailOrUrl: 'https://help.example' }, ['customizeHelpdeskLink', 'customHelpdeskEmailOrUrl']],
  [{ registrationReconfirmIntevalInDays: 0 }, ['registrationReconfirmIntevalInDays']],
  [{ registrationReconfirmIntevalInDays: 365 }, ['registrationReconfirmIntevalInDays']],
  [{ registrationReconfirmIntevalInDays: 90 }, []],
  [{ mobilePhoneOptionEnabled: false }, []],
  [{ enablementType: 2 }, []],
]

for (const [change, expected] of rows)
  test(`changing ${JSON.stringify(change)} weakens ${expected.join(', ') || 'nothing'}`, () => {
    assert.deepEqual(weakeningsOf(strict, { ...strict, ...change }), expected)
  })
