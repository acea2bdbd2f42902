import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import type { Db, WritebackOutcome } from '../../src/app.ts'
import { createAppPassword } from '../../src/credentials/app-passwords.ts'
import { matchesHash } from '../../src/credentials/hash-password.ts'
import { setPassword } from '../../src/credentials/set-password.ts'
import type { NewPassword } from '../../src/credentials/set-password.ts'
import { verifyPassword } from '../../src/credentials/verify-password.ts'
import { Refusal } from '../../src/refusal.ts'
import type { Channel } from '../../src/rules/facts.ts'
import { Secret } from '../../src/secret.ts'
import { listAudit } from '../../src/store/audit.ts'
import { reserve } from '../../src/store/limits.ts'
import { findPassword } from '../../src/store/passwords.ts'
import { lastPasswordEvent } from '../../src/store/password-events.ts'
import { findSession, insertSession } from '../../src/store/sessions.ts'
import { addPerson, changePolicy, passwordOf, roleIds } from '../support/people.ts'
import type { Person, PersonOptions } from '../support/people.ts'
import { runOther } from '../support/processes.ts'
import { engines } from '../support/store.ts'
import { hour, onStage, openStage } from './stage.ts'
import type { Stage } from './stage.ts'

const fresh = 'Teal#Orbit-Nine42'

const wish = (person: Person, channel: Channel = 'sspr-portal', more: Partial<NewPassword> = {}): NewPassword => ({
  tenantId: person.tenantId, userId: person.id, newPassword: new Secret(fresh), channel, correlationId: 'c-1',
  actor: { kind: 'user', userId: person.id, userPrincipalName: person.userPrincipalName, ipAddress: '192.0.2.7' }, ...more,
})

const ann = (stage: Stage, more: Partial<PersonOptions> = {}) => addPerson(stage.app, stage.tenantId, { name: 'ann', mail: 'ann@contoso.example', ...more })

async function isPassword(stage: Stage, person: Person, text: string): Promise<boolean> {
  const row = await findPassword(stage.app.db, stage.tenantId, person.id)
  return matchesHash(stage.app, row?.hash ?? null, new Secret(text))
}

async function signedIn(stage: Stage, person: Person): Promise<string> {
  const { app, tenantId } = stage
  const idHash = randomUUID()
  const user = await app.db.selectFrom('users').select('credentialEpoch').where('id', '=', person.id).executeTakeFirstOrThrow()
  await insertSession(app.db, {
    idHash, tenantId, publicId: randomUUID(), userId: person.id, level: 'complete', isAdministrator: false, credentialEpoch: user.credentialEpoch,
    proofs: [], locale: null, continueTo: null, ipAddress: null, userAgent: null,
  }, app.now())
  return idHash
}

const code = (expected: string) => (error: unknown) => {
  assert.ok(error instanceof Refusal, String(error))
  assert.equal(error.code, expected)
  return true
}

const activities = async (stage: Stage) => (await listAudit(stage.app.db, { tenantId: stage.tenantId })).map(row => [row.service, row.activity, row.result].join(' / ')).reverse()

onStage('a reset: the new password works, sessions end, locks and counters go, and everybody hears of it', async stage => {
  const person = await ann(stage, { email: 'ann@home.example' })
  const { app, tenantId } = stage
  const session = await signedIn(stage, person)
  await reserve(app.db, { tenantId, key: `recovery:${person.id}`, kind: 'proof', now: app.now() })
  for (let n = 0; n < 10; n++) {
    await verifyPassword(app, { tenantId, typedName: person.userPrincipalName, password: new Secret(`wrong ${n}`), place: { address: '198.51.100.1' }, purpose: 'signIn' })
  }
  const locked = await verifyPassword(app, { tenantId, typedName: person.userPrincipalName, password: new Secret(person.password), place: { address: '198.51.100.1' }, purpose: 'signIn' })
  assert.equal(locked.outcome, 'locked')
  assert.deepEqual(await setPassword(app, wish(person)), { outcome: 'done', writeback: 'notNeeded' })
  assert.ok(await isPassword(stage, person, fresh))
  assert.ok(!(await isPassword(stage, person, person.password)))
  assert.equal(await findSession(app.db, session, app.now()), undefined)
  const again = await verifyPassword(app, { tenantId, typedName: person.userPrincipalName, password: new Secret(fresh), place: { address: '198.51.100.1' }, purpose: 'signIn' })
  assert.equal(again.outcome, 'right', 'A-19: the reset has ended the lock')
  assert.equal((await app.db.selectFrom('limits').select('key').where('key', '=', `recovery:${person.id}`).execute()).length, 0)
  await stage.work()
  assert.deepEqual(stage.mail.filter(one => one.name === 'passwordReset').map(one => one.to).sort(), ['ann@contoso.example', 'ann@home.example'])
  assert.match(stage.mail.find(one => one.name === 'passwordReset')!.text, /From: 192\.0\.2\.0\/24/)
  assert.deepEqual(await activities(stage), [
    'Self-service Password Management / Reset password (self-service) / success',
    'Core Directory / Reset password / success',
    'Core Directory / Update StsRefreshTokenValidFrom Timestamp / success',
  ])
})

