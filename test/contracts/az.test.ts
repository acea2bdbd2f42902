// The Azure CLI, unmodified, over https: what an engineer does with it all day works against Latchkey.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { azFor } from '../support/az.ts'
import type { Az } from '../support/az.ts'
import { startDevelopment } from '../support/installation.ts'

const folder = mkdtempSync(join(tmpdir(), 'latchkey-az-'))
let program: Awaited<ReturnType<typeof startDevelopment>>
let az: Az

interface Credential {
  keyId: string
  displayName: string | null
  endDateTime: string
  startDateTime: string
}
interface Application {
  id: string
  appId: string
  displayName: string
  passwordCredentials: Credential[]
  keyCredentials: Credential[]
}
interface Password {
  appId: string
  password: string
  tenant: string
}

before(async () => {
  program = await startDevelopment(join(folder, 'data'))
  az = await azFor(program.dev, join(folder, 'az'))
  await loginAs(az, program.dev.application.appId, program.dev.application.secret)
})
after(async () => {
  await program.stop()
  rmSync(folder, { recursive: true, force: true })
})

const loginAs = (who: Az, appId: string, secret: string) =>
  who.json('login', '--service-principal', '-u', appId, `-p=${secret}`, '--tenant', program.dev.tenantId, '--allow-no-subscriptions')

/** A profile of its own, so that one login does not disturb another. */
const another = (name: string) => azFor(program.dev, join(folder, name))

