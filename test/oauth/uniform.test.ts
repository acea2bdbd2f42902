/** T-52: a refusal costs the same, whatever it is for. Steps are counted, not milliseconds (LD-57). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import pg from 'pg'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { ask, assertionClaims, signed, withAssertion } from '../support/oauth.ts'
import { addCertificate, addProgram } from '../support/programs.ts'

/** Every statement that goes to the database, those inside transactions included. */
let statements: string[] = []
const query = pg.Client.prototype.query
pg.Client.prototype.query = function (this: unknown, ...given: unknown[]) {
  const [first] = given as [string | { text: string }]
  statements.push(typeof first === 'string' ? first : first.text)
  return (query as (...all: unknown[]) => unknown).apply(this, given)
} as typeof query

describe('T-52: as much is done for an unknown program as for a known one', () => {
  let t: TestApp
  before(async () => {
    t = await makeApp({ engine: 'postgres' })
  })
  after(() => t.close())

  /** What one request asks of the database, without the clock's own looks and the notes written in the background. */
  async function stepsOf(asked: () => Promise<unknown>): Promise<string[]> {
    await asked() // what is read once a process is read
    statements = []
    await asked()
    return statements.filter(one => !/extract\(epoch|clock_timestamp|credential_uses|\bselect 1\b|kysely/.test(one))
  }

  test('a wrong secret, an expired one, one where there is none and one of an application nobody has make the same statements', async () => {
    const known = await addProgram(t.app, t.tenantId)
    const expired = await addProgram(t.app, t.tenantId, { secretUntil: t.app.now() - 1000 })
    const bare = await addProgram(t.app, t.tenantId, { withoutSecret: true })
    const nobody = { appId: '11111111-2222-3333-4444-555555555555', secret: 'x' }
    const wrong = await stepsOf(() => ask(t, known, { client_secret: 'wrong' }))
    assert.ok(wrong.length >= 3, wrong.join('\n'))
    assert.deepEqual(await stepsOf(() => ask(t, expired)), wrong)
    assert.deepEqual(await stepsOf(() => ask(t, bare, { client_secret: 'wrong' })), wrong)
    assert.deepEqual(await stepsOf(() => ask(t, nobody)), wrong)
    const certified = await addCertificate(t.app, known)
    const assertion = () => withAssertion(signed({ alg: 'RS256', x5t: 'A'.repeat(27) }, assertionClaims(t, known), certified.privateKey))
    assert.deepEqual(await stepsOf(() => ask(t, known, assertion())), wrong)
    assert.deepEqual(await stepsOf(() => ask(t, nobody, assertion())), wrong)
  })
})
