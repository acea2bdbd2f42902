import assert from 'node:assert/strict'
import { DatabaseSync, constants } from 'node:sqlite'
import type { SQLInputValue } from 'node:sqlite'
import { test } from 'node:test'
import { CompiledQuery, sql } from 'kysely'
import type { Db } from '../../src/app.ts'
import { countSignIns, countUsage } from '../../src/store/activity.ts'
import { listAudit } from '../../src/store/audit.ts'
import { changesBetween, nextChange } from '../../src/store/changes.ts'
import { readCount } from '../../src/store/counters.ts'
import { pageOf } from '../../src/store/directory-pages.ts'
import { gatherFacts, gatherTenantFacts } from '../../src/store/facts.ts'
import { groupResource } from '../../src/store/group-properties.ts'
import { listGroups } from '../../src/store/groups.ts'
import { clear, peek, reserve } from '../../src/store/limits.ts'
import { memberIds } from '../../src/store/memberships.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/open.ts'
import { dropExpired, takeDue } from '../../src/store/outbox.ts'
import { findSession, listSessions } from '../../src/store/sessions.ts'
import { listSignIns } from '../../src/store/sign-ins.ts'
import { listSubjects } from '../../src/store/subjects.ts'
import { listUsageEvents } from '../../src/store/usage-events.ts'
import { userResource } from '../../src/store/user-properties.ts'
import { findUser, findUserByName, listUsers } from '../../src/store/users.ts'
import { bothEngines, openTestStore } from '../support/store.ts'
import type { TestStore } from '../support/store.ts'
import { addTenant, hour, start } from './rows.ts'

const providers = { mail: true, sms: true, voice: false, push: false }
const after = { displayNameLower: 'user 00500', id: 'u00500' }

