import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Secret as OathSecret, HOTP } from 'otpauth'
import { verifyAudit } from '../../src/store/audit-chain.ts'
import { isPassword } from '../reset/stage.ts'
import { roleIds } from '../support/people.ts'
import { expect, openFaultStage, until, walkToPassword } from './stage.ts'
import type { Answer, FaultStage, Node, Visitor } from './stage.ts'

const chosen = 'Brand-new Kelp 42'
const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const wrongCode = (right: string, n = 0): string => String((Number(right) + 1 + n) % 100_000_000).padStart(8, '0')
const codesOf = (answers: readonly Answer[]): string[] => answers.flatMap(answer => (answer.json as { reasons?: { code: string }[] }).reasons?.map(one => one.code) ?? [])

describe('R-08: two servers on one database are one', () => {
  let stage: FaultStage
  let nodes: Node[]
  before(async () => {
    stage = await openFaultStage({ engine: 'postgres' })
    nodes = await Promise.all([stage.serve(), stage.serve()])
  })
  after(() => stage.close())

  const appCode = (): string =>
    new HOTP({ secret: OathSecret.fromBase32(seed), algorithm: 'SHA1', digits: 6 }).generate({ counter: Math.floor(stage.app.now() / 30_000) })

  /** Wrong codes that were really compared, by the audit. */
  const evaluated = async (visitor: Visitor): Promise<number> => {
    const { supportCode } = await stage.app.db.selectFrom('resets').select('supportCode').where('id', '=', visitor.reset).executeTakeFirstOrThrow()
    const rows = await stage.app.db.selectFrom('audit').select('additionalDetails').where('correlationId', '=', supportCode).execute()
    return rows.filter(row => row.additionalDetails.includes('LK_CODE_WRONG')).length
  }

  test('T-03: over many flows, at either server, an account has its five wrong proofs and no more', async () => {
    const ann = await stage.person('ann')
    let compared = 0
    for (let flow = 0; flow < 4; flow++) {
      const visitor = stage.visitor(...(flow % 2 ? nodes : nodes.toReversed()))
      expect(await visitor.start(ann.userPrincipalName), 201)
      const asked = await visitor.ask('email')
      for (let guess = 0; guess < 3; guess++) await visitor.prove('email', `0000000${guess}`)
      compared += await evaluated(visitor)
      if (asked.status !== 202) break
    }
    assert.equal(compared, 5)
    const last = stage.visitor(...nodes)
    assert.equal((await last.start(ann.userPrincipalName)).json.state, 'BLOCKED')
    expect(await last.signIn(ann.userPrincipalName, ann.password), 200) // and sign-in goes on
  })

  test('T-04: of 200 wrong guesses at once five are compared; the right code among the later ones opens nothing', async () => {
    const ben = await stage.person('ben')
    const visitor = stage.visitor(...nodes)
    expect(await visitor.start(ben.userPrincipalName), 201)
    expect(await visitor.ask('email'), 202)
    const code = await stage.mailedCode('ben@home.example')
    const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => visitor.prove('email', wrongCode(code, n))))
    assert.ok(answers.every(answer => [409, 422, 429, 503].includes(answer.status)), answers.map(answer => answer.status).join())
    assert.equal(await evaluated(visitor), 5)
    for (const node of nodes) {
      visitor.nodes = [node]
      assert.notEqual((await visitor.prove('email', code)).status, 200)
    }
  })

  test('T-05: of 50 right codes at once one opens the gate, and the gate opens once', async () => {
    const cai = await stage.person('cai')
    const visitor = stage.visitor(...nodes)
    expect(await visitor.start(cai.userPrincipalName), 201)
    expect(await visitor.ask('email'), 202)
    const code = await stage.mailedCode('cai@home.example')
    const answers = await Promise.all(Array.from({ length: 50 }, () => visitor.prove('email', code)))
    assert.equal(answers.filter(answer => answer.status === 200).length, 1)
    const gates = await stage.app.db.selectFrom('resetGates').select('gate').where('resetId', '=', visitor.reset).execute()
    assert.equal(gates.length, 1)
  })

  test('T-05: of many right codes of an app, at both servers, one opens a gate', async () => {
    const dan = await stage.person('dan', { totp: seed })
    const code = appCode()
    const visitors = await Promise.all(nodes.map(async node => {
      const visitor = stage.visitor(node)
      expect(await visitor.start(dan.userPrincipalName), 201)
      expect(await visitor.ask('code'), 202)
      return visitor
    }))
    const answers = await Promise.all(visitors.map(visitor => visitor.prove('code', code)))
    assert.deepEqual(answers.map(answer => answer.status).sort(), [200, 422])
  })

  test('ten wrong passwords at the one and the other lock the name at both', async () => {
    const eva = await stage.person('eva')
    const visitor = stage.visitor(...nodes)
    const answers: Answer[] = []
    for (let n = 0; n < 12; n++) answers.push(await visitor.signIn(eva.userPrincipalName, `wrong-${n}`))
    assert.deepEqual(codesOf(answers), [...Array<string>(10).fill('LK_SIGNIN_FAILED'), 'LK_LOCKED_SIGNIN', 'LK_LOCKED_SIGNIN'])
  })

  test('a session that ends at one is dead at the other with the next request', async () => {
    const fay = await stage.person('fay')
    const [first, second] = [stage.visitor(nodes[0]!), stage.visitor(nodes[1]!)]
    for (const visitor of [first, second]) expect(await visitor.signIn(fay.userPrincipalName, fay.password), 200)
    expect(await second.send('GET', '/api/sessions'), 200)
    expect(await first.send('POST', '/api/sessions/end-all'), 204)
    assert.equal((await second.send('GET', '/api/sessions')).status, 401)
  })

  test('a setting changed at one is in force at the other with the next call', async () => {
    const gus = await stage.person('gus', { roles: [roleIds.globalAdministrator], totp: seed, mobile: '+45 20123456' })
    const hal = await stage.person('hal')
    const administrator = stage.visitor(nodes[0]!)
    expect(await administrator.signIn(gus.userPrincipalName, gus.password), 200)
    const factors = expect(await administrator.send('GET', '/api/signin'), 200).json.methods as { methodId: string; way: string }[]
    const { methodId } = factors.find(one => one.way === 'totp')!
    const proved = await administrator.send('POST', '/api/signin/second-factor', { methodId, code: appCode() })
    assert.equal(expect(proved, 200).json.next, 'done')
    const path = '/beta/policies/passwordResetPolicy'
    const read = await administrator.send('GET', path)
    expect(read, 200)
    const walker = stage.visitor(nodes[1]!)
    await walkToPassword(stage, walker, hal)
    const changed = await administrator.send('PATCH', path, { enablementType: 0 }, read.json['@odata.etag'] ? { 'if-match': read.json['@odata.etag'] } : {})
    assert.ok([200, 204].includes(changed.status), changed.text)
    const refused = await walker.newPassword(chosen)
    assert.equal(refused.status, 403, refused.text)
    assert.ok(await isPassword(stage.app, hal, hal.password))
  })

  test('the audit of both is one chain', async () => {
    assert.ok((await verifyAudit(stage.app.db, stage.tenantId, stage.app.keys)).whole)
  })
})

