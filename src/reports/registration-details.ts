/** What a person has registered and can do with it, in the words of the registration reports (graph §10, sspr §11.5). */
import { Type } from 'typebox'
import type { App } from '../app.ts'
import { providersOf } from '../notify/senders.ts'
import { isAdministrator } from '../rules/admin-policy.ts'
import type { MethodKind, RoleFacts, SubjectFacts, TenantFacts } from '../rules/facts.ts'
import { resetReadiness } from '../rules/registration.ts'
import { hasSecondFactor } from '../rules/usable-methods.ts'
import { everySubject } from '../store/subjects.ts'
import type { Place } from '../store/subjects.ts'
import { Nullable, instant } from '../graph/answers.ts'

export const Details = Type.Partial(Type.Object({
  id: Type.String(), userPrincipalName: Type.String(), userDisplayName: Type.String(), userType: Type.String(), isAdmin: Type.Boolean(),
  isSsprRegistered: Type.Boolean(), isSsprEnabled: Type.Boolean(), isSsprCapable: Type.Boolean(), isMfaRegistered: Type.Boolean(), isMfaCapable: Type.Boolean(),
  isPasswordlessCapable: Type.Boolean(), methodsRegistered: Type.Array(Type.String()), isSystemPreferredAuthenticationMethodEnabled: Type.Boolean(),
  systemPreferredAuthenticationMethods: Type.Array(Type.String()), userPreferredMethodForSecondaryAuthentication: Nullable(Type.String()),
  lastUpdatedDateTime: Nullable(Type.String()),
}))
export type RegistrationDetails = ReturnType<typeof detailsOf>

/** The names of graph §10 for what somebody has registered. */
const methodNames: Readonly<Record<MethodKind, string>> = {
  email: 'email', mobile: 'mobilePhone', alternateMobile: 'alternateMobilePhone', office: 'officePhone', appNotification: 'microsoftAuthenticatorPush',
  appCode: 'microsoftAuthenticatorPush', oath: 'softwareOneTimePasscode', hardwareOath: 'hardwareOneTimePasscode', securityQuestions: 'securityQuestion',
}

/** Each name once, in the order of the summary. */
export const registrableMethods: readonly string[] = [...new Set(Object.values(methodNames))]

export function detailsOf(app: App, tenant: TenantFacts, subject: SubjectFacts) {
  const { isSsprEnabled, isSsprRegistered, isSsprCapable } = resetReadiness({ tenant, subject, providers: providersOf(app.config), now: app.now() })
  const own = subject.methods.filter(method => method.source === 'private')
  const secondFactor = hasSecondFactor(subject)
  return {
    id: subject.id, userPrincipalName: subject.userPrincipalName, userDisplayName: subject.displayName, userType: subject.userType,
    isAdmin: isAdministrator(subject), isSsprRegistered, isSsprEnabled, isSsprCapable, isMfaRegistered: secondFactor, isMfaCapable: secondFactor,
    isPasswordlessCapable: false, methodsRegistered: [...new Set(own.map(method => methodNames[method.kind]))].toSorted(),
    isSystemPreferredAuthenticationMethodEnabled: false, systemPreferredAuthenticationMethods: [],
    userPreferredMethodForSecondaryAuthentication: secondFactor ? 'oath' : null, lastUpdatedDateTime: instant(subject.lastConfirmedAt ?? app.now())!, // worked out now, for who never confirmed
  }
}

/** Everybody's details, by display name, from a place on; soft-deleted people are left out. */
export async function* everyDetails(app: App, tenant: TenantFacts, from?: Place): AsyncGenerator<{ details: RegistrationDetails; held: readonly RoleFacts[]; place: Place }, void> {
  for await (const { subject, place } of everySubject(app.db, tenant, app.now(), from)) yield { details: detailsOf(app, tenant, subject), held: subject.roles, place }
}
