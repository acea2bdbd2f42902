import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { roleTemplates } from '../../src/rules/roles.ts'
import { makeApp } from '../support/make-app.ts'
import type { TestApp } from '../support/make-app.ts'
import { addGroup, addPerson } from '../support/people.ts'
import type { Person } from '../support/people.ts'
import { signedIn } from '../support/signed-in.ts'
import type { SignedIn } from '../support/signed-in.ts'

const callers = {
  PW: '966707d0-3269-4727-9be2-8c3a10f19b9d', HD: '729827e3-9c14-49f7-bb1b-9608f156bbb8', AA: 'c4e39bd9-1100-46d3-8c65-fb160da0071f',
  UA: 'fe930be7-5e62-47db-91af-98c3a49a38b1', PAA: '7be44c8a-adaf-4e2a-84d6-ab2649e08a13', GA: '62e90394-69f5-4237-9190-012177145e10',
} as const
type Caller = keyof typeof callers
const names = Object.keys(callers) as Caller[]

/** The table of sspr §8.3, written out again by hand: who holds what, and which of PW HD AA UA PAA GA may act. */
const table: readonly (readonly [target: string, roles: readonly string[], allowed: string])[] = [
  ['no role', [], 'PW HD AA UA PAA GA'],
  ['Directory Readers', ['88d8e3e3-8f55-4a1e-953a-9b9898b8876b'], 'PW HD AA UA PAA GA'],
  ['Guest Inviter', ['95e79109-95c0-4d8e-aee3-d01accf2d47b'], 'PW HD AA UA PAA GA'],
  ['Password Administrator', [callers.PW], 'PW HD AA UA PAA GA'],
  ['Message Center Reader', ['790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b'], 'HD AA UA PAA GA'],
  ['Reports Reader', ['4a5d8f65-41da-4de4-8968-e035b65339cf'], 'HD AA UA PAA GA'],
  ['User Experience Success Manager', ['27460883-1df1-4691-b032-3b79643e5e63'], 'HD AA UA PAA GA'],
  ['Usage Summary Reports Reader', ['75934031-6c7e-415a-99d7-48dbd49e875e'], 'HD AA UA PAA GA'],
  ['Helpdesk Administrator', [callers.HD], 'HD UA PAA GA'],
  ['Authentication Administrator', [callers.AA], 'AA PAA GA'],
  ['User Administrator', [callers.UA], 'UA PAA GA'],
  ['Groups Administrator', ['fdd7a751-b60b-444a-984c-02652fe8fa1c'], 'UA PAA GA'],
  ['Privileged Role Administrator', ['e8611ab8-c189-46e8-94e1-60213ab1f814'], 'PAA GA'],
  ['Privileged Authentication Administrator', [callers.PAA], 'PAA GA'],
  ['Global Administrator', [callers.GA], 'PAA GA'],
  ['another role (Exchange Administrator)', ['29232cdf-9323-42fd-ade2-1d097af3e4de'], 'PAA GA'],
  ['Reports Reader and Groups Administrator', ['4a5d8f65-41da-4de4-8968-e035b65339cf', 'fdd7a751-b60b-444a-984c-02652fe8fa1c'], 'UA PAA GA'],
]
const users = ['AA', 'UA', 'PAA', 'GA']
const methods = ['AA', 'PAA', 'GA']

let t: TestApp
const sessions = {} as Record<Caller, SignedIn>
const passwordPath = (id: string) => `/v1.0/users/${id}/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword`
let count = 0
const someone = (roles: readonly string[]): Promise<Person> => addPerson(t.app, t.tenantId, { name: `target${count++}`, password: null, roles })

before(async () => {
  t = await makeApp()
  for (const name of names) sessions[name] = await signedIn(t, await addPerson(t.app, t.tenantId, { name: name.toLowerCase(), password: null, roles: [callers[name]] }))
})
after(() => t.close())

async function allOf(target: Person, what: string, act: (caller: SignedIn) => Promise<number>, allowed: readonly string[], good: number): Promise<void> {
  for (const name of names) assert.equal(await act(sessions[name]), allowed.includes(name) ? good : 403, `${name} ${what} ${target.displayName}`)
}

