import assert from 'node:assert/strict'
import { after, before, describe, test as check } from 'node:test'
import { codeIn } from '../support/capture.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import type { Browser } from '../support/browse.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'
import type { Person, PersonOptions } from '../support/people.ts'
import { appCode, auditOf, seed, shownCodes, signedIn, signIn, signInWithApp, textOf } from './signed-in.ts'

const day = 86_400_000
const wizard = '/security-info/register'

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`the stop at sign-in on ${engine}`, () => {
    let test: TestApp
    let count = 0
    const person = (options: Partial<PersonOptions> = {}): Promise<Person> =>
      addPerson(test.app, test.tenantId, { name: `w${++count}`, registered: false, ...options })
    const isSignedIn = (browser: Browser) => browser.cookies.has('__Host-latchkey-session')
    const stop = async (one: Person): Promise<Browser> => {
      const browser = test.browser()
      await signInWithApp(test, browser, one)
      return browser
    }
    const codeFor = async (address: string): Promise<string> => {
      await test.work()
      return codeIn(test.mail.findLast(mail => mail.to === address && /\d{4} \d{4}/.test(mail.text))!.text)
    }
    const registerEmail = async (browser: Browser, address: string) => {
      await browser.get(`${wizard}/add/email`)
      await browser.post(`${wizard}/add/email`, { destination: address })
      await browser.post(`${wizard}/confirm/email`, { code: await codeFor(address) })
    }
    const prompts = async (one: Person) =>
      (await test.app.db.selectFrom('usageEvents').select(['status']).where('userId', '=', one.id).where('feature', '=', 'prompt').orderBy('at').execute()).map(row => row.status)

    before(async () => { test = await makeApp({ engine }) })
    after(() => test?.close())
    const policy = (change: Record<string, unknown>) => changePolicy(test.app, test.tenantId, 'passwordResetPolicy', change)

    check('somebody with nothing registered is stopped, sets up what is needed, reviews, and is signed in', async () => {
      await policy({ enablementType: 2 })
      const ann = await person()
      const browser = await stop(ann)
      assert.ok(browser.path.startsWith(wizard), browser.path)
      assert.equal(isSignedIn(browser), false)
      assert.match(textOf(browser.page), /Your organisation asks you to have 1 way/)

      await registerEmail(browser, 'ann@mail.example')
      assert.equal(browser.path, wizard)
      assert.match(textOf(browser.page), /You have set up what is needed/)
      await browser.post(`${wizard}/review`)
      assert.equal(browser.path, '/account')
      assert.ok(isSignedIn(browser))

      const activities = await auditOf(test, ann.id)
      for (const activity of [
        'User started security info registration', 'User registered security info', 'Security info saved for self-service password reset',
        'User registered for self-service password reset', 'User reviewed security info', 'User registered all required security info',
      ]) assert.equal(activities.filter(one => one === activity).length, 1, `${activity} in ${activities.join('; ')}`)
      assert.deepEqual(await prompts(ann), ['started', 'success'])
    })

    check('M-26: the most secure method comes first, the others behind one link; what the policies forbid is not there (M-40)', async () => {
      const browser = await stop(await person())
      assert.match(browser.page, /href="\/security-info\/register\/add\/other-app"/)
      await browser.get(`${wizard}/add`)
      assert.match(textOf(browser.page), /Choose a method .*Phone \(text message\).*Email/)
      assert.doesNotMatch(textOf(browser.page), /Security questions|Microsoft Authenticator/)
    })

    check('A-26: skipped for now, it asks again at the next sign-in', async () => {
      const ann = await person()
      const browser = await stop(ann)
      await browser.post(`${wizard}/skip`)
      assert.equal(browser.path, '/account')
      assert.ok(isSignedIn(browser))
      assert.ok((await auditOf(test, ann.id)).includes('User canceled security info registration'))
      const again = await stop(ann)
      assert.ok(again.path.startsWith(wizard), again.path)
      assert.equal(isSignedIn(again), false)
    })

    check('A-26: re-confirmation is asked after its days, never with 0, and “Looks good” starts the days anew', async () => {
      const ann = await person({ email: 'again@mail.example', registered: true })
      assert.equal((await stop(ann)).path, '/account')
      await test.app.db.updateTable('users').set({ lastConfirmedAt: test.clock.now() - 181 * day }).where('id', '=', ann.id).execute()
      await policy({ registrationReconfirmIntevalInDays: 0 })
      assert.equal((await stop(ann)).path, '/account')
      await policy({ registrationReconfirmIntevalInDays: 180 })
      const browser = await stop(ann)
      assert.match(textOf(browser.page), /Is your security info up to date\? .*ag\*{6}n@mail\.example/)
      await browser.post(`${wizard}/review`)
      assert.equal(browser.path, '/account')
      assert.equal((await stop(ann)).path, '/account')
      assert.ok((await auditOf(test, ann.id)).includes('User reviewed security info'))
    })

    check('only what is missing is asked for: with two required, one is there', async () => {
      await policy({ numberOfAuthenticationMethodsRequired: 2 })
      const browser = await stop(await person({ email: 'one@mail.example' }))
      assert.match(textOf(browser.page), /Step 2 of 2/)
      await browser.get(`${wizard}/add`)
      assert.doesNotMatch(browser.page, /add\/email/)
      await browser.get(`${wizard}/add/other-app`)
      const registration = /name="registration" value="([^"]+)"/.exec(browser.page)![1]!
      const key = /<code>((?:[A-Z2-7]{4} ?)+)<\/code>/.exec(browser.page)![1]!.replaceAll(' ', '')
      await browser.post(`${wizard}/add/other-app`, { registration, code: appCode(test, key) })
      assert.match(textOf(browser.page), /You have set up what is needed/)
      await browser.post(`${wizard}/review`)
      assert.equal(browser.path, '/account', 'the code that registered the app is a proof: sign-in asks for no other')
      await policy({ numberOfAuthenticationMethodsRequired: 1 })
    })

    check('what waits after a reset (T-13) is registered all the same: the wizard ends, the method does not count yet', async () => {
      const ann = await person()
      await test.app.db
        .insertInto('passwordEvents')
        .values({ tenantId: test.tenantId, id: `${ann.id}-event`, userId: ann.id, at: test.clock.now(), channel: 'sspr-portal', writeback: 'notNeeded', code: null, actorId: ann.id })
        .execute()
      const browser = await stop(ann)
      await registerEmail(browser, 'waits@mail.example')
      assert.match(textOf(browser.page), /You have set up what is needed.*Counts for resetting your password from/)
      await browser.post(`${wizard}/review`)
      assert.equal(browser.path, '/account')
      assert.equal((await browser.json('GET', '/api/security-info')).json().readiness.state, 'missing')
    })

    check('who must have a second factor cannot skip, and is offered nothing weaker', async () => {
      const browser = await stop(await person({ perUserMfaState: 'enforced' }))
      assert.doesNotMatch(browser.page, /register\/skip/)
      await browser.get(`${wizard}/add`)
      assert.doesNotMatch(browser.page, /add\/email/)
      await browser.get(`${wizard}/add/phone`)
      await browser.post(`${wizard}/skip`)
      assert.deepEqual(shownCodes(browser.page), ['LK_REGISTER'])
      assert.equal(isSignedIn(browser), false)
      await browser.get('/signin/continue')
      assert.equal(isSignedIn(browser), false)
    })

    check('the page an administrator sees with reset switched off for administrators says so, and lets them through (§4.3)', async () => {
      await changePolicy(test.app, test.tenantId, 'authorizationPolicy', { allowedToUseSSPR: false })
      const all = { authenticationMethodConfigurations: [] }
      await changePolicy(test.app, test.tenantId, 'authenticationMethodsPolicy', all)
      const gus = await person({ roles: [roleIds.globalAdministrator] })
      const browser = await stop(gus)
      assert.match(textOf(browser.page), /nothing that you can register now/)
      await browser.post(`${wizard}/skip`)
      assert.equal(browser.path, '/account')
      await browser.get('/security-info')
      assert.match(textOf(browser.page), /Password reset is switched off for administrators/)
      await changePolicy(test.app, test.tenantId, 'authorizationPolicy', { allowedToUseSSPR: true })
      await test.app.db.deleteFrom('policies').where('name', '=', 'authenticationMethodsPolicy').execute()
    })

    check('T-14, LD-06: with the switch on, the first method needs a temporary access pass as well', async () => {
      await changePolicy(test.app, test.tenantId, 'tenantSettings', { firstRegistrationNeedsPass: true })
      const browser = await stop(await person())
      await browser.get(`${wizard}/add/email`)
      await browser.post(`${wizard}/add/email`, { destination: 'hijack@mail.example' })
      assert.deepEqual(shownCodes(browser.page), ['LK_TAP_NEEDED'])
      for (const [url, body] of [
        ['/api/security-info/register/codes', { kind: 'email', destination: 'hijack@mail.example' }],
        ['/api/security-info/register/authenticators', { kind: 'softwareOath' }],
      ] as const) {
        const reply = await browser.json('POST', url, body)
        assert.equal(reply.statusCode, 403)
        assert.equal(reply.json().reasons[0].code, 'LK_TAP_NEEDED')
      }
      await test.work()
      assert.equal(test.mail.some(mail => mail.to === 'hijack@mail.example'), false)

      const withPass = await stop(await person())
      const session = await test.app.db.selectFrom('sessions').select(['idHash', 'proofs']).orderBy('createdAt', 'desc').executeTakeFirstOrThrow()
      const proofs = JSON.stringify([...JSON.parse(session.proofs), { method: 'temporaryAccessPass', at: test.clock.now() }])
      await test.app.db.updateTable('sessions').set({ proofs }).where('idHash', '=', session.idHash).execute()
      await registerEmail(withPass, 'invited@mail.example')
      assert.match(textOf(withPass.page), /You have set up what is needed/)
      await changePolicy(test.app, test.tenantId, 'tenantSettings', { firstRegistrationNeedsPass: false })
    })

    check('T-15: who has a second factor gives it before anything can be added or seen', async () => {
      const ann = await person({ totp: seed })
      const browser = test.browser()
      await signIn(browser, ann)
      assert.match(browser.path, /^\/signin\/second-factor/)
      for (const path of ['/security-info', wizard, `${wizard}/add`, `${wizard}/add/email`]) {
        const reply = await browser.request({ method: 'GET', url: path })
        assert.equal(reply.statusCode, 303, path)
        assert.match(String(reply.headers.location), /^\/(signin|security-info\/register$)/)
      }
      await browser.get('/security-info')
      assert.match(browser.path, /^\/signin\/second-factor/)
      for (const path of ['/add/email', '/confirm/email', '/review', '/skip']) {
        const reply = await browser.send(`${wizard}${path}`, { destination: 'weak@mail.example', code: '12345678' })
        assert.equal(reply.statusCode, 303, path)
      }
      const api = await browser.json('POST', '/api/security-info/register/codes', { kind: 'email', destination: 'weak@mail.example' })
      assert.equal(api.statusCode, 401)
      await test.work()
      assert.equal(test.mail.some(mail => mail.to === 'weak@mail.example'), false)
    })

    check('the wizard’s door is shut to whoever is not asked to register: a password alone adds nothing', async () => {
      const ann = await person({ mustChange: true, email: 'has@mail.example', registered: true })
      const browser = test.browser()
      await signIn(browser, ann)
      assert.match(browser.path, /^\/signin\/new-password/)
      const reply = await browser.json('POST', '/api/security-info/register/codes', { kind: 'mobile', destination: '+45 20555555' })
      assert.equal(reply.statusCode, 409)
      assert.equal(reply.json().reasons[0].code, 'LK_OUT_OF_ORDER')
      const complete = await signedIn(test, await person({ email: 'in@mail.example', registered: true }))
      await test.clock.advance(11 * 60_000)
      assert.equal((await complete.json('POST', '/api/security-info/register/codes', { kind: 'mobile', destination: '+45 20555555' })).statusCode, 409)
      await test.work()
      assert.equal(test.texts.some(text => text.to === '+4520555555'), false)
    })

    check('a registration session is over after fifteen minutes (LD-19)', async () => {
      const browser = await stop(await person())
      await test.clock.advance(15 * 60_000 + 1000)
      await browser.get(`${wizard}/add/email`)
      assert.match(browser.path, /^\/signin\?/)
    })

    check('security questions: as many as the policy says, none twice, answers never shown again', async () => {
      const ids = ['sq.first.pet', 'sq.first.car', 'sq.childhood.hero']
      const securityQuestions = [...ids.map(id => ({ id, text: null })), { id: 'custom.1', text: 'Hvad hed dit første skib?' }]
      await policy({ securityQuestionsOptionEnabled: true, numberOfQuestionsToRegister: 3, numberOfQuestionsToReset: 3, securityQuestions })
      const ann = await person({ email: 'q@mail.example', registered: true })
      const browser = await signedIn(test, ann)
      await browser.get('/security-info/add/questions')
      assert.match(textOf(browser.page), /Hvad hed dit første skib\?/)
      const add = (pairs: [string, string][]) => browser.post('/security-info/add/questions',
        Object.fromEntries(pairs.flatMap(([question, answer], index) => [[`question${index + 1}`, question], [`answer${index + 1}`, answer]])))
      await add([['sq.first.pet', 'Rex'], ['sq.first.car', 'Volvo']])
      assert.deepEqual(shownCodes(browser.page), ['LK_QUESTIONS_COUNT'])
      await add([['sq.first.pet', 'Rex'], ['sq.first.pet', 'Volvo'], ['custom.1', 'Havfruen']])
      assert.deepEqual(shownCodes(browser.page), ['LK_QUESTION_TWICE'])
      await add([['sq.first.pet', 'Rex'], ['sq.first.car', ' rex '], ['custom.1', 'Havfruen']])
      assert.deepEqual(shownCodes(browser.page), ['LK_ANSWER_TWICE'])
      assert.doesNotMatch(browser.page, /Havfruen|Rex/)
      assert.match(browser.page, /<option value="custom\.1" selected/)
      await add([['sq.first.pet', 'Rx'], ['sq.first.car', 'Volvo'], ['custom.1', 'Havfruen']])
      assert.deepEqual(shownCodes(browser.page), ['LK_ANSWER_LENGTH'])
      await add([['sq.first.pet', 'Rex'], ['sq.first.car', 'Volvo'], ['custom.1', 'Havfruen']])
      assert.match(textOf(browser.page), /Security questions has been added|Security questions 3 answers/)
      await browser.get('/security-info')
      assert.match(textOf(browser.page), /Security questions 3 answers/)
      const json = (await browser.json('GET', '/api/security-info')).payload
      assert.doesNotMatch(json, /Havfruen|Rex|argon|answerHash/i, 'T-12: neither answers nor hashes leave')
      await browser.get('/security-info/methods/securityQuestions/delete')
      await browser.post('/security-info/methods/securityQuestions/delete')
      assert.deepEqual(await test.app.db.selectFrom('securityAnswers').select('questionId').where('userId', '=', ann.id).execute(), [])
      await policy({ securityQuestionsOptionEnabled: false })
    })
  })
}
