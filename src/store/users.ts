import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Db } from '../app.ts'
import { forgetChanges, noteChange } from './changes.ts'
import { columns } from './columns.ts'
import { addToCount, readCount } from './counters.ts'
import { freshPlans, pageSize } from './engine.ts'
import { forgetPrincipal } from './forget-principal.ts'
import { insertMany } from './insert-many.ts'
import { endOfPrefix, nameKey, shownName } from './names.ts'
import { readPolicies } from './policies.ts'
import { prepared } from './prepared.ts'
import type { UserTable } from './tables.ts'

/** A user as stored, with the lists opened. */
export type UserRow = Omit<Selectable<UserTable>, 'proxyAddresses'> & { proxyAddresses: string[] }

type Derived = 'upnLower' | 'displayNameLower' | 'mailLower' | 'proxyAddresses'
type Defaulted =
  | 'accountEnabled' | 'userType' | 'onPremisesSyncEnabled' | 'perUserMfaState' | 'credentialEpoch' | 'version' | 'signInSessionsValidFromDateTime'

/** What is given for a new user: compared forms and counters are made here. */
export type NewUser = Omit<Insertable<UserTable>, Derived | Defaulted> &
  Partial<Pick<Insertable<UserTable>, Defaulted>> & { proxyAddresses?: string[] }

/** What may change; never the id, the tenant, the epoch (bumpCredentialEpoch) or whether the user is deleted (softDeleteUser). */
export type UserChanges = Omit<
  Updateable<UserTable>,
  Derived | 'id' | 'tenantId' | 'version' | 'credentialEpoch' | 'deletedDateTime' | 'createdDateTime'
> & { proxyAddresses?: string[] }

export type FoundBy = 'userPrincipalName' | 'mail'

const qualified = columns.users.map(column => `users.${column}` as const)
const live = (db: Db, tenantId: string) =>
  db.selectFrom('users').select(qualified).where('users.tenantId', '=', tenantId).where('users.deletedDateTime', 'is', null)
const userById = prepared<{ tenantId: string; id: string }>()((db, value) => live(db, value('tenantId')).where('id', '=', value('id')))

export async function findUser(db: Db, tenantId: string, id: string): Promise<UserRow | undefined> {
  const row = await userById.first(db, { tenantId, id })
  return row && parseUser(row)
}

const userByAlias = prepared<{ tenantId: string; aliasLower: string }>()((db, value) =>
  live(db, value('tenantId'))
    .innerJoin('userAliases', join => join.onRef('userAliases.tenantId', '=', 'users.tenantId').onRef('userAliases.userId', '=', 'users.id'))
    .select('userAliases.kind as aliasKind')
    .where('userAliases.tenantId', '=', value('tenantId'))
    .where('userAliases.aliasLower', '=', value('aliasLower'))
    .where('userAliases.kind', 'in', ['userPrincipalName', 'mail', 'alternateLogin']))

/**
 * Whoever has the name, however it is found, and how: a user principal name always, a mail address too. Always one query, found
 * or not (T-02). Proxy addresses keep their names from others and find nobody.
 */
export async function resolveName(db: Db, tenantId: string, typed: string): Promise<{ user: UserRow; foundBy: FoundBy } | undefined> {
  const row = await userByAlias.first(db, { tenantId, aliasLower: nameKey(typed.trim()) })
  if (!row) return undefined
  const { aliasKind, ...user } = row
  return { user: parseUser(user), foundBy: aliasKind === 'userPrincipalName' ? 'userPrincipalName' : 'mail' }
}

/** The user whose principal name was typed, or whose mail address where the tenant allows signing in with it. Two queries, always. */
export async function findUserByName(db: Db, tenantId: string, typed: string): Promise<UserRow | undefined> {
  const found = await resolveName(db, tenantId, typed)
  const { tenantSettings } = await readPolicies(db, tenantId)
  if (!found) return undefined
  return found.foundBy === 'userPrincipalName' || tenantSettings.alternateSignInWithMail ? found.user : undefined
}

