import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashingLane, hashPassword, isOutdatedHash, matchesHash, repepperHash } from '../../src/credentials/hash-password.ts'
import { rotateKeyFile } from '../../src/key-file.ts'
import { Refusal } from '../../src/refusal.ts'
import { Secret } from '../../src/secret.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'

const onSqlite = (name: string, body: (stage: Stage) => Promise<void>) =>
  test(name, async () => {
    const stage = await openStage('sqlite')
    await body(stage).finally(() => stage.close())
  })

onSqlite('a password matches its own hash, in either of its Unicode forms, and no other', async ({ app }) => {
  const hash = await hashPassword(app, new Secret('Pässword 1'))
  assert.match(hash, /^argon2id-1\$m=19456,t=2,p=1\$[\w-]{22}\$p1\$[\w-]{43}$/)
  assert.ok(await matchesHash(app, hash, new Secret('Pässword 1')))
  assert.ok(await matchesHash(app, hash, new Secret('Pa\u0308ssword 1')))
  for (const other of ['Pässword 2', 'pässword 1', ' Pässword 1', 'Pässword 1 ', '']) assert.ok(!(await matchesHash(app, hash, new Secret(other))), other)
  assert.notEqual(await hashPassword(app, new Secret('Pässword 1')), hash, 'every hash has a salt of its own')
})

onSqlite('T-02: every check costs exactly one hash, whatever it is given', async ({ app }) => {
  const hash = await hashPassword(app, new Secret('right'))
  const cases: [string, string | null, string][] = [
    ['right', hash, 'right'], ['wrong', hash, 'wrong'], ['nobody', null, 'right'], ['empty', hash, ''], ['no hash, empty', null, ''],
    ['1,025 characters', hash, 'x'.repeat(1_025)], ['a mebibyte', hash, 'x'.repeat(1_048_576)], ['4 bytes each', hash, '😀'.repeat(1_024) + 'x'],
    ['a hash of nobody knows what', 'plain:right', 'right'], ['half a hash', hash.slice(0, 40), 'right'],
  ]
  for (const [name, stored, text] of cases) {
    const before = hashingLane().started
    const right = await matchesHash(app, stored, new Secret(text))
    assert.equal(hashingLane().started - before, 1, name)
    assert.equal(right, name === 'right', name)
  }
})

onSqlite('what is too long never matches, though it begins with the password', async ({ app }) => {
  const longest = 'ä'.repeat(1_024)
  const hash = await hashPassword(app, new Secret(longest))
  assert.ok(await matchesHash(app, hash, new Secret(longest)))
  assert.ok(!(await matchesHash(app, hash, new Secret(`${longest}x`))))
  await assert.rejects(hashPassword(app, new Secret(`${longest}x`)), { name: 'Refusal' })
})

onSqlite('T-24: the lane is as wide as the cores, the queue is bounded, and beyond it comes a 503', async ({ app }) => {
  const { width, queueLength } = hashingLane()
  const outcomes = await Promise.allSettled(Array.from({ length: width + queueLength + 10 }, () => matchesHash(app, null, new Secret('x'))))
  const refused = outcomes.flatMap(one => (one.status === 'rejected' ? [one.reason as unknown] : []))
  assert.equal(refused.length, 10)
  for (const one of refused) assert.ok(one instanceof Refusal && one.status === 503 && one.code === 'LK_BUSY' && one.retryAfter! > 0)
  assert.deepEqual({ running: hashingLane().running, waiting: hashingLane().waiting }, { running: 0, waiting: 0 })
  assert.ok(!(await matchesHash(app, null, new Secret('x'))), 'afterwards it works again')
})

onSqlite('R-15: with the queue full of strangers, a place the account knows is served, and before them', async ({ app }) => {
  const { width, queueLength } = hashingLane()
  const order: string[] = []
  const strangers = Array.from({ length: width + queueLength }, () => matchesHash(app, null, new Secret('x')).then(() => order.push('stranger')))
  await assert.rejects(matchesHash(app, null, new Secret('x')), { name: 'Refusal' })
  const familiar = matchesHash(app, null, new Secret('x'), true).then(() => order.push('familiar'))
  await Promise.all([...strangers, familiar])
  assert.ok(order.indexOf('familiar') <= 2 * width, `${order.indexOf('familiar')} came first`)
})

onSqlite('R-13: the pepper changes without any password being known', async ({ app }) => {
  const hash = await hashPassword(app, new Secret('right'))
  rotateKeyFile(app.config.keysFile, 'pepper', 'add')
  rotateKeyFile(app.config.keysFile, 'pepper', 'use')
  app.keys.reload()
  assert.ok(await matchesHash(app, hash, new Secret('right')))
  assert.ok(isOutdatedHash(app, hash))
  const renewed = repepperHash(app, hash)!
  assert.match(renewed, /\$p1\+p2\$/)
  assert.ok(await matchesHash(app, renewed, new Secret('right')))
  assert.ok(!(await matchesHash(app, renewed, new Secret('wrong'))))
  assert.equal(repepperHash(app, renewed), undefined)
  assert.match(await hashPassword(app, new Secret('right')), /\$p2\$/)
})
