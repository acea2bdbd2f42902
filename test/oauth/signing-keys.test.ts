import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openKeyring } from '../../src/keyring.ts'
import { rotateKeyFile } from '../../src/key-file.ts'
import { publishedKeys, rotateSigningKeys, signJwt, tidySigningKeys, verifyJwt } from '../../src/oauth/signing-keys.ts'
import { defaultTenantSettings } from '../../src/rules/tenant-settings.ts'
import { listSigningKeys } from '../../src/store/signing-keys.ts'
import { writePolicy } from '../../src/store/policies.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { authority, graph, partsOf, tokenOf } from '../support/oauth.ts'
import { foundTenant } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'

const day = 86_400_000
const kidOf = (token: string) => partsOf(token).header['kid'] as string
const access = { aud: 'x' }
const setAlgorithm = (t: TestApp, signingAlgorithm: 'RS256' | 'ES256') =>
  writePolicy(t.app.db, { tenantId: t.tenantId, name: 'tenantSettings', value: { ...defaultTenantSettings, signingAlgorithm }, by: null, at: t.app.now() })

async function withApp(engine: 'sqlite' | 'postgres', work: (t: TestApp) => Promise<void>): Promise<void> {
  const t = await makeApp({ engine })
  try {
    await work(t)
  } finally {
    await t.close()
  }
}

for (const engine of ['sqlite', 'postgres'] as const) {
  describe(`signing keys on ${engine}`, () => {
    test('are made at the first need, once, by however many processes', () => withApp(engine, async t => {
      const processes = Array.from({ length: 4 }, () => ({ ...t.app }))
      const signed = await Promise.all(processes.flatMap(app => [signJwt(app, t.tenantId, 'access', access), signJwt(app, t.tenantId, 'id', access)]))
      const rows = await listSigningKeys(t.app.db, t.tenantId, t.app.now())
      assert.deepEqual(rows.map(row => row.purpose).toSorted(), ['access', 'id'])
      assert.deepEqual(new Set(signed.map(kidOf)), new Set(rows.map(row => row.kid)))
    }))

    test('are followed in time: published first, signing later, gone when what they signed has ended (R-13)', () => withApp(engine, async t => {
      const claims = { tid: t.tenantId }
      const first = await signJwt(t.app, t.tenantId, 'access', claims)
      assert.equal(await tidySigningKeys(t.app, t.tenantId), 0, 'young keys are left alone')
      await t.clock.advance(89 * day)
      assert.equal(await tidySigningKeys(t.app, t.tenantId), 2)
      assert.equal(await tidySigningKeys(t.app, t.tenantId), 0, 'one successor each')
      assert.equal((await publishedKeys(t.app, t.tenantId)).length, 4)
      assert.equal(kidOf(await signJwt(t.app, t.tenantId, 'access', claims)), kidOf(first), 'for two days they are only there to be seen')
      await t.clock.advance(2 * day + 1000)
      // Nobody tells anybody: another process, which looked before, signs with the new one too.
      for (const app of [t.app, { ...t.app }]) assert.notEqual(kidOf(await signJwt(app, t.tenantId, 'access', claims)), kidOf(first))
      assert.equal((await verifyJwt(t.app, first, 'access')).tenantId, t.tenantId)
      await t.clock.advance(2 * day)
      assert.equal(await tidySigningKeys(t.app, t.tenantId), 2)
      assert.equal((await publishedKeys(t.app, t.tenantId)).length, 2)
      await assert.rejects(verifyJwt(t.app, first, 'access'), /no key of this server/)
    }))

    test('may be followed at once, when one is not trusted any more; every process reads what the new one signed', () => withApp(engine, async t => {
      const other = { ...t.app }
      const claims = { tid: t.tenantId }
      const before = await signJwt(other, t.tenantId, 'access', claims)
      assert.equal(await rotateSigningKeys(t.app, t.tenantId, 'add'), 2)
      assert.equal(await rotateSigningKeys(t.app, t.tenantId, 'add'), 0, 'those that wait are enough')
      assert.equal(await rotateSigningKeys(t.app, t.tenantId, 'use'), 2)
      await publishedKeys(t.app, t.tenantId) // this process has looked
      const after = await signJwt(t.app, t.tenantId, 'access', claims)
      assert.notEqual(kidOf(after), kidOf(before))
      await verifyJwt(other, after, 'access')
      await verifyJwt(t.app, before, 'access')
      await t.clock.advance(26 * 3_600_000)
      assert.equal(await rotateSigningKeys(t.app, t.tenantId, 'drop'), 2)
      assert.deepEqual((await publishedKeys(t.app, t.tenantId)).map(key => key.use).toSorted(), ['access', 'id'])
    }))
  })
}

