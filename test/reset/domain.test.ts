/** People whose password lives in a domain: writing back, unlocking, and everything the far end may answer. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { randomUUID } from 'node:crypto'
import type { AgentHub, WritebackOutcome } from '../../src/app.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, auditOf, changePolicy, openReset, Visitor } from './stage.ts'

describe('a reset that goes to the domain', () => {
  let t: TestApp
  let serial = 0
  let asked: string[] = []
  let answer: WritebackOutcome | Promise<WritebackOutcome> = { status: 'done', agentId: 'a' }
  before(async () => {
    t = await makeApp()
    await t.app.db.updateTable('domains').set({ signInModel: 'pta' }).execute()
    await changePolicy(t.app, t.tenantId, 'onPremisesIntegration', { onboarded: true, passwordWritebackEnabled: true, allowUnlockWithoutReset: true })
    await t.app.db.insertInto('agents').values({
      tenantId: t.tenantId, id: randomUUID(), displayName: 'DC1', domain: 'corp.contoso.example', version: '9.0.0', status: 'active', configurationError: null,
      lastHeartbeatAt: t.clock.now() + 86_400_000, lastSyncAt: null, lastSyncResult: null, domainRules: null, enrolledAt: 0, revokedAt: null,
    }).execute()
    const hub: AgentHub = {
      writePassword: async request => {
        asked.push(`password ${request.newPassword.reveal()}`)
        return answer
      },
      unlock: async () => {
        asked.push('unlock')
        return answer
      },
      verifyPassword: async () => 'unreachable',
    }
    t.setAgents(hub)
  })
  after(() => t.close())
  beforeEach(async () => {
    asked = []
    answer = { status: 'done', agentId: 'a' }
    await openReset(t)
  })

  async function throughTheGate(intent: 'reset' | 'unlock'): Promise<Visitor> {
    const name = `synced${++serial}`
    await addPerson(t.app, t.tenantId, { name, email: `${name}@home.example`, synced: true })
    const visitor = new Visitor(t)
    await visitor.start(`${name}@contoso.example`)
    await visitor.choose('email')
    await visitor.enter('email', visitor.mailed(`${name}@home.example`))
    assert.equal(visitor.title, 'What do you need?')
    await visitor.browser.post('/reset/intent', { intent })
    return visitor
  }

  test('both paths are asked about after the gate under private, and before it under standard', async () => {
    await throughTheGate('reset')
    await openReset(t, { disclosure: 'standard' })
    const name = `synced${++serial}`
    await addPerson(t.app, t.tenantId, { name, email: `${name}@home.example`, synced: true })
    const visitor = new Visitor(t)
    await visitor.start(`${name}@contoso.example`)
    assert.equal(visitor.title, 'What do you need?')
    await visitor.browser.post('/reset/intent', { intent: 'unlock' })
    await visitor.choose('email')
    await visitor.enter('email', visitor.mailed(`${name}@home.example`))
    assert.equal(visitor.title, 'Unlock your account')
  })

  test('a new password goes to the domain, the rules of the domain are not told, and the person hears it is done', async () => {
    const visitor = await throughTheGate('reset')
    assert.doesNotMatch(visitor.browser.page, /At least 8 characters/)
    await visitor.newPassword('Brand-new Kelp 42')
    assert.equal(visitor.title, 'Your password is changed')
    assert.deepEqual(asked, ['password Brand-new Kelp 42'])
  })

  test('only unlocking leaves the password alone and is written down as that', async () => {
    const visitor = await throughTheGate('unlock')
    await visitor.browser.post('/reset/unlock')
    assert.equal(visitor.title, 'Your account is unlocked')
    assert.deepEqual(asked, ['unlock'])
    assert.ok((await auditOf(t.app, t.tenantId, (await visitor.reset())!.supportCode)).includes('Unlock user account (self-service): success'))
    await visitor.newPassword('Brand-new Kelp 42')
    assert.deepEqual(asked, ['unlock'], 'the gates are spent')
  })

  test('whoever chose to unlock cannot set a password with the same gates', async () => {
    const visitor = await throughTheGate('unlock')
    const reply = await visitor.browser.post('/reset/password', { newPassword: 'Brand-new Kelp 42', confirmPassword: 'Brand-new Kelp 42' })
    assert.equal(reply.statusCode, 409)
    assert.deepEqual(asked, [])
  })

  for (const [status, code] of [['refused', 'LK_ONPREM_POLICY'], ['unreachable', 'SSPR_0030'], ['unknown', 'LK_WRITEBACK_UNKNOWN']] as const) {
    test(`R-07: when the domain answers "${status}" the gates stay passed, and another try may do`, async () => {
      const visitor = await throughTheGate('reset')
      answer = status === 'refused' ? { status, code: 'LK_ONPREM_POLICY', agentId: 'a' } : { status }
      await visitor.newPassword('Brand-new Kelp 42')
      assert.equal(visitor.title, 'Choose a new password')
      assert.deepEqual(visitor.codes, [code])
      answer = { status: 'done', agentId: 'a' }
      await visitor.newPassword('Another Kelp 4711')
      assert.equal(visitor.title, 'Your password is changed')
    })
  }

  test('SSPR_0029: a protected account is told so, and an unlock that fails keeps its page', async () => {
    const visitor = await throughTheGate('unlock')
    answer = { status: 'refused', code: 'AD_PROTECTED_ACCOUNT', agentId: 'a' }
    await visitor.browser.post('/reset/unlock')
    assert.equal(visitor.title, 'Unlock your account')
    assert.deepEqual(visitor.codes, ['SSPR_0029'])
    assert.ok((await auditOf(t.app, t.tenantId, (await visitor.reset())!.supportCode)).includes('Unlock user account (self-service): SSPR_0029'))
  })

  test('A-29: done in the domain and not stored here is "changed, wait some minutes", and nothing is written twice', async () => {
    const visitor = await throughTheGate('reset')
    const broken = t.app.agents.writePassword
    t.setAgents({
      writePassword: async request => {
        asked.push(`password ${request.newPassword.reveal()}`)
        // From here on nothing about a password can be stored.
        await t.app.db.schema.alterTable('passwordEvents').renameTo('passwordEventsAway').execute()
        return { status: 'done', agentId: 'a' }
      },
      unlock: async () => ({ status: 'unreachable' }),
      verifyPassword: async () => 'unreachable',
    })
    const reply = await visitor.newPassword('Brand-new Kelp 42')
    await t.app.db.schema.alterTable('passwordEventsAway').renameTo('passwordEvents').execute()
    assert.equal(reply.statusCode, 200)
    assert.equal(visitor.title, 'Your password is changed in your organisation')
    assert.equal((await visitor.reset())!.state, 'DONE_PENDING_CLOUD')
    await visitor.newPassword('Brand-new Kelp 42')
    assert.deepEqual(asked, ['password Brand-new Kelp 42'])
    t.setAgents({ writePassword: broken, unlock: async () => ({ status: 'unreachable' }), verifyPassword: async () => 'unreachable' })
  })

  test('LD-45: while the domain has not answered the page says so and renews itself, and says what it does not know in the end', async () => {
    let arrive: (outcome: WritebackOutcome) => void = () => {}
    t.setAgents({
      writePassword: () => new Promise(resolve => (arrive = resolve)),
      unlock: async () => ({ status: 'unreachable' }),
      verifyPassword: async () => 'unreachable',
    })
    const visitor = await throughTheGate('reset')
    const form = { newPassword: 'Brand-new Kelp 42', confirmPassword: 'Brand-new Kelp 42' }
    const first = visitor.browser.send('/reset/password', form)
    for (;;) {
      if ((await visitor.reset())!.state === 'COMMIT') break
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    await visitor.browser.get('/reset/step')
    assert.equal(visitor.title, 'We are checking')
    assert.match(visitor.browser.page, /data-refresh="3"/)
    assert.equal((await visitor.browser.send('/reset/password', form, visitor.browser.formToken())).statusCode, 403, 'that page has no form')
    await t.clock.advance(36_000)
    await visitor.browser.get('/reset/step')
    assert.equal(visitor.title, 'We did not get an answer')
    arrive({ status: 'done', agentId: 'a' })
    assert.equal((await first).statusCode, 303)
    await visitor.browser.get('/reset/step')
    assert.equal(visitor.title, 'Your password is changed')
  })
})
