import { Type } from 'typebox'
import type { Static } from 'typebox'
import type { App, Db } from '../app.ts'
import { contactPlace } from '../store/contacts.ts'
import type { UserRow } from '../store/users.ts'
import { detailsOf } from '../store/user-details.ts'
import type { UserDetails } from '../store/user-details.ts'
import { Nullable, instant, pick } from '../graph/answers.ts'

const text = Nullable(Type.String())

/** `extensionAttribute1` to `15`. */
export const extensionAttributes = Array.from({ length: 15 }, (_, at) => `extensionAttribute${at + 1}`)

/** What GET returns without `$select` (graph §5.2), in Graph's order. */
export const defaultProperties = [
  'businessPhones', 'displayName', 'givenName', 'jobTitle', 'mail', 'mobilePhone', 'officeLocation', 'preferredLanguage', 'surname', 'userPrincipalName', 'id',
] as const

/** What people without a directory role see of others (User.ReadBasic.All). */
export const basicProperties = ['displayName', 'givenName', 'mail', 'surname', 'userPrincipalName', 'id'] as const

const texts = Type.Optional(Type.Array(Type.String()))

export const User = Type.Object({
  '@odata.context': Type.Optional(Type.String()),
  businessPhones: Type.Optional(Type.Array(Type.String())),
  displayName: Type.Optional(text),
  givenName: Type.Optional(text),
  jobTitle: Type.Optional(text),
  mail: Type.Optional(text),
  mobilePhone: Type.Optional(text),
  officeLocation: Type.Optional(text),
  preferredLanguage: Type.Optional(text),
  surname: Type.Optional(text),
  userPrincipalName: Type.Optional(text),
  id: Type.Optional(Type.String()),
  accountEnabled: Type.Optional(Nullable(Type.Boolean())),
  ageGroup: Type.Optional(text),
  assignedLicenses: Type.Optional(Type.Array(Type.Object({ disabledPlans: Type.Array(Type.String()), skuId: Type.String() }))),
  city: Type.Optional(text),
  companyName: Type.Optional(text),
  consentProvidedForMinor: Type.Optional(text),
  country: Type.Optional(text),
  createdDateTime: Type.Optional(text),
  creationType: Type.Optional(text),
  deletedDateTime: Type.Optional(text),
  department: Type.Optional(text),
  employeeHireDate: Type.Optional(text),
  employeeId: Type.Optional(text),
  employeeLeaveDateTime: Type.Optional(text),
  employeeType: Type.Optional(text),
  externalUserState: Type.Optional(text),
  faxNumber: Type.Optional(text),
  identities: Type.Optional(Type.Array(Type.Object({ signInType: Type.String(), issuer: Type.String(), issuerAssignedId: Type.String() }))),
  imAddresses: texts,
  isResourceAccount: Type.Optional(Nullable(Type.Boolean())),
  lastPasswordChangeDateTime: Type.Optional(text),
  mailNickname: Type.Optional(text),
  onPremisesDistinguishedName: Type.Optional(text),
  onPremisesDomainName: Type.Optional(text),
  onPremisesExtensionAttributes: Type.Optional(Nullable(Type.Object(Object.fromEntries(extensionAttributes.map(name => [name, text]))))),
  onPremisesImmutableId: Type.Optional(text),
  onPremisesLastSyncDateTime: Type.Optional(text),
  onPremisesProvisioningErrors: Type.Optional(Type.Array(Type.Object({}))),
  onPremisesSamAccountName: Type.Optional(text),
  onPremisesSecurityIdentifier: Type.Optional(text),
  onPremisesSyncEnabled: Type.Optional(Nullable(Type.Boolean())),
  onPremisesUserPrincipalName: Type.Optional(text),
  otherMails: Type.Optional(Type.Array(Type.String())),
  passwordPolicies: Type.Optional(text),
  passwordProfile: Type.Optional(Nullable(Type.Object({
    password: Type.Null(), forceChangePasswordNextSignIn: Type.Boolean(), forceChangePasswordNextSignInWithMfa: Type.Boolean(),
  }))),
  postalCode: Type.Optional(text),
  preferredDataLocation: Type.Optional(text),
  proxyAddresses: texts,
  securityIdentifier: Type.Optional(text),
  showInAddressList: Type.Optional(Nullable(Type.Boolean())),
  signInSessionsValidFromDateTime: Type.Optional(text),
  state: Type.Optional(text),
  streetAddress: Type.Optional(text),
  usageLocation: Type.Optional(text),
  userType: Type.Optional(text),
  // What $expand brings along.
  manager: Type.Optional(Type.Any()),
  directReports: Type.Optional(Type.Array(Type.Any())),
  memberOf: Type.Optional(Type.Array(Type.Any())),
  transitiveMemberOf: Type.Optional(Type.Array(Type.Any())),
  ownedObjects: Type.Optional(Type.Array(Type.Any())),
})

