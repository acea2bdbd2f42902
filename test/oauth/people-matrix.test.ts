/** T-55: each grant with each kind of program. Only the pairs of the table give a token; whatever else is asked gets an error and nothing more. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { graphAppId } from '../../src/rules/first-party.ts'
import { firstPartyId } from '../../src/store/first-party.ts'
import { addGrant } from '../../src/store/grants.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, changePolicy, foundTenant } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import type { Program } from '../support/programs.ts'
import { RelyingParty, bodyOf, callback, claimsOf, codeOf, documents, press, visit } from '../support/relying-party.ts'
import { signedIn } from '../support/signed-in.ts'

const kinds = ['confidential', 'confidential without its secret', 'public', 'spa', 'nothing registered'] as const
type Kind = (typeof kinds)[number]
const grants = ['client_credentials', 'authorization_code', 'refresh_token', 'device_code', 'password', 'implicit', 'made up'] as const
type GrantName = (typeof grants)[number]

/** What gives a token; everything else does not. */
const enabled: Readonly<Record<GrantName, readonly Kind[]>> = {
  client_credentials: ['confidential'],
  authorization_code: ['confidential', 'public', 'spa'],
  refresh_token: ['confidential', 'public', 'spa'],
  device_code: ['confidential', 'public'],
  password: ['confidential', 'public'],
  implicit: [],
  'made up': [],
}

