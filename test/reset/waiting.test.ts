/** T-26, sspr §5.7: waiting in place of work has a budget of its own for each network. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitMilliseconds } from '../../src/reset/proof-of-work.ts'
import { otherLimits } from '../../src/rules/throttle.ts'
import { makeApp } from '../support/make-app.ts'
import { openReset } from './stage.ts'

test('tickets to wait with, collected beforehand, begin no more resets than the budget of those who wait', async () => {
  const t = await makeApp()
  try {
    await openReset(t)
    const hoarder = t.browser({ address: '203.0.113.9' })
    const start = (browser: typeof hoarder, token?: string) => browser.json('POST', '/api/resets', { username: 'x@contoso.example', ...(token ? { work: { token } } : {}) })
    const tickets: string[] = []
    while (tickets.length < 100) {
      const reply = await start(hoarder)
      if (reply.statusCode !== 202) continue
      const { work } = reply.json()
      // A task without its solution, sent back, becomes a ticket to wait with.
      tickets.push(work.waitSeconds > 0 ? work.token : (await start(hoarder, work.token)).json().work.token)
    }
    await t.clock.advance(waitMilliseconds + 1000)
    let begun = 0
    for (const token of tickets) if ((await start(hoarder, token)).statusCode === 201) begun++
    const { limit, windowMs } = otherLimits.proofOfWorkPerAddress
    assert.ok(begun >= limit && begun <= limit + otherLimits.identifyPerAddress.limit, `${begun} begun`)
    assert.equal((await start(t.browser({ address: '198.51.100.7' }))).statusCode, 201, 'others notice nothing')
    await t.clock.advance(windowMs)
    assert.equal((await start(hoarder)).statusCode, 201, 'and it goes on when the window has moved')
  } finally {
    await t.close()
  }
})
