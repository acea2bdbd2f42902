import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import { addBuiltIn, tidy, tidyRecords } from '../src/housekeeping.ts'
import { azureCliAppId, graphAppId } from '../src/rules/first-party.ts'
import { verifyAudit } from '../src/store/audit-chain.ts'
import { appendAudit } from '../src/store/audit.ts'
import { firstPartyId } from '../src/store/first-party.ts'
import { listGrants, removeGrant } from '../src/store/grants.ts'
import { lastPasswordEvent } from '../src/store/password-events.ts'
import { rowCaps } from '../src/store/row-caps.ts'
import { findServicePrincipalByAppId } from '../src/store/service-principals.ts'
import { flushSignIns } from '../src/store/sign-ins.ts'
import { makeApp } from './support/make-app.ts'
import type { TestApp } from './support/make-app.ts'
import { addPerson, changePolicy, foundTenant } from './support/people.ts'
import { engines } from './support/store.ts'

const minute = 60_000
const day = 86_400_000

async function onApp(engine: (typeof engines)[number], body: (t: TestApp) => Promise<void>): Promise<void> {
  const t = await makeApp({ engine })
  try {
    await body(t)
  } finally {
    await t.close()
  }
}

const limit = (t: TestApp, key: string, expiresAt: number) => ({ tenantId: t.tenantId, key, points: '[]', lockedUntil: null, expiresAt, version: 1 })
const keysOf = async (t: TestApp) => (await t.app.db.selectFrom('limits').select('key').orderBy('key').execute()).map(row => row.key)

