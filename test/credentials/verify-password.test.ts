import assert from 'node:assert/strict'
import { hashingLane } from '../../src/credentials/hash-password.ts'
import { createAppPassword, deleteAppPassword, listAppPasswords, showAppPassword, verifyAppPassword } from '../../src/credentials/app-passwords.ts'
import { unlockAccount } from '../../src/credentials/unlock-account.ts'
import { verifyPassword } from '../../src/credentials/verify-password.ts'
import type { PasswordCheck } from '../../src/credentials/verify-password.ts'
import { rotateKeyFile } from '../../src/key-file.ts'
import { Refusal } from '../../src/refusal.ts'
import { Secret } from '../../src/secret.ts'
import { findPassword } from '../../src/store/passwords.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import { minute, onStage } from './stage.ts'
import type { Stage } from './stage.ts'

const home = { address: '192.0.2.1' }
const elsewhere = (n: number) => ({ address: `198.51.${Math.floor(n / 250)}.${(n % 250) + 1}` })

const check = (stage: Stage, typedName: string, password: string, more: Partial<PasswordCheck> = {}) =>
  verifyPassword(stage.app, { tenantId: stage.tenantId, typedName, password: new Secret(password), place: home, purpose: 'signIn', ...more })

onStage('the right password is right, by any spelling of the name; a wrong one, an empty one and a name nobody has are wrong', async stage => {
  const ann = await addPerson(stage.app, stage.tenantId, { name: 'ann' })
  for (const name of ['ann@contoso.example', ' ANN@Contoso.example ', 'ａnn@contoso.example']) assert.equal((await check(stage, name, ann.password)).outcome, 'right', name)
  for (const [name, password] of [['ann@contoso.example', 'x'], ['ann@contoso.example', ''], ['nobody@contoso.example', ann.password], ['', '']] as const) {
    assert.deepEqual(await check(stage, name, password), { outcome: 'wrong' }, name)
  }
})

onStage('T-02: exactly one hash for the right and the wrong, nobody, no password, the disabled, the domain’s people and the too long', async stage => {
  const { app, tenantId } = stage
  await app.db.updateTable('domains').set({ signInModel: 'pta' }).where('id', '=', 'contoso.onlatchkey.example').execute()
  await addPerson(app, tenantId, { name: 'ann' })
  await addPerson(app, tenantId, { name: 'dis', disabled: true })
  await addPerson(app, tenantId, { name: 'none', password: null })
  await addPerson(app, tenantId, { name: 'pat', domain: 'contoso.onlatchkey.example', synced: true, password: null })
  const cases = ['ann', 'dis', 'none', 'nobody'].flatMap(name => ['', 'wrong', 'x'.repeat(2_000), `Gr8-${name}-Kelp#71`].map(password => [`${name}@contoso.example`, password] as const))
  for (const [name, password] of [...cases, ['pat@contoso.onlatchkey.example', 'x'] as const]) {
    const before = hashingLane().started
    await check(stage, name, password)
    assert.equal(hashingLane().started - before, 1, `${name} ${password.slice(0, 20)}`)
  }
})

onStage('LD-32: only after the right password is it told that the account is disabled', async stage => {
  const dis = await addPerson(stage.app, stage.tenantId, { name: 'dis', disabled: true })
  assert.deepEqual(await check(stage, dis.userPrincipalName, 'wrong'), { outcome: 'wrong' })
  assert.deepEqual(await check(stage, dis.userPrincipalName, dis.password), { outcome: 'refused', userId: dis.id, code: 'LK_SIGNIN_DISABLED' })
})

onStage('T-22: a stranger at full rate from many addresses locks strangers out, never the place its owner signs in from', async stage => {
  const ann = await addPerson(stage.app, stage.tenantId, { name: 'ann', mail: 'ann@contoso.example' })
  assert.equal((await check(stage, ann.userPrincipalName, ann.password)).outcome, 'right')
  const outcomes: string[] = []
  for (let n = 0; n < 60; n++) outcomes.push((await check(stage, ann.userPrincipalName, `guess ${n}`, { place: elsewhere(n) })).outcome)
  assert.equal(outcomes.filter(one => one === 'wrong').length, 10)
  assert.equal((await check(stage, ann.userPrincipalName, ann.password, { place: elsewhere(999) })).outcome, 'locked', 'a right password is not confirmed while locked')
  assert.equal((await check(stage, ann.userPrincipalName, ann.password)).outcome, 'right')
  assert.equal((await check(stage, ann.userPrincipalName, ann.password, { place: { address: '203.0.113.9', device: 'phone' } })).outcome, 'locked')
  await stage.work()
  assert.deepEqual(stage.mail.map(one => one.name), ['lockedByGuessing'])
})

