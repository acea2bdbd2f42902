/** Mail to the owners of programs 90, 60, 30, 14, 7 and 1 days before a credential ends, each once (M-02). */
import type { App, Db } from '../app.ts'
import { queueMessage } from '../notify/queue-message.ts'
import { applicationRoles } from '../rules/app-reach.ts'
import { noticeDays, noticeDue } from '../rules/credential-removal.ts'
import { firstParty } from '../rules/first-party.ts'
import { credentialsEnding, listCredentialUses } from '../store/application-credentials.ts'
import type { CredentialRow } from '../store/application-credentials.ts'
import { listApplicationOwners } from '../store/application-owners.ts'
import { findApplication, findApplicationByAppId } from '../store/applications.ts'
import { breathe } from '../store/old-rows.ts'
import { claimOnce } from '../store/once-only.ts'
import { listRoleHolders } from '../store/role-holders.ts'
import { findServicePrincipal, findServicePrincipalByAppId } from '../store/service-principals.ts'
import { findTenant } from '../store/tenants.ts'
import { findUser } from '../store/users.ts'
import { matchLocale } from '../text.ts'

const day = 86_400_000
const together = 100
/** As many people hear of one credential. */
const mostPeople = 20
/** Five a second, so that many credentials of one day hold up nobody's code. Milliseconds. */
const spacing = 200

/** Queues what is due now; whoever looks and however often, each owner hears of each day once. @returns how many messages */
export async function queueCredentialNotices(app: App, tenantId: string): Promise<number> {
  const now = app.now()
  let queued = 0
  for (let after: { endDateTime: number; ownerId: string; keyId: string } | undefined; ; await breathe()) {
    const rows = await credentialsEnding(app.db, tenantId, { from: now, to: now + noticeDays[0] * day + 1, after, top: together })
    for (const row of rows) {
      const due = noticeDue(row, now)
      if (due !== undefined) queued += await queueOne(app, row, due, queued)
    }
    after = rows.at(-1)
    if (rows.length < together) return queued
  }
}

async function queueOne(app: App, row: CredentialRow, due: number, before: number): Promise<number> {
  const { tenantId, ownerId, keyId, endDateTime } = row
  const program = await findProgram(app.db, row)
  // Of a program that is gone or switched off nobody needs to do anything.
  if (!program) return 0
  const now = app.now()
  return app.db.transaction().execute(async trx => {
    if (!(await claimOnce(trx, { tenantId, key: `credential-expires:${ownerId} ${keyId} ${row.kind} ${due}`, expiresAt: endDateTime, now }))) return 0
    const use = (await listCredentialUses(trx, tenantId, [ownerId])).find(one => one.keyId === keyId)
    const tenantLocale = matchLocale((await findTenant(trx, tenantId))?.defaultLocale) ?? 'en'
    const people = await peopleFor(trx, tenantId, program.objectIds)
    for (const [at, person] of people.entries()) {
      await queueMessage(app, trx, {
        tenantId, name: 'credentialExpires', to: { kind: 'mail', address: person.mail ?? person.userPrincipalName }, locale: matchLocale(person.preferredLanguage) ?? tenantLocale,
        values: {
          name: person.displayName, application: program.displayName, appId: program.appId, credential: row.displayName || (row.hint === null ? keyId : `${row.hint}…`), kind: row.kind,
          days: Math.ceil((endDateTime - now) / day), ends: endDateTime, used: use ? 'yes' : 'no', lastUsed: use?.lastUsedAt ?? '',
        },
        availableAt: now + (before + at) * spacing, expiresAt: endDateTime,
      })
    }
    return people.length
  })
}

interface Program {
  appId: string
  displayName: string
  /** Of the application and of its service principal. */
  objectIds: string[]
}

async function findProgram(db: Db, { tenantId, ownerId, ownerType }: CredentialRow): Promise<Program | undefined> {
  const its = ownerType === 'application' ? await findApplication(db, tenantId, ownerId) : await findServicePrincipal(db, tenantId, ownerId)
  if (!its || firstParty(its.appId)) return undefined
  const [application, principal] = [await findApplicationByAppId(db, tenantId, its.appId), await findServicePrincipalByAppId(db, tenantId, its.appId)]
  if (application?.isDisabled || principal?.accountEnabled === false) return undefined
  return { appId: its.appId, displayName: its.displayName, objectIds: [application?.id, principal?.id].filter(id => id !== undefined) }
}

interface Person {
  displayName: string
  userPrincipalName: string
  mail: string | null
  preferredLanguage: string | null
}

/** Its owners; of a program that nobody owns, those who look after all of them. */
async function peopleFor(db: Db, tenantId: string, objectIds: readonly string[]): Promise<Person[]> {
  const ids = new Set<string>()
  for (const objectId of objectIds) for (const owner of await listApplicationOwners(db, tenantId, objectId)) if (owner.ownerType === 'user') ids.add(owner.ownerId)
  const owners = await Promise.all([...ids].slice(0, mostPeople).map(id => findUser(db, tenantId, id)))
  const active = owners.filter(one => one !== undefined && one.accountEnabled) as Person[]
  if (active.length > 0) return active
  const [globalAdministrator, ...others] = applicationRoles
  const holders = await listRoleHolders(db, tenantId, others, mostPeople)
  return holders.length > 0 ? holders : listRoleHolders(db, tenantId, [globalAdministrator], mostPeople)
}
