import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyThrottle } from '../../src/rules/throttle.ts'
import { conclude, questionIds } from '../../src/diagnosis/question.ts'
import { questions } from '../../src/diagnosis/questions.ts'
import { answer } from '../../src/diagnosis/answer.ts'
import { isMessageKey, locales } from '../../src/text.ts'
import { evaluateReset } from '../../src/rules/reset-checks.ts'
import { reason } from '../../src/rules/verdict.ts'
import { ask, hybridTenant, method, now, person, providers, role, roleIds, snapshot, synced, tenant, verdictOf } from './stage.ts'

const hour = 3_600_000
const ready = (name: string) => person(name, { methods: [method('email')] })

test('D-03 (M-03): ready when somebody can reset; off, without a licence and with nobody registered it says so', () => {
  assert.equal(verdictOf('D-03', { people: [ready('ann')] }), 'READY')
  assert.equal(verdictOf('D-03', { tenant: tenant({}, { enablementType: 0 }), people: [ready('ann')] }), 'SSPR_OFF')
  const licensed = tenant()
  licensed.settings.licensing = 'organisation'
  assert.equal(verdictOf('D-03', { tenant: licensed, people: [ready('ann')] }), 'NO_LICENCE')
  assert.equal(verdictOf('D-03', { people: [person('ann')] }), 'NOBODY_REGISTERED')
})

test('D-04 (M-07): a cloud user can change; a user of the domain cannot without writeback or with the flag there', () => {
  assert.equal(verdictOf('D-04', { target: person('ann') }), 'CHANGE_AVAILABLE')
  assert.equal(verdictOf('D-04', { tenant: hybridTenant(), target: synced('ann') }), 'CHANGE_AVAILABLE')
  const off = hybridTenant()
  off.onPremisesIntegration.passwordWritebackEnabled = false
  assert.equal(verdictOf('D-04', { tenant: off, target: synced('ann') }), 'CHANGE_ONPREM_ONLY')
  const flagged = synced('ann')
  flagged.onPremises!.cannotChangePassword = true
  assert.equal(verdictOf('D-04', { tenant: hybridTenant(), target: flagged }), 'CHANGE_BLOCKED_IN_AD')
  assert.equal(verdictOf('D-04', {}), 'TARGET_NOT_FOUND')
})

test('D-05 (M-09, M-30): the reason behind the support code stands first, then whether it still holds', () => {
  const attempt = { supportCode: 'c', at: now - hour, state: 'REFUSED', reasons: [reason('SSPR_0013')] }
  assert.deepEqual(ask('D-05', { target: ready('ann'), attempt }).slice(0, 2), ['SSPR_0013', 'WOULD_SUCCEED_NOW'])
  assert.deepEqual(ask('D-05', { target: person('ann'), attempt }).slice(0, 2), ['SSPR_0013', 'SSPR_0014'])
  const stumbled = { ...attempt, state: 'DONE', reasons: [reason('LK_PASSWORD_TOO_SHORT', { min: 8 })] }
  assert.equal(verdictOf('D-05', { target: ready('ann'), attempt: stumbled }), 'WOULD_SUCCEED_NOW', 'what went well in the end is no error')
  assert.equal(verdictOf('D-05', { target: ready('ann') }), 'WOULD_SUCCEED_NOW')
  assert.equal(verdictOf('D-05', { target: person('ann') }), 'SSPR_0014')
  assert.equal(verdictOf('D-05', { attempt }), 'SSPR_0013', 'also when the name led to nobody')
  assert.equal(verdictOf('D-05', {}), 'TARGET_NOT_FOUND')
})