onStage('LD-36, LD-32: a lock lasts a minute, then two, then four, and a name nobody has is locked alike', async stage => {
  const ann = await addPerson(stage.app, stage.tenantId, { name: 'ann' })
  for (const name of [ann.userPrincipalName, 'nobody@contoso.example']) {
    const lengths: number[] = []
    for (let n = 0; n < 12; n++) {
      assert.equal((await check(stage, name, `guess ${n}`)).outcome, 'wrong', `${name} ${n}`)
      // The same one again is not counted, so asking with it only looks.
      const next = await check(stage, name, `guess ${n}`)
      if (next.outcome !== 'locked') continue
      const length = Math.round((next.until - stage.app.now()) / minute)
      lengths.push(length)
      await stage.advance(length * minute + 1_000)
    }
    assert.deepEqual(lengths, [1, 2, 4], name)
  }
})

onStage('the same wrong password again is counted once: an old password in a phone locks nobody', async stage => {
  const ann = await addPerson(stage.app, stage.tenantId, { name: 'ann' })
  for (let n = 0; n < 30; n++) assert.equal((await check(stage, ann.userPrincipalName, 'Old-Password#1')).outcome, 'wrong')
  assert.equal((await check(stage, ann.userPrincipalName, ann.password)).outcome, 'right')
})

onStage('T-88: one budget: spent in a signed-in session it is spent at sign-in, and an administrator’s unlock gives it back', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  for (let n = 0; n < 10; n++) await check(stage, '', `guess ${n}`, { typedName: undefined, userId: ann.id, purpose: 'changePassword' })
  assert.equal((await check(stage, ann.userPrincipalName, ann.password)).outcome, 'locked')
  const viaApp = await verifyAppPassword(app, { tenantId, typedName: ann.userPrincipalName, appPassword: new Secret('a'.repeat(16)), place: home })
  assert.equal(viaApp.outcome, 'locked')
  await unlockAccount(app, { tenantId, userId: ann.id, actor: { kind: 'user', userId: 'gus' }, correlationId: 'c' })
  assert.equal((await check(stage, ann.userPrincipalName, ann.password)).outcome, 'right')
})

onStage('T-24, T-25: an address that spreads wrong passwords over many names is stopped', async stage => {
  const outcomes: string[] = []
  for (let n = 0; n < 110; n++) outcomes.push((await check(stage, `user${n}@contoso.example`, `Winter#${n}`, { place: { address: '203.0.113.77' } })).outcome)
  assert.deepEqual([outcomes.filter(one => one === 'wrong').length, outcomes.filter(one => one === 'locked').length], [100, 10])
})

onStage('LD-12: people of the domain are asked for there; with hash sync the right password leaves a copy', async stage => {
  const { app, tenantId } = stage
  await app.db.updateTable('domains').set({ signInModel: 'phs' }).where('id', '=', 'contoso.example').execute()
  const ann = await addPerson(app, tenantId, { name: 'ann', synced: true, password: null })
  let asked = 0
  stage.setAgents({
    verifyPassword: async ({ password }) => {
      asked++
      return password.reveal() === 'Domain#1234' ? 'right' : 'wrong'
    },
  })
  assert.equal((await check(stage, ann.userPrincipalName, 'nonsense')).outcome, 'wrong')
  assert.equal((await check(stage, ann.userPrincipalName, 'Domain#1234')).outcome, 'right')
  assert.ok((await findPassword(app.db, tenantId, ann.id))?.hash)
  assert.equal((await check(stage, ann.userPrincipalName, 'Domain#1234')).outcome, 'right')
  assert.equal(asked, 2, 'the copy answers')
  await app.db.updateTable('passwords').set({ hash: null }).execute()
  stage.setAgents({})
  assert.equal((await check(stage, ann.userPrincipalName, 'Domain#1234')).outcome, 'unavailable')
})

onStage('R-13: after the pepper has changed people sign in as before, and their hashes move along', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  rotateKeyFile(app.config.keysFile, 'pepper', 'add')
  rotateKeyFile(app.config.keysFile, 'pepper', 'use')
  app.keys.reload()
  assert.equal((await check(stage, ann.userPrincipalName, ann.password)).outcome, 'right')
  assert.match((await findPassword(app.db, tenantId, ann.id))!.hash!, /\$p1\+p2\$/)
  assert.equal((await check(stage, ann.userPrincipalName, ann.password)).outcome, 'right')
})

