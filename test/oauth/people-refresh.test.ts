/** Refresh tokens (LD-33): each brings the next, two at once are no theft, and whoever shows an old one ends them all. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { revokeSessions } from '../../src/credentials/revoke-sessions.ts'
import { setPassword } from '../../src/credentials/set-password.ts'
import { graphAppId } from '../../src/rules/first-party.ts'
import { Secret } from '../../src/secret.ts'
import { firstPartyId } from '../../src/store/first-party.ts'
import { addGrant, findGrantOf, removeGrant } from '../../src/store/grants.ts'
import { dropExpiredRows } from '../../src/store/old-rows.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'
import type { Program } from '../support/programs.ts'
import { RelyingParty, bodyOf, codeOf, documents, visit } from '../support/relying-party.ts'
import { signedIn } from '../support/signed-in.ts'

const day = 86_400_000

for (const engine of ['sqlite', 'postgres'] as const)
  describe(`a refresh token (${engine})`, () => {
    let t: TestApp
    let shop: Program
    let spa: Program
    before(async () => {
      t = await makeApp({ engine })
      shop = await addProgram(t.app, t.tenantId, { name: 'Shop', document: documents.confidential, secretUntil: t.app.now() + 1000 * day })
      spa = await addProgram(t.app, t.tenantId, { name: 'Page', document: documents.spa, withoutSecret: true })
      for (const program of [shop, spa]) await consent(program)
    })
    after(() => t.close())
    const consent = ({ servicePrincipalId }: Program) => addGrant(t.app.db, {
      tenantId: t.tenantId, clientId: servicePrincipalId, resourceId: firstPartyId(t.tenantId, graphAppId), principalId: null,
      scopes: ['openid', 'profile', 'offline_access', 'User.Read'], at: t.app.now(),
    })
    let people = 0
    const newPerson = () => addPerson(t.app, t.tenantId, { name: `person${people++}` })
    /** Somebody has signed in to a program: its first refresh token. */
    const begin = async (options: { person?: Person; program?: Program; kind?: 'confidential' | 'spa' } = {}) => {
      const { person = await newPerson(), program = shop, kind = 'confidential' } = options
      const party = new RelyingParty(t, program, kind)
      const { browser } = await signedIn(t, person)
      const { answer } = await visit(browser, party.authorizePath())
      const tokens = bodyOf(await party.redeem(answer!.get('code')!))
      return { party, person, token: tokens.refresh_token, accessToken: tokens.access_token }
    }
    const next = async (party: RelyingParty, token: string) => {
      const reply = await party.refresh(token)
      assert.equal(reply.statusCode, 200, reply.payload)
      return bodyOf(reply).refresh_token
    }
    const read = (accessToken: string) => t.server.inject({ url: '/v1.0/me', authority: 'reset.contoso.example', headers: { authorization: `Bearer ${accessToken}` } })

    test('brings another one each time, with the same scopes and an id token', async () => {
      const { party, token } = await begin()
      const reply = await party.refresh(token)
      const body = bodyOf(reply)
      assert.notEqual(body.refresh_token, token)
      assert.deepEqual(body.scope.split(' ').toSorted(), ['User.Read', 'offline_access', 'openid', 'profile'])
      assert.ok(body.id_token)
      await next(party, body.refresh_token)
    })

    test('is there only when offline_access was asked for', async () => {
      const party = new RelyingParty(t, shop)
      const { browser } = await signedIn(t, await newPerson())
      const { answer } = await visit(browser, party.authorizePath({ scope: 'openid User.Read' }))
      assert.equal(bodyOf(await party.redeem(answer!.get('code')!)).refresh_token, undefined)
    })

    test('serves those who use it at the same time, each with a token of its own', async () => {
      const { party, token } = await begin()
      const replies = await Promise.all(Array.from({ length: 10 }, () => party.refresh(token)))
      assert.ok(replies.every(one => one.statusCode === 200), replies.map(one => one.payload).join('\n'))
      const tokens = replies.map(one => bodyOf(one).refresh_token)
      assert.equal(new Set(tokens).size, 10)
      for (const one of tokens.slice(0, 3)) await next(party, one)
    })

    test('is good for sixty seconds after its first use; later it ends its whole family, and the audit tells', async () => {
      const { party, token, person } = await begin()
      const second = await next(party, token)
      await t.clock.advance(50_000)
      const sibling = await next(party, token)
      await t.clock.advance(10_001)
      assert.equal(codeOf(await party.refresh(token)), 70000)
      for (const dead of [second, sibling, token]) assert.equal(codeOf(await party.refresh(dead)), 70000)
      const rows = await t.app.db.selectFrom('audit').select('targets').where('activity', '=', 'Refresh token used again').execute()
      assert.equal(rows.filter(row => row.targets.includes(person.id)).length, 1)
    })

    test('used again ends its family also when what it asks for is not allowed; within the sixty seconds it does not', async () => {
      for (const [scope, refused] of [['openid Group.Read.All', 65001], ['openid No.Such.Scope', 70011]] as const) {
        const { party, token, person } = await begin()
        const second = await next(party, token)
        assert.equal(codeOf(await party.refresh(token, { scope })), refused)
        const third = await next(party, second)
        await t.clock.advance(60_001)
        assert.equal(codeOf(await party.refresh(third, { scope })), refused, 'one that is good is told why, and goes on')
        assert.equal(codeOf(await party.refresh(token, { scope })), 70000)
        assert.equal(codeOf(await party.refresh(third)), 70000, 'the family has ended')
        const rows = await t.app.db.selectFrom('audit').select('targets').where('activity', '=', 'Refresh token used again').execute()
        assert.equal(rows.filter(row => row.targets.includes(person.id)).length, 1)
      }
    })

    test('used again after its row was tidied away is still seen', async () => {
      const { party, token } = await begin()
      const second = await next(party, token)
      await t.clock.advance(61_000)
      await dropExpiredRows(t.app.db, t.app.now())
      assert.equal(codeOf(await party.refresh(token)), 70000)
      assert.equal(codeOf(await party.refresh(second)), 70000)
    })

    test('of another family ends nothing, and neither does one that nobody has made', async () => {
      const one = await begin()
      const other = await begin()
      const mixed = `${one.token.split('.').slice(0, 2).join('.')}.${other.token.split('.').slice(2).join('.')}`
      assert.equal((await one.party.refresh(mixed)).statusCode, 200, 'the tenant part is the same: it is the other token')
      for (const text of ['', 'x', '1r.a.b.c', one.token.slice(1), `${one.token}x`, one.token.replace('1r', '1c'), '1r..', 'é'.repeat(50)]) {
        const code = codeOf(await one.party.refresh(text))
        assert.equal(code, text === '' ? 900144 : 70000, text)
      }
      await next(one.party, one.token)
    })

    test('is its program’s alone, which proves itself each time; a wrong proof uses nothing up', async () => {
      const { party, token } = await begin()
      assert.equal(codeOf(await party.refresh(token, { client_secret: undefined })), 7000218)
      assert.equal(codeOf(await party.refresh(token, { client_secret: 'wrong' })), 7000215)
      const other = await addProgram(t.app, t.tenantId, { name: 'Other', document: documents.confidential })
      assert.equal(codeOf(await new RelyingParty(t, other).refresh(token)), 70000)
      await next(party, token)
    })

    test('ends with a password change, a reset, "sign out everywhere" and a disabled account, and the access token with it (T-19)', async () => {
      const changes: Record<string, (person: Person) => Promise<unknown>> = {
        change: person => setPassword(t.app, { tenantId: t.tenantId, userId: person.id, newPassword: new Secret(`New-${person.id}-9x`), channel: 'change-portal', actor: { kind: 'user', userId: person.id }, correlationId: 'c' }),
        reset: person => setPassword(t.app, { tenantId: t.tenantId, userId: person.id, newPassword: new Secret(`New-${person.id}-9x`), channel: 'sspr-portal', actor: { kind: 'user', userId: person.id }, correlationId: 'c' }),
        signOut: person => revokeSessions(t.app, { tenantId: t.tenantId, userId: person.id, actor: { kind: 'user', userId: person.id }, correlationId: 'c' }),
        disable: person => t.app.db.updateTable('users').set({ accountEnabled: false }).where('id', '=', person.id).execute(),
      }
      for (const [name, change] of Object.entries(changes)) {
        const { party, token, person, accessToken } = await begin()
        await change(person)
        assert.equal(codeOf(await party.refresh(token)), name === 'disable' ? 50057 : 50173, name)
        assert.equal((await read(accessToken)).statusCode, 401, name)
      }
    })

    test('issues nothing to a program that was switched off, and nothing that was taken back', async () => {
      const { party, token } = await begin()
      const where = { tenantId: t.tenantId, clientId: shop.servicePrincipalId, resourceId: firstPartyId(t.tenantId, graphAppId), principalId: '' }
      const grant = (await findGrantOf(t.app.db, where))!
      await removeGrant(t.app.db, t.tenantId, grant.id)
      const refused = await party.refresh(token)
      assert.equal(codeOf(refused), 65001)
      assert.equal(bodyOf(refused).suberror, 'consent_required')
      await consent(shop)
      await next(party, token)
    })

    test('is not used up by a request for too much', async () => {
      const { party, token } = await begin()
      assert.equal(codeOf(await party.refresh(token, { scope: 'openid Directory.Read.All' })), 65001)
      assert.equal(codeOf(await party.refresh(token, { scope: 'openid No.Such' })), 70011)
      await t.clock.advance(61_000)
      await next(party, token)
    })

    test('of somebody who came with a temporary access pass ends with the pass (sspr §4.7)', async () => {
      const person = await newPerson()
      const { browser } = await signedIn(t, person)
      const until = t.app.now() + 3_600_000
      await t.app.db.updateTable('sessions').set({ proofs: JSON.stringify([{ method: 'temporaryAccessPass', at: t.app.now(), until }]) }).where('userId', '=', person.id).execute()
      const party = new RelyingParty(t, shop)
      const { answer } = await visit(browser, party.authorizePath())
      const first = bodyOf(await party.redeem(answer!.get('code')!)).refresh_token
      await t.clock.advance(3_000_000)
      const second = await next(party, first)
      await t.clock.advance(600_001)
      assert.equal(codeOf(await party.refresh(second)), 700082)
    })

    test('lasts ninety days from its last use; a browser program’s a day from the sign-in', async () => {
      const { party, token } = await begin()
      await t.clock.advance(89 * day)
      const second = await next(party, token)
      await t.clock.advance(89 * day)
      const third = await next(party, second)
      await t.clock.advance(90 * day + 1)
      assert.equal(codeOf(await party.refresh(third)), 700082)
      const page = await begin({ program: spa, kind: 'spa' })
      await t.clock.advance(day - 60_000)
      const last = await next(page.party, page.token)
      await t.clock.advance(60_001)
      assert.equal(codeOf(await page.party.refresh(last)), 700084)
    })

    test('whatever the order of uses, of each family either every unused token works or none does', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(fc.record({ pick: fc.nat(20), wait: fc.constantFrom(0, 25_000, 61_000) }), { minLength: 1, maxLength: 8 }), async steps => {
          const { party, token } = await begin()
          const known: { token: string; firstUsed: number | undefined }[] = [{ token, firstUsed: undefined }]
          let ended = false
          for (const { pick, wait } of steps) {
            await t.clock.advance(wait)
            const chosen = known[pick % known.length]!
            const stale = chosen.firstUsed !== undefined && t.app.now() > chosen.firstUsed + 60_000
            const reply = await party.refresh(chosen.token)
            assert.equal(reply.statusCode === 200, !ended && !stale)
            if (reply.statusCode === 200) {
              chosen.firstUsed ??= t.app.now()
              known.push({ token: bodyOf(reply).refresh_token, firstUsed: undefined })
            } else ended = true
          }
        }),
        { numRuns: engine === 'sqlite' ? 25 : 8 },
      )
    })
  })
