import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOlder, writebackStatus } from '../../src/rules/agents.ts'
import { diagnoseOnPremises, isOnPremisesPageVisible, pageAccess } from '../../src/rules/onprem-checks.ts'
import { resetIntents } from '../../src/rules/reset-intent.ts'
import { roles } from '../../src/rules/roles.ts'
import { channels, keepsCloudPassword, mayCarryHome } from '../../src/rules/writeback.ts'
import type { Channel } from '../../src/rules/facts.ts'
import { agent, domain, known, minute, now, person, role, sku, synced, tenant } from './build-facts.ts'

const holder = (id: string) => person({ roles: [role(id)] })
const hybridAdmin = holder(roles.hybridIdentityAdministrator)
const codes = (outcome: string, more: Partial<Parameters<typeof diagnoseOnPremises>[0]> = {}) =>
  diagnoseOnPremises({ tenant: tenant(), caller: hybridAdmin, now, ...more }).filter(found => found.outcome === outcome).map(found => found.code)
const unused = { onboarded: false, passwordWritebackEnabled: false, allowUnlockWithoutReset: false }

test('M-18 the page is there when the tenant has synced, writeback was connected, and the caller may look', () => {
  assert.equal(isOnPremisesPageVisible({ tenant: tenant(), caller: hybridAdmin, now }), true)
  assert.deepEqual(codes('blocks', { tenant: tenant({ hybrid: { everSynced: false, syncEnabled: false, lastSyncAt: null, lastSyncResult: null } }) }), ['NOT_HYBRID'])
  assert.deepEqual(codes('blocks', { tenant: tenant({ onPremisesIntegration: unused }) }), ['WRITEBACK_NOT_USED'])
  assert.deepEqual(codes('blocks', { caller: holder(roles.userAdministrator) }), ['NO_ROLE'])
})

test('M-19 three causes are told apart: agent down, agent misconfigured, synchronisation down', () => {
  assert.deepEqual(codes('warns', { tenant: tenant({ agents: [agent({ lastHeartbeatAt: now - 2 * minute })] }) }), ['WRITEBACK_AGENT_DOWN'])
  assert.deepEqual(codes('warns', { tenant: tenant({ agents: [agent({ configurationError: 'x' })] }) }), ['WRITEBACK_MISCONFIGURED'])
  assert.deepEqual(codes('warns', { tenant: tenant({ hybrid: { everSynced: true, syncEnabled: true, lastSyncAt: now - minute, lastSyncResult: 'failed' } }) }), ['CONNECTOR_DOWN'])
  assert.deepEqual(codes('warns', { tenant: tenant({ agents: [agent({ version: '0.9.9' })] }) }), ['AGENT_OUTDATED'])
  assert.deepEqual(codes('warns', { tenant: tenant({ onPremisesIntegration: { ...unused, onboarded: true } }) }), ['WRITEBACK_OFF'])
})

test('readers look, the two administrators write, others neither', () => {
  assert.deepEqual([roles.globalAdministrator, roles.hybridIdentityAdministrator, roles.globalReader, roles.helpdeskAdministrator].map(id => pageAccess(holder(id))),
    ['write', 'write', 'read', 'none'])
})

test('sspr §2.8 the status line has the original\'s six values', () => {
  const old = { version: '0.1.0' }
  const gone = { lastHeartbeatAt: now - 10 * minute }
  assert.equal(writebackStatus(tenant(), now), 'UP')
  assert.equal(writebackStatus(tenant({ agents: [agent(old)] }), now), 'UP_BUT_OUTDATED')
  assert.equal(writebackStatus(tenant({ agents: [agent({ ...old, ...gone })] }), now), 'UNKNOWN_OUTDATED')
  assert.equal(writebackStatus(tenant({ agents: [agent(gone)] }), now), 'CANNOT_CONNECT')
  assert.equal(writebackStatus(tenant({ agents: [] }), now), 'NOT_CONFIGURED')
  assert.equal(writebackStatus(tenant(), now, true), 'TEMPORARY_SERVICE_FAULT')
})

test('versions are compared number by number', () => {
  assert.deepEqual([isOlder('1.9.0', '1.10.0'), isOlder('1.10', '1.10.0'), isOlder('2', '1.9'), isOlder('1.0.0', '1.0.1')], [true, false, false, true])
})

const table: [Channel, boolean][] = [
  ['sspr-portal', true], ['change-portal', true], ['signin-expired', true], ['device-signin', true], ['admin-portal', true], ['graph-reset', true],
  ['m365-admin', false], ['m365-mobile', false], ['powershell-v1', false], ['powershell-v2', false], ['graph-patch-passwordProfile', false],
  ['graph-self', false], ['admin-self', false],
]

test('sspr §8.5 each channel writes back or does not, as the table says', () => {
  for (const [channel, writes] of table) {
    const verdict = mayCarryHome(channel, { tenant: tenant(), subject: synced() })
    assert.equal(verdict.allowed, writes, channel)
    if (!verdict.allowed) assert.equal(verdict.reasons[0]!.code, 'WRITEBACK_NOT_SUPPORTED')
    assert.equal(mayCarryHome(channel, { tenant: tenant(), subject: person() }).allowed, true, 'cloud users pass every door')
  }
  assert.equal(table.length, Object.keys(channels).length)
})

test('with writeback off people are told SSPR_0010 and administrators WRITEBACK_OFF; without Premium both the licence', () => {
  const code = (channel: Channel, at: ReturnType<typeof tenant>) => {
    const verdict = mayCarryHome(channel, { tenant: at, subject: synced() })
    return verdict.allowed ? 'allowed' : verdict.reasons[0]!.code
  }
  const off = tenant({ onPremisesIntegration: { ...unused, onboarded: true } })
  assert.deepEqual([code('change-portal', off), code('admin-portal', off)], ['SSPR_0010', 'WRITEBACK_OFF'])
  const office = tenant({ settings: { licensing: 'organisation' }, subscribedSkus: [sku('STANDARDPACK')] })
  assert.deepEqual([code('change-portal', office), code('admin-portal', office)], ['SSPR_0012', 'SSPR_0012'])
})

test('sspr §5.6 a copy of the password is kept for cloud users and hash-synchronised ones only', () => {
  const kept = (more: Parameters<typeof domain>[0]) => keepsCloudPassword(synced({ domain: domain(more) }))
  assert.equal(keepsCloudPassword(person()), true)
  assert.deepEqual([kept({ signInModel: 'phs' }), kept({ signInModel: 'pta' }), kept({ signInModel: null }), kept({ authenticationType: 'Federated', signInModel: 'phs' })],
    [true, false, false, false])
})

test('sspr §5.3 cloud users reset or are told to wait; people of the domain reset, or unlock where that is allowed', () => {
  const unlocking = tenant({ onPremisesIntegration: { onboarded: true, passwordWritebackEnabled: true, allowUnlockWithoutReset: true } })
  assert.deepEqual(resetIntents(known()), ['reset', 'knowPassword'])
  assert.deepEqual(resetIntents(known({ tenant: unlocking, subject: synced() })), ['reset', 'unlock'])
  assert.deepEqual(resetIntents(known({ subject: synced() })), ['reset'])
})
