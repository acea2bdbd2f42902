import assert from 'node:assert/strict'
import { hashingLane } from '../../src/credentials/hash-password.ts'
import { verifyPassword } from '../../src/credentials/verify-password.ts'
import { Secret } from '../../src/secret.ts'
import { onStage } from '../credentials/stage.ts'
import { addPerson } from '../support/people.ts'

const season = 'Winter#2026'

onStage('T-25: one password tried on 5,000 names (500 on PostgreSQL), each from another address, is compared with forty of them', async stage => {
  const { app, tenantId } = stage
  const names = stage.store.engine === 'sqlite' ? 5_000 : 500
  const victim = await addPerson(app, tenantId, { name: 'victim', password: season })
  const owner = await addPerson(app, tenantId, { name: 'owner', password: season })
  const at = (address: string) => ({ tenantId, password: new Secret(season), place: { address }, purpose: 'signIn' as const })
  assert.equal((await verifyPassword(app, { ...at('192.0.2.1'), typedName: owner.userPrincipalName })).outcome, 'right')
  const before = hashingLane().started
  for (let n = 0; n < names; n++) await verifyPassword(app, { ...at(`198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`), typedName: `user${n}@contoso.example` })
  const compared = hashingLane().started - before
  assert.equal(compared, 40)
  const target = await verifyPassword(app, { ...at('203.0.113.9'), typedName: victim.userPrincipalName })
  assert.equal(target.outcome, 'locked', 'whoever really has it is not found by the spray')
  assert.equal((await verifyPassword(app, { ...at('192.0.2.1'), typedName: owner.userPrincipalName })).outcome, 'right', 'where its owner is known it opens')
  const other = { tenantId, place: { address: '203.0.113.10' }, purpose: 'signIn' as const, typedName: victim.userPrincipalName }
  assert.equal((await verifyPassword(app, { ...other, password: new Secret('Another#2026') })).outcome, 'wrong', 'other passwords are not touched')
  await stage.advance(24 * 3_600_000 + 1)
  assert.equal((await verifyPassword(app, { ...at('203.0.113.9'), typedName: victim.userPrincipalName })).outcome, 'right', 'after a day it is over')
})

onStage('T-25: somebody’s own old password, however often it is repeated, is no spray', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  for (let n = 0; n < 60; n++) await verifyPassword(app, { tenantId, typedName: ann.userPrincipalName, password: new Secret(season), place: { address: `198.51.100.${n}` }, purpose: 'signIn' })
  const bea = await addPerson(app, tenantId, { name: 'bea', password: season })
  assert.equal((await verifyPassword(app, { tenantId, typedName: bea.userPrincipalName, password: new Secret(season), place: { address: '203.0.113.9' }, purpose: 'signIn' })).outcome, 'right')
})