test('D-05 (M-09): what became of the code is evidence; that the last one did not go out is part of the answer', () => {
  const attempt = { supportCode: 'c', at: now - hour, state: 'GATE1', reasons: [] }
  const delivery = (outcome: 'sent' | 'failed' | 'expired' | 'suppressed', limit: string | null = null) => ({ at: now - hour, kind: 'mail', message: 'resetCode', outcome, limit })
  const seen = (...deliveries: ReturnType<typeof delivery>[]) =>
    questions['D-05'].findings(snapshot({ target: ready('ann'), attempt: { ...attempt, deliveries } })).find(one => one.check === 'messageDelivered')
  assert.equal(seen(), undefined, 'nothing was to be sent')
  assert.equal(seen(delivery('sent'), delivery('failed'))?.outcome, 'ok')
  for (const outcome of ['failed', 'expired'] as const) assert.equal(seen(delivery(outcome), delivery('sent'))?.outcome, 'warns')
  assert.deepEqual(seen(delivery('suppressed', 'destination'), delivery('sent'))?.evidence, { at: now - hour, sent: 1, failed: 0, expired: 0, suppressed: 1, limit: 'destination' })
  assert.ok(ask('D-05', { target: ready('ann'), attempt: { ...attempt, deliveries: [delivery('failed')] } }).includes('LK_NOT_DELIVERED'))
  assert.ok(!ask('D-05', { target: ready('ann'), attempt }).includes('LK_NOT_DELIVERED'))
})

test('D-05 (A-09): a paused recovery is named as such', () => {
  const target = ready('ann')
  const throttle = { ...emptyThrottle, lockedUntil: now + hour, lockedBy: 'questions' as const }
  const reset = { tenant: tenant(), subject: target, resolvedBy: 'userPrincipalName' as const, throttle, providers, now }
  assert.equal(verdictOf('D-05', { target, reset }), 'LK_BLOCKED')
})

test('D-06 (M-10 … M-13): every cause in its order, and OK when there is none', () => {
  assert.equal(verdictOf('D-06', { target: person('ann') }), 'OK')
  assert.equal(verdictOf('D-06', { caller: person('bob'), target: person('ann') }), 'NO_RESET_ROLE')
  const helper = person('hal', { roles: [role(roleIds.password)] })
  assert.equal(verdictOf('D-06', { caller: helper, target: person('amy', { roles: [role(roleIds.helpdesk)] }) }), 'ROLE_TOO_LOW')
  assert.equal(verdictOf('D-06', { target: person('eve', { userType: 'guest', externalKind: 'partnerTenant' }) }), 'EXTERNAL_USER')
  const off = hybridTenant()
  off.onPremisesIntegration.passwordWritebackEnabled = false
  assert.equal(verdictOf('D-06', { tenant: off, target: synced('ann') }), 'WRITEBACK_OFF')
  assert.equal(verdictOf('D-06', { tenant: hybridTenant({ agents: [] }), target: synced('ann') }), 'WRITEBACK_DOWN')
  const federated = synced('ann')
  assert.equal(verdictOf('D-06', { tenant: hybridTenant(), target: { ...federated, domain: { ...federated.domain, authenticationType: 'Federated' } } }), 'FEDERATED_DOMAIN')
  const shielded = synced('ann')
  shielded.onPremises!.protected = true
  assert.equal(verdictOf('D-06', { tenant: hybridTenant(), target: shielded }), 'AD_PROTECTED_ACCOUNT')
  assert.equal(verdictOf('D-06', { target: person('gus', { roles: [role(roleIds.global)] }) }), 'SELF')
  const unlicensed = hybridTenant()
  unlicensed.settings.licensing = 'organisation'
  assert.equal(verdictOf('D-06', { tenant: unlicensed, target: synced('ann') }), 'NO_WRITEBACK_LICENCE')
})

test('A-17 and D-07 (M-15): a Password Administrator facing a Helpdesk Administrator is told the four roles that could', () => {
  const facts = snapshot({ caller: person('pat', { roles: [role(roleIds.password)] }), target: person('hal', { roles: [role(roleIds.helpdesk)] }) })
  const { verdict } = conclude(questions['D-07'], facts, questions['D-07'].findings(facts))
  assert.equal(verdict.code, 'ROLE_TOO_LOW')
  assert.deepEqual(String(verdict.values!['rolesThatSuffice']).split(', ').sort(), [
    'Global Administrator', 'Helpdesk Administrator', 'Privileged Authentication Administrator', 'User Administrator',
  ])
})