onStage('a change keeps the session it was made in and ends the others; app passwords stay', async stage => {
  const person = await ann(stage, { perUserMfaState: 'enabled' })
  const { app, tenantId } = stage
  await changePolicy(app, tenantId, 'tenantSettings', { allowAppPasswords: true })
  await createAppPassword(app, { tenantId, userId: person.id, displayName: 'Mail', actor: { kind: 'user', userId: person.id }, correlationId: 'c-0' })
  const [own, other] = [await signedIn(stage, person), await signedIn(stage, person)]
  await setPassword(app, wish(person, 'change-portal', { keepSession: own }))
  assert.ok(await findSession(app.db, own, app.now()))
  assert.equal(await findSession(app.db, other, app.now()), undefined)
  assert.equal((await app.db.selectFrom('appPasswords').select('id').execute()).length, 1)
  assert.ok((await activities(stage)).includes('Core Directory / Change user password / success'))
  await stage.work()
  assert.ok(stage.mail.some(one => one.name === 'passwordChanged'))
})

onStage('A-23: a change to the current password is refused, a reset to it is not', async stage => {
  const person = await ann(stage)
  const same = { newPassword: new Secret(person.password) }
  await assert.rejects(setPassword(stage.app, wish(person, 'change-portal', same)), code('LK_PASSWORD_SAME_AS_CURRENT'))
  assert.equal((await setPassword(stage.app, wish(person, 'sspr-portal', same))).outcome, 'done')
})

onStage('every rule that fails is named, nothing changes, and the audit says why', async stage => {
  const person = await ann(stage)
  const cases: [string, string[]][] = [
    ['Short#1', ['LK_PASSWORD_TOO_SHORT']],
    ['alllettersandsmall', ['LK_PASSWORD_NOT_MEET_COMPLEXITY']],
    ['Grün#Orbit-Nine42', ['LK_PASSWORD_HAS_UNSUPPORTED_CHARACTERS']],
    [`Aa1#${'x'.repeat(260)}`, ['LK_PASSWORD_TOO_LONG']],
  ]
  for (const [text, codes] of cases) {
    await assert.rejects(setPassword(stage.app, wish(person, 'sspr-portal', { newPassword: new Secret(text) })), (error: unknown) => {
      assert.ok(error instanceof Refusal && error.status === 422 && error.field === 'newPassword')
      for (const one of codes) assert.ok(error.reasons.some(reason => reason.code === one), `${text}: ${error.message}`)
      return true
    })
  }
  assert.ok(await isPassword(stage, person, person.password))
  const failures = (await listAudit(stage.app.db, { tenantId: stage.tenantId })).filter(row => row.result === 'failure')
  assert.equal(failures.length, cases.length)
  await stage.work()
  assert.equal(stage.mail.length, 0)
})

onStage('LD-09, A-24: app passwords end with a reset, unless the tenant lets them live', async stage => {
  const { app, tenantId } = stage
  await changePolicy(app, tenantId, 'tenantSettings', { allowAppPasswords: true })
  for (const [name, survive] of [['ann', false], ['bob', true]] as const) {
    await changePolicy(app, tenantId, 'tenantSettings', { appPasswordsSurviveReset: survive })
    const person = await addPerson(app, tenantId, { name, perUserMfaState: 'enforced' })
    await createAppPassword(app, { tenantId, userId: person.id, displayName: 'Mail', actor: { kind: 'user', userId: person.id }, correlationId: 'c-0' })
    await setPassword(app, wish(person))
    assert.equal((await app.db.selectFrom('appPasswords').select('id').where('userId', '=', person.id).execute()).length, survive ? 1 : 0)
  }
})