/** A name, address or proxy address that someone in the tenant has already is a unique violation (T-23). */
export async function insertUser(trx: Db, user: NewUser): Promise<void> {
  const row = newRow(user)
  await trx.insertInto('users').values(row).execute()
  await noteChange(trx, user.tenantId, 'user', user.id, { removed: row.deletedDateTime == null ? null : 'changed' })
  if (row.deletedDateTime != null) return
  await writeAliases(trx, user.tenantId, user.id, { ...user, proxyAddresses: user.proxyAddresses ?? [] })
  await addToCount(trx, user.tenantId, 'user', 1)
}

const insertRows = insertMany('users', columns.users, 40)
const insertAliases = insertMany('userAliases', columns.userAliases, 100)
/** From so many people on, delta queries begin anew instead of telling each. */
const toldEach = 100

/** Many people of one tenant who are all there, as one change. Their names must differ; one that is taken is a unique violation. */
export async function insertUsers(trx: Db, tenantId: string, users: readonly NewUser[]): Promise<void> {
  if (users.length === 0) return
  if (users.length > toldEach) await freshPlans(trx)
  await insertRows(trx, users.map(newRow))
  await insertAliases(trx, users.flatMap(user => aliasRows(tenantId, user.id, { ...user, proxyAddresses: user.proxyAddresses ?? [] })))
  if (users.length > toldEach) await forgetChanges(trx, tenantId, 'user')
  else for (const { id } of users) await noteChange(trx, tenantId, 'user', id)
  await addToCount(trx, tenantId, 'user', users.length)
}

function newRow(user: NewUser): Insertable<UserTable> {
  return {
    accountEnabled: true,
    userType: 'Member',
    onPremisesSyncEnabled: false,
    perUserMfaState: 'disabled',
    credentialEpoch: 1,
    version: 1,
    signInSessionsValidFromDateTime: user.createdDateTime,
    ...user,
    ...shown(user),
    ...compared(user),
    proxyAddresses: JSON.stringify(user.proxyAddresses ?? []),
  }
}

/** Nobody reads these over Graph, so a delta query does not tell of them. */
const unseen: ReadonlySet<string> = new Set(['registrationCompletedAt', 'lastConfirmedAt', 'perUserMfaState', 'onPremisesAccount', 'externalKind'])

/**
 * Changes a user in the caller's transaction, names and aliases together.
 * @param expectedVersion when given and not the user's any more, nothing changes.
 * @returns the user as changed; undefined when there is none, or none of that version. A name someone has is a unique violation.
 */
export async function updateUser(
  trx: Db,
  tenantId: string,
  id: string,
  changes: UserChanges,
  { expectedVersion }: { expectedVersion?: number } = {},
): Promise<UserRow | undefined> {
  const { proxyAddresses, ...plain } = changes
  let update = trx
    .updateTable('users')
    .set(eb => ({
      ...plain,
      ...shown(changes),
      ...compared(changes),
      ...(proxyAddresses === undefined ? {} : { proxyAddresses: JSON.stringify(proxyAddresses) }),
      version: eb('version', '+', 1),
    }))
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('deletedDateTime', 'is', null)
  if (expectedVersion !== undefined) update = update.where('version', '=', expectedVersion)
  const row = await update.returning(columns.users).executeTakeFirst()
  if (!row) return undefined
  const user = parseUser(row)
  if (Object.keys(changes).some(name => !unseen.has(name))) await noteChange(trx, tenantId, 'user', id)
  const renamed = changes.userPrincipalName !== undefined || changes.mail !== undefined || proxyAddresses !== undefined
  if (renamed) await writeAliases(trx, tenantId, id, user)
  return user
}

/** To the deleted items: no name finds the user, the names are free for others, every session is dead. */
export async function softDeleteUser(trx: Db, tenantId: string, id: string, now: number): Promise<boolean> {
  const row = await trx
    .updateTable('users')
    .set(eb => ({ deletedDateTime: now, version: eb('version', '+', 1), credentialEpoch: eb('credentialEpoch', '+', 1) }))
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('deletedDateTime', 'is', null)
    .returning('id')
    .executeTakeFirst()
  if (!row) return false
  await trx.deleteFrom('userAliases').where('tenantId', '=', tenantId).where('userId', '=', id).execute()
  await noteChange(trx, tenantId, 'user', id, { removed: 'changed' })
  await addToCount(trx, tenantId, 'user', -1)
  return true
}

