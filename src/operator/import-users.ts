/**
 * Puts the people of a file into a tenant, by user principal name: who is new is made, who is there is brought in line, who
 * already is as the file says is left alone. So a second run changes nothing, and a run that was killed is simply repeated.
 * Each person's change is whole or not at all; nobody is ever deleted, and nobody's password is changed.
 */
import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { writeContacts } from '../credentials/contacts.ts'
import { hashPassword } from '../credentials/hash-password.ts'
import { faultPoint } from '../fault-point.ts'
import { appendAuditAll, type AuditEntry } from '../store/audit.ts'
import { contactPlace } from '../store/contacts.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { contactsOf, takenNames, usersByPrincipalName, type ImportedUser } from '../store/import.ts'
import { nameKey } from '../store/names.ts'
import { insertPasswords, type PasswordRow } from '../store/passwords.ts'
import { timedId } from '../store/timed-id.ts'
import { bumpCredentialEpoch, insertUsers, resolveName, updateUser, type NewUser, type UserChanges } from '../store/users.ts'
import { operatorActor } from './found-tenant.ts'
import type { RowProblem } from './import-columns.ts'
import type { ImportPerson } from './import-rows.ts'
import type { Secret } from '../secret.ts'

export interface ImportCounts {
  created: number
  updated: number
  unchanged: number
}

export interface ImportTarget {
  tenantId: string
  /** Verified domains of the tenant, in small letters. */
  domains: ReadonlySet<string>
  dryRun: boolean
  correlationId: string
  /** What is wrong with a first password, by the tenant's rules; nothing when it may be used. */
  passwordProblem(person: ImportPerson): Promise<RowProblem | undefined>
}

/** People handled at once. New ones go in together, which takes a tenth of a second of the server beside us. */
export const batchSize = 2000
/** People changed in one transaction: few enough that a server beside us never waits long for its turn to write. */
const changedAtOnce = 50
/** Passwords hashed at once: fewer than the hashing lane's queue. */
const hashedAtOnce = 50

type Contacts = Pick<ImportPerson, 'mobilePhone' | 'businessPhones' | 'otherMails'>
interface Plan {
  person: ImportPerson
  existing?: ImportedUser
  changes: UserChanges
  contacts: Contacts
  hash?: string
}

const properties = ['displayName', 'givenName', 'surname', 'mail', 'jobTitle', 'department', 'officeLocation', 'usageLocation', 'preferredLanguage', 'accountEnabled'] as const

/** Handles one batch (at most `batchSize` people whose names differ); @returns what was done and what could not be. */
export async function importBatch(app: App, target: ImportTarget, people: readonly ImportPerson[]): Promise<{ counts: ImportCounts; problems: RowProblem[] }> {
  const counts: ImportCounts = { created: 0, updated: 0, unchanged: 0 }
  const problems: RowProblem[] = []
  const plans: Plan[] = []
  const taken = await takenNames(app.db, target.tenantId, people.flatMap(({ userPrincipalName, mail }) => [userPrincipalName, ...(mail === undefined ? [] : [mail])].map(nameKey)))
  for (const plan of await planBatch(app, target, people, taken)) {
    const problem = await problemOf(app, target, plan, taken)
    if (problem) problems.push(problem)
    else if (plan.existing && isEmpty(plan)) counts.unchanged++
    else plans.push(plan)
  }
  if (!target.dryRun) {
    const hashing = plans.filter(plan => plan.person.password && !plan.existing)
    for (let at = 0; at < hashing.length; at += hashedAtOnce) {
      await Promise.all(hashing.slice(at, at + hashedAtOnce).map(async plan => (plan.hash = await hashPassword(app, plan.person.password!))))
    }
    const [simple, rest] = [plans.filter(isNewAndSimple), plans.filter(plan => !isNewAndSimple(plan))]
    problems.push(...(await applyAll(app, target, simple)))
    for (let at = 0; at < rest.length; at += changedAtOnce) problems.push(...(await applyAll(app, target, rest.slice(at, at + changedAtOnce))))
  }
  const failed = new Set(problems.map(problem => problem.line))
  for (const plan of plans) if (!failed.has(plan.person.line)) counts[plan.existing ? 'updated' : 'created']++
  return { counts, problems }
}

