/** What `init` and `tenant add` have in common: an organisation and its first Global Administrator, with a one-time password. */
import { randomUUID } from 'node:crypto'
import type { App, Db } from '../app.ts'
import type { Secret } from '../secret.ts'
import { foundTenant, prepareAdministrator, temporaryLifetime } from './found-tenant.ts'
import { writeOneTimeFile } from './one-time-file.ts'
import { whereOptions } from './open-app.ts'
import { newTemporaryPassword } from './temporary-password.ts'

export const newTenantOptions = {
  ...whereOptions,
  domain: { type: 'string' },
  name: { type: 'string' },
  admin: { type: 'string' },
  'admin-name': { type: 'string', default: 'Administrator' },
  locale: { type: 'string', default: 'en' },
  'password-file': { type: 'string' },
} as const

export interface NewTenant {
  domain: string
  name: string
  locale: string
  admin: { userPrincipalName: string; displayName: string }
  /** Where the password goes instead of the terminal. */
  passwordFile?: string | undefined
}

/**
 * Makes both in one transaction, in which `first` comes first; when it fails the file with the password goes, too.
 * @returns the one-time password
 */
export async function makeTenant(app: App, { domain, name, locale, admin, passwordFile }: NewTenant, first?: (trx: Db) => Promise<void>): Promise<Secret> {
  const tenantId = randomUUID()
  const password = newTemporaryPassword()
  const addAdministrator = await prepareAdministrator(app, { tenantId, ...admin, password, temporaryUntil: app.now() + temporaryLifetime })
  const takeBack = passwordFile ? writeOneTimeFile(passwordFile, `${password.reveal()}\n`) : undefined
  try {
    await app.db.transaction().execute(async trx => {
      await first?.(trx)
      await foundTenant(app, trx, { id: tenantId, displayName: name, domain, defaultLocale: locale })
      await addAdministrator(trx)
    })
  } catch (error) {
    takeBack?.()
    throw error
  }
  return password
}
