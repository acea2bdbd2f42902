/** Makes what a scenario names, all of it or nothing; what an earlier version of the file made goes first. */
import { createHash } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { readCertificate } from '../credentials/app-certificate.ts'
import { writeContacts } from '../credentials/contacts.ts'
import { hashPassword } from '../credentials/hash-password.ts'
import { emptyApplication } from '../rules/application-document.ts'
import { graphAppId } from '../rules/first-party.ts'
import { graphPermissions } from '../rules/graph-permissions.ts'
import { roleTemplates } from '../rules/roles.ts'
import { Secret } from '../secret.ts'
import { OperatorError } from '../operator/open-app.ts'
import { insertCredential } from '../store/application-credentials.ts'
import { addApplicationOwner } from '../store/application-owners.ts'
import { insertApplication } from '../store/applications.ts'
import { insertAppRoleAssignment } from '../store/app-roles.ts'
import { purgeApplication, softDeleteApplication } from '../store/deleted-applications.ts'
import { firstPartyId } from '../store/first-party.ts'
import { addMember, deleteGroupForGood, insertGroup, softDeleteGroup } from '../store/groups.ts'
import { readInstallation, writeInstallation } from '../store/installation.ts'
import { savePassword } from '../store/passwords.ts'
import { assignRole } from '../store/roles.ts'
import { insertServicePrincipal } from '../store/service-principals.ts'
import type { Store } from '../store/open.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { deleteUserForGood, insertUser, resolveName, softDeleteUser } from '../store/users.ts'
import { faultsOf, readFault } from './faults.ts'
import { sampleId, sampleTenantId } from './sample-tenant.ts'
import type { ReadScenario, ScenarioApplication, ScenarioPerson } from './scenario.ts'

const tenantId = sampleTenantId
const day = 24 * 60 * 60_000

/** What a program finds in dev.json. */
export interface PlantedScenario {
  users: { id: string; userPrincipalName: string; password: string }[]
  groups: { id: string; displayName: string }[]
  applications: { id: string; appId: string; servicePrincipalId: string; displayName: string; secrets: string[] }[]
}

/** @returns what the scenario holds; nothing is done when this very scenario was made before */
export async function plantScenario(app: App, store: Store, scenario: ReadScenario): Promise<PlantedScenario> {
  if (scenario.clock !== undefined) await store.clock.set(Date.parse(scenario.clock))
  const { users = [], groups = [], applications = [] } = scenario
  const planted: PlantedScenario = {
    users: users.map(({ userPrincipalName, password }) => ({ id: scenarioId('user', userPrincipalName), userPrincipalName, password })),
    groups: groups.map(({ displayName }) => ({ id: scenarioId('group', displayName), displayName })),
    applications: applications.map(one => ({ ...idsOf(one), displayName: one.displayName, secrets: (one.secrets ?? []).map(secret => secret.value) })),
  }
  const before = await readInstallation(app.db, 'scenario')
  const made = before === undefined ? undefined : (JSON.parse(before) as { fingerprint: string; planted: PlantedScenario })
  if (made?.fingerprint === scenario.fingerprint) return planted
  const hashes = await Promise.all(users.map(user => hashPassword(app, new Secret(user.password))))
  const at = app.now()
  try {
    await app.db.transaction().execute(async trx => {
      if (made) await uproot(trx, made.planted, at)
      for (const [n, person] of users.entries()) await plantPerson(app, trx, person, hashes[n]!, at)
      for (const group of groups) await plantGroup(trx, group, at)
      for (const one of applications) await plantApplication(trx, one, scenario.certificates, at)
      await writeInstallation(trx, 'scenario', JSON.stringify({ fingerprint: scenario.fingerprint, planted: { ...planted, users: planted.users.map(({ id }) => ({ id })) } }))
    })
  } catch (error) {
    if (isUniqueViolation(error)) throw new OperatorError('development.scenario.taken')
    throw error
  }
  return planted
}

/** Faults live in the memory of the server they strike. */
export function orderFaults(app: App, { faults = [] }: ReadScenario): void {
  for (const fault of faults) faultsOf(app).add(readFault(fault))
}

const scenarioId = (kind: string, name: string): string => sampleId(`scenario ${kind} ${name.toLowerCase()}`)
const idsOf = ({ displayName, appId }: ScenarioApplication) => ({
  id: scenarioId('application', displayName), appId: appId ?? scenarioId('appId', displayName), servicePrincipalId: scenarioId('servicePrincipal', displayName),
})

async function uproot(trx: Db, { users, groups, applications }: PlantedScenario, at: number): Promise<void> {
  for (const { id } of applications) {
    await softDeleteApplication(trx, tenantId, id, at)
    await purgeApplication(trx, tenantId, id)
  }
  for (const { id } of groups) {
    await softDeleteGroup(trx, tenantId, id, at)
    await deleteGroupForGood(trx, tenantId, id)
  }
  for (const { id } of users) {
    await softDeleteUser(trx, tenantId, id, at)
    await deleteUserForGood(trx, tenantId, id)
  }
}

