/** `latchkey tenant add|list|settings`: further organisations in the same installation (LD-41), and what each decides for itself. */
import type { VerbIo } from '../config.ts'
import { listDomains } from '../store/domains.ts'
import { listTenants } from '../store/tenants.ts'
import { makeTenant, newTenantOptions } from './new-tenant.ts'
import { tellPassword } from './one-time-file.ts'
import { OperatorError, parseArgs, runVerb, whereOptions, withApp } from './open-app.ts'
import { readAdministratorName } from './principal-name.ts'

export async function run([action = '', ...args]: string[], io: VerbIo): Promise<number> {
  if (action === 'settings') return (await import('./tenant-settings.ts')).run(args, io)
  return runVerb(io, async context => {
    if (action === 'list') return list(args, io)
    if (action !== 'add') throw new OperatorError('operator.tenant.usage')
    const { values } = parseArgs({ args, options: newTenantOptions })
    const { domain, name = domain, locale, 'admin-name': displayName, 'password-file': passwordFile } = values
    if (!domain || !name || !values.admin) throw new OperatorError('operator.tenant.usage')
    const userPrincipalName = readAdministratorName(values.admin, domain, locale)
    return withApp(values, io, async app => {
      const password = await makeTenant(app, { domain, name, locale, admin: { userPrincipalName, displayName }, passwordFile })
      context.say('operator.tenant.made', { domain, admin: userPrincipalName })
      tellPassword(context, password, passwordFile)
      return 0
    })
  })
}

async function list(args: string[], io: VerbIo): Promise<number> {
  const { values } = parseArgs({ args, options: whereOptions })
  return withApp(values, io, async app => {
    for (const tenant of await listTenants(app.db)) {
      const domains = (await listDomains(app.db, tenant.id)).map(domain => domain.id)
      io.stdout.write(`${tenant.id}  ${tenant.displayName}  ${domains.join(' ')}\n`)
    }
    return 0
  })
}
