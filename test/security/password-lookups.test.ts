import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signedIn } from '../support/signed-in.ts'
import { makeApp } from '../support/make-app.ts'
import { addPerson } from '../support/people.ts'

test('T-88: looking passwords up has one budget, whichever of the doors is asked, and none of them shortens it', async () => {
  const t = await makeApp()
  try {
    const ann = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'ann', password: null }))
    const doors = ['/api/validate-password', '/v1.0/users/validatePassword', '/beta/users/validatePassword']
    for (let n = 0; n < 60; n++) assert.equal((await ann.post(doors[0]!, { password: `word ${n}` })).statusCode, 200)
    await t.clock.advance(2 * 60_000)
    for (const door of doors) assert.equal((await ann.post(door, { password: 'one more' })).statusCode, 429, door)
    await t.clock.advance(8 * 60_000)
    for (const door of doors) assert.equal((await ann.post(door, { password: 'one more' })).statusCode, 200, door)
  } finally {
    await t.close()
  }
})
