/** T-87: what changes under a running transaction counts at its end. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, engines, isPassword, openReset, Visitor } from './stage.ts'
import type { Person } from '../support/people.ts'

for (const engine of engines) {
  describe(`T-87 on ${engine}: a change between the gates and the password`, () => {
    let t: TestApp
    let serial = 0
    before(async () => {
      t = await makeApp({ engine })
    })
    after(() => t.close())

    /** Somebody who has passed every gate and stands before the new password. */
    async function atTheDoor(options: { mobile?: string } = {}): Promise<{ visitor: Visitor; person: Person }> {
      await openReset(t)
      const name = `person${++serial}`
      const person = await addPerson(t.app, t.tenantId, { name, email: `${name}@home.example`, ...options })
      const visitor = new Visitor(t)
      await visitor.start(person.userPrincipalName)
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed(`${name}@home.example`))
      assert.equal(visitor.title, 'Choose a new password')
      return { visitor, person }
    }

    const changes: Record<string, (person: Person) => Promise<unknown>> = {
      'the account is disabled': person => t.app.db.updateTable('users').set({ accountEnabled: false }).where('id', '=', person.id).execute(),
      'the account is deleted': person => t.app.db.updateTable('users').set({ deletedDateTime: t.clock.now() }).where('id', '=', person.id).execute(),
      'the account moves to the domain': person => t.app.db.updateTable('users').set({ onPremisesSyncEnabled: true, onPremisesImmutableId: person.id }).where('id', '=', person.id).execute(),
      'the method of the gate is removed': person => t.app.db.deleteFrom('authenticationMethods').where('userId', '=', person.id).execute(),
      'the method leads elsewhere by now': person => t.app.db.updateTable('authenticationMethods').set({ valueIndex: 'k1.another' }).where('userId', '=', person.id).execute(),
      'the method is put on hold': person => t.app.db.updateTable('authenticationMethods').set({ heldUntil: t.clock.now() + 1e9 }).where('userId', '=', person.id).execute(),
      'mail is no longer a method': () => changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { emailOptionEnabled: false }),
      'two gates are asked for': () => changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { numberOfAuthenticationMethodsRequired: 2 }),
      'reset is switched off': () => changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 0 }),
      'the person becomes an administrator': person => t.app.db.insertInto('roleAssignments').values({
        tenantId: t.tenantId, id: `r${serial}`, roleDefinitionId: '62e90394-69f5-4237-9190-012177145e10', principalId: person.id, principalType: 'user', directoryScopeId: '/', state: 'active', createdAt: 0,
      }).execute(),
      'the tenant is suspended': () => t.app.db.updateTable('tenants').set({ suspendedAt: t.clock.now() }).where('id', '=', t.tenantId).execute(),
    }
    for (const [name, change] of Object.entries(changes)) {
      test(`no password is set when ${name}, and the transaction ends`, async () => {
        const { visitor, person } = await atTheDoor({ mobile: '+45 50505050' })
        await change(person)
        await visitor.newPassword('Brand-new Kelp 42')
        assert.equal(visitor.title, 'You cannot reset your password here')
        assert.equal((await visitor.reset())!.state, 'REFUSED')
        assert.ok(!(await isPassword(t.app, person, 'Brand-new Kelp 42')))
        await t.app.db.updateTable('tenants').set({ suspendedAt: null }).where('id', '=', t.tenantId).execute()
      })
    }

    test('a policy that tightens while the password is being hashed still counts: the last look is inside the transaction', async () => {
      const { visitor, person } = await atTheDoor()
      const { finishReset } = await import('../../src/reset/finish-reset.ts')
      const { findTransaction } = await import('../../src/reset/transaction.ts')
      const { hashPassword } = await import('../../src/credentials/hash-password.ts')
      const { Secret } = await import('../../src/secret.ts')
      const transaction = (await findTransaction(t.app, visitor.browser.cookies.get('__Host-latchkey-reset')))!
      // The hashing lane is kept busy, so the first look is over long before the transaction begins.
      const busy = Array.from({ length: 60 }, () => hashPassword(t.app, new Secret('something else entirely')))
      const finished = finishReset(t.app, transaction, new Secret('Brand-new Kelp 42'))
      for (;;) {
        const counted = await t.app.db.selectFrom('limits').select('points').where('key', 'like', 'recovery:%').execute()
        if (counted.some(row => row.points.includes('"reset"'))) break // the first look is over
        await new Promise(resolve => setTimeout(resolve, 1))
      }
      await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { numberOfAuthenticationMethodsRequired: 2 })
      assert.equal((await finished).kind, 'ended')
      assert.ok(!(await isPassword(t.app, person, 'Brand-new Kelp 42')))
      assert.equal((await visitor.reset())!.state, 'REFUSED')
      await Promise.all(busy)
    })

    test('a gate passed before the policy asked for two counts as the first of two', async () => {
      await openReset(t)
      const person = await addPerson(t.app, t.tenantId, { name: `more${engine}`, email: 'more@home.example', mobile: '+45 51515151' })
      const visitor = new Visitor(t)
      await visitor.start(person.userPrincipalName)
      await visitor.choose('email')
      await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { numberOfAuthenticationMethodsRequired: 2 })
      await visitor.enter('email', visitor.mailed('more@home.example'))
      assert.equal(visitor.title, 'Now show it in a second way')
      await visitor.number('mobileSms', '+45 51 51 51 51')
      await visitor.enter('mobileSms', visitor.texted())
      await visitor.newPassword('Brand-new Kelp 42')
      assert.ok(await isPassword(t.app, person, 'Brand-new Kelp 42'))
    })

    test('a person refused at the gate is told why once the gate is passed', async () => {
      await openReset(t)
      const { HOTP, Secret } = await import('otpauth')
      const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
      const person = await addPerson(t.app, t.tenantId, { name: `told${engine}`, totp: seed })
      await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 0 })
      const visitor = new Visitor(t)
      await visitor.start(person.userPrincipalName)
      await t.work()
      await t.clock.advance(2100)
      await visitor.choose('code')
      await visitor.enter('code', new HOTP({ secret: Secret.fromBase32(seed), algorithm: 'SHA1', digits: 6 }).generate({ counter: Math.floor(t.clock.now() / 30_000) }))
      assert.equal(visitor.title, 'You cannot reset your password here')
      assert.deepEqual(visitor.codes, ['SSPR_0009'])
    })
  })
}
