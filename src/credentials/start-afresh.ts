/**
 * What somebody lesser made for a person or opened in their name ends when the person rises: a temporary access pass and every
 * session (T-30, T-39). The next sign-in is an administrator's. All of these in the transaction that gives the role, directly or by
 * a group.
 */
import type { Db } from '../app.ts'
import { lockGroup, usersInGroup } from '../store/groups.ts'
import { deletePasses } from '../store/passes.ts'
import { groupGivesRole } from '../store/roles.ts'
import { updateSession } from '../store/sessions.ts'
import { lockUser } from '../store/user-lock.ts'
import { endSessions } from './revoke-sessions.ts'

interface Rise {
  tenantId: string
  /** Whoever raises themself stays signed in: their id, and the id hash of the session they do it in. */
  self: { userId: string; session: string } | undefined
  at: number
}

/** For somebody who is given a role. Holds the person's row until the end. */
export async function startAfresh(trx: Db, { tenantId, userId, self, at }: Rise & { userId: string }): Promise<void> {
  const keepSession = self?.userId === userId ? self.session : undefined
  await deletePasses(trx, tenantId, userId)
  await endSessions(trx, { tenantId, userId, keepSession, at })
  if (keepSession !== undefined) await updateSession(trx, tenantId, keepSession, { isAdministrator: true })
}

/** For everybody in a group that is given a role, or comes back with one. The group's row is held: nobody joins unseen meanwhile. */
export async function startGroupAfresh(trx: Db, { groupId, ...rise }: Rise & { groupId: string }): Promise<void> {
  await lockGroup(trx, rise.tenantId, groupId)
  for (const userId of await usersInGroup(trx, rise.tenantId, groupId)) {
    if (await lockUser(trx, rise.tenantId, userId)) await startAfresh(trx, { ...rise, userId })
  }
}

/** For a person or a group that has joined a group: nothing, unless that gives them a role. To be called after the joining. */
export async function startMemberAfresh(trx: Db, { groupId, memberId, ...rise }: Rise & { groupId: string; memberId: string }): Promise<void> {
  await lockGroup(trx, rise.tenantId, groupId)
  if (!(await groupGivesRole(trx, rise.tenantId, groupId))) return
  if (await lockUser(trx, rise.tenantId, memberId)) await startAfresh(trx, { ...rise, userId: memberId })
  else await startGroupAfresh(trx, { ...rise, groupId: memberId })
}
