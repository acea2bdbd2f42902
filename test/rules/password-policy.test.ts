import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPassword, namesOf, ruleNames, shortestPassword } from '../../src/rules/password-policy.ts'
import { neverExpires, passwordExpiry } from '../../src/rules/password-expiry.ts'
import { day, domain, method, now, person, sku, synced, tenant } from './build-facts.ts'

const failed = (text: string, more: Partial<Parameters<typeof checkPassword>[1]> = {}) =>
  checkPassword(text, { tenant: tenant(), subject: person(), ...more }).map(rule => rule.ruleName)
const good = 'Vinterhave-72-kx'
const nist = tenant({ settings: { passwordRules: 'nist' } })

test('a sound password fails nothing', () => {
  assert.deepEqual(failed(good), [])
})

test('entra: 8 to 256 printable ASCII characters of three classes', () => {
  assert.deepEqual(failed('Zx9!kq7'), ['password_too_short'])
  assert.deepEqual(failed('Zx9!kq7w'), [])
  assert.deepEqual(failed(`Zx9!${'kq7w'.repeat(63)}`), [])
  assert.deepEqual(failed(`Zx9!k${'kq7w'.repeat(63)}`), ['password_too_long'])
  assert.deepEqual(failed('Vinterhæve-72-kx'), ['password_has_unsupported_characters'])
  assert.deepEqual(failed('Vinter\thave-72-kx'), ['password_has_unsupported_characters'])
  assert.deepEqual(failed('vinterhavekrzq'), ['password_not_meet_complexity'])
  assert.deepEqual(failed('vinter have7krzq'), [], 'a blank is a symbol')
})

test('complexity is waived in education tenants and by DisableStrongPassword; length stays', () => {
  assert.deepEqual(failed('vinterhavekrzq', { tenant: tenant({ settings: { kind: 'education' } }) }), [])
  assert.deepEqual(failed('vinterhavekrzq', { subject: person({ passwordPolicies: ['DisableStrongPassword'] }) }), [])
  assert.ok(failed('vkrzq', { subject: person({ passwordPolicies: ['DisableStrongPassword'] }) }).includes('password_too_short'))
})

test('nist: 15 characters, or 8 beside a second factor; Unicode; no classes; no control characters', () => {
  assert.equal(shortestPassword({ tenant: nist, subject: person() }), 15)
  assert.deepEqual(failed('grød og æbler ny', { tenant: nist }), [])
  assert.deepEqual(failed('grød og æbler', { tenant: nist }), ['password_too_short'])
  assert.deepEqual(failed('grødæble', { tenant: nist, subject: person({ methods: [method('oath')] }) }), [])
  assert.deepEqual(failed('grød og æbler\u0007 ny', { tenant: nist }), ['password_has_unsupported_characters'])
})

test('length is counted in code points', () => {
  assert.deepEqual(failed('🌲'.repeat(15), { tenant: nist }), [])
  assert.deepEqual(failed('🌲'.repeat(257), { tenant: nist }), ['password_too_long'])
})

test('LD-26 names of the person, the sign-in name and the organisation are refused', () => {
  const poll = person({ givenName: 'Poll', surname: 'Berg', userPrincipalName: 'pollux9@contoso.example' })
  assert.deepEqual(failed('p0LL23fb-Q', { subject: poll }), ['password_contains_name'])
  assert.deepEqual(failed('Xx-pollux9-72', { subject: poll }), ['password_contains_name'])
  assert.deepEqual(failed('Xx-C0nt0s0-72kq', { subject: poll }), ['password_contains_name'])
  const initial = tenant({ displayName: 'The Fabrikam Works', domains: [domain({ id: 'latchtest.example', isInitial: true })] })
  assert.deepEqual(namesOf({ tenant: initial, subject: person({ userPrincipalName: 'ann@x.example' }) }), ['Berg', 'Fabrikam', 'Works', 'latchtest'])
})

