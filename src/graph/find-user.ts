/** A person named in a path or a body (graph §2.1). */
import { Type } from 'typebox'
import type { Db } from '../app.ts'
import { parseKey } from '../odata-path.ts'
import { findUser, resolveName } from '../store/users.ts'
import type { UserRow } from '../store/users.ts'
import { notFound } from './deciding.ts'

/** The id or name in a path; ids are looked for first, and both only in the caller's tenant (T-43). */
export const UserKey = Type.Object({ id: Type.String({ minLength: 1, maxLength: 320 }) })

/**
 * Whoever has the id or user principal name, also written `(id='…')` or `(userPrincipalName='…')`.
 * @throws Refusal 404 for a foreign, deleted or unknown one alike
 */
export async function requireUser(db: Db, tenantId: string, written: string): Promise<UserRow> {
  const key = keyOf(written)
  const user = (await findUser(db, tenantId, key)) ?? (key.includes('@') ? await byName(db, tenantId, key) : undefined)
  if (!user) throw notFound()
  return user
}

const alternateKeys = new Set(['id', 'userPrincipalName'])

function keyOf(written: string): string {
  const [one, ...more] = parseKey(written) ?? []
  return one && more.length === 0 && alternateKeys.has(one[0]) ? one[1] : written
}

async function byName(db: Db, tenantId: string, key: string): Promise<UserRow | undefined> {
  const found = await resolveName(db, tenantId, key)
  return found?.foundBy === 'userPrincipalName' ? found.user : undefined
}
