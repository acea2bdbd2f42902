// Being asked again in a session somebody may have stolen (T-86), and second factors that are not allowed (sspr §2.9).
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { TOTP } from 'otpauth'
import { signedIn } from '../support/signed-in.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addMethodRow, addPerson } from '../support/people.ts'

let t: TestApp
before(async () => {
  t = await makeApp()
})
after(() => t.close())

const chosen = 'Kelp-and-Dulse-77'
const failuresOf = async () => (await t.app.db.selectFrom('signInLockouts').select(['failures', 'lockCount']).execute()).map(row => row.failures + 10 * row.lockCount)

test('T-86, T-04: of thirty guesses at once for the old password five are looked at, and the session is over', async () => {
  const ann = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'ann' }))
  const replies = await Promise.all(Array.from({ length: 30 }, (_, n) => ann.post('/api/change-password', { currentPassword: `guess ${n}`, newPassword: chosen })))
  assert.deepEqual(await failuresOf(), [5])
  assert.ok(replies.every(reply => reply.statusCode === 422 || reply.statusCode === 401))
  assert.equal((await ann.get('/api/sessions')).statusCode, 401)
  await t.app.db.deleteFrom('signInLockouts').execute()
})

test('T-86: where a new password is due, the fifth wrong old one ends the sign-in, too', async () => {
  const bob = await addPerson(t.app, t.tenantId, { name: 'bob', mustChange: true })
  const browser = t.browser()
  assert.equal((await browser.json('POST', '/api/signin', { userName: bob.userPrincipalName, password: bob.password })).json().next, 'newPassword')
  const guess = (n: number) => browser.json('POST', '/api/signin/new-password', { currentPassword: `guess ${n}`, newPassword: chosen })
  for (let n = 1; n <= 4; n++) assert.equal((await guess(n)).json().reasons[0].code, 'LK_PASSWORD_CURRENT_WRONG')
  assert.equal((await guess(5)).json().reasons[0].code, 'LK_SESSION_ENDED')
  assert.equal((await guess(6)).statusCode, 401)
  assert.deepEqual(await failuresOf(), [5])
})

test('a right old password costs no try, however often the new one is refused', async () => {
  const cas = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'cas' }))
  for (let n = 0; n < 8; n++) {
    const reply = await cas.post('/api/change-password', { currentPassword: cas.person.password, newPassword: 'short' })
    assert.equal(reply.json().field, 'newPassword')
  }
  assert.equal((await cas.get('/api/sessions')).statusCode, 200)
})

test('sspr §2.9: the code of a token that no policy allows is no second factor', async () => {
  const seeds = { allowed: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', forbidden: 'KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU' }
  const dan = await addPerson(t.app, t.tenantId, { name: 'dan', totp: seeds.allowed })
  await addMethodRow(t.app, t.tenantId, dan.id, 'hardwareOath', seeds.forbidden)
  const browser = t.browser()
  await browser.json('POST', '/api/signin', { userName: dan.userPrincipalName, password: dan.password })
  const { methods } = (await browser.json('GET', '/api/signin')).json()
  assert.equal(methods.length, 1, 'the token is not offered')
  const prove = (secret: string) =>
    browser.json('POST', '/api/signin/second-factor', { methodId: methods[0].methodId, code: new TOTP({ secret }).generate({ timestamp: t.clock.now() }) })
  assert.equal((await prove(seeds.forbidden)).statusCode, 422)
  assert.equal((await prove(seeds.allowed)).json().next, 'done')
})