test('a guessable password is told apart from one the organisation forbids, and the custom list needs Premium', () => {
  const custom = tenant({ passwordProtection: { ...tenant().passwordProtection, enableBannedPasswordCheck: true, bannedPasswordList: ['widget'] } })
  const codes = (text: string, at = custom) => checkPassword(text, { tenant: at, subject: person() }).map(rule => rule.code)
  assert.deepEqual(codes('P@ssw0rd1'), ['LK_PASSWORD_BANNED'])
  assert.deepEqual(codes('Widget-7x'), ['LK_PASSWORD_BANNED_CUSTOM'])
  assert.deepEqual(codes('Widget-7x', { ...custom, settings: { ...custom.settings, licensing: 'organisation' }, subscribedSkus: [sku('STANDARDPACK')] }), [])
  assert.deepEqual(codes('Widget-7x', { ...custom, settings: { ...custom.settings, licensing: 'organisation' }, subscribedSkus: [sku('EMS')] }), ['LK_PASSWORD_BANNED_CUSTOM'])
})

test('A-23 a change to the current password is refused; a reset does not ask', () => {
  assert.deepEqual(failed(good, { sameAsCurrent: true }), ['password_same_as_current'])
  assert.deepEqual(failed(good, { sameAsCurrent: false }), [])
})

test('for people of the domain only characters and the banned list are decided here, unless the tenant enforces its rules', () => {
  assert.deepEqual(failed('kqzw', { subject: synced(), terms: [] }), [])
  assert.deepEqual(failed('password', { subject: synced() }), ['password_banned'])
  const enforced = tenant({ settings: { enforceCloudPasswordPolicyForPasswordSyncedUsers: true } })
  assert.deepEqual(failed('kqzwxj', { subject: synced(), tenant: enforced }), ['password_too_short', 'password_not_meet_complexity'])
})

test('LD-51 a breached password is refused under a rule name clients know', () => {
  assert.deepEqual(failed(good, { breached: true }), [ruleNames.LK_PASSWORD_BREACHED])
})

test('an empty password is too short and nothing worse', () => {
  assert.ok(failed('').includes('password_too_short'))
  assert.ok(!failed('').includes('password_has_unsupported_characters'))
})

const expiring = (more = {}) => person({ domain: domain({ passwordValidityPeriodInDays: 90 }), passwordChangedAt: now - 91 * day, ...more })

test('A-22 a password 91 days old is due when DisablePasswordExpiration is removed from a validity of 90', () => {
  assert.deepEqual(passwordExpiry(expiring({ passwordPolicies: ['DisablePasswordExpiration'] }), tenant(), now), { expires: false })
  const due = passwordExpiry(expiring(), tenant(), now)
  assert.ok(due.expires && due.expired)
})

test('C-06 a domain that says never never expires, and one that says nothing has 90 days', () => {
  const at = (days: number | null) => passwordExpiry(expiring({ domain: domain({ passwordValidityPeriodInDays: days }) }), tenant(), now)
  assert.deepEqual(at(neverExpires), { expires: false })
  assert.equal(at(null).expires && at(null).expires, true)
})

test('the notice counts whole days within its window of 14, or the domain\'s own', () => {
  const notice = (age: number, window: number | null = null) => {
    const expiry = passwordExpiry(expiring({ passwordChangedAt: now - age * day, domain: domain({ passwordValidityPeriodInDays: 90, passwordNotificationWindowInDays: window }) }), tenant(), now)
    return expiry.expires ? expiry.noticeDays : undefined
  }
  assert.equal(notice(75), null)
  assert.equal(notice(76), 14)
  assert.equal(notice(89), 1)
  assert.equal(notice(90), null)
  assert.equal(notice(85, 3), null)
  assert.equal(notice(88, 3), 2)
})

test('sspr §7.6 people of the domain do not expire here, unless the tenant enforces it', () => {
  const subject = synced({ domain: domain({ signInModel: 'phs', passwordValidityPeriodInDays: 90 }), passwordChangedAt: now - 91 * day })
  assert.deepEqual(passwordExpiry(subject, tenant(), now), { expires: false })
  const enforced = passwordExpiry(subject, tenant({ settings: { enforceCloudPasswordPolicyForPasswordSyncedUsers: true } }), now)
  assert.ok(enforced.expires && enforced.expired)
})