describe('an application, by az ad app', () => {
  let app: Application

  test('is created, found by name, shown and updated', async () => {
    app = await az.json<Application>('ad', 'app', 'create', '--display-name', 'Bakery', '--identifier-uris', 'api://bakery')
    assert.equal(app.displayName, 'Bakery')
    assert.deepEqual(app.passwordCredentials, [])
    const again = await az.json<Application>('ad', 'app', 'create', '--display-name', 'Bakery')
    assert.equal(again.id, app.id, 'an application of this name is patched, not made twice')
    const listed = await az.json<Application[]>('ad', 'app', 'list', '--display-name', 'Bak')
    assert.deepEqual(listed.map(one => one.appId), [app.appId])
    assert.equal((await az.json<Application>('ad', 'app', 'show', '--id', 'api://bakery')).id, app.id)
    assert.equal(await az.json('ad', 'app', 'update', '--id', app.appId, '--web-redirect-uris', 'https://bakery.example/back'), undefined)
    const shown = await az.json<Application & { web: { redirectUris: string[] } }>('ad', 'app', 'show', '--id', app.appId)
    assert.deepEqual(shown.web.redirectUris, ['https://bakery.example/back'])
    // Nobody signs in as an application that has no service principal.
    await az.json('ad', 'sp', 'create', '--id', app.appId)
  })

  test('gets secrets beside one another, lists them and loses one', async () => {
    const first = await az.json<Password>('ad', 'app', 'credential', 'reset', '--id', app.appId, '--append', '--display-name', 'first', '--years', '2')
    const second = await az.json<Password>('ad', 'app', 'credential', 'reset', '--id', app.appId, '--append', '--display-name', 'second', '--end-date', '2027-06-30')
    assert.notEqual(first.password, second.password)
    assert.equal(first.tenant, program.dev.tenantId)
    const listed = await az.json<Credential[]>('ad', 'app', 'credential', 'list', '--id', app.appId)
    assert.deepEqual(listed.map(one => one.displayName).sort(), ['first', 'second'])
    assert.match(listed.find(one => one.displayName === 'second')!.endDateTime, /^2027-06-30T/)
    for (const { password } of [first, second]) await loginAs(await another(`secret-${password.slice(0, 3)}`), app.appId, password)
    await az.json('ad', 'app', 'credential', 'delete', '--id', app.appId, '--key-id', listed.find(one => one.displayName === 'first')!.keyId)
    const refused = await (await another('removed')).run('login', '--service-principal', '-u', app.appId, `-p=${first.password}`, '--tenant', program.dev.tenantId, '--allow-no-subscriptions')
    assert.equal(refused.status, 1)
    assert.match(refused.stderr, /AADSTS7000215/)
  })

  test('with reset alone keeps only the new secret', async () => {
    const { password } = await az.json<Password>('ad', 'app', 'credential', 'reset', '--id', app.appId)
    const listed = await az.json<Credential[]>('ad', 'app', 'credential', 'list', '--id', app.appId)
    assert.equal(listed.length, 1)
    await loginAs(await another('only'), app.appId, password)
  })

  test('gets a certificate az makes itself, signs in with it, and keeps its secret', async () => {
    const made = await az.json<{ fileWithCertAndPrivateKey: string }>('ad', 'app', 'credential', 'reset', '--id', app.appId, '--append', '--create-cert')
    const listed = await az.json<Credential[]>('ad', 'app', 'credential', 'list', '--id', app.appId, '--cert')
    assert.equal(listed.length, 1)
    assert.equal((await az.json<Credential[]>('ad', 'app', 'credential', 'list', '--id', app.appId)).length, 1)
    await loginAs(await another('made-cert'), app.appId, made.fileWithCertAndPrivateKey)
  })

  test('gets a certificate of one’s own beside it, and loses either', async () => {
    const file = join(folder, 'own.pem')
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', `${file}.key`, '-out', file, '-days', '90', '-subj', '/CN=bakery own'], { stdio: 'ignore' })
    await az.json('ad', 'app', 'credential', 'reset', '--id', app.appId, '--append', '--cert', `@${file}`)
    const listed = await az.json<Credential[]>('ad', 'app', 'credential', 'list', '--id', app.appId, '--cert')
    assert.equal(listed.length, 2)
    writeFileSync(`${file}.both`, readFileSync(`${file}.key`, 'utf8') + readFileSync(file, 'utf8'))
    await loginAs(await another('own-cert'), app.appId, `${file}.both`)
    const own = listed.find(one => one.displayName?.includes('bakery own'))!
    await az.json('ad', 'app', 'credential', 'delete', '--id', app.appId, '--cert', '--key-id', own.keyId)
    const left = await az.json<Credential[]>('ad', 'app', 'credential', 'list', '--id', app.appId, '--cert')
    assert.deepEqual(left.map(one => one.keyId), listed.filter(one => one.keyId !== own.keyId).map(one => one.keyId))
  })

  test('has owners and asks for permissions', async () => {
    const owner = await az.json<{ id: string }>('ad', 'user', 'show', '--id', program.dev.user.userPrincipalName)
    await az.json('ad', 'app', 'owner', 'add', '--id', app.appId, '--owner-object-id', owner.id)
    // The program that made it owns it too.
    const owners = await az.json<{ id: string; '@odata.type': string }[]>('ad', 'app', 'owner', 'list', '--id', app.appId)
    assert.deepEqual(owners.map(one => one['@odata.type']).sort(), ['#microsoft.graph.servicePrincipal', '#microsoft.graph.user'])
    assert.ok(owners.some(one => one.id === owner.id))
    await az.json('ad', 'app', 'permission', 'add', '--id', app.appId, '--api', '00000003-0000-0000-c000-000000000000', '--api-permissions', 'df021288-bdef-4463-88db-98f22de89214=Role')
    assert.equal((await az.json<unknown[]>('ad', 'app', 'permission', 'list', '--id', app.appId)).length, 1)
    assert.deepEqual(await az.json('ad', 'app', 'federated-credential', 'list', '--id', app.appId), [])
  })

  test('has a service principal with secrets of its own', async () => {
    const principal = await az.json<{ id: string; appId: string }>('ad', 'sp', 'show', '--id', app.appId)
    assert.equal(principal.appId, app.appId)
    const twice = await az.run('ad', 'sp', 'create', '--id', app.appId)
    assert.match(twice.stderr, /already in use/)
    assert.deepEqual((await az.json<{ id: string }[]>('ad', 'sp', 'list', '--spn', app.appId)).map(one => one.id), [principal.id])
    const { password } = await az.json<Password>('ad', 'sp', 'credential', 'reset', '--id', app.appId, '--append')
    await loginAs(await another('sp-secret'), app.appId, password)
    const listed = await az.json<Credential[]>('ad', 'sp', 'credential', 'list', '--id', app.appId)
    assert.equal(listed.length, 1)
    await az.json('ad', 'sp', 'credential', 'delete', '--id', app.appId, '--key-id', listed[0]!.keyId)
    assert.equal((await az.json<{ id: string }>('ad', 'sp', 'show', '--id', app.appId)).id, principal.id)
    await az.json('ad', 'sp', 'delete', '--id', app.appId)
    assert.equal((await az.run('ad', 'sp', 'show', '--id', app.appId)).status, 3)
  })

  test('is deleted, and is then not there', async () => {
    await az.json('ad', 'app', 'delete', '--id', app.appId)
    const gone = await az.run('ad', 'app', 'show', '--id', app.appId)
    assert.equal(gone.status, 3)
    assert.match(gone.stderr, /does not exist or one of its queried reference-property objects are not present/)
  })
})

test('create-for-rbac makes application, service principal and secret at once', async () => {
  const made = await az.json<Password & { displayName: string }>('ad', 'sp', 'create-for-rbac', '--name', 'Deployer')
  assert.equal(made.displayName, 'Deployer')
  const theirs = await another('rbac')
  await loginAs(theirs, made.appId, made.password)
  assert.deepEqual((await theirs.json<unknown[]>('account', 'list')).length, 1)
})

