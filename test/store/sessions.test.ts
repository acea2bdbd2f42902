import assert from 'node:assert/strict'
import { bumpDeploymentEpoch } from '../../src/store/installation.ts'
import * as sessions from '../../src/store/sessions.ts'
import { endTenantSessions, updateTenant } from '../../src/store/tenants.ts'
import { bumpCredentialEpoch, softDeleteUser, updateUser } from '../../src/store/users.ts'
import { bothEngines } from '../support/store.ts'
import type { TestStore } from '../support/store.ts'
import { addTenant, addUser, hour, minute, start } from './rows.ts'

const { findSession, touchSession } = sessions

async function signIn(store: TestStore, idHash: string, more: Partial<sessions.NewSession> = {}, now = start): Promise<void> {
  const session: sessions.NewSession = {
    idHash, tenantId: 't1', publicId: `public-${idHash}`, userId: 'ann-id', level: 'complete', isAdministrator: false, credentialEpoch: 1,
    proofs: [{ method: 'password', at: now }], locale: null, continueTo: null, ipAddress: null, userAgent: null,
    ...more,
  }
  await sessions.insertSession(store.db, session, now)
}

async function withAnn(store: TestStore): Promise<void> {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
}

bothEngines('a session is found by the hash of its id, with its proofs', async store => {
  await withAnn(store)
  await signIn(store, 'h1')
  const found = await findSession(store.db, 'h1', start + minute)
  assert.deepEqual([found?.userId, found?.proofs, found?.isAdministrator], ['ann-id', [{ method: 'password', at: start }], false])
  assert.equal(await findSession(store.db, 'h2', start), undefined)
})

const kinds = [
  { who: 'a person', more: {}, idle: 30 * minute, absolute: 24 * hour },
  { who: 'an administrator', more: { isAdministrator: true }, idle: 15 * minute, absolute: 8 * hour },
  { who: 'somebody between password and second factor', more: { level: 'firstFactor' }, idle: 15 * minute, absolute: 15 * minute },
]

for (const { who, more, idle, absolute } of kinds) {
  bothEngines(`LD-19: the session of ${who} ends when idle, and in the end in any case`, async store => {
    await withAnn(store)
    await signIn(store, 'h1', more)
    assert.ok(await findSession(store.db, 'h1', start + idle - 1))
    assert.equal(await findSession(store.db, 'h1', start + idle), undefined)
    let now = start
    for (; now + 10 * minute < start + absolute; now += 10 * minute) {
      const session = await findSession(store.db, 'h1', now)
      assert.ok(session, `in use after ${(now - start) / minute} min`)
      await touchSession(store.db, session, now)
    }
    await store.db.updateTable('sessions').set({ lastSeenAt: start + absolute - 1 }).execute()
    assert.ok(await findSession(store.db, 'h1', start + absolute - 1))
    assert.equal(await findSession(store.db, 'h1', start + absolute), undefined)
  })
}

bothEngines('using a session is written down once a minute at most', async store => {
  await withAnn(store)
  await signIn(store, 'h1')
  const lastSeen = async () => (await store.db.selectFrom('sessions').select('lastSeenAt').executeTakeFirstOrThrow()).lastSeenAt
  const session = (await findSession(store.db, 'h1', start))!
  await touchSession(store.db, session, start + minute - 1)
  assert.equal(await lastSeen(), start)
  await touchSession(store.db, session, start + minute)
  assert.equal(await lastSeen(), start + minute)
})

const ends: Record<string, (store: TestStore) => Promise<unknown>> = {
  'the credentials changed': store => bumpCredentialEpoch(store.db, 't1', 'ann-id', start),
  'the account was disabled': store => store.db.transaction().execute(trx => updateUser(trx, 't1', 'ann-id', { accountEnabled: false })),
  'the account was deleted': store => store.db.transaction().execute(trx => softDeleteUser(trx, 't1', 'ann-id', start)),
  'the tenant was suspended': store => updateTenant(store.db, 't1', { suspendedAt: start }),
  'the tenant ended all sessions': store => endTenantSessions(store.db, 't1'),
  'a backup was restored (T-74)': store => bumpDeploymentEpoch(store.db),
  'it was ended': store => sessions.endSession(store.db, { tenantId: 't1', idHash: 'h1' }),
  'it was ended from the list': store => sessions.endSession(store.db, { tenantId: 't1', userId: 'ann-id', publicId: 'public-h1' }),
}

