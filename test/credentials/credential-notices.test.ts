import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { queueCredentialNotices } from '../../src/credentials/credential-notices.ts'
import { tellOfExpiry } from '../../src/housekeeping.ts'
import { addApplicationOwner } from '../../src/store/application-owners.ts'
import { updateServicePrincipal } from '../../src/store/service-principals.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import { addProgram } from '../support/programs.ts'

const day = 86_400_000

for (const engine of ['sqlite', 'postgres'] as const) describe(`a credential that ends soon (${engine})`, () => {
  let t: TestApp
  before(async () => void (t = await makeApp({ engine })))
  after(() => t.close())
  const letters = () => t.mail.filter(one => one.name === 'credentialExpires')

  test('is told to its owners on six days, each once and in their own language, by however many processes', async () => {
    const ann = await addPerson(t.app, t.tenantId, { name: 'ann', password: null, language: 'da', mail: 'ann@contoso.example' })
    await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator], mail: 'gus@contoso.example' })
    const end = t.app.now() + 100 * day
    const owned = await addProgram(t.app, t.tenantId, { name: 'Shop', secretUntil: end })
    await addApplicationOwner(t.app.db, { tenantId: t.tenantId, ownedId: owned.applicationId, ownedType: 'application', ownerId: ann.id, ownerType: 'user' })
    const off = await addProgram(t.app, t.tenantId, { name: 'Off', secretUntil: end })
    await updateServicePrincipal(t.app.db, t.tenantId, off.servicePrincipalId, { accountEnabled: false })
    const days: number[] = []
    while (t.app.now() < end + day) {
      await Promise.all([queueCredentialNotices(t.app, t.tenantId), queueCredentialNotices(t.app, t.tenantId)])
      const before = letters().length
      await t.work()
      if (letters().length > before) days.push(Math.ceil((end - t.app.now()) / day))
      await t.clock.advance(day / 2)
    }
    assert.deepEqual(days, [90, 60, 30, 14, 7, 1])
    assert.equal(letters().length, 6)
    assert.ok(letters().every(one => one.to === 'ann@contoso.example' && one.locale === 'da'), 'the owner, and nobody of the program that is switched off')
    assert.match(letters()[0]!.subject, /Shop udløber om 90 dage/)
    assert.ok(letters()[0]!.text.includes(owned.appId) && letters()[0]!.text.includes('test') && !letters()[0]!.text.includes(owned.secret))
  })

  test('of a program that nobody owns is told to those who look after all of them; a day that was missed is made up for', async () => {
    const before = letters().length
    await addProgram(t.app, t.tenantId, { name: 'Orphan', secretUntil: t.app.now() + 40 * day })
    await t.clock.advance(20 * day)
    await tellOfExpiry(t.app)
    await t.clock.advance(1000)
    await t.work()
    const [letter, ...more] = letters().slice(before)
    assert.deepEqual([letter?.to, more.length], ['gus@contoso.example', 0])
    assert.match(letter!.subject, /Orphan expires in 20 days/)
  })
})
