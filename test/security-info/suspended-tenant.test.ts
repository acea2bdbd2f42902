import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createAppPassword } from '../../src/credentials/app-passwords.ts'
import { updateTenant } from '../../src/store/tenants.ts'
import { makeApp } from '../support/make-app.ts'
import { addPerson, changePolicy } from '../support/people.ts'

test('T-56, T-87: while a tenant is suspended its app passwords open nothing, and afterwards they do again', async () => {
  const t = await makeApp()
  try {
    await changePolicy(t.app, t.tenantId, 'tenantSettings', { allowAppPasswords: true })
    const { tenantId, id: userId, userPrincipalName } = await addPerson(t.app, t.tenantId, { name: 'bob', password: null, perUserMfaState: 'enforced' })
    const { appPassword } = await createAppPassword(t.app, { tenantId, userId, displayName: 'mail', actor: { kind: 'user', userId }, correlationId: 'test' })
    const authorization = `Basic ${Buffer.from(`${userPrincipalName}:${appPassword.reveal()}`).toString('base64')}`
    const ask = async () => (await t.browser().request({ method: 'GET', url: '/auth/basic', headers: { authorization } })).statusCode
    assert.equal(await ask(), 200)
    await updateTenant(t.app.db, tenantId, { suspendedAt: t.app.now() })
    assert.equal(await ask(), 401)
    await updateTenant(t.app.db, tenantId, { suspendedAt: null })
    assert.equal(await ask(), 200)
  } finally {
    await t.close()
  }
})
