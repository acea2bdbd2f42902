import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayText, noteTextVerified, reserveSend } from '../../src/notify/send-limits.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'
import { day, hour, onStage } from '../credentials/stage.ts'
import type { Stage } from '../credentials/stage.ts'

const mailTo = (stage: Stage, address: string, account: string | null = null) => reserveSend(stage.app, { tenantId: stage.tenantId, to: { kind: 'mail', address }, account })
const textTo = (stage: Stage, address: string) => reserveSend(stage.app, { tenantId: stage.tenantId, to: { kind: 'sms', address }, account: null })
/** A Danish mobile number that exists as a form: +45 20 and six digits. */
const danish = (n: number, area = 20) => `+45 ${area}${String(n).padStart(6, '0')}`

onStage('T-21: of 10,000 requests over a day no more than ten mails reach one box, one in 30 seconds, five in an hour', async stage => {
  const served: number[] = []
  const start = stage.app.now()
  for (let minutes = 0; minutes < 24 * 60; minutes += 5) {
    for (let n = 0; n < 3; n++) if ((await mailTo(stage, n === 1 ? 'ANN@Home.example' : 'ann@home.example')).served) served.push(stage.app.now())
    await stage.advance(5 * 60_000)
  }
  assert.equal(served.length, 10)
  assert.equal(served.filter(at => at < start + hour).length, 5)
  assert.ok(served.every((at, n) => n === 0 || at - served[n - 1]! >= 30_000))
  await stage.advance(day)
  assert.ok((await mailTo(stage, 'ann@home.example')).served)
})

onStage('an account’s messages are counted together, wherever they go', async stage => {
  const outcomes = []
  for (let n = 0; n < 4; n++) outcomes.push(await mailTo(stage, `box${n}@home.example`, 'ann'))
  assert.deepEqual(outcomes, [{ served: true }, ...Array.from({ length: 3 }, () => ({ served: false, why: 'account' }))])
})

onStage('T-20: 1,000 numbers in a row get no more texts than the prefix may have; other prefixes go on', async stage => {
  let sent = 0
  for (let n = 0; n < 200; n++) if ((await textTo(stage, danish(n))).served) sent++
  assert.ok(sent <= 20, `${sent} texts`)
  assert.ok((await textTo(stage, danish(1, 31))).served)
})

onStage('T-20: a prefix from which codes do not come back is left alone for a day, and the administrators hear of it', async stage => {
  await addPerson(stage.app, stage.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })
  const paused = async (comesBack: number, area: number) => {
    for (let n = 0; n < 20; n++) {
      assert.ok((await textTo(stage, danish(n, area))).served)
      if (n < comesBack) await noteTextVerified(stage.app, stage.tenantId, danish(n, area))
      if (n % 10 === 9) await stage.advance(hour)
    }
    return textTo(stage, danish(500, area))
  }
  assert.deepEqual(await paused(10, 40), { served: true })
  assert.deepEqual(await paused(5, 50), { served: false, why: 'paused' })
  await stage.work()
  assert.deepEqual(stage.mail.map(one => one.name), ['prefixPaused'])
  assert.match(stage.mail[0]!.text, /\+455000/)
  await stage.advance(day + hour)
  assert.deepEqual(await textTo(stage, danish(501, 50)), { served: true })
})

onStage('the day’s budget is a hard stop, with one word of warning at four fifths', async stage => {
  await addPerson(stage.app, stage.tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })
  await changePolicy(stage.app, stage.tenantId, 'tenantSettings', { smsBudgetPerDay: 10 })
  const outcomes: boolean[] = []
  for (let n = 0; n < 12; n++) outcomes.push((await textTo(stage, danish(n * 10_000))).served)
  assert.deepEqual(outcomes, [...Array.from({ length: 10 }, () => true), false, false])
  await stage.work()
  assert.deepEqual(stage.mail.map(one => one.name), ['spendAlarm'])
  await changePolicy(stage.app, stage.tenantId, 'tenantSettings', { smsBudgetPerDay: 0 })
  await stage.advance(2 * day)
  assert.deepEqual(await textTo(stage, danish(1)), { served: false, why: 'budget' })
})

test('T-20: texts go to ordinary lines in the countries allowed, never to premium or satellite numbers', () => {
  assert.deepEqual(mayText('+45 20123456', []), { served: true })
  assert.deepEqual(mayText('+45 20123456', ['45', '47']), { served: true })
  assert.deepEqual(mayText('+371 20123456', ['45', '47']), { served: false, why: 'country' })
  for (const number of ['+45 90123456', '+44 9098790000', '+870 773111632', '+881 612345678', '+882 1300655', '12345']) assert.deepEqual(mayText(number, []), { served: false, why: 'numberType' }, number)
})