test('D-07 (M-15): groups, units, guests and oneself; and when the button works again it says so', () => {
  const helper = person('hal', { roles: [role(roleIds.helpdesk)] })
  assert.equal(verdictOf('D-07', { caller: helper, target: person('ann') }), 'NOT_GREY')
  assert.equal(verdictOf('D-07', { caller: helper, target: person('ann', { roleAssignableGroupMember: true }) }), 'TARGET_IN_ROLE_ASSIGNABLE_GROUP')
  assert.equal(verdictOf('D-07', { caller: helper, target: person('ann', { administrativeUnits: [{ id: 'u', restricted: true }] }) }), 'TARGET_IN_RESTRICTED_UNIT')
  const local = person('lea', { roles: [{ ...role(roleIds.helpdesk), directoryScopeId: '/administrativeUnits/north' }] })
  assert.equal(verdictOf('D-07', { caller: local, target: person('ann') }), 'OUT_OF_SCOPE_UNIT')
  assert.equal(verdictOf('D-07', { caller: helper, target: person('eve', { userType: 'guest', externalKind: 'personalAccount' }) }), 'EXTERNAL_USER')
  assert.equal(verdictOf('D-07', { caller: helper, target: helper }), 'SELF')
})

test('D-08 (M-16): without a role, then without a licence, else where the page is', () => {
  assert.equal(verdictOf('D-08', {}), 'VISIBLE')
  assert.equal(verdictOf('D-08', { caller: person('bob') }), 'NO_RESET_ROLE')
  const unlicensed = tenant()
  unlicensed.settings.licensing = 'organisation'
  assert.equal(verdictOf('D-08', { tenant: unlicensed }), 'ORG_UNLICENSED')
})

test('D-09 (M-17 … M-19): each of the three causes, with what is behind it, and a page that is there', () => {
  assert.equal(verdictOf('D-09', { tenant: hybridTenant() }), 'VISIBLE')
  assert.equal(verdictOf('D-09', {}), 'NOT_HYBRID')
  const unused = hybridTenant()
  unused.onPremisesIntegration.onboarded = false
  assert.equal(verdictOf('D-09', { tenant: unused }), 'WRITEBACK_NOT_USED')
  assert.equal(verdictOf('D-09', { tenant: hybridTenant({ agents: [] }) }), 'WRITEBACK_AGENT_DOWN')
  const faulty = hybridTenant()
  faulty.agents[0]!.configurationError = 'rights'
  assert.equal(verdictOf('D-09', { tenant: faulty }), 'WRITEBACK_MISCONFIGURED')
  const stuck = hybridTenant()
  stuck.hybrid.lastSyncAt = now - 10 * hour
  assert.equal(verdictOf('D-09', { tenant: stuck }), 'CONNECTOR_DOWN')
  const old = hybridTenant()
  old.agents[0]!.version = '0.1.0'
  assert.equal(verdictOf('D-09', { tenant: old }), 'AGENT_OUTDATED')
  assert.equal(verdictOf('D-09', { tenant: hybridTenant(), caller: person('bob') }), 'NO_ROLE')
})

test('D-10 (M-14, M-21): the steps, and the first that cannot be taken carries the reason', () => {
  const steps = (facts: Parameters<typeof snapshot>[0]) => {
    const seen = snapshot(facts)
    return questions['D-10'].findings(seen).filter(one => one.check.startsWith('step')).map(one => `${one.outcome} ${one.code}`)
  }
  assert.deepEqual(steps({ target: person('ann') }), ['ok OK', 'ok OK', 'ok OK', 'ok OK', 'ok OK'])
  assert.deepEqual(steps({ caller: person('bob'), target: person('ann') }),
    ['ok OK', 'blocks NO_RESET_ROLE', 'blocks NO_RESET_ROLE', 'blocks NO_RESET_ROLE', 'blocks NO_RESET_ROLE'])
  assert.deepEqual(steps({ caller: person('pat', { roles: [role(roleIds.password)] }), target: person('hal', { roles: [role(roleIds.helpdesk)] }) }),
    ['ok OK', 'ok OK', 'ok OK', 'blocks ROLE_TOO_LOW', 'blocks ROLE_TOO_LOW'])
  assert.equal(verdictOf('D-10', { target: person('ann') }), 'OK')
})