for (const [why, end] of Object.entries(ends)) {
  bothEngines(`T-19: a session is not found once ${why}`, async store => {
    await withAnn(store)
    await signIn(store, 'h1')
    assert.ok(await findSession(store.db, 'h1', start))
    await end(store)
    assert.equal(await findSession(store.db, 'h1', start), undefined)
    assert.deepEqual(await sessions.listSessions(store.db, { tenantId: 't1', userId: 'ann-id', now: start }), [])
  })
}

bothEngines('a session made after such an end holds; one whose proof is older than a change of credentials does not', async store => {
  await withAnn(store)
  await bumpDeploymentEpoch(store.db)
  await endTenantSessions(store.db, 't1')
  await bumpCredentialEpoch(store.db, 't1', 'ann-id', start)
  await signIn(store, 'late', { credentialEpoch: 1 })
  await signIn(store, 'new', { credentialEpoch: 2 })
  assert.equal(await findSession(store.db, 'late', start), undefined)
  assert.ok(await findSession(store.db, 'new', start))
})

bothEngines('the session in which a password was changed is carried over, the others end', async store => {
  await withAnn(store)
  for (const id of ['mine', 'other', 'third']) await signIn(store, id)
  await store.db.transaction().execute(async trx => {
    await bumpCredentialEpoch(trx, 't1', 'ann-id', start)
    await sessions.carrySessionOver(trx, { tenantId: 't1', userId: 'ann-id', idHash: 'mine' })
    assert.equal(await sessions.endOtherSessions(trx, { tenantId: 't1', userId: 'ann-id', except: 'mine' }), 2)
  })
  assert.ok(await findSession(store.db, 'mine', start))
  assert.equal(await findSession(store.db, 'other', start), undefined)
})

bothEngines('one person cannot end another’s session from the list', async store => {
  await withAnn(store)
  await addUser(store.db, 'bo')
  await signIn(store, 'h1')
  assert.equal(await sessions.endSession(store.db, { tenantId: 't1', userId: 'bo-id', publicId: 'public-h1' }), false)
  assert.ok(await findSession(store.db, 'h1', start))
})

bothEngines('the list shows complete sessions that hold, the one used last first', async store => {
  await withAnn(store)
  await signIn(store, 'old', {}, start - hour)
  await signIn(store, 'a', {}, start - 5 * minute)
  await signIn(store, 'b', {}, start - minute)
  await signIn(store, 'half', { level: 'firstFactor' })
  const list = await sessions.listSessions(store.db, { tenantId: 't1', userId: 'ann-id', now: start })
  assert.deepEqual(list.map(one => one.publicId), ['public-b', 'public-a'])
})

bothEngines('what may change in a session changes, and wrong passwords at stepping up are counted by the database', async store => {
  await withAnn(store)
  await signIn(store, 'h1')
  assert.equal(await sessions.updateSession(store.db, 't1', 'h1', { locale: 'lv', proofs: [{ method: 'totp', at: start }] }), true)
  assert.equal(await sessions.updateSession(store.db, 't1', 'none', { locale: 'lv' }), false)
  const found = await findSession(store.db, 'h1', start)
  assert.deepEqual([found?.locale, found?.proofs], ['lv', [{ method: 'totp', at: start }]])
  const counts = await Promise.all(Array.from({ length: 5 }, () => sessions.countWrongReauthentication(store.db, 't1', 'h1')))
  assert.deepEqual(counts.toSorted(), [1, 2, 3, 4, 5])
})
