import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { addKey, addPassword, hashSecret, newSecret, removePassword, replaceKeys } from '../../src/credentials/app-credentials.ts'
import type { CredentialOwner, NewKey } from '../../src/credentials/app-credentials.ts'
import { flushCredentialUses, noteCredentialUse } from '../../src/credentials/credential-use.ts'
import { requireProof } from '../../src/credentials/proof-of-possession.ts'
import { Refusal } from '../../src/refusal.ts'
import { legacyDirectoryAppId } from '../../src/rules/first-party.ts'
import { listCredentialUses, listCredentials } from '../../src/store/application-credentials.ts'
import { insertApplication } from '../../src/store/applications.ts'
import { findClient } from '../../src/store/clients.ts'
import { insertServicePrincipal } from '../../src/store/service-principals.ts'
import { bodyOf, certificate, ec, signToken } from '../support/app-certificates.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'

const day = 86_400_000
const by = { actor: { kind: 'system' }, correlationId: 'c' } as const

for (const engine of ['sqlite', 'postgres'] as const) describe(`credentials of a program (${engine})`, () => {
  let t: TestApp
  before(async () => void (t = await makeApp({ engine })))
  after(() => t.close())

  async function anApp(): Promise<CredentialOwner> {
    const owner = { tenantId: t.tenantId, id: randomUUID(), type: 'application', appId: randomUUID(), displayName: 'Shop', createdDateTime: t.app.now() } as const
    await insertApplication(t.app.db, { tenantId: owner.tenantId, id: owner.id, appId: owner.appId, displayName: 'Shop', createdDateTime: owner.createdDateTime })
    await insertServicePrincipal(t.app.db, { tenantId: owner.tenantId, id: randomUUID(), appId: owner.appId, displayName: 'Shop', createdDateTime: owner.createdDateTime })
    return owner
  }
  const inTransaction = <T>(work: Parameters<ReturnType<typeof t.app.db.transaction>['execute']>[0]) => t.app.db.transaction().execute(work) as Promise<T>
  const add = (owner: CredentialOwner, wanted = {}) => t.app.db.transaction().execute(trx => addPassword(t.app, trx, owner, wanted, by))
  const put = (owner: CredentialOwner, keys: readonly NewKey[]) => t.app.db.transaction().execute(trx => replaceKeys(t.app, trx, owner, keys, by))
  const stored = async (owner: CredentialOwner) => listCredentials(t.app.db, owner.tenantId, [owner.id])
  const refusedWith = (code: string) => (error: unknown) => error instanceof Refusal && error.status === 400 && error.code === code

  test('a secret is kept by its hash and its first three characters, and several stand side by side', async () => {
    const owner = await anApp()
    const [first, second] = [await add(owner, { displayName: 'one' }), await add(owner)]
    const rows = await stored(owner)
    assert.deepEqual(new Set(rows.map(row => row.secretHash)), new Set([first, second].map(one => hashSecret(one.secretText))))
    assert.deepEqual(first.row.hint, first.secretText.reveal().slice(0, 3))
    assert.ok(!JSON.stringify(rows).includes(first.secretText.reveal()))
    const end = new Date(first.row.startDateTime)
    end.setUTCFullYear(end.getUTCFullYear() + 2)
    assert.equal(first.row.endDateTime, end.getTime())
    assert.equal((await findClient(t.app.db, t.tenantId, owner.appId))!.passwords.length, 2)
  })

  test('a change is heard at once by whoever keeps the client’s record, and is audited without the secret', async () => {
    const owner = await anApp()
    const before = (await findClient(t.app.db, t.tenantId, owner.appId))!.version
    const heard = t.app.wake.waitFor(`client:${owner.appId}`, 5000)
    const { row, secretText } = await add(owner)
    assert.equal(await heard, t.tenantId)
    assert.ok((await findClient(t.app.db, t.tenantId, owner.appId))!.version > before)
    await inTransaction(trx => removePassword(t.app, trx, owner, row.keyId.toUpperCase(), by))
    await assert.rejects(inTransaction(trx => removePassword(t.app, trx, owner, row.keyId, by)), refusedWith('LK_CREDENTIAL_UNKNOWN'))
    const rows = await t.app.db.selectFrom('audit').select(['activity', 'targets']).where('targetId', '=', owner.id).orderBy('sequence').execute()
    assert.deepEqual(rows.map(one => one.activity), Array(2).fill('Update application – Certificates and secrets management'))
    assert.ok(rows.every(one => one.targets.includes(row.keyId) && !one.targets.includes(secretText.reveal())))
  })

  test('dates that cannot be are refused by name, and a start may lie ahead', async () => {
    const owner = await anApp()
    const now = t.app.now()
    await assert.rejects(add(owner, { endDateTime: now - day }), refusedWith('LK_CREDENTIAL_END'))
    await assert.rejects(add(owner, { startDateTime: now - 3 * day }), refusedWith('LK_CREDENTIAL_START'))
    const { row } = await add(owner, { startDateTime: now + 7 * day, endDateTime: now + 30 * day })
    assert.equal(row.startDateTime, now + 7 * day)
    assert.equal((await stored(owner)).length, 1)
  })

  test('the list of certificates is replaced as clients do it: an echo without the key stays, what is left out goes', async () => {
    const owner = await anApp()
    const [one, two] = [certificate({ name: 'One' }), certificate({ name: 'Two' })]
    const keyId = randomUUID()
    await put(owner, [{ keyId, key: bodyOf(one.certificate), type: 'AsymmetricX509Cert', usage: 'Verify' }])
    const [row] = await stored(owner)
    assert.deepEqual([row!.keyId, row!.displayName], [keyId, 'One'])
    const echo = {
      keyId, key: null, displayName: row!.displayName, type: row!.keyType, usage: row!.keyUsage, customKeyIdentifier: row!.customKeyIdentifier,
      startDateTime: row!.startDateTime + 400, endDateTime: row!.endDateTime,
    }
    await put(owner, [echo, { key: two.certificate }])
    assert.deepEqual((await stored(owner)).map(kept => [kept.displayName, kept.certificate === null]), [['One', false], ['Two', false]])
    await assert.rejects(put(owner, [{ ...echo, endDateTime: row!.endDateTime - day }]), refusedWith('LK_CREDENTIAL_CHANGED'))
    await assert.rejects(put(owner, [{ ...echo, key: two.certificate }]), refusedWith('LK_CREDENTIAL_CHANGED'))
    await assert.rejects(put(owner, [echo, echo]), refusedWith('LK_CREDENTIAL_CHANGED'))
    await assert.rejects(put(owner, [{ keyId: randomUUID(), key: null }]), refusedWith('LK_FIELD_REQUIRED'))
    assert.equal((await stored(owner)).length, 2, 'a refusal changes nothing')
    await put(owner, [echo])
    assert.deepEqual((await stored(owner)).map(kept => kept.displayName), ['One'])
    await put(owner, [])
    assert.deepEqual(await stored(owner), [])
  })

  test('a private key is refused and is nowhere in the database', async () => {
    const owner = await anApp()
    const { privateKeyPem, certificate: pem } = certificate()
    await assert.rejects(put(owner, [{ key: privateKeyPem + pem }]), refusedWith('LK_PRIVATE_KEY'))
    await assert.rejects(put(owner, [{ key: bodyOf(pem), type: 'X509CertAndPassword', usage: 'Sign' }]), refusedWith('LK_PRIVATE_KEY'))
    for (const table of ['applicationCredentials', 'audit', 'applications'] as const) {
      assert.ok(!JSON.stringify(await t.app.db.selectFrom(table).selectAll().execute()).includes(bodyOf(privateKeyPem).slice(40, 100)), table)
    }
  })

  test('uses are counted in memory and written together', async () => {
    const owner = await anApp()
    const { row } = await add(owner)
    const use = { tenantId: t.tenantId, ownerId: owner.id, keyId: row.keyId }
    const at = t.app.now()
    for (let n = 0; n < 5; n++) noteCredentialUse(t.app, { ...use, at: at + n, ipAddress: `192.0.2.${n}` })
    await flushCredentialUses(t.app)
    noteCredentialUse(t.app, { ...use, at: at + 10, ipAddress: '192.0.2.77' })
    await flushCredentialUses(t.app)
    const [seen] = await listCredentialUses(t.app.db, t.tenantId, [owner.id])
    assert.deepEqual([seen!.useCount, seen!.firstUsedAt, seen!.lastUsedAt, seen!.lastIpAddress], [6, at, at + 10, '192.0.2.77'])
  })

  test('a proof of possession opens with a key of the object and with nothing else', async () => {
    const owner = await anApp()
    const [mine, another] = [certificate({ name: 'One' }), certificate({ name: 'Two' })]
    const row = await t.app.db.transaction().execute(trx => addKey(t.app, trx, owner, { key: mine.certificate }, by))
    const elliptic = certificate({ key: ec('P-256') })
    await t.app.db.transaction().execute(trx => addKey(t.app, trx, owner, { key: elliptic.certificate }, by))
    const credentials = await stored(owner)
    const now = t.app.now()
    const seconds = Math.floor(now / 1000)
    const claims = { aud: legacyDirectoryAppId, iss: owner.id, nbf: seconds, exp: seconds + 600 }
    const attempt = (proof: string, at = now) => {
      try {
        requireProof(proof, { credentials, issuers: [owner.id], now: at })
        return 'good'
      } catch (error) {
        assert.ok(error instanceof Refusal && error.status === 401)
        return error.reasons[0]!.values!['graphCode']
      }
    }
    const key = mine.privateKey
    const good = signToken(key, { alg: 'RS256', x5t: row.sha1Thumbprint }, claims)
    const bad = 'Authentication_MissingOrMalformed'
    for (const [name, proof, expected] of [
      ['RS256 with a thumbprint', good, 'good'],
      ['PS256', signToken(key, { alg: 'PS256', 'x5t#S256': row.sha256Thumbprint }, claims), 'good'],
      ['ES256', signToken(elliptic.privateKey, { alg: 'ES256' }, claims), 'good'],
      ['without a hint', signToken(key, { alg: 'RS256' }, claims), 'good'],
      ['thumbprint in hex as kid', signToken(key, { alg: 'RS256', kid: Buffer.from(row.sha1Thumbprint!, 'base64url').toString('hex').toUpperCase() }, claims), 'good'],
      ['an audience in a list', signToken(key, { alg: 'RS256' }, { ...claims, aud: [legacyDirectoryAppId] }), 'good'],
      ['another key', signToken(another.privateKey, { alg: 'RS256' }, claims), bad],
      ['another key with our thumbprint', signToken(another.privateKey, { alg: 'RS256', x5t: row.sha1Thumbprint }, claims), bad],
      ['no signature', `${good.split('.').slice(0, 2).join('.')}.`, bad],
      ['alg none', signToken(key, { alg: 'none' }, claims), bad],
      ['HS256', signToken(key, { alg: 'HS256' }, claims), bad],
      ['padding', good.replace('.', '=.'), bad],
      ['five parts', `${good}.x.y`, bad],
      ['Graph as audience', signToken(key, { alg: 'RS256' }, { ...claims, aud: '00000003-0000-0000-c000-000000000000' }), bad],
      ['two audiences', signToken(key, { alg: 'RS256' }, { ...claims, aud: [legacyDirectoryAppId, 'x'] }), bad],
      ['another issuer', signToken(key, { alg: 'RS256' }, { ...claims, iss: randomUUID() }), bad],
      ['eleven minutes', signToken(key, { alg: 'RS256' }, { ...claims, exp: seconds + 660 }), bad],
      ['no nbf', signToken(key, { alg: 'RS256' }, { ...claims, nbf: undefined }), bad],
      ['times as text', signToken(key, { alg: 'RS256' }, { ...claims, nbf: String(seconds) }), bad],
      ['a list of claims', signToken(key, { alg: 'RS256' }, [] as never), bad],
      ['over', signToken(key, { alg: 'RS256' }, { ...claims, nbf: seconds - 700, exp: seconds - 100 }), 'Authentication_ExpiredToken'],
      ['not begun', signToken(key, { alg: 'RS256' }, { ...claims, nbf: seconds + 100, exp: seconds + 600 }), 'Authentication_ExpiredToken'],
      ['nothing', '', bad], ['very long', 'a'.repeat(20_000), bad],
    ] as const) assert.equal(attempt(proof), expected, name)
    // A certificate that has ended signs nothing any more.
    assert.equal(attempt(signToken(key, { alg: 'RS256' }, { ...claims, nbf: seconds + 400 * 86_400, exp: seconds + 400 * 86_400 + 60 }), now + 400 * day), bad)
  })
})

test('secrets have 40 characters, are never alike, and never begin with a hyphen (LD-35)', () => {
  const all = Array.from({ length: 3000 }, () => newSecret().reveal())
  for (const text of all) assert.match(text, /^\w[\w-]{39}$/)
  assert.equal(new Set(all).size, all.length)
  fc.assert(fc.property(fc.constantFrom(...all), text => !text.includes(' ') && !text.includes("'")))
})
