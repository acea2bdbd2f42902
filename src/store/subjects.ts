/**
 * Everybody's facts, for whatever counts people: the registration reports, the preview of a policy, the diagnosis of a whole
 * tenant. A chunk costs a fixed number of statements however many people there are in it, each statement looks at a chunk and no
 * more, and others get their turn between chunks.
 */
import type { Db } from '../app.ts'
import type { SubjectFacts, TenantFacts } from '../rules/facts.ts'
import { unitsOfMany } from './administrative-units.ts'
import { pageSize } from './engine.ts'
import { groupsOfMany, ownersOfRoleGroups } from './groups.ts'
import { licencesOfMany } from './licences.ts'
import { methodsOfMany } from './method-facts.ts'
import { breathe } from './old-rows.ts'
import { lastPasswordEvents } from './password-events.ts'
import { rolesOfMany } from './roles.ts'
import { lastSignIns } from './sign-ins.ts'
import { selectPeople, subjectFacts } from './subject-facts.ts'
import type { PersonRow } from './subject-facts.ts'
import type { UserPage } from './users.ts'

/** How many people are read at once: on SQLite a chunk holds the loop for as long as its statements take. */
export const chunkSize = 100

/** Where somebody stands in the order of display names; what a next page goes on after. */
export type Place = NonNullable<UserPage['after']>

export interface Listed {
  subject: SubjectFacts
  place: Place
}

type Home = Pick<TenantFacts, 'id' | 'domains'>

/** Everybody who is not deleted, by display name, from a place on. */
export async function* everySubject(db: Db, tenant: Home, now: number, from?: Place): AsyncGenerator<Listed, void> {
  for (let after = from; ; await breathe()) {
    const chunk = await listSubjects(db, tenant, now, { after })
    yield* chunk
    if (chunk.length < chunkSize) return
    after = chunk.at(-1)!.place
  }
}

/** A page of people who are not deleted, by display name. */
export async function listSubjects(db: Db, tenant: Home, now: number, { after, top = chunkSize }: Pick<UserPage, 'after' | 'top'> = {}): Promise<Listed[]> {
  let query = selectPeople(db, tenant.id).select('u.displayNameLower').where('u.deletedDateTime', 'is', null)
  if (after) query = query.where(eb => eb(eb.refTuple('u.displayNameLower', 'u.id'), '>', eb.tuple(after.displayNameLower, after.id)))
  const people = await query.orderBy('u.displayNameLower').orderBy('u.id').limit(pageSize(Math.min(top, chunkSize))).execute()
  const facts = await factsOf(db, tenant, people, now)
  return people.map((person, at) => ({ subject: facts[at]!, place: { displayNameLower: person.displayNameLower, id: person.id } }))
}

/** These people's facts by their ids; who is not there is missing, deleted people are not. */
export async function subjectsOf(db: Db, tenant: Home, ids: readonly string[], now: number): Promise<Map<string, SubjectFacts>> {
  const found = new Map<string, SubjectFacts>()
  for (let from = 0; from < ids.length; from += chunkSize) {
    if (from > 0) await breathe()
    const people = await selectPeople(db, tenant.id).where('u.id', 'in', padded(ids.slice(from, from + chunkSize))).execute()
    for (const subject of await factsOf(db, tenant, people, now)) found.set(subject.id, subject)
  }
  return found
}

/** Lists of one length, so that the server keeps one prepared statement and not a hundred. Nobody's id is empty. */
const padded = (ids: readonly string[]): string[] => [...ids, ...Array<string>(chunkSize - ids.length).fill('')]

async function factsOf(db: Db, tenant: Home, people: readonly PersonRow[], now: number): Promise<SubjectFacts[]> {
  if (people.length === 0) return []
  const [tenantId, ids] = [tenant.id, padded(people.map(person => person.id))]
  const groups = Map.groupBy(await groupsOfMany(db, tenantId, ids), row => row.memberId)
  const roles = await rolesOfMany(db, tenantId, ids)
  const owners = await ownersOfRoleGroups(db, tenantId, ids)
  const units = await unitsOfMany(db, tenantId, ids)
  const licences = await licencesOfMany(db, tenantId, ids)
  const methods = await methodsOfMany(db, tenantId, ids)
  const events = await lastPasswordEvents(db, tenantId, ids)
  const signIns = await lastSignIns(db, tenantId, ids)
  return people.map(person => subjectFacts(tenant.domains, person, {
    groups: groups.get(person.id) ?? [], roles: roles.get(person.id) ?? [], ownsRoleGroup: owners.has(person.id),
    administrativeUnits: units.get(person.id) ?? [], licences: licences.get(person.id) ?? [], methods: methods.get(person.id) ?? [],
    lastPasswordEvent: events.get(person.id) ?? null, lastSignInAt: signIns.get(person.id) ?? null,
  }, now))
}