/**
 * Back from the deleted items. A name someone else took meanwhile is a unique violation.
 * @param renamed another principal name to come back with
 */
export async function restoreUser(trx: Db, tenantId: string, id: string, renamed?: string): Promise<UserRow | undefined> {
  const row = await trx
    .updateTable('users')
    .set(eb => ({
      deletedDateTime: null, version: eb('version', '+', 1), ...(renamed === undefined ? {} : { userPrincipalName: renamed, upnLower: nameKey(renamed) }),
    }))
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('deletedDateTime', 'is not', null)
    .returning(columns.users)
    .executeTakeFirst()
  if (!row) return undefined
  const user = parseUser(row)
  await writeAliases(trx, tenantId, id, user)
  await noteChange(trx, tenantId, 'user', id)
  await addToCount(trx, tenantId, 'user', 1)
  return user
}

/** For good, with everything the user owns, group memberships and assignments included. Only from the deleted items. */
export async function deleteUserForGood(trx: Db, tenantId: string, id: string): Promise<boolean> {
  const gone = await trx
    .deleteFrom('users')
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('deletedDateTime', 'is not', null)
    .returning('id')
    .executeTakeFirst()
  if (!gone) return false
  await noteChange(trx, tenantId, 'user', id, { removed: 'deleted' })
  await trx.deleteFrom('managers').where('tenantId', '=', tenantId).where('managerId', '=', id).execute()
  await trx.deleteFrom('groupMembers').where('tenantId', '=', tenantId).where('memberId', '=', id).execute()
  await trx.deleteFrom('groupOwners').where('tenantId', '=', tenantId).where('ownerId', '=', id).execute()
  await trx.deleteFrom('administrativeUnitMembers').where('tenantId', '=', tenantId).where('memberId', '=', id).execute()
  await trx.deleteFrom('roleAssignments').where('tenantId', '=', tenantId).where('principalId', '=', id).execute()
  await trx.deleteFrom('licenseAssignments').where('tenantId', '=', tenantId).where('principalId', '=', id).execute()
  await forgetPrincipal(trx, tenantId, id)
  return true
}

/** Sessions, refresh tokens and remembered devices made before are dead (T-19). Returns the new epoch, undefined for nobody. */
export async function bumpCredentialEpoch(trx: Db, tenantId: string, userId: string, now: number): Promise<number | undefined> {
  const row = await trx
    .updateTable('users')
    .set(eb => ({ credentialEpoch: eb('credentialEpoch', '+', 1), signInSessionsValidFromDateTime: now }))
    .where('tenantId', '=', tenantId)
    .where('id', '=', userId)
    .returning('credentialEpoch')
    .executeTakeFirst()
  if (row) await noteChange(trx, tenantId, 'user', userId)
  return row?.credentialEpoch
}

export interface UserPage {
  tenantId: string
  /** The last user of the page before. */
  after?: { displayNameLower: string; id: string } | undefined
  /** 1 to 999, else brought within; 100 when not given. */
  top?: number | undefined
  /** Beginning of the display name, the user principal name or the mail address. */
  search?: string | undefined
  filter?: {
    accountEnabled?: boolean
    userType?: string
    onPremisesSyncEnabled?: boolean
    userPrincipalName?: string
    mail?: string
    displayNamePrefix?: string
    /** At most 999. */
    ids?: readonly string[]
  }
  /** The deleted items instead. */
  deleted?: boolean
}

