import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newKeyFile, newKeys, rotateKeyFile } from '../src/key-file.ts'
import { openKeyring, SealBroken } from '../src/keyring.ts'
import { bothEngines } from './support/store.ts'
import type { TestStore } from './support/store.ts'

const place = { tenantId: 't1', table: 'userContacts', column: 'valueSealed', rowId: 'r1' }

async function addTenants(store: TestStore): Promise<void> {
  for (const id of ['t1', 't2']) {
    await store.db.insertInto('tenants').values({ id, displayName: id, createdAt: 0, defaultLocale: 'en', sessionEpoch: 0, suspendedAt: null }).execute()
  }
}

const keyFile = () => join(mkdtempSync(join(tmpdir(), 'latchkey-keys-')), 'keys.json')

bothEngines('a sealed value opens in its own place and in no other', async store => {
  await addTenants(store)
  const keys = await openKeyring({ keyFile: newKeys(), db: store.db })
  const sealed = await keys.sealText(place, 'ann@home.example')
  assert.equal(await keys.openText(place, sealed), 'ann@home.example')
  assert.ok(!sealed.includes('ann'))
  const elsewhere = [{ rowId: 'r2' }, { column: 'other' }, { table: 'challenges' }, { tenantId: 't2' }]
  for (const other of elsewhere) await assert.rejects(keys.openText({ ...place, ...other }, sealed), SealBroken)
  const [scheme, id, nonce, body] = sealed.split('.')
  const bytes = Buffer.from(body!, 'base64url')
  bytes[0]! ^= 1
  for (const broken of [`${scheme}.${id}.${nonce}.${bytes.toString('base64url')}`, `${scheme}.${id}.${nonce}`, 's1.dx.a.b', '', 'ann@home.example']) {
    await assert.rejects(keys.openText(place, broken), SealBroken)
  }
})

bothEngines('a data key first made inside a transaction goes with it, and is not used after that', async store => {
  await addTenants(store)
  const keys = await openKeyring({ keyFile: newKeys(), db: store.db })
  await assert.rejects(
    store.db.transaction().execute(async trx => {
      const sealed = await keys.sealText(place, 'lost', trx)
      assert.equal(await keys.openText(place, sealed, trx), 'lost')
      throw new Error('undo')
    }),
    /undo/,
  )
  const sealed = await store.db.transaction().execute(trx => keys.sealText(place, 'kept', trx))
  assert.equal(await keys.openText(place, sealed), 'kept')
  const fresh = await openKeyring({ keyFile: newKeys(), db: store.db })
  await assert.rejects(fresh.openText(place, sealed), /key e1 is not in the key file|does not open|unable to authenticate/)
})

bothEngines('R-13: the key that wraps changes while values go on opening, in a process that runs', async store => {
  await addTenants(store)
  const path = keyFile()
  newKeyFile(path)
  const keys = await openKeyring({ keyFile: path, db: store.db })
  const sealed = await keys.sealText(place, 'steady')
  assert.equal(rotateKeyFile(path, 'encryption', 'add'), 'e2')
  rotateKeyFile(path, 'encryption', 'use')
  const second = await openKeyring({ keyFile: path, db: store.db })
  assert.equal(await second.openText(place, sealed), 'steady')
  assert.equal(await second.rewrap(), 1)
  assert.equal(await second.rewrap(), 0)
  rotateKeyFile(path, 'encryption', 'drop')
  const third = await openKeyring({ keyFile: path, db: store.db })
  assert.equal(await third.openText(place, sealed), 'steady')
  assert.equal(await keys.openText(place, sealed), 'steady')
})

bothEngines('keyed hashes of one purpose mean nothing for another, and retired keys are still accepted', async store => {
  const path = keyFile()
  newKeyFile(path)
  const keys = await openKeyring({ keyFile: path, db: store.db })
  const mac = keys.mac('code', '1234')
  assert.match(mac, /^k1\.[\w-]{43}$/)
  assert.ok(keys.macMatches('code', '1234', mac))
  assert.ok(!keys.macMatches('code', '1235', mac))
  assert.ok(!keys.macMatches('csrf', '1234', mac))
  for (const nonsense of ['', 'k1.', '.', 'k9.x', `k1.${'A'.repeat(43)}`]) assert.ok(!keys.macMatches('code', '1234', nonsense))
  rotateKeyFile(path, 'mac', 'add')
  rotateKeyFile(path, 'mac', 'use')
  const later = await openKeyring({ keyFile: path, db: store.db })
  assert.ok(later.macMatches('code', '1234', mac))
  assert.match(later.mac('code', '1234'), /^k2\./)
  assert.deepEqual(later.macs('code', '1234').map(one => one.slice(0, 2)), ['k2', 'k1'])
  assert.ok(keys.macMatches('code', '1234', later.mac('code', '1234')), 'a process that runs learns the new key when it meets it')
})
