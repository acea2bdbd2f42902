/** Puts the sample into an empty database: all of it or nothing, and once. */
import { createHash } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { lockAccount } from './sample-lock.ts'
import { writeContacts } from '../credentials/contacts.ts'
import { hashPassword } from '../credentials/hash-password.ts'
import { destinationIndex } from '../notify/destination.ts'
import { foundTenant } from '../operator/found-tenant.ts'
import { defaultTenantPolicies, enablement } from '../rules/tenant-settings.ts'
import { Secret } from '../secret.ts'
import { graphAppId } from '../rules/first-party.ts'
import { graphPermissions } from '../rules/graph-permissions.ts'
import { insertCredential } from '../store/application-credentials.ts'
import { insertApplication } from '../store/applications.ts'
import { insertAppRoleAssignment } from '../store/app-roles.ts'
import { firstPartyId } from '../store/first-party.ts'
import { insertServicePrincipal } from '../store/service-principals.ts'
import { addMember, insertGroup } from '../store/groups.ts'
import { claimInstallation } from '../store/installation.ts'
import { assignLicence, saveSku } from '../store/licences.ts'
import { insertMethodRow, methodPlace } from '../store/methods.ts'
import { savePassword } from '../store/passwords.ts'
import { writePolicy } from '../store/policies.ts'
import { assignRole } from '../store/roles.ts'
import { insertUser } from '../store/users.ts'
import { sampleApplication, sampleDomain, sampleInitialDomain, samplePeople, sampleRoles, type SamplePerson } from './sample-people.ts'

const day = 24 * 60 * 60_000
const premiumP2 = { skuId: '84a661c4-e949-4bd2-a560-ed7766fcaf2b', skuPartNumber: 'AAD_PREMIUM_P2' }

