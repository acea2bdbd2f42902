// Scenario files, by the program itself: what is in the file is there when the server answers.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parse, stringify } from 'yaml'
import type { DevFile } from '../../src/development/dev-file.ts'
import { readScenario } from '../../src/development/scenario.ts'
import { OperatorError } from '../../src/operator/open-app.ts'
import { startDevelopment } from '../support/installation.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-scenario-'))
const file = join(folder, 'shop.yaml')
after(() => rmSync(folder, { recursive: true, force: true }))

const shop = `
users:
  - { userPrincipalName: kim@contoso.example, displayName: Kim Dahl, password: Anchor-Velvet-22-Moss, roles: [Helpdesk Administrator] }
groups:
  - { displayName: Payments, members: [kim@contoso.example, ann@contoso.example] }
applications:
  - displayName: Payments
    appId: 11111111-1111-4111-8111-111111111111
    identifierUris: [api://payments]
    permissions: [User.Read.All]
    owners: [kim@contoso.example]
    secrets:
      - { value: good-secret-of-the-shop, displayName: green }
      - { value: old-secret-of-the-shop, displayName: blue, startDateTime: 2020-01-01, endDateTime: 2021-01-01 }
    certificates: [{ file: shop.pem }]
faults:
  - { on: graph, path: /v1.0/users, status: 503 }
`

describe('a scenario', () => {
  let program: Awaited<ReturnType<typeof startDevelopment>>
  let dev: DevFile

  before(async () => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'shop.pem'), '-days', '30', '-subj', '/CN=shop'], { stdio: 'ignore' })
    writeFileSync(file, shop)
    program = await startDevelopment(join(folder, 'data'), {}, ['--scenario', file])
    dev = program.dev
  })
  after(() => program.stop())

  const token = async (secret: string) => {
    const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: '11111111-1111-4111-8111-111111111111', client_secret: secret, scope: 'https://graph.microsoft.com/.default' })
    return (await fetch(`${dev.httpOrigin}/${dev.tenantId}/oauth2/v2.0/token`, { method: 'POST', body: form })).json() as Promise<{ access_token?: string; error_codes?: number[] }>
  }
  const graph = async (path: string) => fetch(`${dev.httpOrigin}/v1.0${path}`, { headers: { authorization: `Bearer ${(await token('good-secret-of-the-shop')).access_token}` } })

  test('gives its application secrets of its own choosing, one of them expired', async () => {
    assert.deepEqual((await token('old-secret-of-the-shop')).error_codes, [7000222])
    assert.deepEqual((await token('no-secret-of-the-shop')).error_codes, [7000215])
  })

  test('orders its faults, and the call after them works', async () => {
    assert.equal((await graph('/users/kim@contoso.example')).status, 503)
    assert.equal((await graph('/users/kim@contoso.example')).status, 200)
  })

  test('stands in dev.json, with the ids it has in every installation', () => {
    const { users, groups, applications } = dev.scenario!
    assert.equal(users[0]!.password, 'Anchor-Velvet-22-Moss')
    assert.deepEqual(groups.map(one => one.displayName), ['Payments'])
    assert.equal(applications[0]!.appId, '11111111-1111-4111-8111-111111111111')
    assert.match(program.said(), /1 person, 1 group, 1 application/)
  })

  test('is there once however often the server starts, and as the file has it when that has changed', async () => {
    await program.stop()
    program = await startDevelopment(join(folder, 'data'), {}, ['--scenario', file])
    dev = program.dev
    assert.equal((await graph('/users/kim@contoso.example')).status, 503)
    const first = ((await (await graph('/users/kim@contoso.example')).json()) as { id: string }).id
    assert.equal(first, dev.scenario!.users[0]!.id)

    await program.stop()
    const changed = parse(shop) as { users: { displayName: string }[]; groups?: object; faults?: object }
    changed.users[0]!.displayName = 'Kim Lund'
    delete changed.groups
    delete changed.faults
    writeFileSync(file, stringify(changed))
    program = await startDevelopment(join(folder, 'data'), {}, ['--scenario', file])
    dev = program.dev
    assert.equal(((await (await graph('/users/kim@contoso.example')).json()) as { displayName: string }).displayName, 'Kim Lund')
    assert.deepEqual(dev.scenario!.groups, [])
  })
})

const mistakes: readonly [string, string, RegExp][] = [
  ['a key nobody knows', 'people: []', /people/],
  ['a person without a password', 'users: [{ userPrincipalName: kim@contoso.example, displayName: Kim }]', /users\.0.*password/],
  ['a name of another organisation', 'users: [{ userPrincipalName: kim@fabrikam.example, displayName: Kim, password: Anchor-Velvet-22 }]', /users\.0\.userPrincipalName/],
  ['a permission that is misspelt', 'applications: [{ displayName: Shop, permissions: [User.Raed.All] }]', /applications\.0\.permissions.*User\.Read\.All/],
  ['a role that is misspelt', 'users: [{ userPrincipalName: kim@contoso.example, displayName: Kim, password: Anchor-Velvet-22, roles: [Helpdesk Admin] }]', /users\.0\.roles.*Helpdesk Administrator/],
  ['a fault that does nothing', 'faults: [{ on: graph }]', /faults\.0/],
  ['a certificate that is not there', 'applications: [{ displayName: Shop, certificates: [{ file: nowhere.pem }] }]', /nowhere\.pem/],
  ['no YAML', 'users: [', /line|1/],
]
for (const [name, text, place] of mistakes) {
  test(`${name} is refused by its place`, () => {
    const wrong = join(folder, 'wrong.yaml')
    writeFileSync(wrong, text)
    assert.throws(() => readScenario(wrong), error => error instanceof OperatorError && place.test(JSON.stringify(error.values)))
  })
}

test('a key pasted in with its certificate is refused, and nothing is kept of it', () => {
  const both = join(folder, 'both.yaml')
  writeFileSync(both, 'applications: [{ displayName: Shop, certificates: [{ file: key.pem }] }]')
  assert.throws(() => readScenario(both), error => error instanceof OperatorError && !JSON.stringify(error.values).includes('PRIVATE KEY'))
})
