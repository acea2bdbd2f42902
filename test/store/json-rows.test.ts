import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jsonRows } from '../../src/store/json-rows.ts'
import { latest } from '../../src/store/latest.ts'
import { bothEngines } from '../support/store.ts'
import { addTenant, start } from './rows.ts'

interface Domain {
  id: string
  isDefault: boolean
  createdAt: number
  signInModel: string | null
}
const rows = jsonRows<Domain>(['id', 'isDefault', 'createdAt', 'signInModel'], ['isDefault'])

bothEngines('rows within a row are read back as they are, in their order, none as none', async store => {
  await addTenant(store.db)
  const domain = {
    tenantId: 't1', isInitial: false, isVerified: true, authenticationType: 'Managed', capturedCopy: false, passwordValidityPeriodInDays: null,
    passwordNotificationWindowInDays: null, createdAt: start,
  }
  await store.db.insertInto('domains').values([
    { ...domain, id: 'æ "quoted"\n\\.example', isDefault: false, signInModel: 'phs' },
    { ...domain, id: 'a.example', isDefault: false, signInModel: null },
  ]).execute()
  const asked = (tenantId: string) => {
    const domains = store.db.selectFrom('domains').select(['id', 'isDefault', 'createdAt', 'signInModel']).where('tenantId', '=', tenantId)
    return store.db.selectNoFrom(rows.select(store.db, domains.orderBy('id', 'desc'), 'domains')).executeTakeFirstOrThrow()
  }
  const { domains } = await asked('t1')
  assert.deepEqual(rows.read(domains).map(one => one.id).toSorted(), ['a.example', 't1.example', 'æ "quoted"\n\\.example'])
  assert.deepEqual(rows.read(domains).map(one => one.id).filter(id => id !== 'æ "quoted"\n\\.example'), ['t1.example', 'a.example'])
  assert.deepEqual(rows.read(domains).find(one => one.id === 'a.example'), { id: 'a.example', isDefault: false, createdAt: start, signInModel: null })
  assert.equal(rows.read(domains).find(one => one.id === 't1.example')!.isDefault, true)
  assert.ok(!domains.includes('\n'), 'one line, so that several can be joined by line breaks')
  assert.deepEqual(rows.read((await asked('t2')).domains), [])
})

test('what a text says is worked out again only for another text, and nobody can change it', () => {
  let worked = 0
  const parsed = latest(text => ({ list: [text], worked: ++worked }))
  const first = parsed.of('t1', 'a')
  assert.equal(parsed.of('t1', 'a'), first)
  assert.notEqual(parsed.of('t2', 'a'), first)
  assert.deepEqual(parsed.of('t1', 'b').list, ['b'])
  assert.deepEqual(parsed.of('t1', 'a').list, ['a'], 'back again')
  assert.throws(() => first.list.push('x'), TypeError)
})

test('no more is kept than is said', () => {
  let worked = 0
  const parsed = latest(text => ({ text, worked: ++worked }), 2)
  for (const key of ['1', '2', '3']) parsed.of(key, key)
  assert.equal(parsed.of('1', '1').worked, 4)
})
