// The audit and the sign-ins as logs to search (graph §11).
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, passwordOf, roleIds } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

interface Audit { id: string; activityDisplayName: string; activityDateTime: string; correlationId: string; initiatedBy: { user: { userPrincipalName: string } | null } }

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`the logs (${engine})`, () => {
    let t: TestApp
    let gus: SignedIn
    let ann: Person
    let dan: Person
    before(async () => {
      t = await makeApp({ engine })
      gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
      const hal = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'hal', password: null, roles: [roleIds.userAdministrator] }))
      ann = await addPerson(t.app, t.tenantId, { name: 'ann' })
      dan = await addPerson(t.app, t.tenantId, { name: 'dan', disabled: true })
      for (const [who, change] of [[gus, { jobTitle: 'One' }], [hal, { jobTitle: 'Two' }], [hal, { accountEnabled: false }], [gus, { accountEnabled: true }]] as const) {
        await t.clock.advance(1000)
        assert.equal((await who.patch(`/v1.0/users/${ann.id}`, change)).statusCode, 204)
      }
      const enter = (userName: string, password: string) => t.browser().json('POST', '/api/signin', { userName, password })
      await enter(ann.userPrincipalName, passwordOf('ann'))
      await enter(ann.userPrincipalName, 'wrong')
      await enter(dan.userPrincipalName, passwordOf('dan'))
      await enter('nobody@contoso.example', 'wrong')
    })
    after(() => t.close())

    const audits = async (filter: string, more = ''): Promise<Audit[]> => {
      const reply = await gus.get(`/v1.0/auditLogs/directoryAudits?$filter=${encodeURIComponent(filter)}${more}`)
      assert.equal(reply.statusCode, 200, reply.payload)
      return reply.json().value
    }

    test('the audit is searched by whom, what, when and on whom, with and without an index', async () => {
      const on = `targetResources/any(t:t/id eq '${ann.id}')`
      const updates = await audits(`${on} and activityDisplayName eq 'Update user'`)
      assert.deepEqual(updates.map(one => one.initiatedBy.user!.userPrincipalName.split('@')[0]), ['gus', 'hal', 'hal', 'gus'], 'newest first')
      assert.equal((await audits(`${on} and startswith(initiatedBy/user/userPrincipalName,'hal')`)).length, 3, 'disabling is told on its own, too')
      assert.equal((await audits(`startswith(activityDisplayName,'Disable') and category eq 'UserManagement'`)).length, 1)
      assert.equal((await audits(`(activityDisplayName eq 'Enable account' or activityDisplayName eq 'Disable account') and loggedByService eq 'Core Directory'`)).length, 2)
      assert.equal((await audits(`initiatedBy/user/displayName eq 'Hal Test' and result eq 'success'`)).length, 3)
      assert.equal((await audits(`targetResources/any(t:t/displayName eq 'Ann Test')`)).length, 6)
      const [, middle] = updates
      assert.deepEqual((await audits(`id eq '${middle!.id}'`)).map(one => one.id), [middle!.id])
      assert.deepEqual((await audits(`correlationId eq '${middle!.correlationId}'`)).map(one => one.activityDisplayName).toSorted(), ['Disable account', 'Update user'])
      const from = middle!.activityDateTime
      assert.ok((await audits(`${on} and activityDateTime ge ${from}`)).every(one => one.activityDateTime >= from))
      assert.ok((await audits(`${on} and (activityDateTime lt ${from} or activityDateTime gt ${from})`)).every(one => one.activityDateTime !== from))
    })

    test('a search that few rows fit is paged without losing or repeating any', async () => {
      const seen: string[] = []
      let url: string | undefined = `/v1.0/auditLogs/directoryAudits?$filter=${encodeURIComponent("startswith(initiatedBy/user/userPrincipalName,'hal')")}&$top=1`
      while (url !== undefined) {
        const page: { value: Audit[]; '@odata.nextLink'?: string } = (await gus.get(url)).json()
        seen.push(...page.value.map(one => one.id))
        url = page['@odata.nextLink']?.replace(/^https:\/\/[^/]+/, '')
      }
      assert.equal(seen.length, 3)
      assert.equal(new Set(seen).size, 3)
    })

    test('what is not offered is 400 and names the way: other properties, other operators, the oldest first', async () => {
      for (const query of ["$filter=initiatedBy/user/ipAddress eq 'x'", "$filter=endswith(activityDisplayName,'x')", '$orderby=activityDateTime asc', '$filter=activityDateTime ge yesterday', '$search="x"']) {
        assert.equal((await gus.get(`/v1.0/auditLogs/directoryAudits?${query}`)).statusCode, 400, query)
      }
      assert.deepEqual(Object.keys((await gus.get('/v1.0/auditLogs/directoryAudits?$select=id,category&$top=1')).json().value[0]), ['id', 'category'])
    })

    const signIns = async (filter: string) => {
      const reply = await gus.get(`/v1.0/auditLogs/signIns?$filter=${encodeURIComponent(filter)}`)
      assert.equal(reply.statusCode, 200, reply.payload)
      return reply.json().value as { id: string; userId: string; userPrincipalName: string; status: { errorCode: number; failureReason: string | null }; createdDateTime: string }[]
    }

    test('sign-ins tell who, how it ended by the number clients know, and nothing of who is nobody (T-78)', async () => {
      assert.deepEqual((await signIns(`userId eq '${ann.id}'`)).map(one => [one.userPrincipalName, one.status.errorCode]).toSorted(), [[ann.userPrincipalName, 0], [ann.userPrincipalName, 50126]])
      assert.equal((await signIns(`userId eq '${dan.id}'`))[0]!.status.errorCode, 50057)
      const strangers = await signIns("userId eq '00000000-0000-0000-0000-000000000000'")
      assert.deepEqual(strangers, [], 'nobody has an id to look for')
      const failed = await signIns('status/errorCode eq 50126')
      assert.equal(failed.length, 2)
      assert.ok(failed.some(one => one.userPrincipalName === 'n' && one.userId === '00000000-0000-0000-0000-000000000000'))
      assert.ok(failed.every(one => one.status.failureReason !== null))
      assert.equal((await signIns("startswith(userPrincipalName,'DAN@')")).length, 1)
      assert.equal((await signIns(`createdDateTime ge ${failed[0]!.createdDateTime} and clientAppUsed eq 'Browser'`)).length > 0, true)
      assert.equal((await gus.get(`/v1.0/auditLogs/signIns/${failed[0]!.id}`)).json().id, failed[0]!.id)
      assert.equal((await gus.get('/v1.0/auditLogs/signIns/00000000-0000-4000-8000-000000000001')).statusCode, 404)
      assert.equal((await gus.get("/v1.0/auditLogs/signIns?$filter=signInEventTypes/any(t: t eq 'servicePrincipal')")).statusCode, 400, 'under /beta only')
    })

    test('registration details show what is selected, and come by display name', async () => {
      const path = '/v1.0/reports/authenticationMethods/userRegistrationDetails'
      const shown = (await gus.get(`${path}?$select=userPrincipalName,isAdmin&$orderby=userDisplayName&$top=2`)).json()
      assert.deepEqual(shown.value.map((one: object) => Object.keys(one).toSorted()), [['isAdmin', 'userPrincipalName'], ['isAdmin', 'userPrincipalName']])
      assert.equal((await gus.get(shown['@odata.nextLink'].replace(/^https:\/\/[^/]+/, ''))).statusCode, 200)
      assert.deepEqual(Object.keys((await gus.get(`${path}/${ann.id}?$select=id`)).json()), ['@odata.context', 'id'])
      assert.equal((await gus.get(`${path}?$orderby=userDisplayName desc`)).statusCode, 400)
    })

    test('the older registration reports say the same in their own words', async () => {
      const found = (await gus.get("/beta/reports/credentialUserRegistrationDetails?$filter=userPrincipalName eq 'ann@contoso.example'")).json().value
      assert.deepEqual(found.map((one: Record<string, unknown>) => [one['isRegistered'], one['isEnabled'], one['authMethods']]), [[false, false, []]])
      const counts = (await gus.get('/beta/reports/getCredentialUserRegistrationCount')).json().value[0]
      assert.deepEqual([counts.totalUserCount, counts.userRegistrationCounts.map((one: { registrationStatus: string }) => one.registrationStatus)], [4, ['registered', 'enabled', 'capable', 'mfaRegistered']])
      const privileged = (await gus.get("/v1.0/reports/authenticationMethods/usersRegisteredByFeature(includedUserTypes='all',includedUserRoles='privilegedAdmin')")).json()
      assert.equal(privileged.totalUserCount, 2)
      assert.equal((await gus.get("/v1.0/reports/authenticationMethods/usersRegisteredByFeature(includedUserTypes='robots',includedUserRoles='all')")).statusCode, 400)
    })
  })
