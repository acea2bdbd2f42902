import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { newKeyFile, newKeys, readKeyFile } from '../src/key-file.ts'

const keyFile = () => join(mkdtempSync(join(tmpdir(), 'latchkey-keys-')), 'keys.json')

test('T-79: a key file is for its owner alone, complete, and never overwritten', () => {
  const path = keyFile()
  newKeyFile(path)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.throws(() => newKeyFile(path), /EEXIST/)
  chmodSync(path, 0o640)
  assert.throws(() => readKeyFile(path), /chmod 600/)
  const short = newKeys()
  short.pepper[0]!.secret = Buffer.alloc(16).toString('base64url')
  const none = { ...newKeys(), mac: [] }
  for (const [wrong, says] of [[short, /shorter than 32 bytes/], [none, /exactly one active key under "mac"/], [{}, /no version/]] as const) {
    const other = keyFile()
    writeFileSync(other, JSON.stringify(wrong), { mode: 0o600 })
    assert.throws(() => readKeyFile(other), says)
  }
})
