/**
 * The people of the tests, written straight into the tables, so that a test of one room needs no other room to set its stage.
 * Everybody's password is `passwordOf(name)`.
 */
import { randomUUID } from 'node:crypto'
import type { App } from '../../src/app.ts'
import { contactPlace } from '../../src/store/contacts.ts'
import { hashPassword } from '../../src/credentials/hash-password.ts'
import { destinationIndex } from '../../src/notify/destination.ts'
import { noteChange } from '../../src/store/changes.ts'
import { addToCount } from '../../src/store/counters.ts'
import { seedFirstParty } from '../../src/store/first-party.ts'
import { methodPlace } from '../../src/store/methods.ts'
import { Secret } from '../../src/secret.ts'

export const roleIds = {
  globalAdministrator: '62e90394-69f5-4237-9190-012177145e10',
  privilegedAuthenticationAdministrator: '7be44c8a-adaf-4e2a-84d6-ab2649e08a13',
  authenticationAdministrator: 'c4e39bd9-1100-46d3-8c65-fb160da0071f',
  userAdministrator: 'fe930be7-5e62-47db-91af-98c3a49a38b1',
  helpdeskAdministrator: '729827e3-9c14-49f7-bb1b-9608f156bbb8',
  passwordAdministrator: '966707d0-3269-4727-9be2-8c3a10f19b9d',
  reportsReader: '4a5d8f65-41da-4de4-8968-e035b65339cf',
  groupsAdministrator: 'fdd7a751-b60b-444a-984c-02652fe8fa1c',
  authenticationPolicyAdministrator: '0526716b-113d-4c15-b2c8-68e3c22b9f80',
} as const

/** A password that every rule set accepts and no two people share. */
export const passwordOf = (name: string): string => `Gr8-${name}-Kelp#71`

/** Tenant `contoso.example` with its initial domain and one custom domain; the first one made is the default. */
export async function foundTenant(app: App, options: { name?: string; domain?: string; id?: string } = {}): Promise<string> {
  const id = options.id ?? randomUUID()
  const domain = options.domain ?? 'contoso.example'
  const createdAt = app.now() - 400 * 86_400_000
  await app.db
    .insertInto('tenants')
    .values({ id, displayName: options.name ?? 'Contoso', createdAt, defaultLocale: 'en', sessionEpoch: 0, suspendedAt: null })
    .execute()
  const common = { tenantId: id, isVerified: true, authenticationType: 'Managed', signInModel: null, capturedCopy: false, createdAt }
  const never = { passwordValidityPeriodInDays: 2147483647, passwordNotificationWindowInDays: 14 }
  const initial = domain.replace(/\..*/, '.onlatchkey.example')
  await app.db
    .insertInto('domains')
    .values([
      { ...common, ...never, id: domain, isInitial: false, isDefault: true },
      { ...common, ...never, id: initial, isInitial: true, isDefault: false },
    ])
    .execute()
  await seedFirstParty(app.db, id, createdAt)
  await app.db.insertInto('installation').values({ key: 'defaultTenant', value: id }).onConflict(oc => oc.column('key').doNothing()).execute()
  return id
}

export interface PersonOptions {
  /** 'ann' becomes ann@contoso.example. */
  name: string
  domain?: string
  displayName?: string
  password?: string | null
  roles?: readonly string[]
  /** Registered, verified methods. */
  email?: string
  mobile?: string
  office?: string
  /** A base32 seed. */
  totp?: string
  /** Public contact data, as an administrator wrote it. */
  otherMails?: readonly string[]
  mobilePhone?: string
  businessPhones?: readonly string[]
  mail?: string
  language?: string
  disabled?: boolean
  synced?: boolean
  mustChange?: boolean
  groups?: readonly string[]
  perUserMfaState?: 'disabled' | 'enabled' | 'enforced'
  registered?: boolean
}

export interface Person {
  tenantId: string
  id: string
  userPrincipalName: string
  displayName: string
  password: string
}