describe('R-09: servers are replaced one after the other', () => {
  test('no flow fails, and nobody is signed out', async t => {
    const stage = await openFaultStage({ engine: 'postgres' })
    try {
      const nodes = [await stage.serve(), await stage.serve()]
      const ida = await stage.person('ida')
      const session = stage.visitor()
      session.nodes = nodes
      expect(await session.signIn(ida.userPrincipalName, ida.password), 200)
      const people = await Promise.all(Array.from({ length: 60 }, (_, n) => stage.person(`p${n}`)))
      const waiting = [...people]
      let done = 0
      const walker = async () => {
        for (let person = waiting.shift(); person; person = waiting.shift()) {
          const visitor = stage.visitor()
          visitor.nodes = nodes // the list itself: whoever is there now
          await walkToPassword(stage, visitor, person)
          expect(await visitor.newPassword(chosen), 200)
          expect(await visitor.signIn(person.userPrincipalName, chosen), 200)
          done++
        }
      }
      let walking = true
      const flows = Promise.all(Array.from({ length: 6 }, walker)).finally(() => (walking = false))
      let restarts = 0
      const restart = async () => {
        while (walking) {
          await until(() => (done >= 10 * restarts || !walking ? true : undefined))
          const next = await stage.serve()
          const old = nodes[restarts % 2]!
          nodes[restarts % 2] = next // the balancer's list first, then the kind end
          assert.equal(await old.stop(), 0, old.said())
          restarts++
        }
      }
      await Promise.all([flows, restart()])
      assert.equal(done, people.length)
      assert.ok(restarts >= 2, `${restarts} restarts`)
      t.diagnostic(`${restarts} restarts during ${done} flows`)
      expect(await session.send('GET', '/api/sessions'), 200)
      for (const person of people) assert.ok(await isPassword(stage.app, person, chosen))
      assert.ok((await verifyAudit(stage.app.db, stage.tenantId, stage.app.keys)).whole)
    } finally {
      await stage.close()
    }
  })
})