/** What is asked all day, and must cost the same at a million rows as at ten thousand. */
const asked: Record<string, (db: Db) => Promise<unknown>> = {
  'a user by name': db => findUserByName(db, 't1', 'user00007@t1.example'),
  'a user by id': db => findUser(db, 't1', 'u00007'),
  'the first page of users': db => listUsers(db, { tenantId: 't1', top: 10 }),
  'a later page of users': db => listUsers(db, { tenantId: 't1', top: 10, after }),
  'a page of users by the beginning of their name': db => listUsers(db, { tenantId: 't1', top: 10, filter: { displayNamePrefix: 'user 01' } }),
  'the deleted users': db => listUsers(db, { tenantId: 't1', top: 10, deleted: true }),
  'a page of groups': db => listGroups(db, { tenantId: 't1', top: 10, after }),
  'a page of the directory by id': db => pageOf(db, userResource, { tenantId: 't1', top: 10, after: ['0', 'u00500'] }),
  'a page of the directory by name': db => pageOf(db, userResource, { tenantId: 't1', top: 10, after: ['0', 'user 00500', 'u00500'], orderBy: { column: 'displayNameLower', descending: true } }),
  'a page of the directory by the beginning of a name': db => pageOf(db, userResource, { tenantId: 't1', top: 10, after: ['0', 'user 00500', 'u00500'], filter: { kind: 'startswith', property: 'displayName', value: 'User' } }),
  'a page of the directory by the beginning of a principal name': db => pageOf(db, userResource, { tenantId: 't1', top: 10, filter: { kind: 'startswith', property: 'userPrincipalName', value: 'user' } }),
  'a person by an address': db => pageOf(db, userResource, { tenantId: 't1', top: 10, filter: { kind: 'compare', property: 'mail', operator: 'eq', value: 'x@t1.example' } }),
  'a person by a proxy address': db => pageOf(db, userResource, { tenantId: 't1', top: 10, filter: { kind: 'any', property: 'proxyAddresses', operator: 'eq', value: 'smtp:x@t1.example' } }),
  'a window of the directory that no index answers': db => pageOf(db, userResource, { tenantId: 't1', top: 10, filter: { kind: 'compare', property: 'city', operator: 'eq', value: 'Riga' } }),
  'a page of the groups of the directory': db => pageOf(db, groupResource, { tenantId: 't1', top: 10, after: ['0', 'g5'] }),
  'a page of members': db => memberIds(db, { tenantId: 't1', groupId: 'g', after: 'u00500', top: 10 }),
  'how many people there are': db => readCount(db, 't1', 'user'),
  'where changes go on': db => nextChange(db, 't1', 'user'),
  'a page of changes': db => changesBetween(db, 't1', 'user', { from: 5, before: 500, after: { changed: 7, objectId: 'u00007' }, limit: 10 }),
  'a session by its id': db => findSession(db, 'h', start),
  'the sessions of a person': db => listSessions(db, { tenantId: 't1', userId: 'u00007', now: start }),
  'the facts about a person': db => gatherFacts(db, { tenantId: 't1', userId: 'u00007', now: start, providers }),
  'a chunk of everybody’s facts': async db => listSubjects(db, await gatherTenantFacts(db, 't1'), start, { after }),
  'a tally of sign-ins': db => countSignIns(db, { tenantId: 't1', from: start, to: start + hour }),
  'a tally of usage': db => countUsage(db, { tenantId: 't1', from: start, to: start + hour }),
  'a reserved try': db => reserve(db, { tenantId: 't1', key: 'x:1', kind: { limit: 3, windowMs: hour }, now: start }),
  'a look at a counter': db => peek(db, { tenantId: 't1', key: 'y:1', kind: 'proof', now: start }),
  'counters forgotten': db => clear(db, 't1', 'x:'),
  'what is due to be sent': db => takeDue(db, { now: start, leaseMs: 1000, max: 10 }),
  'what must not be sent any more': db => dropExpired(db, start),
  'the newest of the audit log': db => listAudit(db, { tenantId: 't1', top: 10 }),
  'an audit page of one target': db => listAudit(db, { tenantId: 't1', top: 10, filter: { targetId: 'u00007' } }),
  'an audit page of one correlation': db => listAudit(db, { tenantId: 't1', filter: { correlationId: 'c' } }),
  'the newest sign-ins': db => listSignIns(db, { tenantId: 't1', top: 10 }),
  'the newest sign-ins of one person': db => listSignIns(db, { tenantId: 't1', userId: 'u00007', top: 10 }),
  'the newest usage': db => listUsageEvents(db, { tenantId: 't1', top: 10 }),
}

/** Small by their nature: a handful of rows for each tenant, for the whole installation, or made by the statement itself. */
const small = /\b(installation|tenants|tenant_of_session|domains|policies|subscribed_skus|agents|administrative_units|direct|by_group|in_groups|groups_of_many|taken|part|s)\b/
/** Whoever asks for one person or for what is small may sort what comes; a page of something large must come sorted. */
const maySort = /person|facts|due|tally/

async function fill(store: TestStore): Promise<void> {
  await addTenant(store.db)
  for (let from = 0; from < 3000; from += 300) {
    const numbers = Array.from({ length: 300 }, (_, n) => String(from + n).padStart(5, '0'))
    await store.db.insertInto('users').values(numbers.map(n => ({
      tenantId: 't1', id: `u${n}`, userPrincipalName: `user${n}@t1.example`, upnLower: `user${n}@t1.example`, displayName: `User ${n}`, displayNameLower: `user ${n}`,
      proxyAddresses: '[]', accountEnabled: true, userType: 'Member', onPremisesSyncEnabled: false, perUserMfaState: 'disabled', credentialEpoch: 1,
      signInSessionsValidFromDateTime: start, createdDateTime: start, version: 1,
    }))).execute()
    await store.db.insertInto('userAliases').values(numbers.map(n => ({ tenantId: 't1', aliasLower: `user${n}@t1.example`, userId: `u${n}`, kind: 'userPrincipalName' }))).execute()
  }
}

