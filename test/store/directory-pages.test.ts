import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Db } from '../../src/app.ts'
import { fits } from '../../src/graph/odata-filter.ts'
import type { Comparison, Filter, Literal } from '../../src/store/conditions.ts'
import { countOf, pageOf } from '../../src/store/directory-pages.ts'
import type { Asked, Cursor } from '../../src/store/directory-pages.ts'
import { groupResource } from '../../src/store/group-properties.ts'
import { userResource } from '../../src/store/user-properties.ts'
import { bothEngines } from '../support/store.ts'
import { addGroup, addTenant, addUser, start } from './rows.ts'

/** Small windows, so that thirty people are a large directory. */
const small = { size: 4, most: 2 }

async function everything(db: Db, asked: Omit<Asked, 'after' | 'top'>, top = 3): Promise<{ ids: string[]; pages: number }> {
  const ids: string[] = []
  let after: Cursor | undefined
  for (let pages = 1; ; pages++) {
    const page = await pageOf(db, userResource, { ...asked, after, top }, small)
    assert.ok(page.rows.length <= top)
    ids.push(...page.rows.map(row => row.id))
    if (page.next === undefined) return { ids, pages }
    after = page.next
    assert.ok(pages < 200, 'comes to an end')
  }
}

const names = ['Ann', 'ann', 'Anna', 'Bo', 'Åse', 'O’Neil', '100%_\\', 'Zoë']
const departments = ['Sales', 'sales', 'IT', null]

/** A person as the database keeps them and as the filter sees them. */
async function people(db: Db, count: number): Promise<Map<string, Record<string, Literal>>> {
  const made = new Map<string, Record<string, Literal>>()
  await addTenant(db)
  await addTenant(db, 't2')
  for (let n = 0; n < count; n++) {
    const id = `00000000-0000-4000-8000-${String((n * 7919) % 1000).padStart(12, '0')}`
    const displayName = names[n % names.length]!
    const department = departments[n % departments.length]!
    const mail = n % 3 === 0 ? null : `p${n}@${n % 2 ? 't1.example' : 'mail.example'}`
    const accountEnabled = n % 5 !== 0
    const createdDateTime = start + n * 1000
    await addUser(db, `u${n}`, { id, displayName, department, mail, accountEnabled, createdDateTime })
    made.set(id, { id, displayName, department, mail, accountEnabled, userPrincipalName: `u${n}@t1.example`, createdDateTime })
  }
  await addUser(db, 'stranger', { tenantId: 't2', id: 'stranger', displayName: 'Ann' })
  return made
}

const value = fc.constantFrom<Literal>('Ann', 'ANN', 'an', 'Sales', 'u3@t1.example', 'p4@mail.example', '100%_\\', 'Åse', 'åse', '', "'", 'u', null)
const text = value.filter((one): one is string => typeof one === 'string')
const property = fc.constantFrom('displayName', 'department', 'mail', 'userPrincipalName')
const leaf: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({ kind: fc.constant('compare' as const), property, operator: fc.constantFrom<Comparison>('eq', 'ne'), value }),
  fc.record({ kind: fc.constant('startswith' as const), property, value: text }),
  fc.record({ kind: fc.constant('endswith' as const), property: fc.constantFrom('mail', 'userPrincipalName'), value: text }),
  fc.record({ kind: fc.constant('in' as const), property, values: fc.array(text, { minLength: 1, maxLength: 3 }) }),
  fc.record({ kind: fc.constant('compare' as const), property: fc.constant('accountEnabled'), operator: fc.constantFrom<Comparison>('eq', 'ne'), value: fc.boolean() }),
)
const { filter } = fc.letrec<{ filter: Filter }>(tie => ({
  filter: fc.oneof({ maxDepth: 3 }, leaf, leaf,
    fc.record({ kind: fc.constantFrom('and' as const, 'or' as const), left: tie('filter'), right: tie('filter') }),
    fc.record({ kind: fc.constant('not' as const), operand: tie('filter') })),
}))

bothEngines('whatever the filter, the pages hold exactly those who fit it, each once, and the count says how many', async store => {
  const made = await people(store.db, 30)
  await fc.assert(fc.asyncProperty(filter, fc.boolean(), async (one, ordered) => {
    // `startswith` of nothing is true of what has no value in memory and false in the directory: what is not there begins with nothing.
    const read = (row: Record<string, Literal>) => (name: string) => row[name] ?? null
    const expected = [...made.values()].filter(row => fitsAsStored(one, read(row))).map(row => row['id'])
    const orderBy = ordered ? { column: 'displayNameLower', descending: false } : undefined
    const { ids } = await everything(store.db, { tenantId: 't1', filter: one, orderBy })
    assert.deepEqual(ids.toSorted(), expected.toSorted())
    assert.equal(await countOf(store.db, userResource, { tenantId: 't1', filter: one }, small), expected.length)
    if (ordered) assert.deepEqual(ids.map(id => String(made.get(id)!['displayName']).toLowerCase()), ids.map(id => String(made.get(id)!['displayName']).toLowerCase()).toSorted())
  }), { numRuns: 120 })
})

