import assert from 'node:assert/strict'
import type { Db } from '../../src/app.ts'
import { changesBetween, forgetChanges, forgetOldChanges, nextChange, noteChange, remembersSince } from '../../src/store/changes.ts'
import { readCount } from '../../src/store/counters.ts'
import { insertGroup, softDeleteGroup } from '../../src/store/groups.ts'
import { deleteUserForGood, insertUsers, restoreUser, softDeleteUser, updateUser } from '../../src/store/users.ts'
import { bothEngines } from '../support/store.ts'
import { addGroup, addTenant, addUser, start } from './rows.ts'

/** A reader who comes again and again: what it has been told, each round. */
function reader(db: Db, kind: 'user' | 'group') {
  let from = 0
  return async (): Promise<string[]> => {
    const before = await nextChange(db, 't1', kind)
    const told = await changesBetween(db, 't1', kind, { from, before, limit: 999 })
    from = before
    return told.map(one => `${one.objectId}${one.removed === null ? '' : ` ${one.removed}`}`)
  }
}

bothEngines('each change of an object is told once, in its newest state, whatever was done to it', async ({ db }) => {
  await addTenant(db)
  const read = reader(db, 'user')
  await addUser(db, 'ann')
  await addUser(db, 'bo')
  assert.deepEqual((await read()).toSorted(), ['ann-id', 'bo-id'])
  assert.deepEqual(await read(), [])
  await db.transaction().execute(async trx => {
    await updateUser(trx, 't1', 'ann-id', { jobTitle: 'Pilot' })
    await updateUser(trx, 't1', 'ann-id', { jobTitle: 'Captain' })
    await softDeleteUser(trx, 't1', 'bo-id', start)
  })
  assert.deepEqual((await read()).toSorted(), ['ann-id', 'bo-id changed'])
  await db.transaction().execute(trx => updateUser(trx, 't1', 'ann-id', { lastConfirmedAt: start }))
  assert.deepEqual(await read(), [], 'what Graph does not show is no change')
  await db.transaction().execute(trx => restoreUser(trx, 't1', 'bo-id'))
  assert.deepEqual(await read(), ['bo-id'])
  await db.transaction().execute(trx => softDeleteUser(trx, 't1', 'bo-id', start))
  await db.transaction().execute(trx => deleteUserForGood(trx, 't1', 'bo-id'))
  assert.deepEqual(await read(), ['bo-id deleted'])
})

bothEngines('a change that is undone is told to nobody, and one that commits late is missed by nobody', async ({ db, engine }) => {
  await addTenant(db)
  await addUser(db, 'ann')
  await addUser(db, 'bo')
  const read = reader(db, 'user')
  await read()
  await assert.rejects(db.transaction().execute(async trx => {
    await noteChange(trx, 't1', 'user', 'ann-id')
    throw new Error('undone')
  }))
  assert.deepEqual(await read(), [])
  if (engine === 'sqlite') return // one writer: nothing commits out of turn
  const told: string[] = []
  let goOn!: () => void
  const held = new Promise<void>(resolve => (goOn = resolve))
  const slow = db.transaction().execute(async trx => {
    await noteChange(trx, 't1', 'user', 'ann-id')
    await held
  })
  await db.transaction().execute(trx => noteChange(trx, 't1', 'user', 'bo-id'))
  told.push(...(await read()))
  goOn()
  await slow
  told.push(...(await read()))
  told.push(...(await read()))
  assert.deepEqual([...new Set(told)].toSorted(), ['ann-id', 'bo-id'])
})

bothEngines('what is forgotten is known to be: after many changes at once, and after thirty days', async ({ db }) => {
  await addTenant(db)
  await addUser(db, 'ann')
  const before = await nextChange(db, 't1', 'user')
  assert.equal(await remembersSince(db, 't1', 'user', before), true)
  await db.transaction().execute(trx => insertUsers(trx, 't1', Array.from({ length: 150 }, (_, n) => ({
    tenantId: 't1', id: `many-${n}`, userPrincipalName: `many${n}@t1.example`, displayName: `Many ${n}`, createdDateTime: start,
  }))))
  assert.equal(await remembersSince(db, 't1', 'user', before), false)
  assert.equal(await readCount(db, 't1', 'user'), 151)
  const now = await nextChange(db, 't1', 'user')
  assert.equal(await remembersSince(db, 't1', 'user', now), true)
  assert.equal(await remembersSince(db, 't1', 'group', 0), true, 'groups are another matter')
  await addUser(db, 'late')
  assert.equal((await changesBetween(db, 't1', 'user', { from: now, before: await nextChange(db, 't1', 'user'), limit: 10 })).length, 1)
  await forgetOldChanges(db, Date.now() + 60_000)
  assert.equal(await remembersSince(db, 't1', 'user', now), false)
  const after = await nextChange(db, 't1', 'user')
  assert.equal(await remembersSince(db, 't1', 'user', after), true)
  await db.transaction().execute(trx => forgetChanges(trx, 't1', 'user'))
  assert.equal(await remembersSince(db, 't1', 'user', after), false)
  assert.equal(await remembersSince(db, 't1', 'user', await nextChange(db, 't1', 'user')), true)
})

bothEngines('counters say what is there, with every way to come and to go', async ({ db }) => {
  await addTenant(db)
  await addTenant(db, 't2')
  await addUser(db, 'ann')
  await addUser(db, 'bo')
  await addUser(db, 'gone', { deletedDateTime: start })
  await addUser(db, 'stranger', { tenantId: 't2', id: 'stranger' })
  await addGroup(db, 'g')
  const counts = async () => [await readCount(db, 't1', 'user'), await readCount(db, 't1', 'group')]
  assert.deepEqual(await counts(), [2, 1])
  await db.transaction().execute(async trx => {
    await softDeleteUser(trx, 't1', 'bo-id', start)
    await softDeleteUser(trx, 't1', 'bo-id', start)
    await restoreUser(trx, 't1', 'gone-id')
    await softDeleteGroup(trx, 't1', 'g', start)
    await insertGroup(trx, { tenantId: 't1', id: 'h', displayName: 'h', mailNickname: 'h', createdDateTime: start })
  })
  assert.deepEqual(await counts(), [2, 1])
  await db.transaction().execute(trx => deleteUserForGood(trx, 't1', 'bo-id'))
  assert.deepEqual(await counts(), [2, 1])
  const rows = await db.selectFrom('users').select('id').where('tenantId', '=', 't1').where('deletedDateTime', 'is', null).execute()
  assert.equal(rows.length, 2)
})