async function planBatch(app: App, target: ImportTarget, people: readonly ImportPerson[], taken: ReadonlySet<string>): Promise<Plan[]> {
  const known = await usersByPrincipalName(app.db, target.tenantId, people.map(person => person.userPrincipalName).filter(name => taken.has(nameKey(name))))
  const contacts = new Map<string, Required<Contacts>>()
  const ids = [...known.values()].map(user => user.id)
  for (const row of await contactsOf(app.db, target.tenantId, ids)) {
    const mine = contacts.get(row.userId) ?? { mobilePhone: '', businessPhones: [], otherMails: [] }
    const value = await app.keys.openText(contactPlace(target.tenantId, row.id), row.valueSealed)
    if (row.kind === 'mobilePhone') mine.mobilePhone = value
    else if (row.kind === 'businessPhone') mine.businessPhones.push(value)
    else mine.otherMails.push(value)
    contacts.set(row.userId, mine)
  }
  return people.map(person => {
    const existing = known.get(nameKey(person.userPrincipalName))
    if (!existing) return { person, changes: {}, contacts: contactsGiven(person) }
    return { person, existing, changes: changesOf(person, existing), contacts: contactsChanged(person, contacts.get(existing.id)) }
  })
}

function changesOf(person: ImportPerson, existing: ImportedUser): UserChanges {
  return Object.fromEntries(
    properties.filter(name => person[name] !== undefined && person[name] !== existing[name]).map(name => [name, person[name]]),
  ) as UserChanges
}

const contactsGiven = ({ mobilePhone, businessPhones, otherMails }: Contacts): Contacts => ({
  ...(mobilePhone === undefined ? {} : { mobilePhone }),
  ...(businessPhones === undefined ? {} : { businessPhones }),
  ...(otherMails === undefined ? {} : { otherMails }),
})

function contactsChanged(person: Contacts, now: Required<Contacts> | undefined): Contacts {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
  return Object.fromEntries(
    Object.entries(contactsGiven(person)).filter(([name, value]) => !same(value, now?.[name as keyof Contacts])),
  ) as Contacts
}

/** Nobody's contact data to seal, nobody's old values to compare: rows that go in as they are. */
const isNewAndSimple = (plan: Plan): boolean => !plan.existing && Object.keys(plan.contacts).length === 0

const isEmpty = (plan: Plan) => Object.keys(plan.changes).length === 0 && Object.keys(plan.contacts).length === 0

/** @param taken names that somebody has, as far as looked up; without it each is looked up */
async function problemOf(app: App, target: ImportTarget, { person, existing, changes }: Plan, taken?: ReadonlySet<string>): Promise<RowProblem | undefined> {
  const ownerOf = async (name: string) => (taken === undefined || taken.has(nameKey(name)) ? resolveName(app.db, target.tenantId, name) : undefined)
  const problem = (column: string, messageKey: RowProblem['messageKey'], values: RowProblem['values'] = {}): RowProblem => ({ line: person.line, column, messageKey, values })
  const domain = person.userPrincipalName.split('@')[1]!.toLowerCase()
  if (!target.domains.has(domain)) return problem('userPrincipalName', 'operator.import.domain', { domain })
  if (existing?.onPremisesSyncEnabled) return problem('userPrincipalName', 'operator.import.synced')
  if (!existing || changes.mail !== undefined) {
    const owner = person.mail === undefined ? undefined : await ownerOf(person.mail)
    if (owner && owner.user.id !== existing?.id) return problem('mail', 'operator.import.taken', { owner: owner.user.userPrincipalName })
  }
  if (!existing) {
    const owner = await ownerOf(person.userPrincipalName)
    if (owner) return problem('userPrincipalName', 'operator.import.taken', { owner: owner.user.userPrincipalName })
    if (person.password) return target.passwordProblem(person)
  }
  return undefined
}

/** The whole batch in one transaction; when somebody's name was taken in this very moment, one by one to find out whose. */
async function applyAll(app: App, target: ImportTarget, plans: readonly Plan[]): Promise<RowProblem[]> {
  if (plans.length === 0) return []
  try {
    await app.db.transaction().execute(async trx => {
      const simple = plans.filter(isNewAndSimple)
      const entries = await insertPeople(app, trx, target, simple)
      for (const plan of plans) if (!isNewAndSimple(plan)) entries.push(await apply(app, trx, target, plan))
      faultPoint('import-before-audit')
      // Last, for the tenant's other appends wait from the first of these on.
      await appendAuditAll(trx, target.tenantId, entries)
    })
    return []
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    if (plans.length === 1) {
      // The owner is there by now and can be named, unless they have gone again.
      const found = await problemOf(app, target, plans[0]!)
      return [found ?? { line: plans[0]!.person.line, column: 'userPrincipalName', messageKey: 'operator.import.takenNow', values: {} }]
    }
    const problems: RowProblem[] = []
    for (const plan of plans) problems.push(...(await applyAll(app, target, [plan])))
    return problems
  }
}

