// D-13 to take away, and that nobody is left out of it.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { templateColumns } from '../../src/diagnosis/gap-routes.ts'
import { readCsv } from '../../src/operator/csv.ts'
import { readHeading } from '../../src/operator/import-columns.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addCrowd, addPerson, changePolicy, roleIds } from '../support/people.ts'
import { engines } from '../support/store.ts'

/** More than any page or former bound. */
const crowd = 2_300

async function records(payload: string): Promise<string[][]> {
  const found: string[][] = []
  for await (const { fields } of readCsv((async function* () { yield new TextEncoder().encode(payload) })())) found.push(fields)
  return found
}

for (const engine of engines) {
  describe(`people without data (${engine})`, () => {
    let t: TestApp
    let gus: SignedIn
    let hal: SignedIn

    before(async () => {
      t = await makeApp({ engine })
      await changePolicy(t.app, t.tenantId, 'passwordResetPolicy', { enablementType: 2 })
      gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
      hal = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'hal', password: null, roles: [roleIds.helpdeskAdministrator] }))
      await addPerson(t.app, t.tenantId, { name: 'ann', displayName: '@ann', password: null })
      await addPerson(t.app, t.tenantId, { name: 'bob', password: null, otherMails: ['secret@home.example'] })
      await addCrowd(t.app, t.tenantId, crowd)
    })
    after(() => t.close())

    test('everybody is counted: by the diagnosis, by the summaries, by the preview of a policy (A-04)', async () => {
      const answer = (await gus.post('/api/diagnose', { question: 'D-13' })).json()
      const evidence = answer.checks.find((one: { check: string }) => one.check === 'dataPresent').evidence
      assert.deepEqual(evidence, { people: crowd + 3, inScope: crowd + 4, capable: 1 })
      assert.deepEqual([answer.people.length, answer.morePeople], [1000, true])
      const d03 = (await gus.post('/api/diagnose', { question: 'D-03' })).json()
      assert.equal(d03.checks.find((one: { check: string }) => one.check === 'somebodyReady').evidence.users, crowd + 4)
      const path = '/v1.0/reports/authenticationMethods'
      assert.equal((await gus.get(`${path}/usersRegisteredByFeature`)).json().totalUserCount, crowd + 4)
      assert.equal((await gus.get(`${path}/usersRegisteredByMethod`)).json().totalUserCount, crowd + 4)
      assert.equal((await records((await gus.get(`${path}/userRegistrationDetails?format=csv`)).payload)).length, crowd + 4 + 1)
      // Everybody now has one method, and two are to be asked for.
      const people = await t.app.db.selectFrom('users').select('id').where('displayNameLower', '>=', 'crowd').where('displayNameLower', '<', 'crowe').execute()
      for (let from = 0; from < people.length; from += 500) {
        await t.app.db.insertInto('userContacts').values(people.slice(from, from + 500).map(({ id }) => ({
          tenantId: t.tenantId, id, userId: id, kind: 'otherMail', position: 0, valueSealed: 'sealed', valueIndex: id, wellFormed: true, origin: 'import', updatedAt: 0,
        }))).execute()
      }
      const impact = (await gus.post('/api/policies/passwordResetPolicy/impact', { numberOfAuthenticationMethodsRequired: 2 })).json()
      assert.deepEqual([impact.count, impact.more, impact.people.length], [crowd + 1, true, 200])
      const harmless = (await gus.post('/api/policies/passwordResetPolicy/impact', { notifyOnAdminPasswordReset: true })).json()
      assert.deepEqual([harmless.count, harmless.more], [0, false])
      await t.app.db.deleteFrom('userContacts').where('valueSealed', '=', 'sealed').execute()
    })

    test('the gap is a table of everybody who lacks something within reach, with no number and no address (T-33, T-84)', async () => {
      const reply = await gus.get('/api/diagnose/gap.csv')
      assert.equal(reply.headers['content-type'], 'text/csv; charset=utf-8')
      const [heading, ...rows] = await records(reply.payload)
      assert.deepEqual(heading!.map(name => name.replace('\uFEFF', '')), ['userPrincipalName', 'displayName', 'usable', 'required', 'missing', 'malformed', 'switchedOff'])
      assert.equal(rows.length, crowd + 3)
      assert.equal(rows.find(row => row[0] === 'ann@contoso.example')![1], "'@ann")
      assert.doesNotMatch(reply.payload, /secret@/)
      const seen = (await records((await hal.get('/api/diagnose/gap.csv')).payload)).map(row => row[0])
      assert.ok(seen.includes('ann@contoso.example') && !seen.includes('gus@contoso.example'))
      const ann = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'cy', password: null }))
      for (const file of ['gap', 'import-template']) assert.equal((await ann.get(`/api/diagnose/${file}.csv`)).statusCode, 403)
    })

    test('the template is what an import reads, to the last column', async () => {
      const [heading] = await records((await hal.get('/api/diagnose/import-template.csv')).payload)
      assert.deepEqual(readHeading({ line: 1, fields: heading! }), { columns: [...templateColumns], ignored: [] })
    })
  })
}