/** The same id for the same name in every installation, in the form of a version 5 UUID. */
export function sampleId(name: string): string {
  const hex = createHash('sha256').update(`latchkey sample\n${name}`).digest('hex')
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

export const sampleTenantId = sampleId('tenant')
export const personId = (name: string): string => sampleId(`user ${name}`)
export const sampleAppId = sampleId('application appId')

/**
 * The application's secret: made from this installation's keys, so that it is the same at every start without being kept and
 * is of no use anywhere else.
 */
export function sampleApplicationSecret(app: App): string {
  return app.keys.mac('nonce', 'secret of the sample application').split('.')[1]!.slice(0, 40).replace(/^-/, 'a')
}

/** @returns false when the database has a tenant already; `progress` is told of each person that is ready */
export async function plantSample(app: App, progress: (done: number, of: number) => void): Promise<boolean> {
  if (await app.db.selectFrom('tenants').select('id').limit(1).executeTakeFirst()) return false
  let done = 0
  const hashes = await Promise.all(
    samplePeople.map(async person => {
      const hash = await hashPassword(app, new Secret(person.password))
      progress(++done, samplePeople.length)
      return hash
    }),
  )
  return app.db.transaction().execute(async trx => {
    if (!(await claimInstallation(trx, 'setup', 'sample'))) return false
    const at = app.now()
    await foundTenant(app, trx, { id: sampleTenantId, displayName: 'Contoso', domain: sampleDomain, initialDomain: sampleInitialDomain, defaultLocale: 'en', createdAt: at - 400 * day })
    await plantPolicies(trx, at)
    await plantGroups(trx, at)
    for (const [index, person] of samplePeople.entries()) await plantPerson(app, trx, person, hashes[index]!, at)
    await plantLicences(trx)
    await plantApplication(app, trx, at)
    return true
  })
}

const scopeGroup = sampleId('group scope')
const staffGroup = sampleId('group staff')
const warehouseGroup = sampleId('group warehouse')

async function plantGroups(trx: Db, at: number): Promise<void> {
  const common = { tenantId: sampleTenantId, onPremisesImmutableId: null, createdDateTime: at, deletedDateTime: null }
  await insertGroup(trx, { ...common, id: scopeGroup, displayName: 'Self-service password reset', description: 'May reset their own password', mailNickname: 'sspr' })
  await insertGroup(trx, { ...common, id: staffGroup, displayName: 'Staff', description: 'Nearly everyone; nested in the group above', mailNickname: 'staff' })
  await insertGroup(trx, { ...common, id: warehouseGroup, displayName: 'Warehouse', description: null, mailNickname: 'warehouse' })
  await addMember(trx, { tenantId: sampleTenantId, groupId: scopeGroup, memberId: staffGroup, memberType: 'group' })
}

async function plantPolicies(trx: Db, at: number): Promise<void> {
  const common = { tenantId: sampleTenantId, by: null, at }
  const { tenantSettings, passwordResetPolicy } = defaultTenantPolicies
  await writePolicy(trx, {
    ...common,
    name: 'tenantSettings',
    // One proof is enough, so that the first try is a short one; stepUpRecovery and the policy's number raise it.
    value: { ...tenantSettings, licensing: 'organisation', passwordGrant: true, stepUpRecovery: false, allowAppPasswords: true },
  })
  await writePolicy(trx, {
    ...common,
    name: 'passwordResetPolicy',
    value: { ...passwordResetPolicy, enablementType: enablement.selected, passwordResetEnabledGroupIds: [scopeGroup], mobileAppCodeEnabled: true },
  })
}

async function plantPerson(app: App, trx: Db, person: SamplePerson, hash: string, at: number): Promise<void> {
  const tenantId = sampleTenantId
  const id = personId(person.name)
  const [givenName = '', ...rest] = person.displayName.split(' ')
  const registered = person.email !== undefined || person.mobile !== undefined
  await insertUser(trx, {
    tenantId, id, userPrincipalName: `${person.name}@${sampleDomain}`, displayName: person.displayName, givenName, surname: rest.join(' '),
    mail: `${person.name}@${sampleDomain}`, preferredLanguage: person.language, usageLocation: person.usageLocation, department: person.department,
    jobTitle: person.jobTitle, officeLocation: null, accountEnabled: person.state !== 'disabled', createdDateTime: at - 300 * day, externalKind: null,
    onPremisesImmutableId: null, onPremisesDomain: null, onPremisesSamAccountName: null, onPremisesDistinguishedName: null, onPremisesAccount: null,
    passwordPolicies: null, registrationCompletedAt: registered ? at - 30 * day : null, lastConfirmedAt: registered ? at - 30 * day : null, deletedDateTime: null,
  })
  await savePassword(trx, {
    tenantId, userId: id, hash, changedAt: at - 60 * day, forceChangePasswordNextSignIn: person.state === 'mustChange', forceChangePasswordNextSignInWithMfa: false,
    temporaryUntil: null, temporaryUsedAt: null, channel: 'import', lengthAtLeast15: person.password.length >= 15,
  })
  for (const [kind, value] of [['email', person.email], ['mobile', person.mobile]] as const) if (value !== undefined) await plantMethod(app, trx, id, kind, value, at)
  if (person.otherMail !== undefined || person.mobilePhone !== undefined) {
    await writeContacts(app, trx, {
      tenantId, userId: id, origin: 'administrator', actor: { kind: 'operator' },
      ...(person.otherMail === undefined ? {} : { otherMails: [person.otherMail] }),
      ...(person.mobilePhone === undefined ? {} : { mobilePhone: person.mobilePhone }),
    })
  }
  if (person.role) {
    await assignRole(trx, {
      tenantId, id: sampleId(`role of ${person.name}`), roleDefinitionId: sampleRoles[person.role], principalId: id, principalType: 'user', directoryScopeId: '/', state: 'active', createdAt: at,
    })
  }
  if (person.department === 'Warehouse') await addMember(trx, { tenantId, groupId: warehouseGroup, memberId: id, memberType: 'user' })
  if (person.state !== 'outOfScope') await addMember(trx, { tenantId, groupId: staffGroup, memberId: id, memberType: 'user' })
  if (person.state === 'locked') await lockAccount(app, trx, tenantId, `${person.name}@${sampleDomain}`, at)
}

async function plantMethod(app: App, trx: Db, userId: string, kind: 'email' | 'mobile', value: string, at: number): Promise<void> {
  const tenantId = sampleTenantId
  const id = sampleId(`${kind} of ${userId}`)
  const then = at - 30 * day
  await insertMethodRow(trx, {
    tenantId, id, userId, kind, displayName: null, valueSealed: await app.keys.sealText(methodPlace(tenantId, id), value, trx),
    valueIndex: destinationIndex(app, tenantId, value), oathStepSeconds: null, lastStep: null, origin: 'self', verifiedAt: then, heldUntil: null,
    isDefault: kind === 'mobile', createdDateTime: then, lastUsedAt: null,
  })
}

async function plantLicences(trx: Db): Promise<void> {
  await saveSku(trx, { tenantId: sampleTenantId, ...premiumP2, enabledUnits: 30, capabilityStatus: 'Enabled', isTrial: false })
  for (const person of samplePeople.slice(0, 12)) {
    await assignLicence(trx, { tenantId: sampleTenantId, skuId: premiumP2.skuId, principalId: personId(person.name), principalType: 'user' })
  }
}

async function plantApplication(app: App, trx: Db, at: number): Promise<void> {
  const tenantId = sampleTenantId
  const id = sampleId('application')
  const servicePrincipalId = sampleId('application servicePrincipal')
  const secret = sampleApplicationSecret(app)
  const { displayName } = sampleApplication
  await insertApplication(trx, { tenantId, id, appId: sampleAppId, displayName, createdDateTime: at })
  await insertServicePrincipal(trx, { tenantId, id: servicePrincipalId, appId: sampleAppId, displayName, createdDateTime: at })
  await insertCredential(trx, {
    tenantId, keyId: sampleId('application secret'), ownerId: id, ownerType: 'application', kind: 'password', displayName: 'development', hint: secret.slice(0, 3),
    secretHash: createHash('sha256').update(secret).digest('base64url'), startDateTime: at, endDateTime: at + 730 * day, createdDateTime: at,
  })
  for (const permission of sampleApplication.permissions) {
    await insertAppRoleAssignment(trx, {
      tenantId, id: Buffer.from(sampleId(`application role ${permission}`).replaceAll('-', ''), 'hex').toString('base64url'),
      appRoleId: graphPermissions.find(one => one.value === permission)!.appRoleId!, principalId: servicePrincipalId, principalType: 'ServicePrincipal',
      resourceId: firstPartyId(tenantId, graphAppId), createdDateTime: at,
    })
  }
}