for (const engine of engines) {
  describe(`housekeeping on ${engine}`, () => {
    test('a tenant of an older version gets what this one has built in, once, and nothing that was taken back', () =>
      onApp(engine, async t => {
        const [cli, consented] = [firstPartyId(t.tenantId, azureCliAppId), () => listGrants(t.app.db, { tenantId: t.tenantId, clientId: firstPartyId(t.tenantId, azureCliAppId) })]
        assert.equal(await addBuiltIn(t.app), 0)
        for (const grant of await consented()) await removeGrant(t.app.db, t.tenantId, grant.id)
        await t.app.db.deleteFrom('servicePrincipals').where('id', '=', firstPartyId(t.tenantId, graphAppId)).execute()
        assert.equal((await Promise.all([addBuiltIn(t.app), addBuiltIn(t.app)])).reduce((sum, one) => sum + one), 1)
        assert.equal((await findServicePrincipalByAppId(t.app.db, t.tenantId, graphAppId))?.id, firstPartyId(t.tenantId, graphAppId))
        assert.deepEqual(await consented(), [], 'consent that an administrator took back is not given again')
        await t.app.db.deleteFrom('servicePrincipals').where('id', '=', cli).execute()
        assert.equal(await addBuiltIn(t.app), 1)
        assert.ok((await consented()).length > 0, 'a new client comes with the consent it needs')
      }))

    test('what ended by itself goes, however much of it there is, and what has time left stays', () =>
      onApp(engine, async t => {
        const now = t.app.now()
        // All with the same end: a flood comes within milliseconds.
        for (let from = 0; from < 1_500; from += 500) {
          await t.app.db.insertInto('limits').values(Array.from({ length: 500 }, (_, n) => limit(t, `identify:${from + n}`, now - 1))).execute()
        }
        await t.app.db.insertInto('limits').values(limit(t, 'identify:alive', now + minute)).execute()
        assert.equal(await tidy(t.app), 1_500)
        assert.deepEqual(await keysOf(t), ['identify:alive'])
      }))

    test('a reset stays a month for its support code, then goes with its gates; codes go within a day (T-73)', () =>
      onApp(engine, async t => {
        await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 2, numberOfAuthenticationMethodsRequired: 1, emailOptionEnabled: true })
        await changePolicy(t.app, t.tenantId, 'authenticationMethodsPolicy', { policyMigrationState: 'preMigration' })
        const ann = await addPerson(t.app, t.tenantId, { name: 'ann', email: 'ann@home.example' })
        const browser = t.browser()
        const headers = { 'x-latchkey': '1' }
        const started = await browser.request({ method: 'POST', url: '/api/resets', payload: { username: ann.userPrincipalName }, headers })
        const { id } = started.json<{ id: string }>()
        await browser.request({ method: 'POST', url: `/api/resets/${id}/challenges`, payload: { method: 'email' }, headers })
        await t.work()
        await t.app.db
          .insertInto('resetGates')
          .values({ tenantId: t.tenantId, resetId: id, gate: 1, method: 'email', methodId: 'm', destinationIndex: 'd', challengeId: null, passedAt: t.app.now() })
          .execute()
        const left = async () => {
          const tables = ['resets', 'resetGates', 'challenges'] as const
          return Promise.all(tables.map(async table => (await t.app.db.selectFrom(table).select('tenantId').execute()).length))
        }
        await tidy(t.app)
        assert.deepEqual(await left(), [1, 1, 1])
        await t.clock.advance(day)
        await tidy(t.app)
        assert.deepEqual(await left(), [1, 1, 0])
        await t.clock.advance(30 * day)
        await tidy(t.app)
        assert.deepEqual(await left(), [0, 0, 0])
      }))

    test('records go after their time; the newest password event of each person and the audit stay (LD-53)', () =>
      onApp(engine, async t => {
        const { tenantId } = t
        const now = t.app.now()
        const ann = await addPerson(t.app, tenantId, { name: 'ann' })
        const ben = await addPerson(t.app, tenantId, { name: 'ben' })
        const signIn = (id: string, days: number) => ({
          tenantId, id, at: now - days * day, userId: ann.id, accountKey: 'a', accountHint: 'a', kind: 'interactive', result: 'success', reasonCode: null, proofs: '[]',
          ipAddress: null, userAgent: null, correlationId: 'c',
        })
        const usage = (id: string, days: number) => ({ tenantId, id, at: now - days * day, userId: ann.id, feature: 'reset', method: null, status: 'success', failureReason: null })
        const delivery = (id: string, days: number) => ({
          tenantId, id, kind: 'mail', messageName: 'm', recipientIndex: null, supportCode: null, outcome: 'sent', detail: null, at: now - days * day,
        })
        const place = (placeMac: string, days: number) => ({ tenantId, accountKey: 'a', kind: 'network', placeMac, lastSuccessAt: now - days * day })
        const event = (id: string, userId: string, days: number) => ({ tenantId, id, userId, at: now - days * day, channel: 'sspr-portal', writeback: 'notNeeded', code: null, actorId: null })
        await t.app.db.insertInto('signIns').values([signIn('old', 91), signIn('new', 89)]).execute()
        await t.app.db.insertInto('usageEvents').values([usage('old', 401), usage('new', 399)]).execute()
        await t.app.db.insertInto('deliveries').values([delivery('old', 31), delivery('new', 29)]).execute()
        await t.app.db.insertInto('familiarPlaces').values([place('old', 91), place('new', 89)]).execute()
        await t.app.db.insertInto('passwordEvents').values([event('a1', ann.id, 900), event('a2', ann.id, 500), event('b1', ben.id, 700), event('b2', ben.id, 10)]).execute()
        await t.app.db.transaction().execute(trx => appendAudit(trx, {
          tenantId, at: now - 5_000 * day, service: 'Core Directory', category: 'UserManagement', activity: 'Add user', result: 'success', correlationId: 'c',
          initiatedBy: { app: 'test' }, targets: [],
        }))
        assert.equal(await tidyRecords(t.app), 6)
        for (const table of ['signIns', 'usageEvents', 'deliveries'] as const)
          assert.deepEqual((await t.app.db.selectFrom(table).select('id').execute()).map(row => row.id), ['new'], table)
        assert.deepEqual((await t.app.db.selectFrom('familiarPlaces').select('placeMac').execute()).map(row => row.placeMac), ['new'])
        assert.deepEqual((await t.app.db.selectFrom('passwordEvents').select('id').orderBy('id').execute()).map(row => row.id), ['a2', 'b2'])
        assert.equal((await lastPasswordEvent(t.app.db, tenantId, ann.id))?.at, now - 500 * day)
        assert.ok((await verifyAudit(t.app.db, tenantId, t.app.keys)).whole)
        assert.equal((await t.app.db.selectFrom('audit').select('id').execute()).length, 1)
        assert.equal(await tidyRecords(t.app), 0, 'a second round finds nothing')
      }))

    test('T-29: whatever strangers make, a tenant keeps no more of it than its cap, the newest', () =>
      onApp(engine, async t => {
        const caps = { ...rowCaps, limits: 8, signInLockouts: 8, resets: 8, signIns: 8 }
        for (let n = 0; n < 24; n++) {
          const browser = t.browser({ address: `10.9.${n}.1` })
          const headers = { 'x-latchkey': '1' }
          const begun = await browser.request({ method: 'POST', url: '/api/resets', payload: { username: `nobody${n}@contoso.example` }, headers })
          assert.equal(begun.statusCode, 201, begun.body)
          const tried = await browser.request({ method: 'POST', url: '/api/signin', payload: { userName: `nobody${n}@contoso.example`, password: 'x' }, headers })
          assert.equal(tried.statusCode, 401, tried.body)
        }
        await flushSignIns(t.app)
        const newest = await t.app.db.selectFrom('resets').select('id').orderBy('startedAt', 'desc').limit(8).execute()
        await tidy(t.app, caps)
        for (const [table, cap] of Object.entries(caps).filter(([, most]) => most === 8)) {
          const rows = await t.app.db.selectFrom(table as 'resets').select('tenantId').execute()
          assert.equal(rows.length, cap, table)
        }
        const kept = await t.app.db.selectFrom('resets').select('id').orderBy('startedAt', 'desc').execute()
        assert.deepEqual(kept.map(row => row.id).sort(), newest.map(row => row.id).sort())
      }))

    test('T-28, T-29: a flood pushes out no counter of a real account or destination, so no guess is free and no message goes out for it', () =>
      onApp(engine, async t => {
        const now = t.app.now()
        const [name, account] = [t.app.keys.mac('accountKey', 'ann'), randomUUID()]
        const guards = [`proof-signIn:${account}`, `recovery:${account}`, `send-account-24h:${account}`, `send-destination-24h:${name}`, 'text-tenant-day:all']
        const strangers = [`contact-24h:${name}`, `identify:${name}`, `pass:${name}`, `recovery:${name}`, `recovery:nobody ${name}`, `signin-address:${name}`, `suspicion:${name}`]
        await t.app.db.insertInto('limits').values(guards.map(key => limit(t, key, now + minute))).execute()
        await t.app.db.insertInto('limits').values(strangers.map(key => limit(t, key, now + day))).execute()
        assert.equal(await tidy(t.app, { ...rowCaps, limits: 0 }), strangers.length)
        assert.deepEqual(await keysOf(t), guards.sort())
      }))

    test('a tenant’s flood costs the other tenants nothing', () =>
      onApp(engine, async t => {
        const other = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
        const now = t.app.now()
        await t.app.db.insertInto('limits').values({ ...limit(t, 'identify:theirs', now + minute), tenantId: other }).execute()
        await t.app.db.insertInto('limits').values([1, 2, 3, 4].map(n => limit(t, `identify:${n}`, now + minute + n))).execute()
        assert.equal(await tidy(t.app, { ...rowCaps, limits: 2 }), 2)
        assert.deepEqual(await keysOf(t), ['identify:3', 'identify:4', 'identify:theirs'])
      }))
  })
}
