import assert from 'node:assert/strict'
import { contactAdministrator } from '../../src/notify/contact-administrator.ts'
import { queueNotice, recipientsOf } from '../../src/notify/notices.ts'
import type { NoticeEvent } from '../../src/notify/notices.ts'
import { addPerson, changePolicy, roleIds } from '../support/people.ts'
import { day, hour, minute, onStage } from '../credentials/stage.ts'
import type { Stage } from '../credentials/stage.ts'

const notice = (stage: Stage, userId: string, event: NoticeEvent) =>
  stage.app.db.transaction().execute(trx => queueNotice(stage.app, trx, { event, tenantId: stage.tenantId, userId, values: { method: 'email', appPasswordName: 'Mail' } }))

const events: NoticeEvent[] = [
  'passwordReset', 'passwordChanged', 'passwordResetByAdministrator', 'accountUnlocked', 'methodAdded', 'methodChanged', 'methodRemoved', 'appPasswordCreated',
  'sessionsRevoked', 'lockedByGuessing', 'recoveryPaused',
]

onStage('N-1: the primary address, verified private ones and alternate ones, each once', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann', mail: 'ann@contoso.example', email: 'Ann@Home.example', otherMails: ['ann@home.example', 'ann@work.example'] })
  assert.deepEqual(await recipientsOf(app, app.db, { tenantId, userId: ann.id }), ['ann@contoso.example', 'Ann@Home.example', 'ann@work.example'])
  const bob = await addPerson(app, tenantId, { name: 'bob' })
  assert.deepEqual(await recipientsOf(app, app.db, { tenantId, userId: bob.id }), ['bob@contoso.example'])
})

onStage('T-18: every event is told once to every address, in the language of whoever reads', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann', mail: 'ann@contoso.example', email: 'ann@home.example', language: 'lv-LV' })
  for (const event of events) assert.equal(await notice(stage, ann.id, event), 2, event)
  await stage.work()
  assert.equal(stage.mail.length, events.length * 2)
  assert.ok(stage.mail.every(one => one.locale === 'lv'))
  assert.equal(new Set(stage.mail.map(one => `${one.name} ${one.to}`)).size, events.length * 2)
})

onStage('LD-47: what is switched off is not told, and nothing else goes silent with it', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  await changePolicy(app, tenantId, 'tenantSettings', { securityNotices: false })
  for (const event of events) assert.equal(await notice(stage, ann.id, event), event === 'passwordReset' ? 1 : 0, event)
  await changePolicy(app, tenantId, 'tenantSettings', { securityNotices: true, notifyUserOnMethodChange: false })
  await changePolicy(app, tenantId, 'passwordResetPolicy', { notifyUsersOnPasswordReset: false })
  const quiet: NoticeEvent[] = ['passwordReset', 'methodAdded', 'methodChanged', 'methodRemoved']
  for (const event of events) assert.equal(await notice(stage, ann.id, event), quiet.includes(event) ? 0 : 1, event)
})

onStage('what a stranger can cause is told once a day', async stage => {
  const ann = await addPerson(stage.app, stage.tenantId, { name: 'ann' })
  assert.deepEqual([await notice(stage, ann.id, 'lockedByGuessing'), await notice(stage, ann.id, 'lockedByGuessing')], [1, 0])
  assert.equal(await notice(stage, ann.id, 'recoveryPaused'), 1)
  await stage.advance(day)
  assert.equal(await notice(stage, ann.id, 'lockedByGuessing'), 1)
})

const ask = (stage: Stage, userId: string | null, account = userId ?? 'nobody') =>
  contactAdministrator(stage.app, { tenantId: stage.tenantId, userId, account, supportCode: 'K7QX-2M4P' })

onStage('A-21: helpers are asked first, then User Administrators, then Global ones; 100 of them at most', async stage => {
  const { app, tenantId } = stage
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  await addPerson(app, tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })
  const names = () => [...new Set(stage.mail.splice(0).map(one => one.to.split('@')[0]!.replace(/\d+$/, '')))]
  assert.equal(await ask(stage, ann.id), 'asked')
  await stage.work()
  assert.deepEqual(names(), ['gus'])
  await addPerson(app, tenantId, { name: 'uma', roles: [roleIds.userAdministrator] })
  await stage.advance(hour + 1_000)
  await ask(stage, ann.id)
  await stage.work()
  assert.deepEqual(names(), ['uma'])
  for (let n = 0; n < 60; n++) {
    await addPerson(app, tenantId, { name: `hd${n}`, password: null, roles: [roleIds.helpdeskAdministrator] })
    await addPerson(app, tenantId, { name: `pw${n}`, password: null, roles: [roleIds.passwordAdministrator] })
  }
  await stage.advance(hour + 1_000)
  await ask(stage, ann.id)
  await stage.work()
  assert.equal(stage.mail.length, 100)
  assert.deepEqual(names().sort(), ['hd', 'pw'])
})

onStage('LD-54: once an hour and three times a day for an account, also for one that nobody has, and nobody gets mail for that one', async stage => {
  const { app, tenantId } = stage
  await addPerson(app, tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })
  const ann = await addPerson(app, tenantId, { name: 'ann' })
  for (const [userId, answer] of [[ann.id, 'asked'], [null, 'nobody']] as const) {
    const answers: string[] = []
    for (let n = 0; n < 5; n++) {
      answers.push(await ask(stage, userId), await ask(stage, userId))
      await stage.advance(hour + 1_000) // the database's time is known to a few milliseconds only
    }
    assert.deepEqual(answers, [answer, 'limited', answer, 'limited', answer, 'limited', 'limited', 'limited', 'limited', 'limited'])
  }
  await stage.work()
  assert.equal(stage.mail.length, 3)
  assert.match(stage.mail[0]!.text, /K7QX-2M4P/)
})

onStage('LD-54: beyond fifty requests a day the helpers get one digest', async stage => {
  const { app, tenantId } = stage
  await addPerson(app, tenantId, { name: 'gus', roles: [roleIds.globalAdministrator] })
  for (let n = 0; n < 54; n++) {
    const person = await addPerson(app, tenantId, { name: `p${n}`, password: null })
    assert.equal(await ask(stage, person.id), n < 50 ? 'asked' : 'digest')
  }
  await stage.work()
  assert.equal(stage.mail.length, 50)
  await stage.advance(day + minute)
  await stage.work()
  const digests = stage.mail.filter(one => one.name === 'contactDigest')
  assert.equal(digests.length, 1)
  assert.match(digests[0]!.text, /4 more people have/)
})