for (const [kind, roles, cells] of table) {
  const allowed = cells.split(' ')
  test(`T-39, A-16: a target with ${kind} is reached by exactly ${cells}, by every door`, async () => {
    const target = await someone(roles)
    await allOf(target, 'sets the phone of', async caller => (await caller.patch(`/v1.0/users/${target.id}`, { mobilePhone: '+45 33123456' })).statusCode, allowed, 204)
    await allOf(target, 'sets the other mail of', async caller => (await caller.patch(`/v1.0/users/${target.id}`, { otherMails: ['x@home.example'] })).statusCode, allowed, 204)
    await allOf(target, 'sets the office phone of', async caller => (await caller.patch(`/v1.0/users/${target.id}`, { businessPhones: [] })).statusCode, allowed, 204)
    await allOf(target, 'unlocks', async caller => (await caller.post(`/api/users/${target.id}/unlock`)).statusCode, allowed, 204)
    await allOf(target, 'ends the pause of', async caller => (await caller.post(`/api/users/${target.id}/clearResetLock`)).statusCode, allowed, 204)
    await allOf(target, 'signs out', async caller => (await caller.post(`/v1.0/users/${target.id}/revokeSignInSessions`)).statusCode, allowed, 200)
    await allOf(target, 'resets', async caller => (await caller.post(passwordPath(target.id), {})).statusCode, allowed, 202)
    const enabling = allowed.filter(name => users.includes(name))
    await allOf(target, 'enables', async caller => (await caller.patch(`/v1.0/users/${target.id}`, { accountEnabled: true })).statusCode, enabling, 204)
    await allOf(target, 'renames', async caller => (await caller.patch(`/v1.0/users/${target.id}`, { userPrincipalName: `${randomUUID()}@contoso.example` })).statusCode, enabling, 204)
    const managing = allowed.filter(name => methods.includes(name))
    await allOf(target, 'gives a pass to', async caller => (await caller.post(`/v1.0/users/${target.id}/authentication/temporaryAccessPassMethods`, {})).statusCode, managing, 201)
    await allOf(target, 'reads the methods of', async caller => (await caller.get(`/v1.0/users/${target.id}/authentication/methods`)).statusCode, managing, 200)
    for (const name of names) {
      const { verdicts } = (await sessions[name].get(`/api/users/${target.id}/verdicts`)).json()
      assert.equal(verdicts.resetPassword.allowed, allowed.includes(name), `${name} verdict`)
      assert.equal(verdicts.deleteUser.allowed, enabling.includes(name))
      assert.equal(verdicts.manageMethods.allowed, managing.includes(name))
    }
  })
}

test('T-39: deleting reaches as far as the table says, and no further', async () => {
  for (const [kind, roles, cells] of table) {
    for (const name of names) {
      const target = await someone(roles)
      const may = cells.split(' ').includes(name) && users.includes(name)
      assert.equal((await sessions[name].delete(`/v1.0/users/${target.id}`)).statusCode, may ? 204 : 403, `${name} deletes ${kind}`)
    }
  }
})

test('T-39: every role the table does not name is reached by Privileged Authentication and Global Administrators only', async () => {
  const named = new Set(table.slice(0, 15).flatMap(([, roles]) => roles))
  for (const { id, displayName } of roleTemplates.values()) {
    if (named.has(id)) continue
    const target = await someone([id])
    for (const name of names) {
      const { verdicts } = (await sessions[name].get(`/api/users/${target.id}/verdicts`)).json()
      assert.equal(verdicts.resetPassword.allowed, name === 'PAA' || name === 'GA', `${name} on ${displayName}`)
    }
  }
})

test('T-39: no role beside the six may do anything to anyone', async () => {
  const target = await someone([])
  for (const { id, displayName } of roleTemplates.values()) {
    if (Object.values<string>(callers).includes(id)) continue
    const caller = await signedIn(t, await someone([id]))
    const { verdicts } = (await caller.get(`/api/users/${target.id}/verdicts`)).json()
    for (const [action, verdict] of Object.entries<{ allowed: boolean; button: string }>(verdicts)) {
      assert.equal(verdict.allowed, false, `${displayName} ${action}`)
      assert.equal(verdict.button, 'hidden')
    }
  }
})

