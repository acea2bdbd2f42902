import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after, before } from 'node:test'
import type { App } from '../../src/app.ts'
import { developmentConfig } from '../../src/development/config.ts'
import { parseDuration } from '../../src/development/duration.ts'
import { samplePeople } from '../../src/development/sample-people.ts'
import { personId, plantSample, sampleTenantId } from '../../src/development/sample-tenant.ts'
import { newKeyFile } from '../../src/key-file.ts'
import { appOf, openStoreOf } from '../../src/operator/open-app.ts'
import { gatesRequired, nextGate } from '../../src/rules/gates.ts'
import { checkPassword } from '../../src/rules/password-policy.ts'
import { evaluateReset } from '../../src/rules/reset-checks.ts'
import { gatherFacts } from '../../src/store/facts.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { Store } from '../../src/store/open.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-sample-'))
let store: Store
let app: App

before(async () => {
  const config = developmentConfig({ dataDir: folder })
  newKeyFile(config.keysFile)
  store = await openStoreOf(config)
  await migrate(store)
  app = await appOf(config, store)
  assert.equal(await plantSample(app, () => {}), true)
})
after(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

const factsOf = (name: string) =>
  gatherFacts(app.db, { tenantId: sampleTenantId, userId: personId(name), now: app.now(), providers: { mail: true, sms: true, voice: false, push: false } })

test('planting twice plants once', async () => {
  assert.equal(await plantSample(app, () => {}), false)
})

test("everybody's password passes the rules of their own tenant, and no two are the same", async () => {
  assert.equal(new Set(samplePeople.map(person => person.password)).size, samplePeople.length)
  for (const person of samplePeople) {
    const { tenant, subject } = await factsOf(person.name)
    assert.deepEqual(checkPassword(person.password, { tenant, subject }).map(one => one.code), [], person.name)
  }
})

test('ann can reset at once, with one gate, by mail or by text', async () => {
  const facts = await factsOf('ann')
  assert.deepEqual(evaluateReset(facts), { allowed: true })
  const known = { ...facts, subject: facts.subject! }
  assert.equal(gatesRequired(known), 1)
  const next = nextGate(known, [])
  assert.deepEqual(!next.done && next.choices.map(choice => choice.way).sort(), ['email', 'mobileSms'])
})

test('administrators have what two gates need', async () => {
  for (const name of ['gus', 'paula', 'uffe', 'helga']) {
    const facts = await factsOf(name)
    assert.deepEqual(evaluateReset(facts), { allowed: true }, name)
    assert.equal(gatesRequired({ ...facts, subject: facts.subject! }), 2, name)
  }
})

test('the sample has one of every kind: no method, one, two; locked, disabled, must change, out of scope; the letters of four languages', async () => {
  const count = (person: (typeof samplePeople)[number]) => [person.email, person.mobile, person.otherMail, person.mobilePhone].filter(Boolean).length
  for (const wanted of [0, 1, 2]) assert.ok(samplePeople.some(person => !person.role && count(person) === wanted))
  for (const letter of 'æøåāčž') assert.ok(samplePeople.some(person => person.displayName.toLowerCase().includes(letter)), letter)
  const code = async (name: string) => {
    const verdict = evaluateReset(await factsOf(name))
    return verdict.allowed ? 'allowed' : verdict.reasons[0]!.code
  }
  assert.equal(await code('birgit'), 'SSPR_0014', 'no method')
  assert.equal(await code('mette'), 'SSPR_0013', 'not in the group')
  assert.equal(await code('astrid'), 'LK_ACCOUNT_DISABLED')
  assert.equal(await code('soren'), 'allowed', 'directory data alone is enough (M-24)')
  assert.equal((await factsOf('nils')).subject!.forceChangePasswordNextSignIn, true)
  const locked = await app.db.selectFrom('signInLockouts').select('lockedUntil').execute()
  assert.ok(locked.length > 0 && locked.every(row => row.lockedUntil! > app.now()))
})

test('durations are read as ISO 8601 writes them', () => {
  assert.equal(parseDuration('PT25H'), 25 * 3_600_000)
  assert.equal(parseDuration('P1DT1H30M10S'), 91_810_000)
  assert.equal(parseDuration('P2W'), 14 * 86_400_000)
  for (const wrong of ['', 'P', 'PT', '25H', 'PT1.5H', '-PT1H', 'P1Y', 'PT25H ']) assert.equal(parseDuration(wrong) || undefined, undefined, wrong)
})