describe('people and groups, by az ad user and az ad group', () => {
  test('someone is created, shown, changed, given a password and deleted', async () => {
    const upn = `kari@${program.dev.domain}`
    const made = await az.json<{ id: string; userPrincipalName: string }>('ad', 'user', 'create', '--display-name', 'Kari Øygard', '--user-principal-name', upn, '--password', 'Fjord-Maple-77-Lantern')
    assert.equal(made.userPrincipalName, upn)
    const twice = await az.run('ad', 'user', 'create', '--display-name', 'Kari Øygard', '--user-principal-name', upn, '--password', 'Fjord-Maple-77-Lantern')
    assert.match(twice.stderr, /Another object with the same value for property userPrincipalName already exists/)
    assert.equal((await az.json<unknown[]>('ad', 'user', 'list', '--upn', upn)).length, 1)
    assert.equal((await az.json<unknown[]>('ad', 'user', 'list', '--display-name', 'Kari')).length, 1)
    await az.json('ad', 'user', 'update', '--id', upn, '--display-name', 'Kari Øygarden')
    assert.equal((await az.json<{ displayName: string }>('ad', 'user', 'show', '--id', upn)).displayName, 'Kari Øygarden')
    const weak = await az.run('ad', 'user', 'update', '--id', upn, '--password', 'password')
    assert.equal(weak.status, 1)
    await az.json('ad', 'user', 'update', '--id', upn, '--password', 'Harbour-Quartz-31-Pine', '--force-change-password-next-sign-in', 'false')

    const group = await az.json<{ id: string }>('ad', 'group', 'create', '--display-name', 'Bakers', '--mail-nickname', 'bakers')
    assert.equal((await az.json<{ id: string }>('ad', 'group', 'create', '--display-name', 'Bakers', '--mail-nickname', 'bakers')).id, group.id)
    await az.json('ad', 'group', 'member', 'add', '--group', 'Bakers', '--member-id', made.id)
    const twiceIn = await az.run('ad', 'group', 'member', 'add', '--group', group.id, '--member-id', made.id)
    assert.match(twiceIn.stderr, /One or more added object references already exist for the following modified properties: 'members'/)
    assert.deepEqual(await az.json('ad', 'group', 'member', 'check', '--group', group.id, '--member-id', made.id), { value: true })
    assert.deepEqual((await az.json<{ id: string }[]>('ad', 'group', 'member', 'list', '--group', group.id)).map(one => one.id), [made.id])
    assert.deepEqual((await az.json<{ id: string }[]>('ad', 'user', 'get-member-groups', '--id', upn)).map(one => one.id), [group.id])
    await az.json('ad', 'group', 'member', 'remove', '--group', group.id, '--member-id', made.id)
    assert.deepEqual(await az.json('ad', 'group', 'member', 'check', '--group', group.id, '--member-id', made.id), { value: false })
    await az.json('ad', 'group', 'delete', '--group', group.id)

    await az.json('ad', 'user', 'delete', '--id', upn)
    assert.equal((await az.run('ad', 'user', 'show', '--id', upn)).status, 3)
  })

  test('a person signs in with a password and sees who they are', async () => {
    const theirs = await another('person')
    const { userPrincipalName, password } = program.dev.user
    await theirs.json('login', '-u', userPrincipalName, `-p=${password}`, '--allow-no-subscriptions')
    assert.equal((await theirs.json<{ userPrincipalName: string }>('ad', 'signed-in-user', 'show')).userPrincipalName, userPrincipalName)
    const wrong = await (await another('wrong')).run('login', '-u', userPrincipalName, '-p', 'not-the-password', '--allow-no-subscriptions')
    assert.match(wrong.stderr, /AADSTS50126/)
  })
})

test('az rest reaches everything else, and shows Graph’s own words when it is refused', async () => {
  const url = `${program.dev.httpsOrigin}/v1.0`
  const counted = await az.json<number | string>('rest', '--url', `${url}/users/$count`, '--headers', 'ConsistencyLevel=eventual', '--resource', program.dev.httpsOrigin)
  assert.ok(Number(counted) >= 25)
  const refused = await az.run('rest', '--url', `${url}/users?$filter=shoeSize eq 3`, '--resource', program.dev.httpsOrigin)
  assert.equal(refused.status, 1)
  assert.match(refused.stderr, /Bad Request/)
})

test('an application token has no /me', async () => {
  const refused = await az.run('ad', 'signed-in-user', 'show')
  assert.match(refused.stderr, /\/me request is only valid with delegated authentication flow/)
})
