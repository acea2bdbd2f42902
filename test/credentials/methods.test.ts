import assert from 'node:assert/strict'
import { readContacts, writeContacts } from '../../src/credentials/contacts.ts'
import { addMethod, changeMethod, readMethods, removeMethod, setDefaultMethod } from '../../src/credentials/methods.ts'
import type { NewMethod } from '../../src/credentials/methods.ts'
import { reindexDestinations } from '../../src/credentials/reindex.ts'
import { setPassword } from '../../src/credentials/set-password.ts'
import { newTotpSecret } from '../../src/credentials/totp.ts'
import { rotateKeyFile } from '../../src/key-file.ts'
import { Refusal } from '../../src/refusal.ts'
import { usableMethods } from '../../src/rules/usable-methods.ts'
import { Secret } from '../../src/secret.ts'
import { listAudit } from '../../src/store/audit.ts'
import { gatherFacts } from '../../src/store/facts.ts'
import { addPerson, changePolicy } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { hour, onStage } from './stage.ts'
import type { Stage } from './stage.ts'

const doing = (person: Person, userId = person.id) => ({ tenantId: person.tenantId, userId: person.id, actor: { kind: 'user' as const, userId }, correlationId: 'c' })
const add = (stage: Stage, person: Person, kind: NewMethod['kind'], value: string, more: Partial<NewMethod> = {}) =>
  addMethod(stage.app, { ...doing(person), kind, value, origin: 'self', verified: true, ...more })
const refused = (work: Promise<unknown>, code: string) => assert.rejects(work, (error: unknown) => error instanceof Refusal && error.code === code)
const ways = async (stage: Stage, person: Person) => {
  const facts = await gatherFacts(stage.app.db, { tenantId: stage.tenantId, userId: person.id, now: stage.app.now(), providers: { mail: true, sms: true, voice: false, push: false } })
  return usableMethods({ ...facts, subject: facts.subject! }).map(one => one.way)
}

onStage('a method is kept sealed, shown to its owner, told of, and recorded with its number masked', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann', mail: 'ann@contoso.example' })
  const mobile = await add(stage, ann, 'mobile', '+45 20123456')
  const mail = await add(stage, ann, 'email', 'Ann.Private@Home.example')
  const seed = newTotpSecret()
  await add(stage, ann, 'softwareOath', '', { value: seed, displayName: 'My phone' })
  assert.deepEqual((await readMethods(app, tenantId, ann.id)).map(one => [one.kind, one.value]), [['mobile', '+45 20123456'], ['email', 'Ann.Private@Home.example'], ['softwareOath', null]])
  const rows = JSON.stringify([await app.db.selectFrom('authenticationMethods').selectAll().execute(), await app.db.selectFrom('audit').selectAll().execute()])
  for (const secret of ['20123456', 'Ann.Private', 'ann.private', seed.reveal()]) assert.ok(!rows.includes(secret), secret)
  const audit = (await listAudit(app.db, { tenantId })).map(row => `${row.service}: ${row.activity}`)
  assert.equal(audit.filter(one => one === 'Authentication Methods: User registered security info').length, 3)
  assert.equal(audit.filter(one => one === 'Self-service Password Management: Security info saved for self-service password reset').length, 3)
  await stage.work()
  const added = stage.mail.filter(one => one.name === 'methodAdded')
  // Several leave at once: their order is nobody's promise.
  assert.ok(added.some(one => /mobile phone \+45 XXXXXX56/.test(one.text)))
  await setDefaultMethod(app, { ...doing(ann), id: mobile })
  await setDefaultMethod(app, { ...doing(ann), id: mail })
  assert.deepEqual((await readMethods(app, tenantId, ann.id)).filter(one => one.isDefault).map(one => one.id), [mail])
})

onStage('T-18: the former address hears of a change and of the removal', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann', mail: 'ann@contoso.example' })
  const id = await add(stage, ann, 'email', 'old@home.example')
  await changeMethod(app, { ...doing(ann), id, value: 'new@home.example', verified: true })
  await stage.work()
  assert.deepEqual(stage.mail.filter(one => one.name === 'methodChanged').map(one => one.to).sort(), ['ann@contoso.example', 'new@home.example', 'old@home.example'])
  await removeMethod(app, { ...doing(ann, 'gus'), id })
  await stage.work()
  assert.deepEqual(stage.mail.filter(one => one.name === 'methodRemoved').map(one => one.to).sort(), ['ann@contoso.example', 'new@home.example'])
  assert.ok((await listAudit(app.db, { tenantId })).some(row => row.activity === 'Admin deleted security info'))
  await refused(removeMethod(app, { ...doing(ann), id }), 'LK_NOT_FOUND')
})

