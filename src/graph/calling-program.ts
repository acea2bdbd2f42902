import type { Db } from '../app.ts'
import type { ApplicationCaller } from '../access.ts'
import type { SubjectFacts } from '../rules/facts.ts'
import { rolesOf } from '../store/roles.ts'
import { findServicePrincipal } from '../store/service-principals.ts'

/** Who asks, as the rules see them: a person, or a program in a person's shape with nothing but its roles. */
export interface CallerFacts extends SubjectFacts {
  program: { appId: string; servicePrincipalId: string; displayName: string } | null
}

/** A program that acts by itself, with the directory roles its service principal was given. */
export async function programFacts(db: Db, { tenantId, appId, servicePrincipalId }: ApplicationCaller): Promise<CallerFacts> {
  const roles = await rolesOf(db, tenantId, servicePrincipalId)
  const displayName = (await findServicePrincipal(db, tenantId, servicePrincipalId))?.displayName ?? appId
  return { ...nobody, id: servicePrincipalId, displayName, roles, program: { appId, servicePrincipalId, displayName } }
}

/** Somebody without anything: no name, no licence, no method, no role. */
export const nobody: SubjectFacts = {
  id: '', userPrincipalName: '', displayName: '', givenName: null, surname: null, mail: null, userType: 'member', externalKind: 'none', accountEnabled: true,
  deleted: false, onPremisesSyncEnabled: false, roles: [], memberOf: [], roleAssignableGroupMember: false, roleAssignableGroupOwner: false,
  domain: {
    id: '', isInitial: false, isDefault: false, isVerified: true, authenticationType: 'Managed', signInModel: null, passwordValidityPeriodInDays: null,
    passwordNotificationWindowInDays: null,
  },
  administrativeUnits: [], licences: [], methods: [], passwordPolicies: [], passwordChangedAt: null, forceChangePasswordNextSignIn: false,
  forceChangePasswordNextSignInWithMfa: false, temporaryPasswordExpiresAt: null, lastConfirmedAt: null, lastSignInAt: null, perUserMfaState: 'disabled',
  lastPasswordEvent: null, syncOverwroteAt: null, onPremises: null,
}
