import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { TOTP } from 'otpauth'
import { system } from '../../src/credentials/actor.ts'
import { createTemporaryAccessPass } from '../../src/credentials/temporary-access-pass.ts'
import { newTotpSecret } from '../../src/credentials/totp.ts'
import { addPerson, changePolicy, foundTenant } from '../support/people.ts'
import type { Person, PersonOptions } from '../support/people.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import type { Browser } from '../support/browse.ts'

const seed = newTotpSecret().reveal()
const minute = 60_000

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`what a sign-in must prove (${engine})`, () => {
    let test: TestApp
    let count = 0
    const person = (options: Partial<PersonOptions> = {}): Promise<Person> => addPerson(test.app, test.tenantId, { name: `q${++count}`, ...options })
    const passFor = async (userId: string, more: { isUsableOnce?: boolean; lifetimeInMinutes?: number; startDateTime?: number } = {}) =>
      (await createTemporaryAccessPass(test.app, { tenantId: test.tenantId, userId, actor: system, correlationId: 'test', ...more })).pass.reveal()
    const signIn = async (browser: Browser, userName: string, password: string) => {
      await browser.get('/signin')
      return browser.post('/signin', { userName, password })
    }
    const usePass = async (browser: Browser, userName: string, pass: string) => {
      await browser.get('/signin/pass')
      return browser.post('/signin/pass', { userName, pass })
    }

    before(async () => { test = await makeApp({ engine }) })
    after(async () => { await test?.close() })

    it('is satisfied by a temporary access pass, also where a second factor is registered, until the pass ends (sspr §4.7)', async () => {
      const ann = await person({ totp: seed })
      const pass = await passFor(ann.id, { lifetimeInMinutes: 60 })
      const browser = test.browser()
      assert.match((await usePass(browser, ann.userPrincipalName, 'wrongpas')).payload, /data-code="LK_TAP_WRONG"/)
      await usePass(browser, ann.userPrincipalName, ` ${pass} `)
      assert.equal(browser.path, '/account')
      for (const wait of [25, 25]) {
        await test.clock.advance(wait * minute)
        assert.equal((await browser.request({ method: 'GET', url: '/account' })).statusCode, 200)
      }
      await test.clock.advance(11 * minute)
      assert.equal((await browser.request({ method: 'GET', url: '/account' })).statusCode, 303, 'the session ends with the pass')
      assert.match((await usePass(browser, ann.userPrincipalName, pass)).payload, /data-code="LK_TAP_EXPIRED"/)
    })

    it('takes a pass that is for one use once', async () => {
      const bob = await person()
      const pass = await passFor(bob.id, { isUsableOnce: true })
      const browsers = [test.browser(), test.browser()]
      await usePass(browsers[0]!, bob.userPrincipalName, pass)
      assert.equal(browsers[0]!.path, '/account')
      assert.match((await usePass(browsers[1]!, bob.userPrincipalName, pass)).payload, /data-code="LK_TAP_USED"/)
    })

    it('says the same of a wrong pass whether there is one or nobody has the name', async () => {
      const said = async (userName: string) => {
        const browser = test.browser()
        const { payload } = await usePass(browser, userName, 'abcdefgh')
        return payload.replaceAll(userName, 'NAME').replace(/name="_csrf" value="[^"]*"/g, '')
      }
      const cat = await person()
      await passFor(cat.id)
      assert.equal(await said(cat.userPrincipalName), await said('nobody.here@contoso.example'))
    })

    it('lets somebody with a pass in to register, where registration is due', async () => {
      const dan = await person({ registered: false, password: null })
      await changePolicy(test.app, test.tenantId, 'passwordResetPolicy', { enablementType: 2 })
      try {
        const browser = test.browser()
        await usePass(browser, dan.userPrincipalName, await passFor(dan.id))
        assert.equal(browser.path, '/security-info/register?interrupt')
      } finally {
        await changePolicy(test.app, test.tenantId, 'passwordResetPolicy', { enablementType: 0 })
      }
    })

    it('accepts one right code once, of fifty at the same time (T-05)', async () => {
      const eve = await person({ totp: seed })
      const browsers = await Promise.all(Array.from({ length: 10 }, async () => {
        const browser = test.browser()
        await browser.json('POST', '/api/signin', { userName: eve.userPrincipalName, password: eve.password })
        return browser
      }))
      const methodId = (await browsers[0]!.json('GET', '/api/signin')).json().methods[0].methodId
      const code = new TOTP({ secret: seed }).generate({ timestamp: test.clock.now() })
      const replies = await Promise.all(Array.from({ length: 50 }, (_, at) => browsers[at % 10]!.json('POST', '/api/signin/second-factor', { methodId, code })))
      assert.equal(replies.filter(reply => reply.statusCode === 200).length, 1)
    })

    it('takes no second factor of somebody else', async () => {
      const [finn, gro] = [await person({ totp: seed }), await person({ totp: newTotpSecret().reveal() })]
      const browser = test.browser()
      await browser.json('POST', '/api/signin', { userName: finn.userPrincipalName, password: finn.password })
      const other = test.browser()
      await other.json('POST', '/api/signin', { userName: gro.userPrincipalName, password: gro.password })
      const { methodId } = (await other.json('GET', '/api/signin')).json().methods[0]
      const code = new TOTP({ secret: seed }).generate({ timestamp: test.clock.now() })
      const reply = await browser.json('POST', '/api/signin/second-factor', { methodId, code })
      assert.equal(reply.statusCode, 422)
      assert.equal(reply.json().reasons[0].code, 'LK_METHOD_UNAVAILABLE')
    })

    it('asks for the second factor before the new password that is due', async () => {
      const hal = await person({ totp: seed, mustChange: true })
      const browser = test.browser()
      await browser.json('POST', '/api/signin', { userName: hal.userPrincipalName, password: hal.password })
      const early = await browser.json('POST', '/api/signin/new-password', { currentPassword: hal.password, newPassword: 'Quiet-Harbour-52-Lamps' })
      assert.equal(early.statusCode, 409)
      const { methodId } = (await browser.json('GET', '/api/signin')).json().methods[0]
      const code = new TOTP({ secret: seed }).generate({ timestamp: test.clock.now() })
      assert.deepEqual((await browser.json('POST', '/api/signin/second-factor', { methodId, code })).json(), { next: 'newPassword' })
      // Password and second factor were proved just now: the old one is not asked for again (LD-48).
      const done = await browser.json('POST', '/api/signin/new-password', { newPassword: 'Quiet-Harbour-52-Lamps' })
      assert.deepEqual(done.json(), { next: 'done' })
    })

    it('ends a stolen session after five of two hundred guesses, and the guesses cost the account’s own tries (T-86)', async () => {
      const ida = await person()
      const browser = test.browser()
      await signIn(browser, ida.userPrincipalName, ida.password)
      await test.clock.advance(11 * minute)
      const statuses: number[] = []
      for (let i = 0; i < 200; i++) statuses.push((await browser.json('POST', '/api/signin/again', { password: `guess ${i}` })).statusCode)
      assert.deepEqual(statuses.slice(0, 6), [422, 422, 422, 422, 401, 401])
      assert.ok(statuses.slice(5).every(status => status === 401))
      const counted = await test.app.db.selectFrom('signInLockouts').select(['failures', 'place']).where('failures', '=', 5).execute()
      assert.equal(counted.length, 1)
    })

    it('looks at five of thirty guesses made at the same time, and at no more (T-04)', async () => {
      const jon = await person()
      const browser = test.browser()
      await signIn(browser, jon.userPrincipalName, jon.password)
      await test.clock.advance(11 * minute)
      const replies = await Promise.all(Array.from({ length: 30 }, (_, i) => browser.json('POST', '/api/signin/again', { password: `guess ${i}` })))
      assert.equal(replies.filter(reply => reply.statusCode === 200).length, 0)
      const counted = await test.app.db.selectFrom('signInLockouts').select('failures').orderBy('lastFailureAt', 'desc').limit(1).executeTakeFirstOrThrow()
      assert.ok(counted.failures <= 5, `${counted.failures} were compared`)
      assert.equal((await browser.request({ method: 'GET', url: '/account' })).statusCode, 303)
    })

    it('finds each person in the tenant of the name’s domain (LD-41)', async () => {
      const other = await foundTenant(test.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
      const here = await person({ name: 'same' })
      const there = await addPerson(test.app, other, { name: 'same', domain: 'fabrikam.example', displayName: 'The Other Same', password: 'Wholly-Other-77-Word' })
      const browser = test.browser()
      await signIn(browser, there.userPrincipalName, here.password)
      assert.match(browser.page, /LK_SIGNIN_FAILED/)
      await signIn(browser, there.userPrincipalName, there.password)
      assert.match(browser.page, /The Other Same/)
    })

    it('is over when the password is reset between the two proofs (T-87)', async () => {
      const kim = await person({ totp: seed })
      const browser = test.browser()
      await browser.json('POST', '/api/signin', { userName: kim.userPrincipalName, password: kim.password })
      const { methodId } = (await browser.json('GET', '/api/signin')).json().methods[0]
      await test.app.db.updateTable('users').set(eb => ({ credentialEpoch: eb('credentialEpoch', '+', 1) })).where('id', '=', kim.id).execute()
      const code = new TOTP({ secret: seed }).generate({ timestamp: test.clock.now() })
      assert.equal((await browser.json('POST', '/api/signin/second-factor', { methodId, code })).statusCode, 401)
    })

    it('gives administrators a session of eight hours, fifteen minutes idle (LD-19)', async () => {
      const lea = await person({ roles: ['62e90394-69f5-4237-9190-012177145e10'] })
      const browser = test.browser()
      await signIn(browser, lea.userPrincipalName, lea.password)
      await test.clock.advance(14 * minute)
      assert.equal((await browser.request({ method: 'GET', url: '/account' })).statusCode, 200)
      await test.clock.advance(16 * minute)
      assert.equal((await browser.request({ method: 'GET', url: '/account' })).statusCode, 303)
    })
  })
}
