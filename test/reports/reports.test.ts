// The reports of sspr §11.5, on both engines.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { saveSku, assignLicence } from '../../src/store/licences.ts'
import { readCsv } from '../../src/operator/csv.ts'
import { softDeleteUser } from '../../src/store/users.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { engines } from '../support/store.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

const day = 86_400_000
const premium = { skuId: '078d2b04-f1bd-4111-bbd4-b4b1b354cef4', skuPartNumber: 'AAD_PREMIUM' }
const root = '/beta/reports/authenticationMethods'

async function rowsOf(payload: string): Promise<Record<string, string>[]> {
  const records: string[][] = []
  for await (const { fields } of readCsv((async function* () { yield new TextEncoder().encode(payload) })())) records.push(fields)
  const [heading, ...rows] = records
  return rows.map(row => Object.fromEntries(heading!.map((name, at) => [name.replace('\uFEFF', ''), row[at]!])))
}

for (const engine of engines) {
  describe(`reports (${engine})`, () => {
    let t: TestApp
    let rea: SignedIn
    let people: Record<'ann' | 'bob' | 'eve', Person>

    before(async () => {
      t = await makeApp({ engine })
      await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 2 })
      rea = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'rea', password: null, roles: [roleIds.reportsReader] }))
      people = {
        ann: await addPerson(t.app, t.tenantId, { name: 'ann', displayName: '=cmd|A0', password: null, email: 'ann@home.example', mobile: '+45 33123456' }),
        bob: await addPerson(t.app, t.tenantId, { name: 'bob', displayName: 'Bob; "Bo" Ærø', password: null, email: 'bob@home.example', roles: [roleIds.userAdministrator] }),
        eve: await addPerson(t.app, t.tenantId, { name: 'eve', password: null }),
      }
      const now = t.app.now()
      const usage = (who: Person | null, feature: string, method: string | null, ago: number, status = 'success', failureReason: string | null = null) =>
        ({ tenantId: t.tenantId, id: randomUUID(), at: now - ago, userId: who?.id ?? null, feature, method, status, failureReason })
      await t.app.db.insertInto('usageEvents').values([
        usage(people.ann, 'registration', 'email', 3 * day + 1), usage(people.ann, 'registration', 'mobileSMS', 3 * day),
        usage(people.bob, 'registration', 'appCode', 20 * day), usage(people.bob, 'registration', 'email', 40 * day),
        usage(people.ann, 'reset', 'email', 1000, 'started'), usage(people.ann, 'reset', 'email', 900, 'failure', 'LK_CODE_WRONG'),
        usage(people.ann, 'reset', 'email', 800), usage(people.ann, 'reset', null, 700),
        usage(people.bob, 'adminReset', null, 2 * day), usage(people.eve, 'change', null, 2 * day), usage(people.eve, 'unlock', null, 2 * day),
        usage(people.eve, 'change', null, 600, 'failure', 'LK_PASSWORD_BANNED'), usage(null, 'reset', 'email', 500, 'failure', 'LK_CODE_WRONG'),
      ]).execute()
      const signIn = (proofs: string[], ago: number, more = {}) => ({
        tenantId: t.tenantId, id: randomUUID(), at: now - ago, userId: people.ann.id, accountKey: 'k', accountHint: 'ann', kind: 'interactive', result: 'success',
        reasonCode: null, proofs: JSON.stringify(proofs), ipAddress: null, userAgent: null, correlationId: 'c', ...more,
      })
      await t.app.db.insertInto('signIns').values([
        signIn(['password'], 100), signIn(['password'], 5 * day), signIn(['password', 'totp'], 90), signIn(['password', 'sms'], 80), signIn(['temporaryAccessPass'], 70),
        signIn(['password'], 31 * day), signIn([], 60, { result: 'failure' }), signIn(['appPassword'], 50, { kind: 'appPassword' }),
      ]).execute()
    })
    after(() => t.close())

    test('are for the roles that read them and for nobody else', async () => {
      const paths = [
        ...['signins', 'passwords', 'usage', 'events', 'registrations', 'unlicensed'].map(name => `/api/reports/${name}`),
        `${root}/userMfaSignInSummary`, `${root}/userPasswordResetsAndChangesSummary`, `${root}/userEventsSummary`,
        `${root}/userSignInsByAuthMethodSummary(period='d7')`, `${root}/userRegistrationActivity(period='d30')`,
        '/v1.0/reports/authenticationMethods/userRegistrationDetails', '/v1.0/reports/authenticationMethods/usersRegisteredByMethod',
      ]
      const readers = {
        reportsReader: roleIds.reportsReader, securityReader: '5d6b6bb7-de71-4623-b4af-96380a352509', securityOperator: '5f2222b1-57c3-48ba-8ad5-d4759f1fde6f',
        securityAdministrator: '194ae4cb-b126-40b2-bd5b-6091b380977d', globalReader: 'f2ef992c-3afb-46b9-b7cf-a126ee74c451',
        applicationAdministrator: '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3', cloudApplicationAdministrator: '158c047a-c907-4556-b7ef-446551a6b5f7',
        globalAdministrator: roleIds.globalAdministrator,
      }
      for (const [name, role] of Object.entries(readers)) {
        const reader = await signedIn(t, await addPerson(t.app, t.tenantId, { name, password: null, roles: [role] }))
        for (const path of paths) {
          assert.equal((await reader.get(path)).statusCode, 200, `${name} ${path}`)
        }
        await softDeleteUser(t.app.db, t.tenantId, reader.person.id, t.app.now())
      }
      for (const [name, roles] of [['plain', []], ['hal', [roleIds.helpdeskAdministrator]]] as const) {
        const other = await signedIn(t, await addPerson(t.app, t.tenantId, { name, password: null, roles }))
        for (const path of paths) for (const csv of ['', path.startsWith('/api') ? '?format=csv' : '']) assert.equal((await other.get(path + csv)).statusCode, 403, `${name} ${path}`)
        await softDeleteUser(t.app.db, t.tenantId, other.person.id, t.app.now())
      }
    })

    test('the guide names every one of them', () => {
      const guide = readFileSync(new URL('../../docs/guide/reports.md', import.meta.url), 'utf8')
      const names = t.routes.flatMap(route => /^\/(?:api|beta|v1\.0)\/reports\/(?:authenticationMethods\/)?(\w+)$/.exec(route.url)?.[1] ?? [])
      assert.ok(names.length > 8, `${names.length}`)
      for (const name of names) assert.match(guide, new RegExp(`\\b${name}\\b`))
    })

    test('sign-ins by requirement and by method: those of people that succeeded', async () => {
      const answer = (await rea.get('/api/reports/signins')).json()
      assert.deepEqual(answer.byRequirement, { singleFactorAuthentication: 2, multiFactorAuthentication: 3 })
      const methods = new Map(answer.byMethod.map((one: { method: string; count: number }) => [one.method, one.count]))
      assert.deepEqual([...methods].toSorted(), [['oneTimePasscode', 1], ['password', 4], ['sms', 1], ['temporaryAccessPass', 1]])
      assert.deepEqual((await rea.get('/api/reports/signins?period=D1')).json().byRequirement, { singleFactorAuthentication: 1, multiFactorAuthentication: 3 })
      const graph = (await rea.get(`${root}/userMfaSignInSummary`)).json().value
      assert.ok(graph.length >= 30, 'a day on which nobody signed in is there, too')
      const sum = (name: string) => graph.reduce((all: number, one: Record<string, number>) => all + one[name]!, 0)
      assert.deepEqual([sum('singleFactorSignIns'), sum('multiFactorSignIns'), sum('totalSignIns')], [2, 3, 5])
      const byMethod = (await rea.get(`${root}/userSignInsByAuthMethodSummary(period='d30')`)).json().value
      assert.equal(byMethod.find((one: { authenticationMethod: string }) => one.authenticationMethod === 'password').successActivityCount, 4)
      for (const [wrong, status] of [["userSignInsByAuthMethodSummary(period='d8')", 404], ['userSignInsByAuthMethodSummary', 501], ["userNothing(period='d7')", 404]] as const) {
        assert.equal((await rea.get(`${root}/${wrong}`)).statusCode, status, wrong)
      }
    })

    test('changes, resets and unlocks over time: a gate of a reset is none', async () => {
      const value: Record<string, number>[] = (await rea.get('/api/reports/passwords?period=D7')).json().value
      const sum = (name: string) => value.reduce((all, one) => all + one[name]!, 0)
      assert.deepEqual([sum('changes'), sum('resets'), sum('administratorResets'), sum('unlocks')], [1, 1, 1, 1])
      const path = `${root}/userPasswordResetsAndChangesSummary`
      const graph = (await rea.get(`${path}?$filter=passwordResetsByAdminCount gt 0`)).json().value
      assert.deepEqual(graph.map((one: Record<string, number>) => [one['passwordResetsByAdminCount'], one['passwordResetsSelfServiceCount'], one['changePasswordSelfServiceCount']]), [[1, 0, 1]])
      assert.equal((await rea.get(`${path}?$filter=passwordResetsByAdminCount ne 0`)).statusCode, 400)
    })

    test('resets and registrations by method, with success and failure, and the commonest problems', async () => {
      const activity = (await rea.get(`${root}/userRegistrationActivity(period='d30')`)).json().value
      assert.deepEqual(activity.map((one: Record<string, unknown>) => [one['feature'], one['authMethod'], one['successfulActivityCount'], one['failureActivityCount']]), [
        ['registration', 'appCode', 1, 0], ['registration', 'email', 1, 0], ['registration', 'mobileSMS', 1, 0], ['reset', 'email', 1, 2],
      ])
      const usage = (await rea.get('/api/reports/usage?period=D7')).json()
      assert.deepEqual(usage.problems[0], { feature: 'reset', failureReason: 'LK_CODE_WRONG', count: 2 })
      assert.equal(usage.value.find((one: Record<string, unknown>) => one['feature'] === 'reset' && one['method'] === null).count, 1)
    })

    test('events of 24 hours, 7 and 30 days, in pages that lose nothing', async () => {
      const seen: string[] = []
      interface Next { before: number; beforeId: string }
      for (let next: Next | null = { before: Number.MAX_SAFE_INTEGER, beforeId: 'z' }; next !== null; ) {
        const page: { value: { id: string }[]; next: Next | null } = (await rea.get(`/api/reports/events?period=D30&top=5&before=${next.before}&beforeId=${next.beforeId}`)).json()
        seen.push(...page.value.map(one => one.id))
        next = page.next
      }
      assert.deepEqual([seen.length, new Set(seen).size], [12, 12])
      const count = async (period: string) => (await rea.get(`/api/reports/events?period=${period}`)).json().value.length
      assert.deepEqual([await count('D1'), await count('D7'), await count('D30')], [6, 11, 12])
      const graph = async (filter: string) => (await rea.get(`${root}/userEventsSummary?$filter=${encodeURIComponent(filter)}`)).json().value
      assert.equal((await graph("feature eq 'registration'")).length, 3)
      assert.deepEqual((await graph("isSuccess eq false and startswith(userPrincipalName,'ann@')")).map((one: Record<string, unknown>) => one['failureReason']), ['LK_CODE_WRONG'])
      let link: string | undefined = `${root}/userEventsSummary?$top=2`
      let events = 0
      while (link !== undefined) {
        const page: { value: unknown[]; '@odata.nextLink'?: string } = (await rea.get(link.replace('https://reset.contoso.example', ''))).json()
        events += page.value.length
        link = page['@odata.nextLink']
      }
      assert.equal(events, 7, 'registrations and resets with an end, and no prompt, start, change or unlock')
    })

    test('the classic columns: one row for a person, what was registered in one cell', async () => {
      const value = (await rea.get('/api/reports/registrations')).json().value
      assert.deepEqual(value.map((one: Record<string, unknown>) => [one['user'], one['role'], one['dataRegistered']]), [
        ['ann@contoso.example', 'User', ['alternateEmail', 'mobilePhone']], ['bob@contoso.example', 'Administrator', ['authenticatorApp']],
      ])
      assert.equal((await rea.get('/api/reports/registrations?period=D7')).json().value.length, 1)
    })

    test('unlicensed beneficiaries: who had the good of it without a licence, whatever the organisation owns', async () => {
      const names = async () => {
        const { licensing, value } = (await rea.get('/api/reports/unlicensed')).json()
        return [licensing, ...value.map((one: Record<string, unknown>) => `${one['userPrincipalName']} ${(one['features'] as string[]).join()} ${one['licenceNeeded']}`)]
      }
      assert.deepEqual(await names(), ['off'], 'nobody needs one')
      await changePolicy(t.app, t.tenantId, 'tenantSettings', { licensing: 'organisation' })
      await saveSku(t.app.db, { tenantId: t.tenantId, ...premium, enabledUnits: 5, capabilityStatus: 'Enabled', isTrial: false })
      assert.deepEqual(await names(), ['organisation', 'ann@contoso.example registration,reset CLOUD', 'bob@contoso.example registration CLOUD'])
      await assignLicence(t.app.db, { tenantId: t.tenantId, skuId: premium.skuId, principalId: people.ann.id, principalType: 'user' })
      assert.deepEqual(await names(), ['organisation', 'bob@contoso.example registration CLOUD'])
      await changePolicy(t.app, t.tenantId, 'tenantSettings', { licensing: 'off' })
    })

    test('every report is a table, too, asked for by address or by header, and no cell is a formula (T-33)', async () => {
      for (const name of ['signins', 'passwords', 'usage', 'events', 'registrations', 'unlicensed']) {
        const reply = await rea.get(`/api/reports/${name}?period=D30&format=csv`)
        assert.equal(reply.statusCode, 200, reply.payload)
        assert.equal(reply.headers['content-type'], 'text/csv; charset=utf-8')
        assert.equal(reply.headers['content-disposition'], `attachment; filename="${name}.csv"`)
        assert.ok(reply.payload.startsWith('\uFEFF'), 'so that spreadsheets read it as UTF-8')
        const asked = await rea.browser.request({ method: 'GET', url: `/api/reports/${name}?period=D30`, headers: { accept: 'text/csv' } })
        assert.equal(asked.payload, reply.payload, name)
      }
      const events = await rowsOf((await rea.get('/api/reports/events?period=D30&format=csv')).payload)
      assert.equal(events.length, 12)
      assert.ok(events.some(row => row['userDisplayName'] === "'=cmd|A0"), 'with an apostrophe in front')
      const [ann, bob] = await rowsOf((await rea.get('/api/reports/registrations?format=csv')).payload)
      assert.deepEqual([ann!['userDisplayName'], ann!['dataRegistered'], bob!['userDisplayName']], ["'=cmd|A0", 'alternateEmail + mobilePhone', 'Bob; "Bo" Ærø'])
      assert.equal((await rea.get('/api/reports/events?format=xml')).statusCode, 400)
    })

    test('registration details are a table of everybody who fits the filter', async () => {
      const path = '/v1.0/reports/authenticationMethods/userRegistrationDetails'
      for (const format of ['$format=csv', 'format=csv']) {
        const all = await rowsOf((await rea.get(`${path}?${format}`)).payload)
        assert.deepEqual(all.map(row => row['userPrincipalName']!.split('@')[0]).toSorted(), ['ann', 'bob', 'eve', 'rea'], 'soft-deleted people are left out')
        const capable = await rowsOf((await rea.get(`${path}?${format}&$filter=isSsprCapable eq true`)).payload)
        assert.deepEqual(capable.map(row => [row['userPrincipalName'], row['methodsRegistered'], row['isAdmin']]), [['ann@contoso.example', 'email mobilePhone', 'false']])
      }
      assert.equal((await rea.get('/v1.0/users?$format=csv')).statusCode, 400, 'only where it is offered')
    })

    test('pages of registration details end where everybody has been seen, each person once', async () => {
      const seen: string[] = []
      for (let link: string | undefined = '/v1.0/reports/authenticationMethods/userRegistrationDetails?$top=1'; link !== undefined; ) {
        const page: { value: { id: string }[]; '@odata.nextLink'?: string } = (await rea.get(link.replace('https://reset.contoso.example', ''))).json()
        seen.push(...page.value.map(one => one.id))
        link = page['@odata.nextLink']
      }
      assert.deepEqual([seen.length, new Set(seen).size], [4, 4])
    })
  })
}