test('A-18 and D-11 (M-22, M-23): a reset that could not reach the domain is the cause, until somebody signs in', () => {
  const at = now - hour
  const event = { at, channel: 'm365-admin' as const, writeback: 'notSupported' as const, code: null }
  assert.equal(verdictOf('D-11', { tenant: hybridTenant(), target: synced('ann', { lastPasswordEvent: event }) }), 'CHANNEL_WITHOUT_WRITEBACK')
  assert.equal(verdictOf('D-11', { tenant: hybridTenant(), target: synced('ann', { lastPasswordEvent: event, lastSignInAt: at + 1 }) }), 'SIGNED_IN_SINCE')
  const good = { ...event, channel: 'admin-portal' as const, writeback: 'ok' as const }
  assert.equal(verdictOf('D-11', { tenant: hybridTenant(), target: synced('ann', { lastPasswordEvent: { ...good, writeback: 'failed', code: 'SSPR_0029' } }) }), 'WRITEBACK_FAILED')
  assert.equal(verdictOf('D-11', { tenant: hybridTenant(), target: synced('ann', { lastPasswordEvent: good, syncOverwroteAt: at + 5 }) }), 'SYNC_OVERWROTE')
  const disabled = synced('ann', { lastPasswordEvent: good })
  disabled.onPremises!.enabled = false
  assert.equal(verdictOf('D-11', { tenant: hybridTenant(), target: disabled }), 'ONPREM_ACCOUNT_DISABLED')
  const locked = synced('ann', { lastPasswordEvent: good })
  locked.onPremises!.lockedUntil = now + hour
  assert.equal(verdictOf('D-11', { tenant: hybridTenant(), target: locked }), 'ONPREM_LOCKED')
  assert.equal(verdictOf('D-11', { target: person('ann', { lastPasswordEvent: good }), signInLockedUntil: now + hour }), 'CLOUD_LOCKED')
  assert.equal(verdictOf('D-11', { target: person('ann', { accountEnabled: false }) }), 'CLOUD_DISABLED')
  assert.equal(verdictOf('D-11', { target: person('ann') }), 'NO_PASSWORD_EVENT')
})

test('D-12 (M-26, M-40): scope, licence, methods, maxima, administrators, fresh policy; otherwise one registration for all', () => {
  assert.equal(verdictOf('D-12', { target: person('ann') }), 'COMBINED_ALWAYS_ON')
  assert.equal(verdictOf('D-12', { tenant: tenant({}, { enablementType: 0 }), target: person('ann') }), 'NOT_IN_SCOPE')
  const unlicensed = tenant()
  unlicensed.settings.licensing = 'organisation'
  assert.equal(verdictOf('D-12', { tenant: unlicensed, target: person('ann') }), 'NO_LICENCE')
  const none = tenant({}, { emailOptionEnabled: false, mobilePhoneOptionEnabled: false })
  none.authenticationMethodsPolicy.authenticationMethodConfigurations.forEach(one => { one.state = 'disabled' })
  assert.equal(verdictOf('D-12', { tenant: none, target: person('ann') }), 'METHOD_DISABLED')
  assert.equal(verdictOf('D-12', { target: ready('ann') }), 'METHOD_MAX_REACHED')
  assert.equal(verdictOf('D-12', { target: person('amy', { roles: [role(roleIds.helpdesk)] }) }), 'ADMIN_METHOD_DIFFERENCES')
  assert.equal(verdictOf('D-12', { tenant: tenant({ policyChangedAt: now - 1000 }), target: person('ann') }), 'POLICY_RECENT')
})

