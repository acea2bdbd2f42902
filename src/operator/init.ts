/**
 * `latchkey init`: the tables, the key file, the first tenant and its first Global Administrator, once. There is no set-up page
 * and no default account (T-46): whoever may run this on the machine is the one who may begin. Of several at once one wins.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { randomUUID } from 'node:crypto'
import type { Config, VerbIo } from '../config.ts'
import { newKeyFile } from '../keys.ts'
import { claimInstallation } from '../store/installation.ts'
import { foundTenant, prepareAdministrator, temporaryLifetime } from './found-tenant.ts'
import { bringUpToDate } from './migrate.ts'
import { appOf, configOf, openStoreOf, OperatorError, parseArgs, runVerb, whereOptions } from './open-app.ts'
import { newTemporaryPassword } from './temporary-password.ts'
import { tellPassword, writeOneTimeFile } from './one-time-file.ts'
import { readAdministratorName } from './principal-name.ts'

const setupKey = 'setup'

export function run(args: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async context => {
    const { say } = context
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
    if (!values.domain || !values.admin) throw new OperatorError('operator.init.usage')
    const admin = readAdministratorName(values.admin, values.domain, values.locale)
    const config = await configOf(values, io.env)
    await makeKeys(config, made => say('operator.init.keys', { file: made }))
    await bringUpToDate(config)
    const store = await openStoreOf(config)
    try {
      const app = await appOf(config, store)
      const tenantId = randomUUID()
      const password = newTemporaryPassword()
      const temporaryUntil = app.now() + temporaryLifetime
      const addAdministrator = await prepareAdministrator(app, {
        tenantId, userPrincipalName: admin, displayName: values['admin-name'], password, temporaryUntil,
      })
      const takeBack = values['password-file'] ? writeOneTimeFile(values['password-file'], `${password.reveal()}\n`) : undefined
      try {
        await app.db.transaction().execute(async trx => {
          // The row is the lock: whoever comes second waits for the first, finds it taken, and nothing of theirs remains.
          if (!(await claimInstallation(trx, setupKey, String(app.now())))) throw new OperatorError('operator.init.done')
          await foundTenant(app, trx, { id: tenantId, displayName: values.name ?? values.domain!, domain: values.domain!, defaultLocale: values.locale })
          await addAdministrator(trx)
        })
      } catch (error) {
        takeBack?.()
        throw error
      }
      say('operator.init.made', { domain: values.domain, admin, origin: config.publicOrigin })
      tellPassword(context, password, values['password-file'])
      return 0
    } finally {
      await store.close()
    }
  })
}

/** A key file that is there is kept: an installation restored from a backup brings its own. */
async function makeKeys(config: Config, made: (file: string) => void): Promise<void> {
  if (existsSync(config.keysFile)) return
  mkdirSync(dirname(config.keysFile), { recursive: true, mode: 0o700 })
  try {
    newKeyFile(config.keysFile)
    made(config.keysFile)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error // someone else was quicker
  }
}
