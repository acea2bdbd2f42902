/** Whoever signs in, as far as it matters before the password is compared. */
import type { Db } from '../app.ts'
import { columns } from './columns.ts'
import { jsonRows } from './json-rows.ts'
import { familiarFor, selectFamiliarPlaces } from './lockouts.ts'
import { latestPolicies, selectPolicies } from './policies.ts'
import type { ReadPolicies } from './policies.ts'
import { nameKey } from './names.ts'
import type { PasswordRow } from './passwords.ts'
import { prepared } from './prepared.ts'
import { parseUser } from './users.ts'
import type { UserRow } from './users.ts'

export interface SignerWanted {
  tenantId: string
  /** As typed. */
  typedName: string
  accountKey: string
  /** Keyed hashes of the places the try comes from, two at most. */
  placeMacs: readonly string[]
  now: number
}

export interface Signer {
  /** Undefined when nobody has the name, or it may not be signed in with. */
  user: UserRow | undefined
  password: PasswordRow | undefined
  policies: ReadPolicies
  /** Which of the places were signed in from within 30 days, and when last. */
  familiarPlaces: Map<string, number>
}

const places = jsonRows<{ placeMac: string; lastSuccessAt: number }>(['placeMac', 'lastSuccessAt'])

/** The kinds of names that find somebody (users.ts). */
const signInAliases = ['userPrincipalName', 'mail', 'alternateLogin']
/** But for the keys, which are the user's. */
const passwordColumns = [
  'hash', 'changedAt', 'forceChangePasswordNextSignIn', 'forceChangePasswordNextSignInWithMfa', 'temporaryUntil', 'temporaryUsedAt', 'channel', 'lengthAtLeast15',
] as const

function pick<Row extends object, Name extends keyof Row>(row: Row, names: readonly Name[]): { [Key in Name]: NonNullable<Row[Key]> } {
  const picked = {} as { [Key in Name]: NonNullable<Row[Key]> }
  for (const name of names) picked[name] = row[name] as NonNullable<Row[Name]>
  return picked
}

const signerByName = prepared<{ tenantId: string; aliasLower: string; accountKey: string; one: string; other: string; since: number }>()((db, value) => {
  const tenantId = value('tenantId')
  const known = selectFamiliarPlaces(db, { tenantId, accountKey: value('accountKey'), one: value('one'), other: value('other'), since: value('since') })
  return db
    .selectFrom(db.selectNoFrom([selectPolicies(db, tenantId), places.select(db, known, 'places')]).as('about'))
    .leftJoin('userAliases as a', join =>
      join.on('a.tenantId', '=', tenantId).on('a.aliasLower', '=', value('aliasLower')).on('a.kind', 'in', signInAliases))
    .leftJoin('users as u', join => join.onRef('u.tenantId', '=', 'a.tenantId').onRef('u.id', '=', 'a.userId').on('u.deletedDateTime', 'is', null))
    .leftJoin('passwords as p', join => join.onRef('p.tenantId', '=', 'u.tenantId').onRef('p.userId', '=', 'u.id'))
    .select(['about.policies', 'about.places', 'a.kind as aliasKind'])
    .select(columns.users.map(column => `u.${column}` as const))
    .select('p.userId as passwordOf')
    .select(passwordColumns.map(column => `p.${column}` as const))
})

/** One query, for a name that nobody has as for another (T-02). */
export async function readSigner(db: Db, { tenantId, typedName, accountKey, placeMacs, now }: SignerWanted): Promise<Signer> {
  const [one = '', other = ''] = placeMacs
  const row = await signerByName.only(db, { tenantId, aliasLower: nameKey(typedName.trim()), accountKey, one, other, since: now - familiarFor })
  const policies = latestPolicies.of(tenantId, row.policies)
  const allowed = row.aliasKind === 'userPrincipalName' || policies.tenantSettings.alternateSignInWithMail
  const found = row.id !== null && allowed
  return {
    user: found ? parseUser(pick(row, columns.users)) : undefined,
    password: found && row.passwordOf !== null ? { ...pick(row, passwordColumns), tenantId, userId: row.passwordOf } : undefined,
    policies,
    familiarPlaces: new Map(places.read(row.places).map(place => [place.placeMac, place.lastSuccessAt])),
  }
}
