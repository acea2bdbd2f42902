import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TOTP } from 'otpauth'
import { addMethod } from '../../src/credentials/methods.ts'
import { checkTotp, newTotpSecret, totpStep, totpUri } from '../../src/credentials/totp.ts'
import type { TotpCheck } from '../../src/credentials/totp.ts'
import { Secret } from '../../src/secret.ts'
import { addPerson } from '../support/people.ts'
import { onStage } from './stage.ts'
import type { Stage } from './stage.ts'

/** The independent end: what an authenticator app shows. */
const shows = (seed: string, at: number) => new TOTP({ secret: seed }).generate({ timestamp: at })
const seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

const check = (stage: Stage, userId: string | null, code: string, more: Partial<TotpCheck> = {}) =>
  checkTotp(stage.app, { tenantId: stage.tenantId, purpose: 'signIn', userId, account: 'nobody', code, ...more })

test('RFC 6238: the published values, one step early and late, no further', () => {
  const rfc = new Secret('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ')
  for (const [seconds, code] of [[59, '287082'], [1111111109, '081804'], [1234567890, '005924'], [2000000000, '279037']] as const) {
    const step = Math.floor(seconds / 30)
    for (const drift of [-1, 0, 1]) assert.equal(totpStep(rfc, code, (seconds + drift * 30) * 1000), step, `${seconds} ${drift}`)
    for (const drift of [-2, 2]) assert.equal(totpStep(rfc, code, (seconds + drift * 30) * 1000), undefined)
  }
  assert.match(newTotpSecret().reveal(), /^[A-Z2-7]{32}$/)
  assert.equal(totpUri(new Secret(seed), 'ann@contoso.example', 'Ærø A/S').reveal(), `otpauth://totp/%C3%86r%C3%B8%20A%2FS:ann%40contoso.example?secret=${seed}&issuer=%C3%86r%C3%B8%20A%2FS&algorithm=SHA1&digits=6&period=30`)
})

onStage('T-05: a step is accepted once, over all purposes, and never an earlier one after it', async stage => {
  const ann = await addPerson(stage.app, stage.tenantId, { name: 'ann', totp: seed })
  const [now, before] = [shows(seed, stage.app.now()), shows(seed, stage.app.now() - 30_000)]
  assert.equal(await check(stage, ann.id, `${now.slice(0, 3)} ${now.slice(3)}`), 'right')
  assert.equal(await check(stage, ann.id, now, { purpose: 'reset' }), 'wrong')
  assert.equal(await check(stage, ann.id, before), 'wrong')
  await stage.advance(60_000)
  assert.equal(await check(stage, ann.id, shows(seed, stage.app.now()), { purpose: 'reset' }), 'right')
})

onStage('T-05: of 50 equal right codes at once one succeeds', async stage => {
  const ann = await addPerson(stage.app, stage.tenantId, { name: 'ann', totp: seed })
  const code = shows(seed, stage.app.now())
  const verdicts = await Promise.all(Array.from({ length: 50 }, () => check(stage, ann.id, code)))
  assert.equal(verdicts.filter(one => one === 'right').length, 1)
})

onStage('wrong codes spend the account’s proofs, for nobody too; a seed of one person opens nothing for another', async stage => {
  const ann = await addPerson(stage.app, stage.tenantId, { name: 'ann', totp: seed })
  const bob = await addPerson(stage.app, stage.tenantId, { name: 'bob', totp: newTotpSecret().reveal() })
  assert.equal(await check(stage, bob.id, shows(seed, stage.app.now())), 'wrong')
  for (const userId of [ann.id, null]) {
    const verdicts: string[] = []
    for (let n = 0; n < 7; n++) verdicts.push(await check(stage, userId, '000000', { purpose: 'reset' }))
    assert.deepEqual(verdicts.slice(-2), ['blocked', 'blocked'])
    assert.equal(verdicts.filter(one => one === 'wrong').length, 5)
  }
})

onStage('what is on hold does not count where it may not, and the code that registered a seed is used up', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  const code = shows(seed, app.now())
  const lastStep = totpStep(new Secret(seed), code, app.now())!
  await addMethod(app, { tenantId, userId: ann.id, kind: 'softwareOath', value: new Secret(seed), displayName: 'Phone', origin: 'self', verified: true, lastStep, actor: { kind: 'user', userId: ann.id }, correlationId: 'c' })
  assert.equal(await check(stage, ann.id, code), 'wrong')
  await stage.advance(60_000)
  const accepts = () => false
  assert.equal(await check(stage, ann.id, shows(seed, app.now()), { accepts }), 'wrong')
  assert.equal(await check(stage, ann.id, shows(seed, app.now()), { kinds: ['microsoftAuthenticator'] }), 'wrong')
  const seen: string[] = []
  assert.equal(await check(stage, ann.id, shows(seed, app.now()), { alsoInTransaction: async (_trx, method) => void seen.push(method.kind) }), 'right')
  assert.deepEqual(seen, ['softwareOath'])
})
