import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actions, hasResetRole, mayActOn, mayProgramActOn, mayResetPassword, resetColumns } from '../../src/rules/role-matrix.ts'
import type { Action, Column } from '../../src/rules/role-matrix.ts'
import { roleTemplates, roles } from '../../src/rules/roles.ts'
import { person, role } from './build-facts.ts'

const columns: readonly Column[] = ['PW', 'HD', 'AA', 'UA', 'PAA', 'GA']
const caller = (column: Column, more = {}) => person({ id: 'caller', roles: [role(resetColumns[column], more)] })
const holding = (...ids: string[]) => person({ id: 'target', roles: ids.map(id => role(id)) })

// The published table, written a second time so that a slip in the rule shows: y = may, - = may not.
const table: [name: string, target: ReturnType<typeof person>, cells: string][] = [
  ['no role', person({ id: 'target' }), 'yyyyyy'],
  ['member of a role-assignable group', person({ id: 'target', roleAssignableGroupMember: true }), '----yy'],
  ['owner of a role-assignable group', person({ id: 'target', roleAssignableGroupOwner: true }), '----yy'],
  ['role scoped to a restricted unit', person({ id: 'target', roles: [role(roles.directoryReaders, { restrictedScope: true, directoryScopeId: '/administrativeUnits/u' })] }), '----yy'],
  ['Directory Readers', holding(roles.directoryReaders), 'yyyyyy'],
  ['Guest Inviter', holding(roles.guestInviter), 'yyyyyy'],
  ['Password Administrator', holding(roles.passwordAdministrator), 'yyyyyy'],
  ['Message Center Reader', holding(roles.messageCenterReader), '-yyyyy'],
  ['Reports Reader', holding(roles.reportsReader), '-yyyyy'],
  ['User Experience Success Manager', holding(roles.userExperienceSuccessManager), '-yyyyy'],
  ['Usage Summary Reports Reader', holding(roles.usageSummaryReportsReader), '-yyyyy'],
  ['Helpdesk Administrator', holding(roles.helpdeskAdministrator), '-y-yyy'],
  ['Authentication Administrator', holding(roles.authenticationAdministrator), '--y-yy'],
  ['User Administrator', holding(roles.userAdministrator), '---yyy'],
  ['Groups Administrator', holding(roles.groupsAdministrator), '---yyy'],
  ['Privileged Role Administrator', holding(roles.privilegedRoleAdministrator), '----yy'],
  ['Privileged Authentication Administrator', holding(roles.privilegedAuthenticationAdministrator), '----yy'],
  ['Global Administrator', holding(roles.globalAdministrator), '----yy'],
  ['any other built-in role', holding(roles.securityReader), '----yy'],
  ['a custom role', holding('00000000-0000-0000-0000-0000000000aa'), '----yy'],
]

for (const [name, target, cells] of table) {
  test(`A-16 target with ${name}: the six roles reset it as the table says`, () => {
    for (const [index, column] of columns.entries()) {
      assert.equal(mayResetPassword(caller(column), target).allowed, cells[index] === 'y', `${column} on ${name}`)
    }
  })
}

test('A-16 every built-in role outside the table is reached by the two highest roles only', () => {
  const named = new Set(table.flatMap(([, target]) => target.roles.map(held => held.roleTemplateId)))
  for (const id of roleTemplates.keys()) {
    if (named.has(id)) continue
    assert.deepEqual(columns.map(column => mayResetPassword(caller(column), holding(id)).allowed), [false, false, false, false, true, true], id)
  }
})

test('A-16 a target with Reports Reader and Groups Administrator needs a caller for both: Helpdesk refused, User Administrator allowed', () => {
  const target = holding(roles.reportsReader, roles.groupsAdministrator)
  assert.equal(mayResetPassword(caller('HD'), target).allowed, false)
  assert.equal(mayResetPassword(caller('UA'), target).allowed, true)
})

test('A-17 a Password Administrator on a Helpdesk Administrator is refused and told who could', () => {
  const reach = mayResetPassword(caller('PW'), holding(roles.helpdeskAdministrator))
  assert.equal(reach.reason?.code, 'ROLE_TOO_LOW')
  assert.deepEqual(reach.rolesThatSuffice,
    ['Helpdesk Administrator', 'User Administrator', 'Privileged Authentication Administrator', 'Global Administrator'])
})

test('a role the target could activate counts as much as an active one', () => {
  const target = person({ id: 'target', roles: [role(roles.globalAdministrator, { eligible: true })] })
  assert.equal(mayResetPassword(caller('UA'), target).allowed, false)
  assert.equal(mayResetPassword(caller('GA'), target).allowed, true)
})

