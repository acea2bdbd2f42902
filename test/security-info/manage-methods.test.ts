import assert from 'node:assert/strict'
import { after, before, describe, test as check } from 'node:test'
import { codeIn } from '../support/capture.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addMethodRow, addPerson, changePolicy } from '../support/people.ts'
import type { Person, PersonOptions } from '../support/people.ts'
import { appCode, auditOf, seed, shownCodes, signedIn, textOf } from './signed-in.ts'

const hour = 3_600_000

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`managing one's methods on ${engine}`, () => {
    let test: TestApp
    let count = 0
    const person = (options: Partial<PersonOptions> = {}): Promise<Person> => addPerson(test.app, test.tenantId, { name: `p${++count}`, ...options })
    const methodsOf = (one: Person) =>
      test.app.db.selectFrom('authenticationMethods').select(['id', 'kind', 'origin', 'verifiedAt', 'heldUntil', 'isDefault', 'lastStep']).where('userId', '=', one.id).execute()
    /** The newest code that was mailed to the address. */
    const codeFor = async (address: string): Promise<string> => {
      await test.work()
      return codeIn(test.mail.findLast(mail => mail.to === address && /\d{4} \d{4}/.test(mail.text))!.text)
    }
    const mailsTo = (address: string) => test.mail.filter(mail => mail.to === address)

    before(async () => {
      test = await makeApp({ engine })
      await changePolicy(test.app, test.tenantId, 'passwordResetPolicy', { enablementType: 2, registrationRequiredOnSignIn: false })
    })
    after(() => test?.close())

    check('M-05: the old addresses lead to the page, in the language the address asks for', async () => {
      const browser = await signedIn(test, await person())
      for (const path of ['/ssprsetup', '/mfasetup']) {
        const reply = await browser.get(`${path}?lng=lv`)
        assert.equal(reply.statusCode, 200)
        assert.equal(browser.path, '/security-info?lng=lv')
        assert.match(browser.page, /<html lang="lv">/)
      }
      await browser.get('/security-info')
      assert.match(browser.page, /<html lang="lv">/, 'the last language is remembered')
    })

    check('somebody who is not signed in is asked to, and comes back', async () => {
      const browser = test.browser()
      await browser.get('/security-info')
      assert.equal(browser.path, '/signin?continue=%2Fsecurity-info')
    })

    check('an e-mail address is kept only when the code sent to it comes back', async () => {
      const ann = await person({ registered: false })
      const browser = await signedIn(test, ann)
      await browser.get('/security-info/add')
      await browser.post('/security-info/add', { method: 'email' })
      assert.equal(browser.path, '/security-info/add/email')
      await browser.post('/security-info/add/email', { destination: 'ann.private@mail.example' })
      assert.equal(browser.path, '/security-info/confirm/email')
      assert.match(browser.page, /ann\.private@mail\.example/)
      assert.deepEqual(await methodsOf(ann), [])

      const code = await codeFor('ann.private@mail.example')
      await browser.post('/security-info/confirm/email', { code: '0000 0000' })
      assert.deepEqual(shownCodes(browser.page), ['LK_CODE_WRONG'])
      assert.deepEqual(await methodsOf(ann), [])

      await browser.post('/security-info/confirm/email', { code })
      assert.equal(browser.path, '/security-info?done=added&method=email')
      assert.match(textOf(browser.page), /Email has been added\. .*an\*{6}e@mail\.example/)
      assert.doesNotMatch(browser.page, /ann\.private/, 'the list masks it')
      const [method] = await methodsOf(ann)
      assert.equal(method?.origin, 'self')
      assert.notEqual(method?.verifiedAt, null)
      assert.deepEqual(
        (await auditOf(test, ann.id)).filter(activity => /security info|registered/i.test(activity)),
        ['User registered security info', 'Security info saved for self-service password reset', 'User registered for self-service password reset'],
      )
    })

    check('the code that was used opens nothing a second time, nor in another session (T-05, T-06)', async () => {
      const ann = await person()
      const browser = await signedIn(test, ann)
      const other = await signedIn(test, ann)
      await browser.get('/security-info/add/email')
      await browser.post('/security-info/add/email', { destination: 'once@mail.example' })
      const code = await codeFor('once@mail.example')
      await other.get('/security-info/add/email')
      await other.post('/security-info/confirm/email', { code })
      assert.deepEqual(shownCodes(other.page), ['LK_CODE_NONE'])
      await browser.post('/security-info/confirm/email', { code })
      assert.equal((await methodsOf(ann)).length, 1)
      await browser.get('/security-info/add')
      const again = await browser.post('/security-info/confirm/email', { code })
      assert.equal(again.statusCode, 422)
      assert.equal((await methodsOf(ann)).length, 1)
    })

    check('of many equal confirmations at once one succeeds, and one method is there (T-05)', async () => {
      const ann = await person()
      const browser = await signedIn(test, ann)
      await browser.json('POST', '/api/security-info/codes', { kind: 'email', destination: 'race@mail.example' })
      const code = await codeFor('race@mail.example')
      const replies = await Promise.all(Array.from({ length: 10 }, () => browser.json('POST', '/api/security-info/codes/confirm', { kind: 'email', code })))
      assert.deepEqual(replies.map(reply => reply.statusCode).filter(status => status === 201).length, 1)
      assert.equal((await methodsOf(ann)).length, 1)
    })

    check('a code in the digits of another script counts as the same code (T-68)', async () => {
      const ann = await person()
      const browser = await signedIn(test, ann)
      await browser.get('/security-info/add/email')
      await browser.post('/security-info/add/email', { destination: 'digits@mail.example' })
      const code = await codeFor('digits@mail.example')
      await browser.post('/security-info/confirm/email', { code: [...code].map(digit => String.fromCodePoint(0x0660 + Number(digit))).join('') })
      assert.equal((await methodsOf(ann)).length, 1)
    })

    for (const [destination, code] of [
      ['', 'LK_FIELD_REQUIRED'], ['not an address', 'LK_METHOD_MALFORMED'], ['ann@contoso.example', 'LK_METHOD_OWN_DOMAIN'],
      ['ann@sub.contoso.example', 'LK_METHOD_OWN_DOMAIN'], ['a@mail.example,b@mail.example', 'LK_METHOD_MALFORMED'],
    ] as const) {
      check(`the address “${destination}” is refused with ${code}, and what was typed stays`, async () => {
        const browser = await signedIn(test, await person())
        await browser.get('/security-info/add/email')
        const reply = await browser.post('/security-info/add/email', { destination })
        assert.equal(reply.statusCode, 422)
        assert.deepEqual(shownCodes(browser.page), [code])
        assert.ok(destination === '' || browser.page.includes(`value="${destination}"`))
        await test.work()
        assert.deepEqual(mailsTo(destination), [])
      })
    }

    check('a phone is added by a text, the number read with the country of the person', async () => {
      await changePolicy(test.app, test.tenantId, 'tenantSettings', { allowedCountryCodes: ['45', '47'] })
      const bob = await person()
      await test.app.db.updateTable('users').set({ usageLocation: 'DK' }).where('id', '=', bob.id).execute()
      const browser = await signedIn(test, bob)
      await browser.get('/security-info/add/phone')
      await browser.post('/security-info/add/phone', { destination: '+371 26123456' })
      assert.deepEqual(shownCodes(browser.page), ['LK_METHOD_COUNTRY'])
      await browser.post('/security-info/add/phone', { destination: '90 12 34 56' })
      assert.deepEqual(shownCodes(browser.page), ['LK_METHOD_NUMBER_TYPE'])
      await browser.post('/security-info/add/phone', { destination: '20 12 34 56' })
      await test.work()
      const text = test.texts.at(-1)!
      assert.equal(text.to, '+4520123456')
      await browser.post('/security-info/confirm/phone', { code: codeIn(text.text) })
      assert.match(textOf(browser.page), /Phone \(text message\) has been added.*\+45 XXXXXX56/)
      await changePolicy(test.app, test.tenantId, 'tenantSettings', { allowedCountryCodes: [] })
    })

    check('T-20: many numbers of one run are cut off long before they cost much', async () => {
      await changePolicy(test.app, test.tenantId, 'tenantSettings', { allowedCountryCodes: [] })
      const sent = test.texts.length
      for (let number = 0; number < 40; number++) {
        const browser = await signedIn(test, await person())
        await browser.get('/security-info/add/phone')
        await browser.post('/security-info/add/phone', { destination: `+45 2999 ${String(1000 + number)}` })
      }
      await test.work()
      assert.ok(test.texts.length - sent <= 20, `${test.texts.length - sent} texts went out`)
      const other = await signedIn(test, await person())
      await other.get('/security-info/add/phone')
      await other.post('/security-info/add/phone', { destination: '+45 30 12 34 56' })
      assert.equal(other.path, '/security-info/confirm/phone', 'other numbers go on')
    })

    check('asking for another code within half a minute is refused in words, and the first code still works', async () => {
      const ann = await person()
      const browser = await signedIn(test, ann)
      await browser.get('/security-info/add/email')
      await browser.post('/security-info/add/email', { destination: 'slow@mail.example' })
      const code = await codeFor('slow@mail.example')
      const reply = await browser.post('/security-info/confirm/email/resend')
      assert.equal(reply.statusCode, 429)
      assert.deepEqual(shownCodes(browser.page), ['LK_RESEND_TOO_SOON'])
      await test.clock.advance(31_000)
      await browser.post('/security-info/confirm/email/resend')
      assert.equal(browser.path, '/security-info/confirm/email')
      const newest = await codeFor('slow@mail.example')
      await browser.post('/security-info/confirm/email', { code })
      assert.deepEqual(shownCodes(browser.page), ['LK_CODE_WRONG'], 'only the newest code counts')
      await browser.post('/security-info/confirm/email', { code: newest })
      assert.equal((await methodsOf(ann)).length, 1)
    })

    check('a registration that failed is counted with method and reason, once however often it was tried (sspr §11.5)', async () => {
      const ann = await person()
      const browser = await signedIn(test, ann)
      const codes = '/api/security-info/codes'
      for (const destination of ['', 'nobody', 'nobody', 'ann@contoso.example']) await browser.json('POST', codes, { kind: 'email', destination })
      await browser.json('POST', codes, { kind: 'email', destination: 'right@mail.example' })
      assert.equal((await browser.json('POST', codes, { kind: 'email' })).statusCode, 429)
      const code = await codeFor('right@mail.example')
      for (const wrong of ['00000000', '00000001']) await browser.json('POST', `${codes}/confirm`, { kind: 'email', code: wrong })
      assert.equal((await browser.json('POST', `${codes}/confirm`, { kind: 'email', code })).statusCode, 201)
      assert.equal((await browser.json('POST', `${codes}/confirm`, { kind: 'email', code })).statusCode, 422, 'and sent a second time')
      const { registration } = (await browser.json('POST', '/api/security-info/authenticators', { kind: 'softwareOath' })).json<{ registration: string }>()
      await browser.json('POST', '/api/security-info/authenticators/confirm', { kind: 'softwareOath', registration, code: '000000' })
      await browser.json('POST', '/api/security-info/questions', { answers: [] })
      const events = await test.app.db.selectFrom('usageEvents').select(['method', 'status', 'failureReason']).where('userId', '=', ann.id).where('feature', '=', 'registration').orderBy('at').execute()
      assert.deepEqual(events.map(event => `${event.method} ${event.failureReason ?? event.status}`).toSorted(), [
        'appCode LK_CODE_WRONG', 'email LK_CODE_WRONG', 'email LK_METHOD_MALFORMED', 'email LK_METHOD_OWN_DOMAIN', 'email success', 'securityQuestion LK_METHOD_DISABLED',
      ])
      const again = await signedIn(test, ann)
      await again.json('POST', '/api/security-info/questions', { answers: [] })
      const counted = await test.app.db.selectFrom('usageEvents').select('id').where('userId', '=', ann.id).where('failureReason', '=', 'LK_METHOD_DISABLED').execute()
      assert.equal(counted.length, 2, 'another visit is another failure')
    })

    check('changing an address asks for a code at the new one and tells the old one (T-13, T-18)', async () => {
      const ann = await person({ email: 'old@mail.example' })
      const browser = await signedIn(test, ann)
      const [method] = await methodsOf(ann)
      await browser.get(`/security-info/methods/${method!.id}/change`)
      await browser.post(`/security-info/methods/${method!.id}/change`, { destination: 'new@mail.example' })
      await browser.post('/security-info/confirm/email', { code: await codeFor('new@mail.example') })
      assert.match(browser.path, /done=changed/)
      await test.work()
      assert.equal(mailsTo('old@mail.example').length, 1)
      assert.equal((await methodsOf(ann)).length, 1)
    })

    check('what is added soon after a reset waits before it counts for the next (T-13)', async () => {
      const ann = await person()
      await test.app.db
        .insertInto('passwordEvents')
        .values({ tenantId: test.tenantId, id: `${ann.id}-event`, userId: ann.id, at: test.clock.now() - hour, channel: 'sspr-portal', writeback: 'notNeeded', code: null, actorId: ann.id })
        .execute()
      const browser = await signedIn(test, ann)
      await browser.get('/security-info/add/email')
      await browser.post('/security-info/add/email', { destination: 'fresh@mail.example' })
      await browser.post('/security-info/confirm/email', { code: await codeFor('fresh@mail.example') })
      const [method] = await methodsOf(ann)
      assert.equal(method!.heldUntil, method!.verifiedAt! + 24 * hour)
      assert.match(textOf(browser.page), /Counts for resetting your password from/)
    })

    check('deleting asks first, says what it means, and is told', async () => {
      const ann = await person({ email: 'gone@mail.example' })
      const browser = await signedIn(test, ann)
      await browser.get('/security-info')
      assert.match(textOf(browser.page), /You can reset your password yourself/)
      const [method] = await methodsOf(ann)
      await browser.get(`/security-info/methods/${method!.id}/delete`)
      assert.match(textOf(browser.page), /you cannot reset your password yourself until you add another/)
      await browser.post(`/security-info/methods/${method!.id}/delete`)
      assert.match(textOf(browser.page), /Email has been deleted/)
      assert.deepEqual(await methodsOf(ann), [])
      await test.work()
      assert.equal(mailsTo('gone@mail.example').length, 1)
      assert.ok((await auditOf(test, ann.id)).includes('User deleted security info'))
      assert.equal((await browser.get(`/security-info/methods/${method!.id}/delete`)).statusCode, 404)
    })

    check('nobody sees, changes or deletes another person’s method', async () => {
      const [ann, eve] = [await person({ email: 'ann.own@mail.example' }), await person()]
      const [method] = await methodsOf(ann)
      const browser = await signedIn(test, eve)
      await browser.get('/security-info')
      for (const action of ['delete', 'change']) {
        assert.equal((await browser.get(`/security-info/methods/${method!.id}/${action}`)).statusCode, 404)
      }
      await browser.get('/security-info')
      for (const action of ['delete', 'change', 'verify']) {
        assert.equal((await browser.send(`/security-info/methods/${method!.id}/${action}`, { destination: 'eve@mail.example' })).statusCode, 404)
      }
      assert.equal((await browser.json('DELETE', `/api/security-info/methods/${method!.id}`)).statusCode, 404)
      assert.equal((await methodsOf(ann)).length, 1)
    })

    check('the default method for sign-in can be chosen, and only among those that work there', async () => {
      const ann = await person({ totp: seed, email: 'both@mail.example' })
      await addMethodRow(test.app, test.tenantId, ann.id, 'mobile', '+45 20111111')
      await changePolicy(test.app, test.tenantId, 'authenticationMethodsPolicy', {})
      const browser = await signedIn(test, ann)
      await browser.get('/security-info')
      const methods = await methodsOf(ann)
      const email = methods.find(method => method.kind === 'email')!
      const app = methods.find(method => method.kind === 'softwareOath')!
      await browser.post('/security-info/default', { methodId: email.id })
      assert.deepEqual(shownCodes(browser.page), ['LK_METHOD_UNVERIFIED'])
      await browser.post('/security-info/default', { methodId: app.id })
      assert.match(textOf(browser.page), /is now your default sign-in method/)
      assert.deepEqual((await methodsOf(ann)).filter(method => method.isDefault).map(method => method.id), [app.id])
    })

    check('an address an administrator registered is verified by a code', async () => {
      const ann = await person({ email: 'given@mail.example' })
      await test.app.db.updateTable('authenticationMethods').set({ verifiedAt: null, origin: 'administrator' }).where('userId', '=', ann.id).execute()
      const browser = await signedIn(test, ann)
      await browser.get('/security-info')
      assert.match(textOf(browser.page), /Not verified/)
      const [method] = await methodsOf(ann)
      await browser.post(`/security-info/methods/${method!.id}/verify`)
      assert.equal(browser.path, '/security-info/confirm/email')
      await browser.post('/security-info/confirm/email', { code: await codeFor('given@mail.example') })
      assert.match(browser.path, /done=verified/)
      assert.notEqual((await methodsOf(ann))[0]!.verifiedAt, null)
    })

    check('M-24: a number the organisation filled in is shown, counts without registering, and is offered to be made one’s own', async () => {
      const ann = await person({ mobilePhone: '+45 20333333', otherMails: ['hidden@mail.example'] })
      const browser = await signedIn(test, ann)
      await browser.get('/security-info')
      const text = textOf(browser.page)
      assert.match(text, /You can reset your password yourself/)
      assert.match(text, /\+45 XXXXXX33 From your organisation’s directory/)
      assert.doesNotMatch(browser.page, /mail\.example/, 'alternate mail is not shown (sspr §4.5)')
      await browser.get('/security-info/add/phone')
      assert.match(browser.page, /value="\+45 20333333"/)
    })

    check('a temporary access pass is listed with its end, and never its value', async () => {
      const ann = await person()
      const startDateTime = test.clock.now() - hour / 2
      await test.app.db
        .insertInto('temporaryAccessPasses')
        .values({
          tenantId: test.tenantId, id: `${ann.id}-pass`, userId: ann.id, hash: 'not shown', startDateTime, lifetimeInMinutes: 60, isUsableOnce: true,
          triesLeft: 5, usedAt: null, createdDateTime: startDateTime, createdBy: null,
        })
        .execute()
      const browser = await signedIn(test, ann)
      await browser.get('/security-info')
      assert.match(textOf(browser.page), /Temporary access pass Valid until .* UTC · Works once/)
      await test.clock.advance(hour / 2)
      const later = await signedIn(test, ann)
      await later.get('/security-info')
      assert.doesNotMatch(textOf(later.page), /Temporary access pass/)
    })

    check('methods that cannot be added stand below with their reason; calls need a provider (LD-17)', async () => {
      await changePolicy(test.app, test.tenantId, 'passwordResetPolicy', { officePhoneOptionEnabled: true })
      const browser = await signedIn(test, await person())
      await browser.get('/security-info/add')
      assert.match(textOf(browser.page), /Not available now .*Office phone \(call\) This method cannot be used right now/)
      assert.doesNotMatch(browser.page, /value="office-phone"/)
      const reply = await browser.get('/security-info/add/office-phone')
      assert.equal(reply.statusCode, 422)
      assert.deepEqual(shownCodes(browser.page), ['LK_METHOD_UNAVAILABLE'])
      const offers = (await browser.json('GET', '/api/security-info')).json().offers as { kind: string; allowed: boolean; reasons: { code: string }[] }[]
      assert.deepEqual(offers.find(offer => offer.kind === 'office'), { kind: 'office', allowed: false, reasons: [{ code: 'LK_METHOD_UNAVAILABLE' }] })
      await changePolicy(test.app, test.tenantId, 'passwordResetPolicy', { officePhoneOptionEnabled: false })
    })

    check('T-13: no write takes `verified`, `origin` or any other property that is not its own', async () => {
      const ann = await person({ email: 'mass@mail.example' })
      const browser = await signedIn(test, ann)
      const id = (await methodsOf(ann))[0]!.id
      const extra = { verified: true, origin: 'administrator', heldUntil: null, state: 'verified', userId: 'someone' }
      for (const [url, body] of [
        ['/api/security-info/codes', { kind: 'mobile', destination: '+45 20444444' }],
        ['/api/security-info/codes/confirm', { kind: 'mobile', code: '12345678' }],
        [`/api/security-info/methods/${id}/code`, { destination: 'x@mail.example' }],
        ['/api/security-info/authenticators', { kind: 'softwareOath' }],
        ['/api/security-info/authenticators/confirm', { kind: 'softwareOath', registration: 'x', code: '123456' }],
        ['/api/security-info/questions', { answers: [] }],
        ['/api/security-info/default', { methodId: id }],
      ] as const) {
        for (const [name, value] of Object.entries(extra)) {
          const reply = await browser.json('POST', url, { ...body, [name]: value })
          assert.equal(reply.statusCode, 400, `${url} with ${name}`)
          assert.equal(reply.json().reasons[0].code, 'LK_FIELD_UNKNOWN')
        }
      }
    })

    check('changing anything needs a proof at most ten minutes old (N-STEP)', async () => {
      const ann = await person({ email: 'stale@mail.example' })
      const browser = await signedIn(test, ann)
      await browser.get('/security-info')
      await test.clock.advance(11 * 60_000)
      assert.equal((await browser.get('/security-info')).statusCode, 200)
      assert.equal(browser.path, '/security-info', 'looking needs none')
      const reply = await browser.send('/security-info/default', { methodId: 'x' })
      assert.equal(reply.statusCode, 303)
      assert.match(String(reply.headers.location), /^\/signin\/again\?continue=/)
      const id = (await methodsOf(ann))[0]!.id
      const api = await browser.json('DELETE', `/api/security-info/methods/${id}`)
      assert.equal(api.statusCode, 401)
      assert.equal(api.json().reasons[0].code, 'LK_STEP_UP')
      assert.equal((await methodsOf(ann)).length, 1)
    })

    check('an authenticator app: picture, key, and kept only with a right code; its step is used up (T-05)', async () => {
      const ann = await person()
      const browser = await signedIn(test, ann)
      await browser.get('/security-info/add/other-app')
      assert.match(browser.page, /<svg class="qr"[^>]*role="img" aria-label="Picture with the set-up key/)
      const registration = /name="registration" value="([^"]+)"/.exec(browser.page)![1]!
      const key = /<code>((?:[A-Z2-7]{4} ?)+)<\/code>/.exec(browser.page)![1]!.replaceAll(' ', '')
      await browser.post('/security-info/add/other-app', { registration, code: '000000', displayName: 'Old phone' })
      assert.deepEqual(shownCodes(browser.page), ['LK_CODE_WRONG'])
      assert.match(browser.page, /value="Old phone"/)
      assert.ok(browser.page.includes(key.slice(0, 4)), 'the same key again')
      assert.deepEqual(await methodsOf(ann), [])
      await browser.post('/security-info/add/other-app', { registration, code: appCode(test, key), displayName: 'Old phone' })
      assert.match(textOf(browser.page), /Authenticator app has been added.*Old phone/)
      const [method] = await methodsOf(ann)
      assert.equal(method!.lastStep, Math.floor(test.clock.now() / 30_000))
    })

    check('a begun app belongs to one session and fifteen minutes', async () => {
      const ann = await person()
      const [browser, other] = [await signedIn(test, ann), await signedIn(test, ann)]
      const begun = (await browser.json('POST', '/api/security-info/authenticators', { kind: 'softwareOath' })).json() as { registration: string; setupKey: string }
      const confirm = (by: typeof browser) => by.json('POST', '/api/security-info/authenticators/confirm', {
        kind: 'softwareOath', registration: begun.registration, code: appCode(test, begun.setupKey.replaceAll(' ', '')),
      })
      assert.equal((await confirm(other)).json().reasons[0].code, 'LK_CODE_EXPIRED')
      assert.equal((await confirm(browser)).statusCode, 201)
      assert.equal((await methodsOf(ann)).length, 1)
    })
  })
}
