import assert from 'node:assert/strict'
import type { Db } from '../../src/app.ts'
import { insertAgent } from '../../src/store/agents.ts'
import { gatherAdminFacts, gatherFacts, gatherTenantFacts } from '../../src/store/facts.ts'
import { addMember, addOwner } from '../../src/store/groups.ts'
import { reserve } from '../../src/store/limits.ts'
import { addPasswordEvent } from '../../src/store/password-events.ts'
import { writePolicy } from '../../src/store/policies.ts'
import { defaultPasswordResetPolicy, defaultTenantSettings } from '../../src/rules/tenant-settings.ts'
import { bothEngines } from '../support/store.ts'
import type { TestStore } from '../support/store.ts'
import { addGroup, addTenant, addUser, day, hour, start } from './rows.ts'

const providers = { mail: true, sms: false, voice: false, push: false }
const gather = (store: TestStore, userId: string | null, now = start) => gatherFacts(store.db, { tenantId: 't1', userId, now, providers })

async function addMethods(db: Db): Promise<void> {
  const method = {
    tenantId: 't1', userId: 'ann-id', displayName: null, valueSealed: 'sealed', oathStepSeconds: null, lastStep: null, isDefault: false,
    createdDateTime: start, lastUsedAt: null, verifiedAt: start, heldUntil: null, origin: 'self',
  }
  await db.insertInto('authenticationMethods').values([
    { ...method, id: 'm1', kind: 'email', valueIndex: 'index-mail' },
    { ...method, id: 'm2', kind: 'mobile', valueIndex: 'index-phone', heldUntil: start + hour, verifiedAt: null, origin: 'administrator' },
    { ...method, id: 'm3', kind: 'microsoftAuthenticator', valueIndex: null },
    { ...method, id: 'm4', kind: 'softwareOath', valueIndex: null },
    { ...method, id: 'm5', kind: 'somethingNewer', valueIndex: null },
  ]).execute()
  await db.insertInto('userContacts').values([
    { tenantId: 't1', id: 'c1', userId: 'ann-id', kind: 'mobilePhone', position: 0, valueSealed: 'sealed', valueIndex: 'index-phone', wellFormed: true, origin: 'sync', updatedAt: start },
    { tenantId: 't1', id: 'c2', userId: 'ann-id', kind: 'otherMail', position: 0, valueSealed: 'sealed', valueIndex: 'index-other', wellFormed: false, origin: 'unheard-of', updatedAt: start },
  ]).execute()
  const answer = { tenantId: 't1', userId: 'ann-id', questionText: null, answerHash: 'h', createdDateTime: start }
  await db.insertInto('securityAnswers').values([{ ...answer, questionId: 'sq.1' }, { ...answer, questionId: 'sq.2' }]).execute()
}

bothEngines('T-02: nobody costs as many queries, in the same order, as somebody with everything', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
  await addMethods(store.db)
  const counted = async (userId: string | null): Promise<string[]> => {
    const asked: string[] = []
    let built = ''
    const spied = store.db.withPlugin({
      transformQuery: ({ node, queryId }) => {
        built = store.db.withoutPlugins().getExecutor().compileQuery(node, queryId).sql
        return node
      },
      // Only what was asked has a result; parts of a query are built too.
      transformResult: async ({ result }) => {
        asked.push(built)
        return result
      },
    })
    await gatherFacts(spied, { tenantId: 't1', userId, now: start, providers })
    return asked
  }
  const known = await counted('ann-id')
  assert.equal(known.length, 3, 'the tenant, the person, the tries counted')
  assert.deepEqual(await counted(null), known)
  assert.deepEqual(await counted('no-such-id'), known)
})

bothEngines('nobody is null, and the tenant is told all the same', async store => {
  await addTenant(store.db)
  const facts = await gather(store, null)
  assert.equal(facts.subject, null)
  assert.deepEqual([facts.tenant.id, facts.tenant.domains.length, facts.resolvedBy, facts.now], ['t1', 1, 'userPrincipalName', start])
  await assert.rejects(gatherFacts(store.db, { tenantId: 'none', userId: null, now: start, providers }), /no such tenant/)
})

