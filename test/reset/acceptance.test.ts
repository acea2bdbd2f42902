/** The acceptance checks of sspr §14 that are about the reset, by their ids. Codes are asserted with `disclosure: standard` (LD-18). */
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { randomUUID } from 'node:crypto'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, roleIds } from '../support/people.ts'
import { addPerson, auditOf, changePolicy, engines, isPassword, minute, openReset, Visitor } from './stage.ts'

const hour = 60 * minute

for (const engine of engines) {
  describe(`acceptance on ${engine}`, () => {
    let t: TestApp
    let serial = 0
    /** A name nobody had before. */
    const fresh = (name: string) => `${name}${++serial}`
    before(async () => {
      t = await makeApp({ engine })
    })
    after(() => t.close())
    beforeEach(() => openReset(t, { disclosure: 'standard' }))

    /** What somebody is told who starts a reset now. */
    const told = async (username: string) => {
      const visitor = new Visitor(t)
      await visitor.start(`${username}@contoso.example`)
      return visitor
    }

    test('A-01: with scope None a user with data is refused, and a Global Administrator with two methods reaches the first gate', async () => {
      await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 0 })
      const [user, admin] = [fresh('user'), fresh('admin')]
      await addPerson(t.app, t.tenantId, { name: user, email: `${user}@home.example` })
      await addPerson(t.app, t.tenantId, { name: admin, email: `${admin}@home.example`, mobile: '+45 20202020', roles: [roleIds.globalAdministrator] })
      assert.deepEqual((await told(user)).codes, ['SSPR_0009'])
      assert.equal((await told(admin)).title, 'How do you want to show that it is you?')
    })

    test('A-02: a member of a nested group passes, and is refused once out of it', async () => {
      const name = fresh('nested')
      const inner = await addGroup(t.app, t.tenantId, fresh('inner'))
      const outer = await addGroup(t.app, t.tenantId, fresh('outer'), { groups: [inner] })
      await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 1, passwordResetEnabledGroupIds: [outer] })
      const person = await addPerson(t.app, t.tenantId, { name, email: `${name}@home.example`, groups: [inner] })
      assert.deepEqual((await told(name)).codes, [])
      await t.app.db.deleteFrom('groupMembers').where('memberId', '=', person.id).execute()
      assert.deepEqual((await told(name)).codes, ['SSPR_0013'])
    })

    test('A-03: one usable method where two are asked for is too few; an address an administrator wrote makes it enough', async () => {
      await openReset(t, { disclosure: 'standard', gates: 2 })
      const name = fresh('few')
      const person = await addPerson(t.app, t.tenantId, { name, mobile: '+45 21212121' })
      assert.deepEqual((await told(name)).codes, ['SSPR_0014'])
      const { writeContacts } = await import('../../src/credentials/contacts.ts')
      await t.app.db.transaction().execute(trx =>
        writeContacts(t.app, trx, { tenantId: t.tenantId, userId: person.id, otherMails: [`${name}@home.example`], origin: 'administrator', actor: { kind: 'system' } } as never))
      assert.equal((await told(name)).title, 'How do you want to show that it is you?')
    })

    test('A-08: a synced user without write-back is refused before any code is sent, and a silent agent is told apart', async () => {
      const name = fresh('synced')
      await addPerson(t.app, t.tenantId, { name, email: `${name}@home.example`, synced: true })
      assert.deepEqual((await told(name)).codes, ['SSPR_0010'])
      await changePolicy(t.app, t.tenantId, 'onPremisesIntegration', { onboarded: true, passwordWritebackEnabled: true })
      const agent = randomUUID()
      await t.app.db.insertInto('agents').values({
        tenantId: t.tenantId, id: agent, displayName: 'DC1', domain: 'corp.contoso.example', version: '1.0.0', status: 'active', configurationError: null,
        lastHeartbeatAt: t.clock.now() - 11 * minute, lastSyncAt: null, lastSyncResult: null, domainRules: null, enrolledAt: 0, revokedAt: null,
      }).execute()
      assert.deepEqual((await told(name)).codes, ['SSPR_0030'])
      assert.ok(!t.mail.some(mail => mail.to === `${name}@home.example`))
      await t.app.db.updateTable('agents').set({ lastHeartbeatAt: t.clock.now(), configurationError: 'rights' }).where('id', '=', agent).execute()
      assert.deepEqual((await told(name)).codes, ['SSPR_0029'])
      await t.app.db.deleteFrom('agents').where('id', '=', agent).execute()
      await changePolicy(t.app, t.tenantId, 'onPremisesIntegration', { onboarded: false, passwordWritebackEnabled: false })
    })

    test('A-09: of six wrong sets of answers the sixth is refused, and recovery is free again 24 hours after the fifth', async () => {
      await openReset(t, { disclosure: 'standard', gates: 2, methods: { questions: true } })
      const name = fresh('asked')
      const { saveAnswers } = await import('../../src/credentials/answers.ts')
      const { Secret } = await import('../../src/secret.ts')
      const person = await addPerson(t.app, t.tenantId, { name, email: `${name}@home.example` })
      const answers = ['sq.first.car', 'sq.first.pet', 'sq.childhood.toy', 'sq.childhood.food', 'sq.childhood.hero'].map((questionId, at) => ({ questionId, answer: new Secret(`Answer ${at}`) }))
      await saveAnswers(t.app, { tenantId: t.tenantId, userId: person.id, answers, actor: { kind: 'user', userId: person.id }, correlationId: 'test' })
      const visitor = await told(name)
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed(`${name}@home.example`))
      await visitor.choose('securityQuestions')
      const wrong = () => visitor.browser.post('/reset/answers', { method: 'securityQuestions', 'answer-1': 'a', 'answer-2': 'b', 'answer-3': 'c' })
      for (let time = 1; time <= 5; time++) {
        await wrong()
        assert.deepEqual(visitor.codes, ['LK_ANSWERS_WRONG'], `try ${time}`)
      }
      await wrong()
      assert.equal(visitor.title, 'Too many tries')
      const { supportCode } = (await visitor.reset())!
      assert.ok((await auditOf(t.app, t.tenantId, supportCode)).includes('Blocked from self-service password reset: success'))
      await t.clock.advance(24 * hour - minute)
      assert.equal((await told(name)).title, 'Too many tries')
      await t.clock.advance(minute + 1000)
      assert.equal((await told(name)).title, 'How do you want to show that it is you?')
    })

    test('A-10: the eleventh request for mail in ten minutes is refused, at most five mails leave; ten in an hour are all served', async () => {
      const [quick, slow] = [fresh('quick'), fresh('slow')]
      for (const name of [quick, slow]) await addPerson(t.app, t.tenantId, { name, email: `${name}@home.example` })
      const ask = async (name: string) => {
        const visitor = await told(name)
        if (visitor.title === 'Too many tries') return 'blocked'
        await visitor.choose('email')
        return visitor.title === 'Too many tries' ? 'blocked' : 'served'
      }
      const asked: string[] = []
      for (let time = 0; time < 11; time++) {
        asked.push(await ask(quick))
        await t.clock.advance(31_000)
      }
      assert.deepEqual(asked, [...Array.from({ length: 10 }, () => 'served'), 'blocked'])
      assert.equal(t.mail.filter(mail => mail.to === `${quick}@home.example`).length, 5)
      for (let time = 0; time < 10; time++) {
        assert.equal(await ask(slow), 'served')
        await t.clock.advance(6 * minute)
      }
    })

    test('A-11: a code is over after its ten minutes (LD-02), and a transaction after fifteen though its code is fresh', async () => {
      const name = fresh('late')
      const person = await addPerson(t.app, t.tenantId, { name, email: `${name}@home.example` })
      const visitor = await told(name)
      await visitor.choose('email')
      const code = visitor.mailed(`${name}@home.example`)
      await t.clock.advance(10 * minute + 1000)
      await visitor.enter('email', code)
      assert.deepEqual(visitor.codes, ['LK_CODE_EXPIRED'])
      await visitor.browser.post('/reset/resend', { method: 'email' })
      await t.work()
      const again = visitor.mailed(`${name}@home.example`)
      await t.clock.advance(5 * minute)
      await visitor.enter('email', again)
      assert.equal(visitor.title, 'This took longer than 15 minutes')
      assert.ok(await isPassword(t.app, person, person.password))
    })

    test('A-12: a wrongly typed number is told, nothing is sent, and it is one point', async () => {
      const name = fresh('phone')
      await addPerson(t.app, t.tenantId, { name, mobile: '+45 22222222' })
      const visitor = await told(name)
      const before = t.texts.length
      for (let time = 0; time < 5; time++) {
        await visitor.number('mobileSms', '+45 22 22 22 23')
        assert.deepEqual(visitor.codes, ['LK_PHONE_MISMATCH'])
      }
      await visitor.number('mobileSms', '+45 22 22 22 22')
      assert.equal(visitor.title, 'Too many tries')
      assert.equal(t.texts.length, before)
    })

    test('A-12 under private: nothing is told, nothing is sent, and the audit knows', async () => {
      await openReset(t)
      const name = fresh('phone')
      await addPerson(t.app, t.tenantId, { name, mobile: '+45 23232323' })
      const visitor = await told(name)
      const before = t.texts.length
      await visitor.number('mobileSms', '+45 23 23 23 24')
      assert.equal(visitor.title, 'Type the code')
      assert.equal(t.texts.length, before)
      const { supportCode } = (await visitor.reset())!
      assert.ok((await auditOf(t.app, t.tenantId, supportCode)).some(line => line.endsWith('gate1.mobileSms.failed')))
      await t.clock.advance(30_000)
      await visitor.number('mobileSms', '+45 23 23 23 23')
      assert.equal(t.texts.length, before + 1)
    })

    for (const [scope, enablementType] of [['None', 0], ['Selected', 1], ['All', 2]] as const) {
      test(`A-13: with scope ${scope} an unknown name and an unregistered one are answered alike, and both are paused at the same count`, async () => {
        const group = await addGroup(t.app, t.tenantId, fresh('group'))
        await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType, passwordResetEnabledGroupIds: [group] })
        const [known, unknown] = [fresh('bare'), fresh('none')]
        await addPerson(t.app, t.tenantId, { name: known })
        const pages = await Promise.all([known, unknown].map(name => told(name)))
        const [one, other] = pages.map(visitor => visitor.browser.page.replaceAll(/[0-9a-f-]{36}|name="_csrf" value="[^"]+"/g, '#'))
        assert.equal(one, other)
        assert.deepEqual(pages[0]!.codes, [{ None: 'SSPR_0009', Selected: 'SSPR_0013', All: 'SSPR_0014' }[scope]])
        await openReset(t)
        const counts = []
        for (const name of [known, unknown]) {
          const visitor = await told(name)
          await visitor.choose('email')
          let count = 0
          while (visitor.title !== 'Too many tries' && count < 20) {
            count++
            await visitor.enter('email', '12345678')
          }
          counts.push(count)
        }
        assert.deepEqual(counts, [6, 6])
      })
    }

    test('A-14: an administrator has two gates and no questions, and one gate only by the exceptions of a small tenant', async () => {
      await openReset(t, { disclosure: 'standard', methods: { questions: true } })
      const name = fresh('admin')
      await addPerson(t.app, t.tenantId, { name, email: `${name}@home.example`, mobile: '+45 24242424', roles: [roleIds.helpdeskAdministrator] })
      const visitor = await told(name)
      assert.doesNotMatch(visitor.browser.page, /securityQuestions/)
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed(`${name}@home.example`))
      assert.equal(visitor.title, 'Now show it in a second way')
      await changePolicy(t.app, t.tenantId, 'tenantSettings', { administratorOneGateExceptions: true })
      await t.app.db.deleteFrom('domains').where('tenantId', '=', t.tenantId).where('isInitial', '=', false).execute()
      await t.clock.advance(31_000)
      const small = await told(name)
      await small.choose('email')
      await small.enter('email', small.mailed(`${name}@home.example`))
      assert.equal(small.title, 'Choose a new password')
    })

    test('A-15: with allowedToUseSSPR off administrators are refused and users are not', async () => {
      await changePolicy(t.app, t.tenantId, 'authorizationPolicy', { allowedToUseSSPR: false })
      const [user, admin] = [fresh('user'), fresh('admin')]
      await addPerson(t.app, t.tenantId, { name: user, email: `${user}@home.example` })
      await addPerson(t.app, t.tenantId, { name: admin, email: `${admin}@home.example`, mobile: '+45 25252525', roles: [roleIds.userAdministrator] })
      assert.deepEqual((await told(admin)).codes, ['LK_ADMIN_SSPR_OFF'])
      assert.deepEqual((await told(user)).codes, [])
      await changePolicy(t.app, t.tenantId, 'authorizationPolicy', { allowedToUseSSPR: true })
    })

    test('A-19: a reset ends a sign-in lock at once, and "I know my password" leaves its timer', async () => {
      const name = fresh('locked')
      const { accountKeyOf } = await import('../../src/credentials/account-key.ts')
      await addPerson(t.app, t.tenantId, { name, email: `${name}@home.example` })
      const accountKey = accountKeyOf(t.app, t.tenantId, `${name}@contoso.example`)
      const lockedUntil = t.clock.now() + hour
      await t.app.db.insertInto('signInLockouts').values({
        tenantId: t.tenantId, accountKey, place: 'unfamiliar', failures: 10, lockCount: 1, lockedUntil, lastBad: '[]', lastFailureAt: t.clock.now(), expiresAt: lockedUntil,
      }).execute()
      const lock = () => t.app.db.selectFrom('signInLockouts').select('lockedUntil').where('accountKey', '=', accountKey).executeTakeFirst()
      const visitor = new Visitor(t)
      await visitor.browser.get('/reset/know-password')
      assert.equal(visitor.title, 'You know your password, but cannot sign in')
      assert.equal((await lock())?.lockedUntil, lockedUntil)
      await visitor.start(`${name}@contoso.example`)
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed(`${name}@home.example`))
      await visitor.newPassword('Brand-new Kelp 42')
      assert.equal((await lock())?.lockedUntil ?? null, null)
    })

    test('A-21: with 120 helpdesk administrators a request reaches 100; with none of them the User Administrators', async () => {
      const asking = fresh('asking')
      await addPerson(t.app, t.tenantId, { name: asking })
      const helper = fresh('useradmin')
      await addPerson(t.app, t.tenantId, { name: helper, mail: `${helper}@contoso.example`, roles: [roleIds.userAdministrator] })
      // Whoever helped in an earlier test does not any more.
      await t.app.db.deleteFrom('roleAssignments').where('roleDefinitionId', 'in', [roleIds.helpdeskAdministrator, roleIds.passwordAdministrator]).execute()
      const ask = async (name: string) => {
        const visitor = await told(name)
        const from = t.mail.length
        await visitor.browser.post('/reset/contact')
        assert.equal(visitor.title, 'Your administrator has been asked')
        await t.work()
        return t.mail.slice(from).map(mail => mail.to)
      }
      assert.ok((await ask(asking)).includes(`${helper}@contoso.example`))
      assert.deepEqual(await ask(asking), [], 'one request an hour')
      for (let at = 0; at < 120; at++) await addPerson(t.app, t.tenantId, { name: fresh('helpdesk'), password: null, roles: [roleIds.helpdeskAdministrator] })
      await t.clock.advance(hour + 1000)
      const reached = await ask(asking)
      assert.equal(reached.length, 100)
      assert.ok(reached.every(address => address.startsWith('helpdesk')))
      assert.deepEqual(await ask(fresh('nobody')), [], 'nobody is asked about a name that nobody has')
    })

    test('A-21 with a help desk of its own: a link or an address on the page, and no mail of ours', async () => {
      const name = fresh('custom')
      await addPerson(t.app, t.tenantId, { name })
      await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { customizeHelpdeskLink: true, customHelpdeskEmailOrUrl: 'https://help.contoso.example/reset' })
      assert.match((await told(name)).browser.page, /href="https:\/\/help\.contoso\.example\/reset"/)
      await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { customHelpdeskEmailOrUrl: 'help@contoso.example' })
      assert.match((await told(name)).browser.page, /href="mailto:help%40contoso\.example"/)
      await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { customHelpdeskEmailOrUrl: 'javascript:alert(1)' })
      assert.doesNotMatch((await told(name)).browser.page, /javascript:/)
      await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { customizeHelpdeskLink: false, customHelpdeskEmailOrUrl: null })
    })

    test('LD-22: under private a refused reset goes on as if all were well, and the mail says why in place of a code', async () => {
      await openReset(t)
      await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 0 })
      const name = fresh('barred')
      await addPerson(t.app, t.tenantId, { name, email: `${name}@home.example` })
      const visitor = await told(name)
      await visitor.choose('email')
      assert.equal(visitor.title, 'Type the code')
      const message = t.mail.findLast(mail => mail.to === `${name}@home.example`)!
      assert.doesNotMatch(message.text, /\b\d{4} \d{4}\b/)
      assert.ok(message.text.includes((await visitor.reset())!.supportCode))
      assert.deepEqual(await visitor.kept(), ['SSPR_0009'])
    })
  })
}