test('T-39: eligible roles count for the target and never for the caller', async () => {
  const target = await someone([])
  const eligible = (principalId: string, roleDefinitionId: string) => t.app.db.insertInto('roleAssignments').values({
    tenantId: t.tenantId, id: randomUUID(), roleDefinitionId, principalId, principalType: 'user', directoryScopeId: '/', state: 'eligible', createdAt: t.app.now(),
  }).execute()
  await eligible(target.id, callers.GA)
  assert.equal((await sessions.UA.post(passwordPath(target.id), {})).statusCode, 403)
  const hopeful = await someone([])
  await eligible(hopeful.id, callers.GA)
  assert.equal((await (await signedIn(t, hopeful)).post(passwordPath((await someone([])).id), {})).statusCode, 403)
})

test('T-40, A-16: members and owners of role-assignable groups are reached by the highest only, and ordinary groups get no role', async () => {
  const group = await addGroup(t.app, t.tenantId, 'Keepers', { isAssignableToRole: true })
  const member = await addPerson(t.app, t.tenantId, { name: 'member', password: null, groups: [group] })
  const owner = await someone([])
  await t.app.db.insertInto('groupOwners').values({ tenantId: t.tenantId, groupId: group, ownerId: owner.id }).execute()
  for (const target of [member, owner]) {
    await allOf(target, 'resets', async caller => (await caller.post(passwordPath(target.id), {})).statusCode, ['PAA', 'GA'], 202)
  }
  const ordinary = await addGroup(t.app, t.tenantId, 'Ordinary')
  const give = (principalId: string) => sessions.GA.post('/v1.0/roleManagement/directory/roleAssignments', { principalId, roleDefinitionId: callers.HD, directoryScopeId: '/' })
  assert.equal((await give(ordinary)).statusCode, 400)
  assert.equal((await give(group)).statusCode, 201)
  const groups = await signedIn(t, await someone(['fdd7a751-b60b-444a-984c-02652fe8fa1c']))
  const climb = await groups.post('/v1.0/roleManagement/directory/roleAssignments', { principalId: groups.person.id, roleDefinitionId: callers.GA, directoryScopeId: '/' })
  assert.equal(climb.statusCode, 403, 'a groups administrator gives himself no role')
})

test('nobody resets, enables or deletes themself by the administrators’ doors (sspr §8.3)', async () => {
  const { GA } = sessions
  assert.equal((await GA.post(passwordPath(GA.person.id), {})).json().error.innerError.code, 'SELF')
  assert.equal((await GA.delete(`/v1.0/users/${GA.person.id}`)).statusCode, 403)
  assert.equal((await GA.post(`/v1.0/users/${GA.person.id}/authentication/temporaryAccessPassMethods`, {})).statusCode, 403)
})

test('A-17 (M-15): a Password Administrator on a Helpdesk Administrator sees a disabled button with the four roles, the API says 403 and D-07 the same', async () => {
  const target = await someone([callers.HD])
  const { verdicts } = (await sessions.PW.get(`/api/users/${target.id}/verdicts`)).json()
  assert.equal(verdicts.resetPassword.button, 'disabled')
  const four = ['Helpdesk Administrator', 'User Administrator', 'Privileged Authentication Administrator', 'Global Administrator']
  assert.deepEqual(verdicts.resetPassword.rolesThatSuffice.toSorted(), four.toSorted())
  const refused = await sessions.PW.post(passwordPath(target.id), {})
  assert.equal(refused.statusCode, 403)
  assert.equal(refused.json().error.innerError.code, 'ROLE_TOO_LOW')
  const diagnosis = (await sessions.PW.post('/api/diagnose', { question: 'D-07', target: target.id })).json()
  assert.equal(diagnosis.verdict.code, 'ROLE_TOO_LOW')
  for (const role of four) assert.ok(diagnosis.verdict.values.rolesThatSuffice.includes(role), role)
})

test('M-16: without any role the button is not there, and D-08 says which role is missing', async () => {
  const nobody = await signedIn(t, await someone([]))
  const { verdicts } = (await nobody.get(`/api/users/${sessions.PW.person.id}/verdicts`)).json()
  assert.equal(verdicts.resetPassword.button, 'hidden')
  assert.equal((await nobody.post('/api/diagnose', { question: 'D-08' })).json().verdict.code, 'NO_RESET_ROLE')
})
