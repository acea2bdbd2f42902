import assert from 'node:assert/strict'
import { hashingLane } from '../../src/credentials/hash-password.ts'
import { createTemporaryAccessPass, deleteTemporaryAccessPass, readTemporaryAccessPass, verifyTemporaryAccessPass } from '../../src/credentials/temporary-access-pass.ts'
import { Refusal } from '../../src/refusal.ts'
import { Secret } from '../../src/secret.ts'
import { addPerson } from '../support/people.ts'
import { hour, onStage } from './stage.ts'
import type { Stage } from './stage.ts'

const gus = { actor: { kind: 'user' as const, userId: 'gus' }, correlationId: 'c' }
const verify = (stage: Stage, text: string, typedName = 'ann@contoso.example') => verifyTemporaryAccessPass(stage.app, { tenantId: stage.tenantId, typedName, pass: new Secret(text) })
const outcome = async (stage: Stage, text: string) => {
  const verdict = await verify(stage, text)
  return verdict.outcome === 'refused' ? verdict.code : verdict.outcome
}

onStage('a pass opens while it lives, from its start to its end', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  const { pass, info } = await createTemporaryAccessPass(app, { tenantId, userId: ann.id, ...gus, startDateTime: app.now() + hour })
  assert.match(pass.reveal(), /^[A-Za-z0-9+*]{8}$/)
  assert.deepEqual([info.lifetimeInMinutes, info.isUsable], [60, false])
  assert.equal(await outcome(stage, pass.reveal()), 'LK_TAP_NOT_YET')
  await stage.advance(hour)
  assert.equal(await outcome(stage, pass.reveal()), 'right')
  assert.equal(await outcome(stage, pass.reveal()), 'right')
  await stage.advance(hour)
  assert.equal(await outcome(stage, pass.reveal()), 'LK_TAP_EXPIRED')
  assert.equal((await readTemporaryAccessPass(app, tenantId, ann.id))?.isUsable, false)
})

onStage('a pass may start within thirty days, not in years', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  const starting = (days: number) => createTemporaryAccessPass(app, { tenantId, userId: ann.id, ...gus, startDateTime: app.now() + days * 24 * hour })
  await starting(29)
  await assert.rejects(starting(31), (error: unknown) => error instanceof Refusal && error.code === 'LK_FIELD_INVALID')
})

onStage('T-05: one that may be used once is used once, by one of many at the same time', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  const { pass } = await createTemporaryAccessPass(app, { tenantId, userId: ann.id, ...gus, isUsableOnce: true })
  const verdicts = await Promise.all(Array.from({ length: 5 }, () => outcome(stage, pass.reveal())))
  assert.equal(verdicts.filter(one => one === 'right').length, 1)
  assert.equal(await outcome(stage, pass.reveal()), 'LK_TAP_USED')
})

onStage('T-17: five wrong tries end a pass; each costs one hash, for nobody too; a name has ten tries in an hour', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  const { pass } = await createTemporaryAccessPass(app, { tenantId, userId: ann.id, ...gus })
  for (const name of ['ann@contoso.example', 'nobody@contoso.example']) {
    for (let n = 0; n < 5; n++) {
      const before = hashingLane().started
      assert.equal((await verify(stage, 'WRONG+12', name)).outcome, 'wrong')
      assert.equal(hashingLane().started - before, 1)
    }
  }
  assert.equal(await outcome(stage, pass.reveal()), 'wrong', 'the right pass is dead')
  for (let n = 0; n < 5; n++) await verify(stage, 'WRONG+12')
  assert.equal(await outcome(stage, 'WRONG+12'), 'locked')
})

onStage('a new pass replaces the old one; lifetimes are the policy’s; nobody makes one for themselves', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  const wish = { tenantId, userId: ann.id, ...gus }
  const first = await createTemporaryAccessPass(app, wish)
  const second = await createTemporaryAccessPass(app, wish)
  assert.equal(await outcome(stage, first.pass.reveal()), 'wrong')
  assert.equal(await outcome(stage, second.pass.reveal()), 'right')
  for (const lifetimeInMinutes of [9, 59, 481, 90.5]) {
    await assert.rejects(createTemporaryAccessPass(app, { ...wish, lifetimeInMinutes }), error => error instanceof Refusal && error.code === 'LK_TAP_LIFETIME')
  }
  await assert.rejects(createTemporaryAccessPass(app, { ...wish, actor: { kind: 'user', userId: ann.id } }), error => error instanceof Refusal && error.code === 'SELF')
  await deleteTemporaryAccessPass(app, wish)
  assert.equal(await outcome(stage, second.pass.reveal()), 'wrong')
  const rows = JSON.stringify([await app.db.selectFrom('temporaryAccessPasses').selectAll().execute(), await app.db.selectFrom('audit').selectAll().execute()])
  for (const { pass } of [first, second]) assert.ok(!rows.includes(pass.reveal()))
})
