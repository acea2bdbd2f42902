import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isBreached } from '../../src/credentials/breached-passwords.ts'
import { setPassword } from '../../src/credentials/set-password.ts'
import { Refusal } from '../../src/refusal.ts'
import { Secret } from '../../src/secret.ts'
import { addPerson } from '../support/people.ts'
import { openStage } from './stage.ts'

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase()

function fileOf(lines: string[]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'latchkey-breached-')), 'hashes.txt')
  writeFileSync(file, lines.join('\n') + (lines.length > 0 ? '\n' : ''))
  return file
}

test('every password of the file is found and no other, with counts behind the hashes or without', async () => {
  for (const size of [0, 1, 2, 3, 10, 257]) {
    for (const suffix of [(_n: number) => '', (n: number) => `:${n ** 3}`]) {
      const words = Array.from({ length: size }, (_, n) => `word ${n}`)
      const file = fileOf(words.map((word, n) => sha1(word) + suffix(n)).sort())
      for (const word of words) assert.ok(await isBreached(file, new Secret(word)), `${word} of ${size}`)
      for (let n = size; n < size + 50; n++) assert.ok(!(await isBreached(file, new Secret(`word ${n}`))), `word ${n} of ${size}`)
    }
  }
  assert.ok(!(await isBreached(undefined, new Secret('x'))))
})

test('LD-51: a breached password is refused when it is set', async () => {
  const stage = await openStage('sqlite', { breachedPasswordsFile: fileOf([sha1('Teal#Orbit-Nine42')]) })
  const ann = await addPerson(stage.app, stage.tenantId, { name: 'ann' })
  const wish = { tenantId: stage.tenantId, userId: ann.id, channel: 'sspr-portal' as const, actor: { kind: 'user' as const, userId: ann.id }, correlationId: 'c' }
  await assert.rejects(setPassword(stage.app, { ...wish, newPassword: new Secret('Teal#Orbit-Nine42') }), error => error instanceof Refusal && error.code === 'LK_PASSWORD_BREACHED')
  assert.equal((await setPassword(stage.app, { ...wish, newPassword: new Secret('Teal#Orbit-Nine43') })).outcome, 'done')
  await stage.close()
})