onStage('an administrator sets a temporary password: must be changed, works once, is dead after its time', async stage => {
  const person = await ann(stage)
  const { app, tenantId } = stage
  const actor = { kind: 'user' as const, userId: 'gus' }
  const signIn = () => verifyPassword(app, { tenantId, typedName: person.userPrincipalName, password: new Secret(fresh), place: { address: '192.0.2.1' }, purpose: 'signIn' })
  await setPassword(app, wish(person, 'admin-portal', { actor, temporary: true }))
  const first = await signIn()
  assert.ok(first.outcome === 'right' && first.mustChange && first.temporary)
  const second = await signIn()
  assert.ok(second.outcome === 'refused' && second.code === 'LK_TEMPORARY_PASSWORD_EXPIRED')
  const atChange = await verifyPassword(app, { tenantId, userId: person.id, password: new Secret(fresh), place: { address: '192.0.2.1' }, purpose: 'changePassword' })
  assert.equal(atChange.outcome, 'right')
  await setPassword(app, wish(person, 'admin-portal', { actor, temporary: true }))
  await stage.work()
  await stage.advance(72 * hour)
  const late = await signIn()
  assert.ok(late.outcome === 'refused' && late.code === 'LK_TEMPORARY_PASSWORD_EXPIRED')
  await setPassword(app, wish(person, 'signin-expired', { newPassword: new Secret('Quiet-Harbour*61') }))
  const row = await findPassword(app.db, tenantId, person.id)
  assert.deepEqual([row?.forceChangePasswordNextSignIn, row?.temporaryUntil], [false, null])
  assert.ok((await activities(stage)).includes('Core Directory / Set force change user password / success'))
  await stage.work()
  const [notice] = stage.mail.filter(one => one.name === 'passwordResetByAdministrator')
  assert.ok(notice && !notice.text.includes(fresh) && !notice.html.includes(fresh))
})

onStage('A-20: no address at all: the user principal name; an administrator’s own reset goes to the other Global Administrators', async stage => {
  const { app, tenantId } = stage
  await changePolicy(app, tenantId, 'passwordResetPolicy', { notifyOnAdminPasswordReset: true })
  const roles = [roleIds.globalAdministrator]
  const gus = await addPerson(app, tenantId, { name: 'gus', roles })
  await addPerson(app, tenantId, { name: 'eva', roles, mail: 'eva@mail.example', language: 'da' })
  await addPerson(app, tenantId, { name: 'ole', roles, language: 'nb' })
  await setPassword(app, wish(gus))
  await stage.work()
  assert.deepEqual(stage.mail.map(one => [one.name, one.to, one.locale]).sort(), [
    ['administratorReset', 'eva@mail.example', 'da'],
    ['administratorReset', 'ole@contoso.example', 'nb'],
    ['passwordReset', 'gus@contoso.example', 'en'],
  ])
})

onStage('T-87: whatever became stricter between the first look and the last step applies', async stage => {
  const { app, tenantId } = stage
  const changes: [string, (person: Person) => Promise<unknown>, string][] = [
    ['disabled', person => app.db.updateTable('users').set({ accountEnabled: false }).where('id', '=', person.id).execute(), 'LK_SIGNIN_DISABLED'],
    ['deleted', person => app.db.updateTable('users').set({ deletedDateTime: 1 }).where('id', '=', person.id).execute(), 'LK_NOT_FOUND'],
    ['moved to the domain', person => app.db.updateTable('users').set({ onPremisesSyncEnabled: true }).where('id', '=', person.id).execute(), 'LK_CONFLICT'],
    ['a longer password', () => changePolicy(app, tenantId, 'tenantSettings', { passwordRules: 'nist' }), 'LK_PASSWORD_TOO_SHORT'],
  ]
  for (const [name, meanwhile, expected] of changes) {
    const person = await addPerson(app, tenantId, { name: name.replace(/\W/g, '') })
    const newPassword = new Secret('Teal#Orb-42')
    const interfering = { ...app, db: beforeTransaction(app.db, () => meanwhile(person)) }
    await assert.rejects(setPassword(interfering, wish(person, 'sspr-portal', { newPassword })), code(expected), name)
    assert.ok(await isPassword(stage, person, person.password), name)
  }
})

