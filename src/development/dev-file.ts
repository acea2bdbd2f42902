import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { App } from '../app.ts'
import type { PlantedScenario } from './plant-scenario.ts'
import { sampleDomain, samplePeople, type SamplePerson } from './sample-people.ts'
import { sampleApplicationSecret, sampleAppId, sampleId, sampleTenantId } from './sample-tenant.ts'

/** What programs need to try things against the development mode: `<data-dir>/dev.json`, for its owner only. */
export interface DevFile {
  httpOrigin: string
  httpsOrigin: string
  caFile: string
  tenantId: string
  domain: string
  globalAdministrator: Account
  passwordAdministrator: Account
  helpdeskAdministrator: Account
  user: Account & { email: string; mobilePhone: string }
  application: { appId: string; id: string; secret: string }
  /** What a scenario file added. */
  scenario?: PlantedScenario
}

interface Account {
  userPrincipalName: string
  password: string
}

/** The sample as this installation has it. Passwords are those people began with. */
export function describeSample(app: App, caFile: string): DevFile {
  const [http, https] = app.config.listeners
  const ann = samplePeople.find(person => person.name === 'ann')!
  return {
    httpOrigin: http!.origin,
    httpsOrigin: https!.origin,
    caFile,
    tenantId: sampleTenantId,
    domain: sampleDomain,
    globalAdministrator: accountOf('globalAdministrator'),
    passwordAdministrator: accountOf('passwordAdministrator'),
    helpdeskAdministrator: accountOf('helpdeskAdministrator'),
    user: { ...account(ann), email: ann.email!, mobilePhone: ann.mobilePhone! },
    application: { appId: sampleAppId, id: sampleId('application'), secret: sampleApplicationSecret(app) },
  }
}

/** Whole or not at all: something may be waiting for the file to appear. */
export function writeDevFile(dataDir: string, file: DevFile): void {
  const path = join(dataDir, 'dev.json')
  writeFileSync(`${path}.${process.pid}`, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 })
  renameSync(`${path}.${process.pid}`, path)
}

const account = (person: SamplePerson): Account => ({ userPrincipalName: `${person.name}@${sampleDomain}`, password: person.password })
const accountOf = (role: NonNullable<SamplePerson['role']>): Account => account(samplePeople.find(person => person.role === role)!)
