import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addProgram } from '../support/programs.ts'
import type { Program } from '../support/programs.ts'

export const authority = 'reset.contoso.example'
export const origin = `https://${authority}`

describe('a token', () => {
  let t: TestApp
  let payroll: Program
  before(async () => {
    t = await makeApp()
    payroll = await addProgram(t.app, t.tenantId, { roles: ['User.Read.All'] })
  })
  after(() => t.close())
  const post = (url: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
    t.server.inject({ method: 'POST', url, authority, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers }, payload: new URLSearchParams(form).toString() })

  test('is given', async () => {
    const reply = await post(`/${t.tenantId}/oauth2/v2.0/token`, { grant_type: 'client_credentials', client_id: payroll.appId, client_secret: payroll.secret, scope: 'https://graph.microsoft.com/.default' })
    console.log(reply.statusCode, reply.headers, reply.body)
    const { access_token } = reply.json() as { access_token: string }
    console.log(access_token.split('.').slice(0, 2).map(one => Buffer.from(one, 'base64url').toString()))
    const users = await t.server.inject({ url: '/v1.0/users', authority, headers: { authorization: `Bearer ${access_token}` } })
    console.log(users.statusCode, users.body)
    const me = await t.server.inject({ url: '/v1.0/me', authority, headers: { authorization: `Bearer ${access_token}` } })
    console.log(me.statusCode, me.headers, me.body)
    console.log((await t.server.inject({ url: '/adfs/.well-known/openid-configuration', authority })).body)
    console.log((await t.server.inject({ url: '/common/discovery/v2.0/keys', authority })).body)
    console.log((await post(`/${t.tenantId}/oauth2/v2.0/token`, { grant_type: 'client_credentials', client_id: payroll.appId, client_secret: 'x', scope: 'https://graph.microsoft.com/.default' })).body)
    console.log(await t.app.db.selectFrom('signIns').selectAll().execute())
  })
})