/** A page of users by display name. */
export async function listUsers(db: Db, page: UserPage): Promise<UserRow[]> {
  const { tenantId, after, search, filter = {}, deleted } = page
  let query = db.selectFrom('users').select(columns.users).where('tenantId', '=', tenantId)
  query = query.where('deletedDateTime', deleted ? 'is not' : 'is', null)
  if (after) query = query.where(eb => eb(eb.refTuple('displayNameLower', 'id'), '>', eb.tuple(after.displayNameLower, after.id)))
  if (search) {
    const from = nameKey(search)
    const to = endOfPrefix(from)
    query = query.where(eb =>
      eb.or((['displayNameLower', 'upnLower', 'mailLower'] as const).map(column => eb.and([eb(column, '>=', from), eb(column, '<', to)]))),
    )
  }
  if (filter.displayNamePrefix !== undefined) {
    const from = nameKey(filter.displayNamePrefix)
    query = query.where('displayNameLower', '>=', from).where('displayNameLower', '<', endOfPrefix(from))
  }
  if (filter.userPrincipalName !== undefined) query = query.where('upnLower', '=', nameKey(filter.userPrincipalName))
  if (filter.mail !== undefined) query = query.where('mailLower', '=', nameKey(filter.mail))
  if (filter.accountEnabled !== undefined) query = query.where('accountEnabled', '=', filter.accountEnabled)
  if (filter.userType !== undefined) query = query.where('userType', '=', filter.userType)
  if (filter.onPremisesSyncEnabled !== undefined) query = query.where('onPremisesSyncEnabled', '=', filter.onPremisesSyncEnabled)
  if (filter.ids !== undefined) {
    if (filter.ids.length === 0) return []
    query = query.where('id', 'in', filter.ids.slice(0, 999))
  }
  const rows = await query.orderBy('displayNameLower').orderBy('id').limit(pageSize(page.top)).execute()
  return rows.map(parseUser)
}

/** Users who are not deleted. */
export const countUsers = (db: Db, tenantId: string): Promise<number> => readCount(db, tenantId, 'user')

/** A row with its lists opened. */
export const parseUser = (row: Selectable<UserTable>): UserRow => ({ ...row, proxyAddresses: JSON.parse(row.proxyAddresses) as string[] })

/** What people read of one another holds nothing that hides or turns it (T-68), by whichever door it came. */
function shown(user: Partial<Record<'displayName' | 'givenName' | 'surname' | 'jobTitle' | 'department' | 'officeLocation', string | null>>) {
  const names = ['displayName', 'givenName', 'surname', 'jobTitle', 'department', 'officeLocation'] as const
  return Object.fromEntries(names.flatMap(name => (typeof user[name] === 'string' ? [[name, shownName(user[name])]] : []))) as { displayName: string }
}

function compared(user: { userPrincipalName?: string; displayName?: string; mail?: string | null }): { upnLower: string; displayNameLower: string; mailLower: string | null } {
  const made = {
    ...(user.userPrincipalName === undefined ? {} : { upnLower: nameKey(user.userPrincipalName) }),
    ...(user.displayName === undefined ? {} : { displayNameLower: nameKey(shownName(user.displayName)) }),
    ...(user.mail === undefined ? {} : { mailLower: user.mail === null ? null : nameKey(user.mail) }),
  }
  return made as { upnLower: string; displayNameLower: string; mailLower: string | null }
}

type Named = { userPrincipalName: string; mail?: string | null; proxyAddresses: readonly string[] }

/** One namespace for all names of a tenant. */
async function writeAliases(trx: Db, tenantId: string, userId: string, user: Named): Promise<void> {
  await trx.deleteFrom('userAliases').where('tenantId', '=', tenantId).where('userId', '=', userId).execute()
  await trx.insertInto('userAliases').values(aliasRows(tenantId, userId, user)).execute()
}

/** Someone's own names may coincide: the strongest kind stays. */
function aliasRows(tenantId: string, userId: string, user: Named) {
  const kinds = new Map<string, string>()
  for (const address of user.proxyAddresses) kinds.set(nameKey(address.replace(/^smtp:/i, '')), 'proxyAddress')
  if (user.mail) kinds.set(nameKey(user.mail), 'mail')
  kinds.set(nameKey(user.userPrincipalName), 'userPrincipalName')
  return [...kinds].map(([aliasLower, kind]) => ({ tenantId, aliasLower, userId, kind }))
}