bothEngines('a bare user has the defaults of one', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
  const { subject, throttle } = await gather(store, 'ann-id')
  assert.deepEqual(throttle, { events: {}, lockedUntil: null, lockedBy: null })
  const { domain, ...rest } = subject!
  assert.deepEqual([domain.id, domain.isDefault], ['t1.example', true])
  assert.deepEqual(rest, {
    id: 'ann-id', userPrincipalName: 'ann@t1.example', displayName: 'ann', givenName: null, surname: null, mail: null, userType: 'member',
    externalKind: 'none', accountEnabled: true, deleted: false, onPremisesSyncEnabled: false, roles: [], memberOf: [],
    roleAssignableGroupMember: false, roleAssignableGroupOwner: false, administrativeUnits: [], licences: [], methods: [], passwordPolicies: [],
    passwordChangedAt: null, forceChangePasswordNextSignIn: false, forceChangePasswordNextSignInWithMfa: false, temporaryPasswordExpiresAt: null,
    lastConfirmedAt: null, lastSignInAt: null, perUserMfaState: 'disabled', lastPasswordEvent: null, syncOverwroteAt: null, onPremises: null,
  })
})

bothEngines('methods are told by where they lead, opened by nobody', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
  await addMethods(store.db)
  const { subject } = await gather(store, 'ann-id')
  const brief = subject!.methods.map(one => [one.id, one.kind, one.source, one.writtenBy, one.wellFormed, one.verified, one.heldUntil, one.destinationKey])
  assert.deepEqual(brief, [
    ['m1', 'email', 'private', 'self', true, true, null, 'index-mail'],
    ['m2', 'mobile', 'private', 'administrator', true, false, start + hour, 'index-phone'],
    ['m3', 'appNotification', 'private', 'self', true, true, null, 'm3'],
    ['m3', 'appCode', 'private', 'self', true, true, null, 'm3'],
    ['m4', 'oath', 'private', 'self', true, true, null, 'm4'],
    ['c1', 'mobile', 'public', 'sync', true, false, null, 'index-phone'],
    ['c2', 'email', 'public', 'self', false, false, null, 'index-other'],
    ['securityQuestions', 'securityQuestions', 'private', 'self', true, true, null, 'securityQuestions'],
  ])
  assert.equal(subject!.methods.at(-1)!.answeredQuestions, 2)
})

bothEngines('groups, ownership, password, directory, sign-in and events are told', async store => {
  await addTenant(store.db)
  const onPremisesAccount = JSON.stringify({ enabled: true, lockedOut: true, mustChange: false, cannotChangePassword: true, adminCount: 1 })
  await addUser(store.db, 'ann', {
    passwordPolicies: 'DisablePasswordExpiration, DisableStrongPassword', onPremisesSyncEnabled: true, onPremisesImmutableId: 'guid', onPremisesAccount,
    userType: 'Guest', externalKind: 'b2bInvited', lastConfirmedAt: start - day, userPrincipalName: 'ann@elsewhere.example',
  })
  await addGroup(store.db, 'admins', { isAssignableToRole: true })
  await addMember(store.db, { tenantId: 't1', groupId: 'admins', memberId: 'ann-id', memberType: 'user' })
  await addOwner(store.db, { tenantId: 't1', groupId: 'admins', ownerId: 'ann-id' })
  await store.db.insertInto('passwords').values({
    tenantId: 't1', userId: 'ann-id', hash: null, changedAt: start - 2 * day, forceChangePasswordNextSignIn: true,
    forceChangePasswordNextSignInWithMfa: false, temporaryUntil: start + day, temporaryUsedAt: null, channel: 'admin-portal', lengthAtLeast15: true,
  }).execute()
  const event = { tenantId: 't1', userId: 'ann-id', code: null, actorId: null } as const
  await addPasswordEvent(store.db, { ...event, at: start - day, channel: 'sspr-portal', writeback: 'ok' })
  await addPasswordEvent(store.db, { ...event, at: start - hour, channel: 'graph-reset', writeback: 'failed', code: 'SSPR_0029' })
  const signIn = { tenantId: 't1', userId: 'ann-id', accountKey: 'k', accountHint: 'ann', kind: 'interactive', reasonCode: null, proofs: '[]', ipAddress: null, userAgent: null, correlationId: 'c' }
  await store.db.insertInto('signIns').values([{ ...signIn, id: '1', at: start - 3, result: 'success' }, { ...signIn, id: '2', at: start - 1, result: 'failure' }]).execute()
  const subject = (await gather(store, 'ann-id')).subject!
  assert.deepEqual([subject.memberOf, subject.roleAssignableGroupMember, subject.roleAssignableGroupOwner], [['admins'], true, true])
  assert.deepEqual(subject.passwordPolicies, ['DisablePasswordExpiration', 'DisableStrongPassword'])
  assert.deepEqual([subject.passwordChangedAt, subject.forceChangePasswordNextSignIn, subject.temporaryPasswordExpiresAt], [start - 2 * day, true, start + day])
  assert.deepEqual(subject.lastPasswordEvent, { at: start - hour, channel: 'graph-reset', writeback: 'failed', code: 'SSPR_0029' })
  assert.deepEqual([subject.lastSignInAt, subject.lastConfirmedAt, subject.userType, subject.externalKind], [start - 3, start - day, 'guest', 'b2bInvited'])
  assert.deepEqual(subject.onPremises, { enabled: true, lockedUntil: start + hour / 2, protected: true, cannotChangePassword: true, neverExpires: false })
  assert.deepEqual([subject.domain.id, subject.domain.authenticationType], ['elsewhere.example', 'Managed'])
})

