import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { prepared } from '../../src/store/prepared.ts'
import { bothEngines } from '../support/store.ts'

const add = prepared<{ key: string; value: string }>()((db, value) => db.insertInto('installation').values({ key: value('key'), value: value('value') }))
const find = prepared<{ key: string }>()((db, value) => db.selectFrom('installation').select(['key', 'value']).where('key', '=', value('key')).limit(1))
const change = prepared<{ to: string; but: string }>()((db, value) =>
  db.updateTable('installation').set({ value: value('to') }).where('key', '!=', value('but')).where('value', '!=', 'fixed'),
)

bothEngines('a prepared query takes new values each time, in and out of transactions', async store => {
  await store.db.transaction().execute(async trx => {
    for (const key of ['a', 'b', 'c']) await add.run(trx, { key, value: key === 'c' ? 'fixed' : '1' })
    assert.deepEqual(await find.first(trx, { key: 'a' }), { key: 'a', value: '1' })
    assert.equal(await find.first(store.db, { key: 'a' }), undefined, 'outside nothing is committed yet')
  })
  assert.equal(await change.run(store.db, { to: '2', but: 'b' }), 1)
  assert.deepEqual(await find.all(store.db, { key: 'a' }), [{ key: 'a', value: '2' }])
  assert.deepEqual(await find.only(store.db, { key: 'b' }), { key: 'b', value: '1' })
  assert.deepEqual(await find.only(store.db, { key: 'c' }), { key: 'c', value: 'fixed' })
})

bothEngines('a prepared query that must find something says when it does not', async store => {
  await assert.rejects(find.only(store.db, { key: 'none' }), /a row was expected/i)
})

bothEngines('columns of several words are named as in the code, in prepared queries too', async store => {
  const flags = prepared<{ times: number }>()((db, value) =>
    db.selectFrom('installation').select(() => [sql<number>`count(*) * ${value('times')}`.as('howOften'), sql<string>`'x'`.as('plain')]),
  )
  assert.deepEqual((await flags.all(store.db, { times: 2 })).map(row => ({ ...row, howOften: Number(row.howOften) })), [{ howOften: 0, plain: 'x' }])
})

bothEngines('a plugin sees every prepared query, with its values', async store => {
  await add.run(store.db, { key: 'a', value: '1' })
  const seen: string[] = []
  const watched = store.db.withPlugin({
    transformQuery: ({ node }) => {
      seen.push(JSON.stringify(node))
      return node
    },
    transformResult: async ({ result }) => result,
  })
  for (const key of ['a', 'b']) await find.first(watched, { key })
  assert.deepEqual(seen.map(node => /"value":"(\w)"/.exec(node)?.[1]), ['a', 'b'])
})