/** As `fits`, but nothing begins or ends with anything when it is not there. */
function fitsAsStored(one: Filter, read: (name: string) => Literal): boolean {
  if (one.kind === 'not') return !fitsAsStored(one.operand, read)
  if (one.kind === 'and') return fitsAsStored(one.left, read) && fitsAsStored(one.right, read)
  if (one.kind === 'or') return fitsAsStored(one.left, read) || fitsAsStored(one.right, read)
  if ((one.kind === 'startswith' || one.kind === 'endswith') && read(one.property) === null) return false
  return fits(one, read)
}

bothEngines('pages by id and by name go through everybody once, forwards and backwards', async store => {
  const made = await people(store.db, 30)
  const byId = await everything(store.db, { tenantId: 't1' })
  assert.deepEqual(byId.ids, [...made.keys()].toSorted())
  const forwards = await everything(store.db, { tenantId: 't1', orderBy: { column: 'displayNameLower', descending: false } }, 7)
  const backwards = await everything(store.db, { tenantId: 't1', orderBy: { column: 'displayNameLower', descending: true } }, 4)
  assert.equal(new Set(forwards.ids).size, 30)
  assert.deepEqual(backwards.ids, forwards.ids.toReversed())
})

bothEngines('moments, lists of addresses, licences and groups are found as they stand', async store => {
  await people(store.db, 10)
  await addUser(store.db, 'post', { id: 'post', displayName: 'Post', proxyAddresses: ['SMTP:Post.Box@t1.example', 'smtp:other@t1.example'] })
  const ids = async (one: Filter) => (await everything(store.db, { tenantId: 't1', filter: one })).ids
  const later = new Date(start + 7000).toISOString()
  assert.equal((await ids({ kind: 'compare', property: 'createdDateTime', operator: 'ge', value: later })).length, 3)
  assert.equal((await ids({ kind: 'compare', property: 'createdDateTime', operator: 'lt', value: later })).length, 8)
  assert.deepEqual(await ids({ kind: 'any', property: 'proxyAddresses', operator: 'eq', value: 'smtp:post.box@t1.example' }), ['post'])
  assert.deepEqual(await ids({ kind: 'any', property: 'proxyAddresses', operator: 'eq', value: 'smtp:post@t1.example' }), [])
  assert.deepEqual(await ids({ kind: 'any', property: 'proxyAddresses', operator: 'startswith', value: 'SMTP:post' }), ['post'])
  assert.deepEqual(await ids({ kind: 'compare', property: 'mailNickname', operator: 'eq', value: 'POST' }), ['post'])
  assert.deepEqual(await ids({ kind: 'compare', property: 'assignedLicenses/$count', operator: 'ne', value: 0 }), [])
  await addGroup(store.db, 'g1', { displayName: 'Keepers', mailNickname: 'keep' })
  const groups = async (one: Filter) => (await pageOf(store.db, groupResource, { tenantId: 't1', filter: one, top: 9 })).rows.map(row => row.id)
  assert.deepEqual(await groups({ kind: 'and', left: { kind: 'compare', property: 'displayName', operator: 'eq', value: 'keepers' }, right: { kind: 'compare', property: 'mailNickname', operator: 'eq', value: 'KEEP' } }), ['g1'])
  assert.deepEqual(await groups({ kind: 'any', property: 'groupTypes', operator: 'eq', value: 'Unified' }), [])
  assert.deepEqual(await groups({ kind: 'not', operand: { kind: 'any', property: 'groupTypes', operator: 'eq', value: 'Unified' } }), ['g1'])
  assert.deepEqual(await groups({ kind: 'compare', property: 'mailEnabled', operator: 'eq', value: false }), ['g1'])
})

bothEngines('a question no index answers ends a page after so many windows and goes on with the next', async store => {
  await people(store.db, 30)
  const page = await pageOf(store.db, userResource, { tenantId: 't1', filter: { kind: 'compare', property: 'department', operator: 'eq', value: 'nobody' }, top: 3 }, small)
  assert.deepEqual(page.rows, [])
  assert.ok(page.next, 'there is more to look through')
  assert.equal((await everything(store.db, { tenantId: 't1', filter: { kind: 'compare', property: 'department', operator: 'eq', value: 'nobody' } })).pages, 4)
})