/** The same database, where something happens just before a transaction begins. */
function beforeTransaction(db: Db, happens: () => Promise<unknown>): Db {
  return new Proxy(db, {
    get: (real, property) => {
      if (property === 'transaction') {
        return () => ({ execute: async (work: (trx: Db) => Promise<void>) => happens().then(() => real.transaction().execute(work)) })
      }
      const value = Reflect.get(real, property, real) as unknown
      return typeof value === 'function' ? (value.bind(real) as unknown) : value
    },
  })
}

onStage('what allows the password is used up with it, and its refusal undoes everything', async stage => {
  const person = await ann(stage)
  const session = await signedIn(stage, person)
  const refusal = new Refusal(409, [{ code: 'LK_OUT_OF_ORDER', audience: 'anyone' }])
  await assert.rejects(setPassword(stage.app, wish(person, 'sspr-portal', { alsoInTransaction: () => Promise.reject(refusal) })), code('LK_OUT_OF_ORDER'))
  assert.ok(await isPassword(stage, person, person.password))
  assert.ok(await findSession(stage.app.db, session, stage.app.now()))
  await stage.work()
  assert.equal(stage.mail.length, 0)
})

async function synced(stage: Stage, model: 'phs' | 'pta'): Promise<Person> {
  const { app, tenantId } = stage
  await app.db.updateTable('domains').set({ signInModel: model }).where('tenantId', '=', tenantId).execute()
  await changePolicy(app, tenantId, 'onPremisesIntegration', { onboarded: true, passwordWritebackEnabled: true })
  return ann(stage, { synced: true })
}

onStage('the domain is asked first: its no changes nothing here, and says what it is', async stage => {
  const person = await synced(stage, 'phs')
  const answers: [WritebackOutcome, string, string][] = [
    [{ status: 'refused', code: 'LK_ONPREM_POLICY', agentId: 'a' }, 'LK_ONPREM_POLICY', 'failed'],
    [{ status: 'refused', code: 'AD_PROTECTED_ACCOUNT', agentId: 'a' }, 'SSPR_0029', 'failed'],
    [{ status: 'refused', code: 'SSPR_0029', agentId: 'a' }, 'SSPR_0029', 'failed'],
    [{ status: 'unreachable' }, 'SSPR_0030', 'failed'],
    [{ status: 'unknown' }, 'LK_WRITEBACK_UNKNOWN', 'unknown'],
  ]
  for (const [answer, expected, writeback] of answers) {
    stage.setAgents({ writePassword: async () => answer })
    await stage.advance(1)
    await assert.rejects(setPassword(stage.app, wish(person)), code(expected))
    const event = await lastPasswordEvent(stage.app.db, stage.tenantId, person.id)
    assert.deepEqual([event?.writeback, event?.code], [writeback, expected])
    assert.ok(await isPassword(stage, person, person.password))
  }
  await stage.work()
  assert.equal(stage.mail.length, 0)
})

onStage('the domain takes it: a copy is kept with hash sync and none without, and the domain’s lock is lifted', async stage => {
  const person = await synced(stage, 'phs')
  const asked: { mustChange: boolean; unlock: boolean; password: string; inTransaction: boolean }[] = []
  stage.setAgents({
    writePassword: async request => {
      asked.push({ mustChange: request.mustChange, unlock: request.unlock, password: request.newPassword.reveal(), inTransaction: stage.app.db.isTransaction })
      return { status: 'done', agentId: 'a' }
    },
  })
  assert.deepEqual(await setPassword(stage.app, wish(person)), { outcome: 'done', writeback: 'ok' })
  assert.deepEqual(asked, [{ mustChange: false, unlock: true, password: fresh, inTransaction: false }])
  assert.ok(await isPassword(stage, person, fresh))
  await stage.app.db.updateTable('domains').set({ signInModel: 'pta' }).execute()
  await setPassword(stage.app, wish(person, 'change-portal', { newPassword: new Secret('Quiet-Harbour*61') }))
  assert.equal((await findPassword(stage.app.db, stage.tenantId, person.id))?.hash, null)
})