test('a role the caller has not activated counts for nothing', () => {
  assert.equal(mayResetPassword(caller('GA', { eligible: true }), person({ id: 'target' })).reason?.code, 'NO_RESET_ROLE')
  assert.equal(hasResetRole(caller('GA', { eligible: true })), false)
})

test('an administrator of a unit acts on people of the unit only, and not on those with a role in the whole tenant', () => {
  const helper = caller('HD', { directoryScopeId: '/administrativeUnits/north' })
  const inNorth = { id: 'target', administrativeUnits: [{ id: 'north', restricted: false }] }
  assert.equal(mayResetPassword(helper, person(inNorth)).allowed, true)
  assert.equal(mayResetPassword(helper, person({ id: 'target' })).reason?.code, 'OUT_OF_SCOPE_UNIT')
  assert.equal(mayResetPassword(helper, person({ ...inNorth, roles: [role(roles.reportsReader)] })).reason?.code, 'OUT_OF_SCOPE_UNIT')
  assert.equal(mayResetPassword(helper, person({ ...inNorth, roles: [role(roles.reportsReader, { directoryScopeId: '/administrativeUnits/north' })] })).allowed, true)
})

test('people of a restricted unit are reached by its own administrators and the two highest roles', () => {
  const target = person({ id: 'target', administrativeUnits: [{ id: 'board', restricted: true }] })
  assert.equal(mayResetPassword(caller('UA'), target).reason?.code, 'TARGET_IN_RESTRICTED_UNIT')
  assert.equal(mayResetPassword(caller('HD', { directoryScopeId: '/administrativeUnits/board' }), target).allowed, true)
  assert.equal(mayResetPassword(caller('GA'), target).allowed, true)
})

test('the group that shields a target is named as the reason, unless the role alone is too low', () => {
  const reader = person({ id: 'target', roles: [role(roles.reportsReader)], roleAssignableGroupMember: true })
  assert.equal(mayResetPassword(caller('HD'), reader).reason?.code, 'TARGET_IN_ROLE_ASSIGNABLE_GROUP')
  assert.equal(mayResetPassword(caller('PW'), reader).reason?.code, 'ROLE_TOO_LOW')
})

test('nobody resets their own password through the administrators\' door', () => {
  for (const column of columns) assert.equal(mayResetPassword(caller(column), caller(column)).reason?.code, 'SELF', column)
})

test('LD-30 each sensitive action is open to the roles named for it, on a target without a role', () => {
  const expected: Record<Action, string> = {
    resetPassword: 'yyyyyy', unlock: 'yyyyyy', clearThrottle: 'yyyyyy', revokeSessions: 'yyyyyy',
    updateMobilePhone: 'yyyyyy', updateBusinessPhones: 'yyyyyy', updateOtherMails: 'yyyyyy',
    updateAccountEnabled: '--yyyy', updateUserPrincipalName: '--yyyy', updateOnPremisesImmutableId: '--yyyy', deleteUser: '--yyyy', restoreUser: '--yyyy',
    readMethods: '--y-yy', manageMethods: '--y-yy', createTemporaryAccessPass: '--y-yy', deleteAppPasswords: '--y-yy',
  }
  for (const action of Object.keys(actions) as Action[]) {
    const cells = columns.map(column => (mayActOn(caller(column), action, person({ id: 'target' })).allowed ? 'y' : '-')).join('')
    assert.equal(cells, expected[action], action)
  }
})

test('T-39 no sensitive action reaches a target that a reset by the same role does not reach', () => {
  for (const [, target] of table) for (const column of columns) for (const action of Object.keys(actions) as Action[]) {
    if (mayActOn(caller(column), action, target).allowed) assert.ok(mayResetPassword(caller(column), target).allowed, `${column} ${action}`)
  }
})

test('T-42: a program’s permission reaches people without standing in every action; anybody with a role, eligible or held, or shielded only through its own roles', () => {
  const program = (...held: Column[]) => ({ id: 'program', roles: held.map(column => role(resetColumns[column])) })
  const shielded = [
    holding(roles.directoryReaders), person({ id: 'target', roles: [role(roles.reportsReader, { eligible: true })] }), person({ id: 'target', roleAssignableGroupMember: true }),
    person({ id: 'target', roleAssignableGroupOwner: true }), person({ id: 'target', administrativeUnits: [{ id: 'u', restricted: true }] }), holding(roles.globalAdministrator),
  ]
  for (const action of Object.keys(actions) as Action[]) {
    assert.equal(mayProgramActOn(program(), action, person({ id: 'target' })).allowed, true, action)
    for (const target of shielded) {
      assert.equal(mayProgramActOn(program(), action, target).allowed, false, `${action} ${JSON.stringify(target.roles)}`)
      for (const column of columns) assert.equal(mayProgramActOn(program(column), action, target).allowed, mayActOn(caller(column), action, target).allowed, `${column} ${action}`)
    }
  }
})
