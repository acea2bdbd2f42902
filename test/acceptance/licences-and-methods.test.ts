/** Acceptance checks of sspr §14 that are decided by what the organisation owns and allows, seen on the page. Codes with `disclosure: standard` (LD-18). */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { saveAnswers } from '../../src/credentials/answers.ts'
import { Secret } from '../../src/secret.ts'
import { assignLicence, saveSku } from '../../src/store/licences.ts'
import { engines, openReset, Visitor } from '../reset/stage.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import type { Person } from '../support/people.ts'

const choosing = 'How do you want to show that it is you?'
const skus = { ENTERPRISEPACK: '6fd2c87f-b296-42f0-b197-1e91e994b900', EMS: 'efccb6f7-5641-4e0e-bd10-b4976e1bf68e' } as const

for (const engine of engines) {
  describe(`what is owned and allowed, on ${engine}`, () => {
    let t: TestApp
    let cloud: Person
    let synced: Person
    const told = async (person: Person) => {
      const visitor = new Visitor(t)
      await visitor.start(person.userPrincipalName)
      return visitor
    }
    const own = (skuPartNumber: keyof typeof skus) =>
      saveSku(t.app.db, { tenantId: t.tenantId, skuId: skus[skuPartNumber], skuPartNumber, enabledUnits: 5, capabilityStatus: 'Enabled', isTrial: false })
    const assign = (skuPartNumber: keyof typeof skus, person: Person) =>
      assignLicence(t.app.db, { tenantId: t.tenantId, skuId: skus[skuPartNumber], principalId: person.id, principalType: 'user' })

    before(async () => {
      t = await makeApp({ engine })
      cloud = await addPerson(t.app, t.tenantId, { name: 'cloud', email: 'cloud@home.example' })
      synced = await addPerson(t.app, t.tenantId, { name: 'synced', email: 'synced@home.example', synced: true })
      await changePolicy(t.app, t.tenantId, 'onPremisesIntegration', { onboarded: true, passwordWritebackEnabled: true })
      await t.app.db.insertInto('agents').values({
        tenantId: t.tenantId, id: randomUUID(), displayName: 'DC1', domain: 'corp.contoso.example', version: '1.0.0', status: 'active', configurationError: null,
        lastHeartbeatAt: t.clock.now(), lastSyncAt: null, lastSyncResult: null, domainRules: null, enrolledAt: 0, revokedAt: null,
      }).execute()
    })
    after(() => t.close())
    beforeEach(() => openReset(t, { disclosure: 'standard' }))

    test('A-06, A-07: an owned licence opens nothing until it is assigned; then Office serves people of the cloud, and those of the domain need EMS', async () => {
      await changePolicy(t.app, t.tenantId, 'tenantSettings', { licensing: 'organisation' })
      await own('ENTERPRISEPACK')
      assert.deepEqual((await told(cloud)).codes, ['SSPR_0012'], 'A-07: owned and unassigned')
      await assign('ENTERPRISEPACK', cloud)
      assert.equal((await told(cloud)).title, choosing)
      assert.deepEqual((await told(synced)).codes, ['SSPR_0012'])
      await own('EMS')
      assert.deepEqual((await told(synced)).codes, ['SSPR_0012'], 'A-07 again')
      await assign('EMS', cloud)
      assert.equal((await told(synced)).title, choosing, 'one assigned unit is enough for the organisation')
    })

    test('A-07: with licensing off nothing has to be owned', async () => {
      await t.app.db.deleteFrom('licenseAssignments').where('tenantId', '=', t.tenantId).execute()
      await t.app.db.deleteFrom('subscribedSkus').where('tenantId', '=', t.tenantId).execute()
      await changePolicy(t.app, t.tenantId, 'tenantSettings', { licensing: 'organisation' })
      assert.deepEqual((await told(cloud)).codes, ['SSPR_0012'])
      await changePolicy(t.app, t.tenantId, 'tenantSettings', { licensing: 'off' })
      for (const person of [cloud, synced]) assert.equal((await told(person)).title, choosing)
    })

    test('A-27: after the migration the phone of the old policy is not offered while texts are off in the new one; questions still are', async () => {
      await openReset(t, { disclosure: 'standard', gates: 2, methods: { questions: true } })
      const person = await addPerson(t.app, t.tenantId, { name: 'moved', email: 'moved@home.example', mobile: '+45 26262626' })
      const answers = ['sq.first.car', 'sq.first.pet', 'sq.childhood.toy', 'sq.childhood.food', 'sq.childhood.hero'].map((questionId, at) => ({ questionId, answer: new Secret(`Answer ${at}`) }))
      await saveAnswers(t.app, { tenantId: t.tenantId, userId: person.id, answers, actor: { kind: 'user', userId: person.id }, correlationId: 'test' })
      const offered = async () => [...(await told(person)).browser.page.matchAll(/name="method" value="(\w+)"/g)].map(match => match[1]!)
      assert.ok((await offered()).includes('mobileSms'), 'before the migration the old policy decides')
      const state = (sms: string) => changePolicy(t.app, t.tenantId, 'authenticationMethodsPolicy', {
        policyMigrationState: 'migrationComplete',
        authenticationMethodConfigurations: [['Email', 'enabled'], ['Sms', sms], ['Voice', 'disabled']].map(([id, on]) => ({ id, state: on, includeTargets: [{ id: 'all_users', targetType: 'group' }], excludeTargets: [] })),
      })
      await state('enabled')
      assert.ok((await offered()).includes('mobileSms'))
      await state('disabled')
      assert.ok(!(await offered()).includes('mobileSms'))
      const visitor = await told(person)
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed('moved@home.example'))
      assert.match(visitor.browser.page, /securityQuestions|name="answer-1"/, 'questions are the second gate')
    })

    test('A-30: a number with an extension counts, one without + is malformed and does not', async () => {
      const good = await addPerson(t.app, t.tenantId, { name: 'extension', mobilePhone: '+45 33123456x12' })
      const bad = await addPerson(t.app, t.tenantId, { name: 'malformed', mobilePhone: '4533123456' })
      assert.deepEqual((await told(bad)).codes, ['SSPR_0014'])
      const visitor = await told(good)
      assert.equal(visitor.title, choosing)
      const before = t.texts.length
      await visitor.number('mobileSms', '+45 33123456')
      assert.deepEqual(t.texts.slice(before).map(text => text.to), ['+4533123456'], 'the extension is not dialled')
    })
  })
}
