// MSAL, Azure Identity, openid-client, oauth4webapi, the Graph SDK and jose, unmodified, over https: each gets its token and uses it.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { ensureCertificate } from '../../src/development/certificate.ts'
import { listen, type Listening } from '../../src/listen.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson } from '../support/people.ts'
import { freePort } from '../support/on-socket.ts'
import { addCertificate, addProgram } from '../support/programs.ts'
import type { Program } from '../support/programs.ts'
import type { Outcome, Stage } from './javascript-clients.ts'

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>

describe('clients we did not write', () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-clients-'))
  let t: TestApp
  let socket: Listening
  let program: Program
  let outcomes: Map<string, Outcome>
  let origin: string
  const resource = 'api://warehouse.contoso.example'

  before(async () => {
    const files = await ensureCertificate(folder)
    const port = await freePort()
    origin = `https://localhost:${port}`
    const listener = { origin, host: '127.0.0.1', port, tls: files }
    t = await makeApp({ config: { publicOrigin: origin, listeners: [listener] } })
    socket = await listen(t.server, listener)
    await addPerson(t.app, t.tenantId, { name: 'ann' })
    program = await addProgram(t.app, t.tenantId, { roles: ['User.Read.All'] })
    const warehouse = await addProgram(t.app, t.tenantId, { name: 'Warehouse', identifierUris: [resource], document: { api: { acceptMappedClaims: null, knownClientApplications: [], oauth2PermissionScopes: [], preAuthorizedApplications: [], requestedAccessTokenVersion: 2 } } })
    const certificate = await addCertificate(t.app, program)
    const pemFile = join(folder, 'program.pem')
    const base64 = certificate.certificate.toString('base64').replace(/(.{64})/g, '$1\n')
    writeFileSync(pemFile, `${certificate.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string}-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`)
    const { sha1, sha256 } = certificate
    const stage: Stage = { origin, tenantId: t.tenantId, domain: 'contoso.example', appId: program.appId, secret: program.secret, pemFile, sha1, sha256, resource, resourceAppId: warehouse.appId }
    const stageFile = join(folder, 'stage.json')
    writeFileSync(stageFile, JSON.stringify(stage))
    const script = join(import.meta.dirname, 'javascript-clients.ts')
    const { stdout } = await promisify(execFile)(process.execPath, [script, stageFile], { env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: files.caFile, NODE_NO_WARNINGS: '1' } })
    outcomes = new Map(stdout.trim().split('\n').map(line => JSON.parse(line) as [string, Outcome]))
  })
  after(async () => {
    await socket.close()
    await t.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const gets = (name: string, expected: Record<string, unknown>) =>
    test(`${name} gets a token`, () => {
      const outcome = outcomes.get(name)
      assert.ok(outcome?.token, JSON.stringify(outcome))
      const claims = claimsOf(outcome.token)
      for (const [claim, value] of Object.entries({ idtyp: 'app', oid: program.servicePrincipalId, tid: t.tenantId, ...expected })) assert.deepEqual(claims[claim], value, claim)
    })
  const bySecret = { appidacr: '1', roles: ['User.Read.All'], aud: 'https://graph.microsoft.com' }
  const byCertificate = { ...bySecret, appidacr: '2' }
  gets('msal-node with a secret', bySecret)
  gets('msal-node for a tenant by its domain', bySecret)
  gets('msal-node with a certificate', byCertificate)
  gets('msal-node with a certificate and its chain', byCertificate)
  gets('msal-node with the elder thumbprint', byCertificate)
  gets('msal-node, another resource', { ver: '2.0', azpacr: '1' })
  gets('identity with a secret', bySecret)
  gets('identity with a certificate', byCertificate)
  gets('identity with a certificate and its chain', byCertificate)
  gets('openid-client with a secret', bySecret)
  gets('openid-client with HTTP Basic', bySecret)
  gets('openid-client with a key it names', byCertificate)
  gets('openid-client with PS256 and x5t#S256', byCertificate)
  gets('oauth4webapi with a secret', bySecret)
  gets('oauth4webapi with HTTP Basic', bySecret)

  const isTold = (name: string, code: unknown, message: RegExp) =>
    test(`${name} is told what is wrong, in the client's own words`, () => {
      const { error } = outcomes.get(name)!
      assert.equal(error?.code, code, JSON.stringify(error))
      assert.match(error!.message, message)
    })
  isTold('msal-node with a wrong secret', 'invalid_client', /AADSTS7000215: /)
  isTold('msal-node for a tenant nobody has', 'endpoints_resolution_error', /./)
  isTold('openid-client with a wrong secret', 'invalid_client', /AADSTS7000215: /)
  isTold('openid-client without a resource', 'invalid_scope', /AADSTS1002012: /)
  test('identity with a wrong secret is told what is wrong', () => {
    assert.match(outcomes.get('identity with a wrong secret')!.error!.message, /AADSTS7000215: /)
  })

  test('the Graph SDK reads people with the token it got for our own address', () => {
    const { value, error } = outcomes.get('the Graph SDK')!
    assert.equal(error, undefined)
    assert.deepEqual((value as { value: { displayName: string }[] }).value.map(one => one.displayName), ['Ann Test'])
  })

  test('jose verifies a token of version 2 with the published keys, whose certificates are what their ids say', () => {
    const { value, error } = outcomes.get('jose over a token for another resource')!
    assert.equal(error, undefined)
    const { payload, alg, thumbprintIsKid, selfSigned } = value as { payload: Record<string, unknown>; alg: string; thumbprintIsKid: boolean; selfSigned: boolean }
    assert.deepEqual({ alg, thumbprintIsKid, selfSigned, azp: payload['azp'], ver: payload['ver'] }, { alg: 'RS256', thumbprintIsKid: true, selfSigned: true, azp: program.appId, ver: '2.0' })
  })
})