bothEngines('the counted tries of an account’s recovery are part of the facts', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
  for (let n = 0; n < 5; n++) await reserve(store.db, { tenantId: 't1', key: 'recovery:ann-id', kind: 'proof', now: start + n })
  const { throttle } = await gather(store, 'ann-id', start + hour)
  assert.deepEqual([throttle.lockedBy, throttle.lockedUntil], ['proof', start + 4 + day])
})

bothEngines('the tenant’s policies, agents and sync are told as they are now', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann', { onPremisesImmutableId: 'guid' })
  await writePolicy(store.db, { tenantId: 't1', name: 'passwordResetPolicy', value: { ...defaultPasswordResetPolicy, numberOfAuthenticationMethodsRequired: 2 }, by: null, at: start + 7 })
  const agent = {
    tenantId: 't1', domain: 'corp.example', configurationError: null, lastSyncResult: 'ok', domainRules: null, enrolledAt: start, revokedAt: null, status: 'active',
    lastHeartbeatAt: start, version: '1.2.3',
  }
  await insertAgent(store.db, { ...agent, id: 'a1', displayName: 'one', lastSyncAt: start })
  await insertAgent(store.db, { ...agent, id: 'a2', displayName: 'two', lastSyncAt: start + 5, lastSyncResult: 'broken', version: null, status: 'pending' })
  await insertAgent(store.db, { ...agent, id: 'a3', displayName: 'three', lastSyncAt: start + 9, revokedAt: start + 10 })
  const tenant = await gatherTenantFacts(store.db, 't1', { currentAgentVersion: '2.0.0' })
  assert.equal(tenant.passwordResetPolicy.numberOfAuthenticationMethodsRequired, 2)
  assert.deepEqual(tenant.settings, defaultTenantSettings)
  assert.equal(tenant.policyChangedAt, start + 7)
  assert.deepEqual(tenant.hybrid, { everSynced: true, syncEnabled: true, lastSyncAt: start + 5, lastSyncResult: 'failed' })
  assert.deepEqual(tenant.agents.map(one => [one.id, one.name, one.version, one.status]), [['a1', 'one', '1.2.3', 'active'], ['a2', 'two', '0', 'pending'], ['a3', 'three', '1.2.3', 'removed']])
  assert.equal(tenant.currentAgentVersion, '2.0.0')
})

bothEngines('for an action on another person both are told; a missing target is null, a missing caller an error', async store => {
  await addTenant(store.db)
  await addUser(store.db, 'ann')
  await addUser(store.db, 'bo', { deletedDateTime: start })
  const both = (callerId: string, targetId: string) => gatherAdminFacts(store.db, { tenantId: 't1', callerId, targetId, now: start })
  const facts = await both('ann-id', 'bo-id')
  assert.deepEqual([facts.caller.id, facts.target?.id, facts.target?.deleted], ['ann-id', 'bo-id', true])
  assert.equal((await both('ann-id', 'nobody')).target, null)
  await assert.rejects(both('nobody', 'ann-id'), /caller/)
})