const actor = (userId: string) => ({ actor: { kind: 'user' as const, userId }, correlationId: 'c' })

onStage('A-24: forty app passwords and no more; each opens, a wrong one does not, a deleted one no longer', async stage => {
  const { app, tenantId } = stage
  await changePolicy(app, tenantId, 'tenantSettings', { allowAppPasswords: true })
  const ann = await addPerson(app, tenantId, { name: 'ann', perUserMfaState: 'enforced' })
  const make = (displayName: string) => createAppPassword(app, { tenantId, userId: ann.id, displayName, ...actor(ann.id) })
  const made = []
  for (let n = 0; n < 40; n++) made.push(await make(`Phone ${n}`))
  await assert.rejects(make('One more'), error => error instanceof Refusal && error.code === 'LK_APP_PASSWORD_MAX')
  assert.match(made[0]!.appPassword.reveal(), /^[a-z]{16}$/)
  assert.match(showAppPassword(made[0]!.appPassword).reveal(), /^[a-z]{4} [a-z]{4} [a-z]{4} [a-z]{4}$/)
  const verify = (text: string, name = ann.userPrincipalName) => verifyAppPassword(app, { tenantId, typedName: name, appPassword: new Secret(text), place: home })
  const before = hashingLane().started
  assert.deepEqual(await verify(showAppPassword(made[39]!.appPassword).reveal()), { outcome: 'right', userId: ann.id, userPrincipalName: ann.userPrincipalName, id: made[39]!.id })
  assert.equal(hashingLane().started - before, 1, 'T-73: one check, one hash')
  assert.deepEqual(await verify('abcdefghijklmnop'), { outcome: 'wrong' })
  assert.deepEqual(await verify(ann.password), { outcome: 'wrong' }, 'T-56: the password itself opens nothing here')
  assert.deepEqual(await verify(made[0]!.appPassword.reveal(), 'bob@contoso.example'), { outcome: 'wrong' })
  assert.equal((await check(stage, ann.userPrincipalName, made[0]!.appPassword.reveal())).outcome, 'wrong', 'T-56: an app password opens no page')
  await deleteAppPassword(app, { tenantId, userId: ann.id, id: made[0]!.id, ...actor(ann.id) })
  assert.deepEqual(await verify(made[0]!.appPassword.reveal()), { outcome: 'wrong' })
  await assert.rejects(make('phone 5 '), error => error instanceof Refusal && error.code === 'LK_APP_PASSWORD_NAME_TAKEN')
  await changePolicy(app, tenantId, 'tenantSettings', { allowAppPasswords: false })
  assert.equal((await verify(made[7]!.appPassword.reveal())).outcome, 'right', 'switched off, existing ones go on working')
  await assert.rejects(make('New'), error => error instanceof Refusal && error.code === 'LK_APP_PASSWORD_OFF')
  assert.equal(await deleteAppPassword(app, { tenantId, userId: ann.id, ...actor('gus') }), 39)
  assert.deepEqual(await listAppPasswords(app.db, tenantId, ann.id), [])
})

onStage('of many app passwords made at once no more than forty come to be', async stage => {
  const { app, tenantId } = stage
  await changePolicy(app, tenantId, 'tenantSettings', { allowAppPasswords: true })
  const ann = await addPerson(app, tenantId, { name: 'ann', perUserMfaState: 'enabled' })
  const made = await Promise.allSettled(Array.from({ length: 50 }, (_, n) => createAppPassword(app, { tenantId, userId: ann.id, displayName: `n${n}`, ...actor(ann.id) })))
  assert.equal(made.filter(one => one.status === 'fulfilled').length, 40)
  assert.equal((await listAppPasswords(app.db, tenantId, ann.id)).length, 40)
})

onStage('a program that asks all day neither spends nor restores the tries of a guesser', async stage => {
  const { app, tenantId } = stage
  await changePolicy(app, tenantId, 'tenantSettings', { allowAppPasswords: true })
  const ann = await addPerson(app, tenantId, { name: 'ann', perUserMfaState: 'enabled' })
  const { appPassword } = await createAppPassword(app, { tenantId, userId: ann.id, displayName: 'Mail', ...actor(ann.id) })
  let wrong = 0
  for (let n = 0; n < 20; n++) {
    if ((await check(stage, ann.userPrincipalName, `guess ${n}`, { place: elsewhere(n) })).outcome === 'wrong') wrong++
    await verifyAppPassword(app, { tenantId, typedName: ann.userPrincipalName, appPassword, place: elsewhere(n) })
  }
  assert.equal(wrong, 10)
})