onStage('malformed values, one too many, and what another person has are refused', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  const bob = await addPerson(app, tenantId, { name: 'bob' })
  for (const [kind, value] of [['mobile', '20123456'], ['mobile', '+45 20123456\r\n'], ['email', 'a@b,c@d'], ['email', 'a@b'], ['softwareOath', 'not base 32!']] as const) {
    await refused(add(stage, ann, kind, value), 'LK_METHOD_MALFORMED')
  }
  const id = await add(stage, ann, 'mobile', '+45 20123456')
  await refused(add(stage, ann, 'mobile', '+45 20123457'), 'LK_METHOD_MAX_REACHED')
  await refused(removeMethod(app, { ...doing(bob), id }), 'LK_NOT_FOUND')
  const racing = await Promise.allSettled(Array.from({ length: 10 }, (_, n) => add(stage, bob, 'email', `b${n}@home.example`)))
  assert.equal(racing.filter(one => one.status === 'fulfilled').length, 1)
})

onStage('what allows a registration is used up with it, or nothing is registered', async stage => {
  const ann = await addPerson(stage.app, stage.tenantId, { name: 'ann' })
  await assert.rejects(add(stage, ann, 'mobile', '+45 20123456', { alsoInTransaction: () => Promise.reject(new Error('code used')) }), /code used/)
  assert.deepEqual(await readMethods(stage.app, stage.tenantId, ann.id), [])
})

onStage('T-13: what someone adds soon after a reset does not count for the next one, until the wait is over', async stage => {
  const { app, tenantId } = stage
  await changePolicy(app, tenantId, 'passwordResetPolicy', { enablementType: 2, mobilePhoneOptionEnabled: true })
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  await add(stage, ann, 'email', 'ann@home.example')
  assert.deepEqual(await ways(stage, ann), ['email'], 'the first registration counts at once')
  await setPassword(app, { ...doing(ann), newPassword: new Secret('Teal#Orbit-Nine42'), channel: 'sspr-portal' })
  await add(stage, ann, 'mobile', '+45 20123456')
  assert.deepEqual(await ways(stage, ann), ['email'])
  await stage.advance(24 * hour)
  assert.deepEqual(await ways(stage, ann), ['email', 'mobileSms'])
})

onStage('R-13, T-07: after the key of the look-ups has changed one phone is still one place', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann', mobile: '+45 20123456', email: 'ann@home.example', otherMails: ['ANN@home.example'] })
  rotateKeyFile(app.config.keysFile, 'mac', 'add')
  rotateKeyFile(app.config.keysFile, 'mac', 'use')
  app.keys.reload()
  await add(stage, ann, 'office', '+45 20123456x7')
  const places = async () => {
    const { subject } = await gatherFacts(app.db, { tenantId, userId: ann.id, now: app.now(), providers: { mail: true, sms: true, voice: true, push: false } })
    return new Set(subject!.methods.map(one => one.destinationKey)).size
  }
  assert.equal(await places(), 3, 'two keys: the same phone looks like two')
  assert.equal(await reindexDestinations(app), 3)
  assert.equal(await places(), 2)
  assert.equal(await reindexDestinations(app), 0)
})

onStage('contact data: kept as typed, sealed, malformed values do not count, former addresses hear of it', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann', mail: 'ann@contoso.example' })
  const write = (change: Partial<Parameters<typeof writeContacts>[2]>) =>
    app.db.transaction().execute(trx => writeContacts(app, trx, { tenantId, userId: ann.id, origin: 'administrator', actor: { kind: 'user', userId: 'gus' }, ...change }))
  await write({ mobilePhone: '+45 20123456', businessPhones: ['+45 33123456x12', '4533123456'], otherMails: ['ann@home.example'] })
  assert.deepEqual(await readContacts(app, tenantId, ann.id), { mobilePhone: '+45 20123456', businessPhones: ['+45 33123456x12', '4533123456'], otherMails: ['ann@home.example'] })
  const rows = await app.db.selectFrom('userContacts').select(['kind', 'wellFormed', 'valueSealed', 'valueIndex']).orderBy('kind').orderBy('position').execute()
  assert.deepEqual(rows.map(row => [row.kind, row.wellFormed]), [['businessPhone', true], ['businessPhone', false], ['mobilePhone', true], ['otherMail', true]])
  assert.ok(!/20123456|home\.example/.test(JSON.stringify(rows)))
  await write({ otherMails: ['other@home.example'] })
  await write({ otherMails: ['other@home.example'], mobilePhone: null })
  assert.deepEqual(await readContacts(app, tenantId, ann.id), { mobilePhone: null, businessPhones: ['+45 33123456x12', '4533123456'], otherMails: ['other@home.example'] })
  await stage.work()
  assert.deepEqual(stage.mail.filter(one => one.to === 'ann@home.example').length, 1)
  stage.mail.length = 0
  await write({ otherMails: [], origin: 'import', actor: { kind: 'operator' } })
  await stage.work()
  assert.equal(stage.mail.length, 0)
})