async function apply(app: App, trx: Db, target: ImportTarget, plan: Plan): Promise<AuditEntry> {
  const { tenantId } = target
  const { existing } = plan
  const id = existing?.id ?? randomUUID()
  const at = app.now()
  if (existing) await updateUser(trx, tenantId, id, plan.changes)
  else {
    await insertUsers(trx, tenantId, [rowOf(tenantId, id, plan.person, at)])
    await insertPasswords(trx, [passwordOf(tenantId, id, plan, at)])
  }
  if (Object.keys(plan.contacts).length > 0) {
    await writeContacts(app, trx, { tenantId, userId: id, ...plan.contacts, origin: 'import', actor: { kind: 'operator' } })
  }
  // Whoever is shut out is out everywhere and at once.
  if (existing && plan.changes.accountEnabled === false) await bumpCredentialEpoch(trx, tenantId, id, at)
  return entryOf(target, plan, id, at)
}

/** Everybody in a few statements: a million people are a matter of minutes. */
async function insertPeople(app: App, trx: Db, target: ImportTarget, plans: readonly Plan[]): Promise<AuditEntry[]> {
  const { tenantId } = target
  const at = app.now()
  // Ids that grow keep the tables they head in order, however many come.
  const people = plans.map(plan => ({ id: timedId(at), plan }))
  await insertUsers(trx, tenantId, people.map(({ id, plan }) => rowOf(tenantId, id, plan.person, at)))
  await insertPasswords(trx, people.map(({ id, plan }) => passwordOf(tenantId, id, plan, at)))
  return people.map(({ id, plan }) => entryOf(target, plan, id, at))
}

function entryOf({ tenantId, correlationId }: ImportTarget, plan: Plan, id: string, at: number): AuditEntry {
  const { person, existing } = plan
  return {
    tenantId, at, service: 'Core Directory', category: 'UserManagement', activity: existing ? 'Update user' : 'Add user', result: 'success', correlationId, initiatedBy: operatorActor,
    targets: [{ type: 'User', id, displayName: person.displayName, ...(existing ? { modifiedProperties: modified(existing, plan) } : {}) }],
  }
}

/** What was changed, with the values before and after; of contact data only that it was, for it proves who someone is. */
function modified(existing: ImportedUser, plan: Plan): NonNullable<AuditEntry['targets'][number]['modifiedProperties']> {
  const text = (value: unknown) => (value === null || value === undefined ? null : String(value))
  return [
    ...Object.entries(plan.changes).map(([name, value]) => ({ displayName: name, oldValue: text(existing[name as keyof ImportedUser]), newValue: text(value) })),
    ...Object.keys(plan.contacts).map(name => ({ displayName: name, oldValue: null, newValue: null })),
  ]
}

function rowOf(tenantId: string, id: string, person: ImportPerson, at: number): NewUser {
  const { userPrincipalName, displayName, givenName = null, surname = null, mail = null, jobTitle = null, department = null } = person
  const { officeLocation = null, usageLocation = null, preferredLanguage = null, accountEnabled = true } = person
  return {
    tenantId, id, userPrincipalName, displayName, givenName, surname, mail, jobTitle, department, officeLocation, usageLocation,
    preferredLanguage, accountEnabled, createdDateTime: at, externalKind: null, onPremisesImmutableId: null, onPremisesDomain: null,
    onPremisesSamAccountName: null, onPremisesDistinguishedName: null, onPremisesAccount: null, passwordPolicies: null,
    registrationCompletedAt: null, lastConfirmedAt: null, deletedDateTime: null,
  }
}

/** A first password is known to whoever made the file, so it must be changed at the first sign-in. */
function passwordOf(tenantId: string, userId: string, { person, hash }: Plan, at: number): PasswordRow {
  return {
    tenantId, userId, hash: hash ?? null, changedAt: at, forceChangePasswordNextSignIn: hash !== undefined, forceChangePasswordNextSignInWithMfa: false,
    temporaryUntil: null, temporaryUsedAt: null, channel: 'import', lengthAtLeast15: lengthOf(person.password) >= 15,
  }
}

const lengthOf = (password: Secret | undefined): number => (password ? [...password.reveal()].length : 0)
