/** T-26, LD-21: no puzzle; work under suspicion, waiting without script, one use each. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { difficulty, issueWork, judgeWork, solves, waitMilliseconds } from '../../src/reset/proof-of-work.ts'
import { startRoute } from '../../src/reset/start-reset.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { foundTenant } from '../support/people.ts'
import { codesOn, openReset, solved, titleOf, Visitor } from './stage.ts'

describe('work in place of a puzzle', () => {
  let t: TestApp
  before(async () => {
    t = await makeApp()
    await openReset(t)
  })
  after(() => t.close())

  const pageOf = (work: { token: string; puzzle: string; bits: number }) => `name="work" value="${work.token}" data-puzzle="${work.puzzle}" data-bits="${work.bits}"`

  test('nobody is asked for it on a quiet day under private, and everybody under standard', async () => {
    const { browser } = new Visitor(t)
    assert.doesNotMatch((await browser.get('/reset')).payload, /data-puzzle/)
    await openReset(t, { disclosure: 'standard' })
    assert.match((await browser.get('/reset')).payload, /data-puzzle/)
    const without = await browser.json('POST', '/api/resets', { username: 'x@contoso.example' })
    assert.equal(without.statusCode, 202)
    const { work } = without.json()
    const { solution } = await solved(pageOf(work))
    assert.equal((await browser.json('POST', '/api/resets', { username: 'x@contoso.example', work: { token: work.token, solution } })).statusCode, 201)
    const again = await browser.json('POST', '/api/resets', { username: 'x@contoso.example', work: { token: work.token, solution } })
    assert.deepEqual([again.statusCode, again.json().reasons[0].code], [422, 'LK_CAPTCHA'], 'a solution buys one request')
    await openReset(t)
  })

  test('a token is bound to its route and its tenant, ends, and cannot be made by others', async () => {
    const place = { route: startRoute, tenantId: t.tenantId }
    const work = issueWork(t.app, place)
    const { solution } = await solved(pageOf(work))
    assert.equal(judgeWork(t.app, place, { token: work.token, solution }), 'done')
    assert.equal(judgeWork(t.app, { ...place, route: '/signin' }, { token: work.token, solution }), 'wrong')
    const other = await foundTenant(t.app, { name: 'Fabrikam', domain: 'fabrikam.example' })
    assert.equal(judgeWork(t.app, { ...place, tenantId: other }, { token: work.token, solution }), 'wrong')
    const easier = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(work.token.split('~')[0]!, 'base64url').toString()), bits: 0 })).toString('base64url')
    assert.equal(judgeWork(t.app, place, { token: `${easier}~${work.token.split('~')[1]}`, solution: '1' }), 'wrong')
    assert.equal(judgeWork(t.app, place, { token: work.token, solution: '-1' }), 'wrong')
    await t.clock.advance(10 * 60_000)
    assert.equal(judgeWork(t.app, place, { token: work.token, solution }), 'wrong')
  })

  test('as much work as said: one number in two to the power of its bits, whatever the puzzle', () => {
    let hits = 0
    for (let number = 0; number < 65_536; number++) if (solves('measure', String(number), 8)) hits++
    assert.ok(hits > 180 && hits < 340, `${hits} of 65536`)
    assert.ok(difficulty <= 16)
  })

  test('many starts from one address are asked for work, a browser without script waits instead and still gets through', async () => {
    const { browser } = new Visitor(t, { address: '203.0.113.9' })
    let page = ''
    for (let time = 0; time < 12 && !page.includes('data-puzzle'); time++) {
      await browser.get('/reset')
      page = (await browser.post('/reset', { username: `n${time}@contoso.example` })).payload
    }
    assert.match(page, /data-puzzle/)
    assert.match(page, /value="n10@contoso\.example"/, 'the name is not lost')
    const work = /name="work" value="([^"]+)"/.exec(page)![1]!
    const waiting = await browser.post('/reset', { username: 'n10@contoso.example', work, solution: '' })
    assert.equal(titleOf(waiting.payload), 'One moment, please')
    const ticket = /name="work" value="([^"]+)"/.exec(waiting.payload)![1]!
    const early = await browser.post('/reset', { username: 'n10@contoso.example', work: ticket })
    assert.equal(titleOf(early.payload), 'One moment, please')
    assert.equal(/name="work" value="([^"]+)"/.exec(early.payload)![1], ticket, 'pressing too early costs nothing')
    await t.clock.advance(waitMilliseconds)
    await browser.post('/reset', { username: 'n10@contoso.example', work: ticket })
    assert.equal(titleOf(browser.page), 'How do you want to show that it is you?')
    await browser.get('/reset')
    const replay = await browser.post('/reset', { username: 'n11@contoso.example', work: ticket })
    assert.deepEqual(codesOn(replay.payload), ['LK_CAPTCHA'])
  })

  test('wrong proofs all over the tenant make the next start of anybody dearer', async () => {
    const { tenantFailures, tenantFailuresKey } = await import('../../src/reset/start-reset.ts')
    const { reserve } = await import('../../src/store/limits.ts')
    for (let count = 0; count < tenantFailures.limit; count++) await reserve(t.app.db, { tenantId: t.tenantId, key: tenantFailuresKey, kind: tenantFailures, now: t.clock.now() })
    const { browser } = new Visitor(t)
    await browser.get('/reset')
    assert.match((await browser.post('/reset', { username: 'x@contoso.example' })).payload, /data-puzzle/)
    await t.clock.advance(3_600_000)
    await browser.get('/reset')
    assert.doesNotMatch((await browser.post('/reset', { username: 'x@contoso.example' })).payload, /data-puzzle/)
  })
})