/** Relationships that `$expand` brings along with a user. */
export const expandableOfUsers = ['manager', 'directReports', 'memberOf', 'transitiveMemberOf', 'ownedObjects'] as const

export const selectableProperties = Object.keys(User.properties).filter(name => !name.startsWith('@') && !(expandableOfUsers as readonly string[]).includes(name))

/** Properties that stand in a table of their own, read only when one of them is asked for. */
const detailed = [
  'mailNickname', 'employeeId', 'employeeType', 'employeeHireDate', 'employeeLeaveDateTime', 'companyName', 'streetAddress', 'postalCode', 'city', 'state', 'country',
  'faxNumber', 'ageGroup', 'consentProvidedForMinor', 'preferredDataLocation', 'showInAddressList', 'onPremisesUserPrincipalName', 'onPremisesSecurityIdentifier',
  'onPremisesLastSyncDateTime', 'onPremisesExtensionAttributes',
] as const

interface Contacts {
  mobilePhone: string | null
  businessPhones: string[]
  otherMails: string[]
}

type PasswordState = { changedAt: number; forceChangePasswordNextSignIn: boolean; forceChangePasswordNextSignInWithMfa: boolean }

/**
 * Users as Graph shows them, only with what was asked for: a page of 999 opens sealed contact data for nobody who did not want
 * it. The password itself is never among it, however it is asked for.
 */
export async function shapeUsers(app: App, tenantId: string, users: readonly UserRow[], properties: readonly string[]): Promise<Static<typeof User>[]> {
  const ids = users.map(user => user.id)
  const wanted = (...names: string[]) => names.some(name => properties.includes(name))
  const contacts = wanted('mobilePhone', 'businessPhones', 'otherMails') ? await contactsOf(app, tenantId, ids) : new Map<string, Contacts>()
  const passwords = wanted('passwordProfile', 'lastPasswordChangeDateTime') ? await passwordsOf(app.db, tenantId, ids) : new Map<string, PasswordState>()
  const details = wanted(...detailed) ? await detailsOf(app.db, tenantId, ids) : new Map<string, UserDetails>()
  const licences = wanted('assignedLicenses') ? await assignedTo(app.db, tenantId, ids) : new Map<string, AssignedLicence[]>()
  return users.map(user => pick({ ...shape(user, contacts.get(user.id), passwords.get(user.id)), ...shapeDetails(user, details.get(user.id)), assignedLicenses: licences.get(user.id) ?? [] }, properties))
}

function shape(user: UserRow, contacts: Contacts | undefined, password: PasswordState | undefined) {
  return {
    businessPhones: contacts?.businessPhones ?? [], displayName: user.displayName, givenName: user.givenName, jobTitle: user.jobTitle, mail: user.mail,
    mobilePhone: contacts?.mobilePhone ?? null, officeLocation: user.officeLocation, preferredLanguage: user.preferredLanguage, surname: user.surname,
    userPrincipalName: user.userPrincipalName, id: user.id, accountEnabled: user.accountEnabled, createdDateTime: instant(user.createdDateTime),
    deletedDateTime: instant(user.deletedDateTime), department: user.department, lastPasswordChangeDateTime: instant(password?.changedAt ?? null),
    onPremisesDistinguishedName: user.onPremisesDistinguishedName, onPremisesDomainName: user.onPremisesDomain, onPremisesImmutableId: user.onPremisesImmutableId,
    onPremisesSamAccountName: user.onPremisesSamAccountName, onPremisesSyncEnabled: user.onPremisesSyncEnabled || null,
    otherMails: contacts?.otherMails ?? [], passwordPolicies: user.passwordPolicies,
    passwordProfile: password
      ? { password: null, forceChangePasswordNextSignIn: password.forceChangePasswordNextSignIn, forceChangePasswordNextSignInWithMfa: password.forceChangePasswordNextSignInWithMfa }
      : null,
    proxyAddresses: user.proxyAddresses, signInSessionsValidFromDateTime: instant(user.signInSessionsValidFromDateTime), usageLocation: user.usageLocation,
    userType: user.userType, identities: identitiesOf(user),
    // Nobody has these here.
    creationType: null, externalUserState: null, imAddresses: [], isResourceAccount: null, securityIdentifier: null, onPremisesProvisioningErrors: [],
  }
}