test('D-13 (M-24, M-25, A-30): who lacks data, whose data is malformed, whose method is off', () => {
  const publicMail = method('email', { source: 'public', writtenBy: 'administrator', verified: false })
  assert.equal(verdictOf('D-13', { people: [person('ann', { methods: [publicMail] })] }), 'CAPABLE')
  assert.equal(verdictOf('D-13', { people: [person('ann')] }), 'MISSING')
  assert.equal(verdictOf('D-13', { people: [person('ann', { methods: [method('mobile', { wellFormed: false })] })] }), 'MALFORMED')
  assert.equal(verdictOf('D-13', { people: [person('ann', { methods: [method('office')] })] }), 'METHOD_OFF')
  assert.equal(verdictOf('D-13', { target: person('ann') }), 'MISSING')
})

test('D-14 (M-27): on, off, on for nobody, on with administrators who cannot', () => {
  assert.equal(verdictOf('D-14', {}), 'ON')
  assert.equal(verdictOf('D-14', { tenant: tenant({}, { registrationRequiredOnSignIn: false }) }), 'OFF')
  assert.equal(verdictOf('D-14', { tenant: tenant({}, { enablementType: 0 }) }), 'ON_BUT_SCOPE_EMPTY')
  assert.equal(verdictOf('D-14', { tenant: tenant({}, { enablementType: 1 }), scopeGroup: { exists: true, members: 0 } }), 'ON_BUT_SCOPE_EMPTY')
  const blocked = tenant({ authorizationPolicy: { allowedToUseSSPR: false } })
  assert.equal(verdictOf('D-14', { tenant: blocked, people: [person('amy', { roles: [role(roleIds.helpdesk)] })] }), 'ON_ADMINS_BLOCKED')
})

test('D-15 (M-29): the first step of the set-up list without a tick is the answer', () => {
  assert.equal(verdictOf('D-15', {}), 'READY')
  assert.equal(verdictOf('D-15', { caller: person('hal', { roles: [role(roleIds.helpdesk)] }) }), 'NO_ROLE')
  assert.equal(verdictOf('D-15', { tenant: tenant({}, { enablementType: 0 }) }), 'SSPR_OFF')
  assert.equal(verdictOf('D-15', { tenant: tenant({}, { enablementType: 1 }), scopeGroup: { exists: false, members: 0 } }), 'policy.group.missing')
  assert.equal(verdictOf('D-15', { tenant: tenant({}, { enablementType: 1 }), scopeGroup: { exists: true, members: 0 } }), 'policy.group.empty')
  assert.equal(verdictOf('D-15', { tenant: hybridTenant({ agents: [] }) }), 'WRITEBACK_AGENT_DOWN')
  assert.deepEqual(ask('D-15', { tenant: tenant({}, { registrationRequiredOnSignIn: false }) }), ['READY', 'OFF'])
})

test('D-16 (M-02): who manages applications, and what ends soon', () => {
  assert.equal(verdictOf('D-16', {}), 'CAN_MANAGE')
  assert.equal(verdictOf('D-16', { caller: person('ada', { roles: [role(roleIds.application)] }) }), 'CAN_MANAGE')
  assert.equal(verdictOf('D-16', { caller: person('bob') }), 'NO_ROLE')
  assert.equal(verdictOf('D-16', { applications: { total: 3, expiring: 2, owned: false } }), 'EXPIRING')
  assert.equal(verdictOf('D-16', { caller: person('olga'), applications: { total: 1, expiring: 0, owned: true } }), 'CAN_MANAGE')
  assert.equal(verdictOf('D-16', { caller: person('olga'), applications: { total: 1, expiring: 1, owned: true } }), 'EXPIRING')
})

test('D-17 (M-31, M-35, M-36): that the administrators’ policy applies is said first', () => {
  assert.equal(verdictOf('D-17', { target: person('ann') }), 'OK')
  assert.equal(verdictOf('D-17', { target: person('amy', { roles: [role(roleIds.helpdesk)] }) }), 'ADMIN_POLICY_APPLIES')
  const blocked = tenant({ authorizationPolicy: { allowedToUseSSPR: false } })
  assert.deepEqual(ask('D-17', { tenant: blocked, target: person('amy', { roles: [role(roleIds.helpdesk)] }) }).slice(0, 2), ['ADMIN_POLICY_APPLIES', 'LK_ADMIN_SSPR_OFF'])
  assert.equal(verdictOf('D-17', { tenant: tenant({}, { enablementType: 1, passwordResetEnabledGroupIds: ['g'] }), target: person('ann') }), 'NOT_IN_SCOPE')
})

