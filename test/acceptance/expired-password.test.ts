import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signedIn } from '../support/signed-in.ts'
import { makeApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'

const day = 86_400_000

test('A-22: a password 91 days old is let in while it may not expire, and has to be changed once DisablePasswordExpiration is removed', async () => {
  const t = await makeApp()
  try {
    await t.app.db.updateTable('domains').set({ passwordValidityPeriodInDays: 90 }).where('id', '=', 'contoso.example').execute()
    const kim = await addPerson(t.app, t.tenantId, { name: 'kim' })
    const gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] }))
    const allow = async (passwordPolicies: string) => assert.equal((await gus.patch(`/v1.0/users/${kim.id}`, { passwordPolicies })).statusCode, 204)
    const signIn = async () => {
      const browser = t.browser()
      await browser.get('/signin')
      await browser.post('/signin', { userName: kim.userPrincipalName, password: kim.password })
      return browser
    }
    await allow('DisablePasswordExpiration')
    await t.app.db.updateTable('passwords').set({ changedAt: t.clock.now() - 91 * day }).where('userId', '=', kim.id).execute()
    assert.equal((await signIn()).path, '/account')
    await allow('None')
    const stopped = await signIn()
    assert.equal(stopped.path, '/signin/new-password')
    assert.equal(stopped.cookies.has('__Host-latchkey-session'), false, 'no session before it is changed')
    await stopped.post('/signin/new-password', { password: kim.password, newPassword: 'Xylem-Orbit-42-Fjord', confirmPassword: 'Xylem-Orbit-42-Fjord' })
    assert.equal(stopped.path, '/account', stopped.page)
  } finally {
    await t.close()
  }
})