describe('signing keys', () => {
  test('are sealed in the database and are the same after a restart', () => withApp('sqlite', async t => {
    const token = await signJwt(t.app, t.tenantId, 'access', { tid: t.tenantId })
    const stored = JSON.stringify(await t.app.db.selectFrom('signingKeys').selectAll().execute())
    assert.doesNotMatch(stored, /PRIVATE KEY/)
    const restarted = { ...t.app, keys: await openKeyring({ keyFile: t.app.config.keysFile, db: t.app.db }) }
    await verifyJwt(restarted, token, 'access')
    assert.equal(kidOf(await signJwt(restarted, t.tenantId, 'access', { tid: t.tenantId })), kidOf(token))
  }))

  test('are each tenant’s own', () => withApp('sqlite', async t => {
    const other = await foundTenant(t.app, { domain: 'fabrikam.example' })
    const token = await signJwt(t.app, other, 'access', { tid: t.tenantId })
    await signJwt(t.app, t.tenantId, 'access', {})
    await assert.rejects(verifyJwt(t.app, token, 'access'), /no key of this server/)
  }))

  test('come with certificates that openssl reads, and whose thumbprints they are called by', () => withApp('sqlite', async t => {
    for (const algorithm of ['RS256', 'ES256'] as const) {
      await setAlgorithm(t, algorithm)
      for (const { row, jwk } of (await publishedKeys(t.app, t.tenantId)).filter(key => key.algorithm === algorithm)) {
        const certificate = new X509Certificate(Buffer.from(row.certificate, 'base64'))
        assert.equal(Buffer.from(certificate.fingerprint.replaceAll(':', ''), 'hex').toString('base64url'), jwk['kid'])
        assert.deepEqual(certificate.publicKey.export({ format: 'jwk' })['n' as never], jwk['n'])
        const file = join(t.app.config.dataDir, 'certificate.pem')
        writeFileSync(file, certificate.toString())
        assert.match(execFileSync('openssl', ['verify', '-check_ss_sig', '-CAfile', file, '-partial_chain', file], { encoding: 'utf8' }), /OK/)
      }
    }
  }))

  test('are of the algorithm the tenant has chosen from the next token on, and what the other signed stays good', () => withApp('sqlite', async t => {
    const program = await addProgram(t.app, t.tenantId, { roles: ['User.Read.All'] })
    const rsa = await tokenOf(t, program)
    await setAlgorithm(t, 'ES256')
    const elliptic = await tokenOf(t, program)
    assert.deepEqual([partsOf(rsa).header['alg'], partsOf(elliptic).header['alg']], ['RS256', 'ES256'])
    for (const token of [rsa, elliptic]) assert.equal((await graph(t, '/v1.0/users', token)).status, 200)
    const metadata = await t.server.inject({ url: `/${t.tenantId}/v2.0/.well-known/openid-configuration`, authority })
    assert.deepEqual((metadata.json() as Record<string, unknown>)['id_token_signing_alg_values_supported'], ['ES256'])
  }))

  test('and every other key of the house change under load without one error (R-13)', () => withApp('sqlite', async t => {
    const program = await addProgram(t.app, t.tenantId, { roles: ['User.Read.All'] })
    let going = true
    const kids = new Set<string>()
    let asked = 0
    const client = async () => {
      while (going) {
        const token = await tokenOf(t, program)
        kids.add(kidOf(token))
        assert.equal((await graph(t, '/v1.0/users', token)).status, 200)
        const keys = (await t.server.inject({ url: `/${t.tenantId}/discovery/v2.0/keys`, authority })).json() as { keys: { kid: string }[] }
        assert.ok(keys.keys.some(key => key.kid === kidOf(token)), 'whatever signs is published')
        asked++
      }
    }
    const clients = Array.from({ length: 6 }, client)
    const untilAsked = async (more: number) => {
      for (const from = asked; asked < from + more;) await Promise.race([new Promise(resolve => setTimeout(resolve, 5)), ...clients])
    }
    for (let round = 0; round < 3; round++) {
      for (const root of ['encryption', 'pepper', 'mac'] as const) {
        rotateKeyFile(t.app.config.keysFile, root, 'add')
        t.app.keys.reload()
        await untilAsked(6)
        rotateKeyFile(t.app.config.keysFile, root, 'use')
        t.app.keys.reload()
        if (root === 'encryption') await t.app.keys.rewrap()
        await untilAsked(6)
      }
      await rotateSigningKeys(t.app, t.tenantId, 'add')
      await untilAsked(6)
      await rotateSigningKeys(t.app, t.tenantId, 'use')
      await publishedKeys(t.app, t.tenantId)
      await untilAsked(6)
    }
    going = false
    await Promise.all(clients)
    assert.equal(kids.size, 4)
  }))
})
