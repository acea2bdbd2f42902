import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addPerson, roleIds } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

let t: TestApp
let gus: SignedIn
before(async () => {
  t = await makeApp()
  gus = await signedIn(t, await addPerson(t.app, t.tenantId, { name: 'gus', password: null, roles: [roleIds.globalAdministrator] }))
})
after(() => t.close())

const get = async (url: string) => (await gus.get(url.replace('https://reset.contoso.example', ''))).json() as Record<string, any>

test('a reader of applications and service principals hears of what is made, changed, given a secret, and deleted, each once', async () => {
  for (const collection of ['applications', 'servicePrincipals']) {
    const first = await get(`/v1.0/${collection}/delta`)
    assert.ok(first['@odata.deltaLink'])
    const { id, appId } = (await gus.post('/v1.0/applications', { displayName: 'Delta' })).json()
    const principal = (await gus.post('/v1.0/servicePrincipals', { appId })).json()
    const mine = collection === 'applications' ? id : principal.id
    const second = await get(first['@odata.deltaLink'])
    assert.deepEqual(second['value'].map((one: { id: string }) => one.id), [mine])
    await gus.post(`/v1.0/${collection}/${mine}/addPassword`)
    const third = await get(second['@odata.deltaLink'])
    assert.deepEqual(third['value'].map((one: { passwordCredentials: { hint: string | null }[] }) => one.passwordCredentials.map(two => two.hint)), [[null]])
    assert.deepEqual((await get(third['@odata.deltaLink']))['value'], [])
    await gus.delete(`/v1.0/applications/${id}`)
    const fourth = await get(third['@odata.deltaLink'])
    assert.deepEqual(fourth['value'], [{ id: mine, '@removed': { reason: 'changed' } }])
    await gus.post(`/v1.0/directory/deletedItems/${id}/restore`, {})
    assert.deepEqual((await get(fourth['@odata.deltaLink']))['value'].map((one: { id: string; displayName: string }) => [one.id, one.displayName]), [[mine, 'Delta']])
  }
})

test('$select goes into the links, and latest begins now', async () => {
  const { '@odata.deltaLink': link, value } = await get('/v1.0/applications/delta?$select=displayName&$deltatoken=latest')
  assert.deepEqual(value, [])
  await gus.post('/v1.0/applications', { displayName: 'Later' })
  assert.deepEqual((await get(link))['value'].map((one: object) => Object.keys(one).sort()), [['displayName', 'id']])
})