onStage('A-29: the domain has it and the store fails: pending, in the records, and no second write-back when it is repeated', async stage => {
  const person = await synced(stage, 'phs')
  let asked = 0
  stage.setAgents({
    writePassword: async () => {
      asked++
      return { status: 'done', agentId: 'a' }
    },
  })
  const failing = wish(person, 'sspr-portal', { idempotencyKey: 'reset-1', alsoInTransaction: () => Promise.reject(new Error('disk full')) })
  assert.deepEqual(await setPassword(stage.app, failing), { outcome: 'pendingCloud', writeback: 'ok' })
  assert.ok(await isPassword(stage, person, person.password))
  const event = await lastPasswordEvent(stage.app.db, stage.tenantId, person.id)
  assert.deepEqual([event?.writeback, event?.code], ['ok', 'LK_CLOUD_PENDING'])
  assert.deepEqual(await setPassword(stage.app, wish(person, 'sspr-portal', { idempotencyKey: 'reset-1' })), { outcome: 'done', writeback: 'ok' })
  assert.equal(asked, 1)
  assert.ok(await isPassword(stage, person, fresh))
  await setPassword(stage.app, wish(person, 'sspr-portal', { idempotencyKey: 'reset-2' }))
  assert.equal(asked, 2, 'another reset is another message')
})

onStage('LD-29: a door that cannot write back is refused for people of the domain, and recorded', async stage => {
  const person = await synced(stage, 'pta')
  await assert.rejects(setPassword(stage.app, wish(person, 'graph-patch-passwordProfile', { actor: { kind: 'user', userId: 'gus' } })), (error: unknown) =>
    error instanceof Refusal && error.status === 400 && error.code === 'WRITEBACK_NOT_SUPPORTED')
  assert.equal((await lastPasswordEvent(stage.app.db, stage.tenantId, person.id))?.writeback, 'notSupported')
})

for (const engine of engines) {
  test(`R-06: killed after the domain has taken the password: a repetition does not ask the domain again and ends equal (${engine})`, async () => {
    const stage = await openStage(engine)
    try {
      const person = await synced(stage, 'phs')
      process.env.NODE_ENV = 'test'
      process.env.LATCHKEY_FAULT = 'setPassword.home'
      const other = runOther('test/credentials/other.ts', 'setPassword', stage.ticket, JSON.stringify({ userId: person.id, newPassword: fresh }))
      process.env.LATCHKEY_FAULT = ''
      assert.equal(await new Promise(resolve => other.process.once('exit', (_code, sign) => resolve(sign))), 'SIGKILL')
      assert.ok(await isPassword(stage, person, person.password))
      let asked = 0
      stage.setAgents({ writePassword: async () => (asked++, { status: 'unreachable' }) })
      assert.deepEqual(await setPassword(stage.app, wish(person, 'sspr-portal', { idempotencyKey: 'reset-1' })), { outcome: 'done', writeback: 'ok' })
      assert.equal(asked, 0)
      assert.ok(await isPassword(stage, person, fresh))
    } finally {
      await stage.close()
    }
  })
}

const points = ['begin', 'sessions', 'allowed', 'saved', 'cleared', 'recorded', 'committed']

for (const engine of engines) {
  test(`R-01: killed at any place, either the old password works or the new one, and the reset is used up with it (${engine})`, async () => {
    const stage = await openStage(engine)
    try {
      for (const point of points) {
        const person = await addPerson(stage.app, stage.tenantId, { name: point })
        const before = process.env.LATCHKEY_FAULT
        process.env.NODE_ENV = 'test'
        process.env.LATCHKEY_FAULT = `setPassword.${point}`
        const other = runOther('test/credentials/other.ts', 'setPassword', stage.ticket, JSON.stringify({ userId: person.id, newPassword: fresh }))
        process.env.LATCHKEY_FAULT = before ?? ''
        const signal = await new Promise(resolve => other.process.once('exit', (_code, sign) => resolve(sign)))
        assert.equal(signal, 'SIGKILL', point)
        const [isOld, isNew] = [await isPassword(stage, person, passwordOf(point)), await isPassword(stage, person, fresh)]
        const used = (await stage.app.db.deleteFrom('onceOnly').where('key', '=', 'reset:1').returning('key').execute()).length === 1
        const audited = (await listAudit(stage.app.db, { tenantId: stage.tenantId, filter: { targetId: person.id } })).length
        const notices = (await stage.app.db.deleteFrom('outbox').returning('id').execute()).length
        const done = point === 'committed'
        assert.deepEqual({ isOld, isNew, used, audited, notices }, { isOld: !done, isNew: done, used: done, audited: done ? 3 : 0, notices: done ? 1 : 0 }, point)
      }
    } finally {
      await stage.close()
    }
  })
}
