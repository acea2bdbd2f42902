import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { mayGiveAppRole, mayImpersonate, mayManageApp } from '../../src/rules/app-reach.ts'
import type { AppActor, AppTarget } from '../../src/rules/app-reach.ts'
import type { RoleFacts } from '../../src/rules/facts.ts'
import { graphPermissions } from '../../src/rules/graph-permissions.ts'
import { tierOf } from '../../src/rules/permission-reach.ts'
import { roles } from '../../src/rules/roles.ts'

const role = (roleTemplateId: string, more: Partial<RoleFacts> = {}): RoleFacts => ({ roleTemplateId, directoryScopeId: '/', eligible: false, ...more })
const person = (id: string, held: readonly string[], owns = false): AppActor => ({ kind: 'user', id, roles: held.map(one => role(one)), permissions: [], owns })
const program = (permissions: readonly string[], more: Partial<AppActor> = {}): AppActor => ({ kind: 'application', id: 'sp-caller', roles: [], permissions, owns: false, ...more })
const target = (permissions: readonly string[], held: readonly string[] = []): AppTarget => ({ servicePrincipalId: 'sp-target', permissions, roles: held.map(one => role(one)) })

const actors = {
  'Global Administrator': person('u', [roles.globalAdministrator]),
  'Privileged Role Administrator who owns it': person('u', [roles.privilegedRoleAdministrator], true),
  'Application Administrator': person('u', [roles.applicationAdministrator]),
  'Cloud Application Administrator': person('u', [roles.cloudApplicationAdministrator]),
  owner: person('u', [], true),
  'User Administrator': person('u', [roles.userAdministrator]),
  nobody: person('u', []),
  'program with .All': program(['Application.ReadWrite.All']),
  'program with OwnedBy that owns it': program(['Application.ReadWrite.OwnedBy'], { owns: true }),
  'program with OwnedBy that does not': program(['Application.ReadWrite.OwnedBy']),
  'program that owns it, without a permission': program(['User.Read.All'], { owns: true }),
  'program with .All and Directory.ReadWrite.All': program(['Application.ReadWrite.All', 'Directory.ReadWrite.All']),
  'program that is a Global Administrator': program(['Application.ReadWrite.All'], { roles: [role(roles.globalAdministrator)] }),
}

const targets = {
  'nothing': target([]),
  'User.Read.All': target(['User.Read.All']),
  'Application.ReadWrite.All': target(['Application.ReadWrite.All']),
  'Directory.ReadWrite.All': target(['Directory.ReadWrite.All']),
  'RoleManagement.ReadWrite.Directory': target(['User.Read.All', 'RoleManagement.ReadWrite.Directory']),
  'the role Helpdesk Administrator': target([], [roles.helpdeskAdministrator]),
}

/** Columns as `targets` has them: m = may not even change it, . = may change it and not impersonate, + = may impersonate. */
const expected: Record<keyof typeof actors, string> = {
  'Global Administrator': '++++++',
  'Privileged Role Administrator who owns it': '++++++',
  'Application Administrator': '+++...',
  'Cloud Application Administrator': '+++...',
  owner: '++....',
  'User Administrator': 'mmmmmm',
  nobody: 'mmmmmm',
  'program with .All': '+++...',
  'program with OwnedBy that owns it': '++....',
  'program with OwnedBy that does not': 'mmmmmm',
  'program that owns it, without a permission': 'mmmmmm',
  'program with .All and Directory.ReadWrite.All': '++++..',
  'program that is a Global Administrator': '++++++',
}