/** Adds somebody; returns what a test needs to speak of them. */
export async function addPerson(app: App, tenantId: string, options: PersonOptions): Promise<Person> {
  const id = randomUUID()
  const now = app.now()
  const userPrincipalName = `${options.name}@${options.domain ?? 'contoso.example'}`
  const upnLower = userPrincipalName.toLowerCase()
  const displayName = options.displayName ?? `${options.name[0]!.toUpperCase()}${options.name.slice(1)} Test`
  const mail = options.mail ?? null
  await app.db
    .insertInto('users')
    .values({
      tenantId, id, userPrincipalName, upnLower, displayName, displayNameLower: displayName.toLowerCase(),
      givenName: null, surname: null, mail, mailLower: mail?.toLowerCase() ?? null, proxyAddresses: '[]',
      preferredLanguage: options.language ?? null, usageLocation: null, accountEnabled: !options.disabled, userType: 'Member',
      externalKind: null, department: null, jobTitle: null, officeLocation: null, onPremisesSyncEnabled: options.synced ?? false,
      onPremisesImmutableId: options.synced ? id : null, onPremisesDomain: options.synced ? 'corp.contoso.example' : null,
      onPremisesSamAccountName: null, onPremisesDistinguishedName: null, onPremisesAccount: null, passwordPolicies: null,
      perUserMfaState: options.perUserMfaState ?? 'disabled', credentialEpoch: 0, signInSessionsValidFromDateTime: 0,
      registrationCompletedAt: options.registered === false ? null : now, lastConfirmedAt: options.registered === false ? null : now,
      createdDateTime: now, deletedDateTime: null, version: 1,
    })
    .execute()
  await app.db.insertInto('userAliases').values({ tenantId, aliasLower: upnLower, userId: id, kind: 'userPrincipalName' }).execute()
  await noteChange(app.db, tenantId, 'user', id)
  await addToCount(app.db, tenantId, 'user', 1)
  const password = options.password === undefined ? passwordOf(options.name) : options.password
  await addPassword(app, tenantId, id, password, options.mustChange ?? false)
  for (const [kind, value] of [['email', options.email], ['mobile', options.mobile], ['office', options.office], ['softwareOath', options.totp]] as const)
    if (value !== undefined) await addMethodRow(app, tenantId, id, kind, value)
  await addContacts(app, tenantId, id, 'otherMail', options.otherMails ?? [])
  await addContacts(app, tenantId, id, 'mobilePhone', options.mobilePhone ? [options.mobilePhone] : [])
  await addContacts(app, tenantId, id, 'businessPhone', options.businessPhones ?? [])
  for (const roleDefinitionId of options.roles ?? [])
    await app.db
      .insertInto('roleAssignments')
      .values({ tenantId, id: randomUUID(), roleDefinitionId, principalId: id, principalType: 'user', directoryScopeId: '/', state: 'active', createdAt: now })
      .execute()
  for (const groupId of options.groups ?? []) await app.db.insertInto('groupMembers').values({ tenantId, groupId, memberId: id, memberType: 'user' }).execute()
  return { tenantId, id, userPrincipalName, displayName, password: password ?? '' }
}

async function addPassword(app: App, tenantId: string, userId: string, password: string | null, mustChange: boolean): Promise<void> {
  const hash = password === null ? null : await hashPassword(app, new Secret(password))
  await app.db
    .insertInto('passwords')
    .values({
      tenantId, userId, hash, changedAt: app.now(), forceChangePasswordNextSignIn: mustChange, forceChangePasswordNextSignInWithMfa: false,
      temporaryUntil: null, temporaryUsedAt: null, channel: 'import', lengthAtLeast15: (password?.length ?? 0) >= 15,
    })
    .execute()
}

