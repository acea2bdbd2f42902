/**
 * Scenario files: what an organisation should hold before somebody's tests begin. Written by people in YAML, checked to the letter,
 * and every mistake named by its place in the file.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Ajv } from 'ajv'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { parseDocument } from 'yaml'
import { nearest } from '../operator/nearest.ts'
import { OperatorError } from '../operator/open-app.ts'
import { readCertificate } from '../credentials/app-certificate.ts'
import { graphPermissions } from '../rules/graph-permissions.ts'
import { roleTemplates } from '../rules/roles.ts'
import { Refusal } from '../refusal.ts'
import { sampleDomain } from './sample-people.ts'
import { FaultOrder, readFault } from './faults.ts'

const Name = Type.String({ minLength: 1, maxLength: 256 })
const UserPrincipalName = Type.String({ pattern: `^[A-Za-z0-9'._!#^~-]{1,64}@${sampleDomain.replaceAll('.', '\\.')}$`, description: `kim@${sampleDomain}` })
const Moment = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}(:\\d{2})?Z)?$', description: '2027-03-01 or 2027-03-01T08:00:00Z' })
const Guid = Type.String({ pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' })
const Uri = Type.String({ minLength: 1, maxLength: 256 })
const closed = { additionalProperties: false }

const Person = Type.Object({
  userPrincipalName: UserPrincipalName,
  displayName: Name,
  password: Type.String({ minLength: 8, maxLength: 256 }),
  forceChangePasswordNextSignIn: Type.Optional(Type.Boolean()),
  accountEnabled: Type.Optional(Type.Boolean()),
  otherMails: Type.Optional(Type.Array(Type.String({ maxLength: 254 }), { maxItems: 10 })),
  mobilePhone: Type.Optional(Type.String({ maxLength: 30 })),
  roles: Type.Optional(Type.Array(Name, { maxItems: 20, description: 'Names of directory roles: Helpdesk Administrator.' })),
}, closed)

const Secret = Type.Object({
  value: Type.String({ minLength: 16, maxLength: 64, description: 'The secret itself: this is for tests.' }),
  displayName: Type.Optional(Name),
  startDateTime: Type.Optional(Moment),
  endDateTime: Type.Optional(Moment),
}, closed)

const Program = Type.Object({
  displayName: Name,
  appId: Type.Optional(Guid),
  identifierUris: Type.Optional(Type.Array(Uri, { maxItems: 20 })),
  secrets: Type.Optional(Type.Array(Secret, { maxItems: 50 })),
  certificates: Type.Optional(Type.Array(Type.Object({ file: Type.String(), displayName: Type.Optional(Name) }, closed), { maxItems: 50 })),
  permissions: Type.Optional(Type.Array(Name, { maxItems: 100, description: 'Application permissions of Microsoft Graph: User.Read.All.' })),
  redirectUris: Type.Optional(Type.Object({
    web: Type.Optional(Type.Array(Uri)), spa: Type.Optional(Type.Array(Uri)), publicClient: Type.Optional(Type.Array(Uri)),
  }, closed)),
  isFallbackPublicClient: Type.Optional(Type.Boolean()),
  owners: Type.Optional(Type.Array(UserPrincipalName, { maxItems: 20 })),
}, closed)

export const Scenario = Type.Object({
  clock: Type.Optional(Moment),
  users: Type.Optional(Type.Array(Person, { maxItems: 1000 })),
  groups: Type.Optional(Type.Array(Type.Object({ displayName: Name, members: Type.Optional(Type.Array(UserPrincipalName)) }, closed), { maxItems: 200 })),
  applications: Type.Optional(Type.Array(Program, { maxItems: 200 })),
  faults: Type.Optional(Type.Array(FaultOrder, { maxItems: 100 })),
}, closed)
export type Scenario = Static<typeof Scenario>
export type ScenarioApplication = Static<typeof Program>
export type ScenarioPerson = Static<typeof Person>

export interface ReadScenario extends Scenario {
  /** Tells one content from another. */
  fingerprint: string
  /** The base64 of each certificate file, by the path that stands in the scenario. */
  certificates: ReadonlyMap<string, string>
}

/** @throws OperatorError with one sentence that names the place in the file */
export function readScenario(file: string): ReadScenario {
  const text = textOf(file)
  const document = parseDocument(text, { uniqueKeys: true })
  const problem = document.errors[0]
  if (problem) throw new OperatorError('operator.config.yaml', { file, line: problem.linePos?.[0].line ?? 1, detail: problem.code })
  const scenario = (document.toJS({ maxAliasCount: 0 }) ?? {}) as Scenario
  requireShape(file, scenario)
  requireKnownNames(file, scenario)
  const certificates = readCertificates(file, scenario)
  return { ...scenario, certificates, fingerprint: createHash('sha256').update(JSON.stringify([scenario, [...certificates]])).digest('base64url') }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new OperatorError('operator.config.fileMissing', { file })
  }
}

const wrong = (file: string, place: string, expected: string) => new OperatorError('development.scenario.wrong', { file, place: place || '(all of it)', expected })

function requireShape(file: string, scenario: unknown): void {
  const valid = new Ajv({ allErrors: false, strict: false }).compile(Scenario)
  if (valid(scenario)) return
  const { instancePath, keyword, params, message } = valid.errors![0]!
  const place = instancePath.slice(1).replaceAll('/', '.')
  if (keyword === 'additionalProperties') throw wrong(file, [place, String(params['additionalProperty'])].filter(Boolean).join('.').slice(0, 100), 'a key that scenarios know')
  if (keyword === 'required') throw wrong(file, place, `the key ${String(params['missingProperty'])}`)
  throw wrong(file, place, message ?? keyword)
}

/** What the file names must be there: roles and permissions by their names, members and owners among its own people or the sample's. */
function requireKnownNames(file: string, { users = [], applications = [], faults = [] }: Scenario): void {
  const roleNames = Array.from(roleTemplates.values(), role => role.displayName)
  const permissions = graphPermissions.filter(one => one.appRoleId !== null).map(one => one.value)
  const requireOne = (place: string, name: string, known: readonly string[]) => {
    if (!known.includes(name)) throw wrong(file, place, nearest(name, known))
  }
  for (const [at, user] of users.entries()) for (const role of user.roles ?? []) requireOne(`users.${at}.roles`, role, roleNames)
  for (const [at, one] of applications.entries()) for (const name of one.permissions ?? []) requireOne(`applications.${at}.permissions`, name, permissions)
  for (const [at, order] of faults.entries()) {
    try {
      readFault(order)
    } catch (error) {
      if (error instanceof Refusal) throw wrong(file, `faults.${at}.${error.field ?? ''}`, 'another value')
      throw error
    }
  }
}

function readCertificates(file: string, { applications = [] }: Scenario): Map<string, string> {
  const found = new Map<string, string>()
  for (const [at, { certificates = [] }] of applications.entries()) {
    for (const { file: path } of certificates) {
      const text = textOf(resolve(dirname(file), path))
      try {
        found.set(path, readCertificate(text).certificate)
      } catch (error) {
        if (error instanceof Refusal) throw wrong(file, `applications.${at}.certificates`, 'a certificate in PEM or DER, without its key')
        throw error
      }
    }
  }
  return found
}
