/** T-68: one password in every way a keyboard may send it, codes in other scripts, and names that hide or turn what follows. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { signedIn as sessionOf } from '../support/signed-in.ts'
import { isPassword, openReset, Visitor } from '../reset/stage.ts'
import { signIn } from '../security-info/signed-in.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'

/** Arabic-Indic, Devanagari, fullwidth: as a phone in another language types them. */
const inScript = (code: string, zero: number) => [...code].map(digit => String.fromCodePoint(zero + Number(digit))).join('')

describe('T-68: spellings', () => {
  let t: TestApp
  before(async () => {
    t = await makeApp()
    await openReset(t)
    await changePolicy(t.app, t.tenantId, 'tenantSettings', { passwordRules: 'nist' })
  })
  after(() => t.close())

  test('a password set in one Unicode form opens in every other, by page and by JSON, and is neither trimmed nor cut', async () => {
    const passwords = ['Ærø čakste ½ ﬁnnr Žagarė', ' leading and trailing blanks ', 'šķēršļu-josla-Ķengarags', 'пароль-для-Ann-Бергман', '🦄🦄 unicorns 🦄🦄 on parade', `${'ligature ﬀ '.repeat(20)}end`]
    for (const [at, password] of passwords.entries()) {
      const ann = await addPerson(t.app, t.tenantId, { name: `ann${at}`, email: `ann${at}@home.example` })
      const visitor = new Visitor(t)
      await visitor.start(ann.userPrincipalName)
      await visitor.choose('email')
      await visitor.enter('email', visitor.mailed(`ann${at}@home.example`))
      await visitor.newPassword(password.normalize('NFD'))
      assert.equal(visitor.title, 'Your password is changed', `${password}: ${visitor.codes}`)
      for (const form of ['NFC', 'NFD', 'NFKC', 'NFKD'] as const) {
        const browser = t.browser()
        await signIn(browser, { userPrincipalName: ann.userPrincipalName, password: password.normalize(form) })
        assert.ok(browser.cookies.has('__Host-latchkey-session'), `${password} as ${form}`)
        assert.equal((await t.browser().json('POST', '/api/signin', { userName: ann.userPrincipalName, password: password.normalize(form) })).statusCode, 200)
      }
      for (const other of [password.trim(), password.slice(0, -1), `${password}x`, password.toLowerCase()].filter(one => one.normalize('NFKC') !== password.normalize('NFKC')))
        assert.equal(await isPassword(t.app, ann, other), false, `${other} is another password`)
    }
  })

  test('what no keyboard sends is refused in a new password: NUL, other controls, halves of a pair', async () => {
    const bea = await addPerson(t.app, t.tenantId, { name: 'bea', email: 'bea@home.example' })
    const visitor = new Visitor(t)
    await visitor.start(bea.userPrincipalName)
    await visitor.choose('email')
    await visitor.enter('email', visitor.mailed('bea@home.example'))
    for (const bad of ['long enough but \u0000 hidden', 'long enough but \u0007 rings']) {
      await visitor.newPassword(bad)
      assert.ok(visitor.codes.length > 0, JSON.stringify(bad))
      assert.ok(await isPassword(t.app, bea, bea.password))
    }
  })

  test('a code is taken in the digits of any script, with blanks as one likes', async () => {
    for (const [at, zero] of [0x660, 0x966, 0xff10].entries()) {
      const cai = await addPerson(t.app, t.tenantId, { name: `cai${at}`, email: `cai${at}@home.example` })
      const visitor = new Visitor(t)
      await visitor.start(cai.userPrincipalName)
      await visitor.choose('email')
      const code = inScript(visitor.mailed(`cai${at}@home.example`), zero)
      await visitor.enter('email', ` ${code.slice(0, 4)}\u00a0${code.slice(4)} `)
      assert.equal(visitor.title, 'Choose a new password', code)
    }
  })

  test('a name loses what hides or turns it, by whichever door it comes, and one that is nothing else is refused', async () => {
    const gus = await sessionOf(t, await addPerson(t.app, t.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] }))
    const dan = await addPerson(t.app, t.tenantId, { name: 'dan', perUserMfaState: 'enforced', totp: 'JBSWY3DPEHPK3PXP' })
    const tricked = 'Dan \u202egro.elpmaxe\u202c \u2066nimdA\u2069\u0007\u200f\n Berg'
    assert.equal((await gus.patch(`/v1.0/users/${dan.id}`, { displayName: tricked, jobTitle: '\u202eredaeL' })).statusCode, 204)
    const shown = (await gus.get(`/v1.0/users/${dan.id}?$select=displayName,jobTitle`)).json()
    assert.equal(shown.displayName, 'Dan gro.elpmaxe nimdA Berg')
    assert.equal(shown.jobTitle, 'redaeL')
    const made = await gus.post('/v1.0/users', {
      accountEnabled: true, displayName: tricked, mailNickname: 'eve', userPrincipalName: 'eve@contoso.example', passwordProfile: { password: 'Kelp-7-wander-on-and-on' },
    })
    assert.equal(made.json().displayName, 'Dan gro.elpmaxe nimdA Berg', made.payload)
    assert.equal((await gus.patch(`/v1.0/users/${dan.id}`, { displayName: '\u202e\u202c' })).statusCode, 400)
    const found = (await gus.get(`/v1.0/users?$filter=startswith(displayName,'Dan gro')`)).json().value
    assert.equal(found.length, 2, 'it is found by what is seen')
    const persian = 'می\u200cخواهم'
    await gus.patch(`/v1.0/users/${dan.id}`, { displayName: persian })
    assert.equal((await gus.get(`/v1.0/users/${dan.id}`)).json().displayName, persian, 'joiners that a script needs stay')
  })

  test('two names that look alike to a reader are one name (T-23)', async () => {
    const gus = await sessionOf(t, await addPerson(t.app, t.tenantId, { name: 'gia', roles: [roleIds.globalAdministrator] }))
    await addPerson(t.app, t.tenantId, { name: 'kilian' })
    for (const name of ['KILIAN@contoso.example', '\u212Ailian@contoso.example', 'ｋilian@contoso.example']) {
      const reply = await gus.post('/v1.0/users', { accountEnabled: true, displayName: 'Twin', mailNickname: 'twin', userPrincipalName: name, passwordProfile: { password: 'Kelp-7-wander-on-and-on' } })
      assert.equal(reply.statusCode, 400, name)
    }
  })
})
