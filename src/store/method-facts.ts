/** What a person has to prove themselves with, as the rules see it: where it leads only as an opaque key, nothing opened. */
import type { Db } from '../app.ts'
import type { MethodFacts, MethodKind } from '../rules/facts.ts'

/** As many of each sort are read for one person. */
const most = 200

/** What is registered. */
export function selectRegistered(db: Db, tenantId: string, userId: string) {
  return db
    .selectFrom('authenticationMethods')
    .select(['id', 'kind', 'origin', 'valueIndex', 'verifiedAt', 'heldUntil'])
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .orderBy('createdDateTime')
    .orderBy('id')
    .limit(most)
}

/** Contact data, which counts for itself (LD-24). */
export function selectContacts(db: Db, tenantId: string, userId: string) {
  return db
    .selectFrom('userContacts')
    .select(['id', 'kind', 'origin', 'valueIndex', 'wellFormed'])
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
    .orderBy('kind')
    .orderBy('position')
    .limit(most)
}

/** How many questions are answered. */
export function countAnswers(db: Db, tenantId: string, userId: string) {
  return db
    .selectFrom('securityAnswers')
    .select(eb => eb.fn.countAll<number>().as('count'))
    .where('tenantId', '=', tenantId)
    .where('userId', '=', userId)
}

/** All three as the rules see them. */
export function methodFacts(registered: readonly Registered[], contacts: readonly Contact[], answers: number): MethodFacts[] {
  return [...registered.flatMap(registeredFacts), ...contacts.flatMap(contactFacts), ...(answers > 0 ? [questionFacts(answers)] : [])]
}

/** The same for many people. Three queries. */
export async function methodsOfMany(db: Db, tenantId: string, userIds: readonly string[]): Promise<Map<string, MethodFacts[]>> {
  const registered = await db
    .selectFrom('authenticationMethods')
    .select(['userId', 'id', 'kind', 'origin', 'valueIndex', 'verifiedAt', 'heldUntil'])
    .where('tenantId', '=', tenantId)
    .where('userId', 'in', userIds)
    .orderBy('createdDateTime')
    .orderBy('id')
    .execute()
  const contacts = await db
    .selectFrom('userContacts')
    .select(['userId', 'id', 'kind', 'origin', 'valueIndex', 'wellFormed'])
    .where('tenantId', '=', tenantId)
    .where('userId', 'in', userIds)
    .orderBy('kind')
    .orderBy('position')
    .execute()
  const answers = await db
    .selectFrom('securityAnswers')
    .select(['userId', eb => eb.fn.countAll<number>().as('count')])
    .where('tenantId', '=', tenantId)
    .where('userId', 'in', userIds)
    .groupBy('userId')
    .execute()
  const [methodsBy, contactsBy] = [Map.groupBy(registered, row => row.userId), Map.groupBy(contacts, row => row.userId)]
  const answersBy = new Map(answers.map(row => [row.userId, row.count]))
  return new Map(userIds.map(userId => [userId, [
    ...methodFacts((methodsBy.get(userId) ?? []).slice(0, most), (contactsBy.get(userId) ?? []).slice(0, most), answersBy.get(userId) ?? 0),
  ]]))
}

/** An app that gets a question and shows codes is two methods that lead to the same place. */
const kindsOfRegistered: Record<string, readonly MethodKind[]> = {
  email: ['email'],
  mobile: ['mobile'],
  alternateMobile: ['alternateMobile'],
  office: ['office'],
  microsoftAuthenticator: ['appNotification', 'appCode'],
  softwareOath: ['oath'],
  hardwareOath: ['hardwareOath'],
}

export interface Registered {
  id: string
  kind: string
  origin: string
  valueIndex: string | null
  verifiedAt: number | null
  heldUntil: number | null
}

function registeredFacts({ id, kind, origin, valueIndex, verifiedAt, heldUntil }: Registered): MethodFacts[] {
  return (kindsOfRegistered[kind] ?? []).map(one => ({
    id,
    kind: one,
    source: 'private',
    writtenBy: writerOf(origin),
    wellFormed: true, // checked when it was added
    verified: verifiedAt !== null,
    heldUntil,
    destinationKey: valueIndex ?? id, // a seed leads to its own app only
  }))
}

const kindsOfContact: Record<string, MethodKind> = { mobilePhone: 'mobile', businessPhone: 'office', otherMail: 'email' }

export interface Contact {
  id: string
  kind: string
  origin: string
  valueIndex: string
  wellFormed: boolean
}

function contactFacts(row: Contact): MethodFacts[] {
  const kind = kindsOfContact[row.kind]
  if (!kind) return []
  return [
    {
      id: row.id,
      kind,
      source: 'public',
      writtenBy: writerOf(row.origin),
      wellFormed: row.wellFormed,
      verified: false, // a code that comes back makes a registered method of it
      heldUntil: null,
      destinationKey: row.valueIndex,
    },
  ]
}

function questionFacts(answeredQuestions: number): MethodFacts {
  return {
    id: 'securityQuestions',
    kind: 'securityQuestions',
    source: 'private',
    writtenBy: 'self',
    wellFormed: true,
    verified: true,
    heldUntil: null,
    destinationKey: 'securityQuestions',
    answeredQuestions,
  }
}

const writers = ['self', 'administrator', 'application', 'import', 'sync'] as const

/** An origin we do not know counts as the weakest. */
const writerOf = (origin: string): MethodFacts['writtenBy'] => writers.find(writer => writer === origin) ?? 'self'