async function plantPerson(app: App, trx: Db, person: ScenarioPerson, hash: string, at: number): Promise<void> {
  const { userPrincipalName, displayName, accountEnabled = true, forceChangePasswordNextSignIn = false, otherMails, mobilePhone, roles = [] } = person
  const id = scenarioId('user', userPrincipalName)
  await insertUser(trx, {
    tenantId, id, userPrincipalName, displayName, givenName: null, surname: null, mail: userPrincipalName, preferredLanguage: null, usageLocation: null, department: null,
    jobTitle: null, officeLocation: null, accountEnabled, createdDateTime: at, externalKind: null, onPremisesImmutableId: null, onPremisesDomain: null,
    onPremisesSamAccountName: null, onPremisesDistinguishedName: null, onPremisesAccount: null, passwordPolicies: null, registrationCompletedAt: null,
    lastConfirmedAt: null, deletedDateTime: null,
  })
  await savePassword(trx, {
    tenantId, userId: id, hash, changedAt: at, forceChangePasswordNextSignIn, forceChangePasswordNextSignInWithMfa: false, temporaryUntil: null,
    temporaryUsedAt: null, channel: 'import', lengthAtLeast15: person.password.length >= 15,
  })
  if (otherMails !== undefined || mobilePhone !== undefined) {
    await writeContacts(app, trx, { tenantId, userId: id, origin: 'administrator', actor: { kind: 'operator' }, ...(otherMails && { otherMails }), ...(mobilePhone && { mobilePhone }) })
  }
  for (const role of roles) {
    const roleDefinitionId = Array.from(roleTemplates).find(([, template]) => template.displayName === role)![0]
    const assignment = { tenantId, id: sampleId(`scenario role ${role} of ${id}`), roleDefinitionId, principalId: id, principalType: 'user' }
    await assignRole(trx, { ...assignment, directoryScopeId: '/', state: 'active', createdAt: at })
  }
}

async function plantGroup(trx: Db, { displayName, members = [] }: { displayName: string; members?: string[] }, at: number): Promise<void> {
  const id = scenarioId('group', displayName)
  const mailNickname = displayName.replace(/[^A-Za-z0-9]/g, '').slice(0, 60) || 'group'
  await insertGroup(trx, { tenantId, id, displayName, description: null, mailNickname, onPremisesImmutableId: null, createdDateTime: at, deletedDateTime: null })
  for (const member of members) await addMember(trx, { tenantId, groupId: id, memberId: await personCalled(trx, member), memberType: 'user' })
}

async function personCalled(trx: Db, userPrincipalName: string): Promise<string> {
  const found = await resolveName(trx, tenantId, userPrincipalName)
  if (!found) throw new OperatorError('development.scenario.nobody', { name: userPrincipalName })
  return found.user.id
}

async function plantApplication(trx: Db, one: ScenarioApplication, certificates: ReadonlyMap<string, string>, at: number): Promise<void> {
  const { displayName, identifierUris = [], redirectUris: { web = [], spa = [], publicClient = [] } = {}, isFallbackPublicClient = null } = one
  const { id, appId, servicePrincipalId } = idsOf(one)
  const document = { web: { ...emptyApplication.web, redirectUris: web }, spa: { redirectUris: spa }, publicClient: { redirectUris: publicClient }, isFallbackPublicClient }
  await insertApplication(trx, { tenantId, id, appId, displayName, uniqueName: null, identifierUris, document, createdDateTime: at })
  await insertServicePrincipal(trx, { tenantId, id: servicePrincipalId, appId, displayName, createdDateTime: at })
  const owner = { tenantId, ownerId: id, ownerType: 'application', createdDateTime: at } as const
  for (const { value, displayName: name = null, startDateTime, endDateTime } of one.secrets ?? []) {
    await insertCredential(trx, {
      ...owner, kind: 'password', keyId: sampleId(`scenario secret ${appId} ${value}`), displayName: name, hint: value.slice(0, 3),
      secretHash: createHash('sha256').update(value).digest('base64url'), startDateTime: startDateTime === undefined ? at : Date.parse(startDateTime),
      endDateTime: endDateTime === undefined ? at + 730 * day : Date.parse(endDateTime),
    })
  }
  for (const { file, displayName: name } of one.certificates ?? []) {
    const { commonName, ...certificate } = readCertificate(certificates.get(file)!)
    const keyId = sampleId(`scenario certificate ${appId} ${certificate.sha256Thumbprint}`)
    await insertCredential(trx, { ...owner, ...certificate, kind: 'certificate', keyId, displayName: name ?? commonName, keyType: 'AsymmetricX509Cert', keyUsage: 'Verify' })
  }
  for (const permission of one.permissions ?? []) {
    await insertAppRoleAssignment(trx, {
      tenantId, id: Buffer.from(sampleId(`scenario role ${appId} ${permission}`).replaceAll('-', ''), 'hex').toString('base64url'),
      appRoleId: graphPermissions.find(known => known.value === permission)!.appRoleId!, principalId: servicePrincipalId, principalType: 'ServicePrincipal',
      resourceId: firstPartyId(tenantId, graphAppId), createdDateTime: at,
    })
  }
  for (const owned of one.owners ?? []) await addApplicationOwner(trx, { tenantId, ownedId: id, ownedType: 'application', ownerId: await personCalled(trx, owned), ownerType: 'user' })
}