function shapeDetails(user: UserRow, details: UserDetails | undefined) {
  const { tenantId: _, userId: __, onPremisesExtensionAttributes, employeeHireDate, employeeLeaveDateTime, onPremisesLastSyncDateTime, mailNickname, ...plain } = details ?? noDetails
  return {
    ...plain, mailNickname: mailNickname ?? user.userPrincipalName.split('@')[0]!, employeeHireDate: instant(employeeHireDate),
    employeeLeaveDateTime: instant(employeeLeaveDateTime), onPremisesLastSyncDateTime: instant(onPremisesLastSyncDateTime),
    onPremisesExtensionAttributes: {
      ...Object.fromEntries(extensionAttributes.map(name => [name, null])),
      ...(onPremisesExtensionAttributes === null ? {} : JSON.parse(onPremisesExtensionAttributes) as Record<string, string>),
    },
  }
}

const noDetails = Object.fromEntries(detailed.map(name => [name, null])) as unknown as UserDetails

/** The name somebody signs in with, as a list: Entra's first entry. */
const identitiesOf = ({ userPrincipalName }: UserRow) => [{ signInType: 'userPrincipalName', issuer: userPrincipalName.split('@')[1]!, issuerAssignedId: userPrincipalName }]

interface AssignedLicence {
  disabledPlans: string[]
  skuId: string
}

/** Licences assigned to the person, not those that come by a group. */
async function assignedTo(db: Db, tenantId: string, ids: readonly string[]): Promise<Map<string, AssignedLicence[]>> {
  const found = new Map<string, AssignedLicence[]>()
  if (ids.length === 0) return found
  const rows = await db.selectFrom('licenseAssignments').select(['principalId', 'skuId', 'disabledPlans'])
    .where('tenantId', '=', tenantId).where('principalId', 'in', [...ids]).orderBy('skuId').execute()
  for (const { principalId, skuId, disabledPlans } of rows) {
    found.set(principalId, [...(found.get(principalId) ?? []), { disabledPlans: JSON.parse(disabledPlans) as string[], skuId }])
  }
  return found
}

async function contactsOf(app: App, tenantId: string, ids: readonly string[]): Promise<Map<string, Contacts>> {
  const found = new Map<string, Contacts>()
  if (ids.length === 0) return found
  const rows = await app.db.selectFrom('userContacts').select(['id', 'userId', 'kind', 'valueSealed'])
    .where('tenantId', '=', tenantId).where('userId', 'in', [...ids]).orderBy('kind').orderBy('position').execute()
  for (const row of rows) {
    const value = await app.keys.openText(contactPlace(tenantId, row.id), row.valueSealed)
    const contacts = found.get(row.userId) ?? { mobilePhone: null, businessPhones: [], otherMails: [] }
    if (row.kind === 'mobilePhone') contacts.mobilePhone = value
    else if (row.kind === 'businessPhone') contacts.businessPhones.push(value)
    else contacts.otherMails.push(value)
    found.set(row.userId, contacts)
  }
  return found
}

async function passwordsOf(db: Db, tenantId: string, ids: readonly string[]): Promise<Map<string, PasswordState>> {
  if (ids.length === 0) return new Map()
  const rows = await db.selectFrom('passwords').select(['userId', 'changedAt', 'forceChangePasswordNextSignIn', 'forceChangePasswordNextSignInWithMfa'])
    .where('tenantId', '=', tenantId).where('userId', 'in', [...ids]).execute()
  return new Map(rows.map(({ userId, ...state }) => [userId, state]))
}
