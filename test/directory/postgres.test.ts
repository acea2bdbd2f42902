import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import { hostile } from './hostile-text.ts'
import { signedIn } from '../support/signed-in.ts'

test('T-64 (postgres): hostile text is data or a 4xx on PostgreSQL too, which takes less than SQLite does', async () => {
  const t = await makeApp({ engine: 'postgres' })
  try {
    const gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
    const ann = await addPerson(t.app, t.tenantId, { name: 'ann', password: null })
    for (const text of hostile) {
      const encoded = encodeURIComponent(text.toWellFormed())
      const replies = await Promise.all([
        gus.get(`/v1.0/users/${encoded}`), gus.get(`/v1.0/users?$filter=userPrincipalName eq '${encoded}'`), gus.get(`/v1.0/users?$filter=startswith(displayName,'${encoded}')`),
        gus.patch(`/v1.0/users/${ann.id}`, { displayName: text, mobilePhone: text, otherMails: [text] }), gus.post('/api/diagnose', { question: 'D-05', target: text, supportCode: text }),
        gus.get(`/v1.0/auditLogs/directoryAudits?$filter=category eq '${encoded}'`),
      ])
      for (const [index, reply] of replies.entries()) assert.ok(reply.statusCode < 500, `${JSON.stringify(text.slice(0, 40))} at ${index}: ${reply.payload.slice(0, 200)}`)
    }
    assert.equal((await gus.get('/v1.0/users')).json().value.length, 2)
  } finally {
    await t.close()
  }
})