describe('T-42: getting hold of a program', () => {
  for (const [name, row] of Object.entries(expected)) {
    test(`${name}: ${row}`, () => {
      const actor = actors[name as keyof typeof actors]
      const seen = Object.values(targets).map(one => (!mayManageApp(actor).allowed ? 'm' : mayImpersonate(actor, one).allowed ? '+' : '.')).join('')
      assert.equal(seen, row)
    })
  }

  test('a program may look after itself, whatever it may do', () => {
    assert.ok(mayImpersonate(program(['Application.ReadWrite.OwnedBy'], { owns: true }), { ...target(['Directory.ReadWrite.All']), servicePrincipalId: 'sp-caller' }).allowed)
  })

  test('an eligible role shields the program, and helps nobody who only could have it', () => {
    assert.equal(mayImpersonate(actors['Application Administrator'], { ...target([]), roles: [role(roles.helpdeskAdministrator, { eligible: true })] }).allowed, false)
    assert.equal(mayImpersonate({ ...person('u', []), roles: [role(roles.globalAdministrator, { eligible: true })], owns: true }, target(['Directory.ReadWrite.All'])).allowed, false)
  })

  test('a refusal names what is beyond reach and who could', () => {
    const { reason } = mayImpersonate(actors['Application Administrator'], targets['RoleManagement.ReadWrite.Directory'])
    assert.equal(reason?.code, 'LK_BEYOND_REACH')
    assert.equal(reason.values?.['permissions'], 'RoleManagement.ReadWrite.Directory')
    assert.match(String(reason.values?.['rolesThatSuffice']), /Global Administrator/)
  })

  test('more permissions of the program never let more people in', () => {
    const names = graphPermissions.map(one => one.value)
    fc.assert(fc.property(fc.constantFrom(...Object.values(actors)), fc.subarray(names), fc.subarray(names), (actor, some, more) => {
      if (mayImpersonate(actor, target([...some, ...more])).allowed) assert.ok(mayImpersonate(actor, target(some)).allowed)
    }))
  })
})

describe('T-42: giving app roles', () => {
  const gift = { principalId: 'sp-other', principalOwned: false, onGraph: true, role: 'Directory.ReadWrite.All' }

  test('no program gives itself, or what it owns, a right over the directory', () => {
    const mighty = program(['AppRoleAssignment.ReadWrite.All', 'Directory.ReadWrite.All'], { roles: [role(roles.globalAdministrator)] })
    assert.equal(mayGiveAppRole(mighty, { ...gift, principalId: 'sp-caller' }).reason?.code, 'LK_SELF_GRANT')
    assert.equal(mayGiveAppRole(mighty, { ...gift, principalId: 'sp-caller', onGraph: false }).reason?.code, 'LK_SELF_GRANT')
    assert.equal(mayGiveAppRole(mighty, { ...gift, principalOwned: true }).reason?.code, 'LK_SELF_GRANT')
    assert.ok(mayGiveAppRole(mighty, gift).allowed)
  })

  test('a program hands out what it holds and what only reads, no more', () => {
    const clerk = program(['AppRoleAssignment.ReadWrite.All'])
    assert.equal(mayGiveAppRole(clerk, gift).reason?.code, 'LK_BEYOND_REACH')
    assert.ok(mayGiveAppRole(clerk, { ...gift, role: 'User.Read.All' }).allowed)
    assert.ok(mayGiveAppRole(program(['AppRoleAssignment.ReadWrite.All', 'Directory.ReadWrite.All']), gift).allowed)
    assert.ok(mayGiveAppRole(clerk, { ...gift, onGraph: false, role: 'Orders.Write' }).allowed)
  })

  test('of people, Graph’s roles are given by the two highest; those of other resources by application administrators and owners', () => {
    for (const [name, onGraph, elsewhere] of [
      ['Global Administrator', true, true], ['Privileged Role Administrator who owns it', true, true], ['Application Administrator', false, true], ['owner', false, true],
      ['User Administrator', false, false], ['nobody', false, false],
    ] as const) {
      assert.equal(mayGiveAppRole(actors[name], gift).allowed, onGraph, name)
      assert.equal(mayGiveAppRole(actors[name], { ...gift, onGraph: false }).allowed, elsewhere, name)
    }
  })
})

test('every permission that writes is privileged or an application administrator’s, and unknown names are privileged', () => {
  for (const { value } of graphPermissions) if (/Write|Create|\.Manage|Access|Enable|Delete|Revoke/.test(value)) assert.notEqual(tierOf(value), 'plain', value)
  for (const name of ['Directory.Read.All', 'User.ReadBasic.All', 'RoleManagement.Read.Directory', 'UserAuthMethod-TAP.Read.All']) assert.equal(tierOf(name), 'plain', name)
  for (const name of ['Something.New', 'Read', 'X.Read.All.Write', 'X.ReadEverything.All']) assert.equal(tierOf(name), 'privileged', name)
})
