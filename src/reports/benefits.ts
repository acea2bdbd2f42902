/** Who has registered and who has had the good of it in a stretch of time: one row for each person (sspr §3.3, §11.5). */
import type { App } from '../app.ts'
import { isAdministrator } from '../rules/admin-policy.ts'
import type { TenantFacts } from '../rules/facts.ts'
import { licenceNeeded, personHas } from '../rules/licences.ts'
import { everyUsageEvent } from '../store/activity.ts'
import type { Stretch } from '../store/activity.ts'
import { chunkSize, subjectsOf } from '../store/subjects.ts'
import { instant } from '../graph/answers.ts'

interface Did {
  userId: string
  /** The newest moment. */
  at: number
  features: Set<string>
  methods: Set<string>
}

/** The classic report's words for what was registered. */
const dataNames: Readonly<Record<string, string>> = {
  email: 'alternateEmail', mobileSMS: 'mobilePhone', mobileCall: 'mobilePhone', alternateMobileCall: 'alternateMobilePhone', officePhone: 'officePhone',
  securityQuestion: 'securityQuestions', appCode: 'authenticatorApp', appNotification: 'authenticatorApp',
}

/** The classic columns: user, role, date and time, data registered; the newest first. */
export async function* registrations(app: App, tenant: TenantFacts, stretch: Stretch) {
  for await (const { did, subject } of withSubjects(app, tenant, await whoDid(app, stretch, ['registration']))) {
    yield {
      userId: subject.id, user: subject.userPrincipalName, userDisplayName: subject.displayName, role: isAdministrator(subject) ? 'Administrator' : 'User',
      dateTime: instant(did.at)!, dataRegistered: [...new Set([...did.methods].map(method => dataNames[method] ?? method))].toSorted(),
    }
  }
}

/**
 * "Unlicensed beneficiaries": whoever reset, unlocked or registered and holds no licence of the class that takes, whatever the
 * organisation as a whole has. With `licensing` off nobody needs one.
 */
export async function* beneficiaries(app: App, tenant: TenantFacts, stretch: Stretch) {
  if (tenant.settings.licensing === 'off') return
  for await (const { did, subject } of withSubjects(app, tenant, await whoDid(app, stretch, ['registration', 'reset', 'unlock']))) {
    const administrator = isAdministrator(subject)
    const needs = [...did.features].flatMap(feature => {
      const operation = feature === 'registration' ? 'registerSecurityInfo' : feature === 'unlock' ? 'unlock' : administrator ? 'administratorSelfReset' : 'resetPassword'
      return licenceNeeded(operation, subject) ?? []
    })
    const need = needs.includes('PREMIUM') ? 'PREMIUM' : needs[0]
    if (need === undefined || personHas(tenant, subject, need)) continue
    yield {
      userId: subject.id, userPrincipalName: subject.userPrincipalName, userDisplayName: subject.displayName, features: [...did.features].toSorted(),
      lastDateTime: instant(did.at)!, licenceNeeded: need,
    }
  }
}

/** Everybody who did one of these with success, the newest first: one small row for a person, however often. */
async function whoDid(app: App, stretch: Stretch, features: readonly string[]): Promise<Did[]> {
  const found = new Map<string, Did>()
  for await (const { userId, at, feature, method, status } of everyUsageEvent(app.db, stretch, features)) {
    // A gate that was passed bears its method; the reset itself has none.
    if (userId === null || status !== 'success' || (feature === 'reset' && method !== null)) continue
    const one = found.get(userId) ?? { userId, at, features: new Set(), methods: new Set() }
    one.at = at
    one.features.add(feature)
    if (method !== null) one.methods.add(method)
    found.set(userId, one)
  }
  return [...found.values()].toSorted((a, b) => b.at - a.at)
}

/** With each person's facts; whoever is deleted is left out. */
async function* withSubjects(app: App, tenant: TenantFacts, people: readonly Did[]) {
  for (let from = 0; from < people.length; from += chunkSize) {
    const chunk = people.slice(from, from + chunkSize)
    const subjects = await subjectsOf(app.db, tenant, chunk.map(one => one.userId), app.now())
    for (const did of chunk) {
      const subject = subjects.get(did.userId)
      if (subject && !subject.deleted) yield { did, subject }
    }
  }
}
