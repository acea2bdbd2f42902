/** `latchkey dev`, which is what `npm start` runs: everything set up by itself, on this machine only. */
import { existsSync, mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Config, VerbIo } from '../config.ts'
import { newKeyFile } from '../key-file.ts'
import { appOf, openStoreOf, OperatorError, parseArgs, runVerb, type Say } from '../operator/open-app.ts'
import { startServer, untilStopped } from '../operator/run-server.ts'
import { migrate, pendingMigrations, refuseNewerTables } from '../store/migrate.ts'
import { ensureCertificate } from './certificate.ts'
import { developmentConfig, freePort } from './config.ts'
import { describeSample, writeDevFile, type DevFile } from './dev-file.ts'
import { plantSample } from './sample-tenant.ts'
import type { ReadScenario } from './scenario.ts'

export function run(args: string[], io: VerbIo): Promise<number> {
  return runVerb(io, async ({ say }) => {
    const { values } = parseArgs({
      args,
      options: {
        'data-dir': { type: 'string', default: 'data' }, 'http-port': { type: 'string', default: '8080' }, 'https-port': { type: 'string', default: '8443' },
        scenario: { type: 'string' },
      },
    })
    const scenario = values.scenario === undefined ? undefined : (await import('./scenario.ts')).readScenario(resolve(values.scenario))
    const dataDir = resolve(values['data-dir'])
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
    const certificate = await ensureCertificate(resolve(dataDir, 'certificate'))
    const config = developmentConfig(
      {
        dataDir,
        httpPort: await portOf('http-port', values['http-port']),
        httpsPort: await portOf('https-port', values['https-port']),
        ...(io.env.DATABASE_URL ? { databaseUrl: io.env.DATABASE_URL } : {}),
      },
      certificate,
    )
    if (!existsSync(config.keysFile)) newKeyFile(config.keysFile)
    const described = await prepare(config, certificate.caFile, say, scenario)
    // Before the sockets open: whoever sees an answer finds the file.
    writeDevFile(dataDir, described)
    try {
      const running = await startServer(config)
      if (scenario) (await import('./plant-scenario.ts')).orderFaults(running.app, scenario)
      // Listening for signals before anybody is told that it may be stopped.
      const stopped = untilStopped(running)
      greet(say, described)
      return await stopped
    } catch (error) {
      const { code, port } = error as { code?: string; port?: number }
      if (code === 'EADDRINUSE') throw new OperatorError('development.port', { port: port ?? 0 })
      throw error
    }
  })
}

/** Tables and sample, where they are not there yet, and what the scenario adds. */
async function prepare(config: Config, caFile: string, say: Say, scenario: ReadScenario | undefined): Promise<DevFile> {
  const store = await openStoreOf(config)
  try {
    await refuseNewerTables(store)
    if ((await pendingMigrations(store)).length > 0) {
      say('development.tables')
      await migrate(store)
    }
    const app = await appOf(config, store)
    const planted = await plantSample(app, (done, of) => {
      if (done === 1 || done === of || done % 5 === 0) say('development.people', { done, of })
    })
    if (planted) say('development.planted')
    const described = describeSample(app, caFile)
    if (scenario === undefined) return described
    const { plantScenario } = await import('./plant-scenario.ts') // YAML and all that makes people, for few starts
    const made = await plantScenario(app, store, scenario)
    say('development.scenario.planted', { users: made.users.length, groups: made.groups.length, applications: made.applications.length })
    return { ...described, scenario: made }
  } finally {
    await store.close()
  }
}

/** 0 asks for any port that is free. */
async function portOf(option: string, text: string): Promise<number> {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1
  if (port < 0 || port > 65535) throw new OperatorError('operator.config.setting', { option, expected: '0–65535' })
  return port === 0 ? freePort() : port
}

function greet(say: Say, { httpOrigin, httpsOrigin, caFile, user, globalAdministrator, passwordAdministrator, helpdeskAdministrator }: DevFile): void {
  say('development.ready', { http: httpOrigin, https: httpsOrigin, ca: caFile })
  say('development.who', {
    user: user.userPrincipalName, userPassword: user.password,
    global: globalAdministrator.userPrincipalName, globalPassword: globalAdministrator.password,
    password: passwordAdministrator.userPrincipalName, passwordPassword: passwordAdministrator.password,
    helpdesk: helpdeskAdministrator.userPrincipalName, helpdeskPassword: helpdeskAdministrator.password,
  })
  say('development.where', { reset: `${httpOrigin}/reset`, dev: `${httpOrigin}/dev`, mailbox: `${httpOrigin}/dev/mailbox` })
}