/** The statements that a piece of work asks, as the engine gets them. */
async function statementsOf(db: Db, work: (db: Db) => Promise<unknown>): Promise<CompiledQuery[]> {
  const seen: CompiledQuery[] = []
  const spied = db.withPlugin({
    transformQuery: ({ node, queryId }) => {
      seen.push(db.withoutPlugins().getExecutor().compileQuery(node, queryId))
      return node
    },
    transformResult: async ({ result }) => result,
  })
  await work(spied)
  return seen.filter(statement => !statement.sql.startsWith('insert'))
}

async function planOf({ db, engine }: Store, { sql: text, parameters }: CompiledQuery): Promise<string[]> {
  const explain = engine === 'sqlite' ? 'explain query plan ' : 'explain '
  const { rows } = await db.withoutPlugins().executeQuery<Record<string, unknown>>(CompiledQuery.raw(explain + text, [...parameters]))
  return rows.map(row => String(row.detail ?? row['QUERY PLAN']))
}

bothEngines('what is asked all day is found by an index, and pages come in its order', async store => {
  await fill(store)
  // On tables as small as these PostgreSQL would rather read them whole: the question is whether it has to.
  const shy = '?options=-c%20enable_seqscan%3Doff%20-c%20enable_sort%3Doff%20-c%20enable_bitmapscan%3Doff%20-c%20jit%3Doff'
  const asking = store.engine === 'sqlite' ? store : await openStore({ databaseUrl: store.options.databaseUrl + shy })
  if (store.engine === 'postgres') {
    const owner = await openStore(store.ownerOptions)
    await sql`analyze`.execute(owner.db)
    await owner.close()
  }
  const bad: string[] = []
  try {
    for (const [what, work] of Object.entries(asked)) {
      for (const statement of await statementsOf(asking.db, work)) {
        const plan = await planOf(asking, statement)
        if (process.env.SHOW_PLANS) console.log(`\n${what}\n${statement.sql.slice(0, 300)}\n${plan.join('\n')}`)
        for (const line of plan) {
          const whole = /\bSCAN (?!CONSTANT ROW)|Seq Scan/.test(line) && !small.test(line)
          // Rows that come in the order of the first column are put in order only among those that are alike in it.
          const sorts = /TEMP B-TREE|(?<!Incremental )Sort {2}/.test(line) && !maySort.test(what)
          if (whole || sorts) bad.push(`${what}: ${line}`)
        }
      }
    }
  } finally {
    if (asking !== store) await asking.close() // or a plan that is refused would hold the process for ever
  }
  assert.deepEqual(bad, [])
})

test('one person’s facts never read all of a tenant’s people, groups, licences or events (SQLite)', async () => {
  const store = await openTestStore('sqlite')
  await addTenant(store.db)
  const bad: string[] = []
  for (const statement of await statementsOf(store.db, asked['the facts about a person']!)) {
    for (const line of await planOf(store, statement)) {
      // Of a tenant there are few domains, policies, products, agents, units and role assignments ('a' by role).
      const few = /SEARCH (domains|policies|s|agents|u|a USING INDEX role_assignments\w*) /.test(line)
      if (/INDEX \w+ \(tenant_id=\?\)/.test(line) && !few) bad.push(line)
    }
  }
  await store.close()
  assert.deepEqual(bad, [])
})

test('what is asked all day is planned once on SQLite, whatever is bound to it', async () => {
  const store = await openTestStore('sqlite')
  await addTenant(store.db)
  const file = new DatabaseSync(store.options.file!)
  let planned = 0
  file.setAuthorizer(() => {
    planned++ // asked for everything a statement touches while it is planned
    return constants.SQLITE_OK
  })
  const again: string[] = []
  for (const [what, work] of Object.entries(asked)) {
    for (const { sql: text, parameters } of await statementsOf(store.db, work)) {
      const statement = file.prepare(text)
      const values = parameters.map(value => (typeof value === 'boolean' ? Number(value) : value)) as SQLInputValue[]
      statement.all(...values)
      const before = planned
      for (let times = 0; times < 3; times++) statement.all(...values)
      if (planned > before) again.push(`${what}: ${text}`)
    }
  }
  file.close()
  await store.close()
  assert.deepEqual(again, [])
})