test('D-18 (M-32 … M-35): an administrator as test account, a missing membership, a server that lags; otherwise OK', () => {
  assert.equal(verdictOf('D-18', { target: person('ann') }), 'OK')
  assert.equal(verdictOf('D-18', { target: person('amy', { roles: [role(roleIds.helpdesk)] }) }), 'TESTING_WITH_ADMIN')
  const selected = tenant({}, { enablementType: 1, passwordResetEnabledGroupIds: ['g'] })
  assert.equal(verdictOf('D-18', { tenant: selected, target: person('ann') }), 'NOT_IN_GROUP')
  assert.equal(verdictOf('D-18', { tenant: selected, target: person('ann', { memberOf: ['g'] }) }), 'OK')
  const changed = tenant({ policyChangedAt: now - 1000 })
  assert.equal(verdictOf('D-18', { tenant: changed, target: person('ann'), nodes: [{ id: 'node-2', lastSeenAt: now - 5000 }] }), 'POLICY_NOT_EVERYWHERE')
})

test('D-19 (M-37 … M-39): to registration, or able now, or the way home is the suspect', () => {
  assert.equal(verdictOf('D-19', { target: ready('ann') }), 'CAN_RESET_NOW')
  assert.equal(verdictOf('D-19', { target: person('ann') }), 'SEND_TO_REGISTRATION')
  const target = synced('ann', { methods: [method('email')] })
  assert.equal(verdictOf('D-19', { tenant: hybridTenant(), target }), 'CAN_RESET_NOW')
  assert.equal(verdictOf('D-19', { tenant: hybridTenant({ agents: [] }), target }), 'WRITEBACK_SUSPECT')
  assert.deepEqual(ask('D-19', { tenant: hybridTenant({ agents: [] }), target }).slice(0, 2), ['WRITEBACK_SUSPECT', 'SSPR_0030'])
  assert.deepEqual(ask('D-19', { target: { ...ready('ann'), accountEnabled: false } }), ['OTHER', 'LK_ACCOUNT_DISABLED'])
})

test('A-28: every question has words for itself and for each of its checks, and no answer is without a remedy', () => {
  for (const id of questionIds) {
    assert.ok(isMessageKey(`diagnosis.question.${id}`), id)
    for (const facts of [snapshot({ target: ready('ann') }), snapshot({ tenant: hybridTenant(), target: synced('ann') }), snapshot()]) {
      const findings = questions[id].findings(facts)
      for (const one of findings) assert.ok(isMessageKey(`diagnosis.check.${one.check}`), `${id} ${one.check}`)
      for (const name of findings.flatMap(one => Object.keys(one.evidence))) assert.ok(isMessageKey(`diagnosis.fact.${name}`), `${id} ${name}`)
      for (const locale of locales) {
        const told = answer(questions[id], facts, findings, locale)
        assert.ok(told.title.length > 5 && told.checks.every(one => one.fact.length > 5), id)
        assert.ok(told.verdict.remedy.code)
      }
    }
  }
})

test('asking changes nothing: the snapshot is the same afterwards, to the last property', () => {
  for (const id of questionIds) {
    const seen = snapshot({ tenant: hybridTenant(), target: synced('ann', { methods: [method('email')] }), people: [ready('bo')] })
    const before = structuredClone(seen)
    questions[id].findings(seen)
    assert.deepEqual(seen, before, id)
  }
})

test('the dry run of D-05 refuses exactly when the product would', () => {
  for (const target of [ready('ann'), person('ann'), { ...ready('ann'), accountEnabled: false }]) {
    const seen = snapshot({ target })
    const allowed = evaluateReset(seen.reset!).allowed
    assert.equal(verdictOf('D-05', { target }) === 'WOULD_SUCCEED_NOW', allowed)
  }
})