/** Registers a method as if its owner had proved it a month ago. */
export async function addMethodRow(app: App, tenantId: string, userId: string, kind: string, value: string): Promise<string> {
  const id = randomUUID()
  const then = app.now() - 30 * 86_400_000
  const isSeed = kind === 'softwareOath'
  await app.db
    .insertInto('authenticationMethods')
    .values({
      tenantId, id, userId, kind, displayName: isSeed ? 'Phone' : null,
      valueSealed: await app.keys.sealText(methodPlace(tenantId, id), value), valueIndex: isSeed ? null : destinationIndex(app, tenantId, value),
      oathStepSeconds: isSeed ? 30 : null, lastStep: null, origin: 'self', verifiedAt: then, heldUntil: null, isDefault: false,
      createdDateTime: then, lastUsedAt: null,
    })
    .execute()
  return id
}

async function addContacts(app: App, tenantId: string, userId: string, kind: string, values: readonly string[]): Promise<void> {
  for (const [position, value] of values.entries()) {
    const id = randomUUID()
    await app.db
      .insertInto('userContacts')
      .values({
        tenantId, id, userId, kind, position, valueSealed: await app.keys.sealText(contactPlace(tenantId, id), value),
        valueIndex: destinationIndex(app, tenantId, value), wellFormed: kind === 'otherMail' || /^\+[1-9]\d{0,2} \d{4,14}([xX]\d{1,6})?$/.test(value),
        origin: 'administrator', updatedAt: app.now(),
      })
      .execute()
  }
}

/** Adds a group; `members` are ids of people or groups. */
export async function addGroup(app: App, tenantId: string, name: string, options: { isAssignableToRole?: boolean; groups?: readonly string[] } = {}): Promise<string> {
  const id = randomUUID()
  await app.db
    .insertInto('groups')
    .values({
      tenantId, id, displayName: name, displayNameLower: name.toLowerCase(), description: null, mailNickname: name.replace(/\W/g, ''), securityEnabled: true,
      isAssignableToRole: options.isAssignableToRole ?? false, onPremisesSyncEnabled: false, onPremisesImmutableId: null,
      createdDateTime: app.now(), deletedDateTime: null, version: 1,
    })
    .execute()
  await noteChange(app.db, tenantId, 'group', id)
  await addToCount(app.db, tenantId, 'group', 1)
  for (const memberId of options.groups ?? []) await app.db.insertInto('groupMembers').values({ tenantId, groupId: id, memberId, memberType: 'group' }).execute()
  return id
}

/** Writes some settings of one policy document over what is there. */
export async function changePolicy(app: App, tenantId: string, name: string, change: Record<string, unknown>): Promise<void> {
  const row = await app.db.selectFrom('policies').select(['value', 'version']).where('tenantId', '=', tenantId).where('name', '=', name).executeTakeFirst()
  const value = JSON.stringify({ ...(row ? (JSON.parse(row.value) as object) : {}), ...change })
  const rest = { value, version: (row?.version ?? 0) + 1, updatedAt: app.now(), updatedBy: null }
  await app.db
    .insertInto('policies')
    .values({ tenantId, name, ...rest })
    .onConflict(oc => oc.columns(['tenantId', 'name']).doUpdateSet(rest))
    .execute()
}

/** Many people of whom nothing is known but their names, at once: `crowd00001@contoso.example` … */
export async function addCrowd(app: App, tenantId: string, count: number): Promise<void> {
  const now = app.now()
  for (let from = 0; from < count; from += 500) {
    const names = Array.from({ length: Math.min(500, count - from) }, (_, n) => `crowd${String(from + n).padStart(5, '0')}`)
    const common = {
      tenantId, proxyAddresses: '[]', accountEnabled: true, userType: 'Member', onPremisesSyncEnabled: false, perUserMfaState: 'disabled', credentialEpoch: 0,
      signInSessionsValidFromDateTime: now, createdDateTime: now, version: 1,
    }
    await app.db.insertInto('users').values(names.map(name => ({
      ...common, id: randomUUID(), userPrincipalName: `${name}@contoso.example`, upnLower: `${name}@contoso.example`, displayName: name, displayNameLower: name,
    }))).execute()
    await addToCount(app.db, tenantId, 'user', names.length)
  }
}
