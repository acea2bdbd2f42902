/** Codes and tokens pass through: neither the database nor the log keeps one that could be used (T-73, T-75). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sql } from 'kysely'
import { openLog } from '../../src/log.ts'
import { azureCliAppId, graphAppId } from '../../src/rules/first-party.ts'
import { firstPartyId } from '../../src/store/first-party.ts'
import { addGrant } from '../../src/store/grants.ts'
import { flushSignIns } from '../../src/store/sign-ins.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import { RelyingParty, bodyOf, documents, press, visit } from '../support/relying-party.ts'
import { signedIn } from '../support/signed-in.ts'

describe('codes and tokens', () => {
  let t: TestApp
  const lines: string[] = []
  before(async () => {
    t = await makeApp({ log: openLog('info', { write: line => void lines.push(line) }) })
    await changePolicy(t.app, t.tenantId, 'tenantSettings', { passwordGrant: true })
  })
  after(() => t.close())

  /** Every row of every table as text. */
  const everything = async (): Promise<string> => {
    const tables = await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(t.app.db)
    const rows = await Promise.all(tables.rows.map(({ name }) => sql`select * from ${sql.table(name)}`.execute(t.app.db)))
    return rows.map(one => JSON.stringify(one.rows)).join('\n')
  }

  test('T-73, T-75: of all that passes through in every flow none is in a table or in the log', async () => {
    const secrets: Record<string, string> = {}
    const ann = await addPerson(t.app, t.tenantId, { name: 'ann' })
    const shop = await addProgram(t.app, t.tenantId, { name: 'Shop', document: documents.confidential })
    await addGrant(t.app.db, { tenantId: t.tenantId, clientId: shop.servicePrincipalId, resourceId: firstPartyId(t.tenantId, graphAppId), principalId: null, scopes: ['openid', 'offline_access', 'User.Read'], at: t.app.now() })
    const party = new RelyingParty(t, shop)
    const { browser } = await signedIn(t, ann)
    const open = await visit(browser, party.authorizePath({ scope: 'openid offline_access User.Read' }))
    secrets['code in flight'] = open.answer!.get('code')!
    const tokens = bodyOf(await party.redeem((await visit(browser, party.authorizePath({ scope: 'openid offline_access User.Read' }))).answer!.get('code')!))
    const later = bodyOf(await party.refresh(tokens.refresh_token))
    Object.assign(secrets, {
      'refresh token': tokens.refresh_token, 'next refresh token': later.refresh_token, 'access token': tokens.access_token, 'id token': tokens.id_token, verifier: party.verifier, secret: shop.secret,
    })
    await party.refresh('1r.wrong-refresh-token')
    await party.redeem(`${secrets['code in flight']}x`)
    const begun = await t.server.inject({
      method: 'POST', url: '/common/oauth2/v2.0/devicecode', authority: 'reset.contoso.example', headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ client_id: azureCliAppId, scope: 'openid' }).toString(),
    })
    const device = begun.json<{ device_code: string; user_code: string }>()
    Object.assign(secrets, { 'device code': device.device_code, 'user code': device.user_code })
    await visit(browser, '/common/oauth2/deviceauth')
    await press(browser, '/common/oauth2/deviceauth', { code: device.user_code, answer: 'agree' })
    for (const password of [ann.password, 'Wrong-Kelp-99']) {
      await party.token({ grant_type: 'password', username: ann.userPrincipalName, password, scope: 'openid' })
      secrets[`password ${password}`] = password
    }
    const waiting = t.browser()
    await visit(waiting, party.authorizePath())
    secrets['request id'] = /oauth2%2Fcontinue%2F([\w-]{43})/.exec(waiting.path)![1]!
    await flushSignIns(t.app)
    const kept = await everything()
    const logged = lines.join('\n')
    assert.match(kept, /tokenHash|token_hash/)
    assert.ok(lines.length > 5)
    for (const [name, secret] of Object.entries(secrets)) {
      assert.ok(secret.length >= 9, name)
      assert.ok(!kept.includes(secret), `${name} is in a table`)
      assert.ok(!logged.includes(secret), `${name} is in the log`)
    }
  })
})