describe('each grant with each kind of program (T-55)', () => {
  let t: TestApp
  let ann: Person
  const programs = new Map<Kind, Program>()
  const scope = 'openid offline_access User.Read'
  before(async () => {
    t = await makeApp()
    ann = await addPerson(t.app, t.tenantId, { name: 'ann' })
    await changePolicy(t.app, t.tenantId, 'tenantSettings', { passwordGrant: true })
    for (const kind of kinds) {
      const document = kind.startsWith('confidential') ? documents.confidential : kind === 'nothing registered' ? {} : documents[kind as 'public' | 'spa']
      const program = await addProgram(t.app, t.tenantId, { name: kind, document, withoutSecret: !kind.startsWith('confidential') })
      await addGrant(t.app.db, {
        tenantId: t.tenantId, clientId: program.servicePrincipalId, resourceId: firstPartyId(t.tenantId, graphAppId), principalId: null, scopes: ['openid', 'offline_access', 'User.Read'], at: t.app.now(),
      })
      programs.set(kind, program)
    }
  })
  after(() => t.close())

  const partyOf = (kind: Kind) => new RelyingParty(t, programs.get(kind)!, kind.startsWith('confidential') ? 'confidential' : kind === 'spa' ? 'spa' : 'public')
  const without = (kind: Kind) => (kind === 'confidential without its secret' ? { client_secret: undefined } : {})

  /** The token this pair gives, or what was answered. */
  const attempt: Record<GrantName, (kind: Kind) => Promise<string | undefined>> = {
    client_credentials: async kind => bodyOf(await partyOf(kind).token({ grant_type: 'client_credentials', scope: 'https://graph.microsoft.com/.default', ...without(kind) })).access_token,
    authorization_code: async kind => (await byCode(kind)).access_token,
    refresh_token: async kind => {
      // The sign-in is the right program's own; what is tried is the refresh.
      const { refresh_token: token } = await byCode(kind === 'confidential without its secret' ? 'confidential' : kind)
      return token === undefined ? undefined : bodyOf(await partyOf(kind).refresh(token, without(kind))).access_token
    },
    device_code: async kind => {
      const party = partyOf(kind)
      const program = programs.get(kind)!
      const begun = await t.server.inject({
        method: 'POST', url: `/${t.tenantId}/oauth2/v2.0/devicecode`, authority: 'reset.contoso.example', headers: { 'content-type': 'application/x-www-form-urlencoded' },
        payload: new URLSearchParams({ client_id: program.appId, scope, ...(kind === 'confidential' ? { client_secret: program.secret } : {}) }).toString(),
      })
      const { device_code: deviceCode = 'none', user_code: code = 'none' } = begun.json<{ device_code?: string; user_code?: string }>()
      const { browser } = await signedIn(t, ann)
      await visit(browser, '/common/oauth2/deviceauth')
      await press(browser, '/common/oauth2/deviceauth', { code, answer: 'agree' })
      return bodyOf(await party.token({ grant_type: 'device_code', device_code: deviceCode, ...without(kind) })).access_token
    },
    password: async kind => bodyOf(await partyOf(kind).token({ grant_type: 'password', username: ann.userPrincipalName, password: ann.password, scope, ...without(kind) })).access_token,
    implicit: async kind => {
      const { browser } = await signedIn(t, ann)
      const { answer } = await visit(browser, partyOf(kind).authorizePath({ scope, more: { response_type: 'token' } }))
      return answer?.get('access_token') ?? undefined
    },
    'made up': async kind => bodyOf(await partyOf(kind).token({ grant_type: 'urn:ietf:params:oauth:grant-type:saml2-bearer', scope, ...without(kind) })).access_token,
  }
  const byCode = async (kind: Kind) => {
    const party = partyOf(kind)
    const { browser } = await signedIn(t, ann)
    const { answer } = await visit(browser, party.authorizePath({ scope }))
    const code = answer?.get('code')
    return code ? bodyOf(await party.redeem(code, without(kind))) : ({} as ReturnType<typeof bodyOf>)
  }

  for (const grant of grants)
    for (const kind of kinds) {
      const expected = enabled[grant].includes(kind)
      test(`${grant} by a program that is ${kind}: ${expected ? 'a token' : 'none'}`, async () => {
        const token = await attempt[grant](kind)
        assert.equal(token !== undefined, expected)
        if (token === undefined) return
        // A person's token never carries a program's roles, nor a program's a person's scopes.
        const claims = claimsOf(token)
        assert.equal(claims['scp'] === undefined, grant === 'client_credentials')
        assert.equal(claims['roles'], undefined)
      })
    }

  test('a program’s own grant takes no permission by name, and a person’s no program’s role (scope injection)', async () => {
    const party = partyOf('confidential')
    assert.equal(codeOf(await party.token({ grant_type: 'client_credentials', scope: 'https://graph.microsoft.com/User.Read.All' })), 1002012)
    const { browser } = await signedIn(t, ann)
    const { answer } = await visit(browser, party.authorizePath({ scope: 'openid User.Read' }))
    const more = await party.redeem(answer!.get('code')!, { scope: 'openid User.Read Directory.ReadWrite.All' })
    assert.equal(codeOf(more), 65001)
    assert.equal(claimsOf(bodyOf(await party.redeem(answer!.get('code')!)).access_token)['scp'], 'User.Read openid')
  })

  test('tokens, codes and refresh tokens of one organisation are nothing at another’s door (T-43)', async () => {
    const other = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
    const party = partyOf('confidential')
    const { browser } = await signedIn(t, ann)
    const { answer } = await visit(browser, party.authorizePath({ scope }))
    const code = answer!.get('code')!
    const there = { tenant: other }
    assert.equal(codeOf(await party.token({ grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: party.verifier }, there)), 700016)
    const program = programs.get('confidential')!
    const twin = await addProgram(t.app, other, { name: 'twin', document: documents.confidential })
    const twinParty = new RelyingParty(t, twin)
    assert.equal(codeOf(await twinParty.token({ grant_type: 'authorization_code', code, redirect_uri: callback, code_verifier: party.verifier }, there)), 700005)
    const { refresh_token: token } = bodyOf(await party.redeem(code))
    assert.equal(codeOf(await twinParty.token({ grant_type: 'refresh_token', refresh_token: token }, there)), 70000)
    assert.equal((await party.refresh(token, { client_id: program.appId })).statusCode, 200)
  })

  test('at an address without a name, people of another organisation sign in to their own', async () => {
    const other = await foundTenant(t.app, { name: 'Northwind', domain: 'northwind.example' })
    const nora = await addPerson(t.app, other, { name: 'nora', domain: 'northwind.example' })
    const shop = await addProgram(t.app, other, { name: 'Northwind shop', document: documents.confidential })
    await addGrant(t.app.db, { tenantId: other, clientId: shop.servicePrincipalId, resourceId: firstPartyId(other, graphAppId), principalId: null, scopes: ['openid'], at: t.app.now() })
    const party = new RelyingParty(t, shop)
    const { browser } = await signedIn(t, nora)
    const { answer, reply } = await visit(browser, party.authorizePath({ scope: 'openid', tenant: 'organizations', more: { login_hint: nora.userPrincipalName } }))
    assert.ok(answer?.get('code'), reply.payload)
    const tokens = await party.token({ grant_type: 'authorization_code', code: answer!.get('code')!, redirect_uri: callback, code_verifier: party.verifier }, { tenant: 'organizations' })
    assert.equal(claimsOf(bodyOf(tokens).id_token)['tid'], other, tokens.payload)
  })
})
