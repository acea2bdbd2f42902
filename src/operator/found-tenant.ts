/** A new tenant and its first administrator: for `init`, `tenant add` and the sample. */
import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import { hashPassword } from '../credentials/hash-password.ts'
import type { Secret } from '../secret.ts'
import { appendAudit } from '../store/audit.ts'
import { insertDomain } from '../store/domains.ts'
import { isUniqueViolation } from '../store/errors.ts'
import { seedFirstParty } from '../store/first-party.ts'
import { claimInstallation } from '../store/installation.ts'
import { nameKey } from '../store/names.ts'
import { savePassword } from '../store/passwords.ts'
import { assignRole } from '../store/roles.ts'
import { insertTenant } from '../store/tenants.ts'
import { insertUser } from '../store/users.ts'
import { OperatorError } from './open-app.ts'

/** Stored for "never", as Graph shows it (sspr §2.2). */
export const neverExpires = 2147483647
export const globalAdministrator = '62e90394-69f5-4237-9190-012177145e10'
/** LD-27: unused, a one-time password is dead after so long. */
export const temporaryLifetime = 72 * 60 * 60_000
export const operatorActor = { app: 'latchkey operator' } as const

export interface NewTenantOptions {
  id?: string
  displayName: string
  /** The domain of people's names; owned by whoever runs the installation, so it needs no proof (LD-41). */
  domain: string
  /** Made up from the domain when not given: the name that every tenant has from its beginning. */
  initialDomain?: string
  defaultLocale: string
  createdAt?: number
}

/** Inserts a tenant with its domains. A domain that another tenant has is an OperatorError. */
export async function foundTenant(app: App, trx: Db, options: NewTenantOptions): Promise<string> {
  const id = options.id ?? randomUUID()
  const at = options.createdAt ?? app.now()
  const domain = nameKey(options.domain)
  const initial = nameKey(options.initialDomain ?? `${domain.split('.')[0]}.onlatchkey.${domain.split('.').slice(1).join('.')}`)
  const { defaultLocale, displayName } = options
  await insertTenant(trx, { id, displayName, createdAt: at, defaultLocale, sessionEpoch: 0, suspendedAt: null })
  const shared = {
    tenantId: id, isVerified: true, authenticationType: 'Managed', signInModel: null, capturedCopy: false, createdAt: at,
    passwordValidityPeriodInDays: neverExpires, passwordNotificationWindowInDays: 14,
  }
  try {
    await insertDomain(trx, { ...shared, id: domain, isInitial: false, isDefault: true })
    await insertDomain(trx, { ...shared, id: initial, isInitial: true, isDefault: false })
  } catch (error) {
    if (isUniqueViolation(error)) throw new OperatorError('operator.tenant.domainTaken', { domain })
    throw error
  }
  await seedFirstParty(trx, id, at)
  await claimInstallation(trx, 'defaultTenant', id)
  const correlationId = randomUUID()
  for (const name of [domain, initial]) {
    await appendAudit(trx, {
      tenantId: id, at, service: 'Core Directory', category: 'DirectoryManagement', activity: 'Add verified domain', result: 'success',
      correlationId, initiatedBy: operatorActor, targets: [{ type: 'Domain', id: name, displayName: name }],
    })
  }
  return id
}

export interface FirstAdministrator {
  tenantId: string
  id?: string
  userPrincipalName: string
  displayName: string
  password: Secret
  /** When the password is dead unused (epoch milliseconds), and must be changed at first use; null for one that is kept. */
  temporaryUntil: number | null
}

/** Makes the hash before any transaction is opened: it takes tens of milliseconds. */
export async function prepareAdministrator(app: App, administrator: FirstAdministrator): Promise<(trx: Db) => Promise<string>> {
  const hash = await hashPassword(app, administrator.password)
  return trx => addAdministrator(app, trx, administrator, hash)
}

async function addAdministrator(app: App, trx: Db, administrator: FirstAdministrator, hash: string): Promise<string> {
  const { tenantId, userPrincipalName, displayName, temporaryUntil } = administrator
  const id = administrator.id ?? randomUUID()
  const at = app.now()
  await insertUser(trx, {
    tenantId, id, userPrincipalName, displayName, createdDateTime: at, givenName: null, surname: null, mail: null, preferredLanguage: null,
    usageLocation: null, externalKind: null, department: null, jobTitle: null, officeLocation: null, onPremisesImmutableId: null,
    onPremisesDomain: null, onPremisesSamAccountName: null, onPremisesDistinguishedName: null, onPremisesAccount: null,
    passwordPolicies: null, registrationCompletedAt: null, lastConfirmedAt: null, deletedDateTime: null,
  })
  await savePassword(trx, {
    tenantId, userId: id, hash, changedAt: at, forceChangePasswordNextSignIn: temporaryUntil !== null, forceChangePasswordNextSignInWithMfa: false,
    temporaryUntil, temporaryUsedAt: null, channel: 'operator', lengthAtLeast15: [...administrator.password.reveal()].length >= 15,
  })
  await assignRole(trx, { tenantId, id: randomUUID(), roleDefinitionId: globalAdministrator, principalId: id, principalType: 'user', directoryScopeId: '/', state: 'active', createdAt: at })
  const common = { tenantId, at, service: 'Core Directory', result: 'success', correlationId: randomUUID(), initiatedBy: operatorActor } as const
  const target = { type: 'User', id, displayName }
  await appendAudit(trx, { ...common, category: 'UserManagement', activity: 'Add user', targets: [target] })
  await appendAudit(trx, { ...common, category: 'RoleManagement', activity: 'Add member to role', targets: [target, { type: 'Role', id: globalAdministrator, displayName: 'Global Administrator' }] })
  return id
}
