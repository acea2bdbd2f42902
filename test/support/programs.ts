/** Programs for tests: an application with its service principal, a secret or certificates, and app roles of Graph's. */
import { createHash, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { App } from '../../src/app.ts'
import { selfSigned } from '../../src/oauth/signing-certificate.ts'
import type { ApplicationDocument } from '../../src/rules/application-document.ts'
import { firstParty, graphAppId } from '../../src/rules/first-party.ts'
import { insertCredential } from '../../src/store/application-credentials.ts'
import { insertAppRoleAssignment } from '../../src/store/app-roles.ts'
import { insertApplication, noteClientChange } from '../../src/store/applications.ts'
import { insertServicePrincipal } from '../../src/store/service-principals.ts'
import { findServicePrincipalByAppId } from '../../src/store/service-principals.ts'

export interface Program {
  tenantId: string
  appId: string
  applicationId: string
  servicePrincipalId: string
  secret: string
  secretKeyId: string
}

export interface ProgramOptions {
  name?: string
  appId?: string
  document?: Partial<ApplicationDocument>
  identifierUris?: readonly string[]
  /** App roles of Graph. */
  roles?: readonly string[]
  secretUntil?: number
  withoutSecret?: boolean
}

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url')

export async function addProgram(app: App, tenantId: string, options: ProgramOptions = {}): Promise<Program> {
  const { name = 'Payroll', appId = randomUUID(), roles = [] } = options
  const now = app.now()
  const program = { tenantId, appId, applicationId: randomUUID(), servicePrincipalId: randomUUID(), secret: `aB3${randomBytes(28).toString('base64url')}`.slice(0, 40), secretKeyId: randomUUID() }
  await insertApplication(app.db, {
    tenantId, id: program.applicationId, appId, displayName: name, createdDateTime: now - 1000, ...(options.document ? { document: options.document } : {}),
    ...(options.identifierUris ? { identifierUris: options.identifierUris } : {}),
  })
  await insertServicePrincipal(app.db, { tenantId, id: program.servicePrincipalId, appId, displayName: name, createdDateTime: now - 1000 })
  if (!options.withoutSecret) {
    await insertCredential(app.db, {
      tenantId, keyId: program.secretKeyId, ownerId: program.applicationId, ownerType: 'application', kind: 'password', displayName: 'test', createdDateTime: now - 1000,
      startDateTime: now - 1000, endDateTime: options.secretUntil ?? now + 86_400_000, hint: program.secret.slice(0, 3), secretHash: hashOf(program.secret),
    })
  }
  for (const role of roles) await giveGraphRole(app, program, role)
  return program
}

export async function giveGraphRole(app: App, { tenantId, servicePrincipalId, appId }: Program, role: string): Promise<void> {
  const graph = await findServicePrincipalByAppId(app.db, tenantId, graphAppId)
  const { id } = firstParty(graphAppId)!.appRoles.find(one => one.value === role)!
  await insertAppRoleAssignment(app.db, {
    tenantId, id: randomBytes(16).toString('base64url'), appRoleId: id, principalId: servicePrincipalId, principalType: 'ServicePrincipal', resourceId: graph!.id, createdDateTime: app.now(),
  })
  await noteClientChange(app, app.db, tenantId, appId)
}

export interface TestCertificate {
  keyId: string
  privateKey: KeyObject
  /** DER. */
  certificate: Buffer
  sha1: string
  sha256: string
}

/** Gives the program a certificate of its own; the private key stays with the test. */
export async function addCertificate(
  app: App, program: Program, options: { kind?: 'rsa' | 'ec'; bits?: number; from?: number; until?: number; like?: TestCertificate } = {},
): Promise<TestCertificate> {
  const { kind = 'rsa', bits = 2048, from = app.now() - 1000, until = app.now() + 86_400_000 } = options
  const made = options.like ?? (await makeCertificate(kind, bits, from, until))
  const keyId = randomUUID()
  await insertCredential(app.db, {
    tenantId: program.tenantId, keyId, ownerId: program.applicationId, ownerType: 'application', kind: 'certificate', displayName: 'CN=test', createdDateTime: from,
    startDateTime: from, endDateTime: until, keyType: 'AsymmetricX509Cert', keyUsage: 'Verify', customKeyIdentifier: Buffer.from(made.sha1, 'base64url').toString('hex').toUpperCase(),
    sha1Thumbprint: made.sha1, sha256Thumbprint: made.sha256, certificate: made.certificate.toString('base64'),
  })
  await noteClientChange(app, app.db, program.tenantId, program.appId)
  return { ...made, keyId }
}

async function makeCertificate(kind: 'rsa' | 'ec', bits: number, from: number, until: number): Promise<TestCertificate> {
  const { publicKey, privateKey } = kind === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: bits }) : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const certificate = await selfSigned({ commonName: 'test', algorithm: kind === 'rsa' ? 'RS256' : 'ES256', publicKey, privateKey, serial: randomBytes(16), from, until })
  const digest = (name: string) => createHash(name).update(certificate).digest('base64url')
  return { keyId: '', privateKey, certificate, sha1: digest('sha1'), sha256: digest('sha256') }
}
