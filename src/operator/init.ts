/**
 * `latchkey init`: the tables, the key file, the first tenant and its first Global Administrator, once. There is no set-up page
 * and no default account (T-46): whoever may run this on the machine is the one who may begin. Of several at once one wins.
 */
import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config, VerbIo } from '../config.ts'
import { newKeyFile } from '../key-file.ts'
import { claimInstallation } from '../store/installation.ts'
import { bringUpToDate } from './migrate.ts'
import { makeTenant, newTenantOptions } from './new-tenant.ts'
import { appOf, configOf, openStoreOf, OperatorError, parseArgs, runVerb } from './open-app.ts'
import { tellPassword } from './one-time-file.ts'
import { readAdministratorName } from './principal-name.ts'

const setupKey = 'setup'

export function run(args: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async context => {
    const { say } = context
    const { values } = parseArgs({ args, options: newTenantOptions })
    const { domain, name = domain, locale, 'admin-name': displayName, 'password-file': passwordFile } = values
    if (!domain || !name || !values.admin) throw new OperatorError('operator.init.usage')
    const userPrincipalName = readAdministratorName(values.admin, domain, locale)
    const config = await configOf(values, io.env)
    await makeKeys(config, made => say('operator.init.keys', { file: made }))
    await bringUpToDate(config)
    const store = await openStoreOf(config)
    try {
      const app = await appOf(config, store)
      const password = await makeTenant(app, { domain, name, locale, admin: { userPrincipalName, displayName }, passwordFile }, async trx => {
        // The row is the lock: whoever comes second waits for the first, finds it taken, and nothing of theirs remains.
        if (!(await claimInstallation(trx, setupKey, String(app.now())))) throw new OperatorError('operator.init.done')
      })
      say('operator.init.made', { domain, admin: userPrincipalName, origin: config.publicOrigin })
      tellPassword(context, password, passwordFile)
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
