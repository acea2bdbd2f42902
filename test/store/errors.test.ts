import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isForeignKeyViolation, isUnavailable, isUniqueViolation } from '../../src/store/errors.ts'
import { bothEngines } from '../support/store.ts'

bothEngines('a key that is there already, and one that is not, are told apart', async store => {
  const insert = () => store.db.insertInto('installation').values({ key: 'a', value: '' }).execute()
  await insert()
  const again = await insert().then(() => undefined, (error: unknown) => error)
  assert.deepEqual([isUniqueViolation(again), isForeignKeyViolation(again), isUnavailable(again)], [true, false, false])
  const orphan = store.db.insertInto('limits').values({ tenantId: 'none', key: 'k', points: '[]', lockedUntil: null, expiresAt: 0, version: 1 }).execute()
  const missing = await orphan.then(() => undefined, (error: unknown) => error)
  assert.deepEqual([isUniqueViolation(missing), isForeignKeyViolation(missing), isUnavailable(missing)], [false, true, false])
})

test('a mistake of ours is not an unavailable database', () => {
  const mistakes = [new TypeError('x is not a function'), new Error('anything'), { code: '42601' }, { code: '23505' }, { errcode: 1 }, { errcode: 19 }, undefined, null, 'text', 7]
  for (const error of mistakes) assert.equal(isUnavailable(error), false, String(error))
  const away = [{ code: 'ECONNREFUSED' }, { code: '57P01' }, { code: '53300' }, { code: '57014' }, { code: '40P01' }, { errcode: 5 }, { errcode: 13 }, { errcode: 517 }, new AggregateError([{ code: 'ECONNREFUSED' }])]
  for (const error of away) assert.equal(isUnavailable(error), true, JSON.stringify(error))
})
