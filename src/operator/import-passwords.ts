import type { App } from '../app.ts'
import { isBreached } from '../credentials/breached-passwords.ts'
import { Secret } from '../secret.ts'
import { checkPassword } from '../rules/password-policy.ts'
import type { SubjectFacts, TenantFacts } from '../rules/facts.ts'
import { gatherTenantFacts } from '../store/facts.ts'
import { reasonText, type Locale } from '../text.ts'
import type { RowProblem } from './import-columns.ts'
import type { ImportPerson } from './import-rows.ts'

/** Looks at first passwords with the tenant's rules as they are when the import begins. */
export async function passwordProblemOf(app: App, tenantId: string, locale: Locale): Promise<(person: ImportPerson) => Promise<RowProblem | undefined>> {
  const tenant = await gatherTenantFacts(app.db, tenantId)
  return async person => {
    const password = person.password ?? new Secret('')
    const breached = await isBreached(app.config.breachedPasswordsFile, password)
    const [failed] = checkPassword(password.reveal(), { tenant, subject: someoneNew(person, tenant), breached })
    if (!failed) return undefined
    return { line: person.line, column: 'password', messageKey: 'operator.import.password', values: { why: reasonText(locale, failed) } }
  }
}

/** Rules ask about a person who is not there yet: nothing but a name. */
function someoneNew(person: ImportPerson, tenant: TenantFacts): SubjectFacts {
  const name = person.userPrincipalName.split('@')[1]?.toLowerCase()
  const domain = tenant.domains.find(one => one.id === name) ?? tenant.domains[0]!
  return {
    id: '', userPrincipalName: person.userPrincipalName, displayName: person.displayName, givenName: person.givenName ?? null, surname: person.surname ?? null,
    mail: person.mail ?? null, userType: 'member', externalKind: 'none', accountEnabled: true, deleted: false, onPremisesSyncEnabled: false, domain,
    roles: [], memberOf: [], roleAssignableGroupMember: false, roleAssignableGroupOwner: false, administrativeUnits: [], licences: [], methods: [],
    passwordPolicies: [], passwordChangedAt: null, forceChangePasswordNextSignIn: false, forceChangePasswordNextSignInWithMfa: false,
    temporaryPasswordExpiresAt: null, lastConfirmedAt: null, lastSignInAt: null, perUserMfaState: 'disabled', lastPasswordEvent: null,
    syncOverwroteAt: null, onPremises: null,
  }
}
