// msal for Python from Debian, unmodified: secret, certificate and password, by every name of the authority.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash, X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startDevelopment } from '../support/installation.ts'

interface Step {
  step: string
  token_type: string | null
  expires_in: number | null
  error: string | null
  error_description: string | null
  error_codes: number[] | null
  access_token: string | null
}

const folder = mkdtempSync(join(tmpdir(), 'latchkey-msal-'))
const pem = join(folder, 'certificate.pem')
let program: Awaited<ReturnType<typeof startDevelopment>>
const steps = new Map<string, Step>()

before(async () => {
  program = await startDevelopment(join(folder, 'data'))
  const { dev } = program
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${pem}.key`, '-out', pem, '-days', '30', '-subj', '/CN=msal'], { stdio: 'ignore' })
  await upload(new X509Certificate(readFileSync(pem)))
  // Debian's own, which is where its packages are.
  const said = execFileSync('/usr/bin/python3', [join(import.meta.dirname, 'drive_msal.py')], {
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: '1', REQUESTS_CA_BUNDLE: dev.caFile, BASE: dev.httpsOrigin, TENANT: dev.tenantId, DOMAIN: dev.domain,
      APP_ID: dev.application.appId, SECRET: dev.application.secret, USER_NAME: dev.user.userPrincipalName, USER_PASSWORD: dev.user.password,
      CERTIFICATE: pem, CERTIFICATE_KEY: `${pem}.key`, THUMBPRINT: createHash('sha1').update(new X509Certificate(readFileSync(pem)).raw).digest('hex'),
    },
  })
  for (const line of said.trim().split('\n')) {
    const step = JSON.parse(line) as Step
    steps.set(step.step, step)
  }
})
after(async () => {
  await program.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Gives the sample's application the certificate, as its own program would. */
async function upload(certificate: X509Certificate): Promise<void> {
  const { httpOrigin, tenantId, application } = program.dev
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: application.appId, client_secret: application.secret, scope: 'https://graph.microsoft.com/.default' })
  const token = (await (await fetch(`${httpOrigin}/${tenantId}/oauth2/v2.0/token`, { method: 'POST', body: form })).json()) as { access_token: string }
  const changed = await fetch(`${httpOrigin}/v1.0/applications/${application.id}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ keyCredentials: [{ type: 'AsymmetricX509Cert', usage: 'Verify', key: certificate.raw.toString('base64'), displayName: 'msal' }] }),
  })
  assert.equal(changed.status, 204, await changed.text())
}

const step = (name: string): Step => steps.get(name) ?? assert.fail(`no step ${name}`)
const claims = (token: string | null) => JSON.parse(Buffer.from(token!.split('.')[1]!, 'base64url').toString()) as Record<string, unknown>

for (const name of ['tenant', 'domain', 'organizations', 'adfs', 'slash', 'capable', 'certificate', 'certificate with chain', 'password', 'silent, for another resource']) {
  test(`${name}: a token`, () => {
    const { token_type, expires_in, access_token, error_description } = step(name)
    assert.equal(token_type, 'Bearer', error_description ?? '')
    assert.ok(Number.isInteger(expires_in) && expires_in! > 3000)
    assert.equal(claims(access_token)['tid'], program.dev.tenantId)
  })
}

test('a certificate is a stronger proof than a secret, and the token says so', () => {
  assert.equal(claims(step('tenant').access_token)['appidacr'], '1')
  assert.equal(claims(step('certificate').access_token)['appidacr'], '2')
})

const refusals: readonly [string, string, number][] = [
  ['wrong', 'invalid_client', 7000215],
  ['named scope', 'invalid_scope', 1002012],
  ['unknown certificate', 'invalid_client', 700027],
  ['wrong password', 'invalid_grant', 50126],
]
for (const [name, error, code] of refusals) {
  test(`${name}: ${error}, AADSTS${code}`, () => {
    const answer = step(name)
    assert.equal(answer.error, error)
    assert.match(answer.error_description!, new RegExp(`^AADSTS${code}:`))
    assert.deepEqual(answer.error_codes, [code])
  })
}

test('an authority nobody has is refused while the client is made', () => {
  assert.equal(step('unknown tenant').error, 'ValueError')
  assert.match(step('unknown tenant').error_description!, /authority/)
})
