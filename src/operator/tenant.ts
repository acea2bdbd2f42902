/** `latchkey tenant add|list|settings`: further organisations in the same installation (LD-41), and what each decides for itself. */
import { randomUUID } from 'node:crypto'
import type { VerbIo } from '../config.ts'
import { listDomains } from '../store/domains.ts'
import { listTenants } from '../store/tenants.ts'
import { foundTenant, prepareAdministrator, temporaryLifetime } from './found-tenant.ts'
import { tellPassword, writeOneTimeFile } from './one-time-file.ts'
import { OperatorError, parseArgs, runVerb, whereOptions, withApp } from './open-app.ts'
import { readAdministratorName } from './principal-name.ts'
import { newTemporaryPassword } from './temporary-password.ts'

export async function run([action = '', ...args]: string[], io: VerbIo): Promise<number> {
  if (action === 'settings') return (await import('./tenant-settings.ts')).run(args, io)
  return runVerb(io, async context => {
    if (action === 'list') return list(args, io)
    if (action !== 'add') throw new OperatorError('operator.tenant.usage')
    const { values } = parseArgs({
      args,
      options: {
        ...whereOptions,
        domain: { type: 'string' },
        name: { type: 'string' },
        admin: { type: 'string' },
        'admin-name': { type: 'string', default: 'Administrator' },
        locale: { type: 'string', default: 'en' },
        'password-file': { type: 'string' },
      },
    })
    const { domain, name = domain, locale } = values
    if (!domain || !name || !values.admin) throw new OperatorError('operator.tenant.usage')
    const admin = readAdministratorName(values.admin, domain, locale)
    return withApp(values, io, async app => {
      const tenantId = randomUUID()
      const password = newTemporaryPassword()
      const temporaryUntil = app.now() + temporaryLifetime
      const add = await prepareAdministrator(app, { tenantId, userPrincipalName: admin, displayName: values['admin-name'], password, temporaryUntil })
      const takeBack = values['password-file'] ? writeOneTimeFile(values['password-file'], `${password.reveal()}\n`) : undefined
      try {
        await app.db.transaction().execute(async trx => {
          await foundTenant(app, trx, { id: tenantId, displayName: name, domain, defaultLocale: locale })
          await add(trx)
        })
      } catch (error) {
        takeBack?.()
        throw error
      }
      context.say('operator.tenant.made', { domain, admin })
      tellPassword(context, password, values['password-file'])
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
