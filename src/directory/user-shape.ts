import { Type } from 'typebox'
import type { App, Db } from '../app.ts'
import { contactPlace } from '../store/contacts.ts'
import type { UserRow } from '../store/users.ts'
import { Nullable, instant, pick } from '../graph/answers.ts'

const text = Nullable(Type.String())

/** What GET returns without `$select` (graph §5.2), in Graph's order. */
export const defaultProperties = [
  'businessPhones', 'displayName', 'givenName', 'jobTitle', 'mail', 'mobilePhone', 'officeLocation', 'preferredLanguage', 'surname', 'userPrincipalName', 'id',
] as const

/** What people without a directory role see of others (User.ReadBasic.All). */
export const basicProperties = ['displayName', 'givenName', 'mail', 'surname', 'userPrincipalName', 'id'] as const

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
  createdDateTime: Type.Optional(text),
  deletedDateTime: Type.Optional(text),
  department: Type.Optional(text),
  lastPasswordChangeDateTime: Type.Optional(text),
  mailNickname: Type.Optional(text),
  onPremisesDistinguishedName: Type.Optional(text),
  onPremisesDomainName: Type.Optional(text),
  onPremisesImmutableId: Type.Optional(text),
  onPremisesSamAccountName: Type.Optional(text),
  onPremisesSyncEnabled: Type.Optional(Nullable(Type.Boolean())),
  otherMails: Type.Optional(Type.Array(Type.String())),
  passwordPolicies: Type.Optional(text),
  passwordProfile: Type.Optional(Nullable(Type.Object({
    password: Type.Null(), forceChangePasswordNextSignIn: Type.Boolean(), forceChangePasswordNextSignInWithMfa: Type.Boolean(),
  }))),
  proxyAddresses: Type.Optional(Type.Array(Type.String())),
  signInSessionsValidFromDateTime: Type.Optional(text),
  usageLocation: Type.Optional(text),
  userType: Type.Optional(text),
})

export const selectableProperties = Object.keys(User.properties).filter(name => !name.startsWith('@'))

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
export async function shapeUsers(app: App, tenantId: string, users: readonly UserRow[], properties: readonly string[]) {
  const ids = users.map(user => user.id)
  const wanted = (...names: string[]) => names.some(name => properties.includes(name))
  const contacts = wanted('mobilePhone', 'businessPhones', 'otherMails') ? await contactsOf(app, tenantId, ids) : new Map<string, Contacts>()
  const passwords = wanted('passwordProfile', 'lastPasswordChangeDateTime') ? await passwordsOf(app.db, tenantId, ids) : new Map<string, PasswordState>()
  return users.map(user => pick(shape(user, contacts.get(user.id), passwords.get(user.id)), properties))
}

function shape(user: UserRow, contacts: Contacts | undefined, password: PasswordState | undefined) {
  return {
    businessPhones: contacts?.businessPhones ?? [], displayName: user.displayName, givenName: user.givenName, jobTitle: user.jobTitle, mail: user.mail,
    mobilePhone: contacts?.mobilePhone ?? null, officeLocation: user.officeLocation, preferredLanguage: user.preferredLanguage, surname: user.surname,
    userPrincipalName: user.userPrincipalName, id: user.id, accountEnabled: user.accountEnabled, createdDateTime: instant(user.createdDateTime),
    deletedDateTime: instant(user.deletedDateTime), department: user.department, lastPasswordChangeDateTime: instant(password?.changedAt ?? null),
    mailNickname: user.userPrincipalName.split('@')[0]!, onPremisesDistinguishedName: user.onPremisesDistinguishedName,
    onPremisesDomainName: user.onPremisesDomain, onPremisesImmutableId: user.onPremisesImmutableId,
    onPremisesSamAccountName: user.onPremisesSamAccountName, onPremisesSyncEnabled: user.onPremisesSyncEnabled || null,
    otherMails: contacts?.otherMails ?? [], passwordPolicies: user.passwordPolicies,
    passwordProfile: password
      ? { password: null, forceChangePasswordNextSignIn: password.forceChangePasswordNextSignIn, forceChangePasswordNextSignInWithMfa: password.forceChangePasswordNextSignInWithMfa }
      : null,
    proxyAddresses: user.proxyAddresses, signInSessionsValidFromDateTime: instant(user.signInSessionsValidFromDateTime), usageLocation: user.usageLocation,
    userType: user.userType,
  }
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
